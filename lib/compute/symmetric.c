/* C = A^T B with A and B in panels: a block of columns of A is the kernel's strip (rows next to
 * each other, the contraction LATI_PANEL apart), a panel of B its packed operand. Blocks of C below
 * the diagonal are transposed copies of those above. */
#include "compute/symmetric.h"

#include "compute/ops.h"
#include "compute/vector.h"

/* Rows of the contraction that are multiplied at a time: a panel of them is 64 KiB. */
enum { PIECE = 256 };
/* The blocks on the diagonal are computed and mirrored in halves. */
enum { HALF = LATI_PANEL / 2 };

int64_t lati_panel_floats(int64_t rows, int64_t cols) {
  return rows * lati_blocks(cols, LATI_PANEL) * LATI_PANEL;
}

typedef struct product {
  const lati_vector *vector;
  float *c;
  const float *a, *b;
  int64_t length, side;
} product;

/* C's rows i .. i + m - 1 and columns j .. j + n - 1, within one panel of A and one of B. */
static void multiply_block(const product *p, int64_t i, int64_t m, int64_t j, int64_t n) {
  const int64_t in_a = i / LATI_PANEL * LATI_PANEL, in_b = j / LATI_PANEL * LATI_PANEL;
  const float *a = p->a + in_a * p->length + i % LATI_PANEL;
  const float *b = p->b + in_b * p->length + j % LATI_PANEL;
  float *c = p->c + in_b * p->side + i * LATI_PANEL + j % LATI_PANEL;
  for (int64_t k = 0; k < p->length; k += PIECE) {
    const lati_strip strip = {(const uint32_t *)(const void *)(a + k * LATI_PANEL), 1, LATI_PANEL};
    p->vector->panels->multiply(c, LATI_PANEL, strip,
                                (const uint32_t *)(const void *)(b + k * LATI_PANEL), 0, m, n,
                                lati_least(PIECE, p->length - k), k > 0);
  }
}

/* C's block of m rows from i on and n columns from j on, transposed to the other side. */
static void mirror_block(const product *p, int64_t i, int64_t m, int64_t j, int64_t n) {
  const int64_t from = j / LATI_PANEL * LATI_PANEL, to = i / LATI_PANEL * LATI_PANEL;
  p->vector->transpose(p->c + to * p->side + j * LATI_PANEL + i % LATI_PANEL, LATI_PANEL,
                       p->c + from * p->side + i * LATI_PANEL + j % LATI_PANEL, LATI_PANEL, m, n);
}

static void diagonal_block(const product *p, int64_t j, int64_t n) {
  const int64_t upper = lati_least(HALF, n);
  multiply_block(p, j, upper, j, n);
  if (n > HALF) {
    multiply_block(p, j + HALF, n - HALF, j + HALF, n - HALF);
    mirror_block(p, j, HALF, j + HALF, n - HALF);
  }
}

void lati_symmetric_product(float *c, const float *a, const float *b, int64_t length,
                            int64_t side) {
  const product p = {lati_vector_best(), c, a, b, length, side};
  for (int64_t j = 0; j < side; j += LATI_PANEL) {
    const int64_t n = lati_least(LATI_PANEL, side - j);
    for (int64_t i = 0; i < j; i += LATI_PANEL) {
      multiply_block(&p, i, LATI_PANEL, j, n);
      mirror_block(&p, i, LATI_PANEL, j, n);
    }
    diagonal_block(&p, j, n);
  }
}
