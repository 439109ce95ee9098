/* The default floating-point environment inside the library, the caller's outside. */
#include "base/floating.h"

#include <stddef.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* What the calling thread had when it came in, a worker when it began; NULL outside. */
static _Thread_local lati_floating *host_state;

/* FE_DFL_ENV of glibc clears flush-to-zero and denormals-are-zero too (tests/unit/base checks). */
void lati_floating_enter(lati_floating *saved) {
  fegetenv(&saved->environment);
  fesetenv(FE_DFL_ENV);
  if (host_state == NULL) {
    host_state = saved;
  }
}

void lati_floating_leave(const lati_floating *saved) {
  if (host_state == saved) {
    host_state = NULL;
  }
  fesetenv(&saved->environment);
}

void lati_floating_enter_pass(lati_floating *saved) {
  lati_floating_enter(saved);
  lati_floating_flush(1);
}

lati_floating *lati_floating_lend(void) {
  lati_floating *host = host_state;
  if (host != NULL) {
    host->flushes = lati_floating_flushes();
    lati_floating_leave(host);
  }
  return host;
}

void lati_floating_take_back(lati_floating *host) {
  if (host != NULL) {
    lati_floating_enter(host);
    lati_floating_flush(host->flushes);
  }
}

void lati_floating_reset(void) {
  fesetenv(FE_DFL_ENV);
}

#ifdef __SSE2__
enum { FLUSHES = 0x8040 }; /* MXCSR: results below the least normal number, and operands */

int lati_floating_flush(int flushes) {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(flushes ? before | FLUSHES : before & ~(unsigned)FLUSHES);
  return (before & FLUSHES) != 0;
}

int lati_floating_flushes(void) {
  return (_mm_getcsr() & FLUSHES) != 0;
}
#else
int lati_floating_flush(int flushes) {
  (void)flushes;
  return 0;
}

int lati_floating_flushes(void) {
  return 0;
}
#endif
