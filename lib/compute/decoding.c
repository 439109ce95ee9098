/* Decoding on the processor: loops over rows, by the processor's best vector table. */
#include "compute/decoding.h"

#include "compute/ops.h"
#include "compute/vector.h"

#include <string.h>

enum { ROWS_TO_KEEP = 32, ROWS_TO_ATTEND = 4 }; /* of one task */

static int64_t kept_width(int32_t heads, int32_t head_width, int32_t bf16) {
  return heads * (bf16 ? lati_narrow_head(head_width) : head_width);
}

/* A key or a value: the columns from `column` on of a row. */
static void keep_part(const lati_keeping *k, float *to, int64_t row, int64_t column) {
  const int64_t width = (int64_t)k->heads * k->head_width;
  const lati_rows from = lati_rows_at(*k->from, row, column);
  const float *source = from.data;
  if (source == NULL) {
    float *floats = k->scratch + row * width;
    lati_rows_read(floats, from, 0, 0, width);
    source = floats;
  }
  if (k->bf16) {
    lati_vector_best()->narrow(to, source, k->heads, k->head_width);
  } else {
    memcpy(to, source, (size_t)width * sizeof *to);
  }
}

static void keep_rows(void *argument, int64_t task, int32_t worker) {
  const lati_keeping *k = argument;
  const int64_t end = lati_least((task + 1) * ROWS_TO_KEEP, k->rows);
  (void)worker;
  for (int64_t i = task * ROWS_TO_KEEP; i < end; ++i) {
    float *key = k->keys + i / k->page_rows * k->page_ld + i % k->page_rows * k->row_ld;
    keep_part(k, key, i, k->key);
    keep_part(k, key + k->to_value, i, k->value);
  }
}

static void keep(const lati_device *device, const lati_keeping *keeping) {
  lati_pool_run(device->pool, keep_rows, (void *)(uintptr_t)keeping,
                lati_blocks(keeping->rows, ROWS_TO_KEEP));
}

static void attend_rows(void *argument, int64_t task, int32_t worker) {
  const lati_cached_attention *a = argument;
  const lati_vector *vector = lati_vector_best();
  const float **keys = a->found + worker * a->most_keys;
  float *scores = a->scores + worker * a->heads * a->most_keys;
  const int64_t end = lati_least((task + 1) * ROWS_TO_ATTEND, a->rows);
  for (int64_t i = task * ROWS_TO_ATTEND; i < end; ++i) {
    const int64_t count = a->find_keys(keys, a->user, i);
    (a->bf16 ? vector->attend_narrow : vector->attend)(a->o + i * a->heads * a->head_width,
                                                       a->q + i * a->query_ld, keys, a->to_value,
                                                       count, a->heads, a->head_width, scores);
  }
}

static void attend(const lati_device *device, const lati_cached_attention *attention) {
  lati_pool_run(device->pool, attend_rows, (void *)(uintptr_t)attention,
                lati_blocks(attention->rows, ROWS_TO_ATTEND));
}

static void mask(float *logits, lati_symbol_range span, const lati_allowed *allowed, int64_t rows) {
  for (int64_t i = 0; i < rows; ++i) {
    lati_allowed_mask(logits + i * (span.end - span.first), span, &allowed[i]);
  }
}

/* A choice for every row; members that one does not take are 0. */
typedef struct choice {
  int32_t *chosen;
  lati_candidate *candidates;
  int32_t count; /* of candidates a row */
  const float *logits;
  lati_symbol_range span;
  const lati_allowed *allowed;
  double temperature;
  const double *uniforms;
} choice;

static const float *logits_of(const choice *c, int64_t row) {
  return c->logits + row * (c->span.end - c->span.first);
}

static void largest_of_row(void *argument, int64_t row, int32_t worker) {
  const choice *c = argument;
  (void)worker;
  c->chosen[row] = lati_choose_largest(logits_of(c, row), c->span, &c->allowed[row]);
}

static void choose_largest(const lati_device *device, int32_t *chosen, const float *logits,
                           lati_symbol_range span, const lati_allowed *allowed, int64_t rows) {
  choice c = {.chosen = chosen, .logits = logits, .span = span, .allowed = allowed};
  lati_pool_run(device->pool, largest_of_row, &c, rows);
}

typedef struct factored_rows {
  int32_t *chosen;
  double *losses;
  const float *scores;
  const lati_factored_symbols *symbols;
  const lati_allowed *allowed;
} factored_rows;

static void factored_row(void *argument, int64_t row, int32_t worker) {
  const factored_rows *f = argument;
  (void)worker;
  f->chosen[row] = lati_choose_factored(&f->losses[row], f->scores + row * f->symbols->scores,
                                        f->symbols, &f->allowed[row]);
}

static void choose_factored(const lati_device *device, int32_t *chosen, double *losses,
                            const float *scores, const lati_factored_symbols *symbols,
                            const lati_allowed *allowed, int64_t rows) {
  factored_rows f = {chosen, losses, scores, symbols, allowed};
  lati_pool_run(device->pool, factored_row, &f, rows);
}

static void sample_of_row(void *argument, int64_t row, int32_t worker) {
  const choice *c = argument;
  (void)worker;
  c->chosen[row] = lati_choose_sample(logits_of(c, row), c->span, &c->allowed[row], c->temperature,
                                      c->uniforms[row]);
}

static void choose_sample(const lati_device *device, int32_t *chosen, const float *logits,
                          lati_symbol_range span, const lati_allowed *allowed, int64_t rows,
                          double temperature, const double *uniforms) {
  choice c = {.chosen = chosen,
              .logits = logits,
              .span = span,
              .allowed = allowed,
              .temperature = temperature,
              .uniforms = uniforms};
  lati_pool_run(device->pool, sample_of_row, &c, rows);
}

static void candidates_of_row(void *argument, int64_t row, int32_t worker) {
  const choice *c = argument;
  (void)worker;
  lati_choose_candidates(c->candidates + row * c->count, c->count, logits_of(c, row), c->span);
}

static void choose_candidates(const lati_device *device, lati_candidate *candidates, int32_t count,
                              const float *logits, lati_symbol_range span, int64_t rows) {
  choice c = {.candidates = candidates, .count = count, .logits = logits, .span = span};
  lati_pool_run(device->pool, candidates_of_row, &c, rows);
}

const lati_decoding lati_host_decoding = {.kept_width = kept_width,
                                          .keep = keep,
                                          .attend = attend,
                                          .mask = mask,
                                          .choose_largest = choose_largest,
                                          .choose_factored = choose_factored,
                                          .choose_sample = choose_sample,
                                          .choose_candidates = choose_candidates};
