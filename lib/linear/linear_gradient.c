/* Gradients of a stack of linear attention. With M = C^T C and B = sum_h A_h M P_h + S, of which
 * Z' = Z + Z B, and D the gradient of Z':
 *   dB = Z^T D, dS = dB, dA_h = dB P_h^T M, dP_h = M A_h^T dB, dM = sum_h A_h^T dB P_h^T,
 *   dZ = D + D B^T, and C's rows get C (dM + dM^T) besides. */
#include "base/floating.h"
#include "compute/gemm.h"
#include "linalg/matrix.h"
#include "linear/linear_stack.h"

#include <string.h>

/* Everything of a backward pass; matrices of (width, width) but for z and d. */
typedef struct backward {
  const lat_linear *stack;
  int64_t tokens, context;
  double *z;          /* (layers + 1, tokens, width): the input of each layer, and the output */
  double *d, *d_next; /* (tokens, width): gradients of a layer's output, and input */
  double *parameters; /* gradients of them */
  lati_linear_scratch scratch;
  double *d_map, *d_moment;
} backward;

/* out = op(a) op(b) + beta out, all (width, width). */
static void multiply(double *out, int transpose_a, const double *a, int transpose_b,
                     const double *b, double beta, int64_t d) {
  lati_gemm_f64(transpose_a, transpose_b, d, d, d, a, d, b, d, beta, out, d);
}

static void head_backward(backward *b, int32_t layer, int32_t head) {
  const lat_linear *stack = b->stack;
  const int64_t d = stack->width;
  const size_t at_a = lati_linear_offset(stack, layer, head, LAT_LINEAR_A);
  const size_t at_p = lati_linear_offset(stack, layer, head, LAT_LINEAR_P);
  const double *a = stack->parameters + at_a, *p = stack->parameters + at_p;
  double *product = b->scratch.product;
  multiply(product, 0, b->d_map, 1, p, 0, d); /* dB P^T */
  multiply(b->parameters + at_a, 0, product, 0, b->scratch.moment, 1, d);
  multiply(b->d_moment, 1, a, 0, product, 1, d);
  multiply(product, 1, a, 0, b->d_map, 0, d); /* A^T dB */
  multiply(b->parameters + at_p, 0, b->scratch.moment, 0, product, 1, d);
}

/* d becomes the gradient of layer l's input. */
static void layer_backward(backward *b, int32_t layer) {
  const lat_linear *stack = b->stack;
  const int64_t d = stack->width, values = b->tokens * d;
  const double *z = b->z + layer * values;
  double *d_s = b->parameters + lati_linear_offset(stack, layer, 0, LAT_LINEAR_S);
  lati_linear_layer(b->d_next, &b->scratch, stack, layer, z, b->tokens, b->context);
  lati_gemm_f64(1, 0, d, d, b->tokens, z, d, b->d, d, 0, b->d_map, d);
  memset(b->d_moment, 0, (size_t)(d * d) * sizeof *b->d_moment);
  for (int32_t h = 0; h < stack->heads; ++h) {
    head_backward(b, layer, h);
  }
  for (int64_t i = 0; i < d * d; ++i) {
    d_s[i] += b->d_map[i];
  }
  memcpy(b->d_next, b->d, (size_t)values * sizeof *b->d);
  lati_gemm_f64(0, 1, b->tokens, d, d, b->d, d, b->scratch.map, d, 1, b->d_next, d);
  if (b->context > 0) {
    lati_gemm_f64(0, 0, b->context, d, d, z, d, b->d_moment, d, 1, b->d_next, d);
    lati_gemm_f64(0, 1, b->context, d, d, z, d, b->d_moment, d, 1, b->d_next, d);
  }
  double *swap = b->d;
  b->d = b->d_next;
  b->d_next = swap;
}

static void run(backward *b) {
  const int64_t values = b->tokens * b->stack->width;
  for (int32_t l = 0; l < b->stack->layers; ++l) {
    lati_linear_layer(b->z + (l + 1) * values, &b->scratch, b->stack, l, b->z + l * values,
                      b->tokens, b->context);
  }
  for (int32_t l = b->stack->layers - 1; l >= 0; --l) {
    layer_backward(b, l);
  }
}

/* Results to the caller, unless one is not finite. */
static lat_status deliver(double *d_parameters, double *d_z, const backward *b) {
  const size_t values = (size_t)(b->tokens * b->stack->width), size = lat_linear_size(b->stack);
  if (!lati_all_finite(b->d, values) || !lati_all_finite(b->parameters, size)) {
    return lati_fail(LAT_ERROR_NUMERIC, "the stack's gradient is not finite");
  }
  if (d_z != NULL) {
    memcpy(d_z, b->d, values * sizeof *d_z);
  }
  for (size_t i = 0; d_parameters != NULL && i < size; ++i) {
    d_parameters[i] += b->parameters[i];
  }
  return LAT_OK;
}

lat_status lat_linear_gradient(double *d_parameters, double *d_z, const lat_linear *stack,
                               const double *z, const double *d_out, int64_t tokens,
                               int64_t context) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  lati_floating saved;
  lati_floating_enter(&saved);
  LATI_TRY(lati_linear_check(stack, z, tokens, context));
  if (d_out == NULL) {
    LATI_TRY(lati_fail(LAT_ERROR_ARGUMENT, "d_out is NULL"));
  }
  const int64_t d = stack->width, values = tokens * d, square = d * d;
  const int64_t size = (int64_t)lat_linear_size(stack);
  LATI_TRY(LATI_NEW(memory, stack->ctx,
                    (stack->layers + 3) * values + (LATI_LINEAR_SCRATCH + 2) * square + size));
  backward b = {.stack = stack, .tokens = tokens, .context = context, .z = memory};
  b.d = b.z + (stack->layers + 1) * values;
  b.d_next = b.d + values;
  b.scratch = (lati_linear_scratch){b.d_next + values, b.d_next + values + square,
                                    b.d_next + values + 2 * square};
  b.d_map = b.scratch.product + square;
  b.d_moment = b.d_map + square;
  b.parameters = b.d_moment + square;
  memcpy(b.z, z, (size_t)values * sizeof *z);
  memcpy(b.d, d_out, (size_t)values * sizeof *d_out);
  run(&b);
  LATI_TRY(deliver(d_parameters, d_z, &b));
done:
  lati_free(memory);
  lati_floating_leave(&saved);
  return status;
}
