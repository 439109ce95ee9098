/* Every public call that can allocate, with each of its allocations failing: of the context's
 * allocator (from the N-th on) and of the whole process (the N-th, once). The call says MEMORY,
 * leaves nothing behind, and works when it is made again. */
#include "failing_malloc.h"
#include "fault_world.h"
#include "suite.h"

#include <errno.h>
#include <jansson.h>
#include <unistd.h>

typedef lat_status fault_call(fault_world *world, void **out);

/* A call, what it needs, and how its result is released; NULL where there is none. */
typedef struct fault_case {
  const char *name;
  int with;
  fault_call *call;
  void (*release)(void *object);
} fault_case;

static scratch_folder folder;

#define RELEASE(object)                                                                            \
  static void release_##object(void *handle) {                                                     \
    lat_##object##_free(handle);                                                                   \
  }
RELEASE(context)
RELEASE(task)
RELEASE(tokenizer)
RELEASE(sampler)
RELEASE(batch)
RELEASE(model)
RELEASE(gradients)
RELEASE(optimizer)
RELEASE(session)
RELEASE(solver)
RELEASE(operator)
RELEASE(linear)
RELEASE(evaluation)
RELEASE(trainer)

static lat_status create_context(fault_world *world, void **out) {
  return lat_context_create((lat_context **)out, &world->host->options);
}

static lat_status measure_products(fault_world *world, void **out) {
  double ceiling = 0, products = 0;
  (void)out;
  return lat_context_measure(&ceiling, &products, world->ctx, 2, 3, 4, 0.0);
}

static lat_status create_task(fault_world *world, void **out) {
  return lat_task_create((lat_task **)out, world->ctx, NULL);
}

static int32_t shape(int32_t *rows, int32_t *cols, lat_random *random, void *user) {
  (void)user;
  *rows = *cols = lat_random_integer(random, 1, 2);
  return 0;
}

static int32_t same_shape(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                          const int32_t *input_cols, void *user) {
  (void)user;
  *rows = *input_rows;
  *cols = *input_cols;
  return 0;
}

static int32_t draw(lat_matrix *input, lat_random *random, void *user) {
  (void)user;
  input->data[0] = lat_random_uniform(random) + lat_random_normal(random);
  return 0;
}

static int32_t copy(lat_matrix *output, const lat_matrix *input, void *user) {
  (void)user;
  output->data[0] = input->data[0];
  return 0;
}

static lat_status create_custom(fault_world *world, void **out) {
  lat_task_functions functions;
  lat_task_functions_init(&functions);
  functions.name = "copy";
  functions.letter = 'C';
  functions.input_shape = shape;
  functions.output_shape = same_shape;
  functions.draw = draw;
  functions.answer = copy;
  return lat_task_create_custom((lat_task **)out, world->ctx, &functions, NULL);
}

static lat_status create_mixture(fault_world *world, void **out) {
  lat_task *const tasks[] = {world->task, world->other};
  return lat_task_create_mixture((lat_task **)out, world->ctx, tasks, NULL, 2);
}

static lat_status answer_inverse(fault_world *world, void **out) {
  (void)out;
  return lat_task_answer(&world->output, world->task, &world->input);
}

/* A canonical task of its own: the world's is not one. */
static lat_status canonicalize_and_restore(fault_world *world, void **out) {
  double moved_data[4], transform[4096 / sizeof(double)];
  lat_matrix moved = {moved_data, 2, 2, 2, LAT_ROW_MAJOR};
  lat_task_options options;
  lat_task *task = NULL;
  (void)out;
  lat_task_options_init(&options);
  options.name = "inverse";
  options.rows = 2;
  options.canonical = 1;
  lat_status status = lat_task_create(&task, world->ctx, &options);
  if (status == LAT_OK && lat_task_transform_size(task) > sizeof transform) {
    status = LAT_ERROR_INTERNAL; /* Check's macros allocate too */
  }
  if (status == LAT_OK) {
    status = lat_task_canonicalize(&moved, 1, transform, task, &world->input);
  }
  if (status == LAT_OK) {
    status = lat_task_restore(&moved, 1, task, transform, &moved);
  }
  lat_task_free(task);
  return status;
}

static lat_status answer_operands(fault_world *world, void **out) {
  (void)out;
  return lat_task_answer_operands(&world->output, 1, world->task, &world->input, 1);
}

static lat_status score_operands(fault_world *world, void **out) {
  lat_score score;
  (void)out;
  lat_score_init(&score);
  return lat_task_score_operands(&score, world->task, &world->input, 1, NULL, &world->output, 1,
                                 NULL);
}

static lat_status append_operands(fault_world *world, void **out) {
  (void)out;
  lat_batch_clear(world->empty);
  return lat_batch_append_operands(world->empty, 0, world->task, &world->input, 1, &world->input,
                                   1);
}

static lat_status solve_operands(fault_world *world, void **out) {
  (void)out;
  return lat_solver_solve_operands(&world->output, 1, NULL, world->solver, &world->input, 1, 1);
}

static lat_status score_eigenvalues(fault_world *world, void **out) {
  lat_score score;
  lat_matrix prediction = {world->answer, 2, 1, 1, LAT_ROW_MAJOR};
  (void)out;
  lat_score_init(&score);
  return lat_task_score(&score, world->other, &world->input, NULL, &prediction, NULL);
}

static lat_status score_inverse(fault_world *world, void **out) {
  lat_score score;
  (void)out;
  lat_score_init(&score);
  return lat_task_score(&score, world->task, &world->input, NULL, &world->output, NULL);
}

static lat_status create_tokenizer(fault_world *world, void **out) {
  lat_tokenizer_options options;
  lat_tokenizer_options_init(&options);
  options.output_encoding = "fp15";
  return lat_tokenizer_create((lat_tokenizer **)out, world->ctx, &options);
}

static lat_status encode_and_decode(fault_world *world, void **out) {
  int32_t tokens[64];
  size_t count = 0;
  (void)out;
  lat_status status =
      lat_tokenizer_encode(tokens, 64, &count, world->tokenizer, LAT_INPUT, 0, &world->input);
  return status != LAT_OK ? status
                          : lat_tokenizer_decode(&world->output, 4, NULL, NULL, world->tokenizer,
                                                 LAT_INPUT, tokens, count);
}

static lat_status create_sampler(fault_world *world, void **out) {
  return lat_sampler_create((lat_sampler **)out, world->mixture, world->tokenizer, NULL);
}

static lat_status create_curriculum(fault_world *world, void **out) {
  char weights[64];
  lat_sampler_options options;
  lat_sampler_options_init(&options);
  snprintf(weights, sizeof weights, "%s:2@0;%s@9", lat_task_name(world->task),
           lat_task_name(world->other));
  options.task_weights = weights;
  return lat_sampler_create((lat_sampler **)out, world->mixture, world->tokenizer, &options);
}

/* The world's batch in place of drawn examples. */
static lat_status draw_from_source(fault_world *world, void **out) {
  lat_sampler_options options;
  lat_sampler_options_init(&options);
  options.source = world->batch;
  lat_status status =
      lat_sampler_create((lat_sampler **)out, world->task, world->tokenizer, &options);
  if (status == LAT_OK) {
    status = lat_sampler_next(world->empty, *out, 40);
    if (status != LAT_OK) {
      lat_sampler_free(*out);
      *out = NULL;
    }
  }
  return status;
}

static lat_status create_batch(fault_world *world, void **out) {
  return lat_batch_create((lat_batch **)out, world->tokenizer);
}

static lat_status append(fault_world *world, void **out) {
  (void)out;
  return lat_batch_append(world->empty, 'A', &world->input, &world->input);
}

static lat_status draw_batch(fault_world *world, void **out) {
  (void)out;
  return lat_sampler_next(world->empty, world->sampler, 40);
}

static lat_status create_model(fault_world *world, void **out) {
  lat_model_options options;
  small_run_model_options(&options);
  options.matrix_positions = 1;
  options.init = LAT_INIT_FOURIER;
  options.positions = LAT_POSITIONS_SINUSOIDAL;
  return lat_model_create((lat_model **)out, world->mixture, world->tokenizer, &options);
}

static lat_status clone_model(fault_world *world, void **out) {
  return lat_model_clone((lat_model **)out, world->model);
}

static lat_status freeze_clone(fault_world *world, void **out) {
  (void)out;
  return lat_model_freeze(world->model);
}

static lat_status map_and_commit(fault_world *world, void **out) {
  float *parameters = NULL;
  (void)out;
  lat_status status = lat_model_map(&parameters, world->model);
  return status != LAT_OK ? status : lat_model_commit(world->model);
}

static lat_status save_model(fault_world *world, void **out) {
  (void)out;
  return lat_model_save(world->frozen, world->path);
}

/* Without Check's own functions, which allocate: the link is there from the first call on. */
static lat_status save_through_link(fault_world *world, void **out) {
  char link[256];
  (void)out;
  snprintf(link, sizeof link, "%s/link", folder.path);
  const int made = symlink("model.safetensors", link) == 0 || errno == EEXIST;
  return made ? lat_model_save(world->frozen, link) : LAT_ERROR_IO;
}

static lat_status save_as(fault_world *world, void **out) {
  (void)out;
  return lat_model_save_as(world->frozen, world->path, "bf16");
}

/* The bytes of the model, saved and loaded without a file. */
static lat_status save_and_load_memory(fault_world *world, void **out) {
  static char bytes[1 << 20];
  size_t size = 0;
  *out = NULL; /* which saving does not touch */
  lat_loss_sum sum, other;
  lat_loss_sum_init(&sum);
  lat_loss_sum_init(&other);
  lat_status status = lat_loss_sum_add(&sum, &other);
  if (status == LAT_OK) {
    status = lat_model_save_memory(&size, world->frozen, bytes, sizeof bytes, "f32");
  }
  return status == LAT_OK ? lat_model_load_memory((lat_model **)out, world->ctx, bytes, size, NULL)
                          : status;
}

static lat_status create_from(fault_world *world, void **out) {
  return lat_model_create_from((lat_model **)out, world->model, world->other, NULL);
}

static lat_status copy_parameters(fault_world *world, void **out) {
  *out = NULL;
  return lat_model_copy_parameters(world->model, world->frozen, "encoder.");
}

/* The file is model.safetensors in the scratch folder. */
static lat_status load_named(fault_world *world, void **out) {
  if (lat_model_folder() == NULL) {
    return LAT_ERROR_INTERNAL;
  }
  return lat_model_load_named((lat_model **)out, world->ctx, folder.path, "model", NULL);
}

static lat_status find_and_name(fault_world *world, void **out) {
  char path[256], name[256];
  (void)out;
  (void)world;
  lat_status status = lat_model_find(path, sizeof path, folder.path, "model");
  return status != LAT_OK ? status : lat_model_name(name, sizeof name, folder.path, 0);
}

static lat_status load_model(fault_world *world, void **out) {
  return lat_model_load((lat_model **)out, world->ctx, world->path, NULL);
}

static lat_status inspect_model(fault_world *world, void **out) {
  return lat_model_inspect((lat_model **)out, world->ctx, world->path);
}

static lat_status model_loss(fault_world *world, void **out) {
  (void)out;
  return lat_model_loss(&world->sum, world->model, world->batch);
}

static lat_status model_logits(fault_world *world, void **out) {
  static float logits[1 << 15];
  (void)out;
  return lat_model_logits(logits, sizeof logits / sizeof *logits, world->model, world->batch);
}

static lat_status create_gradients(fault_world *world, void **out) {
  return lat_gradients_create((lat_gradients **)out, world->model);
}

static lat_status accumulate(fault_world *world, void **out) {
  (void)out;
  return lat_gradients_accumulate(world->gradients, &world->sum, world->model, world->batch);
}

/* The world's encodings are p10, which has no spread; this one is a model of its own. */
static lat_status spread_targets(fault_world *world, void **out) {
  lat_tokenizer *tokenizer = NULL;
  lat_model *model = NULL;
  lat_gradients *gradients = NULL;
  lat_model_options options;
  small_run_model_options(&options);
  (void)out;
  lat_status status = lat_tokenizer_create(&tokenizer, world->ctx, NULL);
  status = status != LAT_OK ? status : lat_model_create(&model, world->task, tokenizer, &options);
  status = status != LAT_OK ? status : lat_gradients_create(&gradients, model);
  status = status != LAT_OK ? status : lat_gradients_set_target_spread(gradients, 2);
  lat_gradients_free(gradients);
  lat_model_free(model);
  lat_tokenizer_free(tokenizer);
  return status;
}

static lat_status create_optimizer(fault_world *world, void **out) {
  return lat_optimizer_create((lat_optimizer **)out, world->model, &world->optimizer_options);
}

static lat_status step(fault_world *world, void **out) {
  (void)out;
  world->sum.tokens = 1;
  return lat_optimizer_step(world->optimizer, world->model, world->gradients, &world->sum);
}

/* To a file and back. */
static lat_status save_and_load_optimizer(fault_world *world, void **out) {
  (void)out;
  const lat_status status = lat_optimizer_save(world->optimizer, world->model, world->path);
  return status == LAT_OK ? lat_optimizer_load(world->optimizer, world->model, world->path)
                          : status;
}

static lat_status create_session(fault_world *world, void **out) {
  return lat_session_create((lat_session **)out, world->frozen, NULL);
}

static lat_status decode(fault_world *world, void **out) {
  lat_sequences sequences;
  (void)out;
  return lat_session_decode(&sequences, world->session, world->batch);
}

static lat_status decode_beams(fault_world *world, void **out) {
  lat_sequences sequences;
  lat_decode_options options;
  lat_decode_options_init(&options);
  options.method = LAT_DECODE_BEAM;
  lat_status status = lat_session_create((lat_session **)out, world->frozen, &options);
  if (status == LAT_OK) {
    status = lat_session_decode(&sequences, *out, world->batch);
    if (status != LAT_OK) {
      lat_session_free(*out);
      *out = NULL;
    }
  }
  return status;
}

static lat_status read_factored_logits(const lat_model *model, const lat_batch *batch) {
  static float logits[1 << 19];
  return lat_model_logits(logits, sizeof logits / sizeof *logits, model, batch);
}

/* A model of other options than the world's, from its tokenizer to gradients and answers. */
static lat_status use_model(fault_world *world, const lat_model_options *options) {
  lat_status status = LAT_OK;
  lat_tokenizer *tokenizer = NULL;
  lat_model *model = NULL;
  lat_session *session = NULL;
  lat_batch *batch = NULL;
  lat_gradients *gradients = NULL;
  lat_loss_sum sum;
  lat_sequences sequences;
  lat_loss_sum_init(&sum);
  status = options->factored_head ? create_tokenizer(world, (void **)&tokenizer)
                                  : lat_tokenizer_create(&tokenizer, world->ctx, NULL);
  if (status == LAT_OK) {
    status = lat_batch_create(&batch, tokenizer);
  }
  if (status == LAT_OK) {
    status = lat_batch_append(batch, 0, &world->input, &world->input);
  }
  if (status == LAT_OK) {
    status = lat_model_create(&model, world->task, tokenizer, options);
  }
  if (status == LAT_OK) {
    status = lat_gradients_create(&gradients, model);
  }
  if (status == LAT_OK) {
    status = lat_gradients_accumulate(gradients, &sum, model, batch);
  }
  if (status == LAT_OK) {
    status = lat_session_create(&session, model, NULL);
  }
  if (status == LAT_OK) {
    status = lat_session_decode(&sequences, session, batch);
  }
  if (status == LAT_OK && options->factored_head) {
    status = read_factored_logits(model, batch);
  }
  lat_session_free(session);
  lat_gradients_free(gradients);
  lat_model_free(model);
  lat_batch_free(batch);
  lat_tokenizer_free(tokenizer);
  return status;
}

static lat_status use_encoder_alone(fault_world *world, void **out) {
  lat_model_options options;
  (void)out;
  small_run_model_options(&options);
  options.architecture = LAT_ARCHITECTURE_ENCODER;
  options.query_per_number = 1;
  return use_model(world, &options);
}

static lat_status use_factored_head(fault_world *world, void **out) {
  lat_model_options options;
  (void)out;
  small_run_model_options(&options);
  options.factored = options.factored_head = 1;
  return use_model(world, &options);
}

static lat_status use_decoder_alone(fault_world *world, void **out) {
  lat_model_options options;
  (void)out;
  small_run_model_options(&options);
  options.architecture = LAT_ARCHITECTURE_DECODER;
  return use_model(world, &options);
}

static lat_status use_recurrent(fault_world *world, void **out) {
  lat_model_options options;
  (void)out;
  small_run_model_options(&options);
  options.architecture = LAT_ARCHITECTURE_LSTM;
  options.encoder_attention = 1;
  return use_model(world, &options);
}

static lat_status use_copy_gate(fault_world *world, void **out) {
  lat_model_options options;
  (void)out;
  small_run_model_options(&options);
  options.copy_gate = 1;
  options.ffn = LAT_FFN_GATED;
  options.decoder_loops = 2;
  return use_model(world, &options);
}

static lat_status create_solver(fault_world *world, void **out) {
  return lat_solver_create((lat_solver **)out, world->frozen, NULL);
}

static lat_status solve(fault_world *world, void **out) {
  lat_report report;
  (void)out;
  lat_report_init(&report);
  return lat_solver_solve(&world->output, &report, world->solver, &world->input);
}

static lat_status solve_many(fault_world *world, void **out) {
  double answers[2][4] = {{0}};
  lat_matrix inputs[2] = {world->input, world->input};
  lat_matrix outputs[2] = {{answers[0], 2, 2, 2, LAT_ROW_MAJOR},
                           {answers[1], 2, 2, 2, LAT_ROW_MAJOR}};
  (void)out;
  return lat_solver_solve_many(outputs, NULL, world->solver, inputs, 2);
}

static lat_status evaluate(fault_world *world, void **out) {
  lat_evaluate_options options;
  lat_evaluate_options_init(&options);
  options.count = 3;
  options.ceiling = 1;
  return lat_evaluate((lat_evaluation **)out, world->frozen, &options);
}

/* Several candidates, refined, with LAPACK's answer at last. */
static lat_status solve_by_all_means(fault_world *world, void **out) {
  lat_decode_options options;
  lat_decode_options_init(&options);
  options.candidates = options.refine = 3;
  options.fallback = 1;
  lat_status status = lat_solver_create((lat_solver **)out, world->frozen, &options);
  if (status == LAT_OK) {
    status = lat_solver_solve(&world->output, NULL, *out, &world->input);
    if (status != LAT_OK) {
      lat_solver_free(*out);
      *out = NULL;
    }
  }
  return status;
}

static lat_status evaluate_candidates(fault_world *world, void **out) {
  lat_evaluate_options options;
  lat_decode_options decode;
  lat_evaluate_options_init(&options);
  lat_decode_options_init(&decode);
  decode.candidates = decode.refine = 2;
  options.count = 3;
  options.diagnose = 1;
  options.decode = &decode;
  return lat_evaluate((lat_evaluation **)out, world->frozen, &options);
}

/* One task of the mixture's model. */
static lat_status evaluate_one(fault_world *world, void **out) {
  lat_evaluate_options options;
  lat_evaluate_options_init(&options);
  options.count = 1;
  options.task = world->other;
  return lat_evaluate((lat_evaluation **)out, world->frozen, &options);
}

static lat_status create_dense(fault_world *world, void **out) {
  return lat_operator_create_dense((lat_operator **)out, world->ctx, &world->input);
}

static lat_status create_learned(fault_world *world, void **out) {
  return lat_operator_create_learned((lat_operator **)out, NULL, world->solver, &world->input);
}

static lat_status create_low_rank(fault_world *world, void **out) {
  return lat_operator_create_low_rank((lat_operator **)out, world->op, &world->input,
                                      &world->input);
}

/* Everything that is asked of an operator. */
static lat_status ask_operator(const lat_operator *op) {
  double x[64] = {1, 2}, real[64], imaginary[64];
  int32_t sign = 0;
  lat_status status = lat_operator_apply(x, op, x, 1);
  status = status != LAT_OK ? status : lat_operator_solve(x, op, x, 1);
  status = status != LAT_OK ? status : lat_operator_eigenvalues(real, imaginary, op);
  return status != LAT_OK ? status : lat_operator_log_determinant(real, &sign, op);
}

typedef lat_status combine(lat_operator **out, lat_operator *const *parts, int32_t count);

/* The combination of two operators, and what it answers. */
static lat_status combine_and_ask(lat_operator **out, combine *call, lat_operator *const *parts) {
  lat_status status = call(out, parts, 2);
  if (status == LAT_OK) {
    status = ask_operator(*out);
  }
  if (status != LAT_OK) {
    lat_operator_free(*out);
    *out = NULL;
  }
  return status;
}

static lat_status use_kronecker(fault_world *world, void **out) {
  lat_operator *const parts[] = {world->op, world->op};
  return combine_and_ask((lat_operator **)out, lat_operator_create_kronecker, parts);
}

static lat_status use_kronecker_sum(fault_world *world, void **out) {
  lat_operator *const parts[] = {world->op, world->op};
  return combine_and_ask((lat_operator **)out, lat_operator_create_kronecker_sum, parts);
}

static lat_status use_block_diagonal(fault_world *world, void **out) {
  lat_operator *const parts[] = {world->op, world->op};
  return combine_and_ask((lat_operator **)out, lat_operator_create_block_diagonal, parts);
}

typedef lat_status create_leaf(lat_operator **out, lat_context *ctx);

static lat_status new_diagonal(lat_operator **out, lat_context *ctx) {
  return lat_operator_create_diagonal(out, ctx, (double[]){1, 2}, 2);
}

static lat_status new_tridiagonal(lat_operator **out, lat_context *ctx) {
  return lat_operator_create_tridiagonal(out, ctx, 3, 1, 2);
}

static lat_status new_circulant(lat_operator **out, lat_context *ctx) {
  return lat_operator_create_circulant(out, ctx, (double[]){3, 1}, 2);
}

static lat_status new_function(lat_operator **out, lat_context *ctx) {
  return lat_operator_create_function(out, ctx, double_it, NULL, 2);
}

/* Leaves, as blocks of one operator. */
static lat_status use_leaves(fault_world *world, void **out) {
  create_leaf *const create[] = {new_diagonal, new_tridiagonal, new_circulant, new_function};
  lat_operator *leaves[4] = {NULL, NULL, NULL, NULL};
  lat_status status = LAT_OK;
  *out = NULL;
  for (int i = 0; i < 4 && status == LAT_OK; ++i) {
    status = create[i](&leaves[i], world->ctx);
  }
  if (status == LAT_OK) {
    status = lat_operator_create_block_diagonal((lat_operator **)out, leaves, 4);
  }
  if (status == LAT_OK) {
    status = ask_operator(*out);
  }
  if (status != LAT_OK) {
    lat_operator_free(*out);
    *out = NULL;
  }
  for (int i = 0; i < 4; ++i) {
    lat_operator_free(leaves[i]);
  }
  return status;
}

static lat_status iterate(fault_world *world, void **out) {
  double x[2] = {0, 0};
  (void)out;
  return lat_operator_conjugate_gradients(x, NULL, NULL, world->op, world->op, world->numbers, 1e-9,
                                          9);
}

static lat_status create_linear(fault_world *world, void **out) {
  return lat_linear_create((lat_linear **)out, world->ctx, 1, 1, 2);
}

static lat_status use_linear(fault_world *world, void **out) {
  double z[4] = {1, 2, 3, 4};
  (void)out;
  lat_status status = lat_linear_apply(z, world->stack, 2, 1);
  return status != LAT_OK ? status : lat_linear_gradient(NULL, z, world->stack, z, z, 2, 1);
}

static lat_status fit_linear(fault_world *world, void **out) {
  const double z[] = {1, 2}, y[] = {1, 8};
  lat_linear *stack = NULL;
  (void)out;
  lat_status status = lat_linear_create(&stack, world->ctx, 1, 1, 1);
  if (status == LAT_OK) {
    status = lat_linear_fit(stack, NULL, z, y, 2, 1, 1, 1);
  }
  lat_linear_free(stack);
  return status;
}

static lat_status create_trainer(fault_world *world, void **out) {
  return lat_trainer_create((lat_trainer **)out, world->model, &world->optimizer_options,
                            &world->trainer_options);
}

static lat_status resume_trainer(fault_world *world, void **out) {
  return lat_trainer_resume((lat_trainer **)out, world->model, &world->optimizer_options,
                            &world->trainer_options);
}

static lat_status run_trainer(fault_world *world, void **out) {
  (void)out;
  return lat_trainer_run(world->trainer);
}

static lat_status write_checkpoint(fault_world *world, void **out) {
  (void)out;
  return lat_trainer_checkpoint(world->trainer);
}

static const fault_case cases[] = {
    {"lat_context_create", 0, create_context, release_context},
    {"lat_context_measure", 0, measure_products, NULL},
    {"lat_task_create", 0, create_task, release_task},
    {"lat_task_create_custom", 0, create_custom, release_task},
    {"lat_task_create_mixture", 0, create_mixture, release_task},
    {"lat_task_answer", 0, answer_inverse, NULL},
    {"lat_task_answer_operands", 0, answer_operands, NULL},
    {"lat_task_score_operands", 0, score_operands, NULL},
    {"lat_batch_append_operands", 0, append_operands, NULL},
    {"lat_solver_solve_operands", WITH_DECODING, solve_operands, NULL},
    {"lat_task_canonicalize, restore", 0, canonicalize_and_restore, NULL},
    {"lat_task_score, eigenvalues", 0, score_eigenvalues, NULL},
    {"lat_task_score, inverse", 0, score_inverse, NULL},
    {"lat_tokenizer_create", 0, create_tokenizer, release_tokenizer},
    {"lat_tokenizer_encode, decode", 0, encode_and_decode, NULL},
    {"lat_sampler_create", 0, create_sampler, release_sampler},
    {"lat_sampler_create, weights", 0, create_curriculum, release_sampler},
    {"lat_sampler_next, source", 0, draw_from_source, release_sampler},
    {"lat_batch_create", 0, create_batch, release_batch},
    {"lat_batch_append", 0, append, NULL},
    {"lat_sampler_next", 0, draw_batch, NULL},
    {"lat_model_create", 0, create_model, release_model},
    {"lat_model_clone", 0, clone_model, release_model},
    {"lat_model_freeze", 0, freeze_clone, NULL},
    {"lat_model_map, commit", 0, map_and_commit, NULL},
    {"lat_model_save", 0, save_model, NULL},
    {"lat_model_save, through a link", 0, save_through_link, NULL},
    {"lat_model_save_as", 0, save_as, NULL},
    {"lat_model_save_memory, load_memory", 0, save_and_load_memory, release_model},
    {"lat_model_create_from", 0, create_from, release_model},
    {"lat_model_copy_parameters", 0, copy_parameters, NULL},
    {"lat_model_load", WITH_FILE, load_model, release_model},
    {"lat_model_inspect", WITH_CUSTOM_FILE, inspect_model, release_model},
    {"lat_model_load_named, folder", WITH_FILE, load_named, release_model},
    {"lat_model_find, lat_model_name", WITH_FILE, find_and_name, NULL},
    {"lat_model_loss", 0, model_loss, NULL},
    {"lat_model_logits", 0, model_logits, NULL},
    {"lat_gradients_create", 0, create_gradients, release_gradients},
    {"lat_gradients_accumulate", WITH_GRADIENTS, accumulate, NULL},
    {"lat_gradients_set_target_spread", 0, spread_targets, NULL},
    {"lat_optimizer_create", 0, create_optimizer, release_optimizer},
    {"lat_optimizer_step", WITH_GRADIENTS, step, NULL},
    {"lat_optimizer_save, load", WITH_GRADIENTS, save_and_load_optimizer, NULL},
    {"lat_session_create", 0, create_session, release_session},
    {"lat_session_decode", WITH_DECODING, decode, NULL},
    {"lat_session_decode, beams", 0, decode_beams, release_session},
    {"an encoder alone", 0, use_encoder_alone, NULL},
    {"a factored head", 0, use_factored_head, NULL},
    {"a decoder alone", 0, use_decoder_alone, NULL},
    {"a copy gate", 0, use_copy_gate, NULL},
    {"a recurrent model", 0, use_recurrent, NULL},
    {"lat_solver_create", 0, create_solver, release_solver},
    {"lat_solver_solve", WITH_DECODING, solve, NULL},
    {"lat_solver_solve_many", WITH_DECODING, solve_many, NULL},
    {"lat_solver_solve, by all means", 0, solve_by_all_means, release_solver},
    {"lat_evaluate", 0, evaluate, release_evaluation},
    {"lat_evaluate, candidates", 0, evaluate_candidates, release_evaluation},
    {"lat_evaluate, a task of a mixture", WITH_MIXTURE, evaluate_one, release_evaluation},
    {"lat_operator_create_dense", 0, create_dense, release_operator},
    {"lat_operator_create_learned", WITH_DECODING, create_learned, release_operator},
    {"lat_operator_create_low_rank", 0, create_low_rank, release_operator},
    {"lat_operator, Kronecker product", 0, use_kronecker, release_operator},
    {"lat_operator, Kronecker sum", 0, use_kronecker_sum, release_operator},
    {"lat_operator, block diagonal", 0, use_block_diagonal, release_operator},
    {"lat_operator, leaves", 0, use_leaves, release_operator},
    {"lat_operator_conjugate_gradients", 0, iterate, NULL},
    {"lat_linear_create", 0, create_linear, release_linear},
    {"lat_linear_apply, gradient", 0, use_linear, NULL},
    {"lat_linear_fit", 0, fit_linear, NULL},
    {"lat_trainer_create", 0, create_trainer, release_trainer},
    {"lat_trainer_resume", WITH_RUN, resume_trainer, release_trainer},
    {"lat_trainer_run", WITH_NEW_TRAINER, run_trainer, NULL},
    {"lat_trainer_checkpoint", WITH_TRAINER, write_checkpoint, NULL},
};

static void *const UNTOUCHED = &folder;

enum { NONE = 0 }; /* in place of the number of an allocation that fails */

/* The call with allocation `fail` failing. A second attempt, with memory, must work. Returns
 * how the first went; *refused: whether an allocation failed at all. */
static lat_status fail_once(const fault_case *tested, fault_host *host, long fail, int *refused) {
  fault_world world;
  counting_allocator *allocator = &host->allocator;
  const int counted = host->options.allocate != NULL;
  const long live = allocator->live, refusals = allocator->refused;
  void *object = tested->release != NULL ? UNTOUCHED : NULL;
  fault_world_open(&world, host, &folder, tested->with);
  if (counted) {
    allocator->fail_at = fail == NONE ? 0 : allocator->calls + fail;
  } else {
    failing_malloc_arm(fail);
  }
  const lat_status status = tested->call(&world, &object);
  const long calls = failing_malloc_disarm();
  *refused = counted ? allocator->refused > refusals : fail != NONE && calls >= fail;
  allocator->fail_at = 0;
  if (status != LAT_OK) {
    ck_assert_msg(status == LAT_ERROR_MEMORY, "%s, allocation %ld: %s: %s", tested->name, fail,
                  lat_status_name(status), lat_last_error());
    ck_assert_msg(object == NULL, "%s, allocation %ld: out is not NULL", tested->name, fail);
    const lat_status again = tested->call(&world, &object);
    ck_assert_msg(again == LAT_OK, "%s, again after allocation %ld: %s: %s", tested->name, fail,
                  lat_status_name(again), lat_last_error());
  }
  if (tested->release != NULL) {
    tested->release(object);
  }
  fault_world_close(&world);
  ck_assert_msg(allocator->live == live, "%s, allocation %ld: %ld blocks are left", tested->name,
                fail, (long)allocator->live - live);
  return status;
}

/* N = 1, 2, ... until no allocation is left to fail; of the C library's, which a file's JSON asks
 * for by the thousand, those that come by another stack of calls. */
static void sweep(const fault_case *tested, int counted) {
  fault_host host;
  int refused = 1;
  fault_host_open(&host, counted);
  (void)fail_once(tested, &host, NONE, &refused); /* fills what libraries keep */
  (void)fail_once(tested, &host, NONE, &refused); /* asks for what it always asks for */
  refused = 1;
  for (long fail = 1; refused; ++fail) {
    if (!counted && failing_malloc_repeated(fail)) {
      continue;
    }
    const lat_status status = fail_once(tested, &host, fail, &refused);
    ck_assert_msg(!counted || !refused || status == LAT_ERROR_MEMORY,
                  "%s, allocation %ld: nobody noticed", tested->name, fail);
    ck_assert_msg(failing_malloc_live() == 0, "%s, allocation %ld: %ld blocks are left",
                  tested->name, fail, failing_malloc_live());
    ck_assert_int_lt(fail, 20000);
  }
  fault_host_close(&host);
}

START_TEST(the_contexts_allocator_may_fail) {
  scratch_open(&folder);
  sweep(&cases[_i], 1);
  scratch_close(&folder);
}
END_TEST

START_TEST(any_allocation_of_the_process_may_fail) {
  scratch_open(&folder);
  sweep(&cases[_i], 0);
  scratch_close(&folder);
}
END_TEST

static int ask_objects(fault_world *world) {
  lat_sequences sequences;
  lat_matrix matrix;
  lat_tensor tensor;
  lat_tensor_init(&tensor);
  lat_progress progress;
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, world->trainer);
  int failures = lat_batch_sequences(&sequences, world->batch, LAT_INPUT) != LAT_OK;
  failures += lat_batch_matrix(&matrix, world->batch, LAT_OUTPUT, 1) != LAT_OK;
  failures += lat_batch_operand(&matrix, world->batch, LAT_INPUT, 1, 0) != LAT_OK;
  failures += lat_batch_operand_count(world->batch, LAT_INPUT, 1) != 1;
  failures += lat_model_tensor(&tensor, world->model, 0) != LAT_OK;
  lat_model_options model;
  lat_model_options_init(&model);
  failures += lat_model_get_options(&model, world->model) != LAT_OK || model.encoder_width < 1;
  failures += lat_solver_select(world->solver, "inverse") != LAT_OK;
  failures += lat_operator_size(world->op) != 2;
  lat_matrix w0 = {world->numbers, 1, 1, 1, LAT_ROW_MAJOR};
  failures += lat_linear_set_descent(world->stack, &w0, 1, 1) != LAT_OK;
  failures += lat_linear_matrix(&matrix, world->stack, 0, 0, LAT_LINEAR_P) != LAT_OK;
  failures += lat_linear_parameters(world->stack) == NULL || lat_linear_size(world->stack) != 40;
  failures += lat_batch_size(world->batch) != 3 || lat_batch_component(world->batch, 0) != 0;
  failures += lat_sampler_position(world->sampler) != 3 || lat_context_threads(world->ctx) != 1;
  failures += lat_context_precision(world->ctx) != LAT_PRECISION_F32;
  failures += lat_context_kernels(world->ctx) == NULL || lat_model_config(world->model) == NULL;
  failures += lat_model_task(world->model) != world->task;
  failures += lat_model_tokenizer(world->model) != world->tokenizer;
  failures +=
      lat_model_parameters(world->model) == NULL || lat_model_tensor_count(world->model) < 1;
  failures += lat_model_parameter_count(world->model) != lat_gradients_size(world->gradients);
  float *gradient = NULL;
  failures += lat_gradients_map(&gradient, world->gradients) != LAT_OK || gradient == NULL;
  failures += lat_gradients_commit(world->gradients) != LAT_OK;
  failures += lat_optimizer_updates(world->optimizer) != 0;
  failures += !(lat_optimizer_learning_rate(world->optimizer) > 0);
  failures += !(lat_optimizer_gradient_norm(world->optimizer) >= 0);
  failures += lat_optimizer_swap_average(world->optimizer, world->model) != LAT_OK;
  failures += lat_optimizer_swap_average(world->optimizer, world->model) != LAT_OK;
  (void)lat_session_log_probabilities(world->session);
  float parts[] = {1, 2};
  double sums[] = {1, 2};
  failures += lat_shard_parts(2, 2, 0) != 1;
  failures += lat_shard_sum(parts, 1, 1, 2, 2) != LAT_OK || parts[0] != 3;
  failures += lat_shard_sum_doubles(sums, 1, 1, 2, 2) != LAT_OK || sums[0] != 3;
  lat_gradients_zero(world->gradients);
  lat_gradients_seek(world->gradients, 0);
  lat_sampler_seek(world->sampler, 0);
  lat_batch_clear(world->batch);
  return failures;
}

static int ask_tasks(const lat_task *task, const lat_tokenizer *tokenizer) {
  int32_t sizes[4], token = 0;
  char text[16];
  int failures = lat_task_output_shape(&sizes[0], &sizes[1], task, 2, 2) != LAT_OK;
  failures += lat_task_max_shapes(&sizes[0], &sizes[1], &sizes[2], &sizes[3], task) != LAT_OK;
  failures += lat_tokenizer_symbol(text, sizeof text, tokenizer, LAT_INPUT, 0) != LAT_OK;
  failures += lat_tokenizer_find(&token, tokenizer, LAT_INPUT, text) != LAT_OK || token != 0;
  failures += lat_tokenizer_max_tokens(tokenizer, LAT_INPUT, 2, 2) < 4;
  failures += lat_tokenizer_vocabulary_size(tokenizer, LAT_INPUT) < 1;
  failures += lat_tokenizer_encoding(tokenizer, LAT_INPUT) == NULL || lat_task_letter(task) <= 0;
  lat_task_options of_task;
  lat_tokenizer_options of_tokenizer;
  lat_task_options_init(&of_task);
  lat_tokenizer_options_init(&of_tokenizer);
  failures += lat_task_get_options(&of_task, task) != LAT_OK || of_task.rows != 2;
  failures += lat_tokenizer_get_options(&of_tokenizer, tokenizer) != LAT_OK;
  failures += lat_task_weight(task, 0) < 1;
  lat_matrix operand = {NULL, 2, 2, 2, LAT_ROW_MAJOR}, result;
  failures += lat_task_operand_count(task) != 1 || lat_task_result_count(task) != 1;
  failures += lat_task_result_shapes(&result, 1, task, &operand, 1) != LAT_OK;
  failures += lat_task_max_operands(&operand, 1, &result, 1, task) != LAT_OK;
  failures += lat_task_name(task) == NULL || lat_task_component_count(task) != 1;
  failures += lat_task_component(task, 0) != task || lat_task_builtin_count() < 10;
  failures += lat_task_builtin_name(0) == NULL || lat_status_text(LAT_OK) == NULL;
  failures += lat_build_info() == NULL || lat_version_string() == NULL || lat_version_number() == 0;
  return failures;
}

/* The rest of the functions ask for no memory, so that none can fail for want of it. */
START_TEST(the_others_allocate_nothing) {
  fault_host host;
  fault_world world;
  lat_evaluation *evaluation = NULL;
  scratch_open(&folder);
  fault_host_open(&host, 1);
  fault_world_open(&world, &host, &folder, WITH_GRADIENTS | WITH_DECODING | WITH_TRAINER);
  CHECK_OK(evaluate(&world, (void **)&evaluation));
  const long before = host.allocator.calls;
  failing_malloc_arm(NONE);
  int failures = ask_objects(&world) + ask_tasks(world.task, world.tokenizer);
  lat_diagnosis diagnosis;
  lat_diagnosis_init(&diagnosis);
  failures += lat_evaluation_diagnosis(&diagnosis, evaluation) != LAT_ERROR_STATE;
  failures += lat_evaluation_tolerance(evaluation, 0) != 0.05;
  failures += lat_evaluation_row_count(evaluation) < 1 || lat_evaluation_row(evaluation, 0) == NULL;
  const long calls = failing_malloc_disarm();
  ck_assert_int_eq(failures, 0);
  ck_assert_int_eq(calls, 0);
  ck_assert_int_eq(host.allocator.calls, before);
  lat_evaluation_free(evaluation);
  fault_world_close(&world);
  fault_host_close(&host);
  scratch_close(&folder);
}
END_TEST

/* A host may give jansson, which is shared with it, an allocator of its own. */
static long json_blocks;

static void *json_allocate(size_t size) {
  char *block = malloc(size + 64);
  ck_assert_ptr_nonnull(block);
  ++json_blocks;
  return block + 64;
}

static void json_release(void *memory) {
  if (memory != NULL) {
    --json_blocks;
    free((char *)memory - 64);
  }
}

START_TEST(janssons_allocator_stays_the_hosts) {
  json_malloc_t allocate = NULL;
  json_free_t release = NULL;
  fault_host host;
  fault_host_open(&host, 1);
  json_set_alloc_funcs(json_allocate, json_release);
  scratch_open(&folder);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; ++i) {
    int refused = 0;
    ck_assert_int_eq(fail_once(&cases[i], &host, NONE, &refused), LAT_OK);
    json_get_alloc_funcs(&allocate, &release);
    ck_assert(allocate == json_allocate && release == json_release);
    ck_assert_int_eq(json_blocks, 0);
  }
  scratch_close(&folder);
  fault_host_close(&host);
}
END_TEST

int main(void) {
  const int count = (int)(sizeof cases / sizeof *cases);
  TCase *tests = tcase_create("memory faults");
  tcase_add_loop_test(tests, the_contexts_allocator_may_fail, 0, count);
  if (FAILING_MALLOC) {
    tcase_add_loop_test(tests, any_allocation_of_the_process_may_fail, 0, count);
  }
  tcase_add_test(tests, the_others_allocate_nothing);
  tcase_add_test(tests, janssons_allocator_stays_the_hosts);
  return run_case("memory faults", tests);
}
