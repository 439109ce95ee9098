/* Inverses of many matrices at once, stored by columns as Fortran does, and how often they are
 * right on fresh examples next to what three digits allow.
 *
 *   inverse FILE        loads a model that `lat train --task inverse --size 2` or this program
 * wrote inverse EXAMPLES    trains one for 2x2 matrices first and writes inverse.safetensors
 */
#include "example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 2, COUNT = 3 };

static lat_status invert(lat_model *model) {
  double in[COUNT][N * N] = {{4, 2, 7, 6}, {-1, 3, 5, 2}, {9, -9, 1, 8}}, out[COUNT][N * N];
  lat_matrix a[COUNT], x[COUNT];
  lat_report reports[COUNT];
  lat_status status = LAT_OK;
  lat_solver *solver = NULL;
  for (int i = 0; i < COUNT; ++i) {
    a[i] = (lat_matrix){in[i], N, N, N, LAT_COLUMN_MAJOR};
    x[i] = (lat_matrix){out[i], N, N, N, LAT_COLUMN_MAJOR};
    lat_report_init(&reports[i]);
  }
  TRY(lat_solver_create(&solver, model, NULL));
  TRY(lat_solver_solve_many(x, reports, solver, a, COUNT));
  for (int i = 0; i < COUNT; ++i) {
    show_matrix("A", &a[i]);
    show_matrix("A^-1 as learned", &x[i]);
    show_report(&reports[i]);
  }
done:
  lat_solver_free(solver);
  return status;
}

static lat_status evaluate(lat_model *model) {
  lat_status status = LAT_OK;
  lat_evaluation *evaluation = NULL;
  lat_evaluate_options options;
  lat_evaluate_options_init(&options);
  options.count = 200;
  options.ceiling = 1;
  TRY(lat_evaluate(&evaluation, model, &options));
  const lat_accuracy *all = lat_evaluation_row(evaluation, 0);
  printf("right within 5, 2, 1, 0.5 %%: %.1f %.1f %.1f %.1f %%\n", all->accuracy[0],
         all->accuracy[1], all->accuracy[2], all->accuracy[3]);
  printf("exact inverses in 3 digits:  %.1f %.1f %.1f %.1f %%\n", all->ceiling[0], all->ceiling[1],
         all->ceiling[2], all->ceiling[3]);
done:
  lat_evaluation_free(evaluation);
  return status;
}

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : "100000";
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  lat_task *task = NULL;
  lat_model *model = NULL;
  TRY(lat_context_create(&ctx, NULL));
  if (strspn(path, "0123456789") == strlen(path)) {
    int64_t examples = strtoll(path, NULL, 10);
    path = "inverse.safetensors";
    TRY(create_task(&task, ctx, "inverse", N));
    TRY(train_small(path, ctx, task, examples));
  }
  TRY(lat_model_load(&model, ctx, path, NULL));
  TRY(invert(model));
  TRY(evaluate(model));
done:
  lat_model_free(model);
  lat_task_free(task);
  lat_context_free(ctx);
  return show_outcome(status);
}
