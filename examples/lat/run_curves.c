#include "run_curves.h"

#include "command_line.h"
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double number(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

static int add(run_curves *curves, const json_t *object) {
  if (curves->count == curves->capacity) {
    size_t capacity = 2 * curves->capacity + 64;
    void *grown = realloc(curves->points, capacity * sizeof *curves->points);
    if (grown == NULL) {
      return report_error("no memory for the log");
    }
    curves->points = grown;
    curves->capacity = capacity;
  }
  double *point = curves->points[curves->count++];
  point[CURVE_EXAMPLES] = number(object, "examples");
  point[CURVE_LOSS] = number(object, "loss");
  point[CURVE_ACCURACY] = number(object, "accuracy");
  point[CURVE_EXACT] = number(object, "exact");
  curves->validations += isnan(point[CURVE_ACCURACY]) ? 0 : 1;
  return EXIT_DONE;
}

static int read_lines(run_curves *curves, FILE *stream, const char *path) {
  char *text = NULL;
  size_t size = 0, line = 0;
  int outcome = EXIT_DONE;
  while (outcome == EXIT_DONE && getline(&text, &size, stream) >= 0) {
    json_t *object = json_loads(text, 0, NULL);
    line += 1;
    if (isnan(number(object, "examples"))) {
      outcome = report_error("%s:%zu: not a line of a run's log", path, line);
    } else {
      outcome = add(curves, object);
    }
    json_decref(object);
  }
  free(text);
  return outcome;
}

int run_curves_read(run_curves *curves, const char *directory) {
  char path[4096];
  snprintf(path, sizeof path, "%s/log.jsonl", directory);
  FILE *stream = fopen(path, "r");
  if (stream == NULL) {
    return report_error("%s: %s", path, strerror(errno));
  }
  int outcome = read_lines(curves, stream, path);
  fclose(stream);
  if (outcome == EXIT_DONE && curves->count == 0) {
    outcome = report_error("%s: no lines yet", path);
  }
  return outcome;
}

void run_curves_free(run_curves *curves) {
  free(curves->points);
}
