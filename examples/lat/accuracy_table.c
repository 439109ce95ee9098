/* An evaluation as the paper's table, with standard errors, and as JSON. */
#include "accuracy_table.h"

#include "report.h"

#include <math.h>
#include <stdio.h>

/* NaN stands where there is no tolerance. */
static void print_shares(const double shares[LAT_TOLERANCES]) {
  for (int i = 0; i < LAT_TOLERANCES && !isnan(shares[i]); ++i) {
    printf(" %7.2f", shares[i]);
  }
}

static void print_tolerances(const lat_evaluation *evaluation) {
  for (int32_t i = 0; i < LAT_TOLERANCES && lat_evaluation_tolerance(evaluation, i) > 0; ++i) {
    char text[24];
    snprintf(text, sizeof text, "%g %%", 100 * lat_evaluation_tolerance(evaluation, i));
    printf(" %7s", text);
  }
}

static void print_row(const lat_accuracy *row, int candidates) {
  printf("%-20s %9lld", row->label, (long long)row->count);
  print_shares(row->accuracy);
  printf(" %7.2f %12.2f %11.2f", row->exact, row->well_formed, row->within_1pct);
  if (!isnan(row->certified)) {
    printf(" %10.2f", row->certified);
  }
  if (candidates) {
    printf(" %11.2f", row->candidates);
  }
  putchar('\n');
}

/* Of a share in percent of `count` examples: sqrt(p (100 - p) / n). */
static double standard_error(double share, int64_t count) {
  return sqrt(share * (100 - share) / (double)count);
}

static void print_errors(const lat_accuracy *row) {
  printf("%-20s %9s", "  standard error", "");
  for (int i = 0; i < LAT_TOLERANCES && !isnan(row->accuracy[i]); ++i) {
    printf(" %7.2f", standard_error(row->accuracy[i], row->count));
  }
  printf(" %7.2f %12.2f\n", standard_error(row->exact, row->count),
         standard_error(row->well_formed, row->count));
}

static void print_ceiling(const lat_accuracy *row) {
  printf("%-20s %9s", "  ceiling", "");
  print_shares(row->ceiling);
  putchar('\n');
}

void accuracy_print(const lat_evaluation *evaluation, double rate, int ceiling) {
  const lat_accuracy *all = lat_evaluation_row(evaluation, 0);
  const int candidates = all->candidates > 1;
  printf("%-20s %9s", "% correct within", "examples");
  print_tolerances(evaluation);
  printf(" %7s %12s %11s", "exact", "well-formed", "within 1 %");
  printf("%s%s\n", isnan(all->certified) ? "" : "  certified", candidates ? "  candidates" : "");
  for (int32_t i = 0; i < lat_evaluation_row_count(evaluation); ++i) {
    const lat_accuracy *row = lat_evaluation_row(evaluation, i);
    print_row(row, candidates);
    if (i == 0) {
      print_errors(row);
    }
    if (ceiling && !isnan(row->ceiling[0])) {
      print_ceiling(row);
    }
  }
  printf("%.1f examples/s; 'within 1 %%' is the share of coefficients\n", rate);
}

static json_t *tolerances_json(const lat_evaluation *evaluation,
                               const double shares[LAT_TOLERANCES]) {
  json_t *object = json_object();
  for (int32_t i = 0; i < LAT_TOLERANCES && lat_evaluation_tolerance(evaluation, i) > 0; ++i) {
    char key[24];
    snprintf(key, sizeof key, "%g", lat_evaluation_tolerance(evaluation, i));
    json_object_set_new(object, key, json_number(shares[i]));
  }
  return object;
}

/* By tolerance, and of the shares that are exact and well-formed. */
static json_t *errors_json(const lat_evaluation *evaluation, const lat_accuracy *row) {
  double errors[LAT_TOLERANCES];
  for (int i = 0; i < LAT_TOLERANCES; ++i) {
    errors[i] = standard_error(row->accuracy[i], row->count);
  }
  json_t *object = tolerances_json(evaluation, errors);
  json_object_set_new(object, "exact", json_number(standard_error(row->exact, row->count)));
  json_object_set_new(object, "well_formed",
                      json_number(standard_error(row->well_formed, row->count)));
  return object;
}

static json_t *row_json(const lat_evaluation *evaluation, const lat_accuracy *row) {
  json_t *object = json_pack("{s:I, s:o, s:o, s:o, s:o}", "count", (json_int_t)row->count,
                             "accuracy", tolerances_json(evaluation, row->accuracy), "exact",
                             json_number(row->exact), "well_formed", json_number(row->well_formed),
                             "within_1pct", json_number(row->within_1pct));
  json_object_set_new(object, "candidates", json_number(row->candidates));
  json_object_set_new(object, "standard_error", errors_json(evaluation, row));
  if (!isnan(row->certified)) {
    json_object_set_new(object, "certified", json_number(row->certified));
  }
  if (!isnan(row->ceiling[0])) {
    json_object_set_new(object, "ceiling", tolerances_json(evaluation, row->ceiling));
  }
  return object;
}

static const char *const criteria[] = {"none", "vectors", "input"};

/* 0 where no diagnosis was asked for. */
static int get_diagnosis(lat_diagnosis *diagnosis, const lat_evaluation *evaluation) {
  lat_diagnosis_init(diagnosis);
  return lat_evaluation_diagnosis(diagnosis, evaluation) == LAT_OK;
}

static void print_part(const char *what, const lat_evaluation *evaluation,
                       const double shares[LAT_TOLERANCES]) {
  printf("  %-28s", what);
  for (int32_t i = 0; i < LAT_TOLERANCES && lat_evaluation_tolerance(evaluation, i) > 0; ++i) {
    printf(" %7.2f", shares[i]);
  }
  putchar('\n');
}

void diagnosis_print(const lat_evaluation *evaluation) {
  lat_diagnosis d;
  if (!get_diagnosis(&d, evaluation)) {
    return;
  }
  printf("%lld of %lld answers that are matrices failed", (long long)d.failed, (long long)d.count);
  if (d.criterion == LAT_CRITERION_VECTORS && d.failed > 0) {
    printf("; of these, %% within");
    print_tolerances(evaluation);
    putchar('\n');
    print_part("values right", evaluation, d.values);
    print_part("norms 1", evaluation, d.norms);
    print_part("vectors orthogonal", evaluation, d.orthogonality);
  } else {
    putchar('\n');
  }
  if (d.criterion != LAT_CRITERION_NONE && !isnan(d.auc)) {
    printf("%s at most %.4g: right; sorts %.2f %% of them, AUC %.4f\n"
           "98 %% of right answers lie below %.4g, 2 %% of failed ones below %.4g\n",
           d.criterion == LAT_CRITERION_VECTORS ? "condition number of the vectors"
                                                : "sum |A| |A^-1| / n",
           d.threshold, d.sorted, d.auc, d.right_98, d.failed_2);
  }
}

static json_t *diagnosis_json(const lat_evaluation *evaluation, const lat_diagnosis *d) {
  return json_pack(
      "{s:I, s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "count", (json_int_t)d->count,
      "failed", (json_int_t)d->failed, "criterion", criteria[d->criterion], "values",
      tolerances_json(evaluation, d->values), "norms", tolerances_json(evaluation, d->norms),
      "orthogonality", tolerances_json(evaluation, d->orthogonality), "threshold",
      json_number(d->threshold), "sorted", json_number(d->sorted), "auc", json_number(d->auc),
      "right_98", json_number(d->right_98), "failed_2", json_number(d->failed_2));
}

json_t *accuracy_json(const lat_evaluation *evaluation, double rate, const char *distribution) {
  json_t *object = row_json(evaluation, lat_evaluation_row(evaluation, 0));
  json_object_set_new(object, "examples_per_second", json_number(rate));
  json_t *groups = json_array();
  for (int32_t i = 1; i < lat_evaluation_row_count(evaluation); ++i) {
    const lat_accuracy *row = lat_evaluation_row(evaluation, i);
    json_t *group = row_json(evaluation, row);
    json_object_set_new(group, "label", json_string(row->label));
    json_array_append_new(groups, group);
  }
  json_object_set_new(object, "groups", groups);
  lat_diagnosis diagnosis;
  if (get_diagnosis(&diagnosis, evaluation)) {
    json_object_set_new(object, "diagnosis", diagnosis_json(evaluation, &diagnosis));
  }
  if (distribution != NULL) {
    json_object_set_new(object, "distribution", json_string(distribution));
  }
  return object;
}
