#include "task/draw_example.h"

lat_status lati_scratch_create(lati_scratch *scratch, const lat_task *task) {
  *scratch = (lati_scratch){NULL, NULL, NULL};
  lat_status status = LAT_OK;
  int32_t rows = 0;
  int32_t cols = 0;
  int32_t output_rows = 0;
  int32_t output_cols = 0;
  LATI_TRY(lat_task_max_shapes(&rows, &cols, &output_rows, &output_cols, task));
  LATI_TRY(LATI_NEW(scratch->input, task->ctx, rows * cols));
  LATI_TRY(LATI_NEW(scratch->output, task->ctx, output_rows * output_cols));
  LATI_TRY(LATI_NEW(scratch->work, task->ctx, lati_task_work(task, rows, cols)));
done:
  return status;
}

void lati_scratch_free(lati_scratch *scratch) {
  lati_free(scratch->work);
  lati_free(scratch->output);
  lati_free(scratch->input);
}

/* True where coefficients can change sign without leaving the task's distribution of spectra. */
static int signs_are_free(const lati_example *example) {
  const lat_task *task = example->task;
  return task->kind != &lati_task_custom &&
         (!task->kind->symmetric || example->distribution == LATI_SPECTRUM_SEMICIRCLE);
}

void lati_example_begin(lati_example *example, const lat_task *task, double sign_bias,
                        lat_random *random) {
  *example = (lati_example){.task = task, .distribution = -1};
  if (task->kind == &lati_task_mixture) {
    example->component = lati_weights_draw(task->cumulative, task->count, random);
    example->task = task->components[example->component];
    example->letter = example->task->letter;
  }
  if (example->task->kind->symmetric) {
    example->distribution = (int32_t)lati_spectra_draw(&example->task->spectra, random);
  }
  if (sign_bias > 0) {
    example->biased = lat_random_uniform(random) < sign_bias && signs_are_free(example);
  }
}

static lat_status draw_input(lati_example *example, lat_random *random, double *work) {
  const lat_task *task = example->task;
  lat_matrix *input = &example->input;
  if (task->kind == &lati_task_custom) {
    return lati_custom_draw(input, task, random);
  }
  if (task->kind->symmetric) {
    return lati_random_symmetric(input->data, input->rows, &task->coefficients,
                                 (lati_spectrum)example->distribution, random, work);
  }
  lati_random_fill(input->data, lati_matrix_count(input), &task->coefficients, random);
  return LAT_OK;
}

static void add_noise(lat_matrix *input, const lat_task *task, lat_random *random) {
  const size_t count = lati_matrix_count(input);
  const double deviation = task->options.noise * lati_coefficients_deviation(&task->coefficients);
  for (size_t i = 0; i < count; ++i) {
    input->data[i] += deviation * lat_random_normal(random);
  }
}

lat_status lati_example_draw(lati_example *example, lat_random *random,
                             const lati_scratch *scratch) {
  const lat_task *task = example->task;
  lat_matrix *input = &example->input;
  lat_matrix *output = &example->output;
  lat_status status = LAT_OK;
  int32_t rows = 0;
  int32_t cols = 0;
  LATI_TRY(lati_task_draw_shape(&rows, &cols, task, random));
  *input = lati_matrix_view(scratch->input, rows, cols);
  LATI_TRY(lat_task_output_shape(&rows, &cols, task, input->rows, input->cols));
  *output = lati_matrix_view(scratch->output, rows, cols);
  LATI_TRY(draw_input(example, random, scratch->work));
  if (example->biased) {
    lati_random_bias_signs(input->data, input->rows, input->cols, task->kind->symmetric, random);
  }
  LATI_TRY(task->kind->answer(output, task, input, scratch->work));
  if (task->kind->accept != NULL) {
    LATI_TRY(task->kind->accept(output, input));
  }
  if (task->options.noise > 0) {
    add_noise(input, task, random);
  }
  LATI_TRY(lati_matrix_check_finite(input, "input"));
  LATI_TRY(lati_matrix_check_finite(output, "answer"));
done:
  return status;
}
