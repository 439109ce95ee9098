/* The singular value decomposition of a matrix by a transformer, next to LAPACK's.
 *
 *   svd FILE        loads a model that `lat train --task svd --size 2` or this program wrote
 *   svd EXAMPLES    trains one for 2x2 matrices first and writes svd.safetensors
 *
 * An answer is one matrix: a row of singular values s, then U, then V, so that A = U diag(s) V^T.
 */
#include "example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static lat_status decompose(lat_context *ctx, const char *path) {
  double a_data[4] = {3, -1, 4, 2}, learned_data[10], exact_data[10];
  lat_matrix a = {a_data, 2, 2, 2, LAT_ROW_MAJOR};
  lat_matrix learned[] = {{learned_data, 1, 2, 2, LAT_ROW_MAJOR}, /* s, U and V */
                          {learned_data + 2, 2, 2, 2, LAT_ROW_MAJOR},
                          {learned_data + 6, 2, 2, 2, LAT_ROW_MAJOR}};
  lat_matrix exact[] = {{exact_data, 1, 2, 2, LAT_ROW_MAJOR},
                        {exact_data + 2, 2, 2, 2, LAT_ROW_MAJOR},
                        {exact_data + 6, 2, 2, 2, LAT_ROW_MAJOR}};
  lat_status status = LAT_OK;
  lat_model *model = NULL;
  lat_solver *solver = NULL;
  lat_report report;
  lat_report_init(&report);
  TRY(lat_model_load(&model, ctx, path, NULL));
  TRY(lat_solver_create(&solver, model, NULL));
  TRY(lat_solver_solve_operands(learned, 3, &report, solver, &a, 1, 1));
  TRY(lat_task_answer_operands(exact, 3, lat_model_task(model), &a, 1));
  show_matrix("A", &a);
  for (int i = 0; i < 3; ++i) {
    static const char *const titles[][2] = {{"s, as learned", "s, by LAPACK"},
                                            {"U, as learned", "U, by LAPACK"},
                                            {"V, as learned", "V, by LAPACK"}};
    show_matrix(titles[i][0], &learned[i]);
    show_matrix(titles[i][1], &exact[i]);
  }
  show_report(&report);
  printf("U and V are orthonormal to %.2g\n", report.orthogonality);
done:
  lat_solver_free(solver);
  lat_model_free(model);
  return status;
}

int main(int argc, char **argv) {
  const char *path = argc > 1 ? argv[1] : "100000";
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  lat_task *task = NULL;
  TRY(lat_context_create(&ctx, NULL));
  if (strspn(path, "0123456789") == strlen(path)) {
    int64_t examples = strtoll(path, NULL, 10);
    path = "svd.safetensors";
    TRY(create_task(&task, ctx, "svd", 2));
    TRY(train_small(path, ctx, task, examples));
  }
  TRY(decompose(ctx, path));
done:
  lat_task_free(task);
  lat_context_free(ctx);
  return show_outcome(status);
}
