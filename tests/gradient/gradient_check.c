#include "gradient_check.h"

#include "check_quietly.h"
#include <math.h>

static int64_t sample_count(const gradient_check *check) {
  return check->samples > 0 && check->samples < check->count ? check->samples : check->count;
}

static int64_t coordinate(const gradient_check *check, int64_t sample) {
  return (int64_t)((double)sample / (double)sample_count(check) * (double)check->count);
}

/* The step is what f32 makes of it. */
static double difference(const gradient_check *check, int64_t i) {
  float *p = check->parameters + i;
  const float kept = *p;
  const double size = check->step > 0.0 ? check->step : 1e-2;
  const double step = size * fmax(1.0, fabs((double)kept));
  *p = (float)((double)kept + step);
  const double above = (double)*p, loss_above = check->loss(check->argument);
  *p = (float)((double)kept - step);
  const double below = (double)*p, loss_below = check->loss(check->argument);
  *p = kept;
  return (loss_above - loss_below) / (above - below);
}

gradient_verdict gradient_compare(const gradient_check *check, const float *analytic) {
  const double tolerance = check->tolerance > 0.0 ? check->tolerance : 1e-3;
  gradient_verdict verdict = {0};
  double worst = -1.0;
  for (int64_t s = 0; s < sample_count(check); ++s) {
    const int64_t i = coordinate(check, s);
    const double a = (double)analytic[i], n = difference(check, i);
    const double error = fabs(a - n) / fmax(1.0, fmax(fabs(a), fabs(n)));
    verdict.compared += 1;
    verdict.failed += !(error <= tolerance);
    if (!(error <= worst)) {
      worst = error;
      verdict.worst = i;
      verdict.analytic = a;
      verdict.numeric = n;
    }
  }
  return verdict;
}

static int64_t largest_coordinate(const gradient_check *check, const float *analytic) {
  int64_t largest = 0;
  for (int64_t s = 0; s < sample_count(check); ++s) {
    const int64_t i = coordinate(check, s);
    largest = fabsf(analytic[i]) > fabsf(analytic[largest]) ? i : largest;
  }
  return largest;
}

void assert_gradient(const gradient_check *check, float *analytic, const char *what) {
  gradient_verdict verdict = gradient_compare(check, analytic);
  ck_assert_msg(verdict.failed == 0, "%s: %lld of %lld fail; worst at %lld: %.6g, differences %.6g",
                what, (long long)verdict.failed, (long long)verdict.compared,
                (long long)verdict.worst, verdict.analytic, verdict.numeric);
  const int64_t flipped = largest_coordinate(check, analytic);
  analytic[flipped] = -analytic[flipped];
  verdict = gradient_compare(check, analytic);
  analytic[flipped] = -analytic[flipped];
  ck_assert_msg(verdict.failed > 0, "%s: passes with the sign of element %lld (%.6g) flipped", what,
                (long long)flipped, (double)analytic[flipped]);
}
