#include "infer_fixture.h"

#include <string.h>

void fixture_model_options(lat_model_options *options) {
  lat_model_options_init(options);
  options->encoder_width = options->decoder_width = 32;
  options->encoder_heads = options->decoder_heads = 4;
  options->seed = 5;
}

static const char *or_default(const char *text, const char *initial) {
  return text != NULL ? text : initial;
}

static lat_context *open_context(const fixture_plan *plan) {
  lat_context *ctx = NULL;
  lat_context_options options;
  lat_context_options_init(&options);
  if (plan->context != NULL) {
    options = *plan->context;
  }
  options.threads = plan->threads > 0 ? plan->threads : 2;
  options.precision = plan->precision != 0 ? plan->precision : LAT_PRECISION_F32;
  must(lat_context_create(&ctx, &options));
  return ctx;
}

void fixture_open(fixture *f, const fixture_plan *plan) {
  lat_context *ctx = open_context(plan);
  lat_task *task = NULL;
  lat_task_options options;
  lat_task_options_init(&options);
  options.name = or_default(plan->task, "transpose");
  options.rows = plan->rows > 0 ? plan->rows : 3;
  options.cols = plan->cols;
  options.min_size = plan->min_size;
  options.max_size = plan->max_size;
  options.rectangular = plan->rectangular;
  options.canonical = plan->canonical;
  must(lat_task_create(&task, ctx, &options));
  fixture_open_task(f, ctx, task, plan);
}

void fixture_open_task(fixture *f, lat_context *ctx, lat_task *task, const fixture_plan *plan) {
  lat_tokenizer_options tokenizer;
  lat_model_options model;
  *f = (fixture){.ctx = ctx != NULL ? ctx : open_context(plan), .task = task};
  lat_tokenizer_options_init(&tokenizer);
  tokenizer.input_encoding = or_default(plan->input, "p1000");
  tokenizer.output_encoding = or_default(plan->output, "p1000");
  tokenizer.input_triangle = plan->triangle;
  must(lat_tokenizer_create(&f->tokenizer, f->ctx, &tokenizer));
  fixture_model_options(&model);
  must(lat_model_create(&f->model, task, f->tokenizer, plan->model != NULL ? plan->model : &model));
}

void fixture_close(fixture *f) {
  lat_model_free(f->model);
  lat_tokenizer_free(f->tokenizer);
  lat_task_free(f->task);
  lat_context_free(f->ctx);
}

lat_batch *fixture_batch(const fixture *f, uint64_t first, int64_t count) {
  lat_batch *batch = NULL;
  lat_sampler *sampler = NULL;
  must(lat_batch_create(&batch, f->tokenizer));
  must(lat_sampler_create(&sampler, f->task, f->tokenizer, NULL));
  lat_sampler_seek(sampler, first);
  must(lat_sampler_next(batch, sampler, count));
  lat_sampler_free(sampler);
  return batch;
}

void fixture_prefer(fixture *f, int32_t token) {
  float *parameters;
  lat_tensor tensor = {.struct_size = sizeof tensor, .name = ""};
  for (int32_t i = 0; strcmp(tensor.name, "decoder.proj.bias") != 0; ++i) {
    must(lat_model_tensor(&tensor, f->model, i));
  }
  must(lat_model_map(&parameters, f->model));
  parameters[tensor.offset + (size_t)token] = 100;
  must(lat_model_commit(f->model));
}

void fixture_prefer_size(fixture *f, int32_t n) {
  fixture_prefer(f, LAT_TOKEN_DIMENSION + n - 1);
}

lat_session *fixture_session(const fixture *f, const lat_decode_options *options) {
  lat_session *session = NULL;
  must(lat_session_create(&session, f->model, options));
  return session;
}
