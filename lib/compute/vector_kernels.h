/* The loops of vector.h, in terms of the few operations on `vec` that the including file defines:
 * LANES, ROWS and PANELS (the block of C that a product keeps in registers is ROWS by
 * PANELS * LANES), TABLE, TABLE_NAME, v_*. Included by one source file per instruction set and by
 * nothing else. */

#define INLINE static inline __attribute__((always_inline))

/* Columns i, i + LANES, ... of a row of n; the last step's mask covers what remains. */
#define FOR_LANES(i, mask, n)                                                                      \
  for (int64_t i = 0; i < (n); i += LANES)                                                         \
    for (vec_mask mask = v_mask((n)-i), *once = &mask; once != NULL; once = NULL)

INLINE vec v_maximum(vec a, vec b) {
  return v_less(a, b, b, a);
}

/* e^x. With n = round(x / ln 2) and r = x - n ln 2 (ln 2 in two parts, so that r is exact to the
 * last bit), e^x = 2^n e^r, where e^r = 1 + r + r^2 P(r) with P fitted (minimax) on |r| <= ln 2 / 2
 * to 3e-9. Relative error below 2e-7 (tested); 0 below -87, infinity above 88.3; NaN stays NaN. */
INLINE vec v_exp(vec x) {
  vec low = v_set(-87.0F), high = v_set(88.3F);
  vec n = v_round(x * v_set(1.44269504F));
  n = v_less(n, v_set(-126.0F), v_set(-126.0F), n);
  n = v_less(v_set(127.0F), n, v_set(127.0F), n);
  vec r = v_fma(n, v_set(-0.693359375F), x);
  r = v_fma(n, v_set(2.12194440e-4F), r);
  vec p = v_fma(v_set(1.38145986e-3F), r, v_set(8.36871688e-3F));
  p = v_fma(p, r, v_set(4.16683880e-2F));
  p = v_fma(p, r, v_set(1.66665206e-1F));
  p = v_fma(p, r, v_set(4.99999934e-1F));
  vec value = (v_fma(p, r * r, r) + v_set(1.0F)) * v_power_of_two(n);
  value = v_less(x, low, v_set(0.0F), value);
  return v_less(high, x, v_set(INFINITY), value);
}

/* One block of C: `rows` by `panels` vectors, the last of them masked. Called with constants only,
 * so that `sum` becomes registers. */
INLINE void product_block(float *c, int64_t ldc, const float *a, int64_t a_row, int64_t a_col,
                          const float *b, int64_t ldb, int64_t k, int accumulate, vec_mask mask,
                          const int rows, const int panels) {
  vec sum[ROWS][PANELS];
  for (int r = 0; r < rows; ++r) {
    for (int p = 0; p < panels; ++p) {
      sum[r][p] = v_set(0.0F);
    }
  }
  for (int64_t i = 0; i < k; ++i) {
    vec row[PANELS];
    for (int p = 0; p < panels - 1; ++p) {
      row[p] = v_load(b + i * ldb + p * LANES);
    }
    row[panels - 1] = v_load_part(b + i * ldb + (panels - 1) * LANES, mask);
    for (int r = 0; r < rows; ++r) {
      vec factor = v_set(a[r * a_row + i * a_col]);
      for (int p = 0; p < panels; ++p) {
        sum[r][p] = v_fma(factor, row[p], sum[r][p]);
      }
    }
  }
  for (int r = 0; r < rows; ++r) {
    for (int p = 0; p < panels; ++p) {
      float *place = c + r * ldc + p * LANES;
      vec_mask part = p == panels - 1 ? mask : v_mask(LANES);
      if (accumulate) {
        sum[r][p] += v_load_part(place, part);
      }
      v_store_part(place, part, sum[r][p]);
    }
  }
}

#define BLOCK(rows, panels)                                                                        \
  case (rows):                                                                                     \
    product_block(c, ldc, a, a_row, a_col, b, ldb, k, accumulate, mask, (rows), (panels));         \
    break;

#if ROWS == 6
#define BLOCKS_OF_ROWS(panels)                                                                     \
  BLOCK(1, panels)                                                                                 \
  BLOCK(2, panels) BLOCK(3, panels) BLOCK(4, panels) BLOCK(5, panels) BLOCK(6, panels)
#else
#define BLOCKS_OF_ROWS(panels) BLOCK(1, panels) BLOCK(2, panels) BLOCK(3, panels) BLOCK(4, panels)
#endif

#define DEFINE_PANEL(panels)                                                                       \
  static void product_panel_##panels(float *c, int64_t ldc, const float *a, int64_t a_row,         \
                                     int64_t a_col, const float *b, int64_t ldb, int64_t k,        \
                                     int accumulate, vec_mask mask, int rows) {                    \
    switch (rows) { BLOCKS_OF_ROWS(panels) }                                                       \
  }

typedef void product_panel_function(float *c, int64_t ldc, const float *a, int64_t a_row,
                                    int64_t a_col, const float *b, int64_t ldb, int64_t k,
                                    int accumulate, vec_mask mask, int rows);

DEFINE_PANEL(1)
DEFINE_PANEL(2)
#if PANELS >= 3
DEFINE_PANEL(3)
#endif
#if PANELS >= 4
DEFINE_PANEL(4)
#endif

static product_panel_function *const product_panels[] = {
    product_panel_1,
    product_panel_2,
#if PANELS >= 3
    product_panel_3,
#endif
#if PANELS >= 4
    product_panel_4,
#endif
};

/* `extent` in the fewest pieces of at most `most`, as even as they come. */
static int64_t even_piece(int64_t extent, int64_t most) {
  int64_t pieces = (extent + most - 1) / most;
  return (extent + pieces - 1) / pieces;
}

static void product(float *c, int64_t ldc, const float *a, int64_t a_row, int64_t a_col,
                    const float *b, int64_t ldb, int64_t m, int64_t n, int64_t k, int accumulate) {
  if (m <= 0 || n <= 0) {
    return;
  }
  int64_t width = even_piece((n + LANES - 1) / LANES, PANELS) * LANES;
  int64_t height = even_piece(m, ROWS);
  for (int64_t j = 0; j < n; j += width) {
    int64_t columns = n - j < width ? n - j : width, panels = (columns + LANES - 1) / LANES;
    vec_mask mask = v_mask(columns - (panels - 1) * LANES);
    for (int64_t i = 0; i < m; i += height) {
      int rows = (int)(m - i < height ? m - i : height);
      product_panels[panels - 1](c + i * ldc + j, ldc, a + i * a_row, a_row, a_col, b + j, ldb, k,
                                 accumulate, mask, rows);
    }
  }
}

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
    best = v_maximum(best, v_blend(mask, v_load_part(x + i, mask), lowest));
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
  vec size = v_maximum(x, v_set(0.0F) - x);
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

static void normalise_parameters(float *d_gamma, float *d_beta, const float *d_y, const float *x,
                                 float mean, float rstd, int64_t n) {
  FOR_LANES(i, mask, n) {
    vec slope = v_load_part(d_y + i, mask);
    vec unit = (v_load_part(x + i, mask) - v_set(mean)) * v_set(rstd);
    v_store_part(d_gamma + i, mask, v_fma(slope, unit, v_load_part(d_gamma + i, mask)));
    v_store_part(d_beta + i, mask, slope + v_load_part(d_beta + i, mask));
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

const lati_vector TABLE = {
    .name = TABLE_NAME,
    .lanes = LANES,
    .product = product,
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
    .normalise = normalise,
    .normalise_backward = normalise_backward,
    .normalise_parameters = normalise_parameters,
    .adam = adam,
};
