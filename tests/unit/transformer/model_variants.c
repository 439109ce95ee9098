#include "model_variants.h"

/* Every option takes part in one of these. */
typedef void variant(lat_model_options *options);

static void plain(lat_model_options *options) {
  (void)options;
}

static void pre_norm_gelu(lat_model_options *options) {
  options->norm = LAT_NORM_PRE;
  options->activation = LAT_GELU;
}

static void deep_with_places(lat_model_options *options) {
  pre_norm_gelu(options);
  options->matrix_positions = 1;
  options->encoder_layers = 2;
}

static void untied_sinusoidal(lat_model_options *options) {
  options->tied = 0;
  options->positions = LAT_POSITIONS_SINUSOIDAL;
  options->cross_query_from_input = 1;
}

static void factored_looped(lat_model_options *options) {
  pre_norm_gelu(options);
  options->factored = options->cross_query_from_input = 1;
  options->encoder_loops = 2;
}

static void factored(lat_model_options *options) {
  pre_norm_gelu(options);
  options->factored = 1;
}

static void factored_head(lat_model_options *options) {
  factored(options);
  options->factored_head = 1;
}

static void encoder_alone_gated(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_ENCODER;
  options->matrix_positions = 1;
  options->ffn = LAT_FFN_GATED;
}

static void rms_norm(lat_model_options *options) {
  pre_norm_gelu(options);
  options->cross_query_from_input = 1;
  options->norm_kind = LAT_NORM_KIND_RMS;
}

static void decoder_alone_hashed(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_DECODER;
  options->matrix_positions = 1;
  options->ffn = LAT_FFN_HASHED;
}

static void copy_gates(lat_model_options *options) {
  pre_norm_gelu(options);
  options->copy_gate = 1;
  options->encoder_layers = options->encoder_loops = 2;
}

static void one_layer_looped(lat_model_options *options) {
  options->copy_gate = options->encoder_loop_layer = 1;
  options->encoder_layers = options->encoder_loops = 2;
}

static void lstm(lat_model_options *options) {
  pre_norm_gelu(options);
  options->architecture = LAT_ARCHITECTURE_LSTM;
}

static void gru_with_attention(lat_model_options *options) {
  options->architecture = LAT_ARCHITECTURE_GRU;
  options->encoder_attention = options->cross_query_from_input = 1;
}

static void query_per_number(lat_model_options *options) {
  pre_norm_gelu(options);
  options->architecture = LAT_ARCHITECTURE_ENCODER;
  options->query_per_number = options->matrix_positions = 1;
}

static variant *const variants[] = {plain,
                                    deep_with_places,
                                    untied_sinusoidal,
                                    factored_looped,
                                    factored,
                                    factored_head,
                                    encoder_alone_gated,
                                    rms_norm,
                                    decoder_alone_hashed,
                                    copy_gates,
                                    one_layer_looped,
                                    lstm,
                                    gru_with_attention,
                                    query_per_number};
_Static_assert(sizeof variants / sizeof *variants == MODEL_VARIANTS, "all are tested");

void model_variant_open(model_fixture *f, int which, int32_t threads, const lati_backend *backend) {
  lat_model_options options;
  model_fixture_options(&options);
  variants[which](&options);
  const char *encoding = options.factored ? "fp15" : "p1000";
  model_fixture_open(f, &(model_plan){.input = encoding,
                                      .output = encoding,
                                      .max_size = 3,
                                      .threads = threads,
                                      .backend = backend,
                                      .model = &options});
}
