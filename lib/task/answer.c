/* The answer to one example: LAPACK's, or a custom task's. */
#include "base/floating.h"
#include "task/registry.h"

#include <string.h>

/* The operands as they are written. */
static lati_form written_form(const lat_task *task, const lat_matrix *input) {
  lati_form operands = {.count = lati_task_written(task, LAT_INPUT), .layout = LATI_IN_TURN};
  for (int32_t i = 0; i < operands.count; ++i) {
    operands.shape[i] = (lati_shape){input[i].rows, input[i].cols};
  }
  return operands;
}

lat_status lati_task_answer_in(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                               double *work) {
  lat_status status = LAT_OK;
  lat_matrix own[LATI_MAX_OPERANDS];
  const int32_t results = lati_task_written(task, LAT_OUTPUT);
  const size_t values = lati_matrices_values(output, results);
  LATI_TRY(lati_operands_check_finite(input, lati_task_written(task, LAT_INPUT), "input"));
  lati_matrices_like(own, output, results, work);
  LATI_TRY(task->kind->answer(own, task, input, work + values));
  LATI_TRY(lati_operands_check_finite(own, results, "answer"));
  memcpy(output[0].data, work, values * sizeof *work);
done:
  return status;
}

lat_status lati_task_answer(lat_matrix *output, const lat_task *task, const lat_matrix *input) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  const lati_form operands = written_form(task, input);
  const size_t values = lati_matrices_values(output, lati_task_written(task, LAT_OUTPUT));
  LATI_TRY(LATI_NEW(memory, task->ctx, values + lati_task_work(task, &operands)));
  LATI_TRY(lati_task_answer_in(output, task, input, memory));
done:
  lati_free(memory);
  return status;
}

/* The answer in packed form, then in the caller's. */
static lat_status answer_packed(lat_matrix *results, const lat_task *task,
                                const lat_matrix *operands, const lati_form *input_form,
                                const lati_form *output_form) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  const size_t input_values = lati_form_values(input_form);
  LATI_TRY(LATI_NEW(memory, task->ctx, input_values + lati_form_values(output_form)));
  const lati_matrices input = lati_matrices_at(memory, input_form);
  lati_matrices output = lati_matrices_at(memory + input_values, output_form);
  lati_matrices_pack(&input, operands);
  LATI_TRY(lati_task_answer(output.written, task, input.written));
  lati_matrices_unpack(results, &output);
done:
  lati_free(memory);
  return status;
}

lat_status lat_task_answer_operands(lat_matrix *results, int32_t result_count, const lat_task *task,
                                    const lat_matrix *operands, int32_t operand_count) {
  lat_status status = LAT_OK;
  lati_form output;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(lati_task_check_counts(task, operand_count, result_count));
  LATI_TRY(lati_operands_check(operands, operand_count, LAT_MAX_DIMENSION, "input"));
  const lati_form input = lati_task_form_of(task, operands);
  LATI_TRY(lati_task_result_form(&output, task, &input));
  LATI_TRY(lati_operands_check(results, result_count, LAT_MAX_DIMENSION, "output"));
  LATI_TRY(lati_operands_check_shapes(results, &output, "output"));
  LATI_TRY(lati_operands_check_finite(operands, operand_count, "input"));
  LATI_TRY(answer_packed(results, task, operands, &input, &output));
done:
  lati_floating_leave(&saved);
  return status;
}

lat_status lat_task_answer(lat_matrix *output, const lat_task *task, const lat_matrix *input) {
  return lat_task_answer_operands(output, 1, task, input, 1);
}
