/* A mixture of factor analyzers: covariances E + Lambda Lambda^T, kept as P = D - Gamma Gamma^T,
 * their inverses. */
#ifndef FACTOR_ANALYZERS_H
#define FACTOR_ANALYZERS_H

/* Dimensions, factors of a component, components. */
enum { DIM = 12, FACTORS = 2, PARTS = 3, PARAMETERS = PARTS * (1 + 2 * DIM + DIM * FACTORS) };

typedef double factors[DIM][FACTORS];

/* All of it parameters, so that it is an array of doubles as well. */
typedef struct component {
  double weight; /* its logarithm, up to a constant of all */
  double mean[DIM];
  double d[DIM]; /* log D */
  factors gamma;
} component;

typedef struct mixture {
  component part[PARTS];
} mixture;

/* Mean log-likelihood of examples x (count, DIM); adds its gradient unless g is NULL. Of one
 * example its negative is a score of outliers. Where a component's P is not positive definite its
 * Gamma is shortened first. */
double likelihood(mixture *g, mixture *m, const double *x, int count);

/* From E = 1 / scale and Lambda: D = E^-1, Gamma = E^-1 Lambda M^-1/2, M = I + Lambda^T E^-1
 * Lambda, by M's Cholesky root, since any root gives the same Gamma Gamma^T. Returns log det M. */
double set_covariance(component *p, const double *scale, factors lambda);

/* Lambda = D^-1 Gamma S^-1/2, with which E + Lambda Lambda^T = P^-1, and log det P. */
void recover(factors lambda[PARTS], double log_determinant[PARTS], mixture *m);

/* Draws x = mean + Lambda z + D^-1/2 e, z and e normal. */
void sample(double *x, int count, mixture *m);

#endif
