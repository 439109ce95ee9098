#include "base/floating.h"

/* FE_DFL_ENV of glibc clears flush-to-zero and denormals-are-zero too (tests/unit/base checks). */
void lati_floating_enter(lati_floating *saved) {
  fegetenv(&saved->environment);
  fesetenv(FE_DFL_ENV);
}

void lati_floating_leave(const lati_floating *saved) {
  fesetenv(&saved->environment);
}
