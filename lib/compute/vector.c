#include "compute/vector.h"

/* The compiler's builtin asks the operating system's saved register set (XCR0) too. */
const lati_vector *lati_vector_best(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
    return &lati_vector_avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return &lati_vector_avx2;
  }
#endif
  return &lati_vector_portable;
}
