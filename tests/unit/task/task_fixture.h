/* What the tests of tasks share: a context, tasks by name, matrices as literals. */
#ifndef LAT_TESTS_TASK_FIXTURE_H
#define LAT_TESTS_TASK_FIXTURE_H

#include "joined.h"
#include "suite.h"

#include <lat/batch.h>
#include <math.h>
#include <string.h>

#define OK(expression) ck_assert_msg((expression) == LAT_OK, "%s", lat_last_error())

/* Fails with `code`, and a message that holds `text`. */
#define FAILS(expression, code, text)                                                              \
  do {                                                                                             \
    ck_assert_int_eq((expression), (code));                                                        \
    ck_assert_msg(strstr(lat_last_error(), (text)) != NULL, "'%s' lacks '%s'", lat_last_error(),   \
                  (text));                                                                         \
  } while (0)

static inline lat_context *new_context(int32_t threads) {
  lat_context *ctx = NULL;
  lat_context_options options;
  lat_context_options_init(&options);
  options.threads = threads;
  OK(lat_context_create(&ctx, &options));
  return ctx;
}

static inline lat_task_options task_options(const char *name, int32_t rows, int32_t cols) {
  lat_task_options options;
  lat_task_options_init(&options);
  options.name = name;
  options.rows = rows;
  options.cols = cols;
  return options;
}

static inline lat_task *new_task(lat_context *ctx, const char *name, int32_t rows, int32_t cols) {
  lat_task *task = NULL;
  const lat_task_options options = task_options(name, rows, cols);
  OK(lat_task_create(&task, ctx, &options));
  return task;
}

static inline lat_tokenizer *new_tokenizer(lat_context *ctx, const char *input,
                                           const char *output) {
  lat_tokenizer *tokenizer = NULL;
  lat_tokenizer_options options;
  lat_tokenizer_options_init(&options);
  options.input_encoding = input;
  options.output_encoding = output;
  OK(lat_tokenizer_create(&tokenizer, ctx, &options));
  return tokenizer;
}

static inline lat_matrix by_rows(double *data, int32_t rows, int32_t cols) {
  return (lat_matrix){data, rows, cols, cols, LAT_ROW_MAJOR};
}

static inline double at(const lat_matrix *a, int32_t i, int32_t j) {
  return a->order == LAT_ROW_MAJOR ? a->data[i * a->ld + j] : a->data[i + j * a->ld];
}

#endif
