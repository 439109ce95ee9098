/* Custom tasks: a table of the host's functions. */
#include "task/relative_residual.h"

#include <math.h>
#include <string.h>

/* Half width that a custom task's coefficients are taken to have. */
#define CUSTOM_RANGE 10

/* answer(c A) = c^degree answer(A): beyond this, scaling by 10 leaves the range of doubles soon. */
#define LARGEST_DEGREE 100

#define FLAG_FIELD(member) LATI_NUMBER(lat_task_functions, member, LATI_FIELD_INT32, 0, 0, 1)

#define MAXIMUM_FIELD(member)                                                                      \
  LATI_NUMBER(lat_task_functions, member, LATI_FIELD_INT32, 0, 0, LAT_MAX_DIMENSION)
/* One for each of LATI_MAX_OPERANDS. */
#define MAXIMUM_FIELDS(member)                                                                     \
  MAXIMUM_FIELD(member[0]), MAXIMUM_FIELD(member[1]), MAXIMUM_FIELD(member[2]),                    \
      MAXIMUM_FIELD(member[3])

static const lati_field fields[] = {
    LATI_TEXT(lat_task_functions, name, NULL),
    LATI_NUMBER(lat_task_functions, letter, LATI_FIELD_INT32, 0, 'A', 'Z'),
    LATI_NUMBER(lat_task_functions, degree, LATI_FIELD_INT32, 0, -LARGEST_DEGREE, LARGEST_DEGREE),
    FLAG_FIELD(scalable),
    FLAG_FIELD(thread_safe),
    LATI_POINTER(lat_task_functions, input_shape),
    LATI_POINTER(lat_task_functions, output_shape),
    LATI_POINTER(lat_task_functions, draw),
    LATI_POINTER(lat_task_functions, answer),
    LATI_POINTER(lat_task_functions, residual),
    LATI_POINTER(lat_task_functions, canonicalize),
    LATI_POINTER(lat_task_functions, restore),
    LATI_NUMBER(lat_task_functions, transform_size, LATI_FIELD_INT32, 0, 0, LATI_MAX_TRANSFORM),
    LATI_NUMBER(lat_task_functions, reserved, LATI_FIELD_INT32, 0, 0, 0),
    LATI_NUMBER(lat_task_functions, operand_count, LATI_FIELD_INT32, 0, 0, LATI_MAX_OPERANDS),
    LATI_NUMBER(lat_task_functions, result_count, LATI_FIELD_INT32, 0, 0, LATI_MAX_OPERANDS),
    MAXIMUM_FIELDS(operand_max_rows),
    MAXIMUM_FIELDS(operand_max_cols),
    MAXIMUM_FIELDS(result_max_rows),
    MAXIMUM_FIELDS(result_max_cols),
    LATI_FIELDS_END,
};

void lat_task_functions_init_sized(lat_task_functions *functions, size_t size) {
  lati_options_init(functions, size, fields, sizeof *functions);
}

static lat_status check_name(const char *name) {
  const size_t length = name == NULL ? 0 : strlen(name);
  if (length == 0 || length >= LATI_TASK_NAME ||
      strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != length) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "task functions: name '%.40s' is not 1..%d characters of a-z, 0-9 and '-'",
                     name == NULL ? "" : name, LATI_TASK_NAME - 1);
  }
  if (lati_task_kind_find(name) != NULL || strcmp(name, lati_task_mixture.name) == 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task functions: name '%s' is the library's own", name);
  }
  return LAT_OK;
}

static lat_status read_functions(lat_task_functions *to, const lat_task_functions *from) {
  if (from == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task functions are NULL");
  }
  lat_status status = lati_options_read(to, sizeof *to, fields, from, "task functions");
  if (status != LAT_OK) {
    return status;
  }
  if (to->input_shape == NULL || to->output_shape == NULL || to->draw == NULL ||
      to->answer == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "task functions: input_shape, output_shape, draw and answer must be given");
  }
  if ((to->canonicalize == NULL) != (to->restore == NULL) ||
      (to->canonicalize != NULL) != (to->transform_size > 0)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task functions: canonicalize, restore and a "
                                         "transform_size above 0 must be given together");
  }
  return check_name(to->name);
}

/* 0 is what a program says that knows of one alone. */
static lati_arity arity(int32_t count) {
  return (lati_arity){count > 0 ? count : 1, LATI_IN_TURN};
}

lat_status lat_task_create_custom(lat_task **out, lat_context *ctx,
                                  const lat_task_functions *functions, void *user) {
  lat_status status = LAT_OK;
  lat_task *task = NULL;
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  LATI_TRY(lati_task_new(&task, ctx, &lati_task_custom));
  LATI_TRY(read_functions(&task->functions, functions));
  strcpy(task->name, task->functions.name);
  task->functions.name = task->name;
  task->letter = task->functions.letter;
  task->degree = task->functions.degree;
  task->scaling = task->functions.scalable ? LATI_SCALE_ALL : LATI_SCALE_NONE;
  task->options.range = CUSTOM_RANGE;
  task->operands = arity(task->functions.operand_count);
  task->results = arity(task->functions.result_count);
  task->user = user;
  *out = task;
  task = NULL;
done:
  lat_task_free(task);
  return status;
}

static lat_status failed(const lat_task *task, const char *function, int32_t code) {
  if (lati_task_is_placeholder(task)) {
    return lati_fail(LAT_ERROR_STATE,
                     "custom task '%s' was not given: its model was only inspected", task->name);
  }
  return lati_fail(LAT_ERROR_CALLBACK, "task '%s': %s returned %d", task->name, function, code);
}

/* Outcome of draw and answer, which may reject. */
static lat_status outcome(const lat_task *task, const char *function, int32_t code) {
  if (code == LAT_TASK_REJECT) {
    return lati_fail(LAT_ERROR_NUMERIC, "task '%s': %s rejected the example", task->name, function);
  }
  return code == 0 ? LAT_OK : failed(task, function, code);
}

static lati_form max_form(lati_arity arity, const int32_t *rows, const int32_t *cols) {
  lati_form form = {.count = arity.count, .layout = arity.layout};
  for (int32_t i = 0; i < form.count; ++i) {
    form.shape[i] = (lati_shape){rows[i] > 0 ? rows[i] : LAT_MAX_DIMENSION,
                                 cols[i] > 0 ? cols[i] : LAT_MAX_DIMENSION};
  }
  return form;
}

void lati_custom_max_forms(lati_form *operands, lati_form *results, const lat_task *task) {
  const lat_task_functions *table = &task->functions;
  *operands = max_form(task->operands, table->operand_max_rows, table->operand_max_cols);
  *results = max_form(task->results, table->result_max_rows, table->result_max_cols);
}

/* Shapes that a callback wrote as rows and columns apart. */
static lat_status take_shapes(lati_form *form, const lat_task *task, const char *function,
                              const int32_t *rows, const int32_t *cols, const lati_form *most) {
  for (int32_t i = 0; i < form->count; ++i) {
    const lati_shape largest = most->shape[i];
    if (rows[i] < 1 || rows[i] > largest.rows || cols[i] < 1 || cols[i] > largest.cols) {
      return lati_fail(LAT_ERROR_CALLBACK, "task '%s': %s gave %d x %d, outside 1..%d x 1..%d",
                       task->name, function, rows[i], cols[i], largest.rows, largest.cols);
    }
    form->shape[i] = (lati_shape){rows[i], cols[i]};
  }
  return LAT_OK;
}

lat_status lati_custom_operand_form(lati_form *operands, const lat_task *task, lat_random *random) {
  int32_t rows[LATI_MAX_OPERANDS] = {0}, cols[LATI_MAX_OPERANDS] = {0};
  lati_form largest, ignored;
  lati_custom_max_forms(&largest, &ignored, task);
  const int32_t code = task->functions.input_shape(rows, cols, random, task->user);
  *operands = (lati_form){.count = task->operands.count, .layout = task->operands.layout};
  return code == 0 ? take_shapes(operands, task, "input_shape", rows, cols, &largest)
                   : failed(task, "input_shape", code);
}

static lat_status check_operands(const lat_task *task, const lati_form *operands,
                                 const lati_form *most) {
  for (int32_t i = 0; i < operands->count; ++i) {
    const lati_shape given = operands->shape[i], largest = most->shape[i];
    if (given.rows > largest.rows || given.cols > largest.cols) {
      return lati_fail(LAT_ERROR_SHAPE, "task '%s' takes at most %d x %d, not %d x %d", task->name,
                       largest.rows, largest.cols, given.rows, given.cols);
    }
  }
  return LAT_OK;
}

lat_status lati_custom_result_form(lati_form *results, const lat_task *task,
                                   const lati_form *operands) {
  char text[LATI_SHAPES_TEXT];
  int32_t rows[LATI_MAX_OPERANDS] = {0}, cols[LATI_MAX_OPERANDS] = {0};
  int32_t input_rows[LATI_MAX_OPERANDS], input_cols[LATI_MAX_OPERANDS];
  lati_form most_operands, most_results;
  lati_custom_max_forms(&most_operands, &most_results, task);
  const lat_status status = check_operands(task, operands, &most_operands);
  if (status != LAT_OK) {
    return status;
  }
  for (int32_t i = 0; i < LATI_MAX_OPERANDS; ++i) {
    input_rows[i] = operands->shape[i].rows;
    input_cols[i] = operands->shape[i].cols;
  }
  const int32_t code = task->functions.output_shape(rows, cols, input_rows, input_cols, task->user);
  if (code == LAT_TASK_REJECT) {
    return lati_fail(LAT_ERROR_SHAPE,
                     operands->count == 1 ? "task '%s' does not take a %s matrix"
                                          : "task '%s' does not take matrices of %s",
                     task->name, lati_shapes_text(text, operands));
  }
  return code == 0 ? take_shapes(results, task, "output_shape", rows, cols, &most_results)
                   : failed(task, "output_shape", code);
}

/* Callbacks get views of their own. */
typedef struct views {
  lat_matrix at[LATI_MAX_OPERANDS];
} views;

static views views_of(const lat_matrix *matrices, int32_t count) {
  views own = {{{NULL, 0, 0, 0, LAT_ROW_MAJOR}}};
  memcpy(own.at, matrices, (size_t)count * sizeof *matrices);
  return own;
}

/* Memory is zeroed first, so that what a callback leaves out does not depend on who drew before. */
static views cleared(const lat_matrix *matrices, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    memset(matrices[i].data, 0, lati_matrix_count(&matrices[i]) * sizeof *matrices[i].data);
  }
  return views_of(matrices, count);
}

lat_status lati_custom_draw(const lat_matrix *operands, const lat_task *task, lat_random *random) {
  views own = cleared(operands, task->operands.count);
  return outcome(task, "draw", task->functions.draw(own.at, random, task->user));
}

static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  (void)work;
  views own = cleared(output, task->results.count);
  return outcome(task, "answer", task->functions.answer(own.at, input, task->user));
}

lat_status lati_custom_canonicalize(const lat_matrix *operands, const lat_task *task,
                                    void *transform) {
  views own = views_of(operands, task->operands.count);
  memset(transform, 0, (size_t)task->functions.transform_size);
  const int32_t code =
      task->functions.canonicalize(own.at, task->operands.count, transform, task->user);
  return code == 0 ? LAT_OK : failed(task, "canonicalize", code);
}

lat_status lati_custom_restore(const lat_matrix *results, const lat_task *task,
                               const void *transform) {
  views own = views_of(results, task->results.count);
  const int32_t code = task->functions.restore(own.at, task->results.count, transform, task->user);
  return code == 0 ? LAT_OK : failed(task, "restore", code);
}

static lat_status residual(double *out, const lat_task *task, const lati_trial *trial) {
  if (task->functions.residual == NULL) {
    return lati_residual_target(out, task, trial);
  }
  const int32_t code =
      task->functions.residual(out, trial->input, trial->target, trial->prediction, task->user);
  return code == 0 ? LAT_OK : failed(task, "residual", code);
}

const lati_task_kind lati_task_custom = {
    .name = "custom",
    .answer = answer,
    .residual = residual,
};
