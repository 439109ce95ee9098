/* Rows of floats or bf16 arranged in pairs, as panels and strips take them, in terms of KERNEL (the
 * table that the including file defines) and of what an instruction set makes pairs by: `word_vec`,
 * a vector of LANES of them, store_words(), pairs_of(), pairs_of_rows() and transpose_words().
 * Included by bf16_pack_*.h and by nothing else. */

static lati_strip strip_of_rows(uint32_t *dst, int64_t pairs, lati_rows src, int64_t rows,
                                int64_t cols) {
  if (lati_in_place(&KERNEL, src, cols)) {
    return (lati_strip){(const uint32_t *)(const void *)src.narrow, src.ld / 2, 1};
  }
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t p = 0; p < pairs; p += LANES) {
      store_words(dst + i * pairs + p, pairs_of(src, i * src.ld + 2 * p, cols - 2 * p));
    }
  }
  return (lati_strip){dst, pairs, 1};
}

/* Pairs of rows, `width` words to a pair of rows (a multiple of LATI_TILE). Vectors behind the last
 * column are left as they are, in all but the pairs that fill up the contraction. */
static void pair_columns(uint32_t *dst, int64_t width, int64_t pairs, lati_rows src, int64_t rows,
                         int64_t cols) {
  int64_t filled = (rows + 1) / 2;
  for (int64_t p = 0; p < filled; ++p) {
    for (int64_t j = 0; j < cols; j += LANES) {
      vec_mask mask = v_mask(cols - j);
      store_words(dst + p * width + j,
                  pairs_of_rows(src, 2 * p * src.ld + j, 2 * p + 1 < rows, mask));
    }
  }
  memset(dst + filled * width, 0, (size_t)((pairs - filled) * width) * sizeof *dst);
}

static void panel_of_rows(uint32_t *dst, int64_t pairs, lati_rows src, int64_t rows, int64_t cols) {
  pair_columns(dst, LATI_PANEL, pairs, src, rows, cols);
}

static void panel_of_columns(uint32_t *dst, int64_t pairs, lati_rows src, int64_t rows,
                             int64_t cols) {
  for (int64_t j = 0; j < rows; j += LANES) {
    for (int64_t p = 0; p < pairs; p += LANES) {
      word_vec block[LANES];
      for (int i = 0; i < LANES; ++i) {
        int64_t left = j + i < rows ? cols - 2 * p : 0;
        block[i] = pairs_of(src, left > 0 ? (j + i) * src.ld + 2 * p : 0, left);
      }
      transpose_words(block);
      for (int i = 0; i < LANES; ++i) {
        store_words(dst + (p + i) * LATI_PANEL + j, block[i]);
      }
    }
  }
}
