/* Verdicts on made-up answers to random and hostile matrices, held against exact ones: no answer
 * may be certified whose error is larger than its bound, and no wrong one be called right.
 *   sweep [RANDOM HOSTILE]   numbers of matrices; prints the count of each verdict */
#include "infer/improve.h"
#include "infer/verdict.h"
#include "linalg/matrix.h"
#include "quad.h"

#include <lat/lat.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZES = 6, MOST = 96, TASKS = 5, VERDICTS = 6, DECADES = 17 };

static const char *const names[TASKS] = {"inverse", "eigenvalues", "eigenvectors",
                                         "singular-values", "svd"};
static const char *const verdicts[VERDICTS] = {"within",  "outside",   "undecodable",
                                               "unknown", "certified", "no answer"};

static lat_task *tasks[TASKS][SIZES + 1];
static double work[100000];
static uint64_t bits = 88172645463325252u;

static double uniform(void) {
  bits ^= bits << 13;
  bits ^= bits >> 7;
  bits ^= bits << 17;
  return (double)(bits >> 11) * 0x1p-53;
}

static double normal(void) {
  double sum = 0;
  for (int i = 0; i < 12; ++i) {
    sum += uniform();
  }
  return sum - 6;
}

/* What was counted. */
typedef struct tally {
  int64_t plain[VERDICTS];   /* of the made-up answer as it is */
  int64_t refined[VERDICTS]; /* refined */
  int64_t fallen[VERDICTS];  /* with LAPACK's answer where it is not certified */
  int64_t false_claims;      /* certified, with an error above the bound */
  int64_t false_right;       /* within tolerance, but wrong */
  int64_t unanswered;        /* with fallback: an answer exists, and none is right */
  int64_t decade[DECADES], certified[DECADES], lapack[DECADES]; /* inverses, by condition */
  double worst_backward; /* of certified answers: |A X - I| / (|A| |X|) in exact arithmetic */
} tally;

/* q <- an orthogonal matrix: reflections by random vectors. */
static void orthogonal(double *q, int32_t n) {
  for (int32_t i = 0; i < n * n; ++i) {
    q[i] = i % (n + 1) == 0;
  }
  for (int32_t round = 0; round < n; ++round) {
    double v[SIZES], square = 0;
    for (int32_t i = 0; i < n; ++i) {
      v[i] = normal();
      square += v[i] * v[i];
    }
    for (int32_t j = 0; j < n; ++j) {
      double dot = 0;
      for (int32_t i = 0; i < n; ++i) {
        dot += v[i] * q[i * n + j];
      }
      for (int32_t i = 0; i < n; ++i) {
        q[i * n + j] -= 2 * dot / square * v[i];
      }
    }
  }
}

enum {
  SINGULAR,
  NEARLY,
  CLUSTERED,
  REPEATED,
  ZERO,
  GRADED,
  HUGE_ONES,
  TINY_ONES,
  DENORMAL,
  HILBERT,
  WILKINSON,
  ZERO_VALUES,
  PERMUTATION,
  KINDS
};

static double value_of(int32_t kind, int32_t i, int32_t n) {
  switch (kind) {
  case SINGULAR:
    return i == 0 ? 0 : normal();
  case NEARLY:
    return i == 0 ? pow(10, -8 - 10 * uniform()) : normal();
  case CLUSTERED:
    return 1 + i / 2 + pow(10, -4 - 12 * uniform()) * normal();
  case REPEATED:
    return 1 + i / 2;
  case GRADED:
    return pow(10, 24.0 * i / n - 12) * (uniform() < 0.5 ? -1 : 1);
  case ZERO_VALUES:
    return i < n / 2 + 1 ? 0 : 1 + i;
  default:
    return normal();
  }
}

/* u diag v^T; symmetric: v = u. */
static void compose(double *a, int32_t n, int32_t kind, int symmetric) {
  double u[MOST], v[MOST], values[SIZES];
  orthogonal(u, n);
  orthogonal(v, n);
  for (int32_t i = 0; i < n; ++i) {
    values[i] = value_of(kind, i, n);
  }
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      a[i * n + j] = 0;
      for (int32_t k = 0; k < n; ++k) {
        a[i * n + j] += u[i * n + k] * values[k] * (symmetric ? u : v)[j * n + k];
      }
      if (symmetric && j < i) {
        a[i * n + j] = a[j * n + i];
      }
    }
  }
}

static void scale(double *a, int32_t n, double factor) {
  for (int32_t i = 0; i < n * n; ++i) {
    a[i] *= factor;
  }
}

static void hostile(double *a, int32_t n, int32_t kind, int symmetric) {
  compose(a, n, kind, symmetric);
  for (int32_t i = 0; i < n * n; ++i) {
    const int32_t row = i / n, col = i % n;
    const double hilbert = 1.0 / (row + col + 1);
    const double wilkinson = row == col ? fabs(row - (n - 1) / 2.0) : abs(row - col) == 1;
    a[i] = kind == ZERO          ? 0
           : kind == HILBERT     ? hilbert
           : kind == WILKINSON   ? wilkinson
           : kind == PERMUTATION ? (row + col) % n == n - 1
                                 : a[i];
  }
  scale(a, n,
        kind == HUGE_ONES   ? 1e300
        : kind == TINY_ONES ? 1e-300
        : kind == DENORMAL  ? 1e-312
                            : 1);
  if (uniform() < 0.2 && kind != HUGE_ONES && kind != DENORMAL) {
    scale(a, n, pow(10, 200 * uniform() - 100));
  }
}

static void random_matrix(double *a, int32_t n, int symmetric) {
  for (int32_t i = 0; i < n * n; ++i) {
    a[i] = 20 * uniform() - 10;
  }
  for (int32_t i = 0; symmetric && i < n; ++i) {
    for (int32_t j = 0; j < i; ++j) {
      a[i * n + j] = a[j * n + i];
    }
  }
  if (uniform() < 0.3) { /* of any condition */
    double u[MOST], v[MOST];
    const double span = 14 * uniform();
    orthogonal(u, n);
    orthogonal(v, n);
    for (int32_t i = 0; i < n * n; ++i) {
      a[i] = 0;
      for (int32_t k = 0; k < n; ++k) {
        a[i] += u[i / n * n + k] * pow(10, -span * k / n) * (symmetric ? u : v)[i % n * n + k];
      }
    }
    for (int32_t i = 0; symmetric && i < n; ++i) {
      for (int32_t j = 0; j < i; ++j) {
        a[i * n + j] = a[j * n + i];
      }
    }
  }
}

/* A made-up answer: LAPACK's, disturbed; that to a neighbouring matrix; or nothing of it. */
static void make_answer(lat_matrix *x, const lat_task *task, const lat_matrix *a) {
  const size_t count = lati_matrix_count(x);
  double moved[MOST];
  lat_matrix near = lati_matrix_view(moved, a->rows, a->cols);
  const double way = uniform(), size = pow(10, -15 + 15 * uniform());
  memcpy(moved, a->data, lati_matrix_count(a) * sizeof *moved);
  if (way < 0.2) {
    for (size_t i = 0; i < lati_matrix_count(a); ++i) {
      moved[i] *= 1 + size * 1e-3;
    }
    moved[0] *= 1 + size;
  }
  if (lati_task_answer(x, task, &near) != LAT_OK || way > 0.95) {
    for (size_t i = 0; i < count; ++i) {
      x->data[i] = way > 0.98 ? 0 : normal();
    }
    return;
  }
  for (size_t i = 0; i < count && way >= 0.3; ++i) {
    x->data[i] *= 1 + size * normal();
  }
}

static quad frobenius(const double *a, int32_t count) {
  quad sum = 0;
  for (int32_t i = 0; i < count; ++i) {
    sum += (quad)a[i] * a[i];
  }
  return quad_sqrt(sum);
}

/* Exact answers to one matrix, computed when first asked for. */
typedef struct truth {
  quad inverse[MOST], eigenvalues[SIZES], singular_values[SIZES];
  int has_inverse, singular;
} truth;

/* The error that the bound is about. */
static double error_of(const truth *t, int32_t task, const lat_matrix *x, const lat_matrix *a) {
  const int32_t n = a->rows;
  quad error = 0;
  if (task == 0) {
    for (int32_t i = 0; i < n * n; ++i) {
      const quad d = x->data[i] - t->inverse[i];
      error += d * d;
    }
    return (double)(quad_sqrt(error) / frobenius(x->data, n * n));
  }
  for (int32_t i = 0; i < n; ++i) {
    const quad exact = task > 2 ? t->singular_values[i]
                                : t->eigenvalues[task == 2 ? n - 1 - i : i]; /* ascending */
    const quad d = quad_abs(x->data[i] - exact);
    error = d > error ? d : error;
  }
  const quad size = frobenius(a->data, n * n);
  return size > 0 ? (double)(error / size) : error > 0 ? INFINITY : 0;
}

/* |P - T|_1 / |T|_1 of values, |A P - I|_1 / n of an inverse; 0 for vectors. */
static double residual_of(const truth *t, int32_t task, const lat_matrix *x, const lat_matrix *a) {
  const int32_t n = a->rows;
  quad error = 0, size = 0;
  if (task == 0) {
    for (int32_t i = 0; i < n * n; ++i) {
      quad entry = i % (n + 1) == 0 ? -1 : 0;
      for (int32_t k = 0; k < n; ++k) {
        entry += (quad)a->data[i / n * n + k] * x->data[k * n + i % n];
      }
      error += quad_abs(entry);
    }
    return (double)(error / n);
  }
  for (int32_t i = 0; i < n && (task == 1 || task == 3); ++i) {
    const quad exact = task == 3 ? t->singular_values[i] : t->eigenvalues[i];
    error += quad_abs(x->data[i] - exact);
    size += quad_abs(exact);
  }
  return size > 0 ? (double)(error / size) : error > 0 ? INFINITY : 0;
}

static void check_claims(tally *to, const truth *t, int32_t task, const lat_report *report,
                         const lat_matrix *x, const lat_matrix *a, const char *when) {
  if (report->verdict == LAT_VERDICT_CERTIFIED) {
    const double error = task == 0 && !t->has_inverse ? INFINITY : error_of(t, task, x, a);
    if (!(error <= report->error_bound)) {
      to->false_claims += 1;
      printf("FALSE CLAIM: %s, %s, n %d: error %.17g, bound %.17g\n", names[task], when,
             (int)a->rows, error, report->error_bound);
    }
  }
  if (report->verdict == LAT_VERDICT_WITHIN) { /* a certificate claims its bound instead */
    const double residual = residual_of(t, task, x, a);
    if (!(residual <= report->tolerance * (1 + 1e-9))) {
      to->false_right += 1;
      printf("WRONG CALLED RIGHT: %s, %s, n %d: residual %.17g\n", names[task], when, (int)a->rows,
             residual);
    }
  }
}

static int must(lat_status status) {
  if (status != LAT_OK) {
    fprintf(stderr, "%s\n", lat_last_error());
    exit(2);
  }
  return 1;
}

static int32_t decade_of(const truth *t, const double *a, int32_t n) {
  double inverse[MOST];
  for (int32_t i = 0; i < n * n; ++i) {
    inverse[i] = (double)t->inverse[i];
  }
  const double condition = (double)(frobenius(a, n * n) * frobenius(inverse, n * n));
  const int32_t decade = (int32_t)log10(condition);
  return decade < 0 ? 0 : decade < DECADES ? decade : DECADES - 1;
}

/* Whether an inverse is there, and a number of doubles. */
static int is_representable(const truth *t, int32_t n) {
  for (int32_t i = 0; t->has_inverse && i < n * n; ++i) {
    if (quad_abs(t->inverse[i]) > (quad)1.7e308) {
      return 0;
    }
  }
  return t->has_inverse;
}

static void judge_matrix(tally *to, int32_t task, double *data, int32_t n) {
  const lat_matrix a = lati_matrix_view(data, n, n);
  double plain[MOST], found[MOST];
  lat_matrix x = lati_matrix_view(plain, 0, 0);
  const lat_task *t = tasks[task][n];
  truth exact = {.has_inverse = 0};
  lat_decode_options options;
  lat_report report = {.struct_size = sizeof report, .tolerance = 0.05};
  x.rows = task == 4 ? 2 * n + 1 : task == 2 ? n + 1 : n; /* as answers are written */
  x.cols = x.ld = task == 1 || task == 3 ? 1 : n;
  exact.has_inverse = task == 0 && quad_inverse(exact.inverse, data, n);
  if (task == 1 || task == 2) {
    quad_eigenvalues(exact.eigenvalues, data, n);
  } else if (task > 2) {
    quad_singular_values(exact.singular_values, data, n, n);
  }
  make_answer(&x, t, &a);
  lat_decode_options_init(&options);
  must(lati_verdict(&report, t, &a, &x, 0, work));
  to->plain[report.verdict] += 1;
  check_claims(to, &exact, task, &report, &x, &a, "plain");
  lat_matrix better = x;
  better.data = found;
  memcpy(found, plain, lati_matrix_count(&x) * sizeof *found);
  options.refine = 20;
  must(lati_refine_decoded(&report, &better, t, &a, &options, work));
  to->refined[report.verdict] += 1;
  check_claims(to, &exact, task, &report, &better, &a, "refined");
  const int32_t decade = exact.has_inverse ? decade_of(&exact, data, n) : 0;
  to->decade[decade] += exact.has_inverse;
  to->certified[decade] += exact.has_inverse && report.verdict == LAT_VERDICT_CERTIFIED;
  options.fallback = 1;
  must(lati_fall_back(&report, &better, t, &a, &options, work));
  to->fallen[report.verdict] += 1;
  to->lapack[decade] += exact.has_inverse && report.verdict == LAT_VERDICT_CERTIFIED;
  check_claims(to, &exact, task, &report, &better, &a, "with LAPACK");
  to->unanswered += report.verdict != LAT_VERDICT_CERTIFIED &&
                    report.verdict != LAT_VERDICT_WITHIN &&
                    (task != 0 || is_representable(&exact, n));
}

static void print_verdicts(const char *when, const int64_t counts[VERDICTS]) {
  printf("  %-12s", when);
  for (int32_t v = 0; v < VERDICTS; ++v) {
    printf(" %s %lld", verdicts[v], (long long)counts[v]);
  }
  putchar('\n');
}

static void print_tally(const char *what, const tally *t) {
  printf("%s\n", what);
  print_verdicts("as made up", t->plain);
  print_verdicts("refined", t->refined);
  print_verdicts("with LAPACK", t->fallen);
  printf("  false claims %lld, wrong called right %lld; with LAPACK not right though there is an "
         "answer %lld\n",
         (long long)t->false_claims, (long long)t->false_right, (long long)t->unanswered);
  printf("  inverses certified by decade of |A|_F |A^-1|_F (refined, with LAPACK, of):");
  for (int32_t d = 0; d < DECADES; ++d) {
    if (t->decade[d] > 0) {
      printf(" 1e%d %lld %lld %lld;", d, (long long)t->certified[d], (long long)t->lapack[d],
             (long long)t->decade[d]);
    }
  }
  putchar('\n');
}

int main(int count, char **words) {
  const long random_count = count > 2 ? atol(words[1]) : 2000;
  const long hostile_count = count > 2 ? atol(words[2]) : 1300;
  lat_context *ctx = NULL;
  static tally random_tally, hostile_tally;
  must(lat_context_create(&ctx, NULL));
  for (int32_t t = 0; t < TASKS; ++t) {
    for (int32_t n = 1; n <= SIZES; ++n) {
      lat_task_options options;
      lat_task_options_init(&options);
      options.name = names[t];
      options.rows = n;
      must(lat_task_create(&tasks[t][n], ctx, &options));
    }
  }
  for (long i = 0; i < random_count + hostile_count; ++i) {
    double a[MOST];
    const int32_t n = 1 + (int32_t)(i % SIZES), task = (int32_t)(i / SIZES % TASKS);
    const int symmetric = task == 1 || task == 2;
    if (i < random_count) {
      random_matrix(a, n, symmetric);
    } else {
      hostile(a, n, (int32_t)(i / (SIZES * TASKS) % KINDS), symmetric);
    }
    judge_matrix(i < random_count ? &random_tally : &hostile_tally, task, a, n);
  }
  print_tally("random matrices", &random_tally);
  print_tally("hostile matrices", &hostile_tally);
  for (int32_t t = 0; t < TASKS; ++t) {
    for (int32_t n = 1; n <= SIZES; ++n) {
      lat_task_free(tasks[t][n]);
    }
  }
  lat_context_free(ctx);
  return random_tally.false_claims + random_tally.false_right + hostile_tally.false_claims +
             hostile_tally.false_right >
         0;
}
