/* What is behind the handle: a kind of operator is one file that fills a table of functions. */
#ifndef LATI_OPERATOR_IMPL_H
#define LATI_OPERATOR_IMPL_H

#include "base/context_impl.h"

#include <lat/operator.h>

#include <math.h>

/* Eigenvalues of operators without a rule form the matrix, up to this size. */
enum { LATI_OPERATOR_MAX_FORMED = 1000 };

/* x (count, size) in place, in memory of ours: rows one after the other are vectors. */
typedef lat_status lati_operator_verb(const lat_operator *op, double *x, int64_t count);

typedef struct lati_operator_kind {
  const char *name;
  lati_operator_verb *apply, *solve;
  lat_status (*eigenvalues)(double *real, double *imaginary, const lat_operator *op);
  lat_status (*log_determinant)(double *logarithm, int32_t *sign, const lat_operator *op);
} lati_operator_kind;

struct lat_operator {
  lati_refs refs;
  lat_context *ctx;
  const lati_operator_kind *kind;
  int64_t size;
  int32_t symmetric; /* known to be */
  int32_t singular;  /* known to be: solve() says so */
  lat_operator **parts;
  int32_t part_count;
  int32_t rank;     /* of an update */
  int32_t power;    /* factors and spectrum are of 2^power times a matrix; see each kind */
  double *values;   /* what the operator is; see each kind */
  double *factors;  /* what solving needs; see each kind */
  double *spectrum; /* eigenvalues where they are kept: real parts, then imaginary ones */
  double *inverse;  /* a learned one */
  int32_t *pivots;
  lat_operator *basis; /* eigenvectors, where they are kept */
  lat_operator_function *function;
  void *user;
};

/* An operator of a kind, which the caller fills. */
lat_status lati_operator_new(lat_operator **out, lat_context *ctx, const lati_operator_kind *kind,
                             int64_t size);
/* The same with references to its parts. */
lat_status lati_operator_new_of_parts(lat_operator **out, const lati_operator_kind *kind,
                                      lat_operator *const *parts, int32_t count, int64_t size);
lat_operator *lati_operator_ref(lat_operator *op);

/* ARGUMENT unless out, parts and every part are there and share a context. */
lat_status lati_operator_check_parts(lat_operator *const *parts, int32_t count);
/* Product of the parts' sizes, LIMIT where it is too large. */
lat_status lati_operator_product_size(int64_t *size, lat_operator *const *parts, int32_t count);

/* apply or solve, whichever is chosen. */
typedef enum lati_operator_action { LATI_OPERATOR_APPLY, LATI_OPERATOR_SOLVE } lati_operator_action;

/* x in place; a singular operator is told before its kind's solve is called. */
lat_status lati_operator_act(const lat_operator *op, lati_operator_action action, double *x,
                             int64_t count);

/* Powers of two are exact, and numbers far from the ends of the range of doubles are left alone.
 * 2^power times a matrix (its `count` values) neither overflows in sums of products, nor do its
 * reciprocals. */
int32_t lati_operator_power(const double *values, int64_t count);
/* x (count, n) times 2^power. */
void lati_operator_multiply(double *x, int64_t count, int64_t n, int32_t power);
/* x (count, size) becomes the verb's answer, which is linear, times 2^power. The verb is given each
 * vector times a power of two that keeps it from vanishing and its sums from overflowing. */
lat_status lati_operator_act_scaled(const lat_operator *op, lati_operator_verb *verb, int32_t power,
                                    double *x, int64_t count);

/* matrix (n, n), column-major, becomes its LU factors, those of 2^power times itself; fills power,
 * pivots and singular. */
lat_status lati_operator_factorise(lat_operator *op, double *matrix, int32_t n);
/* x (count, n) becomes the solutions for 2^power times the matrix. */
lat_status lati_operator_solve_factorised(const lat_operator *op, const double *factors, int32_t n,
                                          double *x, int64_t count);
/* Adds the logarithm of the matrix's determinant, and multiplies by its sign. */
void lati_operator_log_factors(double *logarithm, int32_t *sign, const lat_operator *op,
                               const double *factors, int32_t n);

/* Eigenvalues of a matrix (n, n), destroyed, in no order: dsyevd for a symmetric one, else dgees.
 */
lat_status lati_operator_eigenvalues_of(double *real, double *imaginary, double *matrix, int64_t n,
                                        int32_t symmetric, const lat_context *ctx);
/* The same of an operator, by forming its matrix. */
lat_status lati_operator_formed_eigenvalues(double *real, double *imaginary,
                                            const lat_operator *op);

/* log |product| and sign of the product of `count` complex numbers that is real. */
void lati_operator_log_product(double *logarithm, int32_t *sign, const double *real,
                               const double *imaginary, int64_t count);
/* log_determinant of kinds that know their eigenvalues. */
lat_status lati_operator_log_determinant_by_eigenvalues(double *logarithm, int32_t *sign,
                                                        const lat_operator *op);

/* Acts along one mode of a tensor x (left, n, right) of a part of size n; scratch is as large. */
lat_status lati_operator_act_along(const lat_operator *part, lati_operator_action action, double *x,
                                   int64_t left, int64_t right, double *scratch);

/* Conjugate gradients on memory of ours; see the public function. */
lat_status lati_operator_iterate(double *x, int32_t *steps, double *residual, const lat_operator *a,
                                 const lat_operator *precondition, const double *b,
                                 double tolerance, int32_t max_steps);
/* solve() by them, vector by vector. */
lati_operator_verb lati_operator_solve_by_iteration;

extern const lati_operator_kind lati_operator_dense_kind, lati_operator_diagonal_kind;

#endif
