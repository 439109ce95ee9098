/* Gradients against central differences, with the control that the check can fail. */
#ifndef GRADIENT_CHECK_H
#define GRADIENT_CHECK_H

#include <stdint.h>

/* The loss at the parameters' present values: the checker changes them in place and calls again. */
typedef double gradient_loss(void *argument);

typedef struct gradient_check {
  gradient_loss *loss;
  void *argument;
  float *parameters;
  int64_t count;
  int64_t samples;  /* coordinates compared, evenly spread; 0: all */
  double step;      /* of the differences, times max(1, |parameter|); 0: 1e-2 */
  double tolerance; /* |a - n| <= tolerance max(1, |a|, |n|); 0: 1e-3 */
} gradient_check;

typedef struct gradient_verdict {
  int64_t compared, failed;
  int64_t worst; /* coordinate */
  double analytic, numeric;
} gradient_verdict;

/* Compares `analytic` (count) with (L(p + h) - L(p - h)) / 2h, h as it is in f32. */
gradient_verdict gradient_compare(const gradient_check *check, const float *analytic);

/* Requires that `analytic` passes, and that it fails with the sign of its largest compared
 * coordinate flipped (the negative control). `what` names the gradient in the message. */
void assert_gradient(const gradient_check *check, float *analytic, const char *what);

#endif
