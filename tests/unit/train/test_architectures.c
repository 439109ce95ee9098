/* Runs of every architecture and kind of layer: stopped and resumed at other numbers of threads,
 * they end in the bits of the straight run; what a backward pass calls final is. */
#include "small_run.h"
#include "suite.h"
#include "transformer/transformer.h"

#include <string.h>

typedef void variant(lat_model_options *options);

static void encoder_alone(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_ENCODER;
}

static void decoder_alone(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_DECODER;
}

static void copy_gate(lat_model_options *options) {
  options->copy_gate = 1;
  options->encoder_loops = 2;
}

static void rms_norm(lat_model_options *options) {
  options->norm_kind = LAT_NORM_KIND_RMS;
  options->norm = LAT_NORM_PRE;
}

static void attention_dropout(lat_model_options *options) {
  options->attention_dropout = 0.2;
}

static void query_per_number(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_ENCODER;
  options->query_per_number = 1;
}

static void lstm(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_LSTM;
}

static void gru_attention(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_GRU;
  options->encoder_attention = 1;
  options->dropout = 0.1;
}

static void gated(lat_model_options *options) {
  options->ffn = LAT_FFN_GATED;
}

static void hashed(lat_model_options *options) {
  options->ffn = LAT_FFN_HASHED;
}

static void looped(lat_model_options *options) {
  options->encoder_layers = 2;
  options->encoder_loops = 3;
  options->decoder_layers = 3;
  options->decoder_loops = 2;
  options->decoder_loop_layer = 2;
}

static void untied(lat_model_options *options) {
  options->tied = 0;
  options->norm = LAT_NORM_PRE;
}

static variant *const variants[] = {
    encoder_alone, decoder_alone, copy_gate,        rms_norm, attention_dropout,
    lstm,          gru_attention, query_per_number, gated,    hashed,
    looped,        untied};
enum { VARIANTS = sizeof variants / sizeof *variants };

typedef struct open_run {
  small_run small;
  lat_trainer *trainer;
} open_run;

typedef lat_status start_function(lat_trainer **out, lat_model *model,
                                  const lat_optimizer_options *optimizer,
                                  const lat_trainer_options *options);

static void start(open_run *run, start_function *function, variant *change, int32_t threads,
                  const lat_trainer_options *options) {
  lat_context *ctx = NULL;
  lat_context_options context;
  lat_model_options model;
  lat_optimizer_options optimizer;
  lat_context_options_init(&context);
  context.threads = threads;
  context.precision = LAT_PRECISION_F32;
  CHECK_OK(lat_context_create(&ctx, &context));
  small_run_model_options(&model);
  change(&model);
  small_run_open_encoded(&run->small, ctx, &model, "p1000");
  small_run_optimizer_options(&optimizer, "adam");
  CHECK_OK(function(&run->trainer, run->small.model, &optimizer, options));
}

static void end(open_run *run) {
  lat_trainer_free(run->trainer);
  small_run_close(&run->small);
}

static void set_options(lat_trainer_options *options, const char *directory) {
  small_run_trainer_options(options, directory);
  options->max_examples = 120;
  options->checkpoint_every = 48;
  options->validate_every = 60;
  options->validate_count = 8;
}

static int32_t stop(const lat_progress *progress, void *user) {
  (void)user;
  return progress->examples >= 60;
}

START_TEST(stopped_and_resumed_is_straight) {
  char straight[256], stopped[256], left[256], right[256];
  scratch_folder folder;
  open_run run;
  lat_trainer_options options;
  scratch_open(&folder);
  set_options(&options, scratch_file(straight, &folder, "straight"));
  start(&run, lat_trainer_create, variants[_i], 1, &options);
  CHECK_OK(lat_trainer_run(run.trainer));
  end(&run);

  set_options(&options, scratch_file(stopped, &folder, "stopped"));
  options.progress = stop;
  start(&run, lat_trainer_create, variants[_i], 2, &options);
  CHECK_FAILS(lat_trainer_run(run.trainer), LAT_ERROR_CANCELLED, "callback asked to stop");
  end(&run);
  options.progress = NULL;
  start(&run, lat_trainer_resume, variants[_i], 3, &options);
  CHECK_OK(lat_trainer_run(run.trainer));
  end(&run);
  ck_assert(same_bytes(join_path(left, straight, "checkpoint.safetensors"),
                       join_path(right, stopped, "checkpoint.safetensors")));
  ck_assert(same_bytes(join_path(left, straight, "model.safetensors"),
                       join_path(right, stopped, "model.safetensors")));
  scratch_close(&folder);
}
END_TEST

/* Gradients as they were when a pass called them final. */
typedef struct final_gradients {
  const float *vector;
  float *then;
  size_t first; /* those from here on are */
  int calls;
} final_gradients;

static void keep_final(void *user, size_t first) {
  final_gradients *kept = user;
  ck_assert_uint_le(first, kept->first); /* again, where a layer is applied once more */
  memcpy(kept->then + first, kept->vector + first, (kept->first - first) * sizeof *kept->then);
  kept->first = first;
  ++kept->calls;
}

static void count_calls(void *user, size_t first) {
  final_gradients *told = user;
  told->first = first;
  ++told->calls;
}

START_TEST(what_is_called_final_is) {
  small_run small;
  lat_context *ctx = NULL;
  lat_gradients *gradients = NULL;
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_model_options options;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  small_run_model_options(&options);
  options.decoder_layers = 2;
  variants[_i](&options);
  CHECK_OK(lat_context_create(&ctx, NULL));
  small_run_open_encoded(&small, ctx, &options, "p1000");
  CHECK_OK(lat_gradients_create(&gradients, small.model));
  CHECK_OK(lat_sampler_create(&sampler, small.task, small.tokenizer, NULL));
  CHECK_OK(lat_batch_create(&batch, small.tokenizer));
  CHECK_OK(lat_sampler_next(batch, sampler, 4));
  const size_t count = lat_gradients_size(gradients);
  final_gradients kept = {lati_gradients_vector(gradients), calloc(count, sizeof(float)), count, 0};
  final_gradients told = {.first = count};
  lati_gradients_follow(gradients, keep_final, &kept);
  CHECK_OK(lat_gradients_accumulate(gradients, &sum, small.model, batch));
  ck_assert_int_gt(kept.calls, 0);
  ck_assert_mem_eq(kept.then + kept.first, kept.vector + kept.first,
                   (count - kept.first) * sizeof(float));
  lati_gradients_follow(gradients, count_calls, &told);
  lati_gradients_tell(gradients);
  ck_assert_int_eq(told.calls, kept.calls);
  ck_assert_uint_eq(told.first, kept.first);
  free(kept.then);
  lat_batch_free(batch);
  lat_sampler_free(sampler);
  lat_gradients_free(gradients);
  small_run_close(&small);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("architectures");
  tcase_add_loop_test(tests, stopped_and_resumed_is_straight, 0, VARIANTS);
  tcase_add_loop_test(tests, what_is_called_final_is, 0, VARIANTS);
  return run_case("architectures", tests);
}
