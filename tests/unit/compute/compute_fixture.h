/* Shared by the tests of lib/compute: pools, filled blocks, and comparison with the slow twin. */
#ifndef COMPUTE_FIXTURE_H
#define COMPUTE_FIXTURE_H

#include "base/context_impl.h"
#include "compute/backend.h"

#include "check_quietly.h"

/* Context and pool of one test; threads workers. */
typedef struct fixture {
  lat_context *ctx;
  lati_device device;
  uint64_t state; /* of the random numbers */
} fixture;

void fixture_open(fixture *f, int32_t threads);
void fixture_close(fixture *f);

/* Zeroed; freed with lati_free. */
void *fixture_new(fixture *f, int64_t count, size_t size);
#define NEW(f, type, count) ((type *)fixture_new((f), (count), sizeof(type)))
/* Bytes that are NaN, whatever they are read as. */
void *fixture_scratch(fixture *f, size_t bytes);
/* Uniform in -1 .. 1. */
double fixture_uniform(fixture *f);
float *fixture_random(fixture *f, int64_t count);
float *fixture_copy(fixture *f, const float *x, int64_t count);
/* What slopes are of: wide enough for GELU's both ends, and here and there RELU's kink. */
float *fixture_slopes(fixture *f, int64_t count);
/* Whole numbers in first .. end - 1. */
int32_t *fixture_integers(fixture *f, int64_t count, int32_t first, int32_t end);

/* The bf16 nearest to x, ties to even; what a bf16 stands for; and both. */
uint16_t bf16_of(float x);
float bf16_value(uint16_t bits);
float bf16_nearest(float x);
/* Rounds all of x. */
void fixture_round(float *x, int64_t count);

/* A copy of x (rows, ld): floats, or narrow, with LATI_TILE spare rows of NaN behind them that may
 * be read but must not matter. */
lati_rows fixture_rows(fixture *f, const float *x, int64_t rows, int64_t ld, int narrow);
void fixture_free_rows(lati_rows x);
float fixture_value(lati_rows x, int64_t place);

/* |a - b| <= tolerance * max(1, |b|) for all elements, NaN nowhere; names the worst place. */
void assert_close(const float *a, const float *b, int64_t count, double tolerance,
                  const char *what);
/* The same of `count` values of either type; narrow ones may be off by another 2^-8 of their size.
 */
void assert_values_close(lati_rows a, const float *b, int64_t count, double tolerance,
                         const char *what);
/* The same of rows from fixture_rows(), whose spare rows must be as they were. */
void assert_rows_close(lati_rows a, const float *b, int64_t rows, double tolerance,
                       const char *what);
void assert_same_bits(const void *a, const void *b, size_t bytes, const char *what);

/* Runs a case for 1, 2 and 4 workers and requires the same bits from each: `run` computes into
 * `out` (bytes) from inputs that depend on the fixture's fresh random state alone. */
typedef void case_function(fixture *f, void *out, const void *argument);
void assert_same_at_any_threads(case_function *run, const void *argument, size_t bytes);

/* Runs the suite of one file; returns the number of failures. */
int run_suite(const char *name, const TTest *const *tests, int count);

#endif
