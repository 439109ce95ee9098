/* Decoding over the cache gives the logits of teacher forcing, token by token. */
#include "infer_fixture.h"
#include "transformer/decode_step.h"

#include <math.h>

typedef void variant(lat_model_options *options, fixture_plan *plan);

static void plain(lat_model_options *options, fixture_plan *plan) {
  (void)options;
  (void)plan;
}

static void pre_norm_gelu(lat_model_options *options, fixture_plan *plan) {
  (void)plan;
  options->norm = LAT_NORM_PRE;
  options->activation = LAT_GELU;
  options->matrix_positions = 1;
}

static void deep_and_looped(lat_model_options *options, fixture_plan *plan) {
  (void)plan;
  options->decoder_layers = 2;
  options->decoder_loops = 2;
  options->encoder_loops = 2;
  options->positions = LAT_POSITIONS_SINUSOIDAL;
}

static void query_from_input(lat_model_options *options, fixture_plan *plan) {
  (void)plan;
  options->cross_query_from_input = 1;
  options->decoder_layers = 2;
}

static void query_from_input_pre_norm(lat_model_options *options, fixture_plan *plan) {
  query_from_input(options, plan);
  options->norm = LAT_NORM_PRE;
}

static void unequal_widths(lat_model_options *options, fixture_plan *plan) {
  (void)plan;
  options->encoder_width = 39; /* heads of 13 */
  options->encoder_heads = 3;
  options->decoder_width = 21; /* heads of 7 */
  options->decoder_heads = 3;
  options->ffn_factor = 3;
  options->tied = 0;
}

static void decoder_alone(lat_model_options *options, fixture_plan *plan) {
  (void)plan;
  options->architecture = LAT_ARCHITECTURE_DECODER;
}

static void decoder_alone_looped(lat_model_options *options, fixture_plan *plan) {
  pre_norm_gelu(options, plan);
  options->architecture = LAT_ARCHITECTURE_DECODER;
  options->decoder_layers = options->decoder_loops = 2;
  options->factored = 1;
  plan->task = "svd";
  plan->input = "fp15";
  plan->output = "p10";
}

static void copy_gates(lat_model_options *options, fixture_plan *plan) {
  deep_and_looped(options, plan);
  options->copy_gate = 1;
}

static void one_layer_looped(lat_model_options *options, fixture_plan *plan) {
  pre_norm_gelu(options, plan);
  options->encoder_layers = options->decoder_layers = 3;
  options->encoder_loops = options->decoder_loops = 3;
  options->encoder_loop_layer = 1;
  options->decoder_loop_layer = 2;
  options->copy_gate = 1;
}

static void rms_norm(lat_model_options *options, fixture_plan *plan) {
  pre_norm_gelu(options, plan);
  options->norm_kind = LAT_NORM_KIND_RMS;
}

static void gated(lat_model_options *options, fixture_plan *plan) {
  pre_norm_gelu(options, plan);
  options->ffn = LAT_FFN_GATED;
  options->ffn_factor = 3;
}

static void hashed(lat_model_options *options, fixture_plan *plan) {
  pre_norm_gelu(options, plan);
  options->ffn = LAT_FFN_HASHED;
}

static void bilinear_decoder_alone(lat_model_options *options, fixture_plan *plan) {
  (void)plan;
  options->architecture = LAT_ARCHITECTURE_DECODER;
  options->ffn = LAT_FFN_BILINEAR;
}

static void factored(lat_model_options *options, fixture_plan *plan) {
  options->factored = 1;
  options->matrix_positions = 1;
  plan->input = plan->output = "fp15";
}

static void factored_head(lat_model_options *options, fixture_plan *plan) {
  factored(options, plan);
  options->factored_head = 1;
}

static void encoder_alone_factored_head(lat_model_options *options, fixture_plan *plan) {
  options->architecture = LAT_ARCHITECTURE_ENCODER;
  options->factored_head = 1;
  plan->output = "fp15";
}

static void ragged_numbers(lat_model_options *options, fixture_plan *plan) {
  options->matrix_positions = 1;
  plan->task = "svd";
  plan->output = "p10";
}

static void encoder_alone(lat_model_options *options, fixture_plan *plan) {
  (void)plan;
  options->architecture = LAT_ARCHITECTURE_ENCODER;
}

static void encoder_alone_with_places(lat_model_options *options, fixture_plan *plan) {
  options->architecture = LAT_ARCHITECTURE_ENCODER;
  options->norm = LAT_NORM_PRE;
  options->matrix_positions = options->factored = 1;
  plan->task = "svd";
  plan->input = "fp15";
}

static void lstm(lat_model_options *options, fixture_plan *plan) {
  (void)plan;
  options->architecture = LAT_ARCHITECTURE_LSTM;
  options->decoder_layers = 2;
}

static void lstm_with_attention(lat_model_options *options, fixture_plan *plan) {
  pre_norm_gelu(options, plan);
  options->architecture = LAT_ARCHITECTURE_LSTM;
  options->encoder_attention = 1;
  options->decoder_loops = 2;
}

static void gru(lat_model_options *options, fixture_plan *plan) {
  unequal_widths(options, plan);
  options->architecture = LAT_ARCHITECTURE_GRU;
  options->norm = LAT_NORM_PRE;
}

static void gru_with_attention(lat_model_options *options, fixture_plan *plan) {
  ragged_numbers(options, plan);
  options->architecture = LAT_ARCHITECTURE_GRU;
  options->encoder_attention = 1;
}

static void encoder_by_number(lat_model_options *options, fixture_plan *plan) {
  encoder_alone(options, plan);
  options->query_per_number = options->matrix_positions = 1;
  plan->output = "b1999";
}

static const struct {
  const char *name;
  variant *change;
  int leaps; /* 1: not comparable where sums are rounded to other operands */
} variants[] = {
    {"plain", plain, 0},
    {"pre norm gelu", pre_norm_gelu, 0},
    {"deep and looped", deep_and_looped, 0},
    {"query from input", query_from_input, 0},
    {"query from input pre norm", query_from_input_pre_norm, 0},
    {"unequal widths", unequal_widths, 0},
    {"factored", factored, 0},
    {"factored head", factored_head, 0},
    {"encoder alone, factored head", encoder_alone_factored_head, 0},
    {"ragged numbers", ragged_numbers, 0},
    {"encoder alone", encoder_alone, 0},
    {"encoder alone with places", encoder_alone_with_places, 0},
    {"rms norm", rms_norm, 0},
    {"gated", gated, 0},
    {"bilinear decoder alone", bilinear_decoder_alone, 0},
    {"decoder alone", decoder_alone, 0},
    {"decoder alone looped", decoder_alone_looped, 0},
    {"copy gates", copy_gates, 0},
    {"one layer looped", one_layer_looped, 0},
    {"encoder by number", encoder_by_number, 0},
    {"lstm", lstm, 0},
    {"lstm with attention", lstm_with_attention, 0},
    {"gru", gru, 0},
    {"gru with attention", gru_with_attention, 0},
    {"hashed", hashed, 1},
};

enum { VARIANTS = sizeof variants / sizeof *variants };

enum { EXAMPLES = 5 };

/* Target token t of example i, its closing EOS at the end, and its place. */
static int64_t target_length(const lat_batch *batch, int64_t i) {
  const int64_t *offsets = batch->side[LAT_OUTPUT].offsets;
  return offsets[i + 1] - offsets[i] + 1;
}

static lati_decode_row row_of(const lat_batch *batch, int64_t i, int64_t t) {
  const lati_batch_side *target = &batch->side[LAT_OUTPUT];
  int64_t first = target->offsets[i];
  return (lati_decode_row){.source = i,
                           .history = EXAMPLES - 1 - i, /* any numbering will do */
                           .token = t == 0 ? LAT_TOKEN_EOS : target->tokens[first + t - 1],
                           .row = target->rows[first + i + t],
                           .col = target->cols[first + i + t]};
}

static float tolerance = 1e-4F;
static const char *variant_name = ""; /* the variant's name */

static void compare_logits(const float *cached, const float *forced, int64_t vocabulary) {
  for (int64_t s = 0; s < vocabulary; ++s) {
    ck_assert_msg(fabsf(cached[s] - forced[s]) <= tolerance * (1 + fabsf(forced[s])),
                  "%s: symbol %d: %g, not %g", variant_name, (int)s, (double)cached[s],
                  (double)forced[s]);
  }
}

/* Feeds the targets; sequences drop out as they end, so that rows change places. */
static void compare_all(const fixture *f, const lat_batch *batch) {
  int64_t vocabulary = lat_tokenizer_vocabulary_size(f->tokenizer, LAT_OUTPUT);
  int64_t forced_rows = batch->side[LAT_OUTPUT].offsets[EXAMPLES] + EXAMPLES;
  float *forced = malloc((size_t)(forced_rows * vocabulary) * sizeof *forced);
  lati_decoder *decoder = NULL;
  must(lat_model_logits(forced, (size_t)(forced_rows * vocabulary), f->model, batch));
  must(lati_decoder_create(&decoder, f->model, (int32_t)forced_rows));
  must(lati_decoder_start(decoder, batch, EXAMPLES));
  int64_t compared = 0;
  for (int64_t t = 0, count = EXAMPLES; count > 0; ++t) {
    lati_decode_row rows[EXAMPLES];
    int64_t row = count = 0;
    for (int64_t i = 0; i < EXAMPLES; ++i) {
      if (t < target_length(batch, i)) {
        rows[count++] = row_of(batch, i, t);
      }
    }
    if (count == 0) {
      break;
    }
    must(lati_decoder_step(decoder, rows, count));
    const float *logits = lati_decoder_logits(decoder, (lati_symbol_range){0, (int32_t)vocabulary});
    for (int64_t i = 0; i < EXAMPLES; ++i) {
      if (t < target_length(batch, i)) {
        int64_t place = batch->side[LAT_OUTPUT].offsets[i] + i + t;
        compare_logits(logits + row++ * vocabulary, forced + place * vocabulary, vocabulary);
        ++compared;
      }
    }
  }
  ck_assert_int_eq(compared, forced_rows);
  lati_decoder_free(decoder);
  free(forced);
}

static void open_variant(fixture *f, int number, int32_t precision) {
  lat_model_options options;
  fixture_plan plan = {.min_size = 2, .max_size = 4, .model = &options, .precision = precision};
  fixture_model_options(&options);
  variants[number].change(&options, &plan);
  fixture_open(f, &plan);
}

static void compare_variants(int32_t precision) {
  for (int v = 0; v < VARIANTS; ++v) {
    fixture f;
    if (precision == LAT_PRECISION_BF16 && variants[v].leaps) {
      continue;
    }
    variant_name = variants[v].name;
    open_variant(&f, v, precision);
    lat_batch *batch = fixture_batch(&f, 0, EXAMPLES);
    compare_all(&f, batch);
    lat_batch_free(batch);
    fixture_close(&f);
  }
}

START_TEST(cached_logits_are_those_of_teacher_forcing) {
  compare_variants(LAT_PRECISION_F32);
}
END_TEST

/* Sums in another order are rounded to other operands here and there; a variant that hashes signs
 * leaps where one of them changes. */
START_TEST(and_nearly_so_in_bf16) {
  lat_context *ctx = NULL;
  lat_context_options options;
  lat_context_options_init(&options);
  options.precision = LAT_PRECISION_BF16;
  if (lat_context_create(&ctx, &options) == LAT_OK) {
    tolerance = 0.03F;
    compare_variants(LAT_PRECISION_BF16);
    tolerance = 1e-4F;
  }
  lat_context_free(ctx);
}
END_TEST

START_TEST(a_slice_of_symbols_has_their_logits) {
  fixture f;
  open_variant(&f, 1, LAT_PRECISION_F32);
  lat_batch *batch = fixture_batch(&f, 0, EXAMPLES);
  lati_decoder *decoder = NULL;
  lati_decode_row rows[EXAMPLES];
  lati_symbol_range all = {0, lat_tokenizer_vocabulary_size(f.tokenizer, LAT_OUTPUT)};
  lati_symbol_range some = {LAT_TOKEN_NUMBER + LATI_SLICE, LAT_TOKEN_NUMBER + 3 * LATI_SLICE};
  for (int64_t i = 0; i < EXAMPLES; ++i) {
    rows[i] = row_of(batch, i, 0);
  }
  must(lati_decoder_create(&decoder, f.model, 4));
  must(lati_decoder_start(decoder, batch, EXAMPLES));
  must(lati_decoder_step(decoder, rows, EXAMPLES));
  size_t bytes = (size_t)EXAMPLES * (size_t)all.end * sizeof(float);
  float *whole = malloc(bytes);
  memcpy(whole, lati_decoder_logits(decoder, all), bytes);
  const float *slice = lati_decoder_logits(decoder, some);
  for (int64_t i = 0; i < EXAMPLES; ++i) {
    compare_logits(slice + i * (some.end - some.first), whole + i * all.end + some.first,
                   some.end - some.first);
  }
  free(whole);
  lati_decoder_free(decoder);
  lat_batch_free(batch);
  fixture_close(&f);
}
END_TEST

/* Two hypotheses that trade places after the first token. */
START_TEST(forked_histories_follow_their_hypotheses) {
  fixture f;
  open_variant(&f, 2, LAT_PRECISION_F32);
  lat_batch *batch = fixture_batch(&f, 0, EXAMPLES);
  lati_decoder *decoder = NULL;
  lati_symbol_range all = {0, lat_tokenizer_vocabulary_size(f.tokenizer, LAT_OUTPUT)};
  lati_decode_row start = {.source = 1, .token = LAT_TOKEN_EOS};
  lati_decode_row left = {.source = 1, .history = 0, .token = LAT_TOKEN_DIMENSION + 1};
  lati_decode_row right = {.source = 1, .history = 1, .token = LAT_TOKEN_DIMENSION + 3};
  lati_decode_row last = {.source = 1, .history = 0, .token = LAT_TOKEN_DIMENSION + 2};
  size_t bytes = (size_t)all.end * sizeof(float);
  float *expected = malloc(bytes);
  must(lati_decoder_create(&decoder, f.model, 8));

  must(lati_decoder_start(decoder, batch, 2)); /* start, right, last: alone */
  must(lati_decoder_step(decoder, &start, 1));
  right.history = 0;
  must(lati_decoder_step(decoder, &right, 1));
  must(lati_decoder_step(decoder, &last, 1));
  memcpy(expected, lati_decoder_logits(decoder, all), bytes);

  must(lati_decoder_start(decoder, batch, 2));
  must(lati_decoder_step(decoder, &start, 1));
  lati_decoder_fork(decoder, (int64_t[]){0, 0}, 2);
  right.history = 1;
  must(lati_decoder_step(decoder, (lati_decode_row[]){left, right}, 2));
  lati_decoder_fork(decoder, (int64_t[]){1, 0}, 2);
  must(lati_decoder_step(decoder, &last, 1));
  compare_logits(lati_decoder_logits(decoder, all), expected, all.end);

  free(expected);
  lati_decoder_free(decoder);
  lat_batch_free(batch);
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {cached_logits_are_those_of_teacher_forcing, and_nearly_so_in_bf16,
                                a_slice_of_symbols_has_their_logits,
                                forked_histories_follow_their_hypotheses, NULL};
  return run_suite("decode_step", tests);
}
