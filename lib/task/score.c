/* How good a prediction is: the task's residual, and what else can be said of it. */
#include "base/floating.h"
#include "linalg/lapack.h"
#include "task/relative_residual.h"

#include <math.h>
#include <stdlib.h>
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
  const size_t count = trial->values;
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

/* A task that scores itself does without a target where there is no answer (a singular matrix). */
static lat_status find_target(lati_trial *trial, const lat_task *task, lat_matrix *answer) {
  trial->target = answer;
  const lat_status status = task->kind->answer(answer, task, trial->input, trial->work);
  if (status == LAT_ERROR_NUMERIC && lati_task_self_scoring(task) &&
      task->kind != &lati_task_custom && !trial->classic_inverse) {
    trial->target = NULL;
    return LAT_OK;
  }
  return status;
}

/* Copies of a trial's matrices. */
static size_t copies_size(const lati_form *input, size_t values) {
  return lati_form_values(input) + 2 * values;
}

/* Work of a score, its target and copies included, where `input` is what is written. */
static size_t work_size(const lat_task *task, const lati_form *input, size_t values) {
  return copies_size(input, values) + values + lati_residual_work(input, values) +
         condition_work(input->shape[0].rows, input->shape[0].cols) + lati_task_work(task, input);
}

size_t lati_score_work(const lat_task *task, const lati_form *operands, const lati_form *results) {
  lati_form input = {.layout = LATI_IN_TURN};
  input.count = lati_form_written(input.shape, operands);
  return work_size(task, &input, lati_form_values(results));
}

/* brief: without what a solver's verdict does not ask for. */
static lat_status score_with(lat_score *score, const lat_task *task, lati_trial *trial, int brief,
                             double *work) {
  lat_status status = LAT_OK;
  lat_matrix answer[LATI_MAX_OPERANDS];
  trial->work = work + trial->values;
  if (trial->target == NULL && !(brief && task->kind->self_scoring)) {
    lati_matrices_like(answer, trial->prediction, lati_task_written(task, LAT_OUTPUT), work);
    LATI_TRY(find_target(trial, task, answer));
  }
  LATI_TRY(score_trial(score, task, trial, brief));
done:
  return status;
}

/* A trial's matrices times powers of two. */
typedef struct scaled_trial {
  lat_matrix input[LATI_MAX_OPERANDS], target[LATI_MAX_OPERANDS], prediction[LATI_MAX_OPERANDS];
} scaled_trial;

/* Of the largest of values, 0 for zeros. */
static int exponent_of(const double *values, size_t count) {
  int exponent = 0;
  (void)frexp(lati_norm_max(values, count), &exponent);
  return exponent;
}

/* The power of two nearest to 1 with which neither the input's values, the largest of which has
 * exponent `input`, nor the answer's, which are of some degree in it, have sums of products of two,
 * as least squares do, or their squares, that are infinite or zero. */
static int power_for(int input, int answer, int degree, int32_t norm) {
  const int squares = norm == LAT_NORM_FROBENIUS2;
  const int least = squares ? -200 : -400, most = squares ? 220 : 450;
  int power = input > most ? most - input : input < least ? least - input : 0;
  if (degree != 0) {
    const int scaled = answer + degree * power, size = abs(degree);
    const int excess = scaled > most ? scaled - most : scaled < least ? scaled - least : 0;
    const int steps = (abs(excess) + size - 1) / size;
    power -= (excess > 0) == (degree > 0) ? steps : -steps;
  }
  return power;
}

/* The first `scaled` values of matrices that lie end to end, times 2^power, and the rest; whether
 * all are exact. */
static int scale_copy(lat_matrix *to, const lat_matrix *from, int32_t count, size_t values,
                      size_t scaled, int power, double *room) {
  int exact = 1;
  lati_matrices_like(to, from, count, room);
  for (size_t i = 0; i < values; ++i) {
    const double value = from[0].data[i];
    room[i] = i < scaled ? ldexp(value, power) : value;
    exact = exact && (i >= scaled || ldexp(room[i], -power) == value);
  }
  return exact;
}

/* Sums of the largest doubles are infinite and squares of the smallest zero, which a ratio of norms
 * must not see: problems far from 1 are scored as the same problem nearer to it, where that can be
 * had to the last bit. */
static void bring_near(lati_trial *trial, scaled_trial *near, const lat_task *task,
                       const lati_form *input, double *room) {
  int32_t degree = 0;
  const lati_scaling scaling = lati_task_scaling(&degree, task);
  const size_t inputs = lati_form_values(input), outputs = trial->values;
  const int32_t written = lati_task_written(task, LAT_OUTPUT);
  const size_t scaled = scaling == LATI_SCALE_FIRST_ROW ? (size_t)trial->prediction->cols : outputs;
  if (scaling == LATI_SCALE_NONE || task->kind == &lati_task_custom) {
    return;
  }
  const lat_matrix *answer = trial->target != NULL ? trial->target : trial->prediction;
  const int power = power_for(exponent_of(trial->input[0].data, inputs),
                              exponent_of(answer[0].data, scaled), degree, trial->norm);
  if (power == 0) {
    return;
  }
  const int of_answer = degree * power;
  int exact = scale_copy(near->input, trial->input, input->count, inputs, inputs, power, room) &&
              scale_copy(near->prediction, trial->prediction, written, outputs, scaled, of_answer,
                         room + inputs);
  if (trial->target != NULL) {
    exact = exact && scale_copy(near->target, trial->target, written, outputs, scaled, of_answer,
                                room + inputs + outputs);
  }
  if (exact) {
    trial->input = near->input;
    trial->prediction = near->prediction;
    trial->target = trial->target != NULL ? near->target : NULL;
  }
}

static const lat_score unknown = {
    .residual = NAN, .within_1pct = NAN, .orthogonality = NAN, .condition = NAN};

/* A prediction of the wrong shape, or with a coefficient that is no number. */
static void score_wrong(lat_score *score) {
  score->residual = INFINITY;
  score->within_1pct = 0;
}

/* `work` NULL: memory of its own. */
static lat_status score_trial_of(lat_score *score, const lat_task *task, lati_trial *trial,
                                 int brief, double *work) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  scaled_trial near;
  lati_form input = {.count = lati_task_written(task, LAT_INPUT), .layout = LATI_IN_TURN};
  *score = unknown;
  score->struct_size = sizeof *score;
  LATI_TRY(lati_operands_check_finite(trial->input, input.count, "input"));
  trial->values = lati_matrices_values(trial->prediction, lati_task_written(task, LAT_OUTPUT));
  if (!lati_all_finite(trial->prediction[0].data, trial->values)) { /* they lie end to end */
    score_wrong(score);
    goto done;
  }
  for (int32_t i = 0; i < input.count; ++i) {
    input.shape[i] = (lati_shape){trial->input[i].rows, trial->input[i].cols};
  }
  if (work == NULL) {
    LATI_TRY(LATI_NEW(memory, task->ctx, work_size(task, &input, trial->values)));
    work = memory;
  }
  bring_near(trial, &near, task, &input, work);
  LATI_TRY(score_with(score, task, trial, brief, work + copies_size(&input, trial->values)));
done:
  lati_free(memory);
  return status;
}

lat_status lati_task_judge(lat_score *score, const lat_task *task, const lat_matrix *input,
                           const lat_matrix *prediction, double *work) {
  lati_trial trial = {.input = input, .prediction = prediction};
  return score_trial_of(score, task, &trial, 1, work);
}

lat_status lati_task_score(lat_score *score, const lat_task *task, const lat_matrix *input,
                           const lat_matrix *target, const lat_matrix *prediction,
                           const lat_score_options *options) {
  lat_score_options resolved;
  const lat_status status =
      lati_options_read(&resolved, sizeof resolved, option_fields, options, "score options");
  if (status != LAT_OK) {
    return status;
  }
  lati_trial trial = {.input = input,
                      .target = target,
                      .prediction = prediction,
                      .norm = resolved.norm,
                      .classic_inverse = resolved.classic_inverse,
                      .accept_zero = resolved.accept_zero};
  return score_trial_of(score, task, &trial, 0, NULL);
}

/* What lat_task_score_operands() was given; targets may be NULL. */
typedef struct scoring {
  const lat_task *task;
  const lat_matrix *operands, *targets, *predictions;
  lati_form input, output;
} scoring;

static lat_status score_packed(lat_score *score, const scoring *s,
                               const lat_score_options *options) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  const size_t input_values = lati_form_values(&s->input);
  const size_t output_values = lati_form_values(&s->output);
  LATI_TRY(LATI_NEW(memory, s->task->ctx, input_values + 2 * output_values));
  const lati_matrices input = lati_matrices_at(memory, &s->input);
  const lati_matrices prediction = lati_matrices_at(memory + input_values, &s->output);
  const lati_matrices target = lati_matrices_at(memory + input_values + output_values, &s->output);
  lati_matrices_pack(&input, s->operands);
  lati_matrices_pack(&prediction, s->predictions);
  if (s->targets != NULL) {
    lati_matrices_pack(&target, s->targets);
  }
  LATI_TRY(lati_task_score(score, s->task, input.written,
                           s->targets == NULL ? NULL : target.written, prediction.written,
                           options));
done:
  lati_free(memory);
  return status;
}

static int same_shapes(const lati_form *form, const lat_matrix *matrices) {
  int same = 1;
  for (int32_t i = 0; i < form->count; ++i) {
    same =
        same && matrices[i].rows == form->shape[i].rows && matrices[i].cols == form->shape[i].cols;
  }
  return same;
}

static lat_status check_scoring(scoring *s) {
  lat_status status = LAT_OK;
  const int32_t operands = s->task->operands.count, results = s->task->results.count;
  LATI_TRY(lati_operands_check(s->operands, operands, LAT_MAX_DIMENSION, "input"));
  s->input = lati_task_form_of(s->task, s->operands);
  LATI_TRY(lati_task_result_form(&s->output, s->task, &s->input));
  LATI_TRY(lati_operands_check_finite(s->operands, operands, "input"));
  if (s->targets != NULL) {
    LATI_TRY(lati_operands_check(s->targets, results, LAT_MAX_DIMENSION, "target"));
    LATI_TRY(lati_operands_check_shapes(s->targets, &s->output, "target"));
    LATI_TRY(lati_operands_check_finite(s->targets, results, "target"));
  }
  LATI_TRY(lati_operands_check(s->predictions, results, INT32_MAX, "prediction"));
done:
  return status;
}

lat_status lat_task_score_operands(lat_score *score, const lat_task *task,
                                   const lat_matrix *operands, int32_t operand_count,
                                   const lat_matrix *targets, const lat_matrix *predictions,
                                   int32_t result_count, const lat_score_options *options) {
  lat_status status = LAT_OK;
  lat_score found = unknown;
  lat_score_options resolved;
  scoring s = {.task = task, .operands = operands, .targets = targets, .predictions = predictions};
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(lati_options_check_output(score, "score"));
  LATI_TRY(lati_task_check_counts(task, operand_count, result_count));
  LATI_TRY(lati_options_read(&resolved, sizeof resolved, option_fields, options, "score options"));
  LATI_TRY(check_scoring(&s));
  if (same_shapes(&s.output, predictions)) {
    LATI_TRY(score_packed(&found, &s, options));
  } else {
    score_wrong(&found);
  }
  lati_options_store(score, &found, sizeof found);
done:
  lati_floating_leave(&saved);
  return status;
}

lat_status lat_task_score(lat_score *score, const lat_task *task, const lat_matrix *input,
                          const lat_matrix *target, const lat_matrix *prediction,
                          const lat_score_options *options) {
  return lat_task_score_operands(score, task, input, 1, target, prediction, 1, options);
}
