/* A caller's matrix as a model is to see it, and the model's answer as the caller wants it. */
#include "infer/frame.h"

#include "infer/scaling.h"
#include "linalg/matrix.h"
#include "task/equilibrate.h"
#include "task/registry.h"

#include <math.h>
#include <string.h>

size_t lati_frame_transform_size(const lat_task *task, const lat_decode_options *options) {
  size_t most = lat_task_transform_size(task);
  for (int32_t i = 0; options->candidates > 1 && i < lat_task_component_count(task); ++i) {
    if (lati_task_has_equivalents(lat_task_component(task, i)) && most < sizeof(lati_transform)) {
      most = sizeof(lati_transform);
    }
  }
  return most;
}

static int is_scaled(const lat_task *task, int32_t scaling) {
  int32_t degree = 0;
  return scaling && lati_task_scaling(&degree, task) != LATI_SCALE_NONE;
}

size_t lati_frame_scales(const lat_task *task, const lat_decode_options *options) {
  int equilibrates = 0;
  for (int32_t i = 0; options->candidates > 1 && i < lat_task_component_count(task); ++i) {
    equilibrates = equilibrates || lat_task_component(task, i)->options.equilibrate;
  }
  return equilibrates ? (size_t)2 * LAT_MAX_DIMENSION : 0;
}

/* Reflections of numbers change nothing but signs. */
int lati_frame_varies(const lat_task *task, const lati_form *form,
                      const lat_decode_options *options) {
  const int numbers = lati_form_values(form) == (size_t)form->count;
  return options->method == LAT_DECODE_SAMPLE || (lati_task_reflects(task) && !numbers) ||
         lati_task_has_equivalents(task) || is_scaled(task, options->scaling);
}

/* Multiples of the golden ratio, which spread evenly over 0..1. */
static double part_of(int32_t candidate) {
  const double part = candidate * 0.6180339887498949;
  return part - floor(part);
}

/* Candidate 0 is scaled by a round number, which keeps the digits of short decimals. Others bring
 * the largest coefficient to 65 to 100 % of the range: the coefficients round to other tokens. */
static double factor_of(const lati_frame *frame, double largest) {
  const double first = lati_scale_factor(largest, frame->range, lati_keeps_digits(frame->task));
  if (frame->candidate == 0 || !(largest > 0) || !(frame->range > 0)) {
    return first;
  }
  const double factor = frame->range / largest * (1 - 0.35 * part_of(frame->candidate));
  return isfinite(factor) && factor > 0 ? factor : first;
}

/* Each pair becomes its mean: the tokenized triangle and the full matrix then say the same. */
static void symmetrise(const lat_matrix *seen) {
  for (int32_t i = 0; i < seen->rows; ++i) {
    for (int32_t j = 0; j < i; ++j) {
      const double mean = (lati_matrix_get(seen, i, j) + lati_matrix_get(seen, j, i)) / 2;
      lati_matrix_set(seen, i, j, mean);
      lati_matrix_set(seen, j, i, mean);
    }
  }
}

static void scale(double *values, size_t count, double factor) {
  for (size_t i = 0; i < count; ++i) {
    values[i] *= factor;
  }
}

/* The sizes in a row of what was equilibrated sum to 1, which the model has learned to expect; a
 * little beside that they round to other tokens. */
static double factor_of_equilibrated(const lati_frame *frame) {
  const int varies = frame->scaling && frame->candidate > 0;
  return varies ? 1 + 0.02 * (part_of(frame->candidate) - 0.5) : 1;
}

/* Candidates after the first see the problem in other coordinates, where it can be had there. */
static int is_reflected(const lati_frame *frame) {
  return frame->candidate > 0 && lati_task_reflects(frame->task);
}

/* A task that equilibrates does so before too: a reflection spreads the scale of a row over all of
 * them, where it cannot be told from the matrix's condition any more. */
static void enter_coordinates(const lati_matrices *seen, const lati_frame *frame) {
  const lat_matrix *a = &seen->written[0];
  if (frame->task->options.equilibrate) {
    double *row = frame->scales, *col = row + a->rows;
    if (frame->factors != NULL) {
      memcpy(row, frame->factors, (size_t)(a->rows + a->cols) * sizeof *row);
    } else {
      lati_equilibrate(row, col, a);
    }
    lati_scale_lines(a, row, col);
  }
  lati_task_reflect(seen, frame->task, LAT_INPUT, frame->candidate);
}

/* From A' = H R A S K and its X' = (R A S)^-1 to X = S X' R. */
static void leave_coordinates(const lati_matrices *answer, const lati_frame *frame) {
  const lat_matrix *x = &answer->written[0];
  lati_task_reflect(answer, frame->task, LAT_OUTPUT, frame->candidate);
  if (frame->task->options.equilibrate) {
    lati_scale_lines(x, frame->scales + x->cols, frame->scales);
  }
}

/* Divides by a power of two, so that none is larger than 1; its exponent. Sums of the largest
 * doubles are infinite. */
static int scale_down(double *values, size_t count) {
  int exponent = 0;
  (void)frexp(lati_norm_max(values, count), &exponent);
  exponent = exponent > 0 ? exponent : 0;
  for (size_t i = 0; i < count; ++i) {
    values[i] = ldexp(values[i], -exponent);
  }
  return exponent;
}

/* The canonical form of an example whose factors are known. */
static void apply_factors(lati_matrices *seen, const lati_frame *frame, double *moved) {
  const lat_matrix a = seen->written[0];
  lati_transform_start(frame->transform, &a);
  lati_transform_scale(frame->transform, frame->factors, frame->factors + a.rows);
  lati_transform_apply(moved, frame->transform, &a);
  *seen = lati_matrices_at(moved, &seen->form);
}

static lat_status enter_canonical(lati_matrices *seen, lati_frame *frame, double *moved) {
  const lati_matrices scaled = *seen;
  lat_status status = LAT_OK;
  if (frame->factors != NULL && !is_reflected(frame)) {
    apply_factors(seen, frame, moved);
  } else {
    status = lati_task_canonicalize(seen, moved, frame->transform, frame->task, &scaled);
  }
  if (status == LAT_OK && frame->task->options.equilibrate) {
    frame->factor = factor_of_equilibrated(frame);
    scale(moved, lati_form_values(&seen->form), frame->factor);
  }
  return status;
}

/* The problem in the candidate's coordinates and the range of the task, in `values`. NUMERIC where
 * a task that is not scaled has sums of coefficients that are infinite. */
static lat_status enter_range(lati_matrices *seen, lati_frame *frame, const lati_matrices *a,
                              double *values) {
  lat_status status = LAT_OK;
  const size_t count = lati_form_values(&a->form);
  /* equilibration comes in the place of scaling */
  const int scaled = is_scaled(frame->task, frame->scaling) && !frame->as_given &&
                     !frame->task->options.equilibrate;
  int exponent = 0;
  *seen = lati_matrices_at(values, &a->form);
  memcpy(values, a->written[0].data, count * sizeof *values);
  if (is_reflected(frame)) {
    exponent = scaled ? scale_down(values, count) : 0;
    enter_coordinates(seen, frame);
    LATI_TRY(lati_operands_check_finite(seen->written, seen->count, "reflected operand"));
  }
  const double factor = scaled ? factor_of(frame, lati_norm_max(values, count)) : 1;
  scale(values, count, factor);
  frame->factor = ldexp(factor, -exponent);
  if (lati_task_symmetric(frame->task) && !frame->as_given) {
    symmetrise(&seen->written[0]);
  }
done:
  return status;
}

lat_status lati_frame_enter(lati_matrices *seen, lati_frame *frame, const lati_matrices *a,
                            double *values, double *moved) {
  const lat_status status = enter_range(seen, frame, a, values);
  if (status != LAT_OK) {
    return status;
  }
  frame->moved = 1;
  if (lati_task_canonical(frame->task)) {
    return enter_canonical(seen, frame, moved);
  }
  if (frame->candidate > 0 && lati_task_has_equivalents(frame->task)) {
    lat_random random;
    lati_random_start(&random, 0, LATI_STREAM_CANDIDATE, (uint64_t)frame->candidate);
    lati_task_draw_equivalent(frame->transform, frame->task, &seen->written[0], &random);
    lati_transform_apply(moved, frame->transform, &seen->written[0]);
    *seen = lati_matrices_at(moved, &a->form);
    return LAT_OK;
  }
  frame->moved = 0;
  return LAT_OK;
}

lat_status lati_frame_leave(lati_matrices *answer, const lati_frame *frame, double *caller) {
  const double *model = answer->written[0].data;
  lat_status status = LAT_OK;
  *answer = lati_matrices_at(caller, &answer->form);
  if (frame->moved) {
    status = lati_task_restore(answer, frame->task, frame->transform, model);
  } else {
    memcpy(caller, model, lati_form_values(&answer->form) * sizeof *caller);
  }
  if (status == LAT_OK && is_reflected(frame)) {
    leave_coordinates(answer, frame);
  }
  for (int32_t i = 0; i < answer->count && status == LAT_OK; ++i) {
    lati_scale_back(&answer->written[i], frame->task, frame->factor);
  }
  return status;
}
