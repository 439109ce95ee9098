/* Small models of any architecture with parameters far from any symmetric point, and ragged batches
 * for them. */
#ifndef LAT_TESTS_MODEL_FIXTURE_H
#define LAT_TESTS_MODEL_FIXTURE_H

#include "suite.h"
#include "transformer/transformer.h"

#include <lat/lat.h>

#define must(call) ck_assert_msg((call) == LAT_OK, "%s: %s", #call, lat_last_error())
#define must_fail(status, call, message)                                                           \
  do {                                                                                             \
    ck_assert_int_eq((call), (status));                                                            \
    ck_assert_str_eq(lat_last_error(), (message));                                                 \
  } while (0)

/* What a fixture is made of; zero members are the defaults below. */
typedef struct model_plan {
  const char *input, *output;      /* "p10" */
  int32_t max_size;                /* transposition of 1..max_size by 1..max_size; 2 */
  int32_t threads;                 /* 1 */
  lat_parallel_function *parallel; /* the context's own threads */
  const lati_backend *backend;     /* what the context chooses */
  const lat_model_options *model;
} model_plan;

typedef struct model_fixture {
  lat_context *ctx;
  lat_task *task;
  lat_tokenizer *tokenizer;
  lat_model *model;
  lat_batch *batch; /* three examples of different lengths */
} model_fixture;

/* Encoder: one layer, width 8, 2 heads; decoder: one layer, width 12, 3 heads. */
void model_fixture_options(lat_model_options *options);
void model_fixture_open(model_fixture *f, const model_plan *plan);
void model_fixture_close(model_fixture *f);

/* Examples first .. first + count - 1 of the task's stream. */
lat_batch *model_fixture_batch(const model_fixture *f, uint64_t first, int64_t count);
/* Adds noise to every parameter, so that biases and LayerNorm's weights take part. */
void model_fixture_perturb(lat_model *model);
/* Sum of the losses of a batch. */
double model_fixture_loss(const lat_model *model, const lat_batch *batch);
/* The gradient of a batch, to be freed; its loss is added to sum. */
float *model_fixture_gradient(const lat_model *model, const lat_batch *batch, lat_loss_sum *sum);
/* Largest difference, relative to the largest magnitude of `a`. */
double model_fixture_distance(const float *a, const float *b, size_t count);
/* A random number in -1..1 that is a function of its index. */
float model_fixture_noise(uint64_t index);

#endif
