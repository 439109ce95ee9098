/* One of each object, small, for calls that are made to fail. */
#ifndef LAT_TESTS_FAULT_WORLD_H
#define LAT_TESTS_FAULT_WORLD_H

#include "counting_allocator.h"
#include "unit/train/small_run.h"

/* A context, which is dear to make, for many worlds. */
typedef struct fault_host {
  counting_allocator allocator;
  lat_context_options options;
  lat_context *ctx;
} fault_host;

typedef struct fault_world {
  fault_host *host;
  lat_context *ctx; /* the host's */
  lat_task *task, *other, *mixture;
  lat_tokenizer *tokenizer;
  lat_sampler *sampler;
  lat_batch *batch, *empty;
  lat_model *model, *frozen;
  lat_gradients *gradients;
  lat_optimizer *optimizer;
  lat_session *session;
  lat_solver *solver;
  lat_operator *op;  /* of the input */
  lat_linear *stack; /* of width 2, two layers with two heads */
  lat_trainer *trainer;
  lat_loss_sum sum;
  double numbers[4], answer[4];
  lat_matrix input, output;
  lat_optimizer_options optimizer_options;
  lat_trainer_options trainer_options;
  char path[256], directory[256];
} fault_world;

/* Which of the objects are made besides context, tasks, tokenizer, batch and model. */
enum {
  WITH_GRADIENTS = 1, /* and an optimizer */
  WITH_DECODING = 2,  /* session and solver */
  WITH_TRAINER = 4,   /* with a directory; has run a little */
  WITH_RUN = 8,       /* a trainer's directory, the trainer gone */
  WITH_FILE = 16,     /* of the frozen model, at path */
  WITH_NEW_TRAINER = 32,
  WITH_CUSTOM_FILE = 64, /* of a model whose tasks are custom ones, at path */
  WITH_MIXTURE = 128     /* models of the mixture instead of `task` */
};

/* A host's operator: y = 2 x. */
int32_t double_it(double *y, const double *x, int64_t size, void *user);

/* counted: through the counting allocator, else through the C library's. */
void fault_host_open(fault_host *host, int counted);
void fault_host_close(fault_host *host);

void fault_world_open(fault_world *world, fault_host *host, const scratch_folder *folder, int with);
void fault_world_close(fault_world *world);

#endif
