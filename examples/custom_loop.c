/* A training loop of one's own. Gradients are sums over tokens, not means, in one flat vector:
 * those of several batches or processes are added up and the optimizer divides by the count of all.
 * Here two batches make an update, and the average of the parameters over the run is what is saved.
 *
 *   custom_loop [UPDATES]     300
 */
#include "example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 32, ACCUMULATE = 2, REPORT_EVERY = 50 };
typedef struct loop {
  lat_tokenizer *tokenizer;
  lat_task *task;
  lat_model *model;
  lat_sampler *sampler;
  lat_batch *batch;
  lat_gradients *gradients;
  lat_optimizer *optimizer;
  float *average; /* of the parameters */
} loop;

static lat_status prepare(loop *l, lat_context *ctx) {
  lat_status status = LAT_OK;
  lat_task_options problem;
  lat_model_options architecture;
  lat_optimizer_options rule;
  lat_task_options_init(&problem);
  lat_model_options_init(&architecture);
  lat_optimizer_options_init(&rule);
  problem.name = "add";
  problem.rows = 2;
  architecture.encoder_width = architecture.decoder_width = 64;
  architecture.encoder_heads = architecture.decoder_heads = 4;
  rule.learning_rate = 1e-3;
  TRY(lat_tokenizer_create(&l->tokenizer, ctx, NULL));
  TRY(lat_task_create(&l->task, ctx, &problem));
  TRY(lat_model_create(&l->model, l->task, l->tokenizer, &architecture));
  TRY(lat_sampler_create(&l->sampler, l->task, l->tokenizer, NULL));
  TRY(lat_batch_create(&l->batch, l->tokenizer));
  TRY(lat_gradients_create(&l->gradients, l->model));
  TRY(lat_optimizer_create(&l->optimizer, l->model, &rule));
  l->average = calloc(lat_model_parameter_count(l->model), sizeof *l->average);
  status = l->average != NULL ? LAT_OK : LAT_ERROR_MEMORY;
done:
  return status;
}

/* A host with several processes adds up gradients and counts here, with MPI_Allreduce for example.
 */
static void all_reduce(float *gradients, size_t count, lat_loss_sum *sum) {
  (void)gradients, (void)count, (void)sum;
}

/* [update] */
static lat_status update(loop *l, double *loss) {
  lat_status status = LAT_OK;
  float *gradients = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  for (int i = 0; i < ACCUMULATE; ++i) {
    TRY(lat_sampler_next(l->batch, l->sampler, BATCH));
    TRY(lat_gradients_accumulate(l->gradients, &sum, l->model, l->batch));
  }
  TRY(lat_gradients_map(&gradients, l->gradients));
  all_reduce(gradients, lat_gradients_size(l->gradients), &sum);
  TRY(lat_gradients_commit(l->gradients)); /* until here they may not be used */
  *loss = sum.loss / (double)sum.tokens;
  TRY(lat_optimizer_step(l->optimizer, l->model, l->gradients, &sum));
  const float *parameters = lat_model_parameters(l->model);
  float share = lat_optimizer_updates(l->optimizer) == 1 ? 1 : 0.01F;
  for (size_t i = 0; i < lat_model_parameter_count(l->model); ++i) {
    l->average[i] += share * (parameters[i] - l->average[i]);
  }
done:
  return status;
}
/* [update] */

/* [map] */
static lat_status save_average(loop *l) {
  lat_status status = LAT_OK;
  float *parameters = NULL;
  TRY(lat_model_map(&parameters, l->model));
  memcpy(parameters, l->average, lat_model_parameter_count(l->model) * sizeof *parameters);
  TRY(lat_model_commit(l->model)); /* until here the model may not be used */
  TRY(lat_model_save(l->model, "custom_loop.safetensors"));
done:
  return status;
}
/* [map] */

int main(int argc, char **argv) {
  int64_t updates = argc > 1 ? strtoll(argv[1], NULL, 10) : 300;
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  loop l = {0};
  TRY(lat_context_create(&ctx, NULL));
  TRY(prepare(&l, ctx));
  for (int64_t i = 1; i <= updates; ++i) {
    double loss = 0;
    TRY(update(&l, &loss));
    if (i % REPORT_EVERY == 0 || i == updates) {
      printf("update %lld: loss %.4f a token, gradient norm %.3f\n", (long long)i, loss,
             lat_optimizer_gradient_norm(l.optimizer));
    }
  }
  TRY(save_average(&l));
done:
  free(l.average);
  lat_optimizer_free(l.optimizer);
  lat_gradients_free(l.gradients);
  lat_batch_free(l.batch);
  lat_sampler_free(l.sampler);
  lat_model_free(l.model);
  lat_task_free(l.task);
  lat_tokenizer_free(l.tokenizer);
  lat_context_free(ctx);
  return show_outcome(status);
}
