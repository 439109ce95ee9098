/* An update by Muon, against a slow twin. */
#include "../compute/plain_orthogonalise.h"
#include "small_run.h"
#include "suite.h"
#include "train/muon.h"

#include <math.h>

/* Numbers that repeat in every run. */
static float next_number(uint32_t *state) {
  *state = *state * 1664525U + 1013904223U;
  return (float)(*state >> 8) / 8388608.0F - 1;
}

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
  static double u[VECTOR_SIZE];
  const int32_t rows = entry->shape[0], cols = entry->shape[1];
  double *p = twin->p + entry->offset, *m = twin->m + entry->offset;
  for (size_t i = 0; i < entry->size; ++i) {
    const double d = step->scale * (double)g[entry->offset + i];
    m[i] = step->momentum * m[i] + d;
    u[i] = d + step->momentum * m[i];
  }
  plain_orthogonalise(u, rows, cols);
  for (size_t i = 0; i < entry->size; ++i) {
    const double stretch = sqrt(fmax(1, (double)rows / cols));
    p[i] -= step->rate * (stretch * u[i] + step->decay * p[i]);
  }
}

static void check_update(int32_t precision, double tolerance) {
  const lati_parameter_table *table = sample_table();
  const lati_muon_step step = {.rate = 0.02, .momentum = 0.95, .decay = 0.1, .scale = 0.25};
  float p[VECTOR_SIZE], start[VECTOR_SIZE], m[VECTOR_SIZE] = {0}, scratch[VECTOR_SIZE] = {0};
  float *g = NULL; /* where products read */
  muon_twin twin = {{0}, {0}};
  uint32_t state = 9;
  lat_context *ctx = NULL;
  lat_context_options options;
  lati_muon *muon = NULL;
  lat_context_options_init(&options);
  options.precision = precision;
  CHECK_OK(lat_context_create(&ctx, &options));
  CHECK_OK(LATI_NEW(g, ctx, VECTOR_SIZE));
  CHECK_OK(lati_muon_create(&muon, ctx, table, 0, VECTOR_SIZE));
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
    CHECK_OK(lati_muon_update(muon, &ctx->device, p, g, m, scratch, &step));
    for (int i = 0; i < VECTOR_SIZE; ++i) {
      const int hidden = (i >= 8 && i < 20) || i >= 23;
      ck_assert_double_eq_tol((double)p[i], hidden ? twin.p[i] : (double)start[i], tolerance);
      ck_assert_int_eq(g[i] == 0, hidden);
    }
  }
  lati_muon_free(muon);
  lati_free(g);
  lat_context_free(ctx);
}

START_TEST(an_update_is_that_of_the_naive_twin) {
  check_update(LAT_PRECISION_F32, 1e-5);
}
END_TEST

/* Where there is bf16, its rounding moves singular values by some hundredths of the rate. */
START_TEST(an_update_of_the_best_precision_is_near_it) {
  check_update(LAT_PRECISION_AUTO, 2e-3);
}
END_TEST

static lat_status dead_gather(void *user, void *rows, const size_t *offsets) {
  const size_t *expected = user;
  (void)rows;
  for (int rank = 0; rank <= 3; ++rank) {
    ck_assert_uint_eq(offsets[rank], expected[rank]);
  }
  return lati_fail(LAT_ERROR_IO, "the line is dead");
}

/* Of two matrices the dearer one is rank 0's and the other rank 1's; a third rank has none. Where
 * the ranks do not meet, nothing has changed. */
START_TEST(a_share_that_fails_changes_nothing) {
  static size_t offsets[] = {0, 48, 96, 96};
  const lati_update_share share = {.rank = 0, .ranks = 3, .gather = dead_gather, .user = offsets};
  const lati_muon_step step = {.rate = 0.02, .momentum = 0.95, .scale = 0.25};
  float p[VECTOR_SIZE], g[VECTOR_SIZE], m[VECTOR_SIZE], scratch[VECTOR_SIZE] = {0};
  lat_context *ctx = NULL;
  lati_muon *muon = NULL;
  CHECK_OK(lat_context_create(&ctx, NULL));
  CHECK_OK(lati_muon_create(&muon, ctx, sample_table(), 0, VECTOR_SIZE));
  CHECK_OK(lati_muon_share(muon, ctx, &share));
  for (int i = 0; i < VECTOR_SIZE; ++i) {
    p[i] = g[i] = m[i] = (float)(i + 1);
  }
  CHECK_FAILS(lati_muon_update(muon, &ctx->device, p, g, m, scratch, &step), LAT_ERROR_IO,
              "the line is dead");
  for (int i = 0; i < VECTOR_SIZE; ++i) {
    ck_assert(p[i] == (float)(i + 1) && g[i] == p[i] && m[i] == p[i]);
  }
  lati_muon_free(muon);
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {an_update_is_that_of_the_naive_twin,
                                an_update_of_the_best_precision_is_near_it,
                                a_share_that_fails_changes_nothing, NULL};
  return run_suite("muon", tests);
}
