/* Initial parameters: their distributions, and that they are a function of the seed alone. */
#include "model_fixture.h"

#include <math.h>
#include <string.h>

static lat_model *create(const model_fixture *f, int32_t init, int32_t factored, uint64_t seed) {
  lat_model *model = NULL;
  lat_model_options options;
  lat_model_options_init(&options);
  options.encoder_width = options.decoder_width = 64;
  options.init = init;
  options.factored = factored;
  options.seed = seed;
  must(lat_model_create(&model, f->task, f->tokenizer, &options));
  return model;
}

static const lati_parameter *tensor(const lat_model *model, const char *name, const float **data) {
  const lati_parameter *entry = lati_parameter_find(&model->table, name);
  ck_assert_ptr_nonnull(entry);
  *data = lat_model_parameters(model) + entry->offset;
  return entry;
}

/* Mean and root mean square of a tensor, and its largest magnitude. */
static void moments(double out[3], const lat_model *model, const char *name) {
  const float *data = NULL;
  const lati_parameter *entry = tensor(model, name, &data);
  out[0] = out[1] = out[2] = 0;
  for (size_t i = 0; i < entry->size; ++i) {
    const double x = (double)data[i];
    out[0] += x / (double)entry->size;
    out[1] += x * x / (double)entry->size;
    out[2] = fmax(out[2], fabs(x));
  }
  out[1] = sqrt(out[1]);
}

START_TEST(distributions_are_the_reference_s) {
  model_fixture f;
  double m[3];
  model_fixture_open(&f, &(model_plan){0});
  lat_model *model = create(&f, LAT_INIT_RANDOM, 0, 1);
  moments(m, model, "encoder.embeddings.weight");
  ck_assert(fabs(m[0]) < 0.01 && fabs(m[1] - 0.125) < 0.005 && m[2] > 0.3);
  moments(m, model, "decoder.position_embeddings.weight");
  ck_assert(fabs(m[1] - 0.125) < 0.01);
  moments(m, model, "encoder.layers.0.self_attention.k_lin.weight");
  ck_assert(fabs(m[1] - 0.125 / sqrt(3.0)) < 0.005 && m[2] <= 0.125 && m[2] > 0.12);
  moments(m, model, "decoder.layers.0.ffn.lin2.bias");
  ck_assert(m[1] > 0.02 && m[2] <= 1.0 / 16);
  moments(m, model, "decoder.layers.0.layer_norm15.weight");
  ck_assert(m[0] == 1 && m[1] == 1);
  moments(m, model, "encoder.layer_norm_emb.bias");
  ck_assert(m[1] == 0);
  lat_model_free(model);
  model_fixture_close(&f);
}
END_TEST

START_TEST(parameters_are_a_function_of_the_seed) {
  model_fixture one, four;
  model_fixture_open(&one, &(model_plan){.threads = 1});
  model_fixture_open(&four, &(model_plan){.threads = 4});
  lat_model *a = create(&one, _i, 0, 7), *b = create(&four, _i, 0, 7);
  lat_model *c = create(&one, _i, 0, 8);
  const size_t bytes = lat_model_parameter_count(a) * sizeof(float);
  ck_assert_mem_eq(lat_model_parameters(a), lat_model_parameters(b), bytes);
  ck_assert_mem_ne(lat_model_parameters(a), lat_model_parameters(c), bytes);
  lat_model_free(a);
  lat_model_free(b);
  lat_model_free(c);
  model_fixture_close(&four);
  model_fixture_close(&one);
}
END_TEST

/* The row of a symbol given by its text. */
static const float *row_of(const lat_model *model, const char *symbol) {
  const float *data = NULL;
  int32_t token = 0;
  const lati_parameter *entry = tensor(model, "encoder.embeddings.weight", &data);
  must(lat_tokenizer_find(&token, model->tokenizer, LAT_INPUT, symbol));
  return data + token * entry->shape[1];
}

static double cosine(const float *a, const float *b) {
  double ab = 0, aa = 0, bb = 0;
  for (int i = 0; i < 64; ++i) {
    ab += (double)a[i] * (double)b[i];
    aa += (double)a[i] * (double)a[i];
    bb += (double)b[i] * (double)b[i];
  }
  return ab / sqrt(aa * bb);
}

static double largest(const float *row) {
  double largest_yet = 0;
  for (int i = 0; i < 64; ++i) {
    largest_yet = fmax(largest_yet, fabs((double)row[i]));
  }
  return largest_yet;
}

START_TEST(fourier_features_order_the_mantissas) {
  model_fixture f;
  model_fixture_open(&f, &(model_plan){.input = "p1000"});
  lat_model *model = create(&f, LAT_INIT_FOURIER, 0, 1);
  const float *at = row_of(model, "500");
  ck_assert(largest(at) <= 0.05 * sqrt(2.0) + 1e-6);
  ck_assert(cosine(at, row_of(model, "501")) > 0.95);
  ck_assert(cosine(at, row_of(model, "501")) > cosine(at, row_of(model, "510")));
  ck_assert(cosine(at, row_of(model, "510")) > cosine(at, row_of(model, "900")));
  ck_assert(fabs(cosine(row_of(model, "E1"), row_of(model, "E2"))) < 0.6);
  ck_assert(largest(row_of(model, "V3")) > 0.05 * sqrt(2.0));
  lat_model_free(model);
  model_fixture_close(&f);
}
END_TEST

START_TEST(fourier_features_order_values_and_magnitudes_of_fp15) {
  model_fixture f;
  model_fixture_open(&f, &(model_plan){.input = "fp15"});
  lat_model *model = create(&f, LAT_INIT_FOURIER, 0, 1);
  const float *at = row_of(model, "N314e7");
  ck_assert(cosine(at, row_of(model, "N315e7")) > 0.95);
  ck_assert(cosine(at, row_of(model, "N315e7")) > cosine(at, row_of(model, "N-314e7")));
  ck_assert(cosine(row_of(model, "N999e6"), row_of(model, "N100e7")) > 0.95);
  ck_assert(largest(row_of(model, "NaN")) > 0.05 * sqrt(2.0));
  lat_model_free(model);
  model_fixture_close(&f);
}
END_TEST

START_TEST(fourier_features_of_factored_mantissas) {
  model_fixture f;
  const float *rows = NULL;
  model_fixture_open(&f, &(model_plan){.input = "fp15"});
  lat_model *model = create(&f, LAT_INIT_FOURIER, 1, 1);
  tensor(model, "encoder.embeddings.mantissa.weight", &rows);
  for (int32_t row = 0; row + 200 < 1999; row += 200) {
    ck_assert(cosine(rows + row * 64, rows + (row + 1) * 64) > 0.95);
    ck_assert(cosine(rows + row * 64, rows + (row + 200) * 64) < 0.9);
  }
  tensor(model, "encoder.embeddings.exponent.weight", &rows);
  ck_assert(fabs(cosine(rows + 7 * 64, rows + 8 * 64)) < 0.6);
  lat_model_free(model);
  model_fixture_close(&f);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("initialise");
  tcase_add_test(tests, distributions_are_the_reference_s);
  tcase_add_loop_test(tests, parameters_are_a_function_of_the_seed, 0, 2);
  tcase_add_test(tests, fourier_features_order_the_mantissas);
  tcase_add_test(tests, fourier_features_order_values_and_magnitudes_of_fp15);
  tcase_add_test(tests, fourier_features_of_factored_mantissas);
  return run_case("initialise", tests);
}
