/* Verdicts on made-up answers to random and hostile matrices, held against exact ones: no answer
 * may be certified whose error is larger than its bound, and no wrong one be called right.
 *   sweep [RANDOM HOSTILE]   numbers of matrices; prints the count of each verdict */
#include "hostile_matrices.h"
#include "infer/improve.h"
#include "infer/verdict.h"
#include "linalg/matrix.h"
#include "quad.h"

#include <lat/lat.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BACKWARD 1e-13

enum { TASKS = 6, VERDICTS = 6, DECADES = 32, SYSTEM = 5, SIDES = 2 };

static const char *const names[TASKS] = {"inverse",         "eigenvalues", "eigenvectors",
                                         "singular-values", "svd",         "linear-system"};
static const char *const verdicts[VERDICTS] = {"within",  "outside",   "undecodable",
                                               "unknown", "certified", "no answer"};

static lat_task *tasks[TASKS][SIZES + 1];
static double work[100000];

/* What becomes of a matrix with fallback. */
enum {
  ANSWERED,   /* certified */
  SUBNORMAL,  /* right to the last digit of doubles below 1e-308, too few for a certificate */
  NO_INVERSE, /* told so: singular, or so nearly that 113 bits do not tell */
  TOO_LARGE,  /* told so: the answer has entries above the largest double */
  BEYOND,     /* called outside: nonsingular, condition number above 1e27 */
  UNANSWERED, /* anything else: a defect */
  CLASSES
};

static const char *const classes[CLASSES] = {"certified",
                                             "right to the last digit below 1e-308",
                                             "told to have no answer",
                                             "told that the answer exceeds doubles",
                                             "outside at condition numbers above 1e27",
                                             "NOT ANSWERED"};

/* What was counted. */
typedef struct tally {
  int64_t plain[VERDICTS];   /* of the made-up answer as it is */
  int64_t refined[VERDICTS]; /* refined */
  int64_t fallen[VERDICTS];  /* with LAPACK's answer where it is not certified */
  int64_t false_claims;      /* certified, with an error above the bound */
  int64_t false_right;       /* within tolerance, but wrong */
  int64_t classes[CLASSES];  /* with fallback */
  int64_t decade[DECADES], certified[DECADES], lapack[DECADES]; /* inverses, by condition */
  double worst_backward; /* with fallback, of certified answers, above what the last digit allows */
} tally;

/* A made-up answer: LAPACK's, disturbed; that to a neighbouring matrix; or nothing of it. */
static void make_answer(lat_matrix *x, const lat_task *task, const lat_matrix *a) {
  const size_t count = lati_matrix_count(x);
  double moved[MOST];
  lat_matrix near[2] = {lati_matrix_view(moved, a->rows, a->cols), a[1]};
  const double way = uniform(), size = pow(10, -15 + 15 * uniform());
  memcpy(moved, a->data, lati_matrix_count(a) * sizeof *moved);
  if (way < 0.2) {
    for (size_t i = 0; i < lati_matrix_count(a); ++i) {
      moved[i] *= 1 + size * 1e-3;
    }
    moved[0] *= 1 + size;
  }
  if (lati_task_answer(x, task, near) != LAT_OK || way > 0.95) {
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
  quad inverse[MOST], correction[MOST]; /* the inverse is their sum */
  quad eigenvalues[SIZES], singular_values[SIZES];
  int has_inverse;
} truth;

/* Entry i of the exact solution of a x = b. */
static quad solution_at(const truth *t, const lat_matrix *a, int32_t i) {
  const int32_t n = a->rows;
  quad sum = 0;
  for (int32_t k = 0; k < n; ++k) {
    const int32_t at = i / SIDES * n + k;
    sum += (t->inverse[at] + t->correction[at]) * a[1].data[k * SIDES + i % SIDES];
  }
  return sum;
}

/* |a x - b|_F, or the sum of sizes. */
static quad system_defect(const lat_matrix *x, const lat_matrix *a, int sizes) {
  const int32_t n = a->rows;
  quad sum = 0;
  for (int32_t i = 0; i < n * SIDES; ++i) {
    quad entry = -(quad)a[1].data[i];
    for (int32_t k = 0; k < n; ++k) {
      entry += (quad)a->data[i / SIDES * n + k] * x->data[k * SIDES + i % SIDES];
    }
    sum += sizes ? quad_abs(entry) : entry * entry;
  }
  return sizes ? sum : quad_sqrt(sum);
}

/* The error that the bound is about. */
static double error_of(const truth *t, int32_t task, const lat_matrix *x, const lat_matrix *a) {
  const int32_t n = a->rows;
  quad error = 0;
  if (task == 0) {
    for (int32_t i = 0; i < n * n; ++i) {
      const quad d = x->data[i] - t->inverse[i] - t->correction[i];
      error += d * d;
    }
    return (double)(quad_sqrt(error) / frobenius(x->data, n * n));
  }
  if (task == SYSTEM) {
    for (int32_t i = 0; i < n * SIDES; ++i) {
      const quad d = x->data[i] - solution_at(t, a, i);
      error += d * d;
    }
    return (double)(quad_sqrt(error) / frobenius(x->data, n * SIDES));
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
  if (task == SYSTEM) {
    for (int32_t i = 0; i < n * SIDES; ++i) {
      size += quad_abs(a[1].data[i]);
    }
    return (double)(system_defect(x, a, 1) / size);
  }
  for (int32_t i = 0; i < n && (task == 1 || task == 3); ++i) {
    const quad exact = task == 3 ? t->singular_values[i] : t->eigenvalues[i];
    error += quad_abs(x->data[i] - exact);
    size += quad_abs(exact);
  }
  return size > 0 ? (double)(error / size) : error > 0 ? INFINITY : 0;
}

/* |A P - L P|_F of vectors, |A X - I|_F / |X|_F of an inverse, the largest error of values, over
 * |A|_F. */
static double backward_error_of(const truth *t, int32_t task, const lat_matrix *x,
                                const lat_matrix *a) {
  const int32_t n = a->rows;
  const double *left = x->data + n, *right = task == 4 ? left + n * n : left;
  quad sum = 0;
  if (task == 1 || task == 3) {
    return error_of(t, task, x, a);
  }
  if (task == SYSTEM) {
    const quad scale = frobenius(a->data, n * n) * frobenius(x->data, n * SIDES);
    return scale > 0 ? (double)(system_defect(x, a, 0) / scale) : 0;
  }
  for (int32_t i = 0; i < n; ++i) {
    for (int32_t j = 0; j < n; ++j) {
      quad entry = task == 0 ? -(quad)(i == j) : -(quad)left[i * n + j] * x->data[j];
      for (int32_t k = 0; k < n; ++k) {
        entry += (quad)a->data[i * n + k] * (task == 0 ? x->data : right)[k * n + j];
      }
      sum += entry * entry;
    }
  }
  const quad size = frobenius(a->data, n * n) * (task == 0 ? frobenius(x->data, n * n) : 1);
  return size > 0 ? (double)(quad_sqrt(sum) / size) : 0;
}

static void check_claims(tally *to, const truth *t, int32_t task, const lat_report *report,
                         const lat_matrix *x, const lat_matrix *a, const char *when) {
  if (report->verdict == LAT_VERDICT_CERTIFIED) {
    const int inverts = task == 0 || task == SYSTEM;
    const double error = inverts && !t->has_inverse ? INFINITY : error_of(t, task, x, a);
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

static double condition_of(const truth *t, const double *a, int32_t n) {
  quad square = 0;
  for (int32_t i = 0; i < n * n; ++i) {
    square += t->inverse[i] * t->inverse[i];
  }
  return (double)(frobenius(a, n * n) * quad_sqrt(square));
}

static int32_t decade_of(double condition) {
  const int32_t decade = (int32_t)log10(condition);
  return decade < 0 ? 0 : decade < DECADES ? decade : DECADES - 1;
}

static int is_too_large(const truth *t, int32_t task, const lat_matrix *a) {
  const int32_t n = a->rows, count = task == SYSTEM ? n * SIDES : n * n;
  for (int32_t i = 0; i < count; ++i) {
    const quad entry = task == SYSTEM ? solution_at(t, a, i) : t->inverse[i];
    if (quad_abs(entry) > (quad)1.7976931348623157e308) {
      return 1;
    }
  }
  return 0;
}

/* What the rounding of values to a multiple of the least double is of the matrix. */
static double last_digit(int32_t task, const lat_matrix *a) {
  const int32_t n = a->rows;
  const double size = (double)frobenius(a->data, n * n);
  return task > 0 && size > 0 ? n * 0x1p-1074 / size : 0;
}

static int32_t class_of(const truth *t, int32_t task, const lat_report *report, const lat_matrix *x,
                        const lat_matrix *a) {
  const int32_t n = a->rows;
  if (report->verdict == LAT_VERDICT_CERTIFIED) {
    return ANSWERED;
  }
  if (task != 0 && task != SYSTEM) {
    return backward_error_of(t, task, x, a) <= last_digit(task, a) + MOST_BACKWARD ? SUBNORMAL
                                                                                   : UNANSWERED;
  }
  const int told = report->verdict == LAT_VERDICT_NO_ANSWER;
  if (!t->has_inverse) {
    return told ? NO_INVERSE : BEYOND;
  }
  if (told) {
    return is_too_large(t, task, a) ? TOO_LARGE : UNANSWERED;
  }
  return condition_of(t, a->data, n) > 1e27 ? BEYOND : UNANSWERED;
}

/* The exact answers that `task` asks about. */
static void find_truth(truth *t, int32_t task, const double *a, int32_t n) {
  *t = (truth){.has_inverse = 0};
  if (task == 0 || task == SYSTEM) { /* |I - A X| < 1 proves that there is one */
    t->has_inverse = quad_inverse(t->inverse, a, n) &&
                     quad_inverse_correction(t->correction, t->inverse, a, n) < 1e-3;
  } else if (task < 3) {
    quad_eigenvalues(t->eigenvalues, a, n);
  } else {
    quad_singular_values(t->singular_values, a, n, n);
  }
}

static void judge_matrix(tally *to, int32_t task, double *data, int32_t n) {
  double sides[QUAD_MOST * SIDES] = {0};
  const lat_matrix operands[2] = {lati_matrix_view(data, n, n), lati_matrix_view(sides, n, SIDES)};
  const lat_matrix *a = operands;
  double plain[MOST], found[MOST];
  lat_matrix x = lati_matrix_view(plain, 0, 0);
  const lat_task *t = tasks[task][n];
  truth exact;
  lat_decode_options options;
  lat_report report = {.struct_size = sizeof report, .tolerance = 0.05};
  x.rows = task == 4 ? 2 * n + 1 : task == 2 ? n + 1 : n; /* as answers are written */
  x.cols = x.ld = task == 1 || task == 3 ? 1 : task == SYSTEM ? SIDES : n;
  for (int32_t i = 0; task == SYSTEM && i < n * SIDES; ++i) {
    sides[i] = normal();
  }
  find_truth(&exact, task, data, n);
  make_answer(&x, t, a);
  lat_decode_options_init(&options);
  must(lati_verdict(&report, t, a, &x, 0, work));
  to->plain[report.verdict] += 1;
  check_claims(to, &exact, task, &report, &x, a, "plain");
  lat_matrix better = x;
  better.data = found;
  memcpy(found, plain, lati_matrix_count(&x) * sizeof *found);
  options.refine = 20;
  must(lati_refine_decoded(&report, &better, t, a, &options, work));
  to->refined[report.verdict] += 1;
  check_claims(to, &exact, task, &report, &better, a, "refined");
  const int32_t decade = exact.has_inverse ? decade_of(condition_of(&exact, data, n)) : 0;
  to->decade[decade] += exact.has_inverse;
  to->certified[decade] += exact.has_inverse && report.verdict == LAT_VERDICT_CERTIFIED;
  options.fallback = 1;
  must(lati_fall_back(&report, &better, t, a, &options, work));
  to->fallen[report.verdict] += 1;
  to->lapack[decade] += exact.has_inverse && report.verdict == LAT_VERDICT_CERTIFIED;
  check_claims(to, &exact, task, &report, &better, a, "with LAPACK");
  const int32_t class = class_of(&exact, task, &report, &better, a);
  to->classes[class] += 1;
  if (class == ANSWERED) {
    to->worst_backward =
        fmax(to->worst_backward, backward_error_of(&exact, task, &better, a) - last_digit(task, a));
  } else if (class == UNANSWERED) {
    printf("NOT ANSWERED: %s, n %d: %s, source %d\n", names[task], (int)n, verdicts[report.verdict],
           (int)report.source);
  }
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
  printf("  false claims %lld, wrong called right %lld; with LAPACK:", (long long)t->false_claims,
         (long long)t->false_right);
  for (int32_t c = 0; c < CLASSES; ++c) {
    printf("%s %lld %s", c == 0 ? "" : ",", (long long)t->classes[c], classes[c]);
  }
  printf("; largest backward error, less the last digit below 1e-308, %.2g\n", t->worst_backward);
  printf("  inverses certified by decade of |A|_F |A^-1|_F (refined, with LAPACK, of):");
  for (int32_t d = 0; d < DECADES; ++d) {
    if (t->decade[d] > 0) {
      printf(" 1e%d %lld %lld %lld;", d, (long long)t->certified[d], (long long)t->lapack[d],
             (long long)t->decade[d]);
    }
  }
  putchar('\n');
}

static int is_defective(const tally *t) {
  return t->false_claims + t->false_right + t->classes[UNANSWERED] > 0 ||
         t->worst_backward > MOST_BACKWARD;
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
      options.cols = t == SYSTEM ? SIDES : 0;
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
      hostile_matrix(a, n, (int32_t)(i / (SIZES * TASKS) % KINDS), symmetric);
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
  return is_defective(&random_tally) || is_defective(&hostile_tally);
}
