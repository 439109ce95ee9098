/* Draws one example: shape, coefficients, answer, noise; in canonical form where the task says so.
 */
#include "task/draw_example.h"

#include <string.h>

/* A canonical form may be transposed. */
static size_t work_size(const lat_task *task, const lati_form *operands) {
  lati_form transposed = *operands;
  for (int32_t i = 0; i < operands->count; ++i) {
    transposed.shape[i] = (lati_shape){operands->shape[i].cols, operands->shape[i].rows};
  }
  const size_t work = lati_task_work(task, operands);
  const size_t other = operands->count == 1 ? lati_task_work(task, &transposed) : 0;
  return work > other ? work : other;
}

lat_status lati_scratch_create(lati_scratch *scratch, const lat_task *task) {
  *scratch = (lati_scratch){.input = NULL};
  lat_status status = LAT_OK;
  lati_form operands, results;
  lati_shape steps;
  LATI_TRY(lati_task_max_forms(&operands, &results, task));
  LATI_TRY(lati_task_most_steps(&steps, task));
  const size_t values = lati_form_values(&operands);
  LATI_TRY(LATI_NEW(scratch->input, task->ctx, values));
  LATI_TRY(LATI_NEW(scratch->output, task->ctx, lati_form_values(&results)));
  LATI_TRY(LATI_NEW(scratch->steps, task->ctx, (size_t)steps.rows * (size_t)steps.cols));
  const size_t transform = lat_task_transform_size(task);
  if (transform > 0) {
    LATI_TRY(LATI_NEW(scratch->moved, task->ctx, values));
    LATI_TRY(LATI_NEW(scratch->clean, task->ctx, values));
    LATI_TRY(lati_alloc(&scratch->transform, task->ctx, transform, 1));
  }
  LATI_TRY(LATI_NEW(scratch->work, task->ctx, work_size(task, &operands)));
done:
  return status;
}

void lati_scratch_free(lati_scratch *scratch) {
  lati_free(scratch->transform);
  lati_free(scratch->clean);
  lati_free(scratch->moved);
  lati_free(scratch->work);
  lati_free(scratch->steps);
  lati_free(scratch->output);
  lati_free(scratch->input);
}

/* True where coefficients can change sign without leaving the task's distribution of spectra. */
static int signs_are_free(const lati_example *example) {
  const lat_task *task = example->task;
  return task->kind != &lati_task_custom &&
         (!task->kind->symmetric || example->distribution == LATI_SPECTRUM_SEMICIRCLE);
}

static int32_t draw_component(const lati_example *example, lat_random *random) {
  const lat_task *mixture = example->task;
  const lati_weight_schedule *weights = example->draw->curriculum->tasks;
  return weights != NULL ? lati_weight_schedule_draw(weights, example->draw->index, random)
                         : lati_weights_draw(mixture->cumulative, mixture->count, random);
}

static int32_t draw_spectrum(const lati_example *example, lat_random *random) {
  const lati_weight_schedule *weights = example->draw->curriculum->spectra;
  return weights != NULL ? lati_weight_schedule_draw(weights, example->draw->index, random)
                         : (int32_t)lati_spectra_draw(&example->task->spectra, random);
}

/* No random number is taken where all matrices are dense. Of two operands that a structure is for
 * either has it, or both have it. */
static void draw_structure(lati_example *example, lat_random *random) {
  const lat_task *task = example->task;
  if (task->kind == &lati_task_custom) {
    return;
  }
  example->structure = lati_named_mixture_draw(&task->structures, random);
  example->structured = 1;
  if (task->kind->structured == 2 && example->structure != LATI_STRUCTURE_DENSE) {
    example->structured = lat_random_integer(random, 1, 3);
  }
}

void lati_example_begin(lati_example *example, const lat_task *task, const lati_draw *draw,
                        lat_random *random) {
  *example = (lati_example){.draw = draw, .task = task, .distribution = -1, .structure = -1};
  if (lati_is_mixture(task)) {
    example->component = draw_component(example, random);
    example->task = task->components[example->component];
    example->letter = example->task->letter;
  }
  if (example->task->kind->symmetric) {
    example->distribution = draw_spectrum(example, random);
  }
  draw_structure(example, random);
  if (draw->sign_bias > 0) {
    example->biased = lat_random_uniform(random) < draw->sign_bias && signs_are_free(example);
  }
}

static lat_status draw_form(lati_form *operands, const lati_example *example, lat_random *random) {
  const lati_weight_schedule *weights = example->draw->curriculum->sizes;
  if (weights == NULL) {
    return lati_task_draw_form(operands, example->task, random);
  }
  const uint64_t index = example->draw->index;
  int32_t rows = lati_weight_schedule_draw(weights, index, random), cols = rows;
  if (example->task->options.rectangular) {
    cols = lati_weight_schedule_draw(weights, index, random);
  }
  *operands = lati_task_operand_form(example->task, rows, cols);
  return LAT_OK;
}

static void apply_structure(const lati_example *example, lat_random *random) {
  for (int32_t i = 0; i < example->task->kind->structured; ++i) {
    if (example->structured & 1 << i) {
      const lat_matrix operand = lati_matrices_operand(&example->input, i);
      lati_structure_apply(operand.data, operand.rows, operand.cols, operand.ld,
                           (lati_structure)example->structure, example->task->kind->symmetric,
                           random);
    }
  }
}

static lat_status draw_input(lati_example *example, lat_random *random, double *work) {
  const lat_task *task = example->task;
  const lat_matrix *input = &example->input.written[0];
  if (task->kind == &lati_task_custom) {
    return lati_custom_draw(input, task, random);
  }
  if (task->kind->symmetric) {
    return lati_random_symmetric(input->data, input->rows, &task->coefficients,
                                 (lati_spectrum)example->distribution, random, work);
  }
  lati_random_fill(input->data, lati_form_values(&example->input.form), &task->coefficients,
                   random);
  return LAT_OK;
}

static void bias_signs(const lati_example *example, lat_random *random) {
  for (int32_t i = 0; i < example->input.count; ++i) {
    const lat_matrix *input = &example->input.written[i];
    lati_random_bias_signs(input->data, input->rows, input->cols, example->task->kind->symmetric,
                           random);
  }
}

static void add_noise_to(const lat_matrix *input, const lat_task *task, lat_random *random) {
  const double deviation = task->options.noise * lati_coefficients_deviation(&task->coefficients);
  for (int32_t i = 0; i < input->rows; ++i) {
    for (int32_t j = 0; j < (task->options.symmetric_noise ? i + 1 : input->cols); ++j) {
      const double value = lati_matrix_get(input, i, j) + deviation * lat_random_normal(random);
      lati_matrix_set(input, i, j, value);
      if (task->options.symmetric_noise) {
        lati_matrix_set(input, j, i, value);
      }
    }
  }
}

static void add_noise(const lati_example *example, lat_random *random) {
  for (int32_t i = 0; i < example->input.count; ++i) {
    add_noise_to(&example->input.written[i], example->task, random);
  }
}

static lat_status answer_example(lati_example *example, const lati_matrices *input,
                                 const lati_scratch *scratch) {
  const lat_task *task = example->task;
  lat_status status = LAT_OK;
  LATI_TRY(task->kind->answer(example->output.written, task, input->written, scratch->work));
  lati_task_orient(&example->output.written[0], task);
  LATI_TRY(lati_task_write_steps(&example->output.steps, scratch->steps, task, input));
done:
  return status;
}

static lat_status move_to_canonical(lati_example *example, const lati_scratch *scratch) {
  lat_status status = LAT_OK;
  lati_matrices moved;
  lati_form results; /* the input may be transposed */
  LATI_TRY(lati_task_canonicalize(&moved, scratch->moved, scratch->transform, example->task,
                                  &example->input));
  LATI_TRY(lati_task_result_form(&results, example->task, &moved.form));
  memcpy(scratch->input, scratch->moved, lati_form_values(&moved.form) * sizeof *scratch->moved);
  example->input = lati_matrices_at(scratch->input, &moved.form);
  example->output = lati_matrices_at(scratch->output, &results);
  example->equilibrated = example->task->options.equilibrate ? scratch->transform : NULL;
done:
  return status;
}

/* The model is shown the noisy input, so that decides the canonical form; the answer is that to the
 * clean input, moved in the same way. Custom tasks, which draw their own noise, do not come here.
 */
static lat_status add_noise_to_canonical(lati_example *example, lat_random *random,
                                         const lati_scratch *scratch) {
  lat_status status = LAT_OK;
  const lat_matrix input = example->input.written[0];
  const size_t count = lati_matrix_count(&input);
  const lat_matrix clean = lati_matrix_view(scratch->clean, input.rows, input.cols);
  memcpy(scratch->clean, input.data, count * sizeof *input.data);
  add_noise(example, random);
  LATI_TRY(move_to_canonical(example, scratch));
  lati_matrices moved = example->input;
  moved.written[0] = lati_transform_apply(scratch->moved, scratch->transform, &clean);
  LATI_TRY(answer_example(example, &moved, scratch));
done:
  return status;
}

/* The answer to the operands as they are drawn, then noise. */
static lat_status finish(lati_example *example, lat_random *random, const lati_scratch *scratch) {
  const lat_task *task = example->task;
  const int canonical = lati_task_canonical(task);
  lat_status status = LAT_OK;
  if (canonical && task->options.noise == 0) {
    LATI_TRY(move_to_canonical(example, scratch));
  }
  LATI_TRY(answer_example(example, &example->input, scratch));
  if (task->kind->accept != NULL) {
    LATI_TRY(task->kind->accept(example->output.written, example->input.written));
  }
  if (task->options.noise > 0 && canonical) {
    LATI_TRY(add_noise_to_canonical(example, random, scratch));
  } else if (task->options.noise > 0) {
    add_noise(example, random);
  }
  LATI_TRY(lati_operands_check_finite(example->input.written, example->input.count, "input"));
  LATI_TRY(lati_operands_check_finite(example->output.written, example->output.count, "answer"));
done:
  return status;
}

lat_status lati_example_draw(lati_example *example, lat_random *random,
                             const lati_scratch *scratch) {
  lat_status status = LAT_OK;
  lati_form operands, results;
  LATI_TRY(draw_form(&operands, example, random));
  LATI_TRY(lati_task_result_form(&results, example->task, &operands));
  example->input = lati_matrices_at(scratch->input, &operands);
  example->output = lati_matrices_at(scratch->output, &results);
  LATI_TRY(draw_input(example, random, scratch->work));
  if (example->structure > LATI_STRUCTURE_DENSE) {
    apply_structure(example, random);
  }
  if (example->biased) {
    bias_signs(example, random);
  }
  LATI_TRY(finish(example, random, scratch));
done:
  return status;
}
