/* The loops of vector.h, in terms of the few operations on `vec` that the including file defines:
 * LANES, ROWS and PANELS (register_block.h), TABLE, TABLE_NAME, INLINE, v_*. Included by one source
 * file per instruction set and by nothing else. */

#include "compute/vector_math.h"

typedef float __attribute__((may_alias)) element;
typedef vec operand;

INLINE operand o_set(element x) {
  return v_set(x);
}

INLINE operand o_load(const element *p) {
  return v_load(p);
}

INLINE vec o_multiply_add(operand a, operand b, vec c) {
  return v_fma(a, b, c);
}

#include "compute/register_block.h"

typedef float quad __attribute__((vector_size(16)));

/* Elements of a and b, numbered 0 to 7. gcc has the first form since version 12. */
#if defined(__clang__)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int32_t quad_order __attribute__((vector_size(16)));
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (quad_order){__VA_ARGS__})
#endif

INLINE quad load_quad(const float *p) {
  quad x;
  memcpy(&x, p, sizeof x);
  return x;
}

/* Four rows and four columns at a time. */
INLINE void transpose_quad(float *dst, int64_t ld_dst, const float *src, int64_t ld_src) {
  quad a = load_quad(src), b = load_quad(src + ld_src);
  quad c = load_quad(src + 2 * ld_src), d = load_quad(src + 3 * ld_src);
  quad ab = SHUFFLE(a, b, 0, 4, 1, 5), AB = SHUFFLE(a, b, 2, 6, 3, 7);
  quad cd = SHUFFLE(c, d, 0, 4, 1, 5), CD = SHUFFLE(c, d, 2, 6, 3, 7);
  quad rows[4] = {SHUFFLE(ab, cd, 0, 1, 4, 5), SHUFFLE(ab, cd, 2, 3, 6, 7),
                  SHUFFLE(AB, CD, 0, 1, 4, 5), SHUFFLE(AB, CD, 2, 3, 6, 7)};
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

static void shorten(uint16_t *dst, const float *src, int64_t n) {
  const int64_t whole = n - n % LANES;
  for (int64_t i = 0; i < whole; i += LANES) {
    vec_short value = __builtin_convertvector(rounded_words(v_load(src + i)) >> 16, vec_short);
    memcpy(dst + i, &value, sizeof value);
  }
  for (int64_t i = whole; i < n; ++i) {
    dst[i] = (uint16_t)(rounded_bits(src[i]) >> 16);
  }
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

/* Row j of the columns from i on, with `unseen` where a column does not see that key. */
INLINE vec v_seen(const lati_score_block *s, int64_t j, int64_t i, vec x, vec unseen) {
  const int64_t hidden = j - s->shift - i;
  return hidden <= 0 ? x : v_blend(v_mask(hidden), unseen, x);
}

static void softmax_columns(const lati_score_block *s, float factor, float *maximum, float *sum) {
  const vec lowest = v_set(-INFINITY), zero = v_set(0.0F);
  FOR_LANES(i, mask, s->queries) {
    vec largest = lowest, total = zero;
    for (int64_t j = 0; j < s->keys; ++j) {
      largest = v_max(largest, v_seen(s, j, i, v_load_part(s->data + j * s->ld + i, mask), lowest));
    }
    largest = largest * v_set(factor);
    for (int64_t j = 0; j < s->keys; ++j) {
      float *place = s->data + j * s->ld + i;
      vec value = v_exp(v_fma(v_load_part(place, mask), v_set(factor), zero - largest));
      value = v_seen(s, j, i, value, zero);
      v_store_part(place, mask, value);
      total += value;
    }
    const vec inverse = v_set(1.0F) / total;
    for (int64_t j = 0; j < s->keys; ++j) {
      float *place = s->data + j * s->ld + i;
      v_store_part(place, mask, v_load_part(place, mask) * inverse);
    }
    v_store_part(maximum + i, mask, largest);
    v_store_part(sum + i, mask, total);
  }
}

static void softmax_columns_backward(const lati_score_block *s, float *d, float factor,
                                     const float *lse) {
  const vec zero = v_set(0.0F);
  FOR_LANES(i, mask, s->queries) {
    const vec shift = zero - v_load_part(lse + i, mask);
    vec offset = zero;
    for (int64_t j = 0; j < s->keys; ++j) {
      const int64_t place = j * s->ld + i;
      vec value = v_exp(v_fma(v_load_part(s->data + place, mask), v_set(factor), shift));
      value = v_seen(s, j, i, value, zero);
      v_store_part(s->data + place, mask, value);
      offset = v_fma(value, v_load_part(d + place, mask), offset);
    }
    for (int64_t j = 0; j < s->keys; ++j) {
      const int64_t place = j * s->ld + i;
      const vec moved = v_load_part(d + place, mask) - offset;
      v_store_part(d + place, mask, v_set(factor) * v_load_part(s->data + place, mask) * moved);
    }
  }
}

static void normalise(float *y, float *mean, float *rstd, const float *x, const float *gamma,
                      const float *beta, int64_t n) {
  vec sum = v_set(0.0F), squares = v_set(0.0F);
  if (beta != NULL) {
    FOR_LANES(i, mask, n) {
      sum += v_load_part(x + i, mask);
    }
  }
  float mu = v_sum(sum) / (float)n;
  FOR_LANES(i, mask, n) {
    vec moved = v_blend(mask, v_load_part(x + i, mask) - v_set(mu), v_set(0.0F));
    squares = v_fma(moved, moved, squares);
  }
  float inverse = 1.0F / sqrtf(v_sum(squares) / (float)n + LATI_NORM_EPSILON);
  FOR_LANES(i, mask, n) {
    vec unit = (v_load_part(x + i, mask) - v_set(mu)) * v_set(inverse);
    vec shift = beta != NULL ? v_load_part(beta + i, mask) : v_set(0.0F);
    v_store_part(y + i, mask, v_fma(unit, v_load_part(gamma + i, mask), shift));
  }
  *mean = mu;
  *rstd = inverse;
}

/* With u the normalised row and g = gamma d_y:
 * d_x = rstd (g - mean(g) - u mean(g u)), and without mean(g) where no mean was taken away. */
static void normalise_backward(float *d_x, const float *d_y, const float *x, float mean, float rstd,
                               const float *gamma, int64_t n, int centred, int accumulate) {
  vec sum = v_set(0.0F), product_sum = v_set(0.0F);
  FOR_LANES(i, mask, n) {
    vec g = v_load_part(gamma + i, mask) * v_load_part(d_y + i, mask);
    vec unit = (v_load_part(x + i, mask) - v_set(mean)) * v_set(rstd);
    sum += g;
    product_sum = v_fma(g, unit, product_sum);
  }
  vec shift = v_set(centred ? v_sum(sum) / (float)n : 0.0F),
      slope = v_set(v_sum(product_sum) / (float)n);
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

static void follow(float *average, const float *x, float share, int64_t n) {
  FOR_LANES(i, mask, n) {
    vec old = v_load_part(average + i, mask);
    v_store_part(average + i, mask, v_fma(v_set(share), v_load_part(x + i, mask) - old, old));
  }
}

static void combine(float *y, float factor_y, const float *x, float factor_x, int64_t n) {
  FOR_LANES(i, mask, n) {
    vec scaled = v_set(factor_x) * v_load_part(x + i, mask);
    v_store_part(y + i, mask, v_fma(v_set(factor_y), v_load_part(y + i, mask), scaled));
  }
}

static void nesterov(float *g, float *m, float factor, float momentum, int64_t n) {
  FOR_LANES(i, mask, n) {
    vec slope = v_set(factor) * v_load_part(g + i, mask);
    vec moved = v_fma(v_set(momentum), v_load_part(m + i, mask), slope);
    v_store_part(m + i, mask, moved);
    v_store_part(g + i, mask, v_fma(v_set(momentum), moved, slope));
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
    .maximum = maximum,
    .sum_of_squares = sum_of_squares,
    .exponential = exponential,
    .softmax_backward = softmax_backward,
    .softmax_columns = softmax_columns,
    .softmax_columns_backward = softmax_columns_backward,
    .normalise = normalise,
    .normalise_backward = normalise_backward,
    .normalise_parameters = normalise_parameters,
    .attend = attend,
    .attend_narrow = attend_narrow,
    .narrow = narrow,
    .shorten = shorten,
    .follow = follow,
    .adam = adam,
    .combine = combine,
    .nesterov = nesterov,
};
