/* The rate of the instruction that products are made of, its operands in the first-level cache:
 * what no product can pass. */
#ifndef LATI_PEAK_H
#define LATI_PEAK_H

#include <stdint.h>

enum { LATI_PEAK_FLOATS = 1024 };

typedef struct lati_peak {
  /* `rounds` rounds on x (LATI_PEAK_FLOATS), which small numbers leave finite. */
  void (*run)(float *x, int64_t rounds);
  double operations; /* floating-point operations of one round */
} lati_peak;

extern const lati_peak lati_peak_portable;
#if defined(__x86_64__)
extern const lati_peak lati_peak_avx2, lati_peak_avx512, lati_peak_bf16_dot, lati_peak_bf16_tiles;
#elif defined(__aarch64__)
extern const lati_peak lati_peak_neon, lati_peak_bf16_neon;
#endif

#endif
