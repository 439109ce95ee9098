#include "train/schedule.h"

#include "base/error.h"

#include <math.h>
#include <string.h>

/* Where linear warm-up begins. */
#define WARMUP_START 1e-7

static const double pi = 3.14159265358979323846;

typedef struct schedule {
  const char *name;
  /* Rate after warm-up, `updates` counted from the run's start. */
  double (*rate)(const lat_optimizer_options *options, int64_t updates);
} schedule;

static double constant_rate(const lat_optimizer_options *options, int64_t updates) {
  (void)updates;
  return options->learning_rate;
}

/* learning_rate sqrt(W / t); without warm-up W is 1. */
static double inverse_sqrt_rate(const lat_optimizer_options *options, int64_t updates) {
  const double warmup = options->warmup > 1 ? (double)options->warmup : 1;
  const double t = updates > 1 ? (double)updates : 1;
  return options->learning_rate * sqrt(warmup / t);
}

/* Finds the period that `t` lies in: its number, its length, and t becomes the place within it. */
static double find_period(double *t, double *length, const lat_optimizer_options *options) {
  double number = 0;
  *length = (double)options->period;
  if (options->period_multiplier == 1) {
    number = floor(*t / *length);
    *t -= number * *length;
    return number;
  }
  while (*t >= *length) {
    *t -= *length;
    *length *= options->period_multiplier;
    number += 1;
  }
  return number;
}

/* low + (high - low) (1 + cos(pi t / length)) / 2 within a period, high shrinking from one to the
 * next but never below low. */
static double cosine_rate(const lat_optimizer_options *options, int64_t updates) {
  double t = (double)(updates - options->warmup), length = 0;
  const double number = find_period(&t, &length, options);
  const double low = options->floor * options->learning_rate;
  const double high = fmax(low, options->learning_rate * pow(options->shrink, number));
  return low + (high - low) * 0.5 * (1 + cos(pi * t / length));
}

static const schedule schedules[] = {
    {"constant", constant_rate}, {"inverse-sqrt", inverse_sqrt_rate}, {"cosine", cosine_rate}};

static const schedule *find(const char *name) {
  for (size_t i = 0; i < sizeof schedules / sizeof *schedules; ++i) {
    if (strcmp(schedules[i].name, name) == 0) {
      return &schedules[i];
    }
  }
  return NULL;
}

lat_status lati_schedule_find(const char **name, const lat_optimizer_options *options) {
  const schedule *found = find(options->schedule);
  if (found == NULL) {
    return lati_fail(LAT_ERROR_NOT_FOUND,
                     "no schedule \"%s\": there are constant, inverse-sqrt and cosine",
                     options->schedule);
  }
  if (found->rate == cosine_rate && options->period < 1) {
    return lati_fail(LAT_ERROR_ARGUMENT, "schedule cosine needs a period >= 1, not %lld",
                     (long long)options->period);
  }
  *name = found->name;
  return LAT_OK;
}

double lati_schedule_rate(const lat_optimizer_options *options, int64_t updates) {
  if (updates >= options->warmup) {
    return find(options->schedule)->rate(options, updates);
  }
  const double start = fmin(WARMUP_START, options->learning_rate);
  return start + (options->learning_rate - start) * (double)updates / (double)options->warmup;
}
