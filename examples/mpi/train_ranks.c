/* A training run shared by the ranks of a communicator:  mpirun -n 4 train_ranks DIRECTORY
 * [EXAMPLES] */
#include <lat/lat.h>
#include <lat/mpi.h>

#include <stdio.h>
#include <stdlib.h>

#define TRY(expression)                                                                            \
  do {                                                                                             \
    status = (expression);                                                                         \
    if (status != LAT_OK) {                                                                        \
      goto done;                                                                                   \
    }                                                                                              \
  } while (0)

/* Every rank makes the same objects. */
static lat_status make_model(lat_model **out, lat_context *ctx) {
  lat_status status = LAT_OK;
  lat_task *task = NULL;
  lat_tokenizer *tokenizer = NULL;
  lat_task_options problem;
  lat_model_options architecture;
  lat_task_options_init(&problem);
  problem.name = "transpose";
  problem.rows = 2;
  lat_model_options_init(&architecture);
  architecture.encoder_width = architecture.decoder_width = 64;
  architecture.encoder_heads = architecture.decoder_heads = 4;
  TRY(lat_tokenizer_create(&tokenizer, ctx, NULL));
  TRY(lat_task_create(&task, ctx, &problem));
  TRY(lat_model_create(out, task, tokenizer, &architecture));
done:
  lat_task_free(task);
  lat_tokenizer_free(tokenizer);
  return status;
}

static lat_status train(const char *directory, int64_t examples, lat_mpi **ranks) {
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  lat_model *model = NULL;
  lat_trainer *trainer = NULL;
  lat_context_options context;
  lat_optimizer_options rule;
  lat_trainer_options options;
  lat_progress progress;
  lat_context_options_init(&context);
  context.threads = 1;
  lat_optimizer_options_init(&rule);
  rule.learning_rate = 1e-3;
  lat_trainer_options_init(&options);
  options.directory = directory;
  options.max_examples = examples;
  options.validate_every = 3200;
  options.validate_count = 200;
  if (lat_mpi_attach(ranks, MPI_COMM_WORLD, &options) != LAT_OK) {
    fprintf(stderr, "MPI: %s\n", lat_mpi_last_error());
    return LAT_ERROR_CALLBACK;
  }
  TRY(lat_context_create(&ctx, &context));
  TRY(make_model(&model, ctx));
  TRY(lat_trainer_create(&trainer, model, &rule, &options));
  TRY(lat_trainer_run(trainer));
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  if (options.rank == 0) {
    printf("%d ranks, %lld examples: %.1f %% exact\n", (int)options.ranks,
           (long long)progress.examples, progress.exact);
  }
done:
  if (status != LAT_OK && options.rank == 0) {
    fprintf(stderr, "%s: %s\n", lat_status_name(status), lat_last_error());
  }
  lat_trainer_free(trainer);
  lat_model_free(model);
  lat_context_free(ctx);
  return status;
}

int main(int argc, char **argv) {
  lat_mpi *ranks = NULL;
  MPI_Init(&argc, &argv);
  const lat_status status =
      train(argc > 1 ? argv[1] : "run", argc > 2 ? strtoll(argv[2], NULL, 10) : 6400, &ranks);
  lat_mpi_free(ranks);
  MPI_Finalize();
  return status == LAT_OK ? 0 : 1;
}
