/* Mixtures of factor analyzers by stochastic gradients (2023): covariances E + Lambda Lambda^T
 * whose inverses D - Gamma Gamma^T are what is trained, so that no d x d matrix is ever inverted.
 *
 *   mfa [UPDATES [STARTS]]   3000 updates by Adam from each of 3 starts unless said
 */
#include "example.h"
#include "factor_analyzers.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRAIN = 20000, TEST = 20000, BATCH = 500 };

/* Largest coefficient of P (D^-1 + Lambda Lambda^T) - I. */
static double defect(const component *p, factors lambda) {
  double worst = 0;
  for (int e = 0; e < DIM * DIM; ++e) {
    const int i = e / DIM, j = e % DIM;
    double sum = 0;
    for (int k = 0; k < DIM; ++k) {
      double precision = i == k ? exp(p->d[i]) : 0, covariance = k == j ? exp(-p->d[k]) : 0;
      for (int f = 0; f < FACTORS; ++f) {
        precision -= p->gamma[i][f] * p->gamma[k][f];
        covariance += lambda[k][f] * lambda[j][f];
      }
      sum += precision * covariance;
    }
    worst = fmax(worst, fabs(sum - (i == j)));
  }
  return worst;
}

/* A random mixture, made of E and Lambda; prints how exact the identities are. */
static void plant(mixture *m) {
  factors lambda[PARTS], recovered[PARTS];
  double determinant[PARTS], expected[PARTS], inverse = 0, back = 0, difference = 0;
  for (int c = 0; c < PARTS; ++c) {
    component *p = &m->part[c];
    double scale[DIM];
    p->weight = log(1 + c);
    expected[c] = 0;
    for (int k = 0; k < DIM; ++k) {
      p->mean[k] = 2 * random_normal();
      scale[k] = 1 / (0.3 + random_uniform());
      expected[c] += log(scale[k]);
      for (int f = 0; f < FACTORS; ++f) {
        lambda[c][k][f] = random_normal();
      }
    }
    expected[c] -= set_covariance(p, scale, lambda[c]);
  }
  recover(recovered, determinant, m);
  for (int c = 0; c < PARTS; ++c) {
    inverse = fmax(inverse, defect(&m->part[c], lambda[c]));
    back = fmax(back, defect(&m->part[c], recovered[c]));
    difference = fmax(difference, fabs(determinant[c] - expected[c]));
  }
  printf("identities: inverse %.1e, determinant %.1e, covariance of samples %.1e\n", inverse,
         difference, back);
}

/* All of them, one after the other: a mixture holds nothing but doubles. */
static double *parameters_of(mixture *m) {
  return (double *)(void *)m;
}

/* Against central differences, all parameters, on 50 examples. */
static void check_gradient(mixture *m, const double *x) {
  mixture g = {0};
  double *parameters = parameters_of(m), worst = 0;
  const double *gradient = parameters_of(&g);
  likelihood(&g, m, x, 50);
  for (int i = 0; i < PARAMETERS; ++i) {
    const double kept = parameters[i], step = 3e-6;
    parameters[i] = kept + step;
    const double above = likelihood(NULL, m, x, 50);
    parameters[i] = kept - step;
    const double numeric = (above - likelihood(NULL, m, x, 50)) / (2 * step);
    parameters[i] = kept;
    worst = fmax(worst, fabs(numeric - gradient[i]) / fmax(1, fabs(numeric)));
  }
  printf("gradient against differences: %.1e\n", worst);
}

/* Means at examples, covariances wide, Gamma small. */
static void start(mixture *m, const double *x) {
  for (int c = 0; c < PARTS; ++c) {
    const double *example = x + rand() % TRAIN * DIM;
    m->part[c].weight = 0;
    for (int k = 0; k < DIM; ++k) {
      m->part[c].mean[k] = example[k];
      m->part[c].d[k] = -1;
      for (int f = 0; f < FACTORS; ++f) {
        m->part[c].gamma[k][f] = 0.1 * random_normal();
      }
    }
  }
}

/* Up the likelihood by Adam on batches, the rate falling along half a cosine. */
static void train(mixture *m, const double *x, int updates) {
  static double moments[2 * PARAMETERS];
  double *parameters = parameters_of(m);
  memset(moments, 0, sizeof moments);
  for (int u = 1; u <= updates; ++u) {
    mixture g = {0};
    const double rate = 0.015 * (1 + cos(acos(-1.0) * u / updates));
    likelihood(&g, m, x + (u - 1) * BATCH % TRAIN * DIM, BATCH);
    update_by_adam(parameters, parameters_of(&g), moments, PARAMETERS, u, -rate);
  }
}

/* Share of pairs in which the outlier, normal about 0 with the spread of the means, has the larger
 * score. */
static double outliers_found(mixture *m, const double *x, int pairs) {
  int found = 0;
  for (int n = 0; n < pairs; ++n) {
    double outlier[DIM];
    for (int k = 0; k < DIM; ++k) {
      outlier[k] = 2 * random_normal();
    }
    found += likelihood(NULL, m, outlier, 1) < likelihood(NULL, m, x + n * DIM, 1);
  }
  return (double)found / pairs;
}

int main(int argc, char **argv) {
  static double x[TRAIN * DIM], test[TEST * DIM];
  const int updates = argc > 1 ? atoi(argv[1]) : 3000, starts = argc > 2 ? atoi(argv[2]) : 3;
  mixture truth, m, best = {{{0}}};
  double highest = -INFINITY;
  plant(&truth);
  sample(x, TRAIN, &truth);
  sample(test, TEST, &truth);
  check_gradient(&truth, x);
  for (int s = 0; s < starts; ++s) {
    start(&m, x);
    train(&m, x, updates);
    const double fit = likelihood(NULL, &m, x, TRAIN);
    printf("start %d: training log-likelihood %.4f\n", s + 1, fit);
    if (fit > highest) {
      highest = fit;
      best = m;
    }
  }
  const double true_fit = likelihood(NULL, &truth, test, TEST);
  const double difference = true_fit - likelihood(NULL, &best, test, TEST);
  printf("test log-likelihood %.4f of the true mixture, %.4f nats more than the learned one's\n",
         true_fit, difference);
  printf("outliers found: %.2f %% by the learned mixture, %.2f %% by the true one\n",
         100 * outliers_found(&best, test, TEST / 10),
         100 * outliers_found(&truth, test, TEST / 10));
  sample(test, TEST, &best);
  printf("samples of the learned mixture: log-likelihood %.4f of the true one\n",
         likelihood(NULL, &truth, test, TEST));
  return EXIT_SUCCESS;
}
