/* lat eval: the table of accuracies of a model on fresh examples. */
#include "accuracy_table.h"
#include "model_task.h"
#include "option_rules.h"
#include "progress_line.h"
#include "report.h"
#include "subcommands.h"
#include "workbench.h"

#include <stdio.h>

static const cli_option eval_options[] = {
    OPTION(OPTION_INT64, "count", evaluate.count, "N", "fresh examples (1000)"),
    OPTION(OPTION_UINT64, "seed", evaluate.seed, "S", "(0)"),
    OPTION(OPTION_UINT32, "stream", evaluate.stream, "N",
           "of the seed; training draws from 0, validation from 1 (2)"),
    OPTION(OPTION_UINT64, "first", evaluate.first, "I", "index of the first example (0)"),
    OPTION(OPTION_INT32, "batch-size", evaluate.batch_size, "N", "examples decoded at once (128)"),
    OPTION(OPTION_CHOICE, "norm", evaluate.norm, "l1|max|frobenius2", "of the residuals (l1)"),
    OPTION(OPTION_FLAG, "classic-inverse", evaluate.classic_inverse, NULL,
           "score inverses against the answer instead of |A P - I| / n"),
    OPTION(OPTION_FLAG, "accept-trailing", evaluate.accept_trailing, NULL,
           "ignore tokens after a complete matrix, as the paper's program"),
    OPTION(OPTION_FLAG, "accept-loose", evaluate.accept_loose, NULL,
           "p10, p1000: any number of digits, exponent or not, as the paper's program"),
    OPTION(OPTION_FLAG, "accept-zero", evaluate.accept_zero, NULL,
           "answers of zeros are right for eigenvectors and SVD, as in the paper's program"),
    OPTION(OPTION_FLAG, "ceiling", evaluate.ceiling, NULL,
           "what an exact solver reaches on the rounded input (inverses: always shown)"),
    OPTION(OPTION_INT32, "refine", decode.refine, "N",
           "at most N steps of refinement, to tell the share that is certified then (0)"),
    OPTIONS_END};
static const option_group group_eval = {"Evaluation", 0, eval_options};

static int32_t show_progress(int64_t done, int64_t count, void *user) {
  char text[96];
  snprintf(text, sizeof text, "%lld of %lld examples", (long long)done, (long long)count);
  progress_line_show(user, count > 0 ? (double)done / (double)count : 1, text, 0);
  return 0;
}

static int evaluate(const workbench *bench, cli_settings *settings) {
  lat_evaluation *evaluation = NULL;
  progress_line line;
  progress_line_start(&line, settings->quiet);
  if (settings->decode.grammar == UNSAID) {
    settings->decode.grammar = 0;
  }
  if (settings->evaluate.ceiling == UNSAID) {
    settings->evaluate.ceiling = (settings->traits & TRAIT_INVERSE) != 0;
  }
  settings->evaluate.decode = &settings->decode;
  settings->evaluate.progress = show_progress;
  settings->evaluate.user = &line;
  settings->evaluate.task = bench->task;
  double started = seconds_now();
  lat_status status = lat_evaluate(&evaluation, bench->model, &settings->evaluate);
  double rate = (double)settings->evaluate.count / (seconds_now() - started);
  progress_line_end(&line);
  int outcome = EXIT_DONE;
  if (status != LAT_OK) {
    outcome = report_setup(status);
  } else if (settings->json) {
    outcome = report_json(accuracy_json(evaluation, rate));
  } else {
    accuracy_print(evaluation, rate, settings->evaluate.ceiling);
  }
  lat_evaluation_free(evaluation);
  return outcome;
}

/* What the model makes of the options. */
static int check_for_model(cli_settings *settings, const cli_command *command,
                           const workbench *bench) {
  settings->traits = traits_of_task(lat_model_task(bench->model));
  settings->tokenizer.output_encoding =
      lat_tokenizer_encoding(lat_model_tokenizer(bench->model), LAT_OUTPUT);
  return options_check(settings, command);
}

static int run(cli_settings *settings, const cli_command *command) {
  workbench bench = {0};
  int outcome = EXIT_DONE;
  lat_status status = workbench_load(&bench, settings, settings->operands[0]);
  if (status != LAT_OK) {
    outcome = report_failure(status);
  } else if (settings->given & GIVEN_SIZES) {
    outcome = make_other_task(&bench, settings, command);
  }
  if (outcome == EXIT_DONE) {
    outcome = check_for_model(settings, command, &bench);
  }
  if (outcome == EXIT_DONE) {
    outcome = evaluate(&bench, settings);
  }
  workbench_free(&bench);
  return outcome;
}

static const option_group *const groups[] = {&group_eval,    &group_sizes, &group_decoding,
                                             &group_output,  &group_quiet, &group_precision,
                                             &group_context, NULL};
const cli_command command_eval = {
    .name = "eval",
    .operands = "MODEL",
    .summary = "Measure a model on fresh examples.",
    .min_operands = 1,
    .max_operands = 1,
    .groups = groups,
    .notes = "Options under Matrices replace those of the model's own task.",
    .run = run};
