/* The slow twin: each operation as its equation, in double, on one thread. Rows are f32. */
#include "naive/naive.h"
#include "compute/dropout.h"
#include "compute/elementwise.h"
#include "compute/ops.h"
#include "compute/recurrent_cell.h"

#include <math.h>
#include <stdlib.h>

static size_t packed_size(int32_t out, int32_t in) {
  (void)out;
  (void)in;
  return 0;
}

static void pack(const lati_device *device, void *packed, const float *weight, int32_t out,
                 int32_t in) {
  (void)device;
  (void)packed;
  (void)weight;
  (void)out;
  (void)in;
}

static double normal_below(double x) {
  return 0.5 * erfc(-x * 0.70710678118654752);
}

static double activate(double x, lati_activation activation) {
  switch (activation) {
  case LATI_RELU:
    return x < 0.0 ? 0.0 : x;
  case LATI_GELU:
    return x * normal_below(x);
  default:
    return x;
  }
}

static void linear_forward(const lati_device *device, lati_rows y, const lati_linear *linear,
                           lati_rows x, int64_t tokens, lati_activation activation, lati_rows pre,
                           const float *residual) {
  (void)device;
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t i = 0; i < linear->out; ++i) {
      double sum = linear->bias != NULL ? (double)linear->bias[i] : 0.0;
      for (int64_t j = 0; j < linear->in; ++j) {
        sum += (double)x.data[t * x.ld + j] * (double)linear->weight[i * linear->in + j];
      }
      if (pre.data != NULL) {
        pre.data[t * pre.ld + i] = (float)sum;
      }
      sum = activate(sum, activation);
      sum += residual != NULL ? (double)residual[t * linear->out + i] : 0.0;
      y.data[t * y.ld + i] = (float)sum;
    }
  }
}

/* The activation's derivative from its result (RELU) or its argument (GELU). */
static double derivative(double at, lati_activation activation) {
  switch (activation) {
  case LATI_RELU:
    return at > 0.0;
  case LATI_GELU:
    return normal_below(at) + at * exp(-0.5 * at * at) * 0.39894228040143268;
  default:
    return 1.0;
  }
}

static void linear_backward_input(const lati_device *device, lati_rows d_x,
                                  const lati_linear *linear, lati_rows d_y, int64_t tokens,
                                  int accumulate, const lati_slope *slope) {
  (void)device;
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t j = 0; j < linear->in; ++j) {
      double sum = accumulate ? (double)d_x.data[t * d_x.ld + j] : 0.0;
      for (int64_t i = 0; i < linear->out; ++i) {
        sum += (double)d_y.data[t * d_y.ld + i] * (double)linear->weight[i * linear->in + j];
      }
      if (slope != NULL) {
        sum *= derivative((double)slope->of.data[t * slope->of.ld + j], slope->activation);
      }
      d_x.data[t * d_x.ld + j] = (float)sum;
    }
  }
}

static void linear_backward_weight(const lati_device *device, float *d_weight, float *d_bias,
                                   lati_rows d_y, lati_rows x, int64_t tokens, int32_t out,
                                   int32_t in, void *scratch) {
  (void)scratch;
  (void)device;
  for (int64_t i = 0; i < out; ++i) {
    for (int64_t j = 0; j < in; ++j) {
      double sum = (double)d_weight[i * in + j];
      for (int64_t t = 0; t < tokens; ++t) {
        sum += (double)d_y.data[t * d_y.ld + i] * (double)x.data[t * x.ld + j];
      }
      d_weight[i * in + j] = (float)sum;
    }
    double sum = 0.0;
    for (int64_t t = 0; t < tokens; ++t) {
      sum += (double)d_y.data[t * d_y.ld + i];
    }
    if (d_bias != NULL) {
      d_bias[i] = (float)((double)d_bias[i] + sum);
    }
  }
}

static void layernorm_forward(const lati_device *device, float *y, lati_rows shortened, float *mean,
                              float *rstd, const float *x, const float *gamma, const float *beta,
                              int64_t tokens, int32_t width) {
  (void)device, (void)shortened;
  for (int64_t t = 0; t < tokens; ++t) {
    const float *row = x + t * width;
    double mu = 0.0, variance = 0.0;
    for (int64_t i = 0; i < width && beta != NULL; ++i) {
      mu += (double)row[i] / width;
    }
    for (int64_t i = 0; i < width; ++i) {
      variance += ((double)row[i] - mu) * ((double)row[i] - mu) / width;
    }
    double inverse = 1.0 / sqrt(variance + 1e-12);
    for (int64_t i = 0; i < width; ++i) {
      y[t * width + i] = (float)(((double)row[i] - mu) * inverse * (double)gamma[i] +
                                 (beta != NULL ? (double)beta[i] : 0.0));
    }
    mean[t] = (float)mu;
    rstd[t] = (float)inverse;
  }
}

/* One token: d_x = rstd (g - mean(g) - u mean(g u)), g = gamma d_y, u the normalised row; RMSNorm
 * (d_beta NULL) has no mean(g). */
static void layernorm_backward_token(float *d_x, float *d_gamma, float *d_beta, const float *d_y,
                                     const float *x, double mean, double rstd, const float *gamma,
                                     int32_t width, int accumulate) {
  double sum = 0.0, slope = 0.0;
  for (int64_t i = 0; i < width; ++i) {
    double unit = ((double)x[i] - mean) * rstd, g = (double)gamma[i] * (double)d_y[i];
    slope += g * unit / width;
    d_gamma[i] = (float)((double)d_gamma[i] + (double)d_y[i] * unit);
    if (d_beta != NULL) {
      sum += g / width;
      d_beta[i] = (float)((double)d_beta[i] + (double)d_y[i]);
    }
  }
  for (int64_t i = 0; i < width; ++i) {
    double unit = ((double)x[i] - mean) * rstd, g = (double)gamma[i] * (double)d_y[i];
    double old = accumulate ? (double)d_x[i] : 0.0;
    d_x[i] = (float)(old + rstd * (g - sum - unit * slope));
  }
}

static void layernorm_backward(const lati_device *device, float *d_x, lati_rows shortened,
                               float *d_gamma, float *d_beta, const float *d_y, const float *x,
                               const float *mean, const float *rstd, const float *gamma,
                               int64_t tokens, int32_t width, int accumulate, float *scratch) {
  (void)device, (void)shortened, (void)scratch;
  for (int64_t t = 0; t < tokens; ++t) {
    layernorm_backward_token(d_x + t * width, d_gamma, d_beta, d_y + t * width, x + t * width,
                             (double)mean[t], (double)rstd[t], gamma, width, accumulate);
  }
}

static void embedding_forward(const lati_device *device, float *x, const float *table,
                              const int32_t *ids, int64_t tokens, int32_t width, int accumulate) {
  (void)device;
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t i = 0; i < width; ++i) {
      float value = ids[t] < 0 ? 0.0F : table[(int64_t)ids[t] * width + i];
      x[t * width + i] = accumulate ? x[t * width + i] + value : value;
    }
  }
}

static void embedding_backward(const lati_device *device, float *d_table, const float *d_x,
                               const int32_t *ids, int64_t tokens, int32_t width) {
  (void)device;
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t i = 0; i < width && ids[t] >= 0; ++i) {
      d_table[(int64_t)ids[t] * width + i] += d_x[t * width + i];
    }
  }
}

/* The weight of a symbol in the target, a truncated normal distribution around it; one-hot without
 * a spread. */
static double naive_weight(const lati_spread *spread, int32_t target, int64_t symbol) {
  if (spread == NULL) {
    return symbol == target ? 1.0 : 0.0;
  }
  const double distance = (double)(symbol - target);
  if (symbol < spread->first[target] || symbol >= spread->end[target] ||
      fabs(distance) > ceil(LATI_SPREAD_REACH * spread->width)) {
    return 0.0;
  }
  return exp(-distance * distance / (2.0 * spread->width * spread->width));
}

static double sum_of_weights(const lati_spread *spread, int32_t target, int32_t vocabulary) {
  double sum = 0.0;
  for (int64_t symbol = 0; symbol < vocabulary; ++symbol) {
    sum += naive_weight(spread, target, symbol);
  }
  return sum;
}

static void cross_entropy(const lati_device *device, double *loss, uint8_t *correct,
                          lati_rows d_logits, float *logits, const int32_t *targets, int64_t tokens,
                          int32_t vocabulary, const lati_spread *spread) {
  (void)device;
  for (int64_t t = 0; t < tokens; ++t) {
    float *x = logits + t * vocabulary;
    double largest = -INFINITY, sum = 0.0, target = (double)x[targets[t]], wanted = 0.0;
    const double weights = sum_of_weights(spread, targets[t], vocabulary);
    for (int64_t i = 0; i < vocabulary; ++i) {
      largest = fmax(largest, (double)x[i]);
    }
    for (int64_t i = 0; i < vocabulary; ++i) {
      sum += exp((double)x[i] - largest);
      const double share = naive_weight(spread, targets[t], i) / weights;
      wanted += share > 0.0 ? share * (double)x[i] : 0.0;
    }
    loss[t] = log(sum) + largest - wanted;
    correct[t] = target == largest;
    for (int64_t i = 0; i < vocabulary && d_logits.data != NULL; ++i) {
      d_logits.data[t * d_logits.ld + i] = (float)(exp((double)x[i] - largest) / sum -
                                                   naive_weight(spread, targets[t], i) / weights);
    }
  }
}

static double naive_logit(const lati_factored_symbols *symbols, const float *x, int64_t s) {
  return (double)x[symbols->first[s]] +
         (symbols->second[s] >= 0 ? (double)x[symbols->second[s]] : 0.0);
}

static void factored_cross_entropy(const lati_device *device, double *loss, uint8_t *correct,
                                   lati_rows d_scores, float *scores, const int32_t *targets,
                                   int64_t tokens, const lati_factored_symbols *symbols,
                                   const lati_spread *spread) {
  (void)device;
  for (int64_t t = 0; t < tokens; ++t) {
    const float *x = scores + t * symbols->scores;
    double *whole = calloc((size_t)symbols->scores, sizeof *whole);
    if (whole == NULL) {
      abort();
    }
    double largest = -INFINITY, sum = 0.0, wanted = 0.0;
    const double weights = sum_of_weights(spread, targets[t], symbols->symbols);
    for (int64_t s = 0; s < symbols->symbols; ++s) {
      largest = fmax(largest, naive_logit(symbols, x, s));
    }
    for (int64_t s = 0; s < symbols->symbols; ++s) {
      sum += exp(naive_logit(symbols, x, s) - largest);
      wanted += naive_weight(spread, targets[t], s) / weights * naive_logit(symbols, x, s);
    }
    loss[t] = log(sum) + largest - wanted;
    correct[t] = naive_logit(symbols, x, targets[t]) == largest;
    for (int64_t s = 0; s < symbols->symbols && d_scores.data != NULL; ++s) {
      const double gradient = exp(naive_logit(symbols, x, s) - largest) / sum -
                              naive_weight(spread, targets[t], s) / weights;
      whole[symbols->first[s]] += gradient;
      if (symbols->second[s] >= 0) {
        whole[symbols->second[s]] += gradient;
      }
    }
    for (int32_t i = 0; i < symbols->scores && d_scores.data != NULL; ++i) {
      d_scores.data[t * d_scores.ld + i] = (float)whole[i];
    }
    free(whole);
  }
}

static void factored_logits(const lati_device *device, float *logits, const float *scores,
                            int64_t tokens, const lati_factored_symbols *symbols, int32_t first,
                            int32_t end) {
  (void)device;
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t s = first; s < end; ++s) {
      logits[t * (end - first) + s - first] =
          (float)naive_logit(symbols, scores + t * symbols->scores, s);
    }
  }
}

static void glu_forward(const lati_device *device, lati_rows y, lati_rows x, int64_t tokens,
                        int32_t width, lati_activation activation) {
  (void)device;
  for (int64_t t = 0; t < tokens; ++t) {
    const float *value = x.data + t * x.ld, *gate = value + width;
    for (int32_t j = 0; j < width; ++j) {
      y.data[t * y.ld + j] = (float)((double)value[j] * activate((double)gate[j], activation));
    }
  }
}

static void glu_backward(const lati_device *device, lati_rows d_x, lati_rows d_y, lati_rows x,
                         int64_t tokens, int32_t width, lati_activation activation) {
  (void)device;
  for (int64_t t = 0; t < tokens; ++t) {
    const float *value = x.data + t * x.ld, *gate = value + width;
    for (int32_t j = 0; j < width; ++j) {
      const double d = (double)d_y.data[t * d_y.ld + j];
      float *to = d_x.data + t * d_x.ld + j;
      to[0] = (float)(d * activate((double)gate[j], activation));
      to[width] = (float)(d * (double)value[j] * derivative((double)gate[j], activation));
    }
  }
}

static double sigma(double z) {
  return 1.0 / (1.0 + exp(-2.0 * fabs(z)));
}

/* p of chunk k of a token without value `but` (-1: all of them), and the row of its table. */
static double hashed_chunk(const lati_hash *hash, const float *x, int64_t k, int32_t but,
                           int64_t *row) {
  double p = 1.0;
  *row = k << hash->bits;
  for (int32_t i = 0; i < hash->bits; ++i) {
    const double z = (double)x[k * hash->bits + i];
    *row += z > 0.0 ? (int64_t)1 << i : 0;
    p *= i == but ? 1.0 : sigma(z);
  }
  return p;
}

static void hashed_forward(const lati_device *device, float *y, const lati_hash *hash, lati_rows x,
                           int64_t tokens, const float *residual) {
  (void)device;
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t j = 0; j < hash->width; ++j) {
      double sum = residual != NULL ? (double)residual[t * hash->width + j] : 0.0;
      for (int64_t k = 0; k < hash->width / hash->bits; ++k) {
        int64_t row = 0;
        const double p = hashed_chunk(hash, x.data + t * x.ld, k, -1, &row);
        sum += p * (double)hash->tables[row * hash->width + j];
      }
      y[t * hash->width + j] = (float)sum;
    }
  }
}

static void hashed_backward(const lati_device *device, float *d_x, float *d_tables,
                            const lati_hash *hash, lati_rows d_y, lati_rows x, int64_t tokens,
                            int accumulate, float *scratch) {
  const int64_t width = hash->width;
  (void)device;
  for (int64_t t = 0; t < tokens; ++t) {
    memcpy(scratch + t * width, d_y.data + t * d_y.ld, (size_t)width * sizeof *scratch);
  }
  for (int64_t t = 0; t < tokens; ++t) {
    for (int64_t at = 0; at < width; ++at) {
      int64_t row = 0;
      const int64_t k = at / hash->bits;
      const int32_t i = (int32_t)(at % hash->bits);
      const float *own = x.data + t * x.ld;
      const double rest = hashed_chunk(hash, own, k, i, &row), s = sigma((double)own[at]);
      double sum = 0.0;
      for (int64_t j = 0; j < width; ++j) {
        const double d = (double)scratch[t * width + j];
        sum += d * (double)hash->tables[row * width + j];
        d_tables[row * width + j] += i == 0 ? (float)(d * rest * s) : 0.0F;
      }
      const double slope = rest * 2.0 * s * (1.0 - s) * (own[at] > 0.0F ? 1.0 : -1.0);
      float *to = d_x + t * width + at;
      *to = (accumulate ? *to : 0.0F) + (float)(sum * slope);
    }
  }
}

static size_t attention_scratch(int64_t longest, int32_t head_width) {
  (void)longest, (void)head_width;
  return 0;
}

const lati_backend lati_backend_naive = {
    .name = "naive",
    .memory = &lati_host_memory,
    .update = &lati_host_update,
    .decoding = &lati_host_decoding,
    .packed_size = packed_size,
    .pack = pack,
    .linear_forward = linear_forward,
    .linear_slice = lati_linear_slice,
    .linear_backward_input = linear_backward_input,
    .weight_scratch = lati_linear_weight_scratch,
    .linear_backward_weight = linear_backward_weight,
    .shorten = lati_shorten,
    .layernorm_forward = layernorm_forward,
    .layernorm_backward = layernorm_backward,
    .attention_scratch = attention_scratch,
    .attention_forward = lati_naive_attention_forward,
    .attention_backward = lati_naive_attention_backward,
    .embedding_forward = embedding_forward,
    .embedding_backward = embedding_backward,
    .cross_entropy = cross_entropy,
    .factored_cross_entropy = factored_cross_entropy,
    .factored_logits = factored_logits,
    .glu_forward = glu_forward,
    .glu_backward = glu_backward,
    .hashed_forward = hashed_forward,
    .hashed_backward = hashed_backward,
    .dropout = lati_dropout_forward,
    .gate_forward = lati_gate_forward,
    .gate_backward = lati_gate_backward,
    .cell_forward = lati_cell_forward,
    .cell_backward = lati_cell_backward,
    .add = lati_add,
};
