/* The one table of operations between the transformer and the machine: the model is written once
 * against it. The first argument of an operation is the device that it runs on
 * (base/context_impl.h).
 *
 * Conventions. Matrices are row-major: f32, or lati_rows of either type where the table is
 * `narrow`. T is the number of tokens of all sequences, end to end (ragged, no padding). x_forward
 * and x_backward come in pairs on plain pointers and sizes; nothing allocates or fails. d_x is the
 * gradient of the loss by x.
 * Matrices and vectors of numbers lie in the device's memory (compute/memory.h), ids, targets and
 * offsets in the host's, and so do structures.
 * "+=" means accumulated, "=" overwritten. Results are the same bits at any number of threads: work
 * is cut by shape, and a reduction over tokens is carried out in one order. */
#ifndef LATI_BACKEND_H
#define LATI_BACKEND_H

#include "compute/decoding.h"
#include "compute/factored_symbols.h"
#include "compute/memory.h"
#include "compute/update.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef enum lati_activation { LATI_IDENTITY, LATI_RELU, LATI_GELU } lati_activation;

/* A linear layer's parameters: y = x W^T + b. `packed` is the backend's own layout of W (pack),
 * NULL when it has none. */
typedef struct lati_linear {
  const float *weight; /* (out, in) */
  const float *bias;   /* (out), or NULL */
  const void *packed;
  int32_t in, out;
  int32_t
      packed_out; /* outputs of the layer that was packed, where this is a slice of it; else 0 */
} lati_linear;

/* Slices of a layer begin at multiples of this many outputs. */
enum { LATI_SLICE = 64 };

/* Element c of position t of an example is kept, and scaled by 1 / (1 - rate), or becomes zero: a
 * pure function of (seed, step, example, site, t, c), so backward needs no mask, a resumed run
 * draws the same, and so does a batch that is split. */
typedef struct lati_dropout {
  double rate;
  uint64_t seed, step;    /* step: number of the update, < 2^32 */
  uint64_t first;         /* number within the update of the batch's first example, < 2^32 */
  uint32_t site;          /* place in the model, < 2^15 */
  const int64_t *offsets; /* (sequences + 1): rows of each example; of attention, its queries' */
  int64_t sequences;
} lati_dropout;

/* Ragged queries against ragged keys: sequence s has queries q_offsets[s] .. q_offsets[s + 1] and
 * keys likewise. */
typedef struct lati_attention {
  const int64_t *q_offsets, *k_offsets; /* (sequences + 1) each; rows of q and k */
  int64_t sequences;
  int32_t heads, head_width; /* width = heads * head_width; head h is columns h * head_width ... */
  int32_t causal;            /* 1: query i of a sequence sees keys 0 .. i, as many as queries */
  const lati_dropout *dropout; /* of the probabilities; NULL: none */
} lati_attention;

/* Rows of a matrix, f32 or bf16: pointer and leading dimension, so that fused q, k, v are views. */
typedef struct lati_rows {
  float *data;
  uint16_t *narrow; /* bf16, where data is NULL; LATI_TILE - 1 rows behind the last may be read */
  int64_t ld;
} lati_rows;

enum { LATI_TILE = 16 };

static inline lati_rows lati_floats(float *data, int64_t ld) {
  return (lati_rows){.data = data, .ld = ld};
}

/* The rows from `row` on, of the columns from `col` on. */
static inline lati_rows lati_rows_at(lati_rows x, int64_t row, int64_t col) {
  const int64_t place = row * x.ld + col;
  return (lati_rows){.data = x.data != NULL ? x.data + place : NULL,
                     .narrow = x.narrow != NULL ? x.narrow + place : NULL,
                     .ld = x.ld};
}

/* n values of a row from `col` on, as f32. */
static inline void lati_rows_read(float *dst, lati_rows x, int64_t row, int64_t col, int64_t n) {
  const lati_rows from = lati_rows_at(x, row, col);
  for (int64_t i = 0; i < n; ++i) {
    if (from.data != NULL) {
      dst[i] = from.data[i];
    } else {
      const uint32_t bits = (uint32_t)from.narrow[i] << 16;
      memcpy(&dst[i], &bits, sizeof bits);
    }
  }
}

static inline int lati_rows_none(lati_rows x) {
  return x.data == NULL && x.narrow == NULL;
}

/* An activation on a gradient's way back to a layer's input: the gradient is multiplied by its
 * derivative, which RELU takes from its result and GELU from its argument. */
typedef struct lati_slope {
  lati_activation activation;
  lati_rows of;
} lati_slope;

/* Tables of a hashed map, (width / bits << bits, width), those of chunk after chunk. */
typedef struct lati_hash {
  const float *tables;
  int32_t width, bits; /* bits <= LATI_MAX_HASH_BITS, and divides width */
} lati_hash;

enum { LATI_MAX_HASH_BITS = 8 };

/* A recurrent cell, of which a state of `width` numbers goes along each sequence, at one step:
 * `count` sequences at their token `step`. Matrices of (T) rows have all tokens, those of (count)
 * rows the sequences, of which i begins with token first[i]. G: gates, lati_cell_gates(). */
typedef enum lati_cell_kind { LATI_LSTM, LATI_GRU } lati_cell_kind;

typedef struct lati_cell {
  lati_cell_kind kind;
  int32_t width, step;
  int64_t count;
  const int32_t *first; /* NULL: i itself */
  float *gates;    /* (T, G width): W x + b of the input, in place of which forward leaves gates */
  float *previous; /* (T, width) the state h before the step; NULL: not kept */
  float *inner;    /* (T, width) LSTM: c before the step; GRU: the candidate's U h + b; NULL: not
                      kept */
} lati_cell;

static inline int32_t lati_cell_gates(lati_cell_kind kind) {
  return kind == LATI_LSTM ? 4 : 3;
}

enum { LATI_NORM_GROUPS = 16 };

/* Targets spread over symbols that stand for neighbouring numbers: that of symbol s becomes the
 * distribution q_j over j = first[s] .. end[s] - 1, s among them, in proportion to
 * exp(-(j - s)^2 / (2 width^2)), and nothing further away than LATI_SPREAD_REACH widths. */
typedef struct lati_spread {
  const int32_t *first, *end; /* (vocabulary) */
  double width;               /* > 0, in symbols */
} lati_spread;
#define LATI_SPREAD_REACH 4.0

typedef struct lati_backend {
  const char *name; /* "f32-blis", "bf16-avx512", ... */

  /* 1: what is an operand of products and nothing else is best kept as narrow rows. 0: all rows are
   * f32. */
  int32_t narrow;

  /* Where the numbers of all operations are kept. */
  const lati_memory *memory;
  /* What an optimizer does with them. */
  const lati_update *update;
  /* Steps of decoding. */
  const lati_decoding *decoding;

  /* Bytes of the packed form of an (out, in) weight, 0 when none is kept; and packing. */
  size_t (*packed_size)(int32_t out, int32_t in);
  void (*pack)(const lati_device *device, void *packed, const float *weight, int32_t out,
               int32_t in);

  /* y (T, out) = activation(x (T, in) W^T + b) + residual (T, out). `pre` (T, out), unless it is
   * none, receives the values before the activation (GELU's backward needs them); `residual` may be
   * NULL and, when the activation is IDENTITY, may be y itself (f32, with ld = out). */
  void (*linear_forward)(const lati_device *device, lati_rows y, const lati_linear *linear,
                         lati_rows x, int64_t tokens, lati_activation activation, lati_rows pre,
                         const float *residual);
  /* The layer of outputs first .. end - 1 alone, sharing the packed form. first is a multiple of
   * LATI_SLICE, and so is end unless it is the layer's own. */
  void (*linear_slice)(lati_linear *slice, const lati_linear *linear, int32_t first, int32_t end);
  /* d_x (T, in) = d_y (T, out) W, or += when accumulate (then f32), or times a slope (NULL: none).
   */
  void (*linear_backward_input)(const lati_device *device, lati_rows d_x, const lati_linear *linear,
                                lati_rows d_y, int64_t tokens, int accumulate,
                                const lati_slope *slope);
  /* d_weight (out, in) += d_y^T x; d_bias (out) += column sums of d_y (NULL: skipped). scratch:
   * weight_scratch(tokens, in) bytes. */
  size_t (*weight_scratch)(int64_t tokens, int32_t in);
  void (*linear_backward_weight)(const lati_device *device, float *d_weight, float *d_bias,
                                 lati_rows d_y, lati_rows x, int64_t tokens, int32_t out,
                                 int32_t in, void *scratch);

  /* y (T, width) = x, narrow. */
  void (*shorten)(const lati_device *device, lati_rows y, const float *x, int64_t tokens,
                  int32_t width);

  /* y = gamma (x - mean) rstd + beta per token, eps 1e-12; mean and rstd (T) kept for backward. y
   * may alias x only when no backward follows. `shortened`, where it is narrow, receives y too.
   * beta NULL: RMSNorm, y = gamma x rstd, with a mean of 0. */
  void (*layernorm_forward)(const lati_device *device, float *y, lati_rows shortened, float *mean,
                            float *rstd, const float *x, const float *gamma, const float *beta,
                            int64_t tokens, int32_t width);
  /* d_x (T, width) = ... (+= when accumulate); d_gamma, d_beta (width) +=. d_x may alias d_y.
   * d_beta NULL: of RMSNorm.
   * `shortened`, where it is narrow, receives d_x too. scratch: (2 LATI_NORM_GROUPS, width), for
   * sums over groups of tokens, which are added up in one order. */
  void (*layernorm_backward)(const lati_device *device, float *d_x, lati_rows shortened,
                             float *d_gamma, float *d_beta, const float *d_y, const float *x,
                             const float *mean, const float *rstd, const float *gamma,
                             int64_t tokens, int32_t width, int accumulate, float *scratch);

  /* o = dropout(softmax(q k^T / sqrt(head_width))) v per sequence and head; lse (Tq, heads) =
   * log-sum-exp of the scaled scores. scratch: for each worker attention_scratch(longest,
   * head_width) bytes, in both directions, where no sequence has more than `longest` queries. */
  size_t (*attention_scratch)(int64_t longest, int32_t head_width);
  void (*attention_forward)(const lati_device *device, lati_rows o, float *lse, lati_rows q,
                            lati_rows k, lati_rows v, const lati_attention *shape, void *scratch);
  /* d_q, d_k, d_v = ... (overwritten). Probabilities are recomputed from lse. */
  void (*attention_backward)(const lati_device *device, lati_rows d_q, lati_rows d_k, lati_rows d_v,
                             lati_rows d_o, lati_rows o, const float *lse, lati_rows q, lati_rows k,
                             lati_rows v, const lati_attention *shape, void *scratch);

  /* x (T, width) += table[ids[t]] (= when !accumulate); rows with id < 0 contribute nothing (zero).
   */
  void (*embedding_forward)(const lati_device *device, float *x, const float *table,
                            const int32_t *ids, int64_t tokens, int32_t width, int accumulate);
  /* d_table[ids[t]] += d_x[t]. */
  void (*embedding_backward)(const lati_device *device, float *d_table, const float *d_x,
                             const int32_t *ids, int64_t tokens, int32_t width);

  /* loss[t] = -log softmax(logits[t])[targets[t]], or with a spread (NULL: none) -sum q_j log
   * softmax(logits[t])[j]; correct[t] = 1 when the target's logit is the largest. d_logits (T,
   * vocabulary), unless it is none, becomes softmax - onehot, or softmax - q, the gradient of the
   * SUM of losses, and the logits are destroyed; rows may begin where those of the logits do. */
  void (*cross_entropy)(const lati_device *device, double *loss, uint8_t *correct,
                        lati_rows d_logits, float *logits, const int32_t *targets, int64_t tokens,
                        int32_t vocabulary, const lati_spread *spread);
  /* The same of symbols whose logits are sums: scores (T, symbols->scores), and d_scores the
   * gradient with respect to them. */
  void (*factored_cross_entropy)(const lati_device *device, double *loss, uint8_t *correct,
                                 lati_rows d_scores, float *scores, const int32_t *targets,
                                 int64_t tokens, const lati_factored_symbols *symbols,
                                 const lati_spread *spread);
  /* Their logits (T, end - first) for symbols first .. end - 1. */
  void (*factored_logits)(const lati_device *device, float *logits, const float *scores,
                          int64_t tokens, const lati_factored_symbols *symbols, int32_t first,
                          int32_t end);

  /* y (T, width) = v activation(g) of x = [v g] (T, 2 width), and the gradient of x from that of
   * y; d_y may not alias d_x. */
  void (*glu_forward)(const lati_device *device, lati_rows y, lati_rows x, int64_t tokens,
                      int32_t width, lati_activation activation);
  void (*glu_backward)(const lati_device *device, lati_rows d_x, lati_rows d_y, lati_rows x,
                       int64_t tokens, int32_t width, lati_activation activation);
  /* x (T, width) in chunks z_k of `bits` values, y (T, width) = sum p(z_k) T_k[signs of z_k] +
   * residual (NULL: none; may be y), where p(z) = product of sigma(2 |z_i|) and the signs, bit i
   * set where z_i > 0, number the rows of a table. */
  void (*hashed_forward)(const lati_device *device, float *y, const lati_hash *hash, lati_rows x,
                         int64_t tokens, const float *residual);
  /* d_x (T, width) = (+= when accumulate, and then it may be d_y); d_tables +=. scratch: (T, width)
   */
  void (*hashed_backward)(const lati_device *device, float *d_x, float *d_tables,
                          const lati_hash *hash, lati_rows d_y, lati_rows x, int64_t tokens,
                          int accumulate, float *scratch);
  /* y = dropout(x) + residual (T, width); residual may be NULL; y may alias either. */
  void (*dropout)(const lati_device *device, float *y, const float *x, const float *residual,
                  int32_t width, const lati_dropout *dropout);
  /* gate becomes sigmoid(gate), and y = x + gate (h - x), elementwise; y may be x. */
  void (*gate_forward)(const lati_device *device, float *y, float *gate, const float *h,
                       const float *x, int64_t count);
  /* d_y becomes d_h; d_x = ..., and d_gate = the gradient of what the sigmoid was taken of. */
  void (*gate_backward)(const lati_device *device, float *d_y, float *d_x, float *d_gate,
                        const float *gate, const float *h, const float *x, int64_t count);
  /* h and c (count, width), c of LSTM alone: the states, before and then after the step. from_h
   * (count, G width) = U h + b. y (T, width) = h + residual (NULL: none; may be y). */
  void (*cell_forward)(const lati_device *device, const lati_cell *cell, float *y,
                       const float *residual, float *h, float *c, const float *from_h);
  /* With what forward kept. d_h and d_c: gradients of the states after the step in, before it out,
   * but for d_h what comes through U h. d_gates (T, G width) = the gradient of W x + b, d_from (T,
   * G width) and d_step (count, G width) = of U h + b; d_from may be d_gates in LSTM, where they
   * are equal. */
  void (*cell_backward)(const lati_device *device, const lati_cell *cell, float *d_gates,
                        float *d_from, float *d_step, float *d_h, float *d_c, lati_rows d_y);
  /* y += x. */
  void (*add)(const lati_device *device, float *y, const float *x, int64_t count);
} lati_backend;

/* The context's device; NULL where there is no context. */
static inline const lati_device *lati_device_of(const lat_context *ctx) {
  return ctx != NULL ? &ctx->device : NULL;
}

/* The memory of a device's numbers; the host's where there is no table to ask. */
static inline const lati_memory *lati_memory_of(const lati_device *device) {
  return device == NULL || device->operations == NULL ? &lati_host_memory
                                                      : device->operations->memory;
}

/* LATI_NEW() for numbers; lati_device_free() releases them. */
#define LATI_NEW_ON_DEVICE(pointer, ctx, count)                                                    \
  lati_memory_of(lati_device_of(ctx))                                                              \
      ->allocate((void **)&(pointer), (ctx), (size_t)(count), sizeof *(pointer))

static inline void lati_device_free(const lat_context *ctx, void *block) {
  const lati_device *device = lati_device_of(ctx);
  lati_memory_of(device)->release(device, block);
}

/* lati_memory's functions, of the device's own memory. */
static inline void lati_device_read(const lati_device *device, void *host, const void *from,
                                    size_t bytes) {
  lati_memory_of(device)->read(device, host, from, bytes);
}

static inline void lati_device_write(const lati_device *device, void *to, const void *host,
                                     size_t bytes) {
  lati_memory_of(device)->write(device, to, host, bytes);
}

static inline void lati_device_copy(const lati_device *device, void *to, const void *from,
                                    size_t bytes) {
  lati_memory_of(device)->copy(device, to, from, bytes);
}

static inline void lati_device_fill(const lati_device *device, float *x, float value,
                                    size_t count) {
  lati_memory_of(device)->fill(device, x, value, count);
}

/* Values from row to row of operands of `width` columns: narrow rows begin at cache lines. */
static inline int64_t lati_operand_ld(const lati_backend *backend, int64_t width) {
  enum { LINE = 32 };
  return backend->narrow ? (width + LINE - 1) / LINE * LINE : width;
}

/* Bytes of them, and of what is read behind them by a tile that begins at the last row. */
static inline int64_t lati_operand_bytes(const lati_backend *backend, int64_t rows, int64_t width) {
  const size_t size = backend->narrow ? sizeof(uint16_t) : sizeof(float);
  const int64_t readable = backend->narrow ? rows + LATI_TILE - 1 : rows;
  return readable * lati_operand_ld(backend, width) * (int64_t)size;
}

/* Memory as rows of the type that the table wants operands in. */
static inline lati_rows lati_operand(const lati_backend *backend, void *memory, int64_t ld) {
  return backend->narrow ? (lati_rows){.narrow = memory, .ld = ld} : lati_floats(memory, ld);
}

extern const lati_backend lati_backend_f32; /* products by BLIS: for any processor */

#endif
