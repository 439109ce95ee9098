/* Multiplication of digits ("Dissecting Multiplication in Transformers: Insights into LLMs", 2024):
 * a custom task in the encoding `digit`. Digit k of a product is t_k mod 10, where t_k = sum_(i + j
 * = k) a_i b_j + c_k and c_(k + 1) = t_k div 10: in reversed order it needs digits 0..k of the
 * problem alone.
 *
 *   multiply N M [forward|reversed [EXAMPLES [PARTIAL [SHORT]]]]
 *     N x M digits, trained on 20000 examples unless said; PARTIAL 1: the products of a with each
 *     digit of b stand before the total; SHORT: share of problems whose operands have fewer digits
 *   multiply                     what theory says
 */
#include "example.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 15, TESTS = 2000, BATCH = 100, UPDATE = 64 };

typedef struct multiplication {
  int32_t n, m;
  int reversed, partial; /* least significant digit first; rows of partial products */
  double shorter;        /* share of problems with fewer digits */
} multiplication;

static int32_t input_shape(int32_t *rows, int32_t *cols, lat_random *random, void *user) {
  const multiplication *p = user;
  (void)random;
  *rows = 2;
  *cols = p->n;
  return 0;
}

static int32_t output_shape(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                            const int32_t *input_cols, void *user) {
  const multiplication *p = user;
  *rows = p->partial ? p->m + 1 : 1;
  *cols = p->n + p->m;
  return *input_rows == 2 && *input_cols == p->n ? 0 : LAT_TASK_REJECT;
}

/* Place of digit k, from the least significant, in a row of `count`. */
static int32_t place(const multiplication *p, int32_t k, int32_t count) {
  return p->reversed ? k : count - 1 - k;
}

static int32_t draw(lat_matrix *input, lat_random *random, void *user) {
  const multiplication *p = user;
  const int shorter = lat_random_uniform(random) < p->shorter;
  for (int32_t row = 0; row < 2; ++row) {
    const int32_t most = row == 0 ? p->n : p->m;
    const int32_t digits = shorter ? lat_random_integer(random, 1, most) : most;
    for (int32_t k = 0; k < digits; ++k) {
      input->data[row * p->n + place(p, k, p->n)] = lat_random_integer(random, 0, 9);
    }
  }
  return 0;
}

/* Digits of a times the digits first..last of b. */
static void multiply_digits(double *out, const lat_matrix *input, const multiplication *p,
                            int32_t first, int32_t last) {
  int32_t carry = 0;
  for (int32_t k = 0; k < p->n + p->m; ++k) {
    for (int32_t j = first; j <= last; ++j) {
      if (k - j >= 0 && k - j < p->n) {
        carry +=
            (int32_t)(input->data[place(p, k - j, p->n)] * input->data[p->n + place(p, j, p->n)]);
      }
    }
    out[place(p, k, p->n + p->m)] = carry % 10;
    carry /= 10;
  }
}

static int32_t answer(lat_matrix *output, const lat_matrix *input, void *user) {
  const multiplication *p = user;
  for (int32_t j = 0; j < output->rows - 1; ++j) {
    multiply_digits(output->data + j * output->cols, input, p, j, j);
  }
  multiply_digits(output->data + (output->rows - 1) * output->cols, input, p, 0, p->m - 1);
  return 0;
}

/* Entropy of the units digit, and how often n x 1 is right where the carry into a digit comes from
 * its neighbour's product alone. */
static void show_theory(void) {
  int counts[10] = {0};
  double entropy = 0;
  for (int i = 0; i < 100; ++i) {
    counts[i / 10 * (i % 10) % 10] += 1;
  }
  for (int d = 0; d < 10; ++d) {
    entropy -= counts[d] / 100.0 * log(counts[d] / 100.0);
  }
  printf("units digit: entropy %.3f nats; without cascading carries, n x 1 right on", entropy);
  for (int n = 2, size = 100; n <= 5; ++n, size *= 10) {
    int right = 0;
    for (int i = 0; i < 10 * size; ++i) {
      const int a = i / 10, b = i % 10;
      int total = 0, below = 0;
      for (int k = 0, power = 1; k <= n; ++k, power *= 10) {
        const int product = a / power % 10 * b;
        total += (product + below) % 10 * power;
        below = product / 10;
      }
      right += total == a * b;
    }
    printf(" %.2f", 10.0 * right / size);
  }
  printf(" %% for n = 2..5\n");
}

static lat_status create(lat_task **task, lat_context *ctx, multiplication *p) {
  lat_task_functions f;
  lat_task_functions_init(&f);
  f.name = "multiply";
  f.letter = 'U';
  f.thread_safe = 1;
  f.input_shape = input_shape;
  f.output_shape = output_shape;
  f.draw = draw;
  f.answer = answer;
  f.operand_max_rows[0] = 2;
  f.operand_max_cols[0] = p->n;
  f.result_max_rows[0] = p->partial ? p->m + 1 : 1;
  f.result_max_cols[0] = p->n + p->m;
  return lat_task_create_custom(task, ctx, &f, p);
}

static lat_status train(lat_model **model, lat_context *ctx, lat_task *task, int64_t examples) {
  lat_status status = LAT_OK;
  lat_tokenizer *tokenizer = NULL;
  lat_trainer *trainer = NULL;
  lat_tokenizer_options digits;
  lat_model_options architecture;
  lat_optimizer_options rule;
  lat_trainer_options run;
  lat_tokenizer_options_init(&digits);
  digits.input_encoding = digits.output_encoding = "digit";
  lat_model_options_init(&architecture);
  architecture.encoder_width = architecture.decoder_width = 128;
  architecture.encoder_heads = architecture.decoder_heads = 4;
  architecture.encoder_layers = architecture.decoder_layers = 2;
  architecture.norm = LAT_NORM_PRE;
  architecture.activation = LAT_GELU;
  architecture.matrix_positions = 1;
  lat_optimizer_options_init(&rule);
  rule.rule = "muon";
  rule.learning_rate = 6e-3;
  rule.clip_norm = 1;
  rule.warmup = 100;
  rule.schedule = "cosine";
  rule.period = examples / UPDATE + 1;
  lat_trainer_options_init(&run);
  run.batch_size = UPDATE;
  run.max_examples = examples;
  run.progress = show_progress;
  TRY(lat_tokenizer_create(&tokenizer, ctx, &digits));
  TRY(lat_model_create(model, task, tokenizer, &architecture));
  TRY(lat_trainer_create(&trainer, *model, &rule, &run));
  TRY(lat_trainer_run(trainer));
done:
  lat_trainer_free(trainer);
  lat_tokenizer_free(tokenizer);
  return status;
}

/* Right products, and the right digits of each place, of fresh problems. */
static lat_status test(lat_model *model, const multiplication *p) {
  lat_status status = LAT_OK;
  lat_solver *solver = NULL;
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_sampler_options fresh;
  double decoded[(MOST + 1) * 2 * MOST];
  const int32_t rows = p->partial ? p->m + 1 : 1, cols = p->n + p->m, total = (rows - 1) * cols;
  int right = 0, digits[2 * MOST] = {0};
  lat_sampler_options_init(&fresh);
  fresh.stream = 2; /* which training never draws from */
  TRY(lat_solver_create(&solver, model, NULL));
  TRY(lat_sampler_create(&sampler, lat_model_task(model), lat_model_tokenizer(model), &fresh));
  TRY(lat_batch_create(&batch, lat_model_tokenizer(model)));
  for (int t = 0; t < TESTS; ++t) {
    lat_matrix input, exact, x = {decoded, rows, cols, cols, LAT_ROW_MAJOR};
    int wrong = 0;
    if (t % BATCH == 0) {
      TRY(lat_sampler_next(batch, sampler, BATCH));
    }
    TRY(lat_batch_matrix(&input, batch, LAT_INPUT, t % BATCH));
    TRY(lat_batch_matrix(&exact, batch, LAT_OUTPUT, t % BATCH));
    TRY(lat_solver_solve(&x, NULL, solver, &input));
    for (int32_t k = 0; k < cols; ++k) {
      const int32_t at = total + place(p, k, cols);
      digits[k] += decoded[at] == exact.data[at];
      wrong += decoded[at] != exact.data[at];
    }
    right += wrong == 0;
  }
  printf("%d x %d %s%s: %.2f %% right; digits from the units:", p->n, p->m,
         p->reversed ? "reversed" : "forward", p->partial ? ", partial products" : "",
         100.0 * right / TESTS);
  for (int32_t k = 0; k < cols; ++k) {
    printf(" %.2f", 100.0 * digits[k] / TESTS);
  }
  printf("\n");
done:
  lat_batch_free(batch);
  lat_sampler_free(sampler);
  lat_solver_free(solver);
  return status;
}

int main(int argc, char **argv) {
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  lat_task *task = NULL;
  lat_model *model = NULL;
  multiplication p = {argc > 2 ? atoi(argv[1]) : 1, argc > 2 ? atoi(argv[2]) : 1,
                      argc > 3 && strcmp(argv[3], "reversed") == 0, argc > 5 && atoi(argv[5]) != 0,
                      argc > 6 ? atof(argv[6]) : 0};
  if (p.m < 1 || p.n < p.m || p.n > MOST) {
    fprintf(stderr, "usage: multiply [N M [ORDER [EXAMPLES [PARTIAL [SHORT]]]]], M <= N <= %d\n",
            MOST);
    return EXIT_FAILURE;
  }
  show_theory();
  if (argc > 2) {
    TRY(lat_context_create(&ctx, NULL));
    TRY(create(&task, ctx, &p));
    TRY(train(&model, ctx, task, argc > 4 ? atoll(argv[4]) : 20000));
    TRY(test(model, &p));
  }
done:
  lat_model_free(model);
  lat_task_free(task);
  lat_context_free(ctx);
  return show_outcome(status);
}
