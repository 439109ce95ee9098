/* Panels of floats, in terms of register_block.h and `transpose`. Included by vector_kernels.h and
 * by nothing else. */

INLINE vec load_values(lati_rows x, int64_t place, vec_mask mask) {
  return v_load_part(x.data + place, mask);
}

INLINE void store_values(lati_rows x, int64_t place, vec_mask mask, vec value) {
  v_store_part(x.data + place, mask, value);
}

#include "compute/panel_rows.h"

/* Rows lie as a product takes them. */
static lati_strip strip_of_rows(uint32_t *dst, int64_t words, lati_rows src, int64_t rows,
                                int64_t cols) {
  (void)dst, (void)words, (void)rows, (void)cols;
  return (lati_strip){(const uint32_t *)(const void *)src.data, src.ld, 1};
}

static void copy_rows(float *dst, int64_t width, lati_rows src, int64_t rows, int64_t cols) {
  for (int64_t p = 0; p < rows; ++p) {
    FOR_LANES(j, mask, cols) {
      v_store_part(dst + p * width + j, mask, load_values(src, p * src.ld + j, mask));
    }
  }
}

/* Columns could be read in place too, but for rows that lie apart by powers of two and fight for
 * the same lines of the cache. */
static lati_strip strip_of_columns(uint32_t *dst, int64_t words, lati_rows src, int64_t rows,
                                   int64_t cols) {
  (void)words;
  copy_rows((float *)(void *)dst, cols, src, rows, cols);
  return (lati_strip){dst, 1, cols};
}

static void panel_of_rows(uint32_t *dst, int64_t words, lati_rows src, int64_t rows, int64_t cols) {
  (void)words;
  copy_rows((float *)(void *)dst, LATI_PANEL, src, rows, cols);
}

static void panel_of_columns(uint32_t *dst, int64_t words, lati_rows src, int64_t rows,
                             int64_t cols) {
  (void)words;
  transpose((float *)(void *)dst, LATI_PANEL, src.data, src.ld, rows, cols);
}

static const lati_panel_kernel panels = {
    .name = "f32-" TABLE_NAME,
    .values = 1,
    .step = 1,
    .grain = 1,
    PANEL_FUNCTIONS,
};
