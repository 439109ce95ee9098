/* Reading "a[:w],b[:w]", and drawing by weights: weight i over the sum is the width of the i-th
 * part of [0, 1), in which a uniform number falls. */
#include "linalg/named_mixture.h"

#include "base/text.h"

#include <math.h>
#include <string.h>

enum { NAMES_TEXT = 200 };

/* The table being read from. */
typedef struct name_table {
  const char *const *names;
  int32_t count;
  const char *what;
} name_table;

/* Index of the name text[0 .. length - 1]; -1 when there is none. */
static int32_t find(const name_table *table, const char *text, size_t length) {
  for (int32_t i = 0; i < table->count; ++i) {
    if (strlen(table->names[i]) == length && memcmp(table->names[i], text, length) == 0) {
      return i;
    }
  }
  return -1;
}

static lat_status fail_unknown(const name_table *table, const char *text, size_t length) {
  char names[NAMES_TEXT] = "";
  size_t used = 0;
  for (int32_t i = 0; i < table->count && used < sizeof names; ++i) {
    used += (size_t)lati_format(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                                table->names[i]);
  }
  return lati_fail(LAT_ERROR_NOT_FOUND, "no %s '%.*s'; there are %s", table->what,
                   (int)(length < 40 ? length : 40), text, names);
}

static lat_status read_weight(double *weight, const char **end, const name_table *table,
                              const char *name, const char *text) {
  char *stop = NULL;
  *weight = lati_parse_double(text, &stop);
  *end = stop;
  if (!(*weight > 0 && isfinite(*weight)) || (*stop != ',' && *stop != '\0')) {
    return lati_fail(LAT_ERROR_ARGUMENT, "weight of %s '%s' is not a positive number: '%.40s'",
                     table->what, name, text);
  }
  return LAT_OK;
}

/* Reads one "name[:weight]" into the next entry; advances *text past it. */
static lat_status read_entry(lati_named_mixture *out, double *weight, const char **text,
                             const name_table *table) {
  const char *start = *text;
  const size_t length = strcspn(start, ":,");
  const int32_t index = find(table, start, length);
  if (index < 0) {
    return fail_unknown(table, start, length);
  }
  for (int32_t i = 0; i < out->count; ++i) {
    if (out->index[i] == index) {
      return lati_fail(LAT_ERROR_ARGUMENT, "%s '%s' is given twice", table->what,
                       table->names[index]);
    }
  }
  out->index[out->count] = index;
  *weight = 1;
  *text = start + length;
  return start[length] == ':'
             ? read_weight(weight, text, table, table->names[index], start + length + 1)
             : LAT_OK;
}

lat_status lati_named_mixture_parse(lati_named_mixture *out, const char *text,
                                    const char *const *names, int32_t count, const char *what) {
  lat_status status = LAT_OK;
  double weights[LATI_MOST_NAMES];
  const name_table table = {names, count, what};
  memset(out, 0, sizeof *out);
  for (;;) {
    /* A name cannot come twice, so there is room for every entry that is accepted. */
    status = read_entry(out, weights + out->count, &text, &table);
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

int32_t lati_named_mixture_draw(const lati_named_mixture *mixture, lat_random *random) {
  if (mixture->count == 1) {
    return mixture->index[0];
  }
  return mixture->index[lati_weights_draw(mixture->cumulative, mixture->count, random)];
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
