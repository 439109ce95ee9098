/* A caller's matrix as a model is to see it, and the model's answer as the caller wants it. */
#include "infer/frame.h"

#include "infer/scaling.h"
#include "linalg/matrix.h"
#include "task/registry.h"

#include <math.h>

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

int lati_frame_varies(const lat_task *task, const lat_decode_options *options) {
  return options->method == LAT_DECODE_SAMPLE || lati_task_has_equivalents(task) ||
         is_scaled(task, options->scaling);
}

/* Candidate 0 is scaled by a round number, which keeps the digits of short decimals. Others bring
 * the largest coefficient to 65 to 100 % of the range, spread by multiples of the golden ratio: the
 * coefficients round to other tokens. */
static double factor_of(const lati_frame *frame, double largest) {
  const double range = lati_task_range(frame->task);
  const double golden = 0.6180339887498949;
  const double first = lati_scale_factor(largest, range, lati_keeps_digits(frame->task));
  if (frame->candidate == 0 || !(largest > 0) || !(range > 0)) {
    return first;
  }
  const double part = frame->candidate * golden;
  const double factor = range / largest * (1 - 0.35 * (part - floor(part)));
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

static void scale(lat_matrix *seen, lati_frame *frame) {
  const size_t count = lati_matrix_count(seen);
  frame->factor = is_scaled(frame->task, frame->scaling)
                      ? factor_of(frame, lati_norm_max(seen->data, count))
                      : 1;
  for (size_t i = 0; i < count; ++i) {
    seen->data[i] *= frame->factor;
  }
}

lat_status lati_frame_enter(lat_matrix *seen, lati_frame *frame, const lat_matrix *a,
                            double *values, double *moved) {
  *seen = lati_matrix_view(values, a->rows, a->cols);
  lati_matrix_pack(values, a);
  scale(seen, frame);
  if (lati_task_symmetric(frame->task)) {
    symmetrise(seen);
  }
  const lat_matrix scaled = *seen;
  frame->moved = 1;
  if (lati_task_canonical(frame->task)) {
    return lati_task_canonicalize(seen, moved, frame->transform, frame->task, &scaled);
  }
  if (frame->candidate > 0 && lati_task_has_equivalents(frame->task)) {
    lat_random random;
    lati_random_start(&random, 0, LATI_STREAM_CANDIDATE, (uint64_t)frame->candidate);
    lati_task_draw_equivalent(frame->transform, frame->task, &scaled, &random);
    *seen = lati_transform_apply(moved, frame->transform, &scaled);
    return LAT_OK;
  }
  frame->moved = 0;
  return LAT_OK;
}

lat_status lati_frame_leave(lat_matrix *answer, const lati_frame *frame, double *caller) {
  const lat_matrix model = *answer;
  lat_status status = LAT_OK;
  answer->data = caller;
  if (frame->moved) {
    status = lati_task_restore(answer, frame->task, frame->transform, model.data);
  } else {
    lati_matrix_pack(caller, &model);
  }
  if (status == LAT_OK) {
    lati_scale_back(answer, frame->task, frame->factor);
  }
  return status;
}
