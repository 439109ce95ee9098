/* What an answer costs: decoding it, and then its verdict, refinement and certificate.
 *   bench_trust MODEL [COUNT]   a model file; random matrices (256) */
#include "base/error.h"
#include "infer/improve.h"
#include "infer/verdict.h"
#include "transformer/transformer.h"

#include <lat/lat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 128, MOST = 128 * 128, STEPS = 30, REPEATS = 20 };

static double seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); /* of one thread, whatever else runs */
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

typedef struct bench {
  lat_context *ctx;
  lat_model *model;
  lat_solver *solver;
  lat_matrix a[BATCH], x[BATCH];
  lat_report reports[BATCH];
  double *memory, *work;
  double decoding, judging, refining;
  int64_t answers, certified, steps;
} bench;

static double uniform(void) {
  return 20.0 * rand() / RAND_MAX - 10;
}

static void draw(lat_matrix *a, int symmetric) {
  for (int32_t i = 0; i < a->rows * a->cols; ++i) {
    const int32_t mirror = i % a->cols * a->cols + i / a->cols;
    a->data[i] = symmetric && mirror < i ? a->data[mirror] : uniform();
  }
}

static lat_status open_bench(bench *b, const char *path) {
  lat_status status = LAT_OK;
  size_t work = 0;
  lat_task_options task;
  lat_context_options options;
  lat_decode_options improving;
  lat_context_options_init(&options);
  options.threads = 1;
  LATI_TRY(lat_context_create(&b->ctx, &options));
  LATI_TRY(lat_model_load(&b->model, b->ctx, path, NULL));
  LATI_TRY(lat_solver_create(&b->solver, b->model, NULL));
  lat_task_options_init(&task);
  LATI_TRY(lat_task_get_options(&task, lat_model_task(b->model)));
  lat_decode_options_init(&improving);
  improving.refine = STEPS;
  LATI_TRY(lati_improve_work(&work, b->model->task, &improving, NULL));
  b->memory = calloc(2 * BATCH * MOST + work, sizeof *b->memory);
  b->work = b->memory + (size_t)2 * BATCH * MOST;
  for (int i = 0; i < BATCH; ++i) {
    int32_t rows = 0, cols = 0;
    LATI_TRY(lat_task_output_shape(&rows, &cols, lat_model_task(b->model), task.rows, task.cols));
    b->a[i] = (lat_matrix){b->memory + (size_t)i * MOST, task.rows, task.cols, task.cols, 0};
    b->x[i] = (lat_matrix){b->memory + (size_t)(BATCH + i) * MOST, rows, cols, cols, 0};
    lat_report_init(&b->reports[i]);
  }
done:
  return status;
}

/* Times the verdict on an answer, and refining and certifying it, each many times over. */
static lat_status improve(bench *b, int i) {
  lat_status status = LAT_OK;
  lat_decode_options options;
  lat_decode_options_init(&options);
  options.refine = STEPS;
  lat_report report = b->reports[i];
  lat_matrix x = b->x[i];
  const size_t bytes = (size_t)x.rows * (size_t)x.cols * sizeof *x.data;
  double own[MOST];
  x.data = own;
  double start = seconds();
  for (int k = 0; k < REPEATS; ++k) {
    LATI_TRY(lati_verdict(&report, b->model->task, &b->a[i], &b->x[i], 0, b->work));
  }
  b->judging += (seconds() - start) / REPEATS;
  start = seconds();
  for (int k = 0; k < REPEATS; ++k) {
    report = b->reports[i];
    memcpy(own, b->x[i].data, bytes);
    LATI_TRY(lati_refine_decoded(&report, &x, b->model->task, &b->a[i], &options, b->work));
  }
  b->refining += (seconds() - start) / REPEATS;
  b->answers += 1;
  b->certified += report.verdict == LAT_VERDICT_CERTIFIED;
  b->steps += report.refine_steps;
done:
  return status;
}

static lat_status run(bench *b, int count, const char *path) {
  lat_status status = LAT_OK;
  LATI_TRY(open_bench(b, path));
  const char *task = lat_task_name(lat_model_task(b->model));
  const int symmetric = strncmp(task, "eigen", 5) == 0 || strcmp(task, "syminverse") == 0;
  for (int first = 0; first < count; first += BATCH) {
    for (int i = 0; i < BATCH; ++i) {
      draw(&b->a[i], symmetric);
    }
    const double start = seconds();
    LATI_TRY(lat_solver_solve_many(b->x, b->reports, b->solver, b->a, BATCH));
    b->decoding += seconds() - start;
    for (int i = 0; i < BATCH; ++i) {
      LATI_TRY(improve(b, i));
    }
  }
  const double each = 1e6 / (double)b->answers;
  printf("%s %dx%d, %lld answers, one thread, batches of %d\n", task, (int)b->a[0].rows,
         (int)b->a[0].cols, (long long)b->answers, BATCH);
  printf("decode %.1f us, of which verdict %.2f; refine and certify %.2f us (%.2f %%), %.1f steps, "
         "%.1f %% certified\n",
         each * b->decoding, each * b->judging, each * b->refining, 100 * b->refining / b->decoding,
         (double)b->steps / (double)b->answers, 100.0 * (double)b->certified / (double)b->answers);
done:
  return status;
}

int main(int count, char **words) {
  static bench b;
  if (count < 2) {
    fprintf(stderr, "bench_trust MODEL [COUNT]\n");
    return 2;
  }
  const lat_status status = run(&b, count > 2 ? atoi(words[2]) : 2 * BATCH, words[1]);
  if (status != LAT_OK) {
    fprintf(stderr, "%s\n", lat_last_error());
  }
  lat_solver_free(b.solver);
  lat_model_free(b.model);
  lat_context_free(b.ctx);
  free(b.memory);
  return status != LAT_OK;
}
