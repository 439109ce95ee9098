/* Every backward operation against central differences of the slow twin's forward operation; the
 * loss is a weighted sum of the outputs. Both tables' gradients are checked. */
#include "gradient_check.h"
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

typedef struct linear_case {
  fixture f;
  float *x, *weight, *bias, *y, *pre, *weights;
  int32_t tokens, out, in;
  lati_activation activation;
} linear_case;

static void linear_forward(linear_case *c) {
  const lati_linear linear = {.weight = c->weight, .bias = c->bias, .in = c->in, .out = c->out};
  lati_backend_naive.linear_forward(c->f.pool, (lati_rows){c->y, c->out}, &linear,
                                    (lati_rows){c->x, c->in}, c->tokens, c->activation, c->pre,
                                    NULL);
}

static double linear_loss(void *argument) {
  linear_case *c = argument;
  linear_forward(c);
  return weighted_sum(c->y, c->weights, (int64_t)c->tokens * c->out);
}

static void open_linear(linear_case *c, lati_activation activation) {
  fixture_open(&c->f, 2);
  c->tokens = 7;
  c->out = 11;
  c->in = 5;
  c->activation = activation;
  c->x = fixture_random(&c->f, c->tokens * c->in);
  c->weight = fixture_random(&c->f, c->out * c->in);
  c->bias = fixture_random(&c->f, c->out);
  c->y = NEW(&c->f, float, c->tokens * c->out);
  c->pre = NEW(&c->f, float, c->tokens * c->out);
  c->weights = fixture_random(&c->f, c->tokens * c->out);
}

static void check_linear(linear_case *c, const lati_backend *backend) {
  const int64_t y_count = (int64_t)c->tokens * c->out, x_count = (int64_t)c->tokens * c->in;
  const lati_linear linear = {.weight = c->weight, .bias = c->bias, .in = c->in, .out = c->out};
  float *d_y = fixture_copy(&c->f, c->weights, y_count), *d_x = NEW(&c->f, float, x_count);
  float *d_weight = NEW(&c->f, float, c->out * c->in), *d_bias = NEW(&c->f, float, c->out);
  linear_forward(c);
  backend->activation_backward(c->f.pool, d_y, c->y, c->pre, y_count, c->activation);
  backend->linear_backward_input(c->f.pool, (lati_rows){d_x, c->in}, &linear,
                                 (lati_rows){d_y, c->out}, c->tokens, 0);
  backend->linear_backward_weight(c->f.pool, d_weight, d_bias, (lati_rows){d_y, c->out},
                                  (lati_rows){c->x, c->in}, c->tokens, c->out, c->in, NULL);
  /* A step as small as f32 bears: ReLU's kinks are then rarely within it. */
  gradient_check check = {linear_loss, c, c->x, x_count, 0, 1e-3, 0.0};
  assert_gradient(&check, d_x, "d_x");
  check.parameters = c->weight;
  check.count = (int64_t)c->out * c->in;
  assert_gradient(&check, d_weight, "d_weight");
  check.parameters = c->bias;
  check.count = c->out;
  assert_gradient(&check, d_bias, "d_bias");
  RELEASE(d_y, d_x, d_weight, d_bias);
}

START_TEST(linear_and_activation) {
  for (int activation = LATI_IDENTITY; activation <= LATI_GELU; ++activation) {
    linear_case c;
    open_linear(&c, (lati_activation)activation);
    for (int i = 0; i < TABLES; ++i) {
      check_linear(&c, tables[i]);
    }
    RELEASE(c.x, c.weight, c.bias, c.y, c.pre, c.weights);
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
  lati_backend_naive.layernorm_forward(c->f.pool, c->y, c->mean, c->rstd, c->x, c->gamma, c->beta,
                                       c->tokens, c->width);
  return weighted_sum(c->y, c->weights, (int64_t)c->tokens * c->width);
}

static void check_norm(norm_case *c, const lati_backend *backend) {
  const int64_t count = (int64_t)c->tokens * c->width;
  float *d_x = NEW(&c->f, float, count), *d_gamma = NEW(&c->f, float, c->width);
  float *d_beta = NEW(&c->f, float, c->width);
  norm_loss(c);
  backend->layernorm_backward(c->f.pool, d_x, d_gamma, d_beta, c->weights, c->x, c->mean, c->rstd,
                              c->gamma, c->tokens, c->width, 0);
  gradient_check check = {norm_loss, c, c->x, count, 0, 2e-3, 0.0};
  assert_gradient(&check, d_x, "d_x");
  check.parameters = c->gamma;
  check.count = c->width;
  assert_gradient(&check, d_gamma, "d_gamma");
  check.parameters = c->beta;
  assert_gradient(&check, d_beta, "d_beta");
  RELEASE(d_x, d_gamma, d_beta);
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
  lati_backend_naive.attention_forward(c->f.pool, c->o, c->lse, c->q, c->k, c->v, &c->shape, NULL);
  return weighted_sum(c->o.data, c->weights, QUERIES * c->o.ld);
}

static void open_attention(attention_case *c, int causal) {
  fixture_open(&c->f, 2);
  const int64_t *keys = causal ? q_offsets : k_offsets;
  c->shape = (lati_attention){q_offsets, keys, 2, 2, 5, causal};
  const int64_t width = 10;
  c->q = (lati_rows){fixture_random(&c->f, QUERIES * width), width};
  c->k = (lati_rows){fixture_random(&c->f, KEYS * width), width};
  c->v = (lati_rows){fixture_random(&c->f, KEYS * width), width};
  c->o = (lati_rows){NEW(&c->f, float, QUERIES *width), width};
  c->lse = NEW(&c->f, float, QUERIES * 2);
  c->weights = fixture_random(&c->f, QUERIES * width);
}

static void check_attention(attention_case *c, const lati_backend *backend) {
  const int64_t width = c->q.ld;
  lati_rows d_q = {NEW(&c->f, float, QUERIES *width), width};
  lati_rows d_k = {NEW(&c->f, float, KEYS *width), width};
  lati_rows d_v = {NEW(&c->f, float, KEYS *width), width};
  void *scratch = fixture_new(&c->f, lati_pool_size(c->f.pool), backend->attention_scratch() + 1);
  attention_loss(c);
  backend->attention_backward(c->f.pool, d_q, d_k, d_v, (lati_rows){c->weights, width}, c->o,
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
  lati_backend_naive.embedding_forward(c->f.pool, c->x, c->table, c->ids, TOKENS, WIDTH, 0);
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
    tables[i]->embedding_backward(c.f.pool, d_table, c.weights, c.ids, TOKENS, WIDTH);
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
} symbol_case;

static double symbol_loss(void *argument) {
  symbol_case *c = argument;
  double loss[TOKENS], sum = 0.0;
  uint8_t correct[TOKENS];
  lati_backend_naive.cross_entropy(c->f.pool, loss, correct, c->logits, c->targets, TOKENS, SYMBOLS,
                                   0);
  for (int i = 0; i < TOKENS; ++i) {
    sum += loss[i];
  }
  return sum;
}

START_TEST(cross_entropy) {
  symbol_case c;
  fixture_open(&c.f, 2);
  c.logits = fixture_random(&c.f, TOKENS * SYMBOLS);
  c.targets = fixture_integers(&c.f, TOKENS, 0, SYMBOLS);
  for (int i = 0; i < TABLES; ++i) {
    double loss[TOKENS];
    uint8_t correct[TOKENS];
    float *gradient = fixture_copy(&c.f, c.logits, TOKENS * SYMBOLS);
    tables[i]->cross_entropy(c.f.pool, loss, correct, gradient, c.targets, TOKENS, SYMBOLS, 1);
    const gradient_check check = {symbol_loss, &c, c.logits, TOKENS * SYMBOLS, 0, 0.0, 0.0};
    assert_gradient(&check, gradient, "d_logits");
    lati_free(gradient);
  }
  RELEASE(c.logits, c.targets);
  fixture_close(&c.f);
}
END_TEST

int main(void) {
  const TTest *tests[] = {linear_and_activation, layernorm, attention, embedding, cross_entropy};
  return run_suite("gradient_ops", tests, sizeof tests / sizeof *tests);
}
