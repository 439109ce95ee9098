#include "struct_users.h"

#include <string.h>

static void set_model(void *structure) {
  lat_model_options *options = structure;
  options->encoder_width = options->decoder_width = 16;
  options->encoder_heads = options->decoder_heads = 2;
}

static void set_trainer(void *structure) {
  lat_trainer_options *options = structure;
  options->max_examples = 64;
}

static void set_evaluate(void *structure) {
  lat_evaluate_options *options = structure;
  options->count = 2;
}

static int32_t shape_of_one(int32_t *rows, int32_t *cols, lat_random *random, void *user) {
  (void)random;
  (void)user;
  *rows = *cols = 1;
  return 0;
}

static int32_t same_shape(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                          const int32_t *input_cols, void *user) {
  (void)user;
  *rows = *input_rows;
  *cols = *input_cols;
  return 0;
}

static int32_t draw_one(lat_matrix *input, lat_random *random, void *user) {
  (void)user;
  input->data[0] = lat_random_uniform(random);
  return 0;
}

static int32_t answer_same(lat_matrix *output, const lat_matrix *input, void *user) {
  (void)user;
  output->data[0] = input->data[0];
  return 0;
}

static void set_functions(void *structure) {
  lat_task_functions *functions = structure;
  functions->name = "same";
  functions->letter = 'Z';
  functions->input_shape = shape_of_one;
  functions->output_shape = same_shape;
  functions->draw = draw_one;
  functions->answer = answer_same;
}

static lat_status use_context(world *w, void *structure) {
  (void)w;
  lat_context *ctx = NULL;
  lat_status status = lat_context_create(&ctx, structure);
  lat_context_free(ctx);
  return status;
}

static lat_status use_tokenizer(world *w, void *structure) {
  lat_tokenizer *tokenizer = NULL;
  lat_status status = lat_tokenizer_create(&tokenizer, w->ctx, structure);
  lat_tokenizer_free(tokenizer);
  return status;
}

static lat_status use_task(world *w, void *structure) {
  lat_task *task = NULL;
  lat_status status = lat_task_create(&task, w->ctx, structure);
  lat_task_free(task);
  return status;
}

static lat_status use_functions(world *w, void *structure) {
  lat_task *task = NULL;
  lat_status status = lat_task_create_custom(&task, w->ctx, structure, NULL);
  lat_task_free(task);
  return status;
}

static lat_status score_with(lat_score *score, const lat_score_options *options, const world *w) {
  double a_data[4] = {1, 2, 3, 4}, x_data[4] = {1, 3, 2, 4};
  lat_matrix a = {a_data, 2, 2, 2, LAT_ROW_MAJOR}, x = {x_data, 2, 2, 2, LAT_ROW_MAJOR};
  return lat_task_score(score, w->task, &a, NULL, &x, options);
}

static lat_status use_score_options(world *w, void *structure) {
  lat_score score;
  lat_score_init(&score);
  return score_with(&score, structure, w);
}

static lat_status use_score(world *w, void *structure) {
  return score_with(structure, NULL, w);
}

static lat_status use_sampler(world *w, void *structure) {
  lat_sampler *sampler = NULL;
  lat_status status = lat_sampler_create(&sampler, w->task, w->tokenizer, structure);
  lat_sampler_free(sampler);
  return status;
}

static lat_status use_model(world *w, void *structure) {
  lat_model *model = NULL;
  lat_status status = lat_model_create(&model, w->task, w->tokenizer, structure);
  lat_model_free(model);
  return status;
}

static lat_status use_optimizer(world *w, void *structure) {
  lat_optimizer *optimizer = NULL;
  lat_status status = lat_optimizer_create(&optimizer, w->model, structure);
  lat_optimizer_free(optimizer);
  return status;
}

static lat_status use_trainer(world *w, void *structure) {
  lat_trainer *trainer = NULL;
  lat_status status = lat_trainer_create(&trainer, w->model, NULL, structure);
  lat_trainer_free(trainer);
  return status;
}

static lat_status use_progress(world *w, void *structure) {
  lat_trainer_progress(structure, w->trainer);
  return LAT_OK;
}

static lat_status use_decode(world *w, void *structure) {
  lat_session *session = NULL;
  lat_status status = lat_session_create(&session, w->model, structure);
  lat_session_free(session);
  return status;
}

static lat_status use_report(world *w, void *structure) {
  double a_data[4] = {1, 2, 3, 4}, x_data[4];
  lat_matrix a = {a_data, 2, 2, 2, LAT_ROW_MAJOR}, x = {x_data, 2, 2, 2, LAT_ROW_MAJOR};
  return lat_solver_solve(&x, structure, w->solver, &a);
}

static lat_status use_evaluate(world *w, void *structure) {
  lat_evaluation *evaluation = NULL;
  lat_status status = lat_evaluate(&evaluation, w->model, structure);
  lat_evaluation_free(evaluation);
  return status;
}

static lat_status use_diagnosis(world *w, void *structure) {
  lat_evaluation *evaluation = NULL;
  lat_evaluate_options options;
  lat_evaluate_options_init(&options);
  options.count = options.diagnose = 1;
  lat_status status = lat_evaluate(&evaluation, w->model, &options);
  if (status == LAT_OK) {
    status = lat_evaluation_diagnosis(structure, evaluation);
  }
  lat_evaluation_free(evaluation);
  return status;
}

static lat_status use_linear_certificate(world *w, void *structure) {
  const double z[] = {1, 2}, y[] = {1, 8};
  lat_linear *stack = NULL;
  lat_status status = lat_linear_create(&stack, w->ctx, 1, 1, 1);
  if (status == LAT_OK) {
    status = lat_linear_fit(stack, structure, z, y, 2, 1, 1, 1);
  }
  lat_linear_free(stack);
  return status;
}

static lat_status use_loss_sum(world *w, void *structure) {
  lat_batch *batch = NULL;
  lat_sampler *sampler = NULL;
  lat_status status = lat_batch_create(&batch, w->tokenizer);
  if (status == LAT_OK) {
    status = lat_sampler_create(&sampler, w->task, w->tokenizer, NULL);
  }
  if (status == LAT_OK) {
    status = lat_sampler_next(batch, sampler, 1);
  }
  if (status == LAT_OK) {
    status = lat_model_loss(structure, w->model, batch);
  }
  lat_sampler_free(sampler);
  lat_batch_free(batch);
  return status;
}

static lat_status use_tensor(world *w, void *structure) {
  return lat_model_tensor(structure, w->model, 0);
}

/* Rows of evaluations and examples are the library's own, and have no function that fills one. */
static void lat_accuracy_init_sized(void *structure, size_t size) {
  memset(structure, 0, size);
  memcpy(structure, &size, sizeof size);
}

static void lat_observation_init_sized(void *structure, size_t size) {
  lat_accuracy_init_sized(structure, size);
}

static void lat_reduction_init_sized(void *structure, size_t size) {
  lat_accuracy_init_sized(structure, size);
}

static void lat_agreement_init_sized(void *structure, size_t size) {
  lat_accuracy_init_sized(structure, size);
}

/* As much as both know of one of them; `known` stands in front of it. */
static void copy_known(void *structure, const void *from) {
  size_t size = 0, known = 0;
  memcpy(&size, structure, sizeof size);
  memcpy(&known, from, sizeof known);
  size = size > sizeof size ? size : sizeof size; /* never initialised */
  memcpy((char *)structure + sizeof size, (const char *)from + sizeof size,
         (size < known ? size : known) - sizeof size);
}

static lat_status use_accuracy(world *w, void *structure) {
  lat_evaluation *evaluation = NULL;
  lat_evaluate_options options;
  lat_evaluate_options_init(&options);
  options.count = 1;
  lat_status status = lat_evaluate(&evaluation, w->model, &options);
  if (status == LAT_OK) {
    copy_known(structure, lat_evaluation_row(evaluation, 0));
  }
  lat_evaluation_free(evaluation);
  return status;
}

static int32_t keep_observation(const lat_observation *observation, void *user) {
  copy_known(user, observation);
  return 0;
}

static lat_status use_observation(world *w, void *structure) {
  lat_evaluation *evaluation = NULL;
  lat_evaluate_options options;
  lat_evaluate_options_init(&options);
  options.count = 1;
  options.observe = keep_observation;
  options.user = structure;
  const lat_status status = lat_evaluate(&evaluation, w->model, &options);
  lat_evaluation_free(evaluation);
  return status;
}

/* What a run of two ranks hands to its host; NULL: not kept. */
typedef struct rank_host {
  void *reduction, *agreement;
} rank_host;

static lat_status keep_reduction(const lat_reduction *reduction, void *user) {
  const rank_host *host = user;
  if (host->reduction != NULL) {
    copy_known(host->reduction, reduction);
  }
  return LAT_OK;
}

/* The other rank says what this one does. */
static lat_status keep_agreement(const lat_agreement *agreement, void *user) {
  const rank_host *host = user;
  char *rows = agreement->rows;
  memcpy(rows + agreement->size, rows, agreement->size);
  if (host->agreement != NULL) {
    copy_known(host->agreement, agreement);
  }
  return LAT_OK;
}

static lat_status run_as_rank(world *w, rank_host *host) {
  lat_trainer *trainer = NULL;
  lat_trainer_options options;
  lat_trainer_options_init(&options);
  options.max_examples = options.batch_size = 4;
  options.validate_every = 0;
  options.shards = options.ranks = 2;
  options.reduce = keep_reduction;
  options.agree = keep_agreement;
  options.connection = host;
  lat_status status = lat_trainer_create(&trainer, w->model, NULL, &options);
  if (status == LAT_OK) {
    status = lat_trainer_run(trainer);
  }
  lat_trainer_free(trainer);
  return status;
}

static lat_status use_reduction(world *w, void *structure) {
  rank_host host = {structure, NULL};
  return run_as_rank(w, &host);
}

static lat_status use_agreement(world *w, void *structure) {
  rank_host host = {NULL, structure};
  return run_as_rank(w, &host);
}

/* The init functions, as one type of function. */
#define INIT(structure)                                                                            \
  static void init_##structure(void *s, size_t size) {                                             \
    lat_##structure##_init_sized(s, size);                                                         \
  }
INIT(context_options)
INIT(tokenizer_options)
INIT(task_options)
INIT(task_functions)
INIT(score_options)
INIT(score)
INIT(sampler_options)
INIT(model_options)
INIT(loss_sum)
INIT(tensor)
INIT(accuracy)
INIT(optimizer_options)
INIT(trainer_options)
INIT(progress)
INIT(decode_options)
INIT(report)
INIT(evaluate_options)
INIT(diagnosis)
INIT(linear_certificate)
INIT(observation)
INIT(reduction)
INIT(agreement)

#define FIRST(structure) (offsetof(lat_##structure, struct_size) + sizeof(size_t) + 8)
#define UP_TO(structure, member) (offsetof(lat_##structure, member) + 8)
#define USER(structure, least, output, set, use)                                                   \
  { #structure, sizeof(lat_##structure), (least), (output), init_##structure, (set), (use) }

const struct_user struct_users[] = {
    USER(context_options, FIRST(context_options), 0, NULL, use_context),
    USER(tokenizer_options, FIRST(tokenizer_options), 0, NULL, use_tokenizer),
    USER(task_options, FIRST(task_options), 0, NULL, use_task),
    USER(task_functions, UP_TO(task_functions, answer), 0, set_functions, use_functions),
    USER(score_options, FIRST(score_options), 0, NULL, use_score_options),
    USER(score, FIRST(score), 1, NULL, use_score),
    USER(sampler_options, FIRST(sampler_options), 0, NULL, use_sampler),
    USER(model_options, UP_TO(model_options, decoder_heads), 0, set_model, use_model),
    USER(loss_sum, UP_TO(loss_sum, correct_examples), 1, NULL, use_loss_sum),
    USER(tensor, FIRST(tensor), 1, NULL, use_tensor),
    USER(accuracy, FIRST(accuracy), 1, NULL, use_accuracy),
    USER(optimizer_options, FIRST(optimizer_options), 0, NULL, use_optimizer),
    USER(trainer_options, UP_TO(trainer_options, max_examples), 0, set_trainer, use_trainer),
    USER(progress, FIRST(progress), 1, NULL, use_progress),
    USER(decode_options, FIRST(decode_options), 0, NULL, use_decode),
    USER(report, FIRST(report), 1, NULL, use_report),
    USER(evaluate_options, FIRST(evaluate_options), 0, set_evaluate, use_evaluate),
    USER(diagnosis, FIRST(diagnosis), 1, NULL, use_diagnosis),
    USER(linear_certificate, FIRST(linear_certificate), 1, NULL, use_linear_certificate),
    USER(observation, FIRST(observation), 1, NULL, use_observation),
    USER(reduction, FIRST(reduction), 1, NULL, use_reduction),
    USER(agreement, FIRST(agreement), 1, NULL, use_agreement),
    {NULL, 0, 0, 0, NULL, NULL, NULL},
};

lat_status world_open(world *w) {
  lat_task_options task;
  lat_model_options model;
  lat_trainer_options trainer;
  lat_context_options context;
  lat_task_options_init(&task);
  lat_model_options_init(&model);
  lat_trainer_options_init(&trainer);
  lat_context_options_init(&context);
  task.rows = 2;
  context.threads = 1;
  set_model(&model);
  set_trainer(&trainer);
  *w = (world){.ctx = NULL};
  lat_status status = lat_context_create(&w->ctx, &context);
  if (status == LAT_OK) {
    status = lat_task_create(&w->task, w->ctx, &task);
  }
  if (status == LAT_OK) {
    status = lat_tokenizer_create(&w->tokenizer, w->ctx, NULL);
  }
  if (status == LAT_OK) {
    status = lat_model_create(&w->model, w->task, w->tokenizer, &model);
  }
  if (status == LAT_OK) {
    status = lat_trainer_create(&w->trainer, w->model, NULL, &trainer);
  }
  if (status == LAT_OK) {
    status = lat_solver_create(&w->solver, w->model, NULL);
  }
  return status;
}

void world_close(world *w) {
  lat_solver_free(w->solver);
  lat_trainer_free(w->trainer);
  lat_model_free(w->model);
  lat_tokenizer_free(w->tokenizer);
  lat_task_free(w->task);
  lat_context_free(w->ctx);
}
