/* bf16 products by the dot products of AVX512_BF16. */
#define KERNEL lati_panel_bf16_avx512
#define KERNEL_NAME "bf16-avx512"
#include "compute/bf16_pack_avx512.h"

typedef uint32_t __attribute__((may_alias)) element;
typedef __m512i operand;

INLINE operand o_set(element x) {
  return _mm512_set1_epi32((int32_t)x);
}

INLINE operand o_load(const element *p) {
  return _mm512_loadu_si512(p);
}

INLINE vec o_multiply_add(operand a, operand b, vec c) {
  return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
}

#include "compute/bf16_dot_kernel.h"
