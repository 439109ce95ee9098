#include "linalg/spectra.h"

#include <math.h>

static const char *const names[LATI_SPECTRUM_COUNT] = {
    "semicircle", "positive", "uniform", "gaussian", "laplace", "positive2", "marcenko",
};

const char *lati_spectrum_name(int32_t spectrum) {
  return spectrum >= 0 && spectrum < LATI_SPECTRUM_COUNT ? names[spectrum] : NULL;
}

lat_status lati_spectra_parse(lati_spectra *out, const char *text) {
  return lati_named_mixture_parse(out, text, names, LATI_SPECTRUM_COUNT, "distribution");
}

lati_spectrum lati_spectra_draw(const lati_spectra *spectra, lat_random *random) {
  return (lati_spectrum)lati_named_mixture_draw(spectra, random);
}

/* Laplace by inversion: -scale sign(u) log(1 - 2 |u|), u uniform on [-1/2, 1/2). */
static double laplace(double scale, lat_random *random) {
  const double u = 0.5 - lat_random_uniform(random); /* (-1/2, 1/2] */
  const double magnitude = -scale * log1p(-2 * fmin(fabs(u), 0.5 - 0x1p-54));
  return u < 0 ? -magnitude : magnitude;
}

static double eigenvalue(double semicircle, lati_spectrum spectrum, double sigma,
                         lat_random *random) {
  switch (spectrum) {
  case LATI_SPECTRUM_POSITIVE:
    return fabs(semicircle);
  case LATI_SPECTRUM_UNIFORM:
    return sigma * sqrt(3) * (2 * lat_random_uniform(random) - 1);
  case LATI_SPECTRUM_GAUSSIAN:
    return sigma * lat_random_normal(random);
  case LATI_SPECTRUM_LAPLACE:
    return laplace(sigma / sqrt(2), random);
  case LATI_SPECTRUM_POSITIVE2:
    return fabs(laplace(sigma / sqrt(2), random));
  default:
    return semicircle;
  }
}

void lati_spectrum_replace(double *eigenvalues, int32_t n, lati_spectrum spectrum, double sigma,
                           lat_random *random) {
  for (int32_t i = 0; i < n; ++i) {
    eigenvalues[i] = eigenvalue(eigenvalues[i], spectrum, sigma, random);
  }
}
