/* Functions of vectors and the loop over a row, in terms of the few operations on `vec` that the
 * including file defines: LANES, INLINE, v_*. */

/* Columns i, i + LANES, ... of a row of n; the last step's mask covers what remains. */
#define FOR_LANES(i, mask, n)                                                                      \
  for (int64_t i = 0; i < (n); i += LANES)                                                         \
    for (vec_mask mask = v_mask((n)-i), *once = &mask; once != NULL; once = NULL)

/* e^x. With n = round(x / ln 2) and r = x - n ln 2 (ln 2 in two parts, so that r is exact to the
 * last bit), e^x = 2^n e^r, where e^r = 1 + r + r^2 P(r) with P fitted (minimax) on |r| <= ln 2 / 2
 * to 3e-9. Relative error below 2e-7 (tested); 0 below -87.7, infinity above 88.4; NaN stays NaN.
 */
INLINE vec v_exp(vec x) {
  x = v_min(v_set(89.0F), v_max(v_set(-88.0F), x));
  vec n = v_round(x * v_set(1.44269504F));
  vec r = v_fma(n, v_set(-0.693359375F), x);
  r = v_fma(n, v_set(2.12194440e-4F), r);
  vec p = v_fma(v_set(1.38145986e-3F), r, v_set(8.36871688e-3F));
  p = v_fma(p, r, v_set(4.16683880e-2F));
  p = v_fma(p, r, v_set(1.66665206e-1F));
  p = v_fma(p, r, v_set(4.99999934e-1F));
  return v_times_power_of_two(v_fma(p, r * r, r) + v_set(1.0F), n);
}

/* The lesser tail of the normal distribution, Phi(-|x|) = e^(-x^2 / 2) t P(t), t = 1 / (1 + 0.35
 * |x|), P fitted (minimax) to a relative error of 4e-8; and the density, without 1 / sqrt(2 pi). */
INLINE vec v_normal_tail(vec *density, vec x) {
  vec size = v_max(x, v_set(0.0F) - x);
  vec t = v_set(1.0F) / v_fma(v_set(0.35F), size, v_set(1.0F));
  vec p = v_fma(v_set(-2.91459188e-02F), t, v_set(1.43971641e-01F));
  p = v_fma(p, t, v_set(-2.55714136e-01F));
  p = v_fma(p, t, v_set(1.59174024e-01F));
  p = v_fma(p, t, v_set(-2.31097415e-02F));
  p = v_fma(p, t, v_set(1.05507965e-01F));
  p = v_fma(p, t, v_set(1.19832877e-01F));
  p = v_fma(p, t, v_set(1.39861868e-01F));
  p = v_fma(p, t, v_set(1.39621404e-01F));
  *density = v_exp(v_set(-0.5F) * x * x);
  return *density * t * p;
}

/* gelu(x) = x Phi(x). */
INLINE vec v_gelu(vec x) {
  vec density, tail = v_normal_tail(&density, x);
  return x * v_less(x, v_set(0.0F), tail, v_set(1.0F) - tail);
}

/* gelu'(x) = Phi(x) + x phi(x). */
INLINE vec v_gelu_slope(vec x) {
  vec density, tail = v_normal_tail(&density, x);
  vec below = v_less(x, v_set(0.0F), tail, v_set(1.0F) - tail);
  return v_fma(x * v_set(0.398942280F), density, below);
}

INLINE vec v_activate(vec x, const lati_activation activation) {
  switch (activation) {
  case LATI_RELU:
    return v_less(x, v_set(0.0F), v_set(0.0F), x);
  case LATI_GELU:
    return v_gelu(x);
  default:
    return x;
  }
}

/* The bf16 nearest to x, ties to even, in the high half; NaN stays NaN. */
INLINE uint32_t rounded_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  uint32_t is_nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
  return is_nan ? bits | 0x00400000U : bits + 0x7FFFU + (bits >> 16 & 1U);
}

typedef uint16_t vec_short __attribute__((vector_size(sizeof(vec) / 2)));
typedef uint32_t vec_word __attribute__((vector_size(sizeof(vec))));

/* rounded_bits() of a vector. */
INLINE vec_word rounded_words(vec x) {
  vec_word bits = (vec_word)x, is_nan = (vec_word)(x != x);
  return (is_nan & (bits | 0x00400000U)) | (~is_nan & (bits + 0x7FFFU + (bits >> 16 & 1U)));
}
