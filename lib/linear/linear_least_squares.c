/* Learning a layer of linear attention by least squares (Yau and others, "Learning Linear Attention
 * in Polynomial Time", 2024). With G = C^T C, what heads add to the query z is linear in features:
 *   y_a = sum_h (P_h G Q_h z)_a = sum_{j <= k, l} W_{a, jk, l} G_jk z_l.
 * Features are triangularised block by block, so that only one block of them is in memory; the
 * singular values of the triangle tell whether the data fix W; heads are W's singular vectors.
 * Keys C, queries z and targets y are multiplied by powers of two, which are exact, so that neither
 * features nor squares overflow or vanish; what comes out is divided by them. */
#include "base/floating.h"
#include "base/options.h"
#include "compute/gemm.h"
#include "linalg/lapack.h"
#include "linalg/matrix.h"
#include "linear/linear_stack.h"
#include "refine/refine.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Rows and columns that LAPACK is given at most. */
enum { MOST_ROWS = 4096, WIDEST = 19 };

typedef struct fit {
  lat_linear *stack;
  lat_linear_certificate certificate;
  const double *z, *y;
  int64_t examples, tokens, context;
  int32_t width, outputs, features;
  int32_t columns; /* features + outputs */
  int32_t rows;    /* columns + examples of a block */
  int32_t keys_power, query_power, targets_power;
  double *panel;    /* (rows, columns), column-major: a triangle above a block of examples */
  double *work;     /* of LAPACK */
  double *example;  /* (context + 1, width): the keys and the query */
  double *moment;   /* G (width, width) */
  double *triangle; /* (features, features) */
  double *values, *left, *right; /* singular values and vectors, of the triangle and of the heads */
  double *rotated;               /* (features, outputs): targets in the left singular vectors */
  double *coefficients;          /* W^T (features, outputs) */
} fit;

void lat_linear_certificate_init_sized(lat_linear_certificate *certificate, size_t size) {
  static const lati_field none[] = {LATI_FIELDS_END};
  lati_options_init(certificate, size, none, sizeof *certificate);
}

/* Largest sizes come to 1. */
static void choose_powers(fit *f) {
  const size_t d = (size_t)f->width, values = (size_t)f->tokens * d;
  double key = 0, query = 0;
  for (int64_t e = 0; e < f->examples; ++e) {
    const double *example = f->z + (size_t)e * values;
    key = fmax(key, lati_norm_max(example, (size_t)f->context * d));
    query = fmax(query, lati_norm_max(example + values - d, d));
  }
  f->keys_power = lati_refine_power(&key, 1);
  f->query_power = lati_refine_power(&query, 1);
  f->targets_power = lati_refine_power(f->y, f->examples * f->outputs);
}

/* What the features are multiplied by. */
static int32_t features_power(const fit *f) {
  return 2 * f->keys_power + f->query_power;
}

/* One row of the panel: features of an example, then its targets. */
static void fill_row(const fit *f, int64_t example, int32_t row) {
  const int64_t d = f->width, keys = f->context * d;
  const double *from = f->z + example * f->tokens * d;
  double *const query = f->example + keys, *to = f->panel + row;
  lati_multiply_by_power(f->example, from, (size_t)keys, f->keys_power);
  lati_multiply_by_power(query, from + (f->tokens - 1) * d, (size_t)d, f->query_power);
  memset(f->moment, 0, (size_t)(d * d) * sizeof *f->moment);
  if (f->context > 0) {
    lati_gemm_f64(1, 0, d, d, f->context, f->example, d, f->example, d, 0, f->moment, d);
  }
  for (int64_t j = 0; j < d; ++j) {
    for (int64_t k = j; k < d; ++k) {
      for (int64_t l = 0; l < d; ++l, to += f->rows) {
        *to = f->moment[j * d + k] * query[l];
      }
    }
  }
  for (int32_t a = 0; a < f->outputs; ++a, to += f->rows) {
    *to = ldexp(f->y[example * f->outputs + a], f->targets_power);
  }
}

/* All examples become the triangle of [features | targets]. */
static lat_status triangularise(const fit *f) {
  lat_status status = LAT_OK;
  const int32_t block = f->rows - f->columns;
  for (int64_t first = 0; first < f->examples; first += block) {
    for (int32_t i = 0; i < block && first + i < f->examples; ++i) {
      fill_row(f, first + i, f->columns + i);
    }
    LATI_TRY(lati_lapack_triangularise(f->panel, f->rows, f->columns, f->work));
  }
done:
  return status;
}

/* Number of values, which fall, that are not rounding errors of the first among `count` terms. */
static int32_t rank_of(const double *values, int32_t number, double count) {
  int32_t rank = 0;
  while (rank < number && values[rank] > values[0] * count * DBL_EPSILON) {
    ++rank;
  }
  return rank;
}

/* The eigenvalue that belongs to a singular value: only that of zero vanishes. */
static double eigenvalue(const fit *f, double value) {
  int power = 0;
  const double fraction = frexp(value, &power);
  const double mean = fraction * fraction / (double)f->examples;
  return value > 0 ? fmax(ldexp(mean, 2 * (power - features_power(f))), DBL_TRUE_MIN) : 0;
}

/* W of least norm among those of least squares, and what the certificate says of it. */
static lat_status solve(fit *f) {
  lat_status status = LAT_OK;
  lat_linear_certificate *c = &f->certificate;
  const int64_t n = f->features, m = f->outputs;
  for (int64_t j = 0; j < n; ++j) {
    memcpy(f->triangle + j * n, f->panel + j * f->rows, (size_t)n * sizeof *f->triangle);
  }
  LATI_TRY(lati_lapack_gesdd(f->triangle, f->values, f->left, f->right, f->features, f->features,
                             f->work));
  const int32_t rank = rank_of(f->values, f->features, (double)(f->examples > n ? f->examples : n));
  for (int64_t i = 0; i < n * m; ++i) { /* row-major, into the coefficients for now */
    f->coefficients[i] = f->panel[(n + i % m) * f->rows + i / m];
  }
  lati_gemm_f64(0, 0, n, m, n, f->left, n, f->coefficients, m, 0, f->rotated, m);
  double squares = 0;
  for (int64_t i = 0; i < n * m; ++i) {
    squares += i / m < rank ? 0 : f->rotated[i] * f->rotated[i];
    f->rotated[i] = i / m < rank ? f->rotated[i] / f->values[i / m] : 0;
  }
  lati_gemm_f64(0, 0, n, m, n, f->right, n, f->rotated, m, 0, f->coefficients, m);
  for (int64_t i = 0; i < m * m; ++i) { /* targets beyond the features' reach */
    const double rest = f->panel[(n + i / m) * f->rows + n + i % m];
    squares += rest * rest;
  }
  c->features = f->features;
  c->rank = rank;
  c->unique = rank == f->features;
  c->lambda_min = c->unique ? eigenvalue(f, f->values[n - 1]) : 0;
  c->lambda_max = eigenvalue(f, f->values[0]);
  c->residual = ldexp(sqrt(squares / ((double)f->examples * (double)m)), -f->targets_power);
done:
  return status;
}

/* M[(a, j), (k, l)] = W_{a, jk, l}, halved where j != k, column-major; the triangle's memory. */
static void arrange(const fit *f) {
  const int32_t d = f->width, m = f->outputs * d;
  const double *w = f->coefficients;
  for (int32_t j = 0; j < d; ++j) {
    for (int32_t k = j; k < d; ++k) {
      for (int32_t i = 0; i < d * f->outputs; ++i, ++w) {
        const int32_t l = i / f->outputs, a = i % f->outputs;
        const double value = j == k ? *w : *w / 2;
        f->triangle[a * d + j + (k * d + l) * m] = value;
        f->triangle[a * d + k + (j * d + l) * m] = value;
      }
    }
  }
}

/* The root of a singular value of the heads, which are W, for features and targets as they are. */
static double root_of(const fit *f, double value) {
  const int32_t power = features_power(f) - f->targets_power, odd = power & 1;
  return ldexp(sqrt(ldexp(value, odd)), (power - odd) / 2);
}

/* Head h of the layer: A[l, k] and P[j, outputs] share the root of its singular value. */
static void write_head(const fit *f, int32_t h, int32_t m, int32_t k) {
  const size_t d = (size_t)f->width, start = d - (size_t)f->outputs;
  double *a = f->stack->parameters + lati_linear_offset(f->stack, 0, h, LAT_LINEAR_A);
  double *p = f->stack->parameters + lati_linear_offset(f->stack, 0, h, LAT_LINEAR_P);
  const double root = root_of(f, f->values[h]);
  for (size_t i = 0; i < d * d; ++i) {
    a[i % d * d + i / d] = root * f->right[(size_t)h + i * (size_t)k];
  }
  for (size_t i = 0; i < (size_t)m; ++i) {
    p[i % d * d + start + i / d] = root * f->left[i + (size_t)h * (size_t)m];
  }
}

static lat_status write_heads(fit *f) {
  lat_status status = LAT_OK;
  const int32_t d = f->width, m = f->outputs * d, n = d * d, k = m < n ? m : n;
  double kept = 0, lost = 0;
  arrange(f);
  LATI_TRY(lati_lapack_gesdd(f->triangle, f->values, f->left, f->right, m, n, f->work));
  const int32_t heads = rank_of(f->values, k, n);
  const double root = root_of(f, f->values[0]);
  if (heads > 0 && !isnormal(root)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC,
                       "weights of the size of %g are outside the range of doubles", root));
  }
  memset(f->stack->parameters, 0, lat_linear_size(f->stack) * sizeof *f->stack->parameters);
  for (int32_t h = 0; h < heads; ++h) {
    *(h < f->stack->heads ? &kept : &lost) += f->values[h] * f->values[h];
    if (h < f->stack->heads) {
      write_head(f, h, m, k);
    }
  }
  f->certificate.heads = heads;
  f->certificate.lost = lost > 0 ? sqrt(lost / (kept + lost)) : 0;
done:
  return status;
}

static lat_status check(const fit *f) {
  if (f->z == NULL || f->y == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", f->z == NULL ? "z" : "y");
  }
  if (f->stack->layers != 1) {
    return lati_fail(LAT_ERROR_ARGUMENT, "layers %d of the stack are not 1", f->stack->layers);
  }
  if (f->width > WIDEST) {
    return lati_fail(LAT_ERROR_LIMIT, "width %d exceeds %d: too many features", f->width, WIDEST);
  }
  if (f->outputs < 1 || f->outputs > f->width) {
    return lati_fail(LAT_ERROR_ARGUMENT, "outputs %d are outside 1..%d", f->outputs, f->width);
  }
  if (f->examples < 1 || f->examples > INT32_MAX) {
    return lati_fail(LAT_ERROR_ARGUMENT, "examples %lld are outside 1..%d", (long long)f->examples,
                     INT32_MAX);
  }
  return LAT_OK;
}

static lat_status check_data(const fit *f) {
  lat_status status = LAT_OK;
  for (int64_t e = 0; e < f->examples; ++e) {
    const double *example = f->z + e * f->tokens * f->width;
    LATI_TRY(lati_linear_check(f->stack, example, f->tokens, f->context));
  }
  if (!lati_all_finite(f->y, (size_t)f->examples * (size_t)f->outputs)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "y: a value is not finite"));
  }
done:
  return status;
}

static lat_status reserve(fit *f) {
  lat_status status = LAT_OK;
  const lat_context *ctx = f->stack->ctx;
  const int32_t d = f->width, most = MOST_ROWS - f->columns;
  const int32_t n = f->features > d * d ? f->features : d * d; /* d = 1: as many heads */
  f->rows = f->columns + (f->examples < most ? (int32_t)f->examples : most);
  LATI_TRY(LATI_NEW(f->panel, ctx, (size_t)f->rows * (size_t)f->columns));
  LATI_TRY(LATI_NEW(f->work, ctx, lati_lapack_work(f->rows, f->columns)));
  LATI_TRY(LATI_NEW(f->example, ctx, (f->context + 1) * d));
  LATI_TRY(LATI_NEW(f->moment, ctx, d * d));
  LATI_TRY(LATI_NEW(f->triangle, ctx, (size_t)n * (size_t)n));
  LATI_TRY(LATI_NEW(f->values, ctx, n));
  LATI_TRY(LATI_NEW(f->left, ctx, (size_t)n * (size_t)n));
  LATI_TRY(LATI_NEW(f->right, ctx, (size_t)n * (size_t)n));
  LATI_TRY(LATI_NEW(f->rotated, ctx, (size_t)n * (size_t)f->outputs));
  LATI_TRY(LATI_NEW(f->coefficients, ctx, (size_t)n * (size_t)f->outputs));
done:
  return status;
}

static void release(const fit *f) {
  double *const blocks[] = {f->panel,  f->work, f->example, f->moment,  f->triangle,
                            f->values, f->left, f->right,   f->rotated, f->coefficients};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; ++i) {
    lati_free(blocks[i]);
  }
}

lat_status lat_linear_fit(lat_linear *stack, lat_linear_certificate *certificate, const double *z,
                          const double *y, int64_t examples, int64_t tokens, int64_t context,
                          int32_t outputs) {
  if (stack == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "stack is NULL");
  }
  lat_status status = LAT_OK;
  const int32_t d = stack->width;
  fit f = {.stack = stack, .z = z, .y = y, .examples = examples, .tokens = tokens};
  lati_floating saved;
  lati_floating_enter(&saved);
  f.context = context;
  f.width = d;
  f.outputs = outputs;
  LATI_TRY(certificate == NULL ? LAT_OK : lati_options_check_output(certificate, "certificate"));
  LATI_TRY(check(&f));
  LATI_TRY(check_data(&f));
  f.features = d * d * (d + 1) / 2;
  f.columns = f.features + outputs;
  choose_powers(&f);
  LATI_TRY(reserve(&f));
  LATI_TRY(triangularise(&f));
  LATI_TRY(solve(&f));
  LATI_TRY(write_heads(&f));
  if (certificate != NULL) {
    lati_options_store(certificate, &f.certificate, sizeof f.certificate);
  }
done:
  release(&f);
  lati_floating_leave(&saved);
  return status;
}
