#include "model_fixture.h"

#include "base/random.h"

#include <math.h>
#include <string.h>

void model_fixture_options(lat_model_options *options) {
  lat_model_options_init(options);
  options->encoder_width = 8;
  options->encoder_heads = 2;
  options->decoder_width = 12;
  options->decoder_heads = 3;
  options->ffn_factor = 2;
  options->seed = 3;
}

float model_fixture_noise(uint64_t index) {
  lat_random random;
  lati_random_start(&random, 99, 7, index);
  return (float)(2 * lat_random_uniform(&random) - 1);
}

void model_fixture_perturb(lat_model *model) {
  float *parameters = NULL;
  must(lat_model_map(&parameters, model));
  for (size_t i = 0; i < lat_model_parameter_count(model); ++i) {
    parameters[i] += 0.3f * model_fixture_noise(i);
  }
  must(lat_model_commit(model));
}

lat_batch *model_fixture_batch(const model_fixture *f, uint64_t first, int64_t count) {
  lat_batch *batch = NULL;
  lat_sampler *sampler = NULL;
  must(lat_batch_create(&batch, f->tokenizer));
  must(lat_sampler_create(&sampler, f->task, f->tokenizer, NULL));
  lat_sampler_seek(sampler, first);
  must(lat_sampler_next(batch, sampler, count));
  lat_sampler_free(sampler);
  return batch;
}

static void open_task(model_fixture *f, const model_plan *plan) {
  lat_task_options options;
  lat_task_options_init(&options);
  options.min_size = 1;
  options.max_size = plan->max_size > 0 ? plan->max_size : 2;
  options.rectangular = 1;
  must(lat_task_create(&f->task, f->ctx, &options));
}

void model_fixture_open(model_fixture *f, const model_plan *plan) {
  lat_context_options context;
  lat_tokenizer_options tokenizer;
  lat_model_options model;
  *f = (model_fixture){NULL, NULL, NULL, NULL, NULL};
  lat_context_options_init(&context);
  context.threads = plan->threads > 0 ? plan->threads : 1;
  context.precision = LAT_PRECISION_F32;
  context.parallel = plan->parallel;
  must(lat_context_create(&f->ctx, &context));
  f->ctx->device.operations = plan->backend != NULL ? plan->backend : f->ctx->device.operations;
  open_task(f, plan);
  lat_tokenizer_options_init(&tokenizer);
  tokenizer.input_encoding = plan->input != NULL ? plan->input : "p10";
  tokenizer.output_encoding = plan->output != NULL ? plan->output : "p10";
  must(lat_tokenizer_create(&f->tokenizer, f->ctx, &tokenizer));
  model_fixture_options(&model);
  must(lat_model_create(&f->model, f->task, f->tokenizer,
                        plan->model != NULL ? plan->model : &model));
  model_fixture_perturb(f->model);
  f->batch = model_fixture_batch(f, 0, 3);
}

void model_fixture_close(model_fixture *f) {
  lat_batch_free(f->batch);
  lat_model_free(f->model);
  lat_tokenizer_free(f->tokenizer);
  lat_task_free(f->task);
  lat_context_free(f->ctx);
}

double model_fixture_loss(const lat_model *model, const lat_batch *batch) {
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  must(lat_model_loss(&sum, model, batch));
  return sum.loss;
}

float *model_fixture_gradient(const lat_model *model, const lat_batch *batch, lat_loss_sum *sum) {
  lat_gradients *gradients = NULL;
  const size_t bytes = lat_model_parameter_count(model) * sizeof(float);
  must(lat_gradients_create(&gradients, model));
  must(lat_gradients_accumulate(gradients, sum, model, batch));
  float *copy = malloc(bytes);
  memcpy(copy, lati_gradients_vector(gradients), bytes);
  lat_gradients_free(gradients);
  return copy;
}

double model_fixture_distance(const float *a, const float *b, size_t count) {
  double difference = 0, magnitude = 0;
  for (size_t i = 0; i < count; ++i) {
    difference = fmax(difference, fabs((double)a[i] - (double)b[i]));
    magnitude = fmax(magnitude, fabs((double)a[i]));
  }
  return difference / magnitude;
}
