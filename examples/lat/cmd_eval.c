/* lat eval: the table of accuracies of a model on fresh examples. */
#include "accuracy_table.h"
#include "example_file.h"
#include "model_task.h"
#include "option_rules.h"
#include "output_file.h"
#include "predictions.h"
#include "progress_line.h"
#include "report.h"
#include "subcommands.h"
#include "workbench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cli_option eval_options[] = {
    OPTION(OPTION_TEXT, "data", data, "FILE",
           "evaluate on a file's examples, as 'lat sample --json' writes them"),
    OPTION(OPTION_TEXT, "task", task_names, "NAME", "which task of a mixture (all of them)"),
    OPTION(OPTION_INT64, "count", evaluate.count, "N", "fresh examples"),
    OPTION(OPTION_UINT64, "seed", evaluate.seed, "S", "of the examples"),
    OPTION(OPTION_UINT32, "stream", evaluate.stream, "N",
           "of the seed; training draws from 0, validation from 1"),
    OPTION(OPTION_UINT64, "first", evaluate.first, "I", "index of the first example"),
    OPTION(OPTION_INT32, "batch-size", evaluate.batch_size, "N", "examples decoded at once"),
    OPTION(OPTION_CHOICE, "norm", evaluate.norm, "l1|max|frobenius2", "of the residuals"),
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
           "at most N steps of refinement, to tell the share that is certified then"),
    OPTION(OPTION_TEXT, "tolerances", tolerances, "A,B,C,D",
           "up to four relative residuals to count as right (0.05,0.02,0.01,0.005)"),
    OPTION(OPTION_FLAG, "diagnose", evaluate.diagnose, NULL,
           "what of failed answers is right, and which condition number tells them"),
    OPTION(OPTION_TEXT, "predictions", predictions, "FILE",
           "write every example with its prediction, a JSON object a line"),
    OPTIONS_END};
static const option_group group_eval = {"Evaluation", 0, eval_options};

/* What the library's calls come back with. */
typedef struct audience {
  progress_line line;
  lat_batch *data;         /* examples of a file; NULL: they are drawn */
  output_file predictions; /* not open: none asked for */
  const lat_tokenizer *tokenizer;
} audience;

static int32_t show_progress(int64_t done, int64_t count, void *user) {
  audience *to = user;
  char text[96];
  snprintf(text, sizeof text, "%lld of %lld examples", (long long)done, (long long)count);
  progress_line_show(&to->line, count > 0 ? (double)done / (double)count : 1, text, 0);
  return 0;
}

static int32_t write_prediction(const lat_observation *observation, void *user) {
  audience *to = user;
  const int written = prediction_write(to->predictions.stream, observation, to->tokenizer);
  return output_file_failed(&to->predictions) || !written;
}

/* Reads "A,B,C,D". Prints what is wrong; an exit code. */
static int read_tolerances(double tolerances[LAT_TOLERANCES], const char *text) {
  int count = 0;
  for (const char *at = text; at != NULL;) {
    char *end = NULL;
    const double value = strtod(at, &end);
    if (end == at || (*end != ',' && *end != '\0') || !(value > 0) || count == LAT_TOLERANCES) {
      return report_usage("eval", "--tolerances takes one to %d positive numbers, not %s",
                          LAT_TOLERANCES, text);
    }
    tolerances[count++] = value;
    at = *end == ',' ? end + 1 : NULL;
  }
  return EXIT_DONE;
}

/* Shows an evaluation as what was asked for. */
static int show(const lat_evaluation *evaluation, const cli_settings *settings, double rate) {
  int outcome = EXIT_DONE;
  if (settings->json) {
    outcome = report_json(accuracy_json(evaluation, rate, settings->test_set));
  } else {
    if (settings->test_set != NULL) {
      printf("%s%s\n", "distribution ", settings->test_set);
    }
    accuracy_print(evaluation, rate, settings->evaluate.ceiling);
    diagnosis_print(evaluation);
  }
  return outcome;
}

static int evaluate(const workbench *bench, cli_settings *settings, const lat_task *task,
                    audience *to) {
  lat_evaluation *evaluation = NULL;
  progress_line_start(&to->line, settings->quiet);
  if (settings->decode.grammar == UNSAID) {
    settings->decode.grammar = 0;
  }
  if (settings->evaluate.ceiling == UNSAID) {
    settings->evaluate.ceiling = (settings->traits & TRAIT_INVERSE) != 0;
  }
  settings->evaluate.decode = &settings->decode;
  settings->evaluate.progress = show_progress;
  settings->evaluate.observe = to->predictions.stream != NULL ? write_prediction : NULL;
  settings->evaluate.user = to;
  settings->evaluate.task = task;
  settings->evaluate.source = to->data;
  if (to->data != NULL && !was_said(settings, "count")) {
    settings->evaluate.count = lat_batch_size(to->data);
  }
  double started = seconds_now();
  lat_status status = lat_evaluate(&evaluation, bench->model, &settings->evaluate);
  double rate = (double)settings->evaluate.count / (seconds_now() - started);
  progress_line_end(&to->line);
  int outcome =
      EXIT_FAILED; /* what was cancelled by a write that failed is told when the file is closed */
  if (status == LAT_OK) {
    outcome = show(evaluation, settings, rate);
  } else if (to->predictions.error == 0) {
    outcome = report_setup(status);
  }
  lat_evaluation_free(evaluation);
  return outcome;
}

/* What the model makes of the options. */
static int check_for_model(cli_settings *settings, const cli_command *command,
                           const workbench *bench, const lat_task *task) {
  settings->traits = traits_of_task(task);
  settings->tokenizer.output_encoding =
      lat_tokenizer_encoding(lat_model_tokenizer(bench->model), LAT_OUTPUT);
  return options_check(settings, command);
}

/* The model's own task, or the one that options describe, or one of a mixture's, checked and
 * evaluated. */
static int evaluate_set(workbench *bench, cli_settings *settings, const cli_command *command,
                        audience *to) {
  int outcome = EXIT_DONE;
  const char *only = settings->task_names;
  const lat_task *whole = lat_model_task(bench->model), *task = whole;
  if (only != NULL) {
    outcome = find_component(&task, whole, only, "eval");
  }
  if (outcome == EXIT_DONE && (settings->given & GIVEN_SIZES)) {
    lat_task_free(bench->task);
    bench->task = NULL;
    outcome = make_other_task(bench, settings, command, task);
    task = bench->task;
  }
  if (outcome == EXIT_DONE) {
    outcome = check_for_model(settings, command, bench, task);
  }
  if (outcome == EXIT_DONE) {
    outcome = example_file_read(&to->data, settings->data, only != NULL ? whole : task, only,
                                lat_model_tokenizer(bench->model));
  }
  if (outcome == EXIT_DONE) {
    outcome = evaluate(bench, settings, task, to);
  }
  lat_batch_free(to->data);
  to->data = NULL;
  return outcome;
}

/* "a;b;c": a table for each. */
static int evaluate_sets(workbench *bench, cli_settings *settings, const cli_command *command,
                         audience *to) {
  char sets[1024], *rest = sets;
  const int length = snprintf(sets, sizeof sets, "%s", settings->task.distribution);
  int outcome = length < (int)sizeof sets
                    ? EXIT_DONE
                    : report_usage("eval", "--distribution is longer than %zu", sizeof sets - 1);
  for (char *set = strtok_r(sets, ";", &rest); set != NULL && outcome == EXIT_DONE;
       set = strtok_r(NULL, ";", &rest)) {
    settings->test_set = set;
    outcome = evaluate_set(bench, settings, command, to);
  }
  settings->test_set = NULL;
  return outcome;
}

static int run(cli_settings *settings, const cli_command *command) {
  workbench bench = {0};
  audience to = {.predictions = {.stream = NULL}};
  int outcome = read_tolerances(settings->evaluate.tolerances, settings->tolerances);
  if (outcome != EXIT_DONE) {
    return outcome;
  }
  const lat_status status = workbench_load(&bench, settings, settings->operands[0]);
  outcome = status == LAT_OK ? EXIT_DONE : report_failure(status);
  if (outcome == EXIT_DONE && settings->predictions != NULL) {
    outcome = output_file_open(&to.predictions, settings->predictions);
  }
  if (outcome == EXIT_DONE) {
    to.tokenizer = lat_model_tokenizer(bench.model);
    outcome = strchr(settings->task.distribution, ';') != NULL
                  ? evaluate_sets(&bench, settings, command, &to)
                  : evaluate_set(&bench, settings, command, &to);
  }
  outcome = output_file_close(&to.predictions, outcome);
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
    .notes = "Options under Matrices replace those of the model's own task. --distribution 'a;b;c' "
             "draws\n"
             "three test sets, one after the other.",
    .run = run};
