/* liblat_mpi as a program's own: what it refuses, a communicator of part of the ranks, a loop of
 * one's own. Run on one rank and on two. */
#include <lat/lat.h>
#include <lat/mpi.h>

#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: %s: %s; %s\n", __FILE__, __LINE__, #condition, lat_last_error(),     \
              lat_mpi_last_error());                                                               \
      exit(1);                                                                                     \
    }                                                                                              \
  } while (0)

static void expect_refused(lat_status got, lat_status wanted, const char *text) {
  if (got != wanted || strstr(lat_mpi_last_error(), text) == NULL) {
    fprintf(stderr, "%s: %s; expected %s\n", lat_status_name(got), lat_mpi_last_error(), text);
    exit(1);
  }
}

static void check_refusals(void) {
  lat_mpi *mpi = NULL;
  lat_trainer_options options = {.struct_size = 8};
  expect_refused(lat_mpi_attach(NULL, MPI_COMM_WORLD, NULL), LAT_ERROR_ARGUMENT, "out is NULL");
  expect_refused(lat_mpi_attach(&mpi, MPI_COMM_NULL, NULL), LAT_ERROR_ARGUMENT, "MPI_COMM_NULL");
  expect_refused(lat_mpi_attach(&mpi, MPI_COMM_WORLD, &options), LAT_ERROR_ARGUMENT, "struct_size");
  expect_refused(lat_mpi_sum(NULL, NULL, NULL), LAT_ERROR_ARGUMENT, "NULL");
  expect_refused(lat_mpi_set_time_limit(NULL, 1), LAT_ERROR_ARGUMENT, "NULL");
  CHECK(mpi == NULL && lat_mpi_rank(NULL) == 0 && lat_mpi_ranks(NULL) == 0);
  lat_mpi_free(NULL);
  lat_mpi_abort(NULL, 1);
}

/* The defaults that a trainer's options get. */
static void check_options(int rank, int ranks) {
  lat_mpi *mpi = NULL, *alone = NULL;
  lat_trainer_options options;
  lat_trainer_options_init(&options);
  CHECK(lat_mpi_attach_fortran(&mpi, (int32_t)MPI_Comm_c2f(MPI_COMM_WORLD), &options) == LAT_OK);
  CHECK(options.rank == rank && options.ranks == ranks && options.shards == 8);
  CHECK(lat_mpi_rank(mpi) == rank && lat_mpi_ranks(mpi) == ranks);
  CHECK(options.reduce != NULL && options.agree != NULL && options.connection == mpi);
  lat_trainer_options_init(&options);
  options.batch_size = 5;
  CHECK(lat_mpi_attach(&alone, MPI_COMM_SELF, &options) == LAT_OK);
  CHECK(options.ranks == 1 && options.shards == 4);
  expect_refused(lat_mpi_set_time_limit(alone, -1), LAT_ERROR_ARGUMENT, "negative");
  lat_mpi_free(alone);
  lat_mpi_free(mpi);
}

/* A small model; all of it belongs to the caller. */
static void open_model(lat_context **ctx, lat_task **task, lat_tokenizer **tokenizer,
                       lat_model **model) {
  lat_context_options context;
  lat_task_options problem;
  lat_model_options small;
  lat_context_options_init(&context);
  context.threads = 1;
  lat_task_options_init(&problem);
  problem.rows = 2;
  lat_model_options_init(&small);
  small.encoder_width = small.decoder_width = 16;
  small.encoder_heads = small.decoder_heads = 2;
  CHECK(lat_context_create(ctx, &context) == LAT_OK);
  CHECK(lat_task_create(task, *ctx, &problem) == LAT_OK);
  CHECK(lat_tokenizer_create(tokenizer, *ctx, NULL) == LAT_OK);
  CHECK(lat_model_create(model, *task, *tokenizer, &small) == LAT_OK);
}

static void close_model(lat_context *ctx, lat_task *task, lat_tokenizer *tokenizer,
                        lat_model *model) {
  lat_model_free(model);
  lat_tokenizer_free(tokenizer);
  lat_task_free(task);
  lat_context_free(ctx);
}

/* A communicator of one rank trains like a process that knows nothing of MPI. */
static double train_alone(int attached) {
  lat_context *ctx = NULL;
  lat_task *task = NULL;
  lat_tokenizer *tokenizer = NULL;
  lat_model *model = NULL;
  lat_trainer *trainer = NULL;
  lat_mpi *mpi = NULL;
  lat_trainer_options options;
  lat_progress progress;
  open_model(&ctx, &task, &tokenizer, &model);
  lat_trainer_options_init(&options);
  options.batch_size = 8;
  options.max_examples = 8;
  options.validate_every = 0;
  options.report_every = 1;
  options.shards = 8;
  CHECK(!attached || lat_mpi_attach(&mpi, MPI_COMM_SELF, &options) == LAT_OK);
  CHECK(lat_trainer_create(&trainer, model, NULL, &options) == LAT_OK);
  CHECK(lat_trainer_run(trainer) == LAT_OK);
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  lat_trainer_free(trainer);
  CHECK(!attached || (lat_mpi_ranks(mpi) == 1 && lat_mpi_bytes_sent(mpi) == 0));
  lat_mpi_free(mpi);
  close_model(ctx, task, tokenizer, model);
  return progress.loss;
}

/* A model, and the gradients of this rank's examples summed over all by a host that rounds so;
 * returns how many. */
static int64_t sum_gradients(float *first, lat_loss_sum *sum, lat_mpi *mpi, int64_t begin,
                             int64_t count, int rounding) {
  lat_context *ctx = NULL;
  lat_task *task = NULL;
  lat_tokenizer *tokenizer = NULL;
  lat_model *model = NULL;
  lat_gradients *gradients = NULL;
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  open_model(&ctx, &task, &tokenizer, &model);
  CHECK(lat_gradients_create(&gradients, model) == LAT_OK);
  CHECK(lat_sampler_create(&sampler, task, tokenizer, NULL) == LAT_OK);
  CHECK(lat_batch_create(&batch, tokenizer) == LAT_OK);
  lat_sampler_seek(sampler, (uint64_t)begin);
  lat_loss_sum_init(sum);
  CHECK(lat_sampler_next(batch, sampler, count) == LAT_OK);
  CHECK(lat_gradients_accumulate(gradients, sum, model, batch) == LAT_OK);
  fesetround(rounding);
  CHECK(mpi == NULL || lat_mpi_sum(mpi, gradients, sum) == LAT_OK);
  CHECK(fegetround() == rounding);
  fesetround(FE_TONEAREST);
  float *values = NULL;
  CHECK(lat_gradients_map(&values, gradients) == LAT_OK);
  memcpy(first, values, 100 * sizeof *first);
  CHECK(lat_gradients_commit(gradients) == LAT_OK);
  const int64_t size = (int64_t)lat_gradients_size(gradients);
  lat_batch_free(batch);
  lat_sampler_free(sampler);
  lat_gradients_free(gradients);
  close_model(ctx, task, tokenizer, model);
  return size;
}

static void check_sums(int rank, int ranks) {
  lat_mpi *mpi = NULL;
  float shared[100], upward[100], alone[100];
  lat_loss_sum sum, whole, other;
  CHECK(lat_mpi_attach(&mpi, MPI_COMM_WORLD, NULL) == LAT_OK);
  const int64_t each = 12 / ranks;
  const int64_t size = sum_gradients(shared, &sum, mpi, rank * each, each, FE_TONEAREST);
  /* The least that a sum on all ranks can do with: 2 (R - 1) / R of the vector. */
  CHECK(ranks > 2 || lat_mpi_bytes_sent(mpi) == (ranks - 1) * (int64_t)sizeof(float) * size);
  sum_gradients(upward, &other, mpi, rank * each, each, FE_UPWARD);
  CHECK(memcmp(upward, shared, sizeof shared) == 0 && other.loss == sum.loss);
  sum_gradients(alone, &whole, NULL, 0, 12, FE_TONEAREST);
  CHECK(sum.tokens == whole.tokens && sum.examples == 12);
  CHECK(fabs(sum.loss - whole.loss) < 1e-4 * whole.loss);
  for (int i = 0; i < 100; ++i) {
    CHECK(fabsf(shared[i] - alone[i]) <= 1e-4F * (1 + fabsf(alone[i])));
  }
  lat_mpi_free(mpi);
}

int main(int argc, char **argv) {
  lat_mpi *mpi = NULL;
  int rank = 0, ranks = 0;
  expect_refused(lat_mpi_attach(&mpi, MPI_COMM_WORLD, NULL), LAT_ERROR_STATE,
                 "MPI_Init() is missing");
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  CHECK(strstr(lat_mpi_library(), "MPI") != NULL);
  check_refusals();
  check_options(rank, ranks);
  check_sums(rank, ranks);
  CHECK(train_alone(1) == train_alone(0));
  MPI_Finalize();
  expect_refused(lat_mpi_start(&mpi, NULL), LAT_ERROR_STATE, "MPI was finalised");
  return 0;
}
