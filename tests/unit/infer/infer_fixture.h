/* Small models with their initial parameters, and batches for them. */
#ifndef LAT_TESTS_INFER_FIXTURE_H
#define LAT_TESTS_INFER_FIXTURE_H

#include "joined.h"
#include "suite.h"

#include <lat/lat.h>

#define must(call) ck_assert_msg((call) == LAT_OK, "%s: %s", #call, lat_last_error())

/* What a fixture is made of; zero members are the defaults below. */
typedef struct fixture_plan {
  const char *task; /* "transpose" */
  int32_t rows, cols, min_size, max_size, rectangular, canonical, triangle;
  const char *input, *output; /* "p1000" */
  int32_t threads;            /* 2 */
  int32_t precision;          /* f32 */
  const lat_model_options *model;
  const lat_context_options *context;
} fixture_plan;

typedef struct fixture {
  lat_context *ctx;
  lat_task *task;
  lat_tokenizer *tokenizer;
  lat_model *model;
} fixture;

/* 1 + 1 layers of width 32 with 4 heads. */
void fixture_model_options(lat_model_options *options);
void fixture_open(fixture *f, const fixture_plan *plan);
/* The same with a task of the caller's, which the fixture takes over. */
void fixture_open_task(fixture *f, lat_context *ctx, lat_task *task, const fixture_plan *plan);
void fixture_close(fixture *f);
/* `count` examples of stream 0 from index `first` on. */
lat_batch *fixture_batch(const fixture *f, uint64_t first, int64_t count);

/* Makes the model write the token wherever the grammar lets it: a letter, or the size of n x n
 * matrices. */
void fixture_prefer(fixture *f, int32_t token);
void fixture_prefer_size(fixture *f, int32_t n);

lat_session *fixture_session(const fixture *f, const lat_decode_options *options);

#endif
