/* Distributions of eigenvalues that symmetric test matrices come in, and mixtures of them. */
#ifndef LATI_SPECTRA_H
#define LATI_SPECTRA_H

#include "linalg/named_mixture.h"

typedef enum lati_spectrum {
  LATI_SPECTRUM_SEMICIRCLE, /* Wigner: i.i.d. coefficients, as drawn */
  LATI_SPECTRUM_POSITIVE,   /* absolute values of the semicircle's eigenvalues */
  LATI_SPECTRUM_UNIFORM,    /* on +- sigma sqrt 3 */
  LATI_SPECTRUM_GAUSSIAN,   /* sigma N(0, 1) */
  LATI_SPECTRUM_LAPLACE,    /* of scale sigma / sqrt 2 */
  LATI_SPECTRUM_POSITIVE2,  /* absolute values of laplace */
  LATI_SPECTRUM_MARCENKO,   /* of M^T M (Marchenko-Pastur) */
  LATI_SPECTRUM_COUNT
} lati_spectrum;

/* Name of a spectrum; NULL outside 0..LATI_SPECTRUM_COUNT - 1. */
const char *lati_spectrum_name(int32_t spectrum);

typedef lati_named_mixture lati_spectra;

/* Reads "a[:w],b[:w]"; a weight is a positive number, 1 where left out.
 * NOT_FOUND for an unknown name; ARGUMENT for a bad weight or a name given twice. */
lat_status lati_spectra_parse(lati_spectra *out, const char *text);

lati_spectrum lati_spectra_draw(const lati_spectra *spectra, lat_random *random);

/* Replaces the n eigenvalues of a semicircle matrix by those of `spectrum` (not marcenko, which is
 * formed from its factors). sigma: standard deviation of the semicircle, sqrt(n) times that of the
 * coefficients. */
void lati_spectrum_replace(double *eigenvalues, int32_t n, lati_spectrum spectrum, double sigma,
                           lat_random *random);

#endif
