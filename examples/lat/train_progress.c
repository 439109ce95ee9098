/* One line of at most 60 columns: examples, loss, the last validation, examples a second of
 * training alone, and the time that is left, or that has passed where no limit is set. */
#include "train_progress.h"

#include <math.h>
#include <stdio.h>

/* 99,999 in full, then three digits and a unit: 123k, 1.23M. */
static void count_text(char text[16], double count) {
  static const char units[] = "kMGT";
  int unit = -1;
  if (count < 99999.5) {
    snprintf(text, 16, "%.0f", count);
    return;
  }
  while (count >= 999.5 && unit < 3) {
    count /= 1000;
    ++unit;
  }
  snprintf(text, 16, "%.*f%c", count >= 99.95 ? 0 : count >= 9.995 ? 1 : 2, count, units[unit]);
}

static void rate_text(char text[16], double rate) {
  if (rate < 9.95) {
    snprintf(text, 16, "%.1f/s", rate);
  } else if (rate < 9999.5) {
    snprintf(text, 16, "%.0f/s", rate);
  } else {
    snprintf(text, 16, "%.0fk/s", fmin(rate / 1000, 1e9));
  }
}

static void time_text(char text[32], double seconds) {
  const int s = (int)fmax(0, fmin(seconds, 1e9));
  if (s < 60) {
    snprintf(text, 32, "%ds", s);
  } else if (s < 3600) {
    snprintf(text, 32, "%dm%02ds", s / 60, s % 60);
  } else if (s < 86400) {
    snprintf(text, 32, "%dh%02dm", s / 3600, s / 60 % 60);
  } else {
    snprintf(text, 32, "%dd%02dh", s / 86400, s / 3600 % 24);
  }
}

/* Seconds until the nearest limit; NaN without one, or before there is a rate. */
static double time_left(const train_progress *watch, const lat_progress *progress) {
  const lat_trainer_options *options = watch->options;
  const double drawn = (double)(progress->examples - watch->first);
  double left = NAN;
  if (options->max_examples > 0 && drawn > 0) {
    left = (double)(options->max_examples - progress->examples) * progress->seconds / drawn;
  }
  if (options->max_seconds > 0) {
    left = fmin(left, options->max_seconds - progress->seconds);
  }
  return left > 0 || isnan(left) ? left : 0;
}

/* The share that the run's goal asks for; without a goal the one within 5 %. */
static void validation_text(char text[32], const train_progress *watch,
                            const lat_progress *progress) {
  const lat_trainer_options *options = watch->options;
  const int exact = options->until_exact > 0 && options->until_accuracy == 0;
  const double share = exact ? progress->exact : progress->accuracy;
  text[0] = '\0';
  if (!isnan(share)) {
    snprintf(text, 32, ", %.*f%% %s", share < 99.95 ? 1 : 0, share, exact ? "exact" : "within 5%");
  }
}

void train_progress_show(train_progress *watch, const lat_progress *progress) {
  char text[192], examples[16], rate[16], time[32], validation[32], ranks[24] = "";
  const double left = time_left(watch, progress);
  count_text(examples, (double)progress->examples);
  rate_text(rate, progress->examples_per_second);
  time_text(time, isnan(left) ? progress->seconds : left);
  validation_text(validation, watch, progress);
  if (watch->options->ranks > 1) {
    snprintf(ranks, sizeof ranks, ", %d ranks", (int)watch->options->ranks);
  }
  snprintf(text, sizeof text, "%s ex, loss %.*f%s, %s%s, %s%s", examples,
           progress->loss < 9.99995 ? 4 : 3, progress->loss, validation, rate, ranks, time,
           isnan(left) ? "" : " left");
  progress_line_show(&watch->line, NAN, text, progress->validated);
}
