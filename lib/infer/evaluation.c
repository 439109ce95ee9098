#include "infer/evaluation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void lati_evaluation_set_tolerances(lat_evaluation *evaluation, const double *tolerances) {
  static const double published[LAT_TOLERANCES] = {0.05, 0.02, 0.01, 0.005};
  int32_t count = 0;
  for (int32_t t = 0; t < LAT_TOLERANCES; ++t) {
    if (tolerances[t] > 0) {
      evaluation->tolerances[count++] = tolerances[t];
    }
  }
  if (count == 0) {
    memcpy(evaluation->tolerances, published, sizeof published);
  }
}

double lati_evaluation_strictest(const lat_evaluation *evaluation) {
  double least = INFINITY;
  for (int32_t t = 0; t < LAT_TOLERANCES; ++t) {
    least = evaluation->tolerances[t] > 0 ? fmin(least, evaluation->tolerances[t]) : least;
  }
  return least;
}

double lat_evaluation_tolerance(const lat_evaluation *evaluation, int32_t index) {
  return evaluation == NULL || index < 0 || index >= LAT_TOLERANCES ? 0
                                                                    : evaluation->tolerances[index];
}

static const lati_field diagnosis_fields[] = {LATI_FIELDS_END};

void lat_diagnosis_init_sized(lat_diagnosis *diagnosis, size_t size) {
  lati_options_init(diagnosis, size, diagnosis_fields, sizeof *diagnosis);
}

lat_status lat_evaluation_diagnosis(lat_diagnosis *out, const lat_evaluation *evaluation) {
  lat_status status = LAT_OK;
  lat_diagnosis found;
  LATI_TRY(lati_options_check_output(out, "diagnosis"));
  LATI_TRY(evaluation == NULL ? lati_fail(LAT_ERROR_ARGUMENT, "the evaluation is NULL") : LAT_OK);
  if (!evaluation->diagnosed) {
    LATI_TRY(lati_fail(LAT_ERROR_STATE, "the evaluation was not asked for a diagnosis"));
  }
  lati_diagnosis_tell(&found, &evaluation->diagnosis);
  lati_options_store(out, &found, sizeof found);
done:
  return status;
}

static lat_status find_row(lati_evaluation_row **out, lat_evaluation *evaluation, lati_group group,
                           int32_t order, const char *label) {
  for (size_t i = 0; i < evaluation->count; ++i) {
    *out = &evaluation->rows[i];
    if ((*out)->group == group && strcmp((*out)->accuracy.label, label) == 0) {
      return LAT_OK;
    }
  }
  lat_status status = lati_grow((void **)&evaluation->rows, &evaluation->capacity, evaluation->ctx,
                                evaluation->count + 1, sizeof *evaluation->rows);
  if (status != LAT_OK) {
    return status;
  }
  *out = &evaluation->rows[evaluation->count++];
  **out = (lati_evaluation_row){.group = group, .order = order};
  strncpy((*out)->accuracy.label, label, sizeof((*out)->accuracy.label) - 1);
  return LAT_OK;
}

/* Right at a tolerance: below it, as the paper says. */
static void count_right(double counts[LAT_TOLERANCES], const lat_evaluation *evaluation,
                        const lati_prediction *prediction) {
  for (int32_t t = 0; t < LAT_TOLERANCES; ++t) {
    const double tolerance = evaluation->tolerances[t];
    counts[t] = tolerance > 0 ? counts[t] + (prediction->residual < tolerance) : NAN;
  }
}

lat_status lati_evaluation_add(lat_evaluation *evaluation, lati_group group, int32_t order,
                               const char *label, const lati_prediction *prediction,
                               const lati_prediction *ceiling) {
  lati_evaluation_row *row;
  lat_status status = find_row(&row, evaluation, group, order, label);
  if (status != LAT_OK) {
    return status;
  }
  lat_accuracy *sums = &row->accuracy;
  sums->struct_size = sizeof *sums;
  ++sums->count;
  sums->exact += prediction->exact;
  sums->well_formed += prediction->well_formed;
  sums->within_1pct += prediction->within_1pct;
  sums->certified += prediction->certified;
  sums->candidates += prediction->candidates;
  count_right(sums->accuracy, evaluation, prediction);
  if (ceiling != NULL) {
    count_right(sums->ceiling, evaluation, ceiling);
  } else {
    for (int32_t t = 0; t < LAT_TOLERANCES; ++t) {
      sums->ceiling[t] = NAN;
    }
  }
  return LAT_OK;
}

static void add_counts(double *sums, const double *counts) {
  for (int32_t t = 0; t < LAT_TOLERANCES; ++t) {
    sums[t] += counts[t];
  }
}

lat_status lati_evaluation_merge(lat_evaluation *evaluation, const lati_evaluation_row *rows,
                                 size_t count) {
  for (size_t i = 0; i < count && rows[i].accuracy.count > 0; ++i) {
    const lat_accuracy *from = &rows[i].accuracy;
    lati_evaluation_row *row;
    lat_status status = find_row(&row, evaluation, rows[i].group, rows[i].order, from->label);
    if (status != LAT_OK) {
      return status;
    }
    lat_accuracy *sums = &row->accuracy;
    sums->struct_size = sizeof *sums;
    sums->count += from->count;
    sums->exact += from->exact;
    sums->well_formed += from->well_formed;
    sums->within_1pct += from->within_1pct;
    sums->certified += from->certified;
    sums->candidates += from->candidates;
    add_counts(sums->accuracy, from->accuracy);
    add_counts(sums->ceiling, from->ceiling);
  }
  return LAT_OK;
}

static int by_place(const void *a, const void *b) {
  const lati_evaluation_row *left = a, *right = b;
  if (left->group != right->group) {
    return left->group < right->group ? -1 : 1;
  }
  if (left->order != right->order) {
    return left->order < right->order ? -1 : 1;
  }
  return strcmp(left->accuracy.label, right->accuracy.label);
}

static void to_percent(lat_accuracy *accuracy, int refined) {
  double share = accuracy->count > 0 ? 100.0 / (double)accuracy->count : 0;
  for (int32_t t = 0; t < LAT_TOLERANCES; ++t) {
    accuracy->accuracy[t] *= share;
    accuracy->ceiling[t] *= share;
  }
  accuracy->exact *= share;
  accuracy->well_formed *= share;
  accuracy->within_1pct *= share;
  accuracy->certified = refined ? accuracy->certified * share : NAN;
  accuracy->candidates /= accuracy->count > 0 ? (double)accuracy->count : 1;
}

static size_t rows_of_group(const lat_evaluation *evaluation, lati_group group) {
  size_t count = 0;
  for (size_t i = 0; i < evaluation->count; ++i) {
    count += evaluation->rows[i].group == group;
  }
  return count;
}

void lati_evaluation_finish(lat_evaluation *evaluation, int refined) {
  size_t in_group[LATI_GROUPS], kept = 0;
  lati_diagnosis_finish(&evaluation->diagnosis);
  for (int32_t g = LATI_GROUP_ALL; g < LATI_GROUPS; ++g) {
    in_group[g] = rows_of_group(evaluation, (lati_group)g);
  }
  for (size_t i = 0; i < evaluation->count; ++i) {
    const lati_evaluation_row *row = &evaluation->rows[i];
    if (row->group == LATI_GROUP_ALL || in_group[row->group] > 1) {
      evaluation->rows[kept++] = *row;
    }
  }
  evaluation->count = kept;
  for (size_t i = 0; i < kept; ++i) {
    to_percent(&evaluation->rows[i].accuracy, refined);
  }
  qsort(evaluation->rows, kept, sizeof *evaluation->rows, by_place);
}

void lat_evaluation_free(lat_evaluation *evaluation) {
  if (evaluation != NULL) {
    lat_context *ctx = evaluation->ctx;
    lati_free(evaluation->rows);
    lati_diagnosis_clear(&evaluation->diagnosis);
    lati_free(evaluation);
    lat_context_free(ctx);
  }
}

int32_t lat_evaluation_row_count(const lat_evaluation *evaluation) {
  return evaluation == NULL ? 0 : (int32_t)evaluation->count;
}

const lat_accuracy *lat_evaluation_row(const lat_evaluation *evaluation, int32_t index) {
  if (evaluation == NULL || index < 0 || (size_t)index >= evaluation->count) {
    return NULL;
  }
  return &evaluation->rows[index].accuracy;
}
