/* A small problem, model and run for the tests of training. */
#ifndef LAT_TESTS_SMALL_RUN_H
#define LAT_TESTS_SMALL_RUN_H

#include "scratch_folder.h"

#include <lat/lat.h>

typedef struct small_run {
  lat_context *ctx;
  lat_task *task;
  lat_tokenizer *tokenizer;
  lat_model *model;
} small_run;

#define CHECK_OK(expression)                                                                       \
  do {                                                                                             \
    const lat_status checked_status = (expression);                                                \
    ck_assert_msg(checked_status == LAT_OK, "%s: %s: %s", #expression,                             \
                  lat_status_name(checked_status), lat_last_error());                              \
  } while (0)

/* A call that must fail with a status and a message that holds `text`. */
#define CHECK_FAILS(expression, expected, text)                                                    \
  do {                                                                                             \
    const lat_status checked_status = (expression);                                                \
    ck_assert_msg(checked_status == (expected) && strstr(lat_last_error(), (text)) != NULL,        \
                  "%s: %s: %s", #expression, lat_status_name(checked_status), lat_last_error());   \
  } while (0)

/* One encoder and one decoder layer of width 16, matrices of 2 x 2 in P10. */
static inline void small_run_model_options(lat_model_options *options) {
  lat_model_options_init(options);
  options->encoder_width = options->decoder_width = 16;
  options->encoder_heads = options->decoder_heads = 2;
  options->seed = 5;
}

/* Takes the context over. */
static inline void small_run_open_encoded(small_run *run, lat_context *ctx,
                                          const lat_model_options *model, const char *encoding) {
  lat_task_options task;
  lat_tokenizer_options tokenizer;
  run->ctx = ctx;
  lat_task_options_init(&task);
  task.rows = 2;
  CHECK_OK(lat_task_create(&run->task, run->ctx, &task));
  lat_tokenizer_options_init(&tokenizer);
  tokenizer.input_encoding = tokenizer.output_encoding = encoding;
  CHECK_OK(lat_tokenizer_create(&run->tokenizer, run->ctx, &tokenizer));
  CHECK_OK(lat_model_create(&run->model, run->task, run->tokenizer, model));
}

static inline void small_run_open_in(small_run *run, lat_context *ctx,
                                     const lat_model_options *model) {
  small_run_open_encoded(run, ctx, model, "p10");
}

static inline void small_run_open_with(small_run *run, int32_t threads,
                                       const lat_model_options *model) {
  lat_context *ctx = NULL;
  lat_context_options context;
  lat_context_options_init(&context);
  context.threads = threads;
  context.precision = LAT_PRECISION_F32;
  CHECK_OK(lat_context_create(&ctx, &context));
  small_run_open_in(run, ctx, model);
}

static inline void small_run_open(small_run *run, int32_t threads) {
  lat_model_options options;
  small_run_model_options(&options);
  small_run_open_with(run, threads, &options);
}

static inline void small_run_close(small_run *run) {
  lat_model_free(run->model);
  lat_tokenizer_free(run->tokenizer);
  lat_task_free(run->task);
  lat_context_free(run->ctx);
}

/* Gradients of `count` examples from the stream's start. */
static inline void small_run_accumulate(lat_gradients *gradients, lat_loss_sum *sum,
                                        const small_run *run, int64_t count) {
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  CHECK_OK(lat_sampler_create(&sampler, run->task, run->tokenizer, NULL));
  CHECK_OK(lat_batch_create(&batch, run->tokenizer));
  CHECK_OK(lat_sampler_next(batch, sampler, count));
  CHECK_OK(lat_gradients_accumulate(gradients, sum, run->model, batch));
  lat_batch_free(batch);
  lat_sampler_free(sampler);
}

/* 12 examples an update, in two accumulations; 480 examples; everything due now and then. */
static inline void small_run_trainer_options(lat_trainer_options *options, const char *directory) {
  lat_trainer_options_init(options);
  options->directory = directory;
  options->seed = 3;
  options->batch_size = 6;
  options->accumulation = 2;
  options->max_examples = 480;
  options->validate_every = 150;
  options->validate_count = 20;
  options->checkpoint_every = 100;
  options->report_every = 7;
}

static inline void small_run_optimizer_options(lat_optimizer_options *options, const char *rule) {
  lat_optimizer_options_init(options);
  options->rule = rule;
  options->learning_rate = 1e-3;
  options->warmup = 10;
  options->schedule = "inverse-sqrt";
}

#endif
