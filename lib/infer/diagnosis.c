/* Parts of failed answers, and the condition number that best tells them from right ones. */
#include "infer/diagnosis.h"

#include "task/registry.h"

#include <math.h>
#include <stdlib.h>

/* Column j of a block of vectors (rows x k). */
static double dot(const double *block, int32_t rows, int32_t k, int32_t i, int32_t j) {
  double sum = 0;
  for (int32_t row = 0; row < rows; ++row) {
    sum += block[row * k + i] * block[row * k + j];
  }
  return sum;
}

static void find_block(lati_findings *out, const double *block, int32_t rows, int32_t k) {
  for (int32_t i = 0; i < k; ++i) {
    const double norm = sqrt(dot(block, rows, k, i, i));
    out->norms = fmax(out->norms, fabs(norm - 1)); /* fmax() ignores the NaN it starts as */
    for (int32_t j = 0; j < i; ++j) {
      const double other = sqrt(dot(block, rows, k, j, j));
      const double cosine = fabs(dot(block, rows, k, i, j)) / (norm * other);
      out->orthogonality = fmax(out->orthogonality, isnan(cosine) ? INFINITY : cosine);
    }
  }
  out->orthogonality = k == 1 ? fmax(out->orthogonality, 0) : out->orthogonality;
}

static lat_status find_vectors(lati_findings *out, const lat_task *task,
                               const lati_example *example) {
  const lat_matrix *p = example->predicted;
  const int32_t k = p->cols, heights[2] = {example->source[0].rows, example->source[0].cols};
  const double *block = p->data + k;
  double error = 0, size = 0;
  for (int32_t i = 0; i < k; ++i) {
    error += fabs(p->data[i] - example->target[0].data[i]);
    size += fabs(example->target[0].data[i]);
  }
  out->values = size > 0 ? error / size : error == 0 ? 0 : INFINITY;
  for (int32_t i = 0; i < task->kind->vector_blocks; ++i) {
    find_block(out, block, heights[i], k);
    block += (size_t)heights[i] * (size_t)k;
  }
  lat_score score = {.struct_size = sizeof score};
  const lat_status status =
      lati_task_score(&score, task, example->source, example->target, p, NULL);
  out->condition = status == LAT_OK ? score.condition : NAN;
  return status == LAT_ERROR_NUMERIC ? LAT_OK : status;
}

/* sum |A| |A^-1| / n: rounding A^-1 to three digits, by at most 0.5 % a coefficient, changes A A^-1
 * by at most 0.005 times that, on the scale of the score. */
static lat_status find_inverse(lati_findings *out, const lat_task *task,
                               const lati_example *example) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  const lat_matrix *a = example->source;
  const int32_t n = a->rows;
  double sum = 0;
  LATI_TRY(LATI_NEW(memory, task->ctx, lati_matrix_count(a)));
  lat_matrix inverse = lati_matrix_view(memory, n, n);
  status = lati_task_answer(&inverse, task, a);
  for (int32_t k = 0; status == LAT_OK && k < n; ++k) {
    double column = 0, row = 0; /* of |A| and of |A^-1| */
    for (int32_t i = 0; i < n; ++i) {
      column += fabs(lati_matrix_get(a, i, k));
      row += fabs(lati_matrix_get(&inverse, k, i));
    }
    sum += column * row;
  }
  out->condition = status == LAT_OK ? sum / n : INFINITY; /* singular once it is rounded */
  status = status == LAT_ERROR_NUMERIC ? LAT_OK : status;
done:
  lati_free(memory);
  return status;
}

static int is_inverse(const lat_task *task) {
  return task->kind == &lati_task_inverse || task->kind == &lati_task_syminverse;
}

lat_status lati_find(lati_findings *out, const lat_task *task, const lati_example *example) {
  *out = (lati_findings){NAN, NAN, NAN, NAN};
  if (is_inverse(task)) {
    return find_inverse(out, task, example);
  }
  return task->kind->vector_blocks > 0 && example->has_prediction ? find_vectors(out, task, example)
                                                                  : LAT_OK;
}

lat_status lati_diagnosis_add(lati_diagnosis *diagnosis, const lat_context *ctx,
                              const lat_task *task, const lati_findings *findings, double residual,
                              const double *tolerances) {
  const int failed = !(residual < tolerances[0]);
  diagnosis->criterion = is_inverse(task)                ? LAT_CRITERION_INPUT
                         : task->kind->vector_blocks > 0 ? LAT_CRITERION_VECTORS
                                                         : LAT_CRITERION_NONE;
  ++diagnosis->count;
  diagnosis->failed += failed;
  for (int32_t t = 0; failed && t < LAT_TOLERANCES; ++t) {
    diagnosis->values[t] += findings->values < tolerances[t];
    diagnosis->norms[t] += findings->norms < tolerances[t];
    diagnosis->orthogonality[t] += findings->orthogonality < tolerances[t];
  }
  if (isnan(findings->condition)) {
    return LAT_OK;
  }
  const lat_status status = lati_grow((void **)&diagnosis->outcomes, &diagnosis->capacity, ctx,
                                      diagnosis->outcome_count + 1, sizeof *diagnosis->outcomes);
  if (status == LAT_OK) {
    diagnosis->outcomes[diagnosis->outcome_count++] = (lati_outcome){findings->condition, failed};
  }
  return status;
}

void lati_diagnosis_clear(lati_diagnosis *diagnosis) {
  lati_free(diagnosis->outcomes);
}

static int by_condition(const void *a, const void *b) {
  const double left = ((const lati_outcome *)a)->condition;
  const double right = ((const lati_outcome *)b)->condition;
  return (left > right) - (left < right);
}

/* The condition below which `share` of those outcomes lie. */
static double percentile(const lati_diagnosis *d, int32_t failed, int64_t count, double share) {
  const int64_t wanted = (int64_t)(share * (double)(count - 1));
  int64_t seen = 0;
  for (size_t i = 0; i < d->outcome_count; ++i) {
    if (d->outcomes[i].failed == failed && seen++ == wanted) {
      return d->outcomes[i].condition;
    }
  }
  return NAN;
}

/* The best threshold: most right answers at or below it, and failed ones above. The area under the
 * curve is the share of pairs (right, failed) of which the failed one has the larger condition,
 * equal ones counted by half. */
static void sort_out(lat_diagnosis *out, const lati_diagnosis *d, int64_t right, int64_t failed) {
  int64_t right_below = 0, failed_below = 0, best = failed;
  double ordered = 0;
  out->threshold = 0;
  for (size_t i = 0; i < d->outcome_count;) {
    const double condition = d->outcomes[i].condition;
    int64_t right_here = 0, failed_here = 0;
    for (; i < d->outcome_count && d->outcomes[i].condition == condition; ++i) {
      failed_here += d->outcomes[i].failed;
      right_here += !d->outcomes[i].failed;
    }
    ordered += (double)failed_here * ((double)right_below + (double)right_here / 2);
    right_below += right_here;
    failed_below += failed_here;
    if (right_below + failed - failed_below > best) {
      best = right_below + failed - failed_below;
      out->threshold = condition;
    }
  }
  out->sorted = 100.0 * (double)best / (double)(right + failed);
  out->auc = right > 0 && failed > 0 ? ordered / ((double)right * (double)failed) : NAN;
}

static double share_of(double count, int64_t of) {
  return of > 0 ? 100 * count / (double)of : NAN;
}

void lati_diagnosis_finish(lati_diagnosis *d) {
  if (d->outcome_count > 0) {
    qsort(d->outcomes, d->outcome_count, sizeof *d->outcomes, by_condition);
  }
}

void lati_diagnosis_tell(lat_diagnosis *out, const lati_diagnosis *d) {
  int64_t failed = 0;
  const int has_vectors = d->criterion == LAT_CRITERION_VECTORS;
  *out = (lat_diagnosis){.count = d->count, .failed = d->failed, .criterion = d->criterion};
  for (int32_t t = 0; t < LAT_TOLERANCES; ++t) {
    out->values[t] = has_vectors ? share_of(d->values[t], d->failed) : NAN;
    out->norms[t] = has_vectors ? share_of(d->norms[t], d->failed) : NAN;
    out->orthogonality[t] = has_vectors ? share_of(d->orthogonality[t], d->failed) : NAN;
  }
  out->auc = out->threshold = out->sorted = out->right_98 = out->failed_2 = NAN;
  if (d->outcome_count == 0) {
    return;
  }
  for (size_t i = 0; i < d->outcome_count; ++i) {
    failed += d->outcomes[i].failed;
  }
  const int64_t right = (int64_t)d->outcome_count - failed;
  sort_out(out, d, right, failed);
  out->right_98 = percentile(d, 0, right, 0.98);
  out->failed_2 = percentile(d, 1, failed, 0.02);
}
