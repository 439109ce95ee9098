/* Panels of floats, in terms of register_block.h and `transpose`. Included by vector_kernels.h and
 * by nothing else. */

/* Rows lie as a product takes them. */
static lati_strip strip_of_rows(uint32_t *dst, int64_t words, const float *src, int64_t ld,
                                int64_t rows, int64_t cols) {
  (void)dst, (void)words, (void)rows, (void)cols;
  return (lati_strip){(const uint32_t *)(const void *)src, ld, 1};
}

static void copy_rows(float *dst, int64_t width, const float *src, int64_t ld, int64_t rows,
                      int64_t cols) {
  for (int64_t p = 0; p < rows; ++p) {
    FOR_LANES(j, mask, cols) {
      v_store_part(dst + p * width + j, mask, v_load_part(src + p * ld + j, mask));
    }
  }
}

/* Columns could be read in place too, but for rows that lie apart by powers of two and fight for
 * the same lines of the cache. */
static lati_strip strip_of_columns(uint32_t *dst, int64_t words, const float *src, int64_t ld,
                                   int64_t rows, int64_t cols) {
  (void)words;
  copy_rows((float *)(void *)dst, cols, src, ld, rows, cols);
  return (lati_strip){dst, 1, cols};
}

static void panel_of_rows(uint32_t *dst, int64_t words, const float *src, int64_t ld, int64_t rows,
                          int64_t cols) {
  (void)words;
  copy_rows((float *)(void *)dst, LATI_PANEL, src, ld, rows, cols);
}

static void panel_of_columns(uint32_t *dst, int64_t words, const float *src, int64_t ld,
                             int64_t rows, int64_t cols) {
  (void)words;
  transpose((float *)(void *)dst, LATI_PANEL, src, ld, rows, cols);
}

static const lati_panel_kernel panels = {
    .name = "f32-" TABLE_NAME,
    .values = 1,
    .step = 1,
    .grain = 1,
    .in_place = 1,
    .strip_of_rows = strip_of_rows,
    .strip_of_columns = strip_of_columns,
    .panel_of_rows = panel_of_rows,
    .panel_of_columns = panel_of_columns,
    .multiply = multiply,
};
