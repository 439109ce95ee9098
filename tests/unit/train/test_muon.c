#include "small_run.h"
#include "suite.h"
#include "train/muon.h"

#include <math.h>

enum { LARGEST = 64 };

typedef struct shape {
  int32_t rows, cols;
} shape;

static const shape shapes[] = {{1, 1},   {1, 7},   {7, 1},   {5, 5},
                               {16, 16}, {13, 31}, {31, 13}, {64, 16}};

/* Numbers that repeat in every run. */
static float next_number(uint32_t *state) {
  *state = *state * 1664525U + 1013904223U;
  return (float)(*state >> 8) / 8388608.0F - 1;
}

/* The same five steps in double, with the products written out. */
static void naive_orthogonalise(double *x, int32_t rows, int32_t cols) {
  static double gram[LARGEST * LARGEST], poly[LARGEST * LARGEST], next[LARGEST * LARGEST];
  double norm = 0;
  for (int32_t i = 0; i < rows * cols; ++i) {
    norm += x[i] * x[i];
  }
  for (int32_t i = 0; i < rows * cols; ++i) {
    x[i] /= sqrt(norm);
  }
  for (int step = 0; step < 5; ++step) {
    for (int32_t i = 0; i < rows; ++i) {
      for (int32_t j = 0; j < rows; ++j) {
        gram[i * rows + j] = 0;
        for (int32_t k = 0; k < cols; ++k) {
          gram[i * rows + j] += x[i * cols + k] * x[j * cols + k];
        }
      }
    }
    for (int32_t i = 0; i < rows; ++i) {
      for (int32_t j = 0; j < rows; ++j) {
        poly[i * rows + j] = -4.7750 * gram[i * rows + j];
        for (int32_t k = 0; k < rows; ++k) {
          poly[i * rows + j] += 2.0315 * gram[i * rows + k] * gram[k * rows + j];
        }
      }
    }
    for (int32_t i = 0; i < rows; ++i) {
      for (int32_t j = 0; j < cols; ++j) {
        next[i * cols + j] = 3.4445 * x[i * cols + j];
        for (int32_t k = 0; k < rows; ++k) {
          next[i * cols + j] += poly[i * rows + k] * x[k * cols + j];
        }
      }
    }
    memcpy(x, next, (size_t)(rows * cols) * sizeof *x);
  }
}

typedef struct ortho_fixture {
  lat_context *ctx;
  float *x, *out, *work;
  double *twin;
} ortho_fixture;

static void ortho_open(ortho_fixture *f, shape s) {
  const int32_t side = s.rows < s.cols ? s.rows : s.cols;
  uint32_t state = (uint32_t)(s.rows * 100 + s.cols);
  CHECK_OK(lat_context_create(&f->ctx, NULL));
  CHECK_OK(LATI_NEW(f->x, f->ctx, s.rows * s.cols));
  CHECK_OK(LATI_NEW(f->out, f->ctx, s.rows * s.cols));
  CHECK_OK(LATI_NEW(f->work, f->ctx, 2 * side * side));
  CHECK_OK(LATI_NEW(f->twin, f->ctx, s.rows * s.cols));
  for (int32_t i = 0; i < s.rows * s.cols; ++i) {
    f->x[i] = 1e-3F * next_number(&state);
    f->twin[i] = (double)f->x[i];
  }
}

static void ortho_close(ortho_fixture *f) {
  lati_free(f->x);
  lati_free(f->out);
  lati_free(f->work);
  lati_free(f->twin);
  lat_context_free(f->ctx);
}

START_TEST(the_steps_are_those_of_the_naive_twin) {
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
    const shape s = shapes[i];
    ortho_fixture f;
    ortho_open(&f, s);
    lati_orthogonalise(f.out, f.x, s.rows, s.cols, f.work);
    naive_orthogonalise(f.twin, s.rows, s.cols);
    for (int32_t k = 0; k < s.rows * s.cols; ++k) {
      ck_assert_msg(fabs((double)f.out[k] - f.twin[k]) < 2e-4, "%d x %d, entry %d: %g, not %g",
                    s.rows, s.cols, k, (double)f.out[k], f.twin[k]);
    }
    ortho_close(&f);
  }
}
END_TEST

/* Length of O v, and of O^T v, for unit vectors v: between the extreme singular values. */
static double stretched(const float *o, shape s, int transposed, uint32_t seed) {
  const int32_t from = transposed ? s.rows : s.cols, to = transposed ? s.cols : s.rows;
  double v[LARGEST], norm = 0, length = 0;
  for (int32_t i = 0; i < from; ++i) {
    v[i] = (double)next_number(&seed);
    norm += v[i] * v[i];
  }
  for (int32_t i = 0; i < to; ++i) {
    double sum = 0;
    for (int32_t k = 0; k < from; ++k) {
      sum += (double)(transposed ? o[k * s.cols + i] : o[i * s.cols + k]) * v[k];
    }
    length += sum * sum;
  }
  return sqrt(length / norm);
}

START_TEST(the_result_is_near_orthogonal) {
  const shape wide = {16, 64}, tall = {64, 16};
  for (int t = 0; t < 2; ++t) {
    const shape s = t ? tall : wide;
    ortho_fixture f;
    ortho_open(&f, s);
    lati_orthogonalise(f.out, f.x, s.rows, s.cols, f.work);
    for (uint32_t seed = 1; seed < 50; ++seed) {
      const double length = stretched(f.out, s, !t, seed);
      ck_assert_msg(length > 0.65 && length < 1.25, "%g", length);
    }
    ortho_close(&f);
  }
}
END_TEST

START_TEST(zero_stays_zero) {
  const shape s = {5, 5};
  ortho_fixture f;
  ortho_open(&f, s);
  memset(f.x, 0, sizeof *f.x * 25);
  lati_orthogonalise(f.out, f.x, s.rows, s.cols, f.work);
  for (int i = 0; i < 25; ++i) {
    ck_assert(f.out[i] == 0);
  }
  ortho_close(&f);
}
END_TEST

enum { VECTOR_SIZE = 8 + 12 + 3 + 12 };

/* A vector to leave alone, a wide matrix, another vector, a tall one. */
static const lati_parameter_table *sample_table(void) {
  static lati_parameter entries[4] = {
      {.offset = 0, .size = 8, .rank = 1, .shape = {8, 1}},
      {.offset = 8, .size = 12, .rank = 2, .shape = {3, 4}, .hidden = 1},
      {.offset = 20, .size = 3, .rank = 1, .shape = {3, 1}},
      {.offset = 23, .size = 12, .rank = 2, .shape = {6, 2}, .hidden = 1}};
  static const lati_parameter_table table = {.entries = entries, .count = 4, .total = VECTOR_SIZE};
  return &table;
}

typedef struct muon_twin {
  double p[VECTOR_SIZE], m[VECTOR_SIZE];
} muon_twin;

static void naive_matrix(muon_twin *twin, const float *g, const lati_parameter *entry,
                         const lati_muon_step *step) {
  static double u[LARGEST], flipped[LARGEST];
  const int32_t rows = entry->shape[0], cols = entry->shape[1];
  double *p = twin->p + entry->offset, *m = twin->m + entry->offset;
  for (size_t i = 0; i < entry->size; ++i) {
    const double d = step->scale * (double)g[entry->offset + i];
    m[i] = step->momentum * m[i] + d;
    u[i] = d + step->momentum * m[i];
  }
  for (int32_t i = 0; i < rows * cols; ++i) {
    flipped[(i % cols) * rows + i / cols] = u[i];
  }
  naive_orthogonalise(rows > cols ? flipped : u, rows > cols ? cols : rows,
                      rows > cols ? rows : cols);
  for (int32_t i = 0; i < rows * cols; ++i) {
    const double o = rows > cols ? flipped[(i % cols) * rows + i / cols] : u[i];
    p[i] -= step->rate * (sqrt(fmax(1, (double)rows / cols)) * o + step->decay * p[i]);
  }
}

START_TEST(an_update_is_that_of_the_naive_twin) {
  const lati_parameter_table *table = sample_table();
  const lati_muon_step step = {.rate = 0.02, .momentum = 0.95, .decay = 0.1, .scale = 0.25};
  float p[VECTOR_SIZE], start[VECTOR_SIZE], m[VECTOR_SIZE] = {0}, scratch[VECTOR_SIZE] = {0};
  float *g = NULL; /* where products read */
  muon_twin twin = {{0}, {0}};
  uint32_t state = 9;
  lat_context *ctx = NULL;
  lati_muon *muon = NULL;
  CHECK_OK(lat_context_create(&ctx, NULL));
  CHECK_OK(LATI_NEW(g, ctx, VECTOR_SIZE));
  CHECK_OK(lati_muon_create(&muon, ctx, table));
  for (int i = 0; i < VECTOR_SIZE; ++i) {
    p[i] = start[i] = next_number(&state);
    twin.p[i] = (double)p[i];
  }
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < VECTOR_SIZE; ++i) {
      g[i] = next_number(&state);
    }
    naive_matrix(&twin, g, &table->entries[1], &step);
    naive_matrix(&twin, g, &table->entries[3], &step);
    lati_muon_update(muon, ctx->pool, p, g, m, scratch, &step);
    for (int i = 0; i < VECTOR_SIZE; ++i) {
      const int hidden = (i >= 8 && i < 20) || i >= 23;
      ck_assert_double_eq_tol((double)p[i], hidden ? twin.p[i] : (double)start[i], 1e-5);
      ck_assert_int_eq(g[i] == 0, hidden);
    }
  }
  lati_muon_free(muon);
  lati_free(g);
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {the_steps_are_those_of_the_naive_twin,
                                the_result_is_near_orthogonal, zero_stays_zero,
                                an_update_is_that_of_the_naive_twin, NULL};
  return run_suite("muon", tests);
}
