/* Examples from JSON lines: "operands" and "results" are lists of matrices, "input" and "output"
 * one matrix each where there are no such lists; a matrix is a list of rows. "task" names one of a
 * mixture's. Other members are left alone. */
#include "example_file.h"

#include "command_line.h"
#include "report.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = LAT_MAX_DIMENSION * LAT_MAX_DIMENSION };

typedef struct reader {
  const char *path;
  long line;
  const lat_task *task;
  const char *only; /* the component whose examples are read; NULL: any */
  lat_batch *batch;
  double *values;    /* operands, results, operands in their canonical form */
  void *transform;   /* NULL unless the task is canonical */
  const char *which; /* "operands", ...: which matrix is being read */
  int32_t index;
} reader;

static int complain(const reader *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int complain(const reader *r, const char *format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return report_error("%s:%ld: %s", r->path, r->line, text);
}

static int read_row(const reader *r, double *to, const json_t *row, int32_t i, int32_t cols) {
  if (!json_is_array(row) || (int64_t)json_array_size(row) != cols) {
    return complain(r, "%s[%d]: row %d is no list of %d numbers as the first one", r->which,
                    (int)r->index, (int)i + 1, (int)cols);
  }
  for (int32_t j = 0; j < cols; ++j) {
    const json_t *value = json_array_get(row, (size_t)j);
    if (!json_is_number(value)) {
      return complain(r, "%s[%d]: row %d, column %d is no number", r->which, (int)r->index,
                      (int)i + 1, (int)j + 1);
    }
    to[j] = json_number_value(value);
  }
  return EXIT_DONE;
}

static int read_matrix(const reader *r, lat_matrix *to, double *values, const json_t *rows) {
  const size_t height = json_array_size(rows), width = json_array_size(json_array_get(rows, 0));
  int outcome = EXIT_DONE;
  if (height < 1 || height > LAT_MAX_DIMENSION || width < 1 || width > LAT_MAX_DIMENSION) {
    return complain(r, "%s[%d]: %zu x %zu is no matrix of 1..%d rows and columns", r->which,
                    (int)r->index, height, width, LAT_MAX_DIMENSION);
  }
  *to = (lat_matrix){values, (int32_t)height, (int32_t)width, (int32_t)width, LAT_ROW_MAJOR};
  for (int32_t i = 0; i < to->rows && outcome == EXIT_DONE; ++i) {
    outcome = read_row(r, values + (size_t)i * width, json_array_get(rows, (size_t)i), i, to->cols);
  }
  return outcome;
}

/* The matrices of member `list`, or the one of member `single`. */
static int read_side(reader *r, lat_matrix *to, double *values, const json_t *example,
                     const char *list, const char *single, int32_t count) {
  const json_t *all = json_object_get(example, list);
  int outcome = EXIT_DONE;
  r->which = all != NULL ? list : single;
  r->index = 0;
  if (all == NULL && json_object_get(example, single) == NULL) {
    return complain(r, "neither \"%s\" nor \"%s\" is there", list, single);
  }
  if (all == NULL && count == 1) {
    return read_matrix(r, to, values, json_object_get(example, single));
  }
  if ((int64_t)json_array_size(all) != count) {
    return complain(r, "\"%s\" is no list of %d matrices, which task '%s' has", list, (int)count,
                    lat_task_name(r->task));
  }
  for (r->index = 0; r->index < count && outcome == EXIT_DONE; ++r->index) {
    outcome = read_matrix(r, &to[r->index], values + (size_t)r->index * LARGEST,
                          json_array_get(all, (size_t)r->index));
  }
  return outcome;
}

/* The component that the example is of; NULL, after a complaint, for none. */
static const lat_task *find_task(const reader *r, const json_t *example) {
  const json_t *said = json_object_get(example, "task");
  const char *name = json_string_value(said);
  const int32_t count = lat_task_component_count(r->task);
  if (said == NULL && count == 1) {
    return lat_task_component(r->task, 0);
  }
  for (int32_t i = 0; name != NULL && i < count; ++i) {
    const lat_task *component = lat_task_component(r->task, i);
    if (strcmp(lat_task_name(component), name) == 0) {
      return component;
    }
  }
  complain(r,
           name == NULL ? "\"task\" does not say which of the model's tasks it is%s"
                        : "task '%s' is none of the model's",
           name == NULL ? "" : name);
  return NULL;
}

/* What the model sees are canonical forms; answers cannot be moved to them here. Equilibration
 * rounds: numbers that are as near as this are the same. */
#define SAME 1e-9
static int check_canonical(const reader *r, const lat_task *task, const lat_matrix *operands) {
  const int32_t count = lat_task_operand_count(task);
  lat_matrix moved[LAT_MAX_OPERANDS];
  int same = 1;
  if (lat_task_transform_size(task) == 0) {
    return EXIT_DONE;
  }
  for (int32_t i = 0; i < count; ++i) {
    moved[i] = operands[i];
    moved[i].data = r->values + (size_t)(2 * LAT_MAX_OPERANDS + i) * LARGEST;
  }
  if (lat_task_canonicalize(moved, count, r->transform, task, operands) != LAT_OK) {
    return complain(r, "%s", lat_last_error());
  }
  for (int32_t i = 0; i < count && same; ++i) {
    same = moved[i].rows == operands[i].rows && moved[i].cols == operands[i].cols;
    for (int64_t k = 0; k < (int64_t)moved[i].rows * moved[i].cols && same; ++k) {
      same = fabs(moved[i].data[k] - operands[i].data[k]) <= SAME * fabs(operands[i].data[k]);
    }
  }
  return same ? EXIT_DONE
              : complain(r,
                         "the input is not in canonical form, as this model's are and 'lat sample "
                         "--canonical' writes them");
}

static int read_example(reader *r, const json_t *example) {
  lat_matrix operands[LAT_MAX_OPERANDS], results[LAT_MAX_OPERANDS];
  const lat_task *task = find_task(r, example);
  if (task == NULL) {
    return EXIT_FAILED;
  }
  if (r->only != NULL && strcmp(lat_task_name(task), r->only) != 0) {
    return EXIT_DONE;
  }
  const int32_t taken = lat_task_operand_count(task), given = lat_task_result_count(task);
  const int mixed = lat_task_letter(r->task) == 0;
  int outcome = read_side(r, operands, r->values, example, "operands", "input", taken);
  if (outcome == EXIT_DONE) {
    outcome = read_side(r, results, r->values + LAT_MAX_OPERANDS * LARGEST, example, "results",
                        "output", given);
  }
  if (outcome == EXIT_DONE) {
    outcome = check_canonical(r, task, operands);
  }
  if (outcome == EXIT_DONE &&
      lat_batch_append_operands(r->batch, mixed ? lat_task_letter(task) : 0, task, operands, taken,
                                results, given) != LAT_OK) {
    outcome = complain(r, "%s", lat_last_error());
  }
  return outcome;
}

static int read_line(reader *r, const char *line, size_t length) {
  json_error_t error;
  if (strspn(line, " \t\r\n") == length) {
    return EXIT_DONE;
  }
  json_t *example = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
  const int outcome =
      example == NULL ? complain(r, "column %d: %s", error.column, error.text)
      : json_is_object(example)
          ? read_example(r, example)
          : complain(r, "no JSON object, as 'lat sample --json' writes one for each example");
  json_decref(example);
  return outcome;
}

static int read_lines(reader *r, FILE *file) {
  char *line = NULL;
  size_t room = 0;
  ssize_t length = 0;
  int outcome = EXIT_DONE;
  errno = 0;
  while (outcome == EXIT_DONE && (length = getline(&line, &room, file)) >= 0) {
    ++r->line;
    outcome = read_line(r, line, (size_t)length);
    errno = 0;
  }
  if (outcome == EXIT_DONE && errno != 0) {
    outcome = report_error("%s: %s", r->path, strerror(errno));
  }
  if (outcome == EXIT_DONE && lat_batch_size(r->batch) == 0) {
    outcome = report_error("%s: there is no example%s%s in it", r->path,
                           r->only != NULL ? " of task " : "", r->only != NULL ? r->only : "");
  }
  free(line);
  return outcome;
}

static int open_reader(reader *r, lat_tokenizer *tokenizer) {
  const size_t transform = lat_task_transform_size(r->task);
  const lat_status status = lat_batch_create(&r->batch, tokenizer);
  if (status != LAT_OK) {
    return report_failure(status);
  }
  r->values = malloc((size_t)3 * LAT_MAX_OPERANDS * LARGEST * sizeof *r->values);
  r->transform = transform > 0 ? malloc(transform) : NULL;
  return r->values == NULL || (transform > 0 && r->transform == NULL)
             ? report_error("no memory for the examples of %s", r->path)
             : EXIT_DONE;
}

int example_file_read(lat_batch **out, const char *path, const lat_task *task, const char *only,
                      lat_tokenizer *tokenizer) {
  reader r = {.path = path, .task = task, .only = only};
  *out = NULL;
  if (path == NULL) {
    return EXIT_DONE;
  }
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    return report_error("%s: %s", path, strerror(errno));
  }
  int outcome = open_reader(&r, tokenizer);
  if (outcome == EXIT_DONE) {
    outcome = read_lines(&r, file);
  }
  fclose(file);
  free(r.transform);
  free(r.values);
  if (outcome != EXIT_DONE) {
    lat_batch_free(r.batch);
    r.batch = NULL;
  }
  *out = r.batch;
  return outcome;
}
