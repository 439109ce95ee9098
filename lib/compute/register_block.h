/* C (m, n) (+)= A B with a block of C in registers: ROWS by PANELS * LANES of it. In terms of `vec`
 * and v_* of C, and of `element`, `operand` and o_* of A and B: an operand holds LANES elements of
 * B, or one of A. After panel.h; included by one source file per instruction set. */

/* Statements for every row r and panel p of the largest block, with r and p literals: the compiler
 * keeps an array in registers when no loop runs over it. */
#define EACH_PANEL(statement, r) statement(r, 0) statement(r, 1) statement(r, 2) statement(r, 3)
#define EACH_ROW(statement)                                                                        \
  statement(0) statement(1) statement(2) statement(3) statement(4) statement(5)

#define CLEAR_SUM(r, p) sum[r][p] = v_set(0.0F);
#define CLEAR_ROW(r) EACH_PANEL(CLEAR_SUM, r)

/* A row of the block is fetched while its sums are formed. */
#define FETCH_SUM(r, p)                                                                            \
  if ((p) < panels) {                                                                              \
    __builtin_prefetch(c + (r)*ldc + (p)*LANES);                                                   \
  }
#define FETCH_ROW(r)                                                                               \
  if ((r) < rows) {                                                                                \
    EACH_PANEL(FETCH_SUM, r)                                                                       \
  }

/* Panels have whole vectors, the last of which may hold anything behind the mask. */
#define LOAD_PANEL(unused, p)                                                                      \
  if ((p) < panels) {                                                                              \
    row[p] = o_load(b + (p)*LANES);                                                                \
  }
#define ADD_PRODUCT(r, p)                                                                          \
  if ((p) < panels) {                                                                              \
    sum[r][p] = o_multiply_add(factor, row[p], sum[r][p]);                                         \
  }
#define ADD_ROW(r)                                                                                 \
  if ((r) < rows) {                                                                                \
    operand factor = o_set(a[(r)*a_row]);                                                          \
    EACH_PANEL(ADD_PRODUCT, r)                                                                     \
  }

#define STORE_SUM(r, p)                                                                            \
  if ((p) < panels) {                                                                              \
    vec_mask part = (p) == panels - 1 ? mask : v_mask(LANES);                                      \
    float *place = c + (r)*ldc + (p)*LANES;                                                        \
    if (accumulate) {                                                                              \
      sum[r][p] += v_load_part(place, part);                                                       \
    }                                                                                              \
    v_store_part(place, part, sum[r][p]);                                                          \
  }
#define STORE_ROW(r)                                                                               \
  if ((r) < rows) {                                                                                \
    EACH_PANEL(STORE_SUM, r)                                                                       \
  }

/* One block of C: `rows` by `panels` vectors, the last of them masked. Called with constants for
 * both. */
INLINE void product_block(float *c, int64_t ldc, const element *a, int64_t a_row, int64_t a_col,
                          const element *b, int64_t ldb, int64_t k, int accumulate, vec_mask mask,
                          const int rows, const int panels) {
  vec sum[6][4];
  operand row[4];
  if (accumulate) {
    EACH_ROW(FETCH_ROW)
  }
  EACH_ROW(CLEAR_ROW)
  for (int64_t i = 0; i < k; ++i) {
    EACH_PANEL(LOAD_PANEL, 0)
    EACH_ROW(ADD_ROW)
    a += a_col;
    b += ldb;
  }
  EACH_ROW(STORE_ROW)
}

#define BLOCK(rows, panels)                                                                        \
  case (rows):                                                                                     \
    product_block(c, ldc, a, a_row, a_col, b, ldb, k, accumulate, mask, (rows), (panels));         \
    break;

#if ROWS == 6
#define BLOCKS_OF_ROWS(panels)                                                                     \
  BLOCK(1, panels)                                                                                 \
  BLOCK(2, panels) BLOCK(3, panels) BLOCK(4, panels) BLOCK(5, panels) BLOCK(6, panels)
#else
#define BLOCKS_OF_ROWS(panels) BLOCK(1, panels) BLOCK(2, panels) BLOCK(3, panels) BLOCK(4, panels)
#endif

#define DEFINE_PANEL(panels)                                                                       \
  static void product_panel_##panels(float *c, int64_t ldc, const element *a, int64_t a_row,       \
                                     int64_t a_col, const element *b, int64_t ldb, int64_t k,      \
                                     int accumulate, vec_mask mask, int rows) {                    \
    switch (rows) { BLOCKS_OF_ROWS(panels) }                                                       \
  }

typedef void product_panel_function(float *c, int64_t ldc, const element *a, int64_t a_row,
                                    int64_t a_col, const element *b, int64_t ldb, int64_t k,
                                    int accumulate, vec_mask mask, int rows);

DEFINE_PANEL(1)
DEFINE_PANEL(2)
#if PANELS >= 3
DEFINE_PANEL(3)
#endif
#if PANELS >= 4
DEFINE_PANEL(4)
#endif

static product_panel_function *const product_panels[] = {
    product_panel_1,
    product_panel_2,
#if PANELS >= 3
    product_panel_3,
#endif
#if PANELS >= 4
    product_panel_4,
#endif
};

/* `extent` in the fewest pieces of at most `most`, as even as they come. */
static int64_t even_piece(int64_t extent, int64_t most) {
  int64_t pieces = (extent + most - 1) / most;
  return (extent + pieces - 1) / pieces;
}

static void product(float *c, int64_t ldc, const element *a, int64_t a_row, int64_t a_col,
                    const element *b, int64_t ldb, int64_t m, int64_t n, int64_t k,
                    int accumulate) {
  if (m <= 0 || n <= 0) {
    return;
  }
  int64_t width = even_piece((n + LANES - 1) / LANES, PANELS) * LANES;
  int64_t height = even_piece(m, ROWS);
  for (int64_t j = 0; j < n; j += width) {
    int64_t columns = n - j < width ? n - j : width, panels = (columns + LANES - 1) / LANES;
    vec_mask mask = v_mask(columns - (panels - 1) * LANES);
    for (int64_t i = 0; i < m; i += height) {
      int rows = (int)(m - i < height ? m - i : height);
      product_panels[panels - 1](c + i * ldc + j, ldc, a + i * a_row, a_row, a_col, b + j, ldb, k,
                                 accumulate, mask, rows);
    }
  }
}

/* A block takes columns of a panel where they lie. */
static lati_strip strip_of_panel(uint32_t *dst, int64_t words, const uint32_t *panel,
                                 int64_t cols) {
  (void)dst, (void)words, (void)cols;
  return (lati_strip){panel, 1, LATI_PANEL};
}

/* lati_panel_kernel.multiply */
static void multiply(float *c, int64_t ldc, lati_strip a, const uint32_t *b, int64_t panel,
                     int64_t m, int64_t n, int64_t words, int accumulate) {
  for (int64_t j = 0; j < n; j += LATI_PANEL) {
    product(c + j, ldc, (const element *)(const void *)a.data, a.row, a.col,
            (const element *)(const void *)(b + j / LATI_PANEL * panel), LATI_PANEL, m,
            n - j < LATI_PANEL ? n - j : LATI_PANEL, words, accumulate);
  }
}
