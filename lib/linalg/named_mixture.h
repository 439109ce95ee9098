/* Mixtures of named things: "a[:w],b[:w]", each drawn with its share of the weights. */
#ifndef LATI_NAMED_MIXTURE_H
#define LATI_NAMED_MIXTURE_H

#include "base/error.h"
#include "base/random.h"

enum { LATI_MOST_NAMES = 16 };

/* index[i] is drawn with probability cumulative[i] - cumulative[i - 1]. */
typedef struct lati_named_mixture {
  int32_t count;
  int32_t index[LATI_MOST_NAMES];     /* in the table of names */
  double cumulative[LATI_MOST_NAMES]; /* the last is 1 */
} lati_named_mixture;

/* Reads "a[:w],b[:w]" of `count` names, at most LATI_MOST_NAMES; a weight is a positive number, 1
 * where left out. `what` says in messages what is named. NOT_FOUND for an unknown name; ARGUMENT
 * for a bad weight or a name given twice. */
lat_status lati_named_mixture_parse(lati_named_mixture *out, const char *text,
                                    const char *const *names, int32_t count, const char *what);

/* Index of a name in the table. A mixture of one takes no random number. */
int32_t lati_named_mixture_draw(const lati_named_mixture *mixture, lat_random *random);

/* Turns `count` positive weights into cumulative shares of which the last is 1 (NULL: equal).
 * ARGUMENT for a weight that is not positive and finite. */
lat_status lati_weights_accumulate(double *cumulative, const double *weights, int32_t count);

/* First index whose cumulative share exceeds a uniform draw. */
int32_t lati_weights_draw(const double *cumulative, int32_t count, lat_random *random);

#endif
