/* lat sample: draws examples and shows them as matrices and as tokens. */
#include "report.h"
#include "subcommands.h"
#include "workbench.h"

#include <stdio.h>

enum { BLOCK = 256 };

static const cli_option sample_options[] = {
    OPTION(OPTION_INT64, "count", count, "N", "examples to draw"),
    OPTION(OPTION_UINT64, "seed", sampler.seed, "S", "of the examples"),
    OPTION(OPTION_UINT32, "stream", sampler.stream, "N",
           "of the seed: 0 training, 1 validation, 2 test"),
    OPTION(OPTION_UINT64, "first", evaluate.first, "I", "index of the first example"),
    OPTION(OPTION_INT64, "repeat-count", sampler.repeat_count, "N",
           "two-set sampling: size of the fixed set (0: fresh examples only)"),
    OPTION(OPTION_DOUBLE, "repeat-share", sampler.repeat_share, "P",
           "probability that an example comes from it"),
    OPTION(OPTION_TEXT, "size-weights", sampler.size_weights, "TEXT",
           "shares of sizes over the examples, linear between points: '3:0.5,4:0.5@0;5@500000'"),
    OPTION(OPTION_TEXT, "task-weights", sampler.task_weights, "TEXT",
           "likewise of a mixture's tasks"),
    OPTION(OPTION_TEXT, "distribution-weights", sampler.distribution_weights, "TEXT",
           "likewise of spectra"),
    OPTIONS_END};
static const option_group group_sample = {"Sampling", 0, sample_options};

/* One example of a batch: a side's matrices and symbols. */
typedef struct side_view {
  lat_matrix matrix; /* as it is written; no rows where several are written one after the other */
  lat_matrix operands[LAT_MAX_OPERANDS];
  int32_t operand_count;
  const int32_t *tokens;
  int64_t count;
} side_view;

static lat_status view_side(side_view *view, const lat_batch *batch, int32_t side, int64_t index) {
  lat_sequences sequences;
  lat_status status = lat_batch_sequences(&sequences, batch, side);
  view->operand_count = lat_batch_operand_count(batch, side, index);
  for (int32_t i = 0; i < view->operand_count && status == LAT_OK; ++i) {
    status = lat_batch_operand(&view->operands[i], batch, side, index, i);
  }
  if (lat_batch_matrix(&view->matrix, batch, side, index) != LAT_OK) {
    view->matrix = (lat_matrix){NULL, 0, 0, 0, LAT_ROW_MAJOR};
  }
  if (status == LAT_OK) {
    view->tokens = sequences.tokens + sequences.offsets[index];
    view->count = sequences.offsets[index + 1] - sequences.offsets[index];
  }
  return status;
}

static const char *symbol_text(char text[16], const lat_tokenizer *tokenizer, int32_t side,
                               int32_t token) {
  return lat_tokenizer_symbol(text, 16, tokenizer, side, token) == LAT_OK ? text : "?";
}

static json_t *json_symbols(const side_view *view, const lat_tokenizer *tokenizer, int32_t side) {
  char text[16];
  json_t *symbols = json_array();
  for (int64_t i = 0; i < view->count; ++i) {
    json_array_append_new(symbols,
                          json_string(symbol_text(text, tokenizer, side, view->tokens[i])));
  }
  return symbols;
}

static json_t *json_operands(const side_view *view) {
  json_t *list = json_array();
  for (int32_t i = 0; i < view->operand_count; ++i) {
    json_array_append_new(list, json_matrix(&view->operands[i]));
  }
  return list;
}

/* null where no one matrix is written. */
static json_t *json_written(const side_view *view) {
  return view->matrix.rows > 0 ? json_matrix(&view->matrix) : json_null();
}

static void print_side(const char *title, const side_view *view, const lat_tokenizer *tokenizer,
                       int32_t side) {
  char text[16];
  const int whole = view->matrix.rows > 0;
  for (int32_t i = 0; i < (whole ? 1 : view->operand_count); ++i) {
    const lat_matrix *matrix = whole ? &view->matrix : &view->operands[i];
    printf("%s %d x %d\n", title, (int)matrix->rows, (int)matrix->cols);
    print_matrix(matrix);
  }
  for (int64_t i = 0; i < view->count; ++i) {
    printf("%s%s", i > 0 ? " " : "", symbol_text(text, tokenizer, side, view->tokens[i]));
  }
  putchar('\n');
}

static int show_example(const workbench *bench, const lat_batch *batch, int64_t index, int json) {
  side_view input, output;
  const lat_task *task = lat_task_component(bench->task, lat_batch_component(batch, index));
  lat_status status = view_side(&input, batch, LAT_INPUT, index);
  if (status == LAT_OK) {
    status = view_side(&output, batch, LAT_OUTPUT, index);
  }
  if (status != LAT_OK) {
    return report_failure(status);
  }
  if (json) {
    return report_json(json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "input", json_written(&input), "output",
        json_written(&output), "input_tokens", json_symbols(&input, bench->tokenizer, LAT_INPUT),
        "output_tokens", json_symbols(&output, bench->tokenizer, LAT_OUTPUT), "operands",
        json_operands(&input), "results", json_operands(&output), "task", lat_task_name(task)));
  }
  print_side("input", &input, bench->tokenizer, LAT_INPUT);
  print_side("output", &output, bench->tokenizer, LAT_OUTPUT);
  putchar('\n');
  return EXIT_DONE;
}

static int show_all(const workbench *bench, lat_sampler *sampler, lat_batch *batch,
                    const cli_settings *settings) {
  int outcome = EXIT_DONE;
  for (int64_t done = 0; done < settings->count && outcome == EXIT_DONE;) {
    int64_t left = settings->count - done, block = left < BLOCK ? left : BLOCK;
    lat_status status = lat_sampler_next(batch, sampler, block);
    outcome = status == LAT_OK ? EXIT_DONE : report_failure(status);
    for (int64_t i = 0; i < block && outcome == EXIT_DONE; ++i) {
      outcome = show_example(bench, batch, i, settings->json);
    }
    outcome = ferror(stdout) ? EXIT_FAILED : outcome; /* which main tells of */
    done += block;
  }
  return outcome;
}

static int run(cli_settings *settings, const cli_command *command) {
  workbench bench = {0};
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  if (settings->task_names == NULL || settings->count < 0) {
    fprintf(stderr,
            settings->count < 0 ? "lat %s: --count is negative\n"
                                : "lat %s: --task NAME or --preset NAME is needed\n",
            command->name);
    return EXIT_USAGE;
  }
  lat_status status = workbench_make_task(&bench, settings);
  if (status == LAT_OK) {
    status = workbench_make_tokenizer(&bench, settings);
  }
  if (status == LAT_OK) {
    status = lat_sampler_create(&sampler, bench.task, bench.tokenizer, &settings->sampler);
  }
  if (status == LAT_OK) {
    status = lat_batch_create(&batch, bench.tokenizer);
  }
  int outcome = EXIT_DONE;
  if (status == LAT_OK) {
    lat_sampler_seek(sampler, settings->evaluate.first);
    outcome = show_all(&bench, sampler, batch, settings);
  } else {
    outcome = report_setup(status);
  }
  lat_batch_free(batch);
  lat_sampler_free(sampler);
  workbench_free(&bench);
  return outcome;
}

static const option_group *const groups[] = {
    &group_task, &group_sizes, &group_sample, &group_encoding, &group_output, &group_context, NULL};
const cli_command command_sample = {
    .name = "sample",
    .operands = "",
    .summary = "Draw random examples of a task.",
    .groups = groups,
    .notes =
        "Numbers have 17 digits; the input carries its noise; tokens are without the framing EOS.",
    .run = run};
