/* A^T. */
#include "task/relative_residual.h"

static int result_shapes(lati_shape *results, const lati_shape *operands) {
  results[0] = (lati_shape){operands->cols, operands->rows};
  return 1;
}

static lat_status answer(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                         double *work) {
  (void)task;
  (void)work;
  lati_transpose(output->data, input->data, input->rows, input->cols);
  return LAT_OK;
}

/* |P - A^T| / |A|, against the input itself. */
static lat_status residual(double *out, const lat_task *task, const lati_trial *trial) {
  (void)task;
  double *target = trial->work + lati_matrix_count(trial->input);
  lati_transpose(target, trial->input->data, trial->input->rows, trial->input->cols);
  *out = lati_residual_difference(trial, target);
  return LAT_OK;
}

const lati_task_kind lati_task_transpose = {
    .name = "transpose",
    .letter = 'T',
    .degree = 1,
    .scaling = LATI_SCALE_ALL,
    .self_scoring = 1,
    .takes = "any matrix",
    .operands = {1, LATI_IN_TURN},
    .results = {1, LATI_IN_TURN},
    .structured = 1,
    .result_shapes = result_shapes,
    .answer = answer,
    .residual = residual,
};
