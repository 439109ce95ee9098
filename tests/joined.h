/* Calls for tasks of any number of operands and results, with the matrices joined as they are
 * written: [A B] side by side, results stacked. Tables of reference answers have that form. */
#ifndef LAT_TESTS_JOINED_H
#define LAT_TESTS_JOINED_H

#include <lat/lat.h>

#include <string.h>

enum { JOINED_MOST = 4 };

/* Views of the operands in one matrix, written side by side. */
static inline int32_t joined_operands(lat_matrix parts[JOINED_MOST], const lat_task *task,
                                      const lat_matrix *input) {
  const int32_t count = lat_task_operand_count(task);
  const int vector = count == 2 && strcmp(lat_task_name(task), "matvec") == 0;
  parts[0] = parts[1] = *input;
  if (count == 2) {
    const int32_t first = vector ? input->cols - 1 : input->cols / 2;
    const int32_t step = input->order == LAT_ROW_MAJOR ? 1 : input->ld;
    parts[0].cols = first;
    parts[1].cols = input->cols - first;
    parts[1].data = input->data + first * step;
  }
  return count;
}

/* Views of the results in one matrix, written stacked. */
static inline int32_t joined_results(lat_matrix parts[JOINED_MOST], lat_status *status,
                                     const lat_task *task, const lat_matrix *operands,
                                     const lat_matrix *output) {
  const int32_t count = lat_task_result_count(task);
  lat_matrix shapes[JOINED_MOST];
  int32_t row = 0;
  *status = lat_task_result_shapes(shapes, count, task, operands, lat_task_operand_count(task));
  for (int32_t i = 0; i < count && *status == LAT_OK; ++i) {
    parts[i] = *output;
    parts[i].data = output->data + row * (output->order == LAT_ROW_MAJOR ? output->ld : 1);
    parts[i].rows = count == 1 ? output->rows : shapes[i].rows;
    row += shapes[i].rows;
  }
  if (count > 1 && row != output->rows) {
    parts[count - 1].rows += output->rows - row; /* refused as any wrong shape */
  }
  return count;
}

static inline int joined_is_simple(const lat_task *task, const lat_matrix *input) {
  return task == NULL || input == NULL ||
         (lat_task_operand_count(task) < 2 && lat_task_result_count(task) < 2);
}

static inline lat_status joined_output_shape(int32_t *rows, int32_t *cols, const lat_task *task,
                                             int32_t input_rows, int32_t input_cols) {
  double none = 0;
  const lat_matrix input = {&none, input_rows, input_cols, input_cols, LAT_ROW_MAJOR};
  lat_matrix operands[JOINED_MOST], results[JOINED_MOST];
  if (joined_is_simple(task, &input)) {
    return lat_task_output_shape(rows, cols, task, input_rows, input_cols);
  }
  const int32_t count = lat_task_result_count(task);
  const lat_status status = lat_task_result_shapes(results, count, task, operands,
                                                   joined_operands(operands, task, &input));
  *rows = 0;
  for (int32_t i = 0; i < count && status == LAT_OK; ++i) {
    *rows += results[i].rows;
    *cols = results[i].cols;
  }
  return status;
}

static inline lat_status joined_answer(lat_matrix *output, const lat_task *task,
                                       const lat_matrix *input) {
  lat_matrix operands[JOINED_MOST], results[JOINED_MOST];
  lat_status status = LAT_OK;
  if (joined_is_simple(task, input) || output == NULL) {
    return lat_task_answer(output, task, input);
  }
  const int32_t count = joined_operands(operands, task, input);
  const int32_t answers = joined_results(results, &status, task, operands, output);
  return status != LAT_OK ? status
                          : lat_task_answer_operands(results, answers, task, operands, count);
}

static inline lat_status joined_score(lat_score *score, const lat_task *task,
                                      const lat_matrix *input, const lat_matrix *target,
                                      const lat_matrix *prediction,
                                      const lat_score_options *options) {
  lat_matrix operands[JOINED_MOST], targets[JOINED_MOST], predictions[JOINED_MOST];
  lat_status status = LAT_OK;
  if (joined_is_simple(task, input) || prediction == NULL) {
    return lat_task_score(score, task, input, target, prediction, options);
  }
  const int32_t count = joined_operands(operands, task, input);
  const int32_t answers = joined_results(predictions, &status, task, operands, prediction);
  if (status == LAT_OK && target != NULL) {
    joined_results(targets, &status, task, operands, target);
  }
  return status != LAT_OK ? status
                          : lat_task_score_operands(score, task, operands, count,
                                                    target == NULL ? NULL : targets, predictions,
                                                    answers, options);
}

static inline lat_status joined_solve(lat_matrix *x, lat_report *report, lat_solver *solver,
                                      const lat_task *task, const lat_matrix *a) {
  lat_matrix operands[JOINED_MOST], results[JOINED_MOST];
  lat_status status = LAT_OK;
  if (joined_is_simple(task, a)) {
    return lat_solver_solve(x, report, solver, a);
  }
  const int32_t count = joined_operands(operands, task, a);
  const int32_t answers = joined_results(results, &status, task, operands, x);
  return status != LAT_OK
             ? status
             : lat_solver_solve_operands(results, answers, report, solver, operands, count, 1);
}

/* moved: the canonical form that @p canonical is the answer to; input: what it was moved from. */
static inline lat_status joined_restore(lat_matrix *back, const lat_task *task,
                                        const void *transform, const lat_matrix *canonical,
                                        const lat_matrix *moved, const lat_matrix *input) {
  lat_matrix operands[JOINED_MOST], from[JOINED_MOST], to[JOINED_MOST];
  lat_status status = LAT_OK;
  joined_operands(operands, task, moved);
  const int32_t count = joined_results(from, &status, task, operands, canonical);
  joined_operands(operands, task, input);
  joined_results(to, &status, task, operands, back);
  return status != LAT_OK ? status : lat_task_restore(to, count, task, transform, from);
}

/* The canonical form is packed. */
static inline lat_status joined_canonicalize(lat_matrix *canonical, int32_t count, void *transform,
                                             const lat_task *task, const lat_matrix *input) {
  double memory[JOINED_MOST][10000];
  lat_matrix operands[JOINED_MOST], parts[JOINED_MOST];
  if (joined_is_simple(task, input) || lat_task_operand_count(task) == 1 || canonical == NULL ||
      count != 1) {
    return lat_task_canonicalize(canonical, count, transform, task, input);
  }
  const int32_t own = joined_operands(operands, task, input);
  for (int32_t i = 0; i < own; ++i) {
    parts[i] = (lat_matrix){memory[i], 0, 0, 0, LAT_ROW_MAJOR};
  }
  const lat_status status = lat_task_canonicalize(parts, own, transform, task, operands);
  double *data = canonical->data;
  *canonical = (lat_matrix){data, parts[0].rows, parts[0].cols + parts[1].cols, 0, LAT_ROW_MAJOR};
  canonical->ld = canonical->cols;
  for (int32_t i = 0; status == LAT_OK && i < own; ++i) {
    for (int32_t r = 0; r < parts[i].rows; ++r) {
      memcpy(data + r * canonical->ld + (i == 0 ? 0 : parts[0].cols),
             parts[i].data + r * parts[i].cols, (size_t)parts[i].cols * sizeof *data);
    }
  }
  return status;
}

#endif
