/* lat bench: how fast a preset's model trains, decodes and draws on this machine. */
#include "measurement.h"
#include "model_cost.h"
#include "report.h"
#include "subcommands.h"
#include "workbench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DECODE_BATCH = 128, SAMPLE_BLOCK = 4096 };

static const cli_option bench_options[] = {
    OPTION(OPTION_INT32, "repeats", repeats, "N", "measurements of each figure, 1..99"),
    OPTION(OPTION_DOUBLE, "seconds", seconds, "S", "length of a measurement"),
    OPTION(OPTION_FLAG, "decoding", decoding, NULL, "measure decoding too"),
    OPTION(OPTION_INT32, "batch-size", trainer.batch_size, "N", "examples a batch of training"),
    OPTIONS_END};
static const option_group group_bench = {"Measurement", 0, bench_options};

/* What the pieces of work use. */
typedef struct bench_rig {
  workbench bench;
  lat_sampler *sampler;
  lat_batch *batch;
  lat_gradients *gradients;
  lat_optimizer *optimizer;
  lat_session *session;
  int64_t batch_size;
} bench_rig;

/* What was found. */
typedef struct figures {
  double train, decode, latency, sample, gflops, gemm_ceiling, raw_ceiling;
  double muon_gflops; /* of Muon's own products; NaN with other rules */
} figures;

static lat_status draw(void *argument) {
  bench_rig *rig = argument;
  return lat_sampler_next(rig->batch, rig->sampler, SAMPLE_BLOCK);
}

static lat_status decode(void *argument) {
  bench_rig *rig = argument;
  lat_sequences answers;
  return lat_session_decode(&answers, rig->session, rig->batch);
}

static lat_status step(lat_loss_sum *sum, bench_rig *rig) {
  lat_status status = lat_sampler_next(rig->batch, rig->sampler, rig->batch_size);
  if (status == LAT_OK) {
    status = lat_gradients_accumulate(rig->gradients, sum, rig->bench.model, rig->batch);
  }
  return status != LAT_OK
             ? status
             : lat_optimizer_step(rig->optimizer, rig->bench.model, rig->gradients, sum);
}

static lat_status train(void *argument) {
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  return step(&sum, argument);
}

static lat_status make_rig(bench_rig *rig, const cli_settings *settings) {
  lat_status status = workbench_make_model(&rig->bench, settings);
  if (status == LAT_OK) {
    status = lat_sampler_create(&rig->sampler, rig->bench.task, rig->bench.tokenizer,
                                &settings->sampler);
  }
  if (status == LAT_OK) {
    status = lat_batch_create(&rig->batch, rig->bench.tokenizer);
  }
  return status;
}

static void free_rig(bench_rig *rig) {
  lat_session_free(rig->session);
  lat_optimizer_free(rig->optimizer);
  lat_gradients_free(rig->gradients);
  lat_batch_free(rig->batch);
  lat_sampler_free(rig->sampler);
  workbench_free(&rig->bench);
}

/* It has an element for each row of the head. */
static lat_status find_head_bias(lat_tensor *bias, const lat_model *model) {
  lat_status status = LAT_OK;
  lat_tensor_init(bias);
  for (int32_t i = lat_model_tensor_count(model) - 1; i >= 0; --i) {
    status = lat_model_tensor(bias, model, i);
    if (status != LAT_OK || strstr(bias->name, ".proj.bias") != NULL) {
      return status;
    }
  }
  return LAT_ERROR_INTERNAL; /* every model has one */
}

static lat_status measure_training(figures *found, bench_rig *rig, const cli_settings *settings) {
  double steps = 0;
  lat_tensor bias;
  rig->batch_size = settings->trainer.batch_size;
  lat_status status = lat_gradients_create(&rig->gradients, rig->bench.model);
  if (status == LAT_OK) {
    status = lat_optimizer_create(&rig->optimizer, rig->bench.model, &settings->optimizer);
  }
  if (status == LAT_OK) {
    status = measure_rate(&steps, settings, train, rig);
  }
  if (status == LAT_OK) {
    status = find_head_bias(&bias, rig->bench.model);
  }
  if (status == LAT_OK) {
    double multiply_adds =
        model_multiply_adds(&settings->model, rig->batch, (int32_t)bias.shape[0]);
    found->train = steps * (double)rig->batch_size;
    found->gflops = 6e-9 * multiply_adds * steps;
    if (strcmp(settings->optimizer.rule, "muon") == 0) {
      found->muon_gflops = 2e-9 * muon_multiply_adds(rig->bench.model) * steps;
    }
  }
  return status;
}

/* The instruction alone, and the products of the model's layers alone: together they take as long
 * as each of them does. */
static lat_status measure_ceilings(figures *found, bench_rig *rig, const cli_settings *settings) {
  const lat_context *ctx = rig->bench.ctx;
  const double share = settings->seconds / (double)MODEL_LAYERS;
  model_layer layers[MODEL_LAYERS];
  double raw = 0, work = 0, time = 0;
  lat_tensor bias;
  lat_status status = find_head_bias(&bias, rig->bench.model);
  if (status == LAT_OK) {
    model_layers(layers, &settings->model, rig->batch, (int32_t)bias.shape[0]);
    status = lat_context_measure(&raw, NULL, ctx, 1, 1, 1, settings->seconds);
  }
  for (int i = 0; i < MODEL_LAYERS && status == LAT_OK; ++i) {
    const model_layer *layer = &layers[i];
    double rate = 1,
           operations = 6.0 * layer->count * (double)layer->tokens * layer->out * layer->in;
    status = lat_context_measure(NULL, &rate, ctx, layer->tokens, layer->out, layer->in, share);
    work += operations;
    time += operations / rate;
  }
  found->raw_ceiling = 1e-9 * raw;
  found->gemm_ceiling = 1e-9 * work / time;
  return status;
}

/* An untrained model may stop at once: EOS is made impossible, so that each answer has the length
 * of a true one. */
static lat_status forbid_eos(lat_model *model) {
  float *parameters = NULL;
  lat_tensor bias;
  lat_status status = find_head_bias(&bias, model);
  if (status == LAT_OK) {
    status = lat_model_map(&parameters, model);
  }
  if (status != LAT_OK) {
    return status;
  }
  parameters[bias.offset + LAT_TOKEN_EOS] = -1e9f;
  return lat_model_commit(model);
}

static lat_status measure_decoding_of(double *rate, bench_rig *rig, const cli_settings *settings,
                                      int64_t count) {
  lat_sequences targets;
  lat_decode_options options;
  lat_decode_options_init(&options);
  options.grammar = 0;
  lat_session_free(rig->session);
  rig->session = NULL;
  lat_status status = lat_sampler_next(rig->batch, rig->sampler, count);
  if (status == LAT_OK) {
    status = lat_batch_sequences(&targets, rig->batch, LAT_OUTPUT);
  }
  if (status == LAT_OK) {
    options.max_tokens = (int32_t)(targets.offsets[targets.count] / targets.count);
    status = lat_session_create(&rig->session, rig->bench.model, &options);
  }
  if (status == LAT_OK) {
    status = measure_rate(rate, settings, decode, rig);
    *rate *= (double)count;
  }
  return status;
}

/* In batches, and one by one. */
static lat_status measure_decoding(figures *found, bench_rig *rig, const cli_settings *settings) {
  double one = 0;
  lat_status status = forbid_eos(rig->bench.model);
  if (status == LAT_OK) {
    status = measure_decoding_of(&found->decode, rig, settings, DECODE_BATCH);
  }
  if (status == LAT_OK) {
    status = measure_decoding_of(&one, rig, settings, 1);
    found->latency = 1e3 / one;
  }
  return status;
}

static lat_status measure_all(figures *found, bench_rig *rig, const cli_settings *settings) {
  lat_status status = make_rig(rig, settings);
  if (status == LAT_OK) {
    status = measure_rate(&found->sample, settings, draw, rig);
    found->sample *= (double)SAMPLE_BLOCK;
  }
  if (status == LAT_OK) {
    status = measure_training(found, rig, settings);
  }
  if (status == LAT_OK) {
    status = measure_ceilings(found, rig, settings);
  }
  if (status == LAT_OK && settings->decoding) {
    status = measure_decoding(found, rig, settings);
  }
  return status;
}

static int show(const figures *found, const bench_rig *rig, const cli_settings *settings) {
  const lat_context *ctx = rig->bench.ctx;
  const char *precision = lat_context_precision(ctx) == LAT_PRECISION_BF16 ? "bf16" : "f32";
  const char *preset = settings->preset != NULL ? settings->preset : "none";
  int threads = (int)lat_context_threads(ctx);
  if (settings->json) {
    return report_json(json_pack(
        "{s:s, s:s, s:i, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o*}", "preset", preset,
        "precision", precision, "threads", threads, "batch_size", (json_int_t)rig->batch_size,
        "train_examples_per_second", json_number(found->train), "decode_examples_per_second",
        json_number(found->decode), "decode_latency_ms", json_number(found->latency),
        "sample_examples_per_second", json_number(found->sample), "model_gflops",
        json_number(found->gflops), "gemm_ceiling_gflops", json_number(found->gemm_ceiling),
        "raw_ceiling_gflops", json_number(found->raw_ceiling), "utilization",
        json_number(found->gflops / found->raw_ceiling), "muon_gflops",
        isnan(found->muon_gflops) ? NULL : json_number(found->muon_gflops)));
  }
  printf("preset                     %s (%s, %d threads, %s)\n", preset, precision, threads,
         lat_context_kernels(ctx));
  printf("training                   %.1f examples/s, batches of %lld\n", found->train,
         (long long)rig->batch_size);
  printf("model arithmetic           %.1f GFLOP/s, %.1f %% of the instruction's rate\n",
         found->gflops, 100 * found->gflops / found->raw_ceiling);
  if (!isnan(found->muon_gflops)) {
    printf("Muon's own arithmetic      %.1f GFLOP/s beside it\n", found->muon_gflops);
  }
  printf("its products alone         %.1f GFLOP/s\n", found->gemm_ceiling);
  printf("the instruction alone      %.1f GFLOP/s\n", found->raw_ceiling);
  if (settings->decoding) {
    printf("decoding                   %.1f examples/s, batches of %d\n", found->decode,
           (int)DECODE_BATCH);
    printf("decoding, one              %.3f ms\n", found->latency);
  }
  printf("drawing and tokenizing     %.0f examples/s\n", found->sample);
  return EXIT_DONE;
}

static int run(cli_settings *settings, const cli_command *command) {
  bench_rig rig = {0};
  figures found = {.decode = NAN, .latency = NAN, .muon_gflops = NAN};
  if (settings->repeats < 1 || settings->repeats > MAX_REPEATS || settings->seconds < 0) {
    fprintf(stderr, "lat %s: --repeats must be 1..99, --seconds not negative\n", command->name);
    return EXIT_USAGE;
  }
  lat_status status = measure_all(&found, &rig, settings);
  int outcome = status == LAT_OK ? show(&found, &rig, settings) : report_setup(status);
  free_rig(&rig);
  return outcome;
}

static const option_group *const groups[] = {
    &group_bench,     &group_task,   &group_sizes,     &group_encoding, &group_model,
    &group_optimizer, &group_output, &group_precision, &group_context,  NULL};
const cli_command command_bench = {
    .name = "bench",
    .operands = "",
    .summary = "Measure speed: training, decoding, drawing.",
    .groups = groups,
    .notes = "Without --preset or --task: --preset transpose-5x5. Answers are decoded greedily\n"
             "to the length of true ones.",
    .default_preset = "transpose-5x5",
    .run = run};
