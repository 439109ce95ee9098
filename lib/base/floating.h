/* The caller's floating-point state is set aside while we compute: round to nearest, no traps, and
 * flush-to-zero in passes through a model and updates of its parameters alone. Functions of the
 * host's that are told something or asked for memory (log, progress, allocator) see the host's own
 * state; those that compute for us (a custom task's) see ours, so that their numbers depend neither
 * on the host nor on the thread. */
#ifndef LATI_FLOATING_H
#define LATI_FLOATING_H

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error                                                                                             \
    "NaN and infinity are told from numbers: compile without -ffast-math, -Ofast, -ffinite-math-only"
#endif

#include <fenv.h>

typedef struct lati_floating {
  fenv_t environment; /* includes MXCSR on x86 */
  int flushes;        /* lati_floating_flush() of ours, while the host's state is lent */
} lati_floating;

/* Every public function that computes begins with the first and ends with the second; they nest. */
void lati_floating_enter(lati_floating *saved);
void lati_floating_leave(const lati_floating *saved);

/* The first for passes through a model and an optimizer's step: numbers below the least normal one
 * count as zero. There they mean nothing, and Intel's processors are slow to compute with them
 * (docs/profile.md). Without effect on other processors than x86. */
void lati_floating_enter_pass(lati_floating *saved);

/* Around a call of the host's: the state that the thread came with, and back to ours. What the host
 * changes in it stays changed. NULL where the thread has no state of the host's set aside. */
lati_floating *lati_floating_lend(void);
void lati_floating_take_back(lati_floating *host);

/* For a thread of our own, which inherits its creator's state. */
void lati_floating_reset(void);

/* Whether this thread's numbers below the least normal one count as zero, between entering and
 * leaving. The first returns what it was. */
int lati_floating_flush(int flushes);
int lati_floating_flushes(void);

#endif
