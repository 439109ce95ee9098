/* Floating-point exceptions that trap, which glibc alone has functions for, and of it only where
 * the processor has traps: Arm's may lack them. */
#ifndef TRAPS_H
#define TRAPS_H

#include <fenv.h>

/* 0 where there are none; else the exceptions of FE_... that are to end the process from now on. */
static inline int traps_set(int exceptions) {
#ifdef __GLIBC__
  fedisableexcept(FE_ALL_EXCEPT);
  return feenableexcept(exceptions) == -1 ? 0 : exceptions;
#else
  (void)exceptions;
  return 0;
#endif
}

/* The exceptions that trap. */
static inline int traps_get(void) {
#ifdef __GLIBC__
  return fegetexcept();
#else
  return 0;
#endif
}

#endif
