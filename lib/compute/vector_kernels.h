/* The loops of vector.h, in terms of the few operations on `vec` that the including file defines:
 * LANES, ROWS and PANELS (register_block.h), TABLE, TABLE_NAME, INLINE, v_*. Included by one source
 * file per instruction set and by nothing else. */

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

typedef float __attribute__((may_alias)) element;
typedef vec operand;

INLINE operand o_set(element x) {
  return v_set(x);
}

INLINE operand o_load_part(const element *p, vec_mask mask) {
  return v_load_part(p, mask);
}

INLINE operand o_load(const element *p) {
  return v_load(p);
}

INLINE vec o_multiply_add(operand a, operand b, vec c) {
  return v_fma(a, b, c);
}

#include "compute/register_block.h"

typedef float quad __attribute__((vector_size(16)));

INLINE quad load_quad(const float *p) {
  quad x;
  memcpy(&x, p, sizeof x);
  return x;
}

/* Four rows and four columns at a time. */
INLINE void transpose_quad(float *dst, int64_t ld_dst, const float *src, int64_t ld_src) {
  quad a = load_quad(src), b = load_quad(src + ld_src);
  quad c = load_quad(src + 2 * ld_src), d = load_quad(src + 3 * ld_src);
  quad ab = __builtin_shufflevector(a, b, 0, 4, 1, 5),
       AB = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  quad cd = __builtin_shufflevector(c, d, 0, 4, 1, 5),
       CD = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  quad rows[4] = {
      __builtin_shufflevector(ab, cd, 0, 1, 4, 5), __builtin_shufflevector(ab, cd, 2, 3, 6, 7),
      __builtin_shufflevector(AB, CD, 0, 1, 4, 5), __builtin_shufflevector(AB, CD, 2, 3, 6, 7)};
  for (int i = 0; i < 4; ++i) {
    memcpy(dst + i * ld_dst, &rows[i], sizeof rows[i]);
  }
}

static void transpose(float *dst, int64_t ld_dst, const float *src, int64_t ld_src, int64_t rows,
                      int64_t cols) {
  int64_t whole_rows = rows - rows % 4, whole_cols = cols - cols % 4;
  for (int64_t i = 0; i < whole_rows; i += 4) {
    for (int64_t j = 0; j < whole_cols; j += 4) {
      transpose_quad(dst + j * ld_dst + i, ld_dst, src + i * ld_src + j, ld_src);
    }
  }
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = i < whole_rows ? whole_cols : 0; j < cols; ++j) {
      dst[j * ld_dst + i] = src[i * ld_src + j];
    }
  }
}

static void scale(float *x, float factor, int64_t n) {
  FOR_LANES(i, mask, n) {
    v_store_part(x + i, mask, v_load_part(x + i, mask) * v_set(factor));
  }
}

static void add(float *y, const float *x, int64_t n) {
  FOR_LANES(i, mask, n) {
    v_store_part(y + i, mask, v_load_part(y + i, mask) + v_load_part(x + i, mask));
  }
}

static float dot(const float *x, const float *y, int64_t n) {
  vec sum = v_set(0.0F);
  FOR_LANES(i, mask, n) {
    sum = v_fma(v_load_part(x + i, mask), v_load_part(y + i, mask), sum);
  }
  return v_sum(sum);
}

static float maximum(const float *x, int64_t n) {
  vec lowest = v_set(-INFINITY), best = lowest;
  FOR_LANES(i, mask, n) {
    best = v_max(best, v_blend(mask, v_load_part(x + i, mask), lowest));
  }
  return v_largest(best);
}

/* Sixteen running sums, which the compiler keeps in as many vectors as it takes. */
static double sum_of_squares(const float *x, int64_t n) {
  double sums[16] = {0.0};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    for (int j = 0; j < 16; ++j) {
      sums[j] += (double)x[i + j] * (double)x[i + j];
    }
  }
  for (; i < n; ++i) {
    sums[i % 16] += (double)x[i] * (double)x[i];
  }
  double total = 0.0;
  for (int j = 0; j < 16; ++j) {
    total += sums[j];
  }
  return total;
}

static float exponential(float *y, const float *x, float factor, float shift, int64_t n) {
  vec sum = v_set(0.0F), zero = sum;
  FOR_LANES(i, mask, n) {
    vec value = v_exp(v_fma(v_load_part(x + i, mask), v_set(factor), v_set(-shift)));
    v_store_part(y + i, mask, value);
    sum += v_blend(mask, value, zero);
  }
  return v_sum(sum);
}

static void softmax_backward(float *d, const float *p, float factor, float offset, int64_t n) {
  FOR_LANES(i, mask, n) {
    vec moved = v_load_part(d + i, mask) - v_set(offset);
    v_store_part(d + i, mask, v_set(factor) * v_load_part(p + i, mask) * moved);
  }
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

INLINE void epilogue_of(float *y, float *pre, const float *bias, const float *residual,
                        const lati_activation activation, int64_t n) {
  FOR_LANES(i, mask, n) {
    vec value = v_load_part(y + i, mask);
    if (bias != NULL) {
      value += v_load_part(bias + i, mask);
    }
    if (pre != NULL) {
      v_store_part(pre + i, mask, value);
    }
    value = v_activate(value, activation);
    if (residual != NULL) {
      value += v_load_part(residual + i, mask);
    }
    v_store_part(y + i, mask, value);
  }
}

static void epilogue(float *y, float *pre, const float *bias, const float *residual,
                     lati_activation activation, int64_t n) {
  switch (activation) {
  case LATI_RELU:
    epilogue_of(y, pre, bias, residual, LATI_RELU, n);
    break;
  case LATI_GELU:
    epilogue_of(y, pre, bias, residual, LATI_GELU, n);
    break;
  default:
    epilogue_of(y, pre, bias, residual, LATI_IDENTITY, n);
  }
}

static void relu_backward(float *d_y, const float *y, int64_t n) {
  FOR_LANES(i, mask, n) {
    vec zero = v_set(0.0F);
    v_store_part(d_y + i, mask,
                 v_less(zero, v_load_part(y + i, mask), v_load_part(d_y + i, mask), zero));
  }
}

static void gelu_backward(float *d_y, const float *pre, int64_t n) {
  FOR_LANES(i, mask, n) {
    v_store_part(d_y + i, mask,
                 v_load_part(d_y + i, mask) * v_gelu_slope(v_load_part(pre + i, mask)));
  }
}

static void normalise(float *y, float *mean, float *rstd, const float *x, const float *gamma,
                      const float *beta, int64_t n) {
  vec sum = v_set(0.0F), squares = v_set(0.0F);
  FOR_LANES(i, mask, n) {
    sum += v_load_part(x + i, mask);
  }
  float mu = v_sum(sum) / (float)n;
  FOR_LANES(i, mask, n) {
    vec moved = v_blend(mask, v_load_part(x + i, mask) - v_set(mu), v_set(0.0F));
    squares = v_fma(moved, moved, squares);
  }
  float inverse = 1.0F / sqrtf(v_sum(squares) / (float)n + LATI_NORM_EPSILON);
  FOR_LANES(i, mask, n) {
    vec unit = (v_load_part(x + i, mask) - v_set(mu)) * v_set(inverse);
    v_store_part(y + i, mask,
                 v_fma(unit, v_load_part(gamma + i, mask), v_load_part(beta + i, mask)));
  }
  *mean = mu;
  *rstd = inverse;
}

/* With u the normalised row and g = gamma d_y:
 * d_x = rstd (g - mean(g) - u mean(g u)). */
static void normalise_backward(float *d_x, const float *d_y, const float *x, float mean, float rstd,
                               const float *gamma, int64_t n, int accumulate) {
  vec sum = v_set(0.0F), product_sum = v_set(0.0F);
  FOR_LANES(i, mask, n) {
    vec g = v_load_part(gamma + i, mask) * v_load_part(d_y + i, mask);
    vec unit = (v_load_part(x + i, mask) - v_set(mean)) * v_set(rstd);
    sum += g;
    product_sum = v_fma(g, unit, product_sum);
  }
  vec shift = v_set(v_sum(sum) / (float)n), slope = v_set(v_sum(product_sum) / (float)n);
  FOR_LANES(i, mask, n) {
    vec g = v_load_part(gamma + i, mask) * v_load_part(d_y + i, mask);
    vec unit = (v_load_part(x + i, mask) - v_set(mean)) * v_set(rstd);
    vec value = v_set(rstd) * (g - shift - unit * slope);
    if (accumulate) {
      value += v_load_part(d_x + i, mask);
    }
    v_store_part(d_x + i, mask, value);
  }
}

/* Masks of four vectors side by side, of which n columns count. */
INLINE void four_masks(vec_mask masks[4], int64_t n) {
  for (int p = 0; p < 4; ++p) {
    masks[p] = v_mask(n > p * LANES ? n - p * LANES : 0);
  }
}

#define LOAD_COLUMN(unused, p) sum[p] = v_load_part(y + j + (p)*LANES, masks[p]);
#define ADD_COLUMN(unused, p) sum[p] += v_load_part(row + (p)*LANES, masks[p]);
#define STORE_COLUMN(unused, p) v_store_part(y + j + (p)*LANES, masks[p], sum[p]);

static void column_sums(float *y, const float *x, int64_t ld, int64_t rows, int64_t n) {
  for (int64_t j = 0; j < n; j += 4 * LANES) {
    vec_mask masks[4];
    vec sum[4];
    four_masks(masks, n - j);
    EACH_PANEL(LOAD_COLUMN, 0)
    for (int64_t r = 0; r < rows; ++r) {
      const float *row = x + r * ld + j;
      EACH_PANEL(ADD_COLUMN, 0)
    }
    EACH_PANEL(STORE_COLUMN, 0)
  }
}

#define LOAD_PARAMETER(unused, p)                                                                  \
  slope[p] = v_load_part(d_gamma + j + (p)*LANES, masks[p]);                                       \
  shift[p] = v_load_part(d_beta + j + (p)*LANES, masks[p]);
#define ADD_PARAMETER(unused, p)                                                                   \
  {                                                                                                \
    vec d = v_load_part(d_y + place + (p)*LANES, masks[p]);                                        \
    vec unit = (v_load_part(x + place + (p)*LANES, masks[p]) - v_set(mean[t])) * v_set(rstd[t]);   \
    slope[p] = v_fma(d, unit, slope[p]);                                                           \
    shift[p] += d;                                                                                 \
  }
#define STORE_PARAMETER(unused, p)                                                                 \
  v_store_part(d_gamma + j + (p)*LANES, masks[p], slope[p]);                                       \
  v_store_part(d_beta + j + (p)*LANES, masks[p], shift[p]);

static void normalise_parameters(float *d_gamma, float *d_beta, const float *d_y, const float *x,
                                 int64_t ld, const float *mean, const float *rstd, int64_t rows,
                                 int64_t n) {
  for (int64_t j = 0; j < n; j += 4 * LANES) {
    vec_mask masks[4];
    vec slope[4], shift[4];
    four_masks(masks, n - j);
    EACH_PANEL(LOAD_PARAMETER, 0)
    for (int64_t t = 0; t < rows; ++t) {
      int64_t place = t * ld + j;
      EACH_PANEL(ADD_PARAMETER, 0)
    }
    EACH_PANEL(STORE_PARAMETER, 0)
  }
}

static void adam(float *p, float *g, float *m, float *v, const lati_adam_factors *f, int64_t n) {
  vec zero = v_set(0.0F);
  FOR_LANES(i, mask, n) {
    vec slope = v_load_part(g + i, mask);
    vec first = v_fma(v_set(f->keep1), v_load_part(m + i, mask), v_set(f->take1) * slope);
    vec second = v_fma(v_set(f->keep2), v_load_part(v + i, mask), v_set(f->take2) * slope * slope);
    vec root = v_fma(v_sqrt(second), v_set(f->inverse_root), v_set(f->epsilon));
    vec kept = v_set(f->shrink) * v_load_part(p + i, mask);
    v_store_part(m + i, mask, first);
    v_store_part(v + i, mask, second);
    v_store_part(p + i, mask, kept - v_set(f->rate) * first / root);
    v_store_part(g + i, mask, zero);
  }
}

#include "compute/decode_kernels.h"
#include "compute/panel_f32.h"

const lati_vector TABLE = {
    .name = TABLE_NAME,
    .lanes = LANES,
    .panels = &panels,
    .transpose = transpose,
    .scale = scale,
    .add = add,
    .dot = dot,
    .maximum = maximum,
    .sum_of_squares = sum_of_squares,
    .exponential = exponential,
    .softmax_backward = softmax_backward,
    .epilogue = epilogue,
    .relu_backward = relu_backward,
    .gelu_backward = gelu_backward,
    .column_sums = column_sums,
    .normalise = normalise,
    .normalise_backward = normalise_backward,
    .normalise_parameters = normalise_parameters,
    .attend = attend,
    .attend_narrow = attend_narrow,
    .narrow = narrow,
    .adam = adam,
};
