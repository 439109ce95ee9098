/* The caller's floating-point state is set aside while we compute: round to nearest, no traps, no
 * flush-to-zero. */
#ifndef LATI_FLOATING_H
#define LATI_FLOATING_H

#include <fenv.h>

typedef struct lati_floating {
  fenv_t environment; /* includes MXCSR on x86 */
} lati_floating;

/* Every public function that computes begins with the first and ends with the second. */
void lati_floating_enter(lati_floating *saved);
void lati_floating_leave(const lati_floating *saved);

#endif
