/* How many operands and results a task has, and their shapes: of a caller's operands, of random
 * examples, of the largest. */
#include "base/floating.h"
#include "task/registry.h"

static int32_t larger(int32_t a, int32_t b) {
  return a > b ? a : b;
}

int32_t lat_task_operand_count(const lat_task *task) {
  return task == NULL ? 0 : task->operands.count;
}

int32_t lat_task_result_count(const lat_task *task) {
  return task == NULL ? 0 : task->results.count;
}

static lat_status check_not_mixture(const lat_task *task) {
  if (task == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the task is NULL");
  }
  if (lati_is_mixture(task)) {
    return lati_fail(LAT_ERROR_STATE,
                     "a mixture has no operands and no answer of its own: use its components");
  }
  return LAT_OK;
}

static const char *plural(int32_t count) {
  return count == 1 ? "" : "s";
}

lat_status lati_task_check_counts(const lat_task *task, int32_t operand_count,
                                  int32_t result_count) {
  const lat_status status = check_not_mixture(task);
  if (status != LAT_OK) {
    return status;
  }
  const int32_t operands = task->operands.count, results = task->results.count;
  if (operand_count != operands || result_count != results) {
    const int32_t given = operand_count != operands ? operand_count : result_count;
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "count %d: task '%s' has %d operand%s and %d result%s; calls for any number "
                     "of them end in _operands",
                     given, task->name, operands, plural(operands), results, plural(results));
  }
  return LAT_OK;
}

int32_t lati_task_written(const lat_task *task, int32_t side) {
  const lati_arity *arity = side == LAT_INPUT ? &task->operands : &task->results;
  return arity->layout == LATI_IN_TURN ? arity->count : 1;
}

int32_t lati_task_sequence_matrices(const lat_task *task, int32_t side) {
  return lati_task_written(task, side) + (side == LAT_OUTPUT && lati_task_has_steps(task));
}

int32_t lati_task_most_written(const lat_task *task, int32_t side) {
  int32_t most = 1;
  for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
    most = larger(most, lati_task_written(lat_task_component(task, i), side));
  }
  return most;
}

int32_t lati_task_answer_matrices(const lat_task *task, int32_t letter) {
  for (int32_t i = 0; i < task->count; ++i) {
    if (task->components[i]->letter == letter) {
      return lati_task_sequence_matrices(task->components[i], LAT_OUTPUT);
    }
  }
  return task->count > 0 ? 1 : lati_task_sequence_matrices(task, LAT_OUTPUT);
}

lati_form lati_task_operand_form(const lat_task *task, int32_t rows, int32_t cols) {
  lati_form form = {.count = task->operands.count, .layout = task->operands.layout};
  cols = task->kind->right_sides ? task->options.cols : cols;
  if (task->kind->operand_shapes != NULL) {
    task->kind->operand_shapes(form.shape, rows, cols);
  } else {
    form.shape[0] = (lati_shape){rows, cols};
  }
  return form;
}

lati_form lati_task_form_of(const lat_task *task, const lat_matrix *operands) {
  lati_form form = {.count = task->operands.count, .layout = task->operands.layout};
  for (int32_t i = 0; i < form.count; ++i) {
    form.shape[i] = (lati_shape){operands[i].rows, operands[i].cols};
  }
  return form;
}

static int is_writable(lati_shape shape) {
  return shape.rows >= 1 && shape.rows <= LAT_MAX_DIMENSION && shape.cols >= 1 &&
         shape.cols <= LAT_MAX_DIMENSION;
}

/* The first matrix that is written and has no tokens; NULL when all have. */
static const lati_shape *unwritable(lati_shape written[LATI_MAX_OPERANDS], const lati_form *form) {
  for (int32_t i = 0; i < form->count;
       ++i) { /* first the parts, whose sum may be too large to form */
    if (!is_writable(form->shape[i])) {
      return &form->shape[i];
    }
  }
  const int32_t count = lati_form_written(written, form);
  for (int32_t i = 0; i < count; ++i) {
    if (!is_writable(written[i])) {
      return &written[i];
    }
  }
  return NULL;
}

lat_status lati_task_result_form(lati_form *results, const lat_task *task,
                                 const lati_form *operands) {
  char text[LATI_SHAPES_TEXT];
  lati_shape written[LATI_MAX_OPERANDS];
  *results = (lati_form){.count = task->results.count, .layout = task->results.layout};
  const lati_shape *wrong = unwritable(written, operands);
  if (wrong != NULL) {
    return lati_fail(LAT_ERROR_SHAPE, "task '%s': the input is %d x %d, outside 1..%d", task->name,
                     wrong->rows, wrong->cols, LAT_MAX_DIMENSION);
  }
  if (task->kind == &lati_task_custom) {
    return lati_custom_result_form(results, task, operands);
  }
  if (!task->kind->result_shapes(results->shape, operands->shape)) {
    return lati_fail(LAT_ERROR_SHAPE, "task '%s' takes %s, not %s", task->name, task->kind->takes,
                     lati_shapes_text(text, operands));
  }
  wrong = unwritable(written, results);
  if (wrong != NULL) {
    return lati_fail(LAT_ERROR_SHAPE, "task '%s': the answer to %s is %d x %d, more than %d",
                     task->name, lati_shapes_text(text, operands), wrong->rows, wrong->cols,
                     LAT_MAX_DIMENSION);
  }
  return lati_task_check_steps(task, operands);
}

/* Of operands side by side the first is as wide as the task takes it. */
lat_status lati_task_written_answer(lati_shape *answer, const lat_task *task, lati_shape input) {
  lati_shape written[LATI_MAX_OPERANDS];
  lati_form results, operands = {.count = task->operands.count,
                                 .layout = task->operands.layout,
                                 .shape = {input, {input.rows, 0}}};
  lat_status status = check_not_mixture(task);
  if (status != LAT_OK) {
    return status;
  }
  status = operands.count == 1 ? lati_task_result_form(&results, task, &operands) : LAT_ERROR_SHAPE;
  for (int32_t cols = 1; operands.count == 2 && cols < input.cols && status != LAT_OK; ++cols) {
    operands.shape[0].cols = cols;
    operands.shape[1].cols = input.cols - cols;
    status = lati_task_result_form(&results, task, &operands);
  }
  if (status == LAT_OK) {
    lati_form_written(written, &results);
    *answer = written[0];
    return LAT_OK;
  }
  return operands.count == 1 ? status
                             : lati_fail(LAT_ERROR_SHAPE, "task '%s' takes %s, not %d x %d",
                                         task->name, task->kind->takes, input.rows, input.cols);
}

lat_status lati_task_draw_form(lati_form *operands, const lat_task *task, lat_random *random) {
  const lat_task_options *options = &task->options;
  if (task->kind == &lati_task_custom) {
    return lati_custom_operand_form(operands, task, random);
  }
  int32_t rows = options->rows;
  int32_t cols = options->cols;
  if (options->max_size > 0) {
    rows = lat_random_integer(random, options->min_size, options->max_size);
    cols = options->rectangular ? lat_random_integer(random, options->min_size, options->max_size)
                                : rows;
  }
  *operands = lati_task_operand_form(task, rows, cols);
  return LAT_OK;
}

/* The larger of both in each matrix that is written. */
static void merge(lati_form *form, const lati_form *other) {
  lati_shape written[LATI_MAX_OPERANDS] = {{0, 0}};
  const int32_t count = lati_form_written(written, other);
  for (int32_t i = 0; i < count; ++i) {
    form->shape[i].rows = larger(form->shape[i].rows, written[i].rows);
    form->shape[i].cols = larger(form->shape[i].cols, written[i].cols);
  }
  form->count = larger(form->count, count);
}

static lat_status mixture_max_forms(lati_form *operands, lati_form *results,
                                    const lat_task *mixture) {
  *operands = *results = (lati_form){.layout = LATI_IN_TURN};
  for (int32_t i = 0; i < mixture->count; ++i) {
    lati_form input, output;
    const lat_status status = lati_task_max_forms(&input, &output, mixture->components[i]);
    if (status != LAT_OK) {
      return status;
    }
    merge(operands, &input);
    merge(results, &output);
  }
  return LAT_OK;
}

lat_status lati_task_max_forms(lati_form *operands, lati_form *results, const lat_task *task) {
  const lat_task_options *options = &task->options;
  if (lati_is_mixture(task)) {
    return mixture_max_forms(operands, results, task);
  }
  if (task->kind == &lati_task_custom) {
    lati_custom_max_forms(operands, results, task);
    return LAT_OK;
  }
  const int drawn = options->max_size > 0;
  *operands = lati_task_operand_form(task, drawn ? options->max_size : options->rows,
                                     drawn ? options->max_size : options->cols);
  return lati_task_result_form(results, task, operands);
}

/* A letter is counted once, with the first matrix. */
static size_t side_tokens(const lati_form *form, const lat_tokenizer *tokenizer, int32_t side) {
  lati_shape written[LATI_MAX_OPERANDS];
  const int32_t count = lati_form_written(written, form);
  size_t tokens = 0;
  for (int32_t i = 0; i < count; ++i) {
    int32_t rows = written[i].rows, cols = written[i].cols;
    if (tokenizer->side[side].triangle) { /* the largest that is square */
      rows = cols = rows < cols ? rows : cols;
    }
    tokens += lat_tokenizer_max_tokens(tokenizer, side, rows, cols) - (size_t)(i > 0);
  }
  return tokens;
}

/* Of a scratchpad, with what parts it from the answer. */
static size_t steps_tokens(lati_shape steps, const lat_tokenizer *tokenizer) {
  return steps.rows == 0
             ? 0
             : lat_tokenizer_max_tokens(tokenizer, LAT_OUTPUT, steps.rows, steps.cols) - 1;
}

lat_status lati_task_max_tokens(size_t tokens[2], const lat_task *task,
                                const lat_tokenizer *tokenizer) {
  lati_form operands, results;
  lati_shape steps;
  lat_status status = LAT_OK;
  LATI_TRY(lati_task_max_forms(&operands, &results, task));
  LATI_TRY(lati_task_most_steps(&steps, task));
  tokens[LAT_INPUT] = side_tokens(&operands, tokenizer, LAT_INPUT);
  tokens[LAT_OUTPUT] =
      side_tokens(&results, tokenizer, LAT_OUTPUT) + steps_tokens(steps, tokenizer);
done:
  return status;
}

static lat_status fill_shapes(lat_matrix *matrices, const lati_form *form) {
  for (int32_t i = 0; i < form->count; ++i) {
    matrices[i].rows = form->shape[i].rows;
    matrices[i].cols = matrices[i].ld = form->shape[i].cols;
    matrices[i].order = LAT_ROW_MAJOR;
  }
  return LAT_OK;
}

lat_status lat_task_result_shapes(lat_matrix *results, int32_t result_count, const lat_task *task,
                                  const lat_matrix *operands, int32_t operand_count) {
  lat_status status = LAT_OK;
  lati_form form;
  lati_floating saved;
  lati_floating_enter(&saved);
  if (results == NULL || operands == NULL) {
    LATI_TRY(lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", results == NULL ? "results" : "operands"));
  }
  LATI_TRY(lati_task_check_counts(task, operand_count, result_count));
  const lati_form given = lati_task_form_of(task, operands);
  LATI_TRY(lati_task_result_form(&form, task, &given));
  LATI_TRY(fill_shapes(results, &form));
done:
  lati_floating_leave(&saved);
  return status;
}

lat_status lat_task_output_shape(int32_t *rows, int32_t *cols, const lat_task *task,
                                 int32_t input_rows, int32_t input_cols) {
  const lat_matrix input = {NULL, input_rows, input_cols, input_cols, LAT_ROW_MAJOR};
  lat_matrix output;
  if (rows == NULL || cols == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "rows or cols is NULL");
  }
  const lat_status status = lat_task_result_shapes(&output, 1, task, &input, 1);
  if (status == LAT_OK) {
    *rows = output.rows;
    *cols = output.cols;
  }
  return status;
}

lat_status lat_task_max_operands(lat_matrix *operands, int32_t operand_count, lat_matrix *results,
                                 int32_t result_count, const lat_task *task) {
  lat_status status = LAT_OK;
  lati_form input, output;
  if (operands == NULL || results == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", operands == NULL ? "operands" : "results");
  }
  LATI_TRY(lati_task_check_counts(task, operand_count, result_count));
  LATI_TRY(lati_task_max_forms(&input, &output, task));
  LATI_TRY(fill_shapes(operands, &input));
  LATI_TRY(fill_shapes(results, &output));
done:
  return status;
}

lat_status lat_task_max_shapes(int32_t *input_rows, int32_t *input_cols, int32_t *output_rows,
                               int32_t *output_cols, const lat_task *task) {
  lat_status status = LAT_OK;
  lati_form input, output;
  if (task == NULL || input_rows == NULL || input_cols == NULL || output_rows == NULL ||
      output_cols == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the task or a place for its shapes is NULL");
  }
  for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
    LATI_TRY(lati_task_check_counts(lat_task_component(task, i), 1, 1));
  }
  LATI_TRY(lati_task_max_forms(&input, &output, task));
  *input_rows = input.shape[0].rows;
  *input_cols = input.shape[0].cols;
  *output_rows = output.shape[0].rows;
  *output_cols = output.shape[0].cols;
done:
  return status;
}

size_t lati_task_work(const lat_task *task, const lati_form *operands) {
  lati_shape written[LATI_MAX_OPERANDS];
  lati_form_written(written, operands);
  size_t most = task->kind->work == NULL ? 0 : task->kind->work(written);
  if (task->kind->symmetric) {
    const size_t drawing = lati_random_symmetric_work(written[0].rows);
    most = drawing > most ? drawing : most;
  }
  for (int32_t i = 0; i < task->count; ++i) {
    const size_t own = lati_task_work(task->components[i], operands);
    most = own > most ? own : most;
  }
  return most;
}
