/* Valid arguments of every type, and what a call must do that got NULL for another: the words of
 * the file that null_calls.sh writes. */
#ifndef LAT_TESTS_NULL_WORLD_H
#define LAT_TESTS_NULL_WORLD_H

#include "faults/fault_world.h"
#include "suite.h"

#define FOR_EACH_HANDLE(X)                                                                         \
  X(lat_batch)                                                                                     \
  X(lat_context)                                                                                   \
  X(lat_evaluation)                                                                                \
  X(lat_gradients)                                                                                 \
  X(lat_linear)                                                                                    \
  X(lat_model)                                                                                     \
  X(lat_operator)                                                                                  \
  X(lat_optimizer)                                                                                 \
  X(lat_sampler)                                                                                   \
  X(lat_session)                                                                                   \
  X(lat_solver)                                                                                    \
  X(lat_task)                                                                                      \
  X(lat_tokenizer)                                                                                 \
  X(lat_trainer)

#define FOR_EACH_OPTIONS(X)                                                                        \
  X(lat_context_options)                                                                           \
  X(lat_decode_options)                                                                            \
  X(lat_diagnosis)                                                                                 \
  X(lat_evaluate_options)                                                                          \
  X(lat_linear_certificate)                                                                        \
  X(lat_loss_sum)                                                                                  \
  X(lat_model_options)                                                                             \
  X(lat_optimizer_options)                                                                         \
  X(lat_progress)                                                                                  \
  X(lat_report)                                                                                    \
  X(lat_sampler_options)                                                                           \
  X(lat_score)                                                                                     \
  X(lat_score_options)                                                                             \
  X(lat_task_functions)                                                                            \
  X(lat_task_options)                                                                              \
  X(lat_tensor)                                                                                    \
  X(lat_tokenizer_options)                                                                         \
  X(lat_trainer_options)

#define OUT_MEMBER(type) type *out_##type;
#define OPTIONS_MEMBER(type) type a_##type;

typedef struct null_world {
  fault_host host;
  fault_world objects;
  scratch_folder folder;
  lat_status status; /* of the last call that has one */
  FOR_EACH_HANDLE(OUT_MEMBER)
  FOR_EACH_OPTIONS(OPTIONS_MEMBER)
  lat_evaluation *evaluation;
  lat_sequences sequences;
  double doubles[4096];
  float floats[4096], *lent;
  int32_t integers[4096];
  size_t sizes[1];
  char text[4096];
} null_world;

typedef struct null_call {
  const char *function;
  void (*call)(null_world *world); /* NULL: the function takes no pointer */
} null_call;

extern const null_call null_calls[]; /* the last has no name */

#define VALUE_char world->objects.path
#define TEXT world->text
#define VALUE_void world
#define VALUE_double world->doubles
#define VALUE_float world->floats
#define VALUE_int32_t world->integers
#define VALUE_size_t world->sizes
#define VALUES_float &world->lent
#define VALUE_lat_batch world->objects.batch
#define VALUE_lat_context world->objects.ctx
#define VALUE_lat_evaluation world->evaluation
#define VALUE_lat_gradients world->objects.gradients
#define VALUE_lat_linear world->objects.stack
#define VALUE_lat_loss_sum &world->a_lat_loss_sum
#define VALUE_lat_matrix &world->objects.input
#define VALUE_lat_model world->objects.model
#define VALUE_lat_operator world->objects.op
#define VALUES_lat_operator &world->objects.op
#define VALUE_lat_operator_function double_it
#define VALUE_lat_optimizer world->objects.optimizer
#define VALUE_lat_sampler world->objects.sampler
#define VALUE_lat_sequences &world->sequences
#define VALUE_lat_session world->objects.session
#define VALUE_lat_solver world->objects.solver
#define VALUE_lat_task world->objects.task
#define VALUES_lat_task &world->objects.task
#define VALUE_lat_tensor &world->a_lat_tensor
#define VALUE_lat_tokenizer world->objects.tokenizer
#define VALUE_lat_trainer world->objects.trainer
#define VALUE_lat_context_options &world->a_lat_context_options
#define VALUE_lat_decode_options &world->a_lat_decode_options
#define VALUE_lat_diagnosis &world->a_lat_diagnosis
#define VALUE_lat_evaluate_options &world->a_lat_evaluate_options
#define VALUE_lat_linear_certificate &world->a_lat_linear_certificate
#define VALUE_lat_model_options &world->a_lat_model_options
#define VALUE_lat_optimizer_options &world->a_lat_optimizer_options
#define VALUE_lat_progress &world->a_lat_progress
#define VALUE_lat_report &world->a_lat_report
#define VALUE_lat_sampler_options &world->a_lat_sampler_options
#define VALUE_lat_score &world->a_lat_score
#define VALUE_lat_score_options &world->a_lat_score_options
#define VALUE_lat_task_functions &world->a_lat_task_functions
#define VALUE_lat_task_options &world->a_lat_task_options
#define VALUE_lat_tokenizer_options &world->a_lat_tokenizer_options
#define VALUE_lat_trainer_options &world->a_lat_trainer_options

/* An output handle is NULL after a failure, whatever was in it. */
#define OUT(type) &world->out_##type
#define SET_OUT(type) world->out_##type = (type *)world
#define CHECK_OUT(type)                                                                            \
  do {                                                                                             \
    if (world->status == LAT_OK) {                                                                 \
      type##_free(world->out_##type);                                                              \
    } else {                                                                                       \
      ck_assert_msg(world->out_##type == NULL, "the output is not NULL after a failure");          \
    }                                                                                              \
  } while (0)

#define STATUS(parameter, call)                                                                    \
  do {                                                                                             \
    mark_point();                                                                                  \
    world->status = (call);                                                                        \
    ck_assert_msg(world->status == LAT_ERROR_ARGUMENT && strstr(lat_last_error(), "NULL") != NULL, \
                  "%s: %s: %s: %s", parameter, #call, lat_status_name(world->status),              \
                  lat_last_error());                                                               \
  } while (0)

#define OPTIONAL(parameter, call)                                                                  \
  do {                                                                                             \
    mark_point();                                                                                  \
    world->status = (call);                                                                        \
    ck_assert_msg(world->status == LAT_OK || strstr(lat_last_error(), "NULL") == NULL,             \
                  "%s: %s: %s: %s", parameter, #call, lat_status_name(world->status),              \
                  lat_last_error());                                                               \
  } while (0)

#define GETTER(parameter, call)                                                                    \
  do {                                                                                             \
    mark_point();                                                                                  \
    ck_assert_msg((call) == 0, "%s: %s: not 0", parameter, #call);                                 \
  } while (0)
#define NOTHING(parameter, call)                                                                   \
  do {                                                                                             \
    mark_point();                                                                                  \
    call;                                                                                          \
  } while (0)

#endif
