/* A task of one's own, as a table of functions: the square of a matrix. The library draws, trains,
 * scores and solves it like its own tasks.
 *
 *   custom_task [EXAMPLES]     20000
 */
#include "example.h"

#include <stdlib.h>

typedef struct square {
  int32_t size;
  double range; /* coefficients are uniform on +-range */
} square;

static int32_t input_shape(int32_t *rows, int32_t *cols, lat_random *random, void *user) {
  const square *task = user;
  (void)random; /* sizes could be drawn, too */
  *rows = *cols = task->size;
  return 0;
}

static int32_t output_shape(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                            const int32_t *input_cols, void *user) {
  const square *task = user;
  if (*input_rows != task->size || *input_cols != task->size) {
    return -1;
  }
  *rows = *cols = task->size;
  return 0;
}

static int32_t draw(lat_matrix *input, lat_random *random, void *user) {
  const square *task = user;
  for (int32_t i = 0; i < input->rows * input->cols; ++i) {
    input->data[i] = task->range * (2 * lat_random_uniform(random) - 1);
  }
  return 0;
}

static int32_t answer(lat_matrix *output, const lat_matrix *input, void *user) {
  int32_t n = input->rows;
  (void)user;
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int32_t k = 0; k < n; ++k) {
        sum += input->data[i * n + k] * input->data[k * n + j];
      }
      output->data[i * n + j] = sum;
    }
  }
  return 0;
}

static lat_status solve(lat_context *ctx, lat_task *task, const char *path) {
  double a_data[4] = {1, 2, -3, 4}, x_data[4];
  lat_matrix a = {a_data, 2, 2, 2, LAT_ROW_MAJOR}, x = {x_data, 2, 2, 2, LAT_ROW_MAJOR};
  lat_status status = LAT_OK;
  lat_model *model = NULL;
  lat_solver *solver = NULL;
  lat_report report;
  lat_report_init(&report);
  TRY(lat_model_load(&model, ctx, path, task)); /* the file knows the task by its name alone */
  TRY(lat_solver_create(&solver, model, NULL));
  TRY(lat_solver_solve(&x, &report, solver, &a));
  show_matrix("A", &a);
  show_matrix("A^2, as learned", &x);
  show_report(&report);
done:
  lat_solver_free(solver);
  lat_model_free(model);
  return status;
}

int main(int argc, char **argv) {
  int64_t examples = argc > 1 ? strtoll(argv[1], NULL, 10) : 20000;
  const char *path = "custom_task.safetensors";
  square problem = {2, 10};
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  lat_task *task = NULL;
  lat_task_functions functions;
  lat_task_functions_init(&functions);
  functions.name = "square";
  functions.letter = 'Q';
  functions.degree = 2; /* (c A)^2 = c^2 A^2 */
  functions.scalable = 1;
  functions.thread_safe = 1;
  functions.input_shape = input_shape;
  functions.output_shape = output_shape;
  functions.draw = draw;
  functions.answer = answer;
  TRY(lat_context_create(&ctx, NULL));
  TRY(lat_task_create_custom(&task, ctx, &functions, &problem));
  TRY(train_small(path, ctx, task, examples));
  TRY(solve(ctx, task, path));
done:
  lat_task_free(task);
  lat_context_free(ctx);
  return show_outcome(status);
}
