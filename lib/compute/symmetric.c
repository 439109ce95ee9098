/* C = A^T B with A and B in panels: a panel of A becomes the kernel's strip, a panel of B is its
 * packed operand. Blocks of C below the diagonal are transposed copies of those above. */
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
  const uint32_t *b;
  int64_t words, used, side; /* words: from panel to panel, per column; used: multiplied */
} product;

/* A piece of the contraction: the strip of a panel of A, whose rows are C's from `row` on. */
typedef struct piece {
  lati_strip strip;
  int64_t row, first, count; /* words */
} piece;

/* C's rows i .. i + m - 1, of the piece's strip, and columns j .. j + n - 1, of one panel of B. */
static void add_block(const product *p, const piece *k, int64_t i, int64_t m, int64_t j,
                      int64_t n) {
  const int64_t in_b = j / LATI_PANEL * LATI_PANEL;
  const uint32_t *b = p->b + in_b * p->words + j % LATI_PANEL;
  float *c = p->c + in_b * p->side + i * LATI_PANEL + j % LATI_PANEL;
  lati_strip strip = k->strip;
  strip.data += (i - k->row) * strip.row;
  p->kernel->multiply(c, LATI_PANEL, strip, b + k->first * LATI_PANEL, 0, m, n, k->count,
                      k->first > 0);
}

/* Of m rows, the diagonal block but for its lower left half, and the blocks behind it. */
static void add_rows(const product *p, const piece *k, int64_t m) {
  const int64_t i = k->row, upper = lati_least(HALF, m);
  add_block(p, k, i, upper, i, m);
  if (m > HALF) {
    add_block(p, k, i + HALF, m - HALF, i + HALF, m - HALF);
  }
  for (int64_t j = i + LATI_PANEL; j < p->side; j += LATI_PANEL) {
    add_block(p, k, i, m, j, lati_least(LATI_PANEL, p->side - j));
  }
}

/* C's block of m rows from i on and n columns from j on, transposed to the other side. */
static void mirror_block(const product *p, int64_t i, int64_t m, int64_t j, int64_t n) {
  const int64_t from = j / LATI_PANEL * LATI_PANEL, to = i / LATI_PANEL * LATI_PANEL;
  p->vector->transpose(p->c + to * p->side + j * LATI_PANEL + i % LATI_PANEL, LATI_PANEL,
                       p->c + from * p->side + i * LATI_PANEL + j % LATI_PANEL, LATI_PANEL, m, n);
}

static void mirror_rows(const product *p, int64_t i, int64_t m) {
  if (m > HALF) {
    mirror_block(p, i, HALF, i + HALF, m - HALF);
  }
  for (int64_t j = i + LATI_PANEL; j < p->side; j += LATI_PANEL) {
    mirror_block(p, i, m, j, lati_least(LATI_PANEL, p->side - j));
  }
}

void lati_symmetric_product(const lati_panel_kernel *kernel, float *c, const uint32_t *a,
                            const uint32_t *b, int64_t length, int64_t side) {
  uint32_t copy[PIECE * LATI_PANEL];
  const product p = {.vector = lati_vector_best(),
                     .kernel = kernel,
                     .c = c,
                     .b = b,
                     .words = lati_words(kernel, length),
                     .used = lati_used_words(kernel, length),
                     .side = side};
  for (int64_t i = 0; i < side; i += LATI_PANEL) {
    const int64_t m = lati_least(LATI_PANEL, side - i);
    for (int64_t word = 0; word < p.used; word += PIECE) {
      piece k = {.row = i, .first = word, .count = lati_least(PIECE, p.used - word)};
      k.strip = kernel->strip_of_panel(copy, k.count, a + i * p.words + word * LATI_PANEL, m);
      add_rows(&p, &k, m);
    }
    mirror_rows(&p, i, m);
  }
}
