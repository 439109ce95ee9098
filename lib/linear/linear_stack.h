/* A stack of linear attention and its layout in memory. */
#ifndef LATI_LINEAR_STACK_H
#define LATI_LINEAR_STACK_H

#include "base/context_impl.h"

#include <lat/linear_attention.h>

struct lat_linear {
  lat_context *ctx;
  int32_t layers, heads, width;
  double *parameters;
};

/* Where layer l's matrix lies, in parameters and in their gradients alike. */
static inline size_t lati_linear_offset(const lat_linear *stack, int32_t layer, int32_t head,
                                        int32_t which) {
  const size_t width = (size_t)stack->width, heads = (size_t)stack->heads;
  const size_t place = which == LAT_LINEAR_S ? 2 * heads : 2 * (size_t)head + (size_t)which;
  return ((size_t)layer * (2 * heads + 1) + place) * width * width;
}

/* Memory that a pass over a layer works in, (width, width) each. */
typedef struct lati_linear_scratch {
  double *moment;  /* C^T C */
  double *map;     /* B = sum_h A_h C^T C P_h + S: a layer is Z <- Z + Z B */
  double *product; /* of two matrices */
} lati_linear_scratch;

enum { LATI_LINEAR_SCRATCH = 3 };

/* ARGUMENT for NULL (named z) and counts out of range. */
lat_status lati_linear_check(const lat_linear *stack, const double *z, int64_t tokens,
                             int64_t context);

/* Fills the scratch's moment and map for a layer and its input z; out (tokens, width) = z + z B. */
void lati_linear_layer(double *out, const lati_linear_scratch *scratch, const lat_linear *stack,
                       int32_t layer, const double *z, int64_t tokens, int64_t context);

#endif
