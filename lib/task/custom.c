/* Custom tasks: a table of the host's functions. */
#include "task/relative_residual.h"

#include <math.h>
#include <string.h>

/* Half width that a custom task's coefficients are taken to have. */
#define CUSTOM_RANGE 10

/* answer(c A) = c^degree answer(A): beyond this, scaling by 10 leaves the range of doubles soon. */
#define LARGEST_DEGREE 100

#define FLAG_FIELD(member) LATI_NUMBER(lat_task_functions, member, LATI_FIELD_INT32, 0, 0, 1)

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

static lat_status check_shape(const lat_task *task, const char *function, int32_t rows,
                              int32_t cols) {
  if (rows < 1 || rows > LAT_MAX_DIMENSION || cols < 1 || cols > LAT_MAX_DIMENSION) {
    return lati_fail(LAT_ERROR_CALLBACK, "task '%s': %s gave %d x %d, outside 1..%d", task->name,
                     function, rows, cols, LAT_MAX_DIMENSION);
  }
  return LAT_OK;
}

lat_status lati_custom_input_shape(int32_t *rows, int32_t *cols, const lat_task *task,
                                   lat_random *random) {
  const int32_t code = task->functions.input_shape(rows, cols, random, task->user);
  return code == 0 ? check_shape(task, "input_shape", *rows, *cols)
                   : failed(task, "input_shape", code);
}

lat_status lati_custom_output_shape(int32_t *rows, int32_t *cols, const lat_task *task,
                                    int32_t input_rows, int32_t input_cols) {
  const int32_t code = task->functions.output_shape(rows, cols, input_rows, input_cols, task->user);
  if (code == LAT_TASK_REJECT) {
    return lati_fail(LAT_ERROR_SHAPE, "task '%s' does not take a %d x %d matrix", task->name,
                     input_rows, input_cols);
  }
  return code == 0 ? check_shape(task, "output_shape", *rows, *cols)
                   : failed(task, "output_shape", code);
}

/* Memory is zeroed first, so that what a callback leaves out does not depend on who drew before;
 * callbacks get views of their own. */
static lat_matrix cleared(const lat_matrix *matrix) {
  memset(matrix->data, 0, lati_matrix_count(matrix) * sizeof *matrix->data);
  return *matrix;
}

lat_status lati_custom_draw(lat_matrix *input, const lat_task *task, lat_random *random) {
  lat_matrix view = cleared(input);
  return outcome(task, "draw", task->functions.draw(&view, random, task->user));
}

static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  (void)work;
  lat_matrix view = cleared(output);
  return outcome(task, "answer", task->functions.answer(&view, input, task->user));
}

lat_status lati_custom_canonicalize(const lat_matrix *input, const lat_task *task,
                                    void *transform) {
  lat_matrix view = *input;
  memset(transform, 0, (size_t)task->functions.transform_size);
  const int32_t code = task->functions.canonicalize(&view, 1, transform, task->user);
  return code == 0 ? LAT_OK : failed(task, "canonicalize", code);
}

lat_status lati_custom_restore(const lat_matrix *answer, const lat_task *task,
                               const void *transform) {
  lat_matrix view = *answer;
  const int32_t code = task->functions.restore(&view, 1, transform, task->user);
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
