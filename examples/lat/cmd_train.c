/* lat train: a training run in a folder, until a limit, a goal, or a signal. */
#include "model_task.h"
#include "option_rules.h"
#include "progress_line.h"
#include "report.h"
#include "subcommands.h"
#include "workbench.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>

static const cli_option run_options[] = {
    OPTION(OPTION_TEXT, "out", output, "DIR",
           "folder of model.safetensors, checkpoint.safetensors, log.jsonl (needed)"),
    OPTION(OPTION_TEXT, "from", from, "MODEL",
           "start from a saved model's parameters, with its task, encodings and architecture; "
           "--task and the options under Matrices make it another task"),
    OPTION(OPTION_FLAG, "resume", resume, NULL, "continue the run in DIR; give its options again"),
    OPTION_BOTH(OPTION_UINT64, "seed", trainer.seed, model.seed, "S",
                "of examples and initial parameters (0)"),
    OPTION(OPTION_INT64, "examples", trainer.max_examples, "N",
           "stop after N in all, over resumes"),
    OPTION(OPTION_DOUBLE, "minutes", minutes, "M", "stop after M minutes of this call"),
    OPTION(OPTION_DOUBLE, "until-exact", trainer.until_exact, "P",
           "stop when P % of a validation are exact"),
    OPTION(OPTION_DOUBLE, "until-accuracy", trainer.until_accuracy, "P",
           "stop when P % of a validation are right within 5 %"),
    OPTIONS_END};
static const option_group group_run = {"Run", 0, run_options};

static volatile sig_atomic_t interrupted;

/* The first signal asks the run to stop; the second, with the default action back, ends it. */
static void on_signal(int number) {
  (void)number;
  interrupted = 1;
}

/* A signal that was ignored when the command began, by nohup or a script, stays ignored. */
static void catch_signal(int number, int flags) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags}, before;
  sigemptyset(&action.sa_mask);
  if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
    sigaction(number, &action, NULL);
  }
}

/* A terminal that goes sends SIGHUP more than once: the second one does not end the run. Nor does a
 * reader that leaves, of progress or result: what was learned is in the files. */
static void catch_signals(void) {
  catch_signal(SIGINT, (int)SA_RESETHAND);
  catch_signal(SIGTERM, (int)SA_RESETHAND);
  catch_signal(SIGHUP, 0);
  signal(SIGPIPE, SIG_IGN);
}

/* What the progress callback needs. */
typedef struct train_watch {
  progress_line line;
  const lat_trainer_options *options;
} train_watch;

/* The share of the nearest limit that is used up; NaN without one. */
static double fraction_done(const lat_trainer_options *options, const lat_progress *progress) {
  double fraction = NAN;
  if (options->max_examples > 0) {
    fraction = (double)progress->examples / (double)options->max_examples;
  }
  if (options->max_seconds > 0) {
    fraction = fmax(fraction, progress->seconds / options->max_seconds);
  }
  return fraction;
}

static int32_t show_progress(const lat_progress *progress, void *user) {
  train_watch *watch = user;
  char text[192];
  int length = snprintf(text, sizeof text, "%lld examples, loss %.4f, %.0f examples/s, %.0f s",
                        (long long)progress->examples, progress->loss,
                        progress->examples_per_second, progress->seconds);
  if (!isnan(progress->accuracy) && length > 0) {
    snprintf(text + length, sizeof text - (size_t)length, "; within 5 %%: %.1f %%, exact: %.1f %%",
             progress->accuracy, progress->exact);
  }
  progress_line_show(&watch->line, fraction_done(watch->options, progress), text,
                     progress->validated);
  return interrupted;
}

static int show_result(const cli_settings *settings, const lat_trainer *trainer) {
  lat_progress progress;
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  if (settings->json) {
    return report_json(
        json_pack("{s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:b}", "directory",
                  json_name(settings->output), "examples", (json_int_t)progress.examples, "updates",
                  (json_int_t)progress.updates, "loss", json_number(progress.loss), "accuracy",
                  json_number(progress.accuracy), "exact", json_number(progress.exact), "seconds",
                  json_number(progress.seconds), "interrupted", interrupted != 0));
  }
  print_name(settings->output);
  printf(": %lld examples in %lld updates, loss %.4f", (long long)progress.examples,
         (long long)progress.updates, progress.loss);
  if (!isnan(progress.accuracy)) {
    printf(", within 5 %%: %.1f %%, exact: %.1f %%", progress.accuracy, progress.exact);
  }
  printf(", %.1f s\n", progress.seconds);
  return EXIT_DONE;
}

/* A goal that a limit came before is said, since the run counts as done all the same. */
static void mention_goal(const cli_settings *settings, const lat_trainer *trainer) {
  lat_progress progress;
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  int short_of_exact = !(progress.exact >= settings->trainer.until_exact);
  int short_of_accuracy = !(progress.accuracy >= settings->trainer.until_accuracy);
  if ((settings->trainer.until_exact > 0 && short_of_exact) ||
      (settings->trainer.until_accuracy > 0 && short_of_accuracy)) {
    fprintf(stderr, "lat: a limit was reached before the goal\n");
  }
}

static int train(lat_trainer *trainer, const cli_settings *settings, train_watch *watch) {
  catch_signals();
  lat_status status = lat_trainer_run(trainer);
  progress_line_end(&watch->line);
  if (status != LAT_OK && status != LAT_ERROR_CANCELLED) {
    return report_failure(status);
  }
  if (status == LAT_ERROR_CANCELLED) {
    fprintf(stderr, "lat: stopped by a signal; the checkpoint is written, --resume continues\n");
  } else {
    mention_goal(settings, trainer);
  }
  int outcome = show_result(settings, trainer);
  return status == LAT_ERROR_CANCELLED ? EXIT_FAILED : outcome;
}

static int check(const cli_settings *settings, const cli_command *command) {
  const char *problem = NULL;
  if (settings->task_names == NULL && settings->from == NULL) {
    problem = "--task NAME, --preset NAME or --from MODEL is needed";
  } else if (settings->output == NULL || settings->output[0] == '\0') {
    problem = "--out DIR is needed";
  } else if (settings->minutes < 0) {
    problem = "--minutes is negative";
  }
  return problem == NULL ? EXIT_DONE : report_usage(command->name, "%s", problem);
}

/* The model to start from, or one of another task with its parameters; an exit code. */
static int start_from(workbench *bench, cli_settings *settings, const cli_command *command) {
  int outcome = EXIT_DONE;
  lat_status status = LAT_OK;
  if (settings->task_names == NULL && !(settings->given & GIVEN_SIZES)) {
    status = workbench_load_trainable(bench, settings, settings->from);
    return status == LAT_OK ? EXIT_DONE : report_failure(status);
  }
  status = workbench_load(bench, settings, settings->from);
  if (status != LAT_OK) {
    return report_failure(status);
  }
  if (settings->task_names == NULL) {
    settings->traits = traits_of_task(lat_model_task(bench->model));
    outcome = options_check(settings, command);
    if (outcome == EXIT_DONE) {
      outcome = make_other_task(bench, settings, command);
    }
  } else {
    status = workbench_make_task(bench, settings);
  }
  if (status == LAT_OK && outcome == EXIT_DONE) {
    lat_model *loaded = bench->model;
    bench->model = NULL;
    status = lat_model_create_from(&bench->model, loaded, bench->task, NULL);
    lat_model_free(loaded);
  }
  return status == LAT_OK ? outcome : report_setup(status);
}

static int run(cli_settings *settings, const cli_command *command) {
  workbench bench = {0};
  lat_trainer *trainer = NULL;
  train_watch watch = {.options = &settings->trainer};
  int outcome = check(settings, command);
  if (outcome != EXIT_DONE) {
    return outcome;
  }
  progress_line_start(&watch.line, settings->quiet);
  settings->trainer.directory = settings->output;
  settings->trainer.max_seconds = 60 * settings->minutes;
  settings->trainer.progress = show_progress;
  settings->trainer.user = &watch;
  lat_status status = LAT_OK;
  if (settings->from != NULL) {
    outcome = start_from(&bench, settings, command);
  } else {
    status = workbench_make_model(&bench, settings);
  }
  if (outcome != EXIT_DONE) {
    workbench_free(&bench);
    return outcome;
  }
  if (status == LAT_OK) {
    status =
        settings->resume
            ? lat_trainer_resume(&trainer, bench.model, &settings->optimizer, &settings->trainer)
            : lat_trainer_create(&trainer, bench.model, &settings->optimizer, &settings->trainer);
  }
  outcome = status == LAT_OK ? train(trainer, settings, &watch) : report_setup(status);
  lat_trainer_free(trainer);
  workbench_free(&bench);
  return outcome;
}

static const option_group *const groups[] = {&group_task,      &group_run,     &group_sizes,
                                             &group_encoding,  &group_model,   &group_training,
                                             &group_optimizer, &group_output,  &group_quiet,
                                             &group_precision, &group_context, NULL};
const cli_command command_train = {
    .name = "train",
    .operands = "",
    .summary = "Train a model.",
    .groups = groups,
    .notes =
        "Without limit or goal the run goes on until Ctrl-C, SIGTERM or SIGHUP, which write a\n"
        "checkpoint.\n"
        "With --from, --size N and the like train another task from the model's parameters.\n"
        "An existing run is not overwritten; --resume with other options (threads, limits and\n"
        "intervals excepted) is refused.",
    .run = run};
