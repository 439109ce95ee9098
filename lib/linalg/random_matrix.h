/* Random matrices, row-major packed. */
#ifndef LATI_RANDOM_MATRIX_H
#define LATI_RANDOM_MATRIX_H

#include "base/random.h"
#include "linalg/spectra.h"

/* Distribution of one coefficient. Both have standard deviation range / sqrt 3. */
typedef struct lati_coefficients {
  int32_t gaussian; /* 0: uniform on +- range */
  double range;
} lati_coefficients;

/* Standard deviation of the coefficients. */
double lati_coefficients_deviation(const lati_coefficients *coefficients);

/* `count` i.i.d. coefficients. */
void lati_random_fill(double *values, size_t count, const lati_coefficients *coefficients,
                      lat_random *random);

/* Makes each coefficient of a row-major packed matrix positive with probability 3/4; of a symmetric
 * one, each on and below the diagonal, and mirrors it. */
void lati_random_bias_signs(double *a, int32_t rows, int32_t cols, int symmetric,
                            lat_random *random);

/* A symmetric n x n matrix of the given spectrum, exactly symmetric. NUMERIC where LAPACK fails.
 * `work` holds lati_random_symmetric_work(n) doubles. */
lat_status lati_random_symmetric(double *a, int32_t n, const lati_coefficients *coefficients,
                                 lati_spectrum spectrum, lat_random *random, double *work);
size_t lati_random_symmetric_work(int32_t n);

#endif
