/* bf16 products by tiles of 16 rows of 64 bytes. The instructions are the including file's:
 * TILE_BEGIN(), TILE_END() around a product, TILE_ZERO(t), TILE_LOAD(t, address, bytes from row to
 * row), TILE_STORE likewise, TILE_MULTIPLY(c, a, b), tiles named by literals; and INLINE. */

enum { TILE = LATI_TILE };

/* Tiles of a block of C, two by two; those of A and B follow. */
#define C00 0
#define C01 1
#define C10 2
#define C11 3
#define A0 4
#define A1 5
#define B0 6
#define B1 7

/* Where part of a tile of C lies outside C, it is taken from here. */
static void store_part(float *c, int64_t ldc, const float *tile, int64_t m, int64_t n,
                       int accumulate) {
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      float old = accumulate ? c[i * ldc + j] : 0.0F;
      c[i * ldc + j] = old + tile[i * TILE + j];
    }
  }
}

/* A tile that lies wholly inside C is loaded before the sum and stored after it. */
#define OPEN_TILE(tile, row, col)                                                                  \
  if (accumulate && m >= (row) + TILE && n >= (col) + TILE) {                                      \
    TILE_LOAD(tile, c + (row)*ldc + (col), ldc * 4);                                               \
  } else {                                                                                         \
    TILE_ZERO(tile);                                                                               \
  }

#define CLOSE_TILE(tile, row, col)                                                                 \
  if (m >= (row) + TILE && n >= (col) + TILE) {                                                    \
    TILE_STORE(tile, c + (row)*ldc + (col), ldc * 4);                                              \
  } else if (m > (row) && n > (col)) {                                                             \
    float part[TILE * TILE];                                                                       \
    TILE_STORE(tile, part, TILE * 4);                                                              \
    store_part(c + (row)*ldc + (col), ldc, part, lati_least(TILE, m - (row)),                      \
               lati_least(TILE, n - (col)), accumulate);                                           \
  }

/* Up to two by two tiles of C: m rows of A (row apart), n columns of a panel. */
static void tile_block(float *c, int64_t ldc, const uint32_t *a, int64_t row, const uint32_t *b,
                       int64_t m, int64_t n, int64_t pairs, int accumulate) {
  OPEN_TILE(C00, 0, 0)
  OPEN_TILE(C01, 0, TILE)
  OPEN_TILE(C10, TILE, 0)
  OPEN_TILE(C11, TILE, TILE)
  for (int64_t p = 0; p < pairs; p += TILE) {
    const uint32_t *words = b + p * LATI_PANEL;
    TILE_LOAD(A0, a + p, row * 4);
    TILE_LOAD(B0, words, LATI_PANEL * 4);
    TILE_MULTIPLY(C00, A0, B0);
    if (n > TILE) {
      TILE_LOAD(B1, words + TILE, LATI_PANEL * 4);
      TILE_MULTIPLY(C01, A0, B1);
    }
    if (m > TILE) {
      TILE_LOAD(A1, a + p + TILE * row, row * 4);
      TILE_MULTIPLY(C10, A1, B0);
    }
    if (m > TILE && n > TILE) {
      TILE_MULTIPLY(C11, A1, B1);
    }
  }
  CLOSE_TILE(C00, 0, 0)
  CLOSE_TILE(C01, 0, TILE)
  CLOSE_TILE(C10, TILE, 0)
  CLOSE_TILE(C11, TILE, TILE)
}

/* lati_panel_kernel.multiply; a.col must be 1. */
static void multiply(float *c, int64_t ldc, lati_strip a, const uint32_t *b, int64_t panel,
                     int64_t m, int64_t n, int64_t pairs, int accumulate) {
  TILE_BEGIN();
  for (int64_t j = 0; j < n; j += 2 * TILE) {
    const uint32_t *words = b + j / LATI_PANEL * panel + j % LATI_PANEL;
    for (int64_t i = 0; i < m; i += 2 * TILE) {
      tile_block(c + i * ldc + j, ldc, a.data + i * a.row, a.row, words,
                 lati_least(2 * TILE, m - i), lati_least(2 * TILE, n - j), pairs, accumulate);
    }
  }
  TILE_END();
}
