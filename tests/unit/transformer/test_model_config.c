/* Options refused and completed, and the metadata that describes a model. */
#include "comma_locale.h"
#include "model_fixture.h"
#include "transformer/config.h"

#include <math.h>
#include <string.h>

typedef struct refusal {
  size_t offset;
  int32_t value;
  const char *message;
} refusal;

#define REFUSED(member, value, message)                                                            \
  { offsetof(lat_model_options, member), value, message }

static const refusal refusals[] = {
    REFUSED(encoder_heads, 7, "heads 7 does not divide width 8 (encoder)"),
    REFUSED(decoder_heads, 5, "heads 5 does not divide width 12 (decoder)"),
    REFUSED(encoder_layers, 0, "model options: encoder_layers 0 is outside 1..64"),
    REFUSED(decoder_layers, 65, "model options: decoder_layers 65 is outside 1..64"),
    REFUSED(encoder_width, 4097, "model options: encoder_width 4097 is outside 1..4096"),
    REFUSED(decoder_width, -1, "model options: decoder_width -1 is outside 1..4096"),
    REFUSED(encoder_heads, 0, "model options: encoder_heads 0 is outside 1..4096"),
    REFUSED(encoder_loops, 0, "model options: encoder_loops 0 is outside 1..64"),
    REFUSED(ffn_factor, 17, "model options: ffn_factor 17 is outside 1..16"),
    REFUSED(norm, 2, "model options: norm 2 is outside 0..1"),
    REFUSED(norm_kind, 2, "model options: norm_kind 2 is outside 0..1"),
    REFUSED(ffn, 4, "model options: ffn 4 is outside 0..3"),
    REFUSED(ffn_hash_bits, 9, "model options: ffn_hash_bits 9 is outside 1..8"),
    REFUSED(copy_gate, 1, "copy_gate is 1, but no layer is applied more than once"),
    REFUSED(encoder_loop_layer, 2, "encoder_loop_layer 2 is above encoder_layers 1"),
    REFUSED(decoder_loop_layer, 3, "decoder_loop_layer 3 is above decoder_layers 1"),
    REFUSED(activation, -1, "model options: activation -1 is outside 0..1"),
    REFUSED(tied, 2, "model options: tied 2 is outside 0..1"),
    REFUSED(max_positions, -1, "model options: max_positions -1 is outside 0..131072"),
    REFUSED(architecture, 5, "model options: architecture 5 is outside 0..4"),
    REFUSED(
        architecture, LAT_ARCHITECTURE_ENCODER,
        "an encoder alone needs an output encoding whose numbers all have the same length, which "
        "p10 does not have"),
    REFUSED(query_per_number, 1,
            "query_per_number is 1, but only an encoder alone has query positions"),
    REFUSED(factored_head, 2, "model options: factored_head 2 is outside 0..1"),
    REFUSED(factored_head, 1, "factored_head is 1, which needs the fp15 encoding; output is p10"),
    REFUSED(factored, 1, "factored embeddings need the fp15 encoding; input is p10, output p10"),
};

START_TEST(bad_options_are_refused) {
  model_fixture f;
  model_fixture_open(&f, &(model_plan){0});
  lat_model_options options;
  lat_model *model = f.model;
  model_fixture_options(&options);
  memcpy((char *)&options + refusals[_i].offset, &refusals[_i].value, sizeof(int32_t));
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(&model, f.task, f.tokenizer, &options),
            refusals[_i].message);
  ck_assert_ptr_null(model);
  model_fixture_close(&f);
}
END_TEST

START_TEST(bad_numbers_and_pointers_are_refused) {
  model_fixture f;
  model_fixture_open(&f, &(model_plan){0});
  lat_model_options options;
  lat_model *model = f.model;
  model_fixture_options(&options);
  options.dropout = 1;
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(&model, f.task, f.tokenizer, &options),
            "model options: dropout 1 is outside 0..0.9");
  options.dropout = 0;
  options.attention_dropout = 0.95;
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(&model, f.task, f.tokenizer, &options),
            "model options: attention_dropout 0.95 is outside 0..0.9");
  options.dropout = NAN;
  ck_assert_int_eq(lat_model_create(&model, f.task, f.tokenizer, &options), LAT_ERROR_ARGUMENT);
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(&model, NULL, f.tokenizer, NULL), "task is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(&model, f.task, NULL, NULL), "tokenizer is NULL");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(NULL, f.task, f.tokenizer, NULL), "out is NULL");
  model_fixture_close(&f);
}
END_TEST

/* The decoder's options are not used, and tied embeddings of answers there are none. */
START_TEST(an_encoder_alone_has_no_decoder) {
  model_fixture f;
  lat_model *model = NULL;
  lat_model_options options;
  model_fixture_options(&options);
  options.architecture = LAT_ARCHITECTURE_ENCODER;
  options.decoder_heads = 5;
  model_fixture_open(&f, &(model_plan){.output = "p1000", .model = &options});
  ck_assert_int_eq(f.model->options.tied, 0);
  ck_assert_ptr_nonnull(strstr(lat_model_config(f.model), "\"architecture\":1"));
  for (int32_t i = 0; i < lat_model_tensor_count(f.model); ++i) {
    ck_assert_ptr_null(strstr(f.model->table.entries[i].name, "decoder"));
  }
  options.cross_query_from_input = 1;
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(&model, f.task, f.tokenizer, &options),
            "cross_query_from_input is 1, but an encoder alone has no cross-attention");
  model_fixture_close(&f);
  options.cross_query_from_input = 0;
  model_fixture_open(&f, &(model_plan){.output = "fp15", .model = &options});
  options.query_per_number = 1;
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(&model, f.task, f.tokenizer, &options),
            "query_per_number is 1, but every number of fp15 is one token already");
  model_fixture_close(&f);
}
END_TEST

START_TEST(a_tied_factored_head_needs_factored_embeddings) {
  model_fixture f;
  lat_model *model = NULL;
  lat_model_options options;
  model_fixture_options(&options);
  options.factored_head = options.factored = 1;
  model_fixture_open(&f, &(model_plan){.output = "fp15", .model = &options});
  options.factored = 0;
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(&model, f.task, f.tokenizer, &options),
            "factored_head is 1, but the embeddings that it is tied to are not factored: "
            "factored must be 1 or tied 0");
  model_fixture_close(&f);
}
END_TEST

START_TEST(a_decoder_alone_has_no_encoder) {
  model_fixture f;
  lat_model *model = NULL;
  lat_model_options options;
  model_fixture_options(&options);
  options.architecture = LAT_ARCHITECTURE_DECODER;
  options.encoder_heads = 5;
  model_fixture_open(&f, &(model_plan){.model = &options});
  for (int32_t i = 0; i < lat_model_tensor_count(f.model); ++i) {
    ck_assert_ptr_null(strstr(f.model->table.entries[i].name, "encoder"));
  }
  options.cross_query_from_input = 1;
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(&model, f.task, f.tokenizer, &options),
            "cross_query_from_input is 1, but a decoder alone has no cross-attention");
  model_fixture_close(&f);
}
END_TEST

START_TEST(attention_of_recurrent_decoders_is_an_option) {
  model_fixture f;
  lat_model *model = NULL;
  lat_model_options options;
  model_fixture_options(&options);
  options.architecture = LAT_ARCHITECTURE_LSTM;
  model_fixture_open(&f, &(model_plan){.model = &options});
  for (int32_t i = 0; i < lat_model_tensor_count(f.model); ++i) {
    ck_assert_ptr_null(strstr(f.model->table.entries[i].name, "attention"));
  }
  options.cross_query_from_input = 1;
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(&model, f.task, f.tokenizer, &options),
            "cross_query_from_input is 1, but encoder_attention is 0");
  options.encoder_attention = 1;
  must(lat_model_create(&model, f.task, f.tokenizer, &options));
  ck_assert_ptr_nonnull(strstr(lat_model_config(model), "\"encoder_attention\":1"));
  lat_model_free(model);
  options.architecture = LAT_ARCHITECTURE_ENCODER_DECODER;
  must_fail(LAT_ERROR_ARGUMENT, lat_model_create(&model, f.task, f.tokenizer, &options),
            "encoder_attention is 1, but architecture 0 is not recurrent");
  model_fixture_close(&f);
}
END_TEST

/* Transposition of at most 2 x 2 in p10: V V and 4 numbers of 5 tokens, a letter's room, and two
 * EOS. */
START_TEST(longest_sequence_is_what_the_task_needs) {
  model_fixture f;
  model_fixture_open(&f, &(model_plan){0});
  ck_assert_int_eq(f.model->options.max_positions, 1 + 2 + 4 * 5 + 2);
  model_fixture_close(&f);
}
END_TEST

START_TEST(defaults_are_the_paper_s) {
  lat_model_options options;
  lat_model_options_init(&options);
  ck_assert_uint_eq(options.struct_size, sizeof options);
  ck_assert_int_eq(options.encoder_layers, 1);
  ck_assert_int_eq(options.decoder_width, 256);
  ck_assert_int_eq(options.encoder_heads, 8);
  ck_assert_int_eq(options.ffn_factor, 4);
  ck_assert_int_eq(options.norm, LAT_NORM_POST);
  ck_assert_int_eq(options.activation, LAT_RELU);
  ck_assert_int_eq(options.tied, 1);
  ck_assert_int_eq(options.encoder_loops, 1);
}
END_TEST

static void check_metadata(const lat_model *model) {
  json_error_t error;
  json_t *config = json_loads(lat_model_config(model), 0, &error);
  ck_assert_ptr_nonnull(config);
  ck_assert_str_eq(json_string_value(json_object_get(config, "library")), lat_version_string());
  ck_assert(json_is_null(json_object_get(config, "training")));
  json_t *part = json_object_get(config, "task");
  ck_assert_str_eq(json_string_value(json_object_get(part, "name")), "transpose");
  part = json_object_get(config, "tokenizer");
  ck_assert_str_eq(json_string_value(json_object_get(part, "output_encoding")), "p10");
  part = json_object_get(config, "model");
  ck_assert_int_eq(json_integer_value(json_object_get(part, "decoder_width")), 12);
  ck_assert(json_real_value(json_object_get(part, "dropout")) == 0.25);
  json_decref(config);
}

START_TEST(metadata_describe_the_model_in_any_locale) {
  model_fixture f;
  lat_model_options options;
  model_fixture_options(&options);
  options.dropout = 0.25;
  const int comma = _i == 1 && comma_locale_enter();
  model_fixture_open(&f, &(model_plan){.model = &options});
  check_metadata(f.model);
  lat_model *again = NULL;
  must(lati_model_from_config(&again, f.ctx, lat_model_config(f.model), NULL));
  ck_assert_mem_eq(&again->options, &f.model->options, sizeof options);
  ck_assert_str_eq(again->config, f.model->config);
  ck_assert_ptr_null(again->parameters);
  lat_model_free(again);
  model_fixture_close(&f);
  if (comma) {
    comma_locale_leave();
  }
}
END_TEST

START_TEST(provenance_is_part_of_the_metadata) {
  model_fixture f;
  lat_model *again = NULL, *copy = NULL;
  json_t *training = json_pack("{s:i, s:f}", "examples", 64, "loss", 0.5);
  model_fixture_open(&f, &(model_plan){0});
  must(lati_model_set_training(f.model, training));
  must(lati_model_from_config(&again, f.ctx, lat_model_config(f.model), NULL));
  must(lat_model_clone(&copy, f.model));
  ck_assert(json_equal(again->training, training));
  ck_assert_str_eq(lat_model_config(copy), lat_model_config(f.model));
  must(lati_model_set_training(f.model, NULL));
  ck_assert_ptr_nonnull(strstr(lat_model_config(f.model), "\"training\":null"));
  json_decref(training);
  lat_model_free(copy);
  lat_model_free(again);
  model_fixture_close(&f);
}
END_TEST

typedef struct bad_text {
  const char *from, *to; /* replaced in a good text */
  lat_status status;
  const char *message;
} bad_text;

static const bad_text bad_texts[] = {
    {"{\"task\":", "{", LAT_ERROR_FORMAT, NULL},
    {"\"task\":", "\"tusk\":", LAT_ERROR_FORMAT, "lat.config: task is missing or not an object"},
    {"\"model\":{", "\"model\":5,\"x\":{", LAT_ERROR_FORMAT,
     "lat.config: model is missing or not an object"},
    {"\"encoder_width\":8", "\"encoder_width\":9", LAT_ERROR_FORMAT,
     "lat.config: heads 2 does not divide width 9 (encoder)"},
    {"\"encoder_width\":8", "\"encoder_width\":5000", LAT_ERROR_FORMAT,
     "lat.config: model: encoder_width 5000 is outside 1..4096"},
    {"\"encoder_width\":8", "\"encoder_width\":\"8\"", LAT_ERROR_FORMAT,
     "lat.config: model: encoder_width is not a 32-bit integer"},
    {"\"encoder_width\":8", "\"breadth\":8", LAT_ERROR_FORMAT,
     "lat.config: model: unknown member \"breadth\""},
    {"\"tied\":1", "\"tied\":1,\"tied\":1", LAT_ERROR_FORMAT, NULL},
    {"\"p10\"", "\"p11\"", LAT_ERROR_FORMAT, NULL},
};

static char *replaced(const char *text, const bad_text *bad) {
  const char *at = strstr(text, bad->from);
  ck_assert_ptr_nonnull(at);
  char *copy = malloc(strlen(text) + strlen(bad->to) + 1);
  const size_t before = (size_t)(at - text);
  memcpy(copy, text, before);
  strcpy(copy + before, bad->to);
  strcat(copy, at + strlen(bad->from));
  return copy;
}

START_TEST(bad_metadata_are_refused) {
  model_fixture f;
  model_fixture_open(&f, &(model_plan){0});
  lat_model *model = f.model;
  const bad_text *bad = &bad_texts[_i];
  char *text = replaced(lat_model_config(f.model), bad);
  ck_assert_int_eq(lati_model_from_config(&model, f.ctx, text, NULL), bad->status);
  ck_assert_ptr_null(model);
  if (bad->message != NULL) {
    ck_assert_str_eq(lat_last_error(), bad->message);
  }
  free(text);
  model_fixture_close(&f);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("model config");
  tcase_add_loop_test(tests, bad_options_are_refused, 0, sizeof refusals / sizeof refusals[0]);
  tcase_add_test(tests, bad_numbers_and_pointers_are_refused);
  tcase_add_test(tests, an_encoder_alone_has_no_decoder);
  tcase_add_test(tests, a_decoder_alone_has_no_encoder);
  tcase_add_test(tests, a_tied_factored_head_needs_factored_embeddings);
  tcase_add_test(tests, attention_of_recurrent_decoders_is_an_option);
  tcase_add_test(tests, longest_sequence_is_what_the_task_needs);
  tcase_add_test(tests, defaults_are_the_paper_s);
  tcase_add_loop_test(tests, metadata_describe_the_model_in_any_locale, 0, 2);
  tcase_add_test(tests, provenance_is_part_of_the_metadata);
  tcase_add_loop_test(tests, bad_metadata_are_refused, 0, sizeof bad_texts / sizeof bad_texts[0]);
  return run_case("model config", tests);
}
