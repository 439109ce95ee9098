/* Every backward operation against central differences of the slow twin's forward operation; the
 * loss is a weighted sum of the outputs. Both tables' gradients are checked. */
#include "gradient_check.h"
#include "naive/naive.h"
#include "unit/compute/compute_fixture.h"

#include <math.h>

static const lati_backend *const tables[] = {&lati_backend_f32, &lati_backend_naive};
enum { TABLES = 2 };

static double weighted_sum(const float *y, const float *weights, int64_t count) {
  double sum = 0.0;
  for (int64_t i = 0; i < count; ++i) {
    sum += (double)y[i] * (double)weights[i];
  }
  return sum;
}

static void release(void *const *blocks, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    lati_free(blocks[i]);
  }
}
#define RELEASE(...)                                                                               \
  release((void *const[]){__VA_ARGS__}, sizeof(void *const[]){__VA_ARGS__} / sizeof(void *))

/* y = h V^T of h = activation(x W^T + b): the activation's slope is met on the way back from y. */
typedef struct linear_case {
  fixture f;
  float *x, *weight, *bias, *pre, *hidden, *second, *y, *weights;
  lati_linear first, last;
  int32_t tokens;
  lati_activation activation;
} linear_case;

static void linear_forward(linear_case *c) {
  const lati_rows hidden = lati_floats(c->hidden, c->first.out), none = {0};
  lati_backend_naive.linear_forward(&c->f.device, hidden, &c->first, lati_floats(c->x, c->first.in),
                                    c->tokens, c->activation, lati_floats(c->pre, c->first.out),
                                    NULL);
  lati_backend_naive.linear_forward(&c->f.device, lati_floats(c->y, c->last.out), &c->last, hidden,
                                    c->tokens, LATI_IDENTITY, none, NULL);
}

static double linear_loss(void *argument) {
  linear_case *c = argument;
  linear_forward(c);
  return weighted_sum(c->y, c->weights, (int64_t)c->tokens * c->last.out);
}

static void open_linear(linear_case *c, lati_activation activation) {
  enum { TOKENS = 7, IN = 5, HIDDEN = 11, OUT = 6 };
  fixture_open(&c->f, 2);
  c->tokens = TOKENS;
  c->activation = activation;
  c->x = fixture_random(&c->f, TOKENS * IN);
  c->weight = fixture_random(&c->f, HIDDEN * IN);
  c->bias = fixture_random(&c->f, HIDDEN);
  c->second = fixture_random(&c->f, OUT * HIDDEN);
  c->pre = NEW(&c->f, float, TOKENS *HIDDEN);
  c->hidden = NEW(&c->f, float, TOKENS *HIDDEN);
  c->y = NEW(&c->f, float, TOKENS *OUT);
  c->weights = fixture_random(&c->f, TOKENS * OUT);
  c->first = (lati_linear){.weight = c->weight, .bias = c->bias, .in = IN, .out = HIDDEN};
  c->last = (lati_linear){.weight = c->second, .in = HIDDEN, .out = OUT};
}

typedef struct linear_gradient {
  float *x, *weight, *bias, *hidden, *second;
} linear_gradient;

static linear_gradient open_gradient(linear_case *c) {
  const int64_t in = c->first.in, hidden = c->first.out, out = c->last.out;
  return (linear_gradient){.x = NEW(&c->f, float, c->tokens *in),
                           .weight = NEW(&c->f, float, hidden *in),
                           .bias = NEW(&c->f, float, hidden),
                           .hidden = NEW(&c->f, float, c->tokens *hidden),
                           .second = NEW(&c->f, float, out *hidden)};
}

/* RELU's slope is told from its result, GELU's from its argument. */
static void linear_backward(linear_case *c, const linear_gradient *d, const lati_backend *backend) {
  const lati_rows d_y = lati_floats(c->weights, c->last.out);
  const lati_rows d_hidden = lati_floats(d->hidden, c->first.out);
  const lati_rows hidden = lati_floats(c->hidden, c->first.out), x = lati_floats(c->x, c->first.in);
  const lati_rows pre = lati_floats(c->pre, c->first.out);
  const lati_slope slope = {c->activation, c->activation == LATI_RELU ? hidden : pre};
  backend->linear_backward_weight(&c->f.device, d->second, NULL, d_y, hidden, c->tokens,
                                  c->last.out, c->last.in, NULL);
  backend->linear_backward_input(&c->f.device, d_hidden, &c->last, d_y, c->tokens, 0,
                                 c->activation != LATI_IDENTITY ? &slope : NULL);
  backend->linear_backward_weight(&c->f.device, d->weight, d->bias, d_hidden, x, c->tokens,
                                  c->first.out, c->first.in, NULL);
  backend->linear_backward_input(&c->f.device, lati_floats(d->x, c->first.in), &c->first, d_hidden,
                                 c->tokens, 0, NULL);
}

static void check_linear(linear_case *c, const lati_backend *backend) {
  const linear_gradient d = open_gradient(c);
  linear_forward(c);
  linear_backward(c, &d, backend);
  const struct {
    float *parameters, *analytic;
    int64_t count;
    const char *what;
  } parts[] = {{c->x, d.x, (int64_t)c->tokens * c->first.in, "d_x"},
               {c->weight, d.weight, (int64_t)c->first.out * c->first.in, "d_weight"},
               {c->bias, d.bias, c->first.out, "d_bias"},
               {c->second, d.second, (int64_t)c->last.out * c->last.in, "second d_weight"}};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; ++i) {
    /* A step as small as f32 bears: ReLU's kinks are then rarely within it. */
    const gradient_check check = {linear_loss, c,  parts[i].parameters, parts[i].count, 0,
                                  1e-3,        0.0};
    assert_gradient(&check, parts[i].analytic, parts[i].what);
  }
  RELEASE(d.x, d.weight, d.bias, d.hidden, d.second);
}

START_TEST(linear_and_activation) {
  for (int activation = LATI_IDENTITY; activation <= LATI_GELU; ++activation) {
    linear_case c;
    open_linear(&c, (lati_activation)activation);
    for (int i = 0; i < TABLES; ++i) {
      check_linear(&c, tables[i]);
    }
    RELEASE(c.x, c.weight, c.bias, c.pre, c.hidden, c.second, c.y, c.weights);
    fixture_close(&c.f);
  }
}
END_TEST

typedef struct norm_case {
  fixture f;
  float *x, *gamma, *beta, *y, *mean, *rstd, *weights;
  int32_t tokens, width;
} norm_case;

static double norm_loss(void *argument) {
  norm_case *c = argument;
  lati_backend_naive.layernorm_forward(&c->f.device, c->y, (lati_rows){0}, c->mean, c->rstd, c->x,
                                       c->gamma, c->beta, c->tokens, c->width);
  return weighted_sum(c->y, c->weights, (int64_t)c->tokens * c->width);
}

static void check_norm(norm_case *c, const lati_backend *backend) {
  const int64_t count = (int64_t)c->tokens * c->width;
  float *d_x = NEW(&c->f, float, count), *d_gamma = NEW(&c->f, float, c->width);
  float *d_beta = NEW(&c->f, float, c->width);
  float *sums = NEW(&c->f, float, 2 * LATI_NORM_GROUPS * c->width);
  norm_loss(c);
  backend->layernorm_backward(&c->f.device, d_x, (lati_rows){0}, d_gamma, d_beta, c->weights, c->x,
                              c->mean, c->rstd, c->gamma, c->tokens, c->width, 0, sums);
  gradient_check check = {norm_loss, c, c->x, count, 0, 2e-3, 0.0};
  assert_gradient(&check, d_x, "d_x");
  check.parameters = c->gamma;
  check.count = c->width;
  assert_gradient(&check, d_gamma, "d_gamma");
  check.parameters = c->beta;
  assert_gradient(&check, d_beta, "d_beta");
  RELEASE(d_x, d_gamma, d_beta, sums);
}

START_TEST(layernorm) {
  norm_case c = {.tokens = 6, .width = 13};
  fixture_open(&c.f, 2);
  c.x = fixture_random(&c.f, c.tokens * c.width);
  c.gamma = fixture_random(&c.f, c.width);
  c.beta = fixture_random(&c.f, c.width);
  c.weights = fixture_random(&c.f, c.tokens * c.width);
  c.y = NEW(&c.f, float, c.tokens *c.width);
  c.mean = NEW(&c.f, float, c.tokens);
  c.rstd = NEW(&c.f, float, c.tokens);
  for (int i = 0; i < TABLES; ++i) {
    check_norm(&c, tables[i]);
  }
  RELEASE(c.x, c.gamma, c.beta, c.y, c.mean, c.rstd, c.weights);
  fixture_close(&c.f);
}
END_TEST

enum { QUERIES = 9, KEYS = 11 };
static const int64_t q_offsets[] = {0, 3, QUERIES}, k_offsets[] = {0, 5, KEYS};

typedef struct attention_case {
  fixture f;
  lati_rows q, k, v, o;
  float *lse, *weights;
  lati_attention shape;
} attention_case;

static double attention_loss(void *argument) {
  attention_case *c = argument;
  lati_backend_naive.attention_forward(&c->f.device, c->o, c->lse, c->q, c->k, c->v, &c->shape,
                                       NULL);
  return weighted_sum(c->o.data, c->weights, QUERIES * c->o.ld);
}

static void open_attention(attention_case *c, int causal) {
  fixture_open(&c->f, 2);
  const int64_t *keys = causal ? q_offsets : k_offsets;
  c->shape = (lati_attention){q_offsets, keys, 2, 2, 5, causal, NULL};
  const int64_t width = 10;
  c->q = lati_floats(fixture_random(&c->f, QUERIES * width), width);
  c->k = lati_floats(fixture_random(&c->f, KEYS * width), width);
  c->v = lati_floats(fixture_random(&c->f, KEYS * width), width);
  c->o = lati_floats(NEW(&c->f, float, QUERIES *width), width);
  c->lse = NEW(&c->f, float, QUERIES * 2);
  c->weights = fixture_random(&c->f, QUERIES * width);
}

static void check_attention(attention_case *c, const lati_backend *backend) {
  const int64_t width = c->q.ld;
  lati_rows d_q = lati_floats(NEW(&c->f, float, QUERIES *width), width);
  lati_rows d_k = lati_floats(NEW(&c->f, float, KEYS *width), width);
  lati_rows d_v = lati_floats(NEW(&c->f, float, KEYS *width), width);
  const size_t bytes = backend->attention_scratch(QUERIES, c->shape.head_width);
  void *scratch = fixture_scratch(&c->f, (size_t)lati_pool_size(c->f.device.pool) * bytes);
  attention_loss(c);
  backend->attention_backward(&c->f.device, d_q, d_k, d_v, lati_floats(c->weights, width), c->o,
                              c->lse, c->q, c->k, c->v, &c->shape, scratch);
  gradient_check check = {attention_loss, c, c->q.data, QUERIES * width, 0, 0.0, 0.0};
  assert_gradient(&check, d_q.data, "d_q");
  check.count = c->shape.k_offsets[2] * width;
  check.parameters = c->k.data;
  assert_gradient(&check, d_k.data, "d_k");
  check.parameters = c->v.data;
  assert_gradient(&check, d_v.data, "d_v");
  RELEASE(d_q.data, d_k.data, d_v.data, scratch);
}

START_TEST(attention) {
  for (int causal = 0; causal < 2; ++causal) {
    attention_case c;
    open_attention(&c, causal);
    for (int i = 0; i < TABLES; ++i) {
      check_attention(&c, tables[i]);
    }
    RELEASE(c.q.data, c.k.data, c.v.data, c.o.data, c.lse, c.weights);
    fixture_close(&c.f);
  }
}
END_TEST

enum { TOKENS = 12, SYMBOLS = 7, WIDTH = 5 };

typedef struct embedding_case {
  fixture f;
  float *table, *x, *weights;
  int32_t *ids;
} embedding_case;

static double embedding_loss(void *argument) {
  embedding_case *c = argument;
  lati_backend_naive.embedding_forward(&c->f.device, c->x, c->table, c->ids, TOKENS, WIDTH, 0);
  return weighted_sum(c->x, c->weights, TOKENS * WIDTH);
}

START_TEST(embedding) {
  embedding_case c;
  fixture_open(&c.f, 2);
  c.table = fixture_random(&c.f, SYMBOLS * WIDTH);
  c.x = NEW(&c.f, float, TOKENS *WIDTH);
  c.weights = fixture_random(&c.f, TOKENS * WIDTH);
  c.ids = fixture_integers(&c.f, TOKENS, -1, SYMBOLS);
  for (int i = 0; i < TABLES; ++i) {
    float *d_table = NEW(&c.f, float, SYMBOLS *WIDTH);
    tables[i]->embedding_backward(&c.f.device, d_table, c.weights, c.ids, TOKENS, WIDTH);
    const gradient_check check = {embedding_loss, &c, c.table, SYMBOLS * WIDTH, 0, 0.0, 0.0};
    assert_gradient(&check, d_table, "d_table");
    lati_free(d_table);
  }
  RELEASE(c.table, c.x, c.weights, c.ids);
  fixture_close(&c.f);
}
END_TEST

typedef struct symbol_case {
  fixture f;
  float *logits;
  int32_t *targets;
  const lati_spread *spread;
} symbol_case;

static double symbol_loss(void *argument) {
  symbol_case *c = argument;
  double loss[TOKENS], sum = 0.0;
  uint8_t correct[TOKENS];
  lati_backend_naive.cross_entropy(&c->f.device, loss, correct, (lati_rows){0}, c->logits,
                                   c->targets, TOKENS, SYMBOLS, c->spread);
  for (int i = 0; i < TOKENS; ++i) {
    sum += loss[i];
  }
  return sum;
}

/* Plain targets, then targets over neighbours: all symbols, or each alone. */
static void check_cross_entropy(int spreads) {
  symbol_case c;
  int32_t first[SYMBOLS], end[SYMBOLS];
  for (int32_t i = 0; i < SYMBOLS; ++i) {
    first[i] = i % 3 == 0 ? i : 0;
    end[i] = i % 3 == 0 ? i + 1 : SYMBOLS;
  }
  const lati_spread spread = {first, end, 0.8};
  c.spread = spreads ? &spread : NULL;
  fixture_open(&c.f, 2);
  c.logits = fixture_random(&c.f, TOKENS * SYMBOLS);
  c.targets = fixture_integers(&c.f, TOKENS, 0, SYMBOLS);
  for (int i = 0; i < TABLES; ++i) {
    double loss[TOKENS];
    uint8_t correct[TOKENS];
    float *gradient = fixture_copy(&c.f, c.logits, TOKENS * SYMBOLS);
    tables[i]->cross_entropy(&c.f.device, loss, correct, lati_floats(gradient, SYMBOLS), gradient,
                             c.targets, TOKENS, SYMBOLS, c.spread);
    const gradient_check check = {symbol_loss, &c, c.logits, TOKENS * SYMBOLS, 0, 0.0, 0.0};
    assert_gradient(&check, gradient, "d_logits");
    lati_free(gradient);
  }
  RELEASE(c.logits, c.targets);
  fixture_close(&c.f);
}

START_TEST(cross_entropy) {
  check_cross_entropy(0);
}
END_TEST

START_TEST(cross_entropy_of_spread_targets) {
  check_cross_entropy(1);
}
END_TEST

typedef struct hashed_case {
  fixture f;
  float *x, *tables, *residual, *y, *weights;
  lati_hash hash;
} hashed_case;

enum { HASH_BITS = 3, HASH_WIDTH = 12, HASH_ROWS = HASH_WIDTH / HASH_BITS << HASH_BITS };

static double hashed_loss(void *argument) {
  hashed_case *c = argument;
  lati_backend_naive.hashed_forward(&c->f.device, c->y, &c->hash, lati_floats(c->x, HASH_WIDTH),
                                    TOKENS, c->residual);
  return weighted_sum(c->y, c->weights, TOKENS * HASH_WIDTH);
}

/* Where the gradient of x is added to, as it is where that of y lies. */
static void check_hashed_in_place(hashed_case *c, const lati_backend *backend, const float *d_x) {
  enum { COUNT = TOKENS * HASH_WIDTH };
  float *d = fixture_copy(&c->f, c->weights, COUNT), *scratch = NEW(&c->f, float, COUNT);
  float *d_tables = NEW(&c->f, float, HASH_ROWS *HASH_WIDTH);
  backend->hashed_backward(&c->f.device, d, d_tables, &c->hash, lati_floats(d, HASH_WIDTH),
                           lati_floats(c->x, HASH_WIDTH), TOKENS, 1, scratch);
  for (int i = 0; i < COUNT; ++i) {
    ck_assert_double_eq_tol((double)d[i], (double)c->weights[i] + (double)d_x[i], 1e-5);
  }
  RELEASE(d, scratch, d_tables);
}

/* y leaps where a value of x changes its sign: all are far from 0. */
START_TEST(hashed) {
  enum { COUNT = TOKENS * HASH_WIDTH };
  hashed_case c;
  fixture_open(&c.f, 2);
  c.x = fixture_random(&c.f, COUNT);
  for (int i = 0; i < COUNT; ++i) {
    c.x[i] += c.x[i] > 0.0F ? 0.1F : -0.1F;
  }
  c.tables = fixture_random(&c.f, HASH_ROWS * HASH_WIDTH);
  c.residual = fixture_random(&c.f, COUNT);
  c.weights = fixture_random(&c.f, COUNT);
  c.y = NEW(&c.f, float, COUNT);
  c.hash = (lati_hash){c.tables, HASH_WIDTH, HASH_BITS};
  for (int i = 0; i < TABLES; ++i) {
    float *d_tables = NEW(&c.f, float, HASH_ROWS *HASH_WIDTH), *d_x = NEW(&c.f, float, COUNT);
    float *scratch = NEW(&c.f, float, COUNT), *y = NEW(&c.f, float, COUNT);
    hashed_loss(&c);
    tables[i]->hashed_forward(&c.f.device, y, &c.hash, lati_floats(c.x, HASH_WIDTH), TOKENS,
                              c.residual);
    assert_close(y, c.y, COUNT, 1e-6, "y");
    tables[i]->hashed_backward(&c.f.device, d_x, d_tables, &c.hash,
                               lati_floats(c.weights, HASH_WIDTH), lati_floats(c.x, HASH_WIDTH),
                               TOKENS, 0, scratch);
    const gradient_check of_tables = {hashed_loss, &c,  c.tables, HASH_ROWS * HASH_WIDTH,
                                      0,           0.0, 0.0};
    assert_gradient(&of_tables, d_tables, "d_tables");
    const gradient_check of_x = {hashed_loss, &c, c.x, COUNT, 0, 0.0, 0.0};
    assert_gradient(&of_x, d_x, "d_x");
    check_hashed_in_place(&c, tables[i], d_x);
    RELEASE(d_tables, d_x, scratch, y);
  }
  RELEASE(c.x, c.tables, c.residual, c.weights, c.y);
  fixture_close(&c.f);
}
END_TEST

int main(void) {
  const TTest *tests[] = {
      linear_and_activation,           layernorm, attention, embedding, cross_entropy,
      cross_entropy_of_spread_targets, hashed};
  return run_suite("gradient_ops", tests, sizeof tests / sizeof *tests);
}
