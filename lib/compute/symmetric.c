/* C = A^T B with A and B in panels: a block of columns of A is the kernel's strip (rows next to
 * each other, the contraction LATI_PANEL apart), a panel of B its packed operand. Blocks of C below
 * the diagonal are transposed copies of those above. */
#include "compute/symmetric.h"

#include "compute/ops.h"
#include "compute/vector.h"

/* Words of the contraction that are multiplied at a time: a panel of them is 64 KiB. */
enum { PIECE = 256 };
/* The blocks on the diagonal are computed and mirrored in halves. */
enum { HALF = LATI_PANEL / 2 };

int64_t lati_panel_floats(int64_t rows, int64_t cols) {
  return rows * lati_blocks(cols, LATI_PANEL) * LATI_PANEL;
}

typedef struct product {
  const lati_vector *vector;
  const lati_panel_kernel *kernel;
  float *c;
  const uint32_t *a, *b;
  int64_t words, used, side; /* words: from panel to panel, per column; used: multiplied */
} product;

/* C's rows i .. i + m - 1 and columns j .. j + n - 1, within one panel of A and one of B. */
static void multiply_block(const product *p, int64_t i, int64_t m, int64_t j, int64_t n) {
  const int64_t in_a = i / LATI_PANEL * LATI_PANEL, in_b = j / LATI_PANEL * LATI_PANEL;
  const uint32_t *a = p->a + in_a * p->words + i % LATI_PANEL;
  const uint32_t *b = p->b + in_b * p->words + j % LATI_PANEL;
  float *c = p->c + in_b * p->side + i * LATI_PANEL + j % LATI_PANEL;
  for (int64_t k = 0; k < p->used; k += PIECE) {
    const lati_strip strip = {a + k * LATI_PANEL, 1, LATI_PANEL};
    p->kernel->multiply(c, LATI_PANEL, strip, b + k * LATI_PANEL, 0, m, n,
                        lati_least(PIECE, p->used - k), k > 0);
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

void lati_symmetric_product(const lati_panel_kernel *kernel, float *c, const uint32_t *a,
                            const uint32_t *b, int64_t length, int64_t side) {
  const product p = {.vector = lati_vector_best(),
                     .kernel = kernel,
                     .c = c,
                     .a = a,
                     .b = b,
                     .words = lati_words(kernel, length),
                     .used = lati_used_words(kernel, length),
                     .side = side};
  for (int64_t j = 0; j < side; j += LATI_PANEL) {
    const int64_t n = lati_least(LATI_PANEL, side - j);
    for (int64_t i = 0; i < j; i += LATI_PANEL) {
      multiply_block(&p, i, LATI_PANEL, j, n);
      mirror_block(&p, i, LATI_PANEL, j, n);
    }
    diagonal_block(&p, j, n);
  }
}
