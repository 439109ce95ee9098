/* Names and shapes of a model's tensors against lists written by hand from the names of the
 * reference. */
#include "model_fixture.h"

#include "transformer/stack.h"

#include <string.h>

typedef struct expected_tensor {
  const char *name;
  int32_t rows, cols; /* cols 0: a vector */
} expected_tensor;

/* p10 has 128 + 213 symbols. */
static const expected_tensor plain[] = {
    {"encoder.embeddings.weight", 341, 8},
    {"encoder.position_embeddings.weight", 30, 8},
    {"encoder.layer_norm_emb.weight", 8, 0},
    {"encoder.layer_norm_emb.bias", 8, 0},
    {"encoder.layers.0.self_attention.q_lin.weight", 8, 8},
    {"encoder.layers.0.self_attention.k_lin.weight", 8, 8},
    {"encoder.layers.0.self_attention.v_lin.weight", 8, 8},
    {"encoder.layers.0.self_attention.q_lin.bias", 8, 0},
    {"encoder.layers.0.self_attention.k_lin.bias", 8, 0},
    {"encoder.layers.0.self_attention.v_lin.bias", 8, 0},
    {"encoder.layers.0.self_attention.out_lin.weight", 8, 8},
    {"encoder.layers.0.self_attention.out_lin.bias", 8, 0},
    {"encoder.layers.0.layer_norm1.weight", 8, 0},
    {"encoder.layers.0.layer_norm1.bias", 8, 0},
    {"encoder.layers.0.ffn.lin1.weight", 16, 8},
    {"encoder.layers.0.ffn.lin1.bias", 16, 0},
    {"encoder.layers.0.ffn.lin2.weight", 8, 16},
    {"encoder.layers.0.ffn.lin2.bias", 8, 0},
    {"encoder.layers.0.layer_norm2.weight", 8, 0},
    {"encoder.layers.0.layer_norm2.bias", 8, 0},
    {"decoder.embeddings.weight", 341, 12},
    {"decoder.position_embeddings.weight", 30, 12},
    {"decoder.layer_norm_emb.weight", 12, 0},
    {"decoder.layer_norm_emb.bias", 12, 0},
    {"decoder.layers.0.self_attention.q_lin.weight", 12, 12},
    {"decoder.layers.0.self_attention.k_lin.weight", 12, 12},
    {"decoder.layers.0.self_attention.v_lin.weight", 12, 12},
    {"decoder.layers.0.self_attention.q_lin.bias", 12, 0},
    {"decoder.layers.0.self_attention.k_lin.bias", 12, 0},
    {"decoder.layers.0.self_attention.v_lin.bias", 12, 0},
    {"decoder.layers.0.self_attention.out_lin.weight", 12, 12},
    {"decoder.layers.0.self_attention.out_lin.bias", 12, 0},
    {"decoder.layers.0.layer_norm1.weight", 12, 0},
    {"decoder.layers.0.layer_norm1.bias", 12, 0},
    {"decoder.layers.0.cross_attention.q_lin.weight", 12, 12},
    {"decoder.layers.0.cross_attention.k_lin.weight", 12, 8},
    {"decoder.layers.0.cross_attention.v_lin.weight", 12, 8},
    {"decoder.layers.0.cross_attention.q_lin.bias", 12, 0},
    {"decoder.layers.0.cross_attention.k_lin.bias", 12, 0},
    {"decoder.layers.0.cross_attention.v_lin.bias", 12, 0},
    {"decoder.layers.0.cross_attention.out_lin.weight", 12, 12},
    {"decoder.layers.0.cross_attention.out_lin.bias", 12, 0},
    {"decoder.layers.0.layer_norm15.weight", 12, 0},
    {"decoder.layers.0.layer_norm15.bias", 12, 0},
    {"decoder.layers.0.ffn.lin1.weight", 24, 12},
    {"decoder.layers.0.ffn.lin1.bias", 24, 0},
    {"decoder.layers.0.ffn.lin2.weight", 12, 24},
    {"decoder.layers.0.ffn.lin2.bias", 12, 0},
    {"decoder.layers.0.layer_norm2.weight", 12, 0},
    {"decoder.layers.0.layer_norm2.bias", 12, 0},
    {"decoder.proj.bias", 341, 0},
};

/* What the other options add, replace or leave out. fp15: 128 + 2 symbols without factors. */
static const expected_tensor exotic[] = {
    {"encoder.embeddings.weight", 130, 8},
    {"encoder.embeddings.mantissa.weight", 1999, 8},
    {"encoder.embeddings.exponent.weight", 16, 8},
    {"encoder.row_embeddings.weight", 101, 8},
    {"encoder.col_embeddings.weight", 101, 8},
    {"encoder.layer_norm_out.weight", 8, 0},
    {"encoder.layer_norm_out.bias", 8, 0},
    {"decoder.embeddings.weight", 341, 12},
    {"decoder.row_embeddings.weight", 101, 12},
    {"decoder.col_embeddings.weight", 101, 12},
    {"decoder.layers.1.cross_attention.k_lin.weight", 12, 8},
    {"decoder.layer_norm_out.weight", 12, 0},
    {"decoder.layer_norm_out.bias", 12, 0},
    {"decoder.proj.weight", 341, 12},
    {"decoder.proj.bias", 341, 0},
};
static const char *const absent[] = {
    "encoder.position_embeddings.weight",
    "decoder.position_embeddings.weight",
    "decoder.embeddings.mantissa.weight",
    "encoder.layers.1.ffn.lin1.weight",
    "encoder.layers.0.cross_attention.q_lin.weight",
};

enum {
  PLAIN_COUNT = sizeof plain / sizeof plain[0],
  EXOTIC_COUNT = sizeof exotic / sizeof exotic[0]
};

static void check_entry(const lat_tensor *tensor, const expected_tensor *expected) {
  const int32_t cols = expected->cols > 0 ? expected->cols : 1;
  ck_assert_str_eq(tensor->name, expected->name);
  ck_assert_int_eq(tensor->rank, expected->cols > 0 ? 2 : 1);
  ck_assert_int_eq(tensor->shape[0], expected->rows);
  ck_assert_int_eq(tensor->shape[1], cols);
  ck_assert_uint_eq(tensor->size, (size_t)expected->rows * (size_t)cols);
}

static int find_tensor(lat_tensor *out, const lat_model *model, const char *name) {
  for (int32_t i = 0; i < lat_model_tensor_count(model); ++i) {
    must(lat_model_tensor(out, model, i));
    if (strcmp(out->name, name) == 0) {
      return 1;
    }
  }
  return 0;
}

START_TEST(names_and_shapes_of_the_paper_s_model) {
  model_fixture f;
  lat_model_options options;
  size_t offset = 0;
  model_fixture_options(&options);
  options.max_positions = 30;
  model_fixture_open(&f, &(model_plan){.model = &options});
  ck_assert_int_eq(lat_model_tensor_count(f.model), PLAIN_COUNT);
  for (int32_t i = 0; i < PLAIN_COUNT; ++i) {
    lat_tensor tensor;
    lat_tensor_init(&tensor);
    must(lat_model_tensor(&tensor, f.model, i));
    check_entry(&tensor, &plain[i]);
    ck_assert_uint_eq(tensor.offset, offset);
    offset += tensor.size;
  }
  ck_assert_uint_eq(lat_model_parameter_count(f.model), offset);
  model_fixture_close(&f);
}
END_TEST

START_TEST(names_and_shapes_of_the_other_options) {
  model_fixture f;
  lat_model_options options;
  lat_tensor tensor;
  lat_tensor_init(&tensor);
  model_fixture_options(&options);
  options.norm = LAT_NORM_PRE;
  options.positions = LAT_POSITIONS_SINUSOIDAL;
  options.tied = 0;
  options.matrix_positions = options.factored = 1;
  options.encoder_loops = 3;
  options.decoder_layers = 2;
  model_fixture_open(&f, &(model_plan){.input = "fp15", .model = &options});
  for (int32_t i = 0; i < EXOTIC_COUNT; ++i) {
    ck_assert_msg(find_tensor(&tensor, f.model, exotic[i].name), "no %s", exotic[i].name);
    check_entry(&tensor, &exotic[i]);
  }
  for (size_t i = 0; i < sizeof absent / sizeof absent[0]; ++i) {
    ck_assert_msg(!find_tensor(&tensor, f.model, absent[i]), "%s", absent[i]);
  }
  model_fixture_close(&f);
}
END_TEST

/* One table per model serves the optimizer: Muon takes the matrices inside layers alone. */
START_TEST(only_matrices_of_layers_are_hidden) {
  model_fixture f;
  model_fixture_open(&f, &(model_plan){0});
  for (int32_t i = 0; i < f.model->table.count; ++i) {
    const lati_parameter *entry = &f.model->table.entries[i];
    ck_assert_int_eq(entry->hidden, entry->rank == 2 && strstr(entry->name, ".layers.") != NULL);
  }
  model_fixture_close(&f);
}
END_TEST

/* 6/512/8 and 1/512/8 over fp15, as the paper's eigenvalues: counted by hand. */
START_TEST(size_of_the_eigenvalue_model) {
  lat_model model = {.dimensions = {.vocabulary = {29129, 29129},
                                    .symbols = {29129, 29129},
                                    .scores = 29129,
                                    .max_positions = 4096}};
  const size_t w = 512, linear = w * w + w, norm = 2 * w, ffn = 8 * w * w + 5 * w;
  const size_t embeddings = 29129 * w + 4096 * w + norm;
  const size_t encoder = 6 * (4 * linear + ffn + 2 * norm);
  const size_t decoder = 8 * linear + ffn + 3 * norm;
  lat_model_options_init(&model.options);
  model.options.encoder_layers = 6;
  model.options.encoder_width = model.options.decoder_width = 512;
  must(lati_stacks_list(&model));
  must(lati_stacks_declare(&model));
  ck_assert_uint_eq(model.table.total, 2 * embeddings + encoder + decoder + 29129);
  lati_parameter_table_free(&model.table);
  lati_stacks_free(&model);
}
END_TEST

START_TEST(bad_indices_are_refused) {
  model_fixture f;
  lat_tensor tensor;
  lat_tensor_init(&tensor);
  model_fixture_open(&f, &(model_plan){0});
  must_fail(LAT_ERROR_ARGUMENT, lat_model_tensor(&tensor, f.model, -1),
            "tensor -1 is outside 0..50");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_tensor(&tensor, f.model, PLAIN_COUNT),
            "tensor 51 is outside 0..50");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_tensor(NULL, f.model, 0), "out is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_tensor(&tensor, NULL, 0), "model is NULL");
  ck_assert_int_eq(lat_model_tensor_count(NULL), 0);
  ck_assert_uint_eq(lat_model_parameter_count(NULL), 0);
  model_fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {names_and_shapes_of_the_paper_s_model,
                                names_and_shapes_of_the_other_options,
                                only_matrices_of_layers_are_hidden,
                                size_of_the_eigenvalue_model,
                                bad_indices_are_refused,
                                NULL};
  return run_suite("parameters", tests);
}
