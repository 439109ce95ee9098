#include "guarded_device.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Addresses that are set aside for the device, of which the first `used` bytes have been given. */
#define ROOM ((size_t)4 << 30)

/* Rights are changed of whole stretches of this size, which are one page each where the system has
 * huge ones: that is much faster. */
#define STRETCH ((size_t)2 << 20)

static struct {
  const lati_backend *real;
  pthread_mutex_t mutex;
  char *region, *base; /* base: at a stretch */
  size_t used;
  int64_t blocks;  /* that have not been released */
  int64_t running; /* operations, of several threads; the memory is open while there are any */
} guard = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static void protect(int rights) {
  const size_t size = (guard.used + STRETCH - 1) / STRETCH * STRETCH;
  ck_assert_int_eq(mprotect(guard.base, size, rights), 0);
}

static void enter(void) {
  pthread_mutex_lock(&guard.mutex);
  if (guard.running++ == 0 && guard.used > 0) {
    protect(PROT_READ | PROT_WRITE);
  }
  pthread_mutex_unlock(&guard.mutex);
}

static void leave(void) {
  pthread_mutex_lock(&guard.mutex);
  if (--guard.running == 0 && guard.used > 0) {
    protect(PROT_NONE);
  }
  pthread_mutex_unlock(&guard.mutex);
}

#define INSIDE(call)                                                                               \
  do {                                                                                             \
    enter();                                                                                       \
    guard.real->call;                                                                              \
    leave();                                                                                       \
  } while (0)

/* Memory. A block is whole pages, fresh ones, which are zero. */

static lat_status allocate(void **out, const lat_context *ctx, size_t count, size_t size) {
  const size_t page = (size_t)sysconf(_SC_PAGESIZE);
  const size_t bytes = (count * size + LATI_TAIL + page - 1) / page * page;
  lat_status status = LAT_OK;
  (void)ctx;
  *out = NULL;
  pthread_mutex_lock(&guard.mutex);
  if (bytes > ROOM - guard.used) {
    status = lati_fail(LAT_ERROR_MEMORY, "the device's memory is full");
  } else {
    *out = guard.base + guard.used;
    guard.used += bytes;
    ++guard.blocks;
    if (guard.running > 0) {
      protect(PROT_READ | PROT_WRITE);
    }
  }
  pthread_mutex_unlock(&guard.mutex);
  return status;
}

static void release(const lati_device *device, void *block) {
  (void)device;
  if (block != NULL) {
    pthread_mutex_lock(&guard.mutex);
    ck_assert((char *)block >= guard.base && (char *)block < guard.base + guard.used);
    --guard.blocks;
    pthread_mutex_unlock(&guard.mutex);
  }
}

static void read_numbers(const lati_device *device, void *host, const void *from, size_t bytes) {
  INSIDE(memory->read(device, host, from, bytes));
}

static void write_numbers(const lati_device *device, void *to, const void *host, size_t bytes) {
  INSIDE(memory->write(device, to, host, bytes));
}

/* A copy in the host's memory. */
static lat_status map(void **host, const lat_context *ctx, void *x, size_t bytes) {
  const lat_status status = lati_alloc(host, ctx, bytes, 1);
  if (status == LAT_OK) {
    read_numbers(&ctx->device, *host, x, bytes);
  }
  return status;
}

static void unmap(const lati_device *device, void *x, void *host, size_t bytes) {
  write_numbers(device, x, host, bytes);
  lati_free(host);
}

static void copy(const lati_device *device, void *to, const void *from, size_t bytes) {
  INSIDE(memory->copy(device, to, from, bytes));
}

static void fill(const lati_device *device, float *x, float value, size_t count) {
  INSIDE(memory->fill(device, x, value, count));
}

static void swap(const lati_device *device, float *a, float *b, size_t count) {
  INSIDE(memory->swap(device, a, b, count));
}

static void copy_rows(const lati_device *device, float *to, int64_t to_ld, const float *from,
                      int64_t from_ld, const int32_t *rows, int64_t count, int64_t width) {
  INSIDE(memory->copy_rows(device, to, to_ld, from, from_ld, rows, count, width));
}

static size_t find_nonfinite(const lati_device *device, const float *x, size_t count) {
  enter();
  const size_t place = guard.real->memory->find_nonfinite(device, x, count);
  leave();
  return place;
}

static const lati_memory guarded_memory = {.allocate = allocate,
                                           .release = release,
                                           .read = read_numbers,
                                           .write = write_numbers,
                                           .map = map,
                                           .unmap = unmap,
                                           .copy = copy,
                                           .fill = fill,
                                           .swap = swap,
                                           .copy_rows = copy_rows,
                                           .find_nonfinite = find_nonfinite};

/* Updates. */

static double sum_of_squares(const lati_device *device, const float *x, int64_t count,
                             double *partials) {
  enter();
  const double sum = guard.real->update->sum_of_squares(device, x, count, partials);
  leave();
  return sum;
}

static double sum_of_partials(const lati_device *device, const double *partials, int64_t count) {
  enter();
  const double sum = guard.real->update->sum_of_partials(device, partials, count);
  leave();
  return sum;
}

static void adam(const lati_device *device, float *p, float *g, float *m, float *v,
                 const lati_stretch *stretches, int32_t count, const lati_adam *how) {
  INSIDE(update->adam(device, p, g, m, v, stretches, count, how));
}

static void average(const lati_device *device, float *to, const float *x, int64_t count,
                    double keep) {
  INSIDE(update->average(device, to, x, count, keep));
}

static void orthogonal_factors(const lati_device *device, const lati_orthogonal_update *update,
                               int32_t rank) {
  INSIDE(update->orthogonal_factors(device, update, rank));
}

static void orthogonal_update(const lati_device *device, const lati_orthogonal_update *update) {
  INSIDE(update->orthogonal_update(device, update));
}

/* Decoding. Where keys lie is found before the memory opens. */

static void keep(const lati_device *device, const lati_keeping *keeping) {
  INSIDE(decoding->keep(device, keeping));
}

typedef struct found_keys {
  const float **keys; /* (rows, most) */
  int64_t *counts, most;
} found_keys;

static int64_t tell_keys(const float **keys, const void *user, int64_t row) {
  const found_keys *found = user;
  memcpy((void *)keys, (const void *)(found->keys + row * found->most),
         (size_t)found->counts[row] * sizeof *keys);
  return found->counts[row];
}

static void attend(const lati_device *device, const lati_cached_attention *attention) {
  const size_t rows = (size_t)attention->rows;
  found_keys found = {.most = attention->most_keys};
  lati_cached_attention inside = *attention;
  found.keys = calloc(rows * (size_t)found.most, sizeof *found.keys);
  found.counts = calloc(rows, sizeof *found.counts);
  ck_assert(found.keys != NULL && found.counts != NULL);
  for (int64_t i = 0; i < attention->rows; ++i) {
    found.counts[i] = attention->find_keys(found.keys + i * found.most, attention->user, i);
    ck_assert_int_le(found.counts[i], found.most);
  }
  inside.find_keys = tell_keys;
  inside.user = &found;
  INSIDE(decoding->attend(device, &inside));
  free((void *)found.keys);
  free(found.counts);
}

static void mask(float *logits, lati_symbol_range span, const lati_allowed *allowed, int64_t rows) {
  INSIDE(decoding->mask(logits, span, allowed, rows));
}

static void choose_largest(const lati_device *device, int32_t *chosen, const float *logits,
                           lati_symbol_range span, const lati_allowed *allowed, int64_t rows) {
  INSIDE(decoding->choose_largest(device, chosen, logits, span, allowed, rows));
}

static void choose_factored(const lati_device *device, int32_t *chosen, double *losses,
                            const float *scores, const lati_factored_symbols *symbols,
                            const lati_allowed *allowed, int64_t rows) {
  INSIDE(decoding->choose_factored(device, chosen, losses, scores, symbols, allowed, rows));
}

static void choose_sample(const lati_device *device, int32_t *chosen, const float *logits,
                          lati_symbol_range span, const lati_allowed *allowed, int64_t rows,
                          double temperature, const double *uniforms) {
  INSIDE(
      decoding->choose_sample(device, chosen, logits, span, allowed, rows, temperature, uniforms));
}

static void choose_candidates(const lati_device *device, lati_candidate *candidates, int32_t count,
                              const float *logits, lati_symbol_range span, int64_t rows) {
  INSIDE(decoding->choose_candidates(device, candidates, count, logits, span, rows));
}

/* Passes. What plans and slices (packed_size, linear_slice, ..._scratch) stays outside. */

static void pack(const lati_device *device, void *packed, const float *weight, int32_t out,
                 int32_t in) {
  INSIDE(pack(device, packed, weight, out, in));
}

static void linear_forward(const lati_device *device, lati_rows y, const lati_linear *linear,
                           lati_rows x, int64_t tokens, lati_activation activation, lati_rows pre,
                           const float *residual) {
  INSIDE(linear_forward(device, y, linear, x, tokens, activation, pre, residual));
}

static void linear_backward_input(const lati_device *device, lati_rows d_x,
                                  const lati_linear *linear, lati_rows d_y, int64_t tokens,
                                  int accumulate, const lati_slope *slope) {
  INSIDE(linear_backward_input(device, d_x, linear, d_y, tokens, accumulate, slope));
}

static void linear_backward_weight(const lati_device *device, float *d_weight, float *d_bias,
                                   lati_rows d_y, lati_rows x, int64_t tokens, int32_t out,
                                   int32_t in, void *scratch) {
  INSIDE(linear_backward_weight(device, d_weight, d_bias, d_y, x, tokens, out, in, scratch));
}

static void shorten(const lati_device *device, lati_rows y, const float *x, int64_t tokens,
                    int32_t width) {
  INSIDE(shorten(device, y, x, tokens, width));
}

static void layernorm_forward(const lati_device *device, float *y, lati_rows shortened, float *mean,
                              float *rstd, const float *x, const float *gamma, const float *beta,
                              int64_t tokens, int32_t width) {
  INSIDE(layernorm_forward(device, y, shortened, mean, rstd, x, gamma, beta, tokens, width));
}

static void layernorm_backward(const lati_device *device, float *d_x, lati_rows shortened,
                               float *d_gamma, float *d_beta, const float *d_y, const float *x,
                               const float *mean, const float *rstd, const float *gamma,
                               int64_t tokens, int32_t width, int accumulate, float *scratch) {
  INSIDE(layernorm_backward(device, d_x, shortened, d_gamma, d_beta, d_y, x, mean, rstd, gamma,
                            tokens, width, accumulate, scratch));
}

static void attention_forward(const lati_device *device, lati_rows o, float *lse, lati_rows q,
                              lati_rows k, lati_rows v, const lati_attention *shape,
                              void *scratch) {
  INSIDE(attention_forward(device, o, lse, q, k, v, shape, scratch));
}

static void attention_backward(const lati_device *device, lati_rows d_q, lati_rows d_k,
                               lati_rows d_v, lati_rows d_o, lati_rows o, const float *lse,
                               lati_rows q, lati_rows k, lati_rows v, const lati_attention *shape,
                               void *scratch) {
  INSIDE(attention_backward(device, d_q, d_k, d_v, d_o, o, lse, q, k, v, shape, scratch));
}

static void embedding_forward(const lati_device *device, float *x, const float *table,
                              const int32_t *ids, int64_t tokens, int32_t width, int accumulate) {
  INSIDE(embedding_forward(device, x, table, ids, tokens, width, accumulate));
}

static void embedding_backward(const lati_device *device, float *d_table, const float *d_x,
                               const int32_t *ids, int64_t tokens, int32_t width) {
  INSIDE(embedding_backward(device, d_table, d_x, ids, tokens, width));
}

static void cross_entropy(const lati_device *device, double *loss, uint8_t *correct,
                          lati_rows d_logits, float *logits, const int32_t *targets, int64_t tokens,
                          int32_t vocabulary, const lati_spread *spread) {
  INSIDE(
      cross_entropy(device, loss, correct, d_logits, logits, targets, tokens, vocabulary, spread));
}

static void factored_cross_entropy(const lati_device *device, double *loss, uint8_t *correct,
                                   lati_rows d_scores, float *scores, const int32_t *targets,
                                   int64_t tokens, const lati_factored_symbols *symbols,
                                   const lati_spread *spread) {
  INSIDE(factored_cross_entropy(device, loss, correct, d_scores, scores, targets, tokens, symbols,
                                spread));
}

static void factored_logits(const lati_device *device, float *logits, const float *scores,
                            int64_t tokens, const lati_factored_symbols *symbols, int32_t first,
                            int32_t end) {
  INSIDE(factored_logits(device, logits, scores, tokens, symbols, first, end));
}

static void dropout(const lati_device *device, float *y, const float *x, const float *residual,
                    int32_t width, const lati_dropout *how) {
  INSIDE(dropout(device, y, x, residual, width, how));
}

static void glu_forward(const lati_device *device, lati_rows y, lati_rows x, int64_t tokens,
                        int32_t width, lati_activation activation) {
  INSIDE(glu_forward(device, y, x, tokens, width, activation));
}

static void glu_backward(const lati_device *device, lati_rows d_x, lati_rows d_y, lati_rows x,
                         int64_t tokens, int32_t width, lati_activation activation) {
  INSIDE(glu_backward(device, d_x, d_y, x, tokens, width, activation));
}

static void hashed_forward(const lati_device *device, float *y, const lati_hash *hash, lati_rows x,
                           int64_t tokens, const float *residual) {
  INSIDE(hashed_forward(device, y, hash, x, tokens, residual));
}

static void hashed_backward(const lati_device *device, float *d_x, float *d_tables,
                            const lati_hash *hash, lati_rows d_y, lati_rows x, int64_t tokens,
                            int accumulate, float *scratch) {
  INSIDE(hashed_backward(device, d_x, d_tables, hash, d_y, x, tokens, accumulate, scratch));
}

static void gate_forward(const lati_device *device, float *y, float *gate, const float *h,
                         const float *x, int64_t count) {
  INSIDE(gate_forward(device, y, gate, h, x, count));
}

static void gate_backward(const lati_device *device, float *d_y, float *d_x, float *d_gate,
                          const float *gate, const float *h, const float *x, int64_t count) {
  INSIDE(gate_backward(device, d_y, d_x, d_gate, gate, h, x, count));
}

static void cell_forward(const lati_device *device, const lati_cell *cell, float *y,
                         const float *residual, float *h, float *c, const float *from_h) {
  INSIDE(cell_forward(device, cell, y, residual, h, c, from_h));
}

static void cell_backward(const lati_device *device, const lati_cell *cell, float *d_gates,
                          float *d_from, float *d_step, float *d_h, float *d_c, lati_rows d_y) {
  INSIDE(cell_backward(device, cell, d_gates, d_from, d_step, d_h, d_c, d_y));
}

static void add(const lati_device *device, float *y, const float *x, int64_t count) {
  INSIDE(add(device, y, x, count));
}

const lati_backend *guarded_device_open(const lati_backend *operations) {
  static lati_backend guarded;
  static lati_update guarded_update;
  static lati_decoding guarded_decoding;
  guard.real = operations;
  guard.used = 0;
  guard.blocks = guard.running = 0;
  guard.region =
      mmap(NULL, ROOM + STRETCH, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ck_assert(guard.region != MAP_FAILED);
  guard.base = guard.region + STRETCH - (uintptr_t)guard.region % STRETCH;
  (void)madvise(guard.base, ROOM, MADV_HUGEPAGE); /* as far as there are any */
  guarded = *operations; /* what is not listed here cannot touch the memory */
  guarded_update = *operations->update;
  guarded.memory = &guarded_memory;
  guarded.update = &guarded_update;
  guarded_decoding = *operations->decoding;
  guarded.decoding = &guarded_decoding;
  guarded_decoding.keep = keep;
  guarded_decoding.attend = attend;
  guarded_decoding.mask = mask;
  guarded_decoding.choose_largest = choose_largest;
  guarded_decoding.choose_factored = choose_factored;
  guarded_decoding.choose_sample = choose_sample;
  guarded_decoding.choose_candidates = choose_candidates;
  guarded_update.sum_of_squares = sum_of_squares;
  guarded_update.sum_of_partials = sum_of_partials;
  guarded_update.adam = adam;
  guarded_update.average = average;
  guarded_update.orthogonal_factors = orthogonal_factors;
  guarded_update.orthogonal_update = orthogonal_update;
  guarded.pack = pack;
  guarded.linear_forward = linear_forward;
  guarded.linear_backward_input = linear_backward_input;
  guarded.linear_backward_weight = linear_backward_weight;
  guarded.shorten = shorten;
  guarded.layernorm_forward = layernorm_forward;
  guarded.layernorm_backward = layernorm_backward;
  guarded.attention_forward = attention_forward;
  guarded.attention_backward = attention_backward;
  guarded.embedding_forward = embedding_forward;
  guarded.embedding_backward = embedding_backward;
  guarded.cross_entropy = cross_entropy;
  guarded.factored_cross_entropy = factored_cross_entropy;
  guarded.factored_logits = factored_logits;
  guarded.dropout = dropout;
  guarded.glu_forward = glu_forward;
  guarded.glu_backward = glu_backward;
  guarded.hashed_forward = hashed_forward;
  guarded.hashed_backward = hashed_backward;
  guarded.gate_forward = gate_forward;
  guarded.gate_backward = gate_backward;
  guarded.cell_forward = cell_forward;
  guarded.cell_backward = cell_backward;
  guarded.add = add;
  return &guarded;
}

size_t guarded_device_close(void) {
  const size_t used = guard.used;
  ck_assert_int_eq(guard.running, 0);
  ck_assert_int_eq(guard.blocks, 0);
  ck_assert_int_eq(munmap(guard.region, ROOM + STRETCH), 0);
  return used;
}
