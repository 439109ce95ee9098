/* What a panel kernel does to rows besides multiplying them, in terms of vector_math.h and of
 * load_values(rows, place, mask) and store_values(rows, place, mask, vec), which know the types. */

/* The functions of a kernel's table, for its initialiser; those that the including file defines
 * have the members' names. */
#define PANEL_FUNCTIONS                                                                            \
  .strip_of_rows = strip_of_rows, .strip_of_columns = strip_of_columns,                            \
  .strip_of_panel = strip_of_panel, .panel_of_rows = panel_of_rows,                                \
  .panel_of_columns = panel_of_columns, .multiply = multiply, .finish = finish,                    \
  .column_sums = column_sums, .dot = dot, .glu = glu, .glu_backward = glu_backward

INLINE vec apply_slope(vec value, vec place, const lati_activation slope) {
  switch (slope) {
  case LATI_RELU:
    return v_less(v_set(0.0F), place, value, v_set(0.0F));
  case LATI_GELU:
    return value * v_gelu_slope(place);
  default:
    return value;
  }
}

/* Rows of f begin at this one of the sums. Called with constants for `activation` on. */
INLINE void finish_row(const lati_finish *f, const float *sums, int64_t n,
                       const lati_activation activation, const lati_activation slope,
                       const int whole) {
  const lati_rows y = f->y, pre = f->pre, of = f->slope.of;
  const float *bias = f->bias, *residual = f->residual;
  const int keeps_pre = !lati_rows_none(pre);
  for (int64_t j = 0; j < n; j += LANES) {
    const vec_mask mask = whole ? v_mask(LANES) : v_mask(n - j);
    vec value = v_load_part(sums + j, mask);
    if (bias != NULL) {
      value += v_load_part(bias + j, mask);
    }
    if (keeps_pre) {
      store_values(pre, j, mask, value);
    }
    value = v_activate(value, activation);
    if (residual != NULL) {
      value += v_load_part(residual + j, mask);
    }
    if (slope != LATI_IDENTITY) {
      value = apply_slope(value, load_values(of, j, mask), slope);
    }
    store_values(y, j, mask, value);
  }
}

INLINE void finish_rows(const lati_finish *f, const float *sums, int64_t ld, int64_t m, int64_t n,
                        const lati_activation activation, const lati_activation slope) {
  lati_finish row = *f;
  for (int64_t i = 0; i < m; ++i) {
    row.y = lati_rows_at(f->y, i, 0);
    row.pre = lati_rows_at(f->pre, i, 0);
    row.slope.of = lati_rows_at(f->slope.of, i, 0);
    row.residual = f->residual != NULL ? f->residual + i * f->ld_residual : NULL;
    if (n % LANES == 0) {
      finish_row(&row, sums + i * ld, n, activation, slope, 1);
    } else {
      finish_row(&row, sums + i * ld, n, activation, slope, 0);
    }
  }
}

/* Nothing but the sums, in the type of y. */
static void store_rows(lati_rows y, const float *sums, int64_t ld, int64_t m, int64_t n) {
  for (int64_t i = 0; i < m; ++i) {
    FOR_LANES(j, mask, n) {
      store_values(y, i * y.ld + j, mask, v_load_part(sums + i * ld + j, mask));
    }
  }
}

static int is_plain(const lati_finish *f) {
  return f->bias == NULL && f->residual == NULL && lati_rows_none(f->pre) &&
         f->activation == LATI_IDENTITY && f->slope.activation == LATI_IDENTITY;
}

static void finish(const lati_finish *f, const float *sums, int64_t ld, int64_t m, int64_t n) {
  if (is_plain(f)) {
    store_rows(f->y, sums, ld, m, n);
  } else if (f->slope.activation == LATI_RELU) {
    finish_rows(f, sums, ld, m, n, LATI_IDENTITY, LATI_RELU);
  } else if (f->slope.activation == LATI_GELU) {
    finish_rows(f, sums, ld, m, n, LATI_IDENTITY, LATI_GELU);
  } else if (f->activation == LATI_RELU) {
    finish_rows(f, sums, ld, m, n, LATI_RELU, LATI_IDENTITY);
  } else if (f->activation == LATI_GELU) {
    finish_rows(f, sums, ld, m, n, LATI_GELU, LATI_IDENTITY);
  } else {
    finish_rows(f, sums, ld, m, n, LATI_IDENTITY, LATI_IDENTITY);
  }
}

/* Four vectors side by side, for the additions to overlap. */
static void column_sums(float *y, lati_rows x, int64_t rows, int64_t n) {
  enum { SIDE_BY_SIDE = 4 };
  for (int64_t j = 0; j < n; j += SIDE_BY_SIDE * LANES) {
    vec_mask masks[SIDE_BY_SIDE];
    vec sums[SIDE_BY_SIDE];
    for (int p = 0; p < SIDE_BY_SIDE; ++p) {
      masks[p] = v_mask(n - j > p * LANES ? n - j - p * LANES : 0);
      sums[p] = v_load_part(y + j + p * LANES, masks[p]);
    }
    for (int64_t i = 0; i < rows; ++i) {
      for (int p = 0; p < SIDE_BY_SIDE; ++p) {
        sums[p] += load_values(x, i * x.ld + j + p * LANES, masks[p]);
      }
    }
    for (int p = 0; p < SIDE_BY_SIDE; ++p) {
      v_store_part(y + j + p * LANES, masks[p], sums[p]);
    }
  }
}

static float dot(lati_rows a, lati_rows b, int64_t n) {
  vec sum = v_set(0.0F);
  FOR_LANES(i, mask, n) {
    sum = v_fma(load_values(a, i, mask), load_values(b, i, mask), sum);
  }
  return v_sum(sum);
}

/* Called with constants for `activation`. */
INLINE void glu_row(lati_rows y, lati_rows x, int64_t n, const lati_activation activation) {
  FOR_LANES(j, mask, n) {
    vec gate = v_activate(load_values(x, n + j, mask), activation);
    store_values(y, j, mask, load_values(x, j, mask) * gate);
  }
}

INLINE void glu_row_backward(lati_rows d_x, lati_rows d_y, lati_rows x, int64_t n,
                             const lati_activation activation) {
  FOR_LANES(j, mask, n) {
    vec value = load_values(x, j, mask), gate = load_values(x, n + j, mask);
    vec d = load_values(d_y, j, mask);
    store_values(d_x, j, mask, d * v_activate(gate, activation));
    store_values(d_x, n + j, mask, apply_slope(d * value, gate, activation));
  }
}

static void glu(lati_rows y, lati_rows x, int64_t n, lati_activation activation) {
  switch (activation) {
  case LATI_RELU:
    glu_row(y, x, n, LATI_RELU);
    break;
  case LATI_GELU:
    glu_row(y, x, n, LATI_GELU);
    break;
  default:
    glu_row(y, x, n, LATI_IDENTITY);
    break;
  }
}

static void glu_backward(lati_rows d_x, lati_rows d_y, lati_rows x, int64_t n,
                         lati_activation activation) {
  switch (activation) {
  case LATI_RELU:
    glu_row_backward(d_x, d_y, x, n, LATI_RELU);
    break;
  case LATI_GELU:
    glu_row_backward(d_x, d_y, x, n, LATI_GELU);
    break;
  default:
    glu_row_backward(d_x, d_y, x, n, LATI_IDENTITY);
    break;
  }
}
