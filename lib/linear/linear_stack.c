/* Linear attention without softmax: (Z A C^T) C P = Z (A (C^T C) P), so a layer is Z <- Z + Z B
 * with B = sum_h A_h (C^T C) P_h + S, where C are the rows of Z that act as keys. */
#include "linear/linear_stack.h"

#include "base/floating.h"
#include "compute/gemm.h"
#include "linalg/matrix.h"

#include <string.h>

enum { MOST = 4096 };

static lat_status check_shape(int32_t layers, int32_t heads, int32_t width) {
  const int32_t sizes[] = {layers, heads, width};
  static const char *const names[] = {"layers", "heads", "width"};
  for (int i = 0; i < 3; ++i) {
    if (sizes[i] < 1 || sizes[i] > MOST) {
      return lati_fail(LAT_ERROR_ARGUMENT, "%s %d is outside 1..%d", names[i], sizes[i], MOST);
    }
  }
  return LAT_OK;
}

lat_status lat_linear_create(lat_linear **out, lat_context *ctx, int32_t layers, int32_t heads,
                             int32_t width) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (ctx == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "ctx is NULL");
  }
  lat_status status = LAT_OK;
  lat_linear *stack = NULL;
  LATI_TRY(check_shape(layers, heads, width));
  LATI_TRY(LATI_NEW(stack, ctx, 1));
  *stack = (lat_linear){lati_context_ref(ctx), layers, heads, width, NULL};
  LATI_TRY(LATI_NEW(stack->parameters, ctx, lat_linear_size(stack)));
  *out = stack;
  stack = NULL;
done:
  lat_linear_free(stack);
  return status;
}

void lat_linear_free(lat_linear *stack) {
  if (stack != NULL) {
    lat_context *ctx = stack->ctx;
    lati_free(stack->parameters);
    lati_free(stack);
    lat_context_free(ctx);
  }
}

size_t lat_linear_size(const lat_linear *stack) {
  return stack == NULL ? 0 : lati_linear_offset(stack, stack->layers, 0, LAT_LINEAR_A);
}

double *lat_linear_parameters(lat_linear *stack) {
  return stack == NULL ? NULL : stack->parameters;
}

lat_status lat_linear_matrix(lat_matrix *out, lat_linear *stack, int32_t layer, int32_t head,
                             int32_t which) {
  if (out == NULL || stack == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", out == NULL ? "out" : "stack");
  }
  if (layer < 0 || layer >= stack->layers) {
    return lati_fail(LAT_ERROR_ARGUMENT, "layer %d is outside 0..%d", layer, stack->layers - 1);
  }
  if (which < LAT_LINEAR_A || which > LAT_LINEAR_S) {
    return lati_fail(LAT_ERROR_ARGUMENT, "which %d is outside %d..%d", which, LAT_LINEAR_A,
                     LAT_LINEAR_S);
  }
  if (which != LAT_LINEAR_S && (head < 0 || head >= stack->heads)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "head %d is outside 0..%d", head, stack->heads - 1);
  }
  *out = lati_matrix_view(stack->parameters + lati_linear_offset(stack, layer, head, which),
                          stack->width, stack->width);
  return LAT_OK;
}

lat_status lati_linear_check(const lat_linear *stack, const double *z, int64_t tokens,
                             int64_t context) {
  if (stack == NULL || z == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", stack == NULL ? "stack" : "z");
  }
  if (tokens < 1 || tokens > INT32_MAX) {
    return lati_fail(LAT_ERROR_ARGUMENT, "tokens %lld is outside 1..%d", (long long)tokens,
                     INT32_MAX);
  }
  if (context < 0 || context > tokens) {
    return lati_fail(LAT_ERROR_ARGUMENT, "context %lld is outside 0..%lld", (long long)context,
                     (long long)tokens);
  }
  if (!lati_all_finite(z, (size_t)tokens * (size_t)stack->width)) {
    return lati_fail(LAT_ERROR_NUMERIC, "z: a value is not finite");
  }
  return LAT_OK;
}

void lati_linear_layer(double *out, const lati_linear_scratch *scratch, const lat_linear *stack,
                       int32_t layer, const double *z, int64_t tokens, int64_t context) {
  const int64_t d = stack->width;
  const size_t matrix = (size_t)(d * d) * sizeof *out;
  const double *s = stack->parameters + lati_linear_offset(stack, layer, 0, LAT_LINEAR_S);
  memset(scratch->moment, 0, matrix);
  if (context > 0) {
    lati_gemm_f64(1, 0, d, d, context, z, d, z, d, 0, scratch->moment, d);
  }
  memcpy(scratch->map, s, matrix);
  for (int32_t h = 0; h < stack->heads; ++h) {
    const double *a = stack->parameters + lati_linear_offset(stack, layer, h, LAT_LINEAR_A);
    const double *p = stack->parameters + lati_linear_offset(stack, layer, h, LAT_LINEAR_P);
    lati_gemm_f64(0, 0, d, d, d, a, d, scratch->moment, d, 0, scratch->product, d);
    lati_gemm_f64(0, 0, d, d, d, scratch->product, d, p, d, 1, scratch->map, d);
  }
  memcpy(out, z, (size_t)(tokens * d) * sizeof *out);
  lati_gemm_f64(0, 0, tokens, d, d, z, d, scratch->map, d, 1, out, d);
}

lat_status lat_linear_apply(double *z, const lat_linear *stack, int64_t tokens, int64_t context) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(lati_linear_check(stack, z, tokens, context));
  const int64_t d = stack->width, values = tokens * d;
  LATI_TRY(LATI_NEW(memory, stack->ctx, 2 * values + LATI_LINEAR_SCRATCH * d * d));
  double *in = memory, *out = in + values, *rest = out + values;
  const lati_linear_scratch scratch = {rest, rest + d * d, rest + 2 * d * d};
  memcpy(in, z, (size_t)values * sizeof *z);
  for (int32_t l = 0; l < stack->layers; ++l) {
    lati_linear_layer(out, &scratch, stack, l, in, tokens, context);
    double *swap = in;
    in = out;
    out = swap;
  }
  if (!lati_all_finite(in, (size_t)values)) {
    LATI_TRY(lati_fail(LAT_ERROR_NUMERIC, "the stack's output is not finite"));
  }
  memcpy(z, in, (size_t)values * sizeof *z);
done:
  lati_free(memory);
  lati_floating_leave(&saved);
  return status;
}
