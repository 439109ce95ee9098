#include "linalg/spectra.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

static const char *const names[LATI_SPECTRUM_COUNT] = {
    "semicircle", "positive", "uniform", "gaussian", "laplace", "positive2", "marcenko",
};

const char *lati_spectrum_name(int32_t spectrum) {
  return spectrum >= 0 && spectrum < LATI_SPECTRUM_COUNT ? names[spectrum] : NULL;
}

/* Index of the name text[0 .. length - 1]; -1 when there is none. */
static int32_t find(const char *text, size_t length) {
  for (int32_t i = 0; i < LATI_SPECTRUM_COUNT; ++i) {
    if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0) {
      return i;
    }
  }
  return -1;
}

/* Reads one "name[:weight]" into entry `index`; advances *text past it. */
static lat_status read_entry(lati_spectra *out, double *weight, const char **text) {
  const char *start = *text;
  const size_t length = strcspn(start, ":,");
  const int32_t spectrum = find(start, length);
  if (spectrum < 0) {
    return lati_fail(LAT_ERROR_NOT_FOUND,
                     "no distribution '%.*s'; there are semicircle, positive, uniform, gaussian, "
                     "laplace, positive2, marcenko",
                     (int)(length < 40 ? length : 40), start);
  }
  for (int32_t i = 0; i < out->count; ++i) {
    if ((int32_t)out->spectrum[i] == spectrum) {
      return lati_fail(LAT_ERROR_ARGUMENT, "distribution '%s' is given twice", names[spectrum]);
    }
  }
  size_t used = length;
  *weight = 1;
  if (start[used] == ':') {
    char *end = NULL;
    *weight = lati_parse_double(start + length + 1, &end);
    used = (size_t)(end - start);
    if (!(*weight > 0 && isfinite(*weight)) || (*end != ',' && *end != '\0')) {
      return lati_fail(LAT_ERROR_ARGUMENT,
                       "weight of distribution '%s' is not a positive number: '%.40s'",
                       names[spectrum], start + length + 1);
    }
  }
  out->spectrum[out->count] = (lati_spectrum)spectrum;
  *text = start + used;
  return LAT_OK;
}

lat_status lati_spectra_parse(lati_spectra *out, const char *text) {
  lat_status status = LAT_OK;
  double weights[LATI_SPECTRUM_COUNT];
  memset(out, 0, sizeof *out);
  for (;;) {
    /* A name cannot come twice, so there is room for every entry that is accepted. */
    status = read_entry(out, weights + out->count, &text);
    if (status != LAT_OK) {
      return status;
    }
    ++out->count;
    if (*text == '\0') {
      return lati_weights_accumulate(out->cumulative, weights, out->count);
    }
    ++text;
  }
}

lati_spectrum lati_spectra_draw(const lati_spectra *spectra, lat_random *random) {
  if (spectra->count == 1) {
    return spectra->spectrum[0];
  }
  return spectra->spectrum[lati_weights_draw(spectra->cumulative, spectra->count, random)];
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

lat_status lati_weights_accumulate(double *cumulative, const double *weights, int32_t count) {
  double sum = 0;
  for (int32_t i = 0; i < count; ++i) {
    const double weight = weights == NULL ? 1 : weights[i];
    if (!(weight > 0) || !isfinite(weight)) {
      return lati_fail(LAT_ERROR_ARGUMENT, "weight %d is %g, not positive and finite", i + 1,
                       weight);
    }
    sum += weight;
    cumulative[i] = sum;
  }
  if (!isfinite(sum)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the sum of the weights is not finite");
  }
  for (int32_t i = 0; i < count; ++i) {
    cumulative[i] /= sum;
  }
  cumulative[count - 1] = 1;
  return LAT_OK;
}

int32_t lati_weights_draw(const double *cumulative, int32_t count, lat_random *random) {
  const double u = lat_random_uniform(random);
  int32_t index = 0;
  while (index < count - 1 && u >= cumulative[index]) {
    ++index;
  }
  return index;
}
