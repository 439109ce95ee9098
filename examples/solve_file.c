/* Asks a trained model for one 5 x 5 answer:  solve_file MODEL */
#include <lat/lat.h>
#include <stdio.h>

int main(int argc, char **argv) {
  double a_data[25], x_data[25];
  lat_matrix a = {a_data, 5, 5, 5, LAT_ROW_MAJOR}, x = {x_data, 5, 5, 5, LAT_ROW_MAJOR};
  lat_context *ctx = NULL;
  lat_model *model = NULL;
  lat_solver *solver = NULL;
  lat_report report;
  lat_report_init(&report);
  for (int i = 0; i < 25; ++i) {
    a_data[i] = i - 7.5;
  }
  const char *path = argc > 1 ? argv[1] : "model.safetensors";
  int failed = lat_context_create(&ctx, NULL) || lat_model_load(&model, ctx, path, NULL) ||
               lat_solver_create(&solver, model, NULL) || lat_solver_solve(&x, &report, solver, &a);
  if (failed) {
    fprintf(stderr, "%s\n", lat_last_error());
  } else {
    printf("x[0][1] = %g, residual %g: %s\n", x_data[1], report.residual,
           report.verdict == LAT_VERDICT_WITHIN ? "solved" : "not solved");
  }
  lat_solver_free(solver);
  lat_model_free(model);
  lat_context_free(ctx);
  return failed;
}
