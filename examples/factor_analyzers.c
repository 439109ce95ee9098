/* Densities, gradients and samples of a mixture of factor analyzers in D and Gamma. With the small
 * matrix S = I - Gamma^T D^-1 Gamma: det P = det D det S, P^-1 Gamma = D^-1 Gamma S^-1, and
 * x^T P x = x^T D x - |Gamma^T x|^2. */
#include "factor_analyzers.h"

#include "example.h"

#include <math.h>
#include <string.h>

#define LOG_TWO_PI 1.8378770664093453

typedef double small[FACTORS][FACTORS];

/* What follows from a component's parameters once an update. */
typedef struct derived {
  double d[DIM], log_weight, log_determinant; /* of P = D - Gamma Gamma^T */
  small root;                                 /* L of S = I - Gamma^T D^-1 Gamma = L L^T */
  factors solved;                             /* D^-1 Gamma S^-1 = P^-1 Gamma */
} derived;

/* I + sign sum_i scale_i a_i a_i^T = L L^T; 0 where that is not positive definite. */
static int cholesky(small l, double sign, const double *scale, factors a) {
  for (int i = 0; i < FACTORS; ++i) {
    for (int j = 0; j <= i; ++j) {
      double sum = i == j;
      for (int k = 0; k < DIM; ++k) {
        sum += sign * scale[k] * a[k][i] * a[k][j];
      }
      for (int k = 0; k < j; ++k) {
        sum -= l[i][k] * l[j][k];
      }
      if (i == j && !(sum > 1e-12)) {
        return 0;
      }
      l[i][j] = i == j ? sqrt(sum) : sum / l[j][j];
    }
  }
  return 1;
}

/* x <- x L^-T: the rows of a become scale_k a_k L^-T. */
static void times_inverse_root(factors x, const double *scale, factors a, small l) {
  for (int k = 0; k < DIM; ++k) {
    for (int j = 0; j < FACTORS; ++j) {
      x[k][j] = scale[k] * a[k][j];
      for (int i = 0; i < j; ++i) {
        x[k][j] -= l[j][i] * x[k][i];
      }
      x[k][j] /= l[j][j];
    }
  }
}

static double log_root(small l) {
  double sum = 0;
  for (int i = 0; i < FACTORS; ++i) {
    sum += 2 * log(l[i][i]);
  }
  return sum;
}

/* Gamma is shortened until P is positive definite, which an update may have left. */
static void derive(derived *out, mixture *m) {
  double total = 0;
  for (int c = 0; c < PARTS; ++c) {
    total += exp(m->part[c].weight);
  }
  for (int c = 0; c < PARTS; ++c) {
    component *p = &m->part[c];
    double inverse[DIM];
    out[c].log_determinant = 0;
    for (int k = 0; k < DIM; ++k) {
      out[c].d[k] = exp(p->d[k]);
      inverse[k] = exp(-p->d[k]);
      out[c].log_determinant += p->d[k];
    }
    while (!cholesky(out[c].root, -1, inverse, p->gamma)) {
      for (int i = 0; i < DIM * FACTORS; ++i) {
        p->gamma[i / FACTORS][i % FACTORS] *= 0.95;
      }
    }
    out[c].log_weight = p->weight - log(total);
    out[c].log_determinant += log_root(out[c].root);
    times_inverse_root(out[c].solved, inverse, p->gamma, out[c].root); /* D^-1 Gamma L^-T */
    for (int k = 0; k < DIM; ++k) {                                    /* and L^-1 */
      for (int i = FACTORS - 1; i >= 0; --i) {
        for (int j = i + 1; j < FACTORS; ++j) {
          out[c].solved[k][i] -= out[c].root[j][i] * out[c].solved[k][j];
        }
        out[c].solved[k][i] /= out[c].root[i][i];
      }
    }
  }
}

/* r = x - mean and Gamma^T r; returns the logarithm of weight times density. */
static double log_joint(double *r, double *t, const component *p, const derived *q,
                        const double *x) {
  double square = 0;
  memset(t, 0, FACTORS * sizeof *t);
  for (int k = 0; k < DIM; ++k) {
    r[k] = x[k] - p->mean[k];
    square += q->d[k] * r[k] * r[k];
    for (int i = 0; i < FACTORS; ++i) {
      t[i] += p->gamma[k][i] * r[k];
    }
  }
  for (int i = 0; i < FACTORS; ++i) {
    square -= t[i] * t[i];
  }
  return q->log_weight + (q->log_determinant - DIM * LOG_TWO_PI - square) / 2;
}

/* Adds `share` times the gradient of a component's log density, and of its weight. */
static void add_gradient(component *g, const component *p, const derived *q, double share,
                         const double *r, const double *t) {
  g->weight += share;
  for (int k = 0; k < DIM; ++k) {
    double mean = q->d[k] * r[k], variance = 1 / q->d[k]; /* of P r, and P^-1's diagonal */
    for (int i = 0; i < FACTORS; ++i) {
      mean -= p->gamma[k][i] * t[i];
      variance += q->solved[k][i] * p->gamma[k][i] / q->d[k];
      g->gamma[k][i] += share * (r[k] * t[i] - q->solved[k][i]);
    }
    g->mean[k] += share * mean;
    g->d[k] += share * q->d[k] * (variance - r[k] * r[k]) / 2;
  }
}

double likelihood(mixture *g, mixture *m, const double *x, int count) {
  derived q[PARTS];
  double sum = 0;
  derive(q, m);
  for (int n = 0; n < count; ++n) {
    double r[PARTS][DIM], t[PARTS][FACTORS], joint[PARTS], largest = -INFINITY, total = 0;
    for (int c = 0; c < PARTS; ++c) {
      joint[c] = log_joint(r[c], t[c], &m->part[c], &q[c], x + n * DIM);
      largest = fmax(largest, joint[c]);
    }
    for (int c = 0; c < PARTS; ++c) {
      total += exp(joint[c] - largest);
    }
    sum += largest + log(total);
    for (int c = 0; g != NULL && c < PARTS; ++c) {
      const double share = exp(joint[c] - largest) / total / count;
      add_gradient(&g->part[c], &m->part[c], &q[c], share, r[c], t[c]);
      g->part[c].weight -= exp(q[c].log_weight) / count;
    }
  }
  return sum / count;
}

double set_covariance(component *p, const double *scale, factors lambda) {
  small root;
  cholesky(root, 1, scale, lambda);
  times_inverse_root(p->gamma, scale, lambda, root);
  for (int k = 0; k < DIM; ++k) {
    p->d[k] = log(scale[k]);
  }
  return log_root(root);
}

void recover(factors lambda[PARTS], double log_determinant[PARTS], mixture *m) {
  derived q[PARTS];
  derive(q, m);
  for (int c = 0; c < PARTS; ++c) {
    double inverse[DIM];
    for (int k = 0; k < DIM; ++k) {
      inverse[k] = 1 / q[c].d[k];
    }
    times_inverse_root(lambda[c], inverse, m->part[c].gamma, q[c].root);
    log_determinant[c] = q[c].log_determinant;
  }
}

void sample(double *x, int count, mixture *m) {
  derived q[PARTS];
  factors lambda[PARTS];
  double unused[PARTS];
  derive(q, m);
  recover(lambda, unused, m);
  for (int n = 0; n < count; ++n) {
    double z[FACTORS], u = random_uniform();
    int c = 0;
    for (; c < PARTS - 1 && u > exp(q[c].log_weight); ++c) {
      u -= exp(q[c].log_weight);
    }
    for (int i = 0; i < FACTORS; ++i) {
      z[i] = random_normal();
    }
    for (int k = 0; k < DIM; ++k) {
      x[n * DIM + k] = m->part[c].mean[k] + random_normal() / sqrt(q[c].d[k]);
      for (int i = 0; i < FACTORS; ++i) {
        x[n * DIM + k] += lambda[c][k][i] * z[i];
      }
    }
  }
}
