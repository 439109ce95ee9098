#include "accuracy_table.h"

#include "report.h"

#include <math.h>
#include <stdio.h>

static const char *const tolerance_keys[LAT_TOLERANCES] = {"0.05", "0.02", "0.01", "0.005"};

static void print_row(const lat_accuracy *row, int candidates) {
  printf("%-20s %9lld", row->label, (long long)row->count);
  for (int i = 0; i < LAT_TOLERANCES; ++i) {
    printf(" %7.2f", row->accuracy[i]);
  }
  printf(" %7.2f %12.2f %11.2f", row->exact, row->well_formed, row->within_1pct);
  if (!isnan(row->certified)) {
    printf(" %10.2f", row->certified);
  }
  if (candidates) {
    printf(" %11.2f", row->candidates);
  }
  putchar('\n');
}

static void print_ceiling(const lat_accuracy *row) {
  printf("%-20s %9s", "  ceiling", "");
  for (int i = 0; i < LAT_TOLERANCES; ++i) {
    printf(" %7.2f", row->ceiling[i]);
  }
  putchar('\n');
}

void accuracy_print(const lat_evaluation *evaluation, double rate, int ceiling) {
  const lat_accuracy *all = lat_evaluation_row(evaluation, 0);
  const int candidates = all->candidates > 1;
  printf("%-20s %9s %7s %7s %7s %7s %7s %12s %11s", "% correct within", "examples", "5 %", "2 %",
         "1 %", "0.5 %", "exact", "well-formed", "within 1 %");
  printf("%s%s\n", isnan(all->certified) ? "" : "  certified", candidates ? "  candidates" : "");
  for (int32_t i = 0; i < lat_evaluation_row_count(evaluation); ++i) {
    const lat_accuracy *row = lat_evaluation_row(evaluation, i);
    print_row(row, candidates);
    if (ceiling && !isnan(row->ceiling[0])) {
      print_ceiling(row);
    }
  }
  printf("%.1f examples/s; 'within 1 %%' is the share of coefficients\n", rate);
}

static json_t *tolerances_json(const double shares[LAT_TOLERANCES]) {
  json_t *object = json_object();
  for (int i = 0; i < LAT_TOLERANCES; ++i) {
    json_object_set_new(object, tolerance_keys[i], json_number(shares[i]));
  }
  return object;
}

static json_t *row_json(const lat_accuracy *row) {
  json_t *object =
      json_pack("{s:I, s:o, s:o, s:o, s:o}", "count", (json_int_t)row->count, "accuracy",
                tolerances_json(row->accuracy), "exact", json_number(row->exact), "well_formed",
                json_number(row->well_formed), "within_1pct", json_number(row->within_1pct));
  json_object_set_new(object, "candidates", json_number(row->candidates));
  if (!isnan(row->certified)) {
    json_object_set_new(object, "certified", json_number(row->certified));
  }
  if (!isnan(row->ceiling[0])) {
    json_object_set_new(object, "ceiling", tolerances_json(row->ceiling));
  }
  return object;
}

json_t *accuracy_json(const lat_evaluation *evaluation, double rate) {
  json_t *object = row_json(lat_evaluation_row(evaluation, 0));
  json_object_set_new(object, "examples_per_second", json_number(rate));
  json_t *groups = json_array();
  for (int32_t i = 1; i < lat_evaluation_row_count(evaluation); ++i) {
    const lat_accuracy *row = lat_evaluation_row(evaluation, i);
    json_t *group = row_json(row);
    json_object_set_new(group, "label", json_string(row->label));
    json_array_append_new(groups, group);
  }
  json_object_set_new(object, "groups", groups);
  return object;
}
