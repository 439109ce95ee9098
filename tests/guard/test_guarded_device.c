/* Nothing above the table of operations follows a pointer to numbers: on a device whose memory is
 * closed outside operations a model ends in the same bytes as on the processor. */
#include "../unit/train/thread_ranks.h"
#include "guarded_device.h"
#include "suite.h"
#include "transformer/transformer.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>

typedef void variant(lat_model_options *options);

static void copy_gate(lat_model_options *options) {
  options->norm = LAT_NORM_PRE;
  options->encoder_loops = 2;
  options->copy_gate = 1;
  options->ffn = LAT_FFN_GATED;
  options->dropout = 0.1;
}

static void factored(lat_model_options *options) {
  options->factored = options->matrix_positions = 1;
  options->activation = LAT_GELU;
  options->init = LAT_INIT_FOURIER;
  options->cross_query_from_input = 1;
  options->positions = LAT_POSITIONS_SINUSOIDAL;
}

static void factored_head(lat_model_options *options) {
  options->factored = options->factored_head = 1;
}

static void encoder_alone(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_ENCODER;
}

static void query_per_number(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_ENCODER;
  options->query_per_number = 1;
}

static void decoder_alone(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_DECODER;
  options->attention_dropout = 0.2;
}

static void lstm(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_LSTM;
}

static void gru_attention(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_GRU;
  options->encoder_attention = 1;
  options->norm_kind = LAT_NORM_KIND_RMS;
}

static void hashed(lat_model_options *options) {
  options->ffn = LAT_FFN_HASHED;
}

static variant *const variants[] = {copy_gate,     factored,         factored_head,
                                    encoder_alone, query_per_number, decoder_alone,
                                    lstm,          gru_attention,    hashed};
static const int32_t precisions[] = {LAT_PRECISION_F32, LAT_PRECISION_AUTO};
enum { VARIANTS = sizeof variants / sizeof *variants, CASES = 2 * VARIANTS };

/* Case i: a variant in f32, then in what the processor is best at. */
static lat_context *open_context(int i, int is_guarded, int32_t threads) {
  lat_context *ctx = NULL;
  lat_context_options options;
  lat_context_options_init(&options);
  options.threads = threads;
  options.precision = precisions[i / VARIANTS];
  CHECK_OK(lat_context_create(&ctx, &options));
  if (is_guarded) {
    ctx->device.operations = guarded_device_open(ctx->device.operations);
  }
  return ctx;
}

static void open_model(small_run *small, lat_context *ctx, int i) {
  lat_model_options options;
  small_run_model_options(&options);
  variants[i % VARIANTS](&options);
  small_run_open_encoded(small, ctx, &options, options.factored ? "fp15" : "p1000");
}

static void close_run(small_run *small, int is_guarded) {
  small_run_close(small);
  if (is_guarded) {
    ck_assert_uint_gt(guarded_device_close(), 0);
  }
}

static sigjmp_buf caught;

static void catch_fault(int number) {
  siglongjmp(caught, number);
}

/* 1 if the number can be read. */
static int is_readable(const volatile float *number) {
  struct sigaction action = {.sa_handler = catch_fault}, before;
  sigaction(SIGSEGV, &action, &before);
  const int fault = sigsetjmp(caught, 1);
  if (fault == 0) {
    (void)*number;
  }
  sigaction(SIGSEGV, &before, NULL);
  return fault == 0;
}

/* The guard itself: with it gone, the other tests could not fail. */
START_TEST(numbers_are_out_of_reach) {
  small_run small;
  lat_gradients *gradients = NULL;
  float number = 0;
  open_model(&small, open_context(0, 1, 1), 0);
  CHECK_OK(lat_gradients_create(&gradients, small.model));
  ck_assert(!is_readable(lat_model_parameters(small.model)));
  ck_assert(!is_readable(lati_gradients_vector(gradients)));
  ck_assert(!is_readable((const float *)(const void *)small.model->packed) ||
            small.model->packed == NULL);
  lati_device_read(&small.ctx->device, &number, small.model->parameters, sizeof number);
  ck_assert(number != 0);
  lat_gradients_free(gradients);
  close_run(&small, 1);
}
END_TEST

/* Adds numbers of the device to a file. */
static void put_numbers(FILE *file, const lat_context *ctx, const float *numbers, size_t count) {
  float *host = calloc(count, sizeof *host);
  ck_assert_ptr_nonnull(host);
  lati_device_read(&ctx->device, host, numbers, count * sizeof *host);
  ck_assert_uint_eq(fwrite(host, sizeof *host, count, file), count);
  free(host);
}

/* Loss, logits and gradients of a batch, with a target spread. */
static void put_passes(FILE *file, const small_run *small) {
  enum { EXAMPLES = 2, MOST_LOGITS = 1 << 20 };
  static float logits[MOST_LOGITS];
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_gradients *gradients = NULL;
  float *mapped = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  CHECK_OK(lat_sampler_create(&sampler, small->task, small->tokenizer, NULL));
  CHECK_OK(lat_batch_create(&batch, small->tokenizer));
  CHECK_OK(lat_sampler_next(batch, sampler, EXAMPLES));
  CHECK_OK(lat_model_loss(&sum, small->model, batch));
  CHECK_OK(lat_model_logits(logits, MOST_LOGITS, small->model, batch));
  CHECK_OK(lat_gradients_create(&gradients, small->model));
  lat_gradients_zero(gradients);
  CHECK_OK(lat_gradients_accumulate(gradients, &sum, small->model, batch));
  CHECK_OK(lat_gradients_set_target_spread(gradients, 1));
  CHECK_OK(lat_gradients_accumulate(gradients, &sum, small->model, batch));
  ck_assert_uint_eq(fwrite(&sum, sizeof sum, 1, file), 1);
  ck_assert_uint_eq(fwrite(logits, sizeof logits, 1, file), 1);
  put_numbers(file, small->ctx, lati_gradients_vector(gradients), lat_gradients_size(gradients));
  CHECK_OK(lat_gradients_map(&mapped, gradients));
  mapped[3] += 0.5F;
  CHECK_OK(lat_gradients_commit(gradients));
  CHECK_OK(lat_gradients_accumulate(gradients, &sum, small->model, batch));
  CHECK_OK(lat_gradients_map(&mapped, gradients));
  ck_assert_uint_eq(fwrite(mapped, sizeof *mapped, lat_gradients_size(gradients), file),
                    lat_gradients_size(gradients));
  lat_gradients_free(gradients);
  lat_batch_free(batch);
  lat_sampler_free(sampler);
}

/* Parameters that the host changes. */
static void change_by_hand(lat_model *model) {
  float *parameters = NULL;
  CHECK_OK(lat_model_map(&parameters, model));
  const float kept = parameters[3];
  parameters[3] = INFINITY;
  CHECK_FAILS(lat_model_commit(model), LAT_ERROR_NUMERIC, "element 3 is not finite");
  parameters[3] = kept + 0.5F;
  CHECK_OK(lat_model_commit(model));
}

/* Models that come from others, by copies and by files of both types. */
static void copy_model(const small_run *small, const char *folder) {
  char path[256];
  float *mapped = NULL;
  lat_model *copy = NULL, *from = NULL, *loaded = NULL;
  CHECK_OK(lat_model_clone(&copy, small->model));
  CHECK_OK(lat_model_create_from(&from, copy, small->task, NULL));
  CHECK_OK(lat_model_save_as(from, join_path(path, folder, "rounded.safetensors"), "bf16"));
  change_by_hand(copy);
  CHECK_OK(lat_model_save(copy, join_path(path, folder, "changed.safetensors")));
  join_path(path, folder, "rounded.safetensors");
  CHECK_OK(lat_model_load(&loaded, small->ctx, path, NULL));
  CHECK_OK(lat_model_save(loaded, join_path(path, folder, "model.safetensors")));
  lat_model_free(loaded);
  lat_model_free(from);
  CHECK_OK(lat_model_map(&mapped, copy)); /* and never committed */
  lat_model_free(copy);
}

static void pass_through(int i, int is_guarded, const char *folder) {
  char path[256];
  small_run small;
  open_model(&small, open_context(i, is_guarded, 1 + i % 2), i);
  FILE *file = fopen(join_path(path, folder, "numbers"), "wb");
  ck_assert_ptr_nonnull(file);
  put_passes(file, &small);
  ck_assert_int_eq(fclose(file), 0);
  copy_model(&small, folder);
  close_run(&small, is_guarded);
}

typedef void program(int i, int is_guarded, const char *folder);

/* Runs the program on the processor and on the device; the named files are the same. */
static void compare(program *run, int i, const char *const *names) {
  char plain[256], guarded[256], left[256], right[256];
  scratch_folder folder;
  scratch_open(&folder);
  ck_assert_int_eq(mkdir(scratch_file(plain, &folder, "plain"), 0700), 0);
  ck_assert_int_eq(mkdir(scratch_file(guarded, &folder, "guarded"), 0700), 0);
  run(i, 0, plain);
  run(i, 1, guarded);
  for (; *names != NULL; ++names) {
    ck_assert_msg(same_bytes(join_path(left, plain, *names), join_path(right, guarded, *names)),
                  "%s differs", *names);
  }
  scratch_close(&folder);
}

START_TEST(passes_and_files_are_those_of_the_processor) {
  static const char *const names[] = {"numbers", "rounded.safetensors", "changed.safetensors",
                                      "model.safetensors", NULL};
  compare(pass_through, _i, names);
}
END_TEST

/* A variant by both rules, in one precision each. */
static void set_updates(lat_optimizer_options *options, int i) {
  small_run_optimizer_options(options, (i % VARIANTS + i / VARIANTS) % 2 == 0 ? "adamw" : "muon");
  options->weight_decay = 0.01;
  options->ema_decay = 0.9;
  options->clip_norm = 0.5;
}

/* A run in shards and accumulations that is stopped, and resumed from its checkpoint. */
static void train(int i, int is_guarded, const char *folder) {
  small_run small;
  lat_optimizer_options optimizer;
  lat_trainer_options options;
  open_model(&small, open_context(i, is_guarded, 1 + i % 2), i);
  set_updates(&optimizer, i);
  small_run_trainer_options(&options, folder);
  options.batch_size = 2;
  options.shards = 2;
  options.validate_every = 4;
  options.validate_count = 3;
  options.checkpoint_every = 4;
  for (int part = 1; part <= 2; ++part) {
    lat_trainer *trainer = NULL;
    options.max_examples = part * 8;
    CHECK_OK((part == 1 ? lat_trainer_create : lat_trainer_resume)(&trainer, small.model,
                                                                   &optimizer, &options));
    CHECK_OK(lat_trainer_run(trainer));
    lat_trainer_free(trainer);
  }
  close_run(&small, is_guarded);
}

START_TEST(checkpoints_are_those_of_the_processor) {
  static const char *const names[] = {"checkpoint.safetensors", "model.safetensors", NULL};
  compare(train, _i, names);
}
END_TEST

/* One of two ranks, in a thread of its own. */
typedef struct rank_run {
  rank_group *group;
  const lati_backend *device; /* NULL: the processor itself */
  const char *folder;
  int i;
  int32_t rank;
} rank_run;

/* Sums in shards, stopped and resumed by both; every other case splits the moments. */
static void *train_rank(void *argument) {
  const rank_run *self = argument;
  small_run small;
  lat_optimizer_options optimizer;
  lat_trainer_options options;
  lat_context *ctx = open_context(self->i, 0, 1);
  ctx->device.operations = self->device != NULL ? self->device : ctx->device.operations;
  open_model(&small, ctx, self->i);
  set_updates(&optimizer, self->i);
  small_run_trainer_options(&options, self->folder);
  join_group(&options, self->group, self->rank);
  options.batch_size = 8;
  options.shards = 8;
  options.split_optimizer = self->i / 2 % 2;
  options.validate_every = 16;
  options.validate_count = 3;
  for (int part = 1; part <= 2; ++part) {
    lat_trainer *trainer = NULL;
    options.max_examples = (int64_t)part * 32;
    CHECK_OK((part == 1 ? lat_trainer_create : lat_trainer_resume)(&trainer, small.model,
                                                                   &optimizer, &options));
    CHECK_OK(lat_trainer_run(trainer));
    lat_trainer_free(trainer);
  }
  small_run_close(&small);
  return NULL;
}

static void train_ranks(int i, int is_guarded, const char *folder) {
  enum { RANKS = 2 };
  pthread_t threads[RANKS];
  rank_group group;
  rank_run ranks[RANKS];
  lat_context *ctx = open_context(i, 0, 1); /* for its operations */
  const lati_backend *device = is_guarded ? guarded_device_open(ctx->device.operations) : NULL;
  rank_group_open(&group, RANKS);
  for (int32_t rank = 0; rank < RANKS; ++rank) {
    ranks[rank] = (rank_run){&group, device, folder, i, rank};
    ck_assert_int_eq(pthread_create(&threads[rank], NULL, train_rank, &ranks[rank]), 0);
  }
  for (int32_t rank = 0; rank < RANKS; ++rank) {
    ck_assert_int_eq(pthread_join(threads[rank], NULL), 0);
  }
  rank_group_close(&group);
  if (is_guarded) {
    ck_assert_uint_gt(guarded_device_close(), 0);
  }
  lat_context_free(ctx);
}

/* What is summed and gathered is brought to the ranks' functions, and back. */
START_TEST(ranks_end_as_on_the_processor) {
  static const char *const names[] = {"checkpoint.safetensors", "model.safetensors", NULL};
  compare(train_ranks, _i, names);
}
END_TEST

/* A loop of the host's own, its optimizer saved, loaded, and its average shown. */
static void update_by_hand(int i, int is_guarded, const char *folder) {
  char path[256];
  small_run small;
  lat_gradients *gradients = NULL;
  lat_optimizer *optimizer = NULL;
  lat_optimizer_options options;
  lat_loss_sum sum;
  open_model(&small, open_context(i, is_guarded, 1 + i % 2), i);
  set_updates(&options, i);
  lat_loss_sum_init(&sum);
  CHECK_OK(lat_gradients_create(&gradients, small.model));
  CHECK_OK(lat_optimizer_create(&optimizer, small.model, &options));
  for (int step = 0; step < 2; ++step) {
    small_run_accumulate(gradients, &sum, &small, 3);
    CHECK_OK(lat_optimizer_step(optimizer, small.model, gradients, &sum));
    CHECK_OK(lat_optimizer_save(optimizer, small.model, join_path(path, folder, "state")));
    CHECK_OK(lat_optimizer_load(optimizer, small.model, path));
  }
  CHECK_OK(lat_optimizer_swap_average(optimizer, small.model));
  CHECK_OK(lat_model_save(small.model, join_path(path, folder, "average")));
  lat_optimizer_free(optimizer);
  lat_gradients_free(gradients);
  close_run(&small, is_guarded);
}

START_TEST(loops_of_the_host_end_as_on_the_processor) {
  static const char *const names[] = {"state", "average", NULL};
  compare(update_by_hand, _i, names);
}
END_TEST

static const int32_t methods[] = {LAT_DECODE_GREEDY, LAT_DECODE_BEAM, LAT_DECODE_SAMPLE};

/* Answers and their log-probabilities, of batches of two sizes. */
static void put_answers(FILE *file, lat_model *model, int32_t method) {
  lat_session *session = NULL;
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_sequences out;
  lat_decode_options options;
  lat_decode_options_init(&options);
  options.method = method;
  options.beam_width = 3;
  options.max_tokens = 20;
  CHECK_OK(lat_session_create(&session, model, &options));
  CHECK_OK(lat_sampler_create(&sampler, lat_model_task(model), lat_model_tokenizer(model), NULL));
  CHECK_OK(lat_batch_create(&batch, lat_model_tokenizer(model)));
  for (int64_t count = 2; count <= 5; count += 3) {
    CHECK_OK(lat_sampler_next(batch, sampler, count));
    CHECK_OK(lat_session_decode(&out, session, batch));
    ck_assert_int_eq(out.count, count);
    const size_t tokens = (size_t)out.offsets[count];
    ck_assert_uint_eq(fwrite(out.tokens, sizeof *out.tokens, tokens, file), tokens);
    ck_assert_uint_eq(
        fwrite(lat_session_log_probabilities(session), sizeof(double), (size_t)count, file),
        (size_t)count);
  }
  lat_batch_free(batch);
  lat_sampler_free(sampler);
  lat_session_free(session);
}

static void decode(int i, int is_guarded, const char *folder) {
  char path[256];
  small_run small;
  open_model(&small, open_context(i, is_guarded, 1 + i % 2), i);
  FILE *file = fopen(join_path(path, folder, "answers"), "wb");
  ck_assert_ptr_nonnull(file);
  for (size_t m = 0; m < sizeof methods / sizeof *methods; ++m) {
    put_answers(file, small.model, methods[m]);
  }
  ck_assert_int_eq(fclose(file), 0);
  close_run(&small, is_guarded);
}

START_TEST(answers_are_those_of_the_processor) {
  static const char *const names[] = {"answers", NULL};
  compare(decode, _i, names);
}
END_TEST

/* The solver, several candidates refined, and measurements of the products. */
START_TEST(what_is_left_runs_as_well) {
  small_run small;
  lat_solver *solver = NULL;
  lat_decode_options options;
  lat_report report;
  double ceiling = 0, products = 0, a[4] = {1, 2, 3, 4}, x[4];
  const lat_matrix input = {a, 2, 2, 2, LAT_ROW_MAJOR};
  lat_matrix answer = {x, 2, 2, 2, LAT_ROW_MAJOR};
  open_model(&small, open_context(_i, 1, 1), _i);
  lat_decode_options_init(&options);
  options.candidates = 3;
  lat_report_init(&report);
  CHECK_OK(lat_solver_create(&solver, small.model, &options));
  CHECK_OK(lat_solver_solve(&answer, &report, solver, &input));
  CHECK_OK(lat_context_measure(&ceiling, &products, small.ctx, 40, 70, 30, 0));
  ck_assert(products > 0);
  lat_solver_free(solver);
  close_run(&small, 1);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("guarded device");
  tcase_add_test(tests, numbers_are_out_of_reach);
  tcase_add_loop_test(tests, passes_and_files_are_those_of_the_processor, 0, CASES);
  tcase_add_loop_test(tests, checkpoints_are_those_of_the_processor, 0, CASES);
  tcase_add_loop_test(tests, ranks_end_as_on_the_processor, 0, 4);
  tcase_add_loop_test(tests, loops_of_the_host_end_as_on_the_processor, 2, 4);
  tcase_add_loop_test(tests, answers_are_those_of_the_processor, 0, CASES);
  tcase_add_loop_test(tests, what_is_left_runs_as_well, 0, CASES);
  return run_case("guarded device", tests);
}
