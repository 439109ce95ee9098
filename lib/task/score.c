/* How good a prediction is: the task's residual, and what else can be said of it. */
#include "base/floating.h"
#include "linalg/lapack.h"
#include "task/relative_residual.h"

#include <math.h>
#include <string.h>

/* Tolerance of lat_score.within_1pct. */
#define ONE_PERCENT 0.01

static const lati_field option_fields[] = {
    LATI_NUMBER(lat_score_options, norm, LATI_FIELD_INT32, LAT_NORM_L1, LAT_NORM_L1,
                LAT_NORM_FROBENIUS2),
    LATI_NUMBER(lat_score_options, classic_inverse, LATI_FIELD_INT32, 0, 0, 1),
    LATI_NUMBER(lat_score_options, accept_zero, LATI_FIELD_INT32, 0, 0, 1),
    LATI_NUMBER(lat_score_options, reserved, LATI_FIELD_INT32, 0, 0, 0),
    LATI_FIELDS_END,
};

void lat_score_options_init_sized(lat_score_options *options, size_t size) {
  lati_options_init(options, size, option_fields, sizeof *options);
}

static const lati_field score_fields[] = {LATI_FIELDS_END};

void lat_score_init_sized(lat_score *score, size_t size) {
  lati_options_init(score, size, score_fields, sizeof *score);
}

/* Vectors (rows x k) under the row of values of a prediction. */
typedef struct vectors {
  const double *data;
  int32_t rows, k;
} vectors;

/* max |V^T V - I|. */
static double orthogonality(const vectors *v) {
  const size_t k = (size_t)v->k;
  double worst = 0;
  for (size_t i = 0; i < k; ++i) {
    for (size_t j = 0; j <= i; ++j) {
      double sum = i == j ? -1 : 0;
      for (size_t l = 0; l < (size_t)v->rows; ++l) {
        sum += v->data[l * k + i] * v->data[l * k + j];
      }
      worst = fmax(worst, fabs(sum));
    }
  }
  return worst;
}

/* Largest over smallest singular value. LAPACK sees the row-major matrix as its transpose, which
 * has the same ones. */
static lat_status condition(double *out, const vectors *v, double *work) {
  const size_t count = (size_t)v->rows * (size_t)v->k;
  double *singular = work + count;
  memcpy(work, v->data, count * sizeof *work);
  const lat_status status =
      lati_lapack_gesdd(work, singular, NULL, NULL, v->k, v->rows, singular + v->k);
  if (status == LAT_OK) {
    const double smallest = singular[v->k - 1];
    *out = smallest > 0 ? singular[0] / smallest : INFINITY;
  }
  return status;
}

static size_t condition_work(int32_t rows, int32_t cols) {
  const int32_t widest = rows > cols ? rows : cols;
  return (size_t)widest * ((size_t)widest + 1) + lati_lapack_work(widest, widest);
}

static lat_status score_vectors(lat_score *score, const lat_task *task, const lati_trial *trial,
                                int brief) {
  const int32_t k = trial->prediction->cols;
  const int32_t heights[2] = {trial->input->rows, trial->input->cols};
  const double *data = trial->prediction->data + k;
  lat_status status = LAT_OK;
  for (int32_t i = 0; i < task->kind->vector_blocks && status == LAT_OK; ++i) {
    const vectors block = {data, heights[i], k};
    double number = 0;
    if (!brief) {
      status = condition(&number, &block, trial->work);
      score->condition = fmax(score->condition, number); /* which ignores the NaN it starts as */
    }
    score->orthogonality = fmax(score->orthogonality, orthogonality(&block));
    data += (size_t)heights[i] * (size_t)k;
  }
  return status;
}

static int is_ordered(const double *values, int32_t count, lati_order order) {
  for (int32_t i = 1; i < count; ++i) {
    const int wrong =
        order == LATI_ORDER_ASCENDING ? values[i] < values[i - 1] : values[i] > values[i - 1];
    if (wrong) {
      return 0;
    }
  }
  return order != LATI_ORDER_SINGULAR || values[count - 1] >= 0;
}

static int32_t score_order(const lat_task *task, const lat_matrix *prediction) {
  const int32_t count = task->kind->vector_blocks > 0 ? prediction->cols : prediction->rows;
  return task->kind->order == LATI_ORDER_NONE ||
         is_ordered(prediction->data, count, task->kind->order);
}

static void score_coefficients(lat_score *score, const lati_trial *trial) {
  const size_t count = lati_matrix_count(trial->prediction);
  size_t within = 0;
  size_t equal = 0;
  for (size_t i = 0; i < count; ++i) {
    const double target = trial->target->data[i];
    const double distance = fabs(trial->prediction->data[i] - target);
    within += distance <= ONE_PERCENT * fabs(target);
    equal += distance == 0;
  }
  score->within_1pct = (double)within / (double)count;
  score->exact = equal == count;
}

static lat_status score_trial(lat_score *score, const lat_task *task, const lati_trial *trial,
                              int brief) {
  lat_status status = task->kind->residual(&score->residual, task, trial);
  if (status != LAT_OK) {
    return status;
  }
  if (isnan(score->residual)) {
    score->residual = INFINITY; /* a prediction so large that inf - inf came of it */
  }
  score->ordered = score_order(task, trial->prediction);
  if (trial->target != NULL) {
    score_coefficients(score, trial);
  }
  return score_vectors(score, task, trial, brief);
}

/* What lat_task_score() was given, checked, and room for its packed form. */
typedef struct scoring {
  const lat_task *task;
  const lat_matrix *input, *target, *prediction; /* the caller's; target may be NULL */
  lat_score_options options;
  int32_t brief; /* 1: only what a solver's verdict asks for */
  lat_matrix packed_input, packed_target, packed_prediction;
  double *work;
} scoring;

/* The target: the caller's, or the answer. A task that scores itself does without where there is no
 * answer (a singular matrix). */
static lat_status find_target(lati_trial *trial, scoring *s) {
  if (s->brief && s->task->kind->self_scoring) {
    return LAT_OK;
  }
  trial->target = &s->packed_target;
  if (s->target != NULL) {
    lati_matrix_pack(s->packed_target.data, s->target);
    return LAT_OK;
  }
  lat_status status = s->task->kind->answer(&s->packed_target, s->task, &s->packed_input, s->work);
  if (status == LAT_ERROR_NUMERIC && lati_task_self_scoring(s->task) &&
      s->task->kind != &lati_task_custom && !s->options.classic_inverse) {
    trial->target = NULL;
    status = LAT_OK;
  }
  return status;
}

size_t lati_score_work(const lat_task *task, int32_t rows, int32_t cols, int32_t output_rows,
                       int32_t output_cols) {
  return (size_t)rows * (size_t)cols + 2 * (size_t)output_rows * (size_t)output_cols +
         lati_residual_work(rows, cols) + condition_work(rows, cols) +
         lati_task_work(task, rows, cols);
}

static lat_status score_packed(lat_score *score, scoring *s, double *memory) {
  lat_status status = LAT_OK;
  const lat_matrix *p = s->prediction;
  const size_t output_count = lati_matrix_count(p);
  s->packed_input = lati_matrix_view(memory, s->input->rows, s->input->cols);
  s->packed_target = lati_matrix_view(memory + lati_matrix_count(s->input), p->rows, p->cols);
  s->packed_prediction = lati_matrix_view(s->packed_target.data + output_count, p->rows, p->cols);
  s->work = s->packed_prediction.data + output_count;
  lati_matrix_pack(s->packed_input.data, s->input);
  lati_matrix_pack(s->packed_prediction.data, p);
  lati_trial trial = {.input = &s->packed_input,
                      .prediction = &s->packed_prediction,
                      .norm = s->options.norm,
                      .classic_inverse = s->options.classic_inverse,
                      .accept_zero = s->options.accept_zero,
                      .work = s->work};
  LATI_TRY(find_target(&trial, s));
  LATI_TRY(score_trial(score, s->task, &trial, s->brief));
done:
  return status;
}

static lat_status score_in_own_memory(lat_score *score, scoring *s) {
  double *memory = NULL;
  const lat_matrix *p = s->prediction;
  lat_status status =
      LATI_NEW(memory, s->task->ctx,
               lati_score_work(s->task, s->input->rows, s->input->cols, p->rows, p->cols));
  if (status == LAT_OK) {
    status = score_packed(score, s, memory);
  }
  lati_free(memory);
  return status;
}

static lat_status check_prediction(int *scorable, const scoring *s, int32_t rows, int32_t cols) {
  const lat_status status = lati_matrix_check(s->prediction, INT32_MAX, "prediction");
  *scorable = status == LAT_OK && s->prediction->rows == rows && s->prediction->cols == cols;
  for (int32_t i = 0; *scorable && i < rows; ++i) {
    for (int32_t j = 0; *scorable && j < cols; ++j) {
      *scorable = isfinite(lati_matrix_get(s->prediction, i, j)) != 0;
    }
  }
  return status;
}

static lat_status check_target(const scoring *s, int32_t rows, int32_t cols) {
  lat_status status = LAT_OK;
  if (s->target != NULL) {
    LATI_TRY(lati_matrix_check(s->target, LAT_MAX_DIMENSION, "target"));
    LATI_TRY(lati_matrix_check_shape(s->target, rows, cols, "target"));
    LATI_TRY(lati_matrix_check_finite(s->target, "target"));
  }
done:
  return status;
}

/* A prediction of the wrong shape, or with a coefficient that is no number, is wrong. */
static lat_status score_checked(lat_score *score, scoring *s, double *work) {
  lat_status status = LAT_OK;
  int32_t rows = 0;
  int32_t cols = 0;
  int scorable = 0;
  LATI_TRY(lati_matrix_check(s->input, LAT_MAX_DIMENSION, "input"));
  LATI_TRY(lat_task_output_shape(&rows, &cols, s->task, s->input->rows, s->input->cols));
  LATI_TRY(lati_matrix_check_finite(s->input, "input"));
  LATI_TRY(check_target(s, rows, cols));
  LATI_TRY(check_prediction(&scorable, s, rows, cols));
  if (scorable) {
    LATI_TRY(work != NULL ? score_packed(score, s, work) : score_in_own_memory(score, s));
  } else {
    score->residual = INFINITY;
    score->within_1pct = 0;
  }
done:
  return status;
}

static const lat_score unknown = {
    .residual = NAN, .within_1pct = NAN, .orthogonality = NAN, .condition = NAN};

lat_status lati_task_judge(lat_score *score, const lat_task *task, const lat_matrix *input,
                           const lat_matrix *prediction, double *work) {
  scoring s = {.task = task, .input = input, .prediction = prediction, .brief = 1};
  *score = unknown;
  return score_checked(score, &s, work);
}

lat_status lat_task_score(lat_score *score, const lat_task *task, const lat_matrix *input,
                          const lat_matrix *target, const lat_matrix *prediction,
                          const lat_score_options *options) {
  lat_status status = LAT_OK;
  lat_score result = unknown;
  scoring s = {.task = task, .input = input, .target = target, .prediction = prediction};
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(lati_options_check_output(score, "score"));
  LATI_TRY(task == NULL ? lati_fail(LAT_ERROR_ARGUMENT, "the task is NULL") : LAT_OK);
  LATI_TRY(
      lati_options_read(&s.options, sizeof s.options, option_fields, options, "score options"));
  LATI_TRY(score_checked(&result, &s, NULL));
  lati_options_store(score, &result, sizeof result);
done:
  lati_floating_leave(&saved);
  return status;
}
