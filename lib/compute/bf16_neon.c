/* bf16 products by the dot products of Arm's extension BF16 (Armv8.6, optional since Armv8.2). */
#define KERNEL lati_panel_bf16_neon
#define KERNEL_NAME "bf16-neon"
#include "compute/bf16_pack_neon.h"

typedef uint32_t __attribute__((may_alias)) element;
typedef uint32x4_t operand;

INLINE operand o_set(element x) {
  return vdupq_n_u32(x);
}

INLINE operand o_load(const element *p) {
  return vreinterpretq_u32_u8(vld1q_u8((const uint8_t *)p));
}

INLINE vec o_multiply_add(operand a, operand b, vec c) {
  return (vec)vbfdotq_f32((float32x4_t)c, vreinterpretq_bf16_u32(a), vreinterpretq_bf16_u32(b));
}

#include "compute/bf16_dot_kernel.h"
