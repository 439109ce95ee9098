/* Operations of incremental decoding, of a backend's table: attention of one query a row against
 * keys and values that are kept, and the choice of tokens. */
#ifndef LATI_DECODING_H
#define LATI_DECODING_H

#include "base/context_impl.h"
#include "compute/choose.h"

#include <stddef.h>

struct lati_rows; /* compute/backend.h */

/* Keys and values of rows that are to be kept: columns from `key` and from `value` on of `from`, a
 * head after the other. Row i goes to keys + i / page_rows * page_ld + i % page_rows * row_ld, and
 * its value to_value behind its key, as kept_width() floats each. */
typedef struct lati_keeping {
  const struct lati_rows *from;
  int64_t key, value; /* columns */
  int64_t rows;
  int32_t heads, head_width;
  int32_t bf16; /* 1: rounded, two numbers to a word */
  float *keys;
  int64_t to_value, page_rows, page_ld, row_ld;
  float *scratch; /* (rows, heads * head_width), where `from` is bf16 */
} lati_keeping;

/* o (rows, heads * head_width) = softmax(q_h k_h^T / sqrt(head_width)) v_h for every head h of each
 * row, against the keys that are found for it. */
typedef struct lati_cached_attention {
  float *o;
  const float *q; /* rows begin query_ld floats apart */
  int64_t query_ld, rows;
  int32_t heads, head_width, bf16;
  int64_t to_value; /* floats from a key to its value */
  /* Says where the keys of a row lie; returns how many there are, 1 .. most_keys. It is called on
   * any thread, and follows no pointer into the device's memory. */
  int64_t (*find_keys)(const float **keys, const void *user, int64_t row);
  const void *user;
  int64_t most_keys;
  const float **found; /* (workers, most_keys), the host's */
  float *scores;       /* (workers, heads * most_keys) */
} lati_cached_attention;

typedef struct lati_decoding {
  /* Floats that a key takes, and a value. */
  int64_t (*kept_width)(int32_t heads, int32_t head_width, int32_t bf16);
  void (*keep)(const lati_device *device, const lati_keeping *keeping);
  void (*attend)(const lati_device *device, const lati_cached_attention *attention);

  /* Of logits (rows, span), of which row i may choose the symbols allowed[i]. mask: the others are
   * never chosen from now on. */
  void (*mask)(float *logits, lati_symbol_range span, const lati_allowed *allowed, int64_t rows);
  /* Of masked logits; chosen (rows) is the host's. sample: the symbol where the cumulative
   * softmax(logits / temperature) passes uniforms[i], of 0 .. 1. */
  void (*choose_largest)(const lati_device *device, int32_t *chosen, const float *logits,
                         lati_symbol_range span, const lati_allowed *allowed, int64_t rows);
  void (*choose_sample)(const lati_device *device, int32_t *chosen, const float *logits,
                        lati_symbol_range span, const lati_allowed *allowed, int64_t rows,
                        double temperature, const double *uniforms);
  /* choose_largest of the scores of factored symbols, unmasked, and the losses of what is chosen
   * (rows): -log softmax over the allowed symbols, on the device. */
  void (*choose_factored)(const lati_device *device, int32_t *chosen, double *losses,
                          const float *scores, const lati_factored_symbols *symbols,
                          const lati_allowed *allowed, int64_t rows);
  /* The `count` largest logits of every row in falling order, equals by token; where there are
   * fewer, the rest is PAD at minus infinity. candidates (rows, count). */
  void (*choose_candidates)(const lati_device *device, lati_candidate *candidates, int32_t count,
                            const float *logits, lati_symbol_range span, int64_t rows);
} lati_decoding;

extern const lati_decoding lati_host_decoding; /* the processor's */

#endif
