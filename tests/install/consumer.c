/* A program of a user's: exits 0 when the library it was linked with works, tells NaN from numbers,
 * and has left the process's floating-point state alone. */
#include <lat/lat.h>

#include <float.h>
#include <math.h>
#include <stdio.h>

static lat_status invert(double *inverse, lat_context *ctx, double *matrix) {
  lat_matrix input = {matrix, 2, 2, 2, LAT_ROW_MAJOR};
  lat_matrix output = {inverse, 2, 2, 2, LAT_ROW_MAJOR};
  lat_task_options options;
  lat_task *task = NULL;
  lat_task_options_init(&options);
  options.name = "inverse";
  options.rows = 2;
  lat_status status = lat_task_create(&task, ctx, &options);
  if (status == LAT_OK) {
    status = lat_task_answer(&output, task, &input);
  }
  lat_task_free(task);
  return status;
}

static int refuses_nan(lat_context *ctx) {
  double matrix[4] = {2, 0, 0, 4};
  double inverse[4];
  matrix[3] = NAN;
  return invert(inverse, ctx, matrix) != LAT_OK;
}

/* A program linked with -ffast-math has flush-to-zero by its own choice. */
static int keeps_denormals(void) {
#ifdef __FAST_MATH__
  return 1;
#else
  volatile double least = DBL_MIN;
  return least / 2 > 0;
#endif
}

int main(void) {
  double matrix[4] = {2, 0, 0, 4};
  double inverse[4] = {0, 0, 0, 0};
  lat_context *ctx = NULL;
  if (lat_version_number() != LAT_VERSION_NUMBER) {
    fprintf(stderr, "headers of %d, library %s\n", LAT_VERSION_NUMBER, lat_version_string());
    return 1;
  }
  lat_status status = lat_context_create(&ctx, NULL);
  if (status == LAT_OK) {
    status = invert(inverse, ctx, matrix);
  }
  if (status != LAT_OK) {
    fprintf(stderr, "%s: %s\n", lat_status_name(status), lat_last_error());
  }
  int safe = refuses_nan(ctx) && keeps_denormals();
  lat_context_free(ctx);
  if (!safe) {
    fprintf(stderr, "NaN is taken for a number, or denormals are flushed to zero\n");
  }
  printf("%s: %g %g\n", lat_build_info(), inverse[0], inverse[3]);
  return status == LAT_OK && safe && inverse[0] == 0.5 && inverse[3] == 0.25 ? 0 : 1;
}
