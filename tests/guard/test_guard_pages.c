/* What BLIS reads past the end of its operands stays within the blocks of lati_alloc(): every block
 * ends where memory begins that nobody may touch. */
#include "guard_allocator.h"
#include "suite.h"

#include "base/alloc.h"
#include "compute/gemm.h"

#include <lat/lat.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>

#define must(call) ck_assert_msg((call) == LAT_OK, "%s: %s", #call, lat_last_error())

static lat_context *open_context(int32_t precision) {
  lat_context *ctx = NULL;
  lat_context_options options = guard_options();
  options.precision = precision;
  must(lat_context_create(&ctx, &options));
  return ctx;
}

static sigjmp_buf caught;

static void catch_fault(int number) {
  siglongjmp(caught, number);
}

/* 1 if the byte can be read. */
static int is_readable(const volatile char *byte) {
  struct sigaction action = {.sa_handler = catch_fault}, before;
  sigaction(SIGSEGV, &action, &before);
  const int fault = sigsetjmp(caught, 1);
  if (fault == 0) {
    (void)*byte;
  }
  sigaction(SIGSEGV, &before, NULL);
  return fault == 0;
}

/* The guard itself: with it gone, the other tests could not fail. */
START_TEST(what_follows_a_block_is_forbidden) {
  lat_context *ctx = open_context(LAT_PRECISION_F32);
  char *block = NULL;
  must(LATI_NEW(block, ctx, 64));
  ck_assert(is_readable(block + 64 + LATI_TAIL - 1));
  ck_assert(!is_readable(block + 64 + LATI_TAIL));
  lati_free(block);
  lat_context_free(ctx);
}
END_TEST

typedef struct product_case {
  int transpose_a, transpose_b;
  int64_t m, n, k, lda, ldb;
} product_case;

static const product_case products[] = {
    /* what reads a row of A past its end: unless packed, beyond the tail */
    {0, 1, 13, 511, 4, 2876, 4},
    {0, 1, 31, 192, 511, 2974, 2973},
    {0, 1, 13, 511, 4, 1009, 4},
    {0, 1, 4, 33, 511, 511, 511},
    /* a column of B */
    {0, 1, 500, 1, 47, 521, 2905},
    {0, 1, 97, 1, 511, 991, 1020},
    /* three coefficients, or two of C */
    {0, 1, 1, 320, 3, 3, 3},
    {0, 0, 31, 1, 43, 43, 1},
    {0, 0, 192, 2, 513, 513, 2630},
    {1, 0, 15, 2, 255, 15, 2},
    {1, 0, 257, 3, 320, 257, 3},
    {1, 1, 43, 17, 97, 131, 97},
    {0, 0, 1, 1, 1, 1, 1},
};
enum { PRODUCTS = sizeof products / sizeof *products };

/* rows x cols with a leading dimension; nothing behind the last coefficient. */
static float *operand(const lat_context *ctx, int64_t rows, int64_t cols, int64_t ld) {
  float *data = NULL;
  const int64_t count = (rows - 1) * ld + cols;
  must(LATI_NEW(data, ctx, count));
  for (int64_t i = 0; i < count; ++i) {
    data[i] = (float)(i * 37 % 23 - 11);
  }
  return data;
}

static double expected(const product_case *p, const float *a, const float *b, int64_t i,
                       int64_t j) {
  double sum = 0;
  for (int64_t l = 0; l < p->k; ++l) {
    sum += (double)(p->transpose_a ? a[l * p->lda + i] : a[i * p->lda + l]) *
           (double)(p->transpose_b ? b[j * p->ldb + l] : b[l * p->ldb + j]);
  }
  return sum;
}

START_TEST(products_read_no_further_than_the_tail) {
  const product_case *p = &products[_i];
  lat_context *ctx = open_context(LAT_PRECISION_F32);
  float *a = operand(ctx, p->transpose_a ? p->k : p->m, p->transpose_a ? p->m : p->k, p->lda);
  float *b = operand(ctx, p->transpose_b ? p->n : p->k, p->transpose_b ? p->k : p->n, p->ldb);
  float *c = operand(ctx, p->m, p->n, p->n);
  lati_gemm(p->transpose_a, p->transpose_b, p->m, p->n, p->k, 1.0F, a, p->lda, b, p->ldb, 0.0F, c,
            p->n);
  double worst = 0; /* integers below 2^24: sums are exact in any order */
  for (int64_t i = 0; i < p->m; ++i) {
    for (int64_t j = 0; j < p->n; ++j) {
      worst = fmax(worst, fabs((double)c[i * p->n + j] - expected(p, a, b, i, j)));
    }
  }
  ck_assert_double_eq(worst, 0);
  lati_free(a);
  lati_free(b);
  lati_free(c);
  lat_context_free(ctx);
}
END_TEST

/* The same numbers in double precision, with a block that ends where they do. */
static double *widened(const lat_context *ctx, const float *values, int64_t rows, int64_t cols,
                       int64_t ld) {
  double *data = NULL;
  const int64_t count = (rows - 1) * ld + cols;
  must(LATI_NEW(data, ctx, count));
  for (int64_t i = 0; i < count; ++i) {
    data[i] = values[i];
  }
  return data;
}

START_TEST(products_in_double_precision_as_well) {
  const product_case *p = &products[_i];
  const int64_t a_rows = p->transpose_a ? p->k : p->m, a_cols = p->transpose_a ? p->m : p->k;
  const int64_t b_rows = p->transpose_b ? p->n : p->k, b_cols = p->transpose_b ? p->k : p->n;
  lat_context *ctx = open_context(LAT_PRECISION_F32);
  float *a = operand(ctx, a_rows, a_cols, p->lda), *b = operand(ctx, b_rows, b_cols, p->ldb);
  double *wide_a = widened(ctx, a, a_rows, a_cols, p->lda), *c = NULL;
  double *wide_b = widened(ctx, b, b_rows, b_cols, p->ldb);
  must(LATI_NEW(c, ctx, p->m * p->n));
  c[0] = 1;
  lati_gemm_f64(p->transpose_a, p->transpose_b, p->m, p->n, p->k, wide_a, p->lda, wide_b, p->ldb, 1,
                c, p->n);
  double worst = fabs(c[0] - 1 - expected(p, a, b, 0, 0));
  for (int64_t i = 1; i < p->m * p->n; ++i) {
    worst = fmax(worst, fabs(c[i] - expected(p, a, b, i / p->n, i % p->n)));
  }
  ck_assert_double_eq(worst, 0);
  lati_free(c);
  lati_free(wide_b);
  lati_free(wide_a);
  lati_free(b);
  lati_free(a);
  lat_context_free(ctx);
}
END_TEST

typedef struct model_case {
  const char *name, *encoding, *rule;
  int32_t encoder_width, encoder_heads, decoder_width, decoder_heads, ffn_factor, batch;
} model_case;

static const model_case models[] = {
    {"a head of 43", "p10", "muon", 43, 1, 86, 2, 3, 5},
    {"one wide", "p1000", "muon", 1, 1, 3, 3, 1, 1},
    {"primes", "b1999", "adam", 37, 1, 23, 1, 5, 7},
    {"a large table, not packed", "fp15", "adam", 31, 1, 152, 8, 1, 3},
    {"rows beyond the tail, not packed", "p10", "adam", 1050, 5, 12, 2, 4, 2},
};
enum { MODELS = sizeof models / sizeof *models };

static lat_model *open_model(const model_case *m, lat_context *ctx) {
  lat_task *task = NULL;
  lat_tokenizer *tokenizer = NULL;
  lat_model *model = NULL;
  lat_task_options task_options;
  lat_tokenizer_options tokens;
  lat_model_options options;
  lat_task_options_init(&task_options);
  task_options.min_size = 1;
  task_options.max_size = 3;
  task_options.rectangular = 1;
  must(lat_task_create(&task, ctx, &task_options));
  lat_tokenizer_options_init(&tokens);
  tokens.input_encoding = tokens.output_encoding = m->encoding;
  must(lat_tokenizer_create(&tokenizer, ctx, &tokens));
  lat_model_options_init(&options);
  options.encoder_width = m->encoder_width;
  options.encoder_heads = m->encoder_heads;
  options.decoder_width = m->decoder_width;
  options.decoder_heads = m->decoder_heads;
  options.ffn_factor = m->ffn_factor;
  must(lat_model_create(&model, task, tokenizer, &options));
  lat_tokenizer_free(tokenizer);
  lat_task_free(task);
  return model;
}

static void train_two_updates(lat_model *model, const model_case *m) {
  lat_trainer *trainer = NULL;
  lat_trainer_options options;
  lat_optimizer_options optimizer;
  lat_optimizer_options_init(&optimizer);
  optimizer.rule = m->rule;
  lat_trainer_options_init(&options);
  options.batch_size = m->batch;
  options.max_examples = 2 * m->batch;
  options.validate_every = 0;
  must(lat_trainer_create(&trainer, model, &optimizer, &options));
  must(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
}

/* Greedily and by beams: one sequence at a time and several. */
static void decode(lat_model *model, int32_t method) {
  lat_session *session = NULL;
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_sequences out;
  lat_decode_options options;
  lat_decode_options_init(&options);
  options.method = method;
  options.beam_width = 3;
  options.max_tokens = 9;
  must(lat_session_create(&session, model, &options));
  must(lat_sampler_create(&sampler, lat_model_task(model), lat_model_tokenizer(model), NULL));
  must(lat_batch_create(&batch, lat_model_tokenizer(model)));
  for (int64_t count = 1; count <= 7; count += 3) {
    must(lat_sampler_next(batch, sampler, count));
    must(lat_session_decode(&out, session, batch));
    ck_assert_int_eq(out.count, count);
  }
  lat_batch_free(batch);
  lat_sampler_free(sampler);
  lat_session_free(session);
}

/* Every model in f32, then in what the processor is best at. */
START_TEST(a_step_and_a_decode_at_odd_shapes) {
  const model_case *m = &models[_i % MODELS];
  lat_context *ctx = open_context(_i < MODELS ? LAT_PRECISION_F32 : LAT_PRECISION_AUTO);
  lat_model *model = open_model(m, ctx);
  train_two_updates(model, m);
  must(lat_model_freeze(model));
  decode(model, LAT_DECODE_GREEDY);
  decode(model, LAT_DECODE_BEAM);
  lat_model_free(model);
  lat_context_free(ctx);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("guard pages");
  tcase_add_test(tests, what_follows_a_block_is_forbidden);
  tcase_add_loop_test(tests, products_read_no_further_than_the_tail, 0, PRODUCTS);
  tcase_add_loop_test(tests, products_in_double_precision_as_well, 0, PRODUCTS);
  tcase_add_loop_test(tests, a_step_and_a_decode_at_odd_shapes, 0, 2 * MODELS);
  return run_case("guard pages", tests);
}
