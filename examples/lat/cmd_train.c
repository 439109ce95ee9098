/* lat train: a training run in a folder, until a limit, a goal, or a signal. */
#include "example_file.h"
#include "model_task.h"
#include "mpi_ranks.h"
#include "option_rules.h"
#include "report.h"
#include "run_options.h"
#include "subcommands.h"
#include "train_progress.h"
#include "workbench.h"

#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>

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

/* A scheduler's warning is SIGTERM or SIGUSR1. A terminal that goes sends SIGHUP more than once:
 * the second one does not end the run. Nor does a reader that leaves, of progress or result: what
 * was learned is in the files. */
static void catch_signals(void) {
  catch_signal(SIGINT, (int)SA_RESETHAND);
  catch_signal(SIGTERM, (int)SA_RESETHAND);
  catch_signal(SIGHUP, 0);
  catch_signal(SIGUSR1, 0);
  signal(SIGPIPE, SIG_IGN);
}

static int32_t show_progress(const lat_progress *progress, void *user) {
  train_progress_show(user, progress);
  return (int32_t)interrupted;
}

static int show_result(const cli_settings *settings, const lat_trainer *trainer) {
  lat_progress progress;
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  if (settings->json) {
    return report_json(
        json_pack("{s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:b, s:o, s:o, s:o}", "directory",
                  json_name(settings->output), "examples", (json_int_t)progress.examples, "updates",
                  (json_int_t)progress.updates, "loss", json_number(progress.loss), "accuracy",
                  json_number(progress.accuracy), "exact", json_number(progress.exact), "seconds",
                  json_number(progress.seconds), "interrupted", interrupted != 0, "best_accuracy",
                  json_number(progress.best_accuracy), "best_exact",
                  json_number(progress.best_exact), "best_examples",
                  progress.best_examples < 0 ? json_null()
                                             : json_integer((json_int_t)progress.best_examples)));
  }
  print_name(settings->output);
  printf(": %lld examples in %lld updates, loss %.4f", (long long)progress.examples,
         (long long)progress.updates, progress.loss);
  if (!isnan(progress.accuracy)) {
    printf(", within 5 %%: %.1f %%, exact: %.1f %%", progress.accuracy, progress.exact);
  }
  printf(", %.1f s\n", progress.seconds);
  if (settings->trainer.keep_best && progress.best_examples >= 0 &&
      progress.best_examples != progress.examples) {
    printf("best.safetensors: %lld examples, within 5 %%: %.1f %%, exact: %.1f %%\n",
           (long long)progress.best_examples, progress.best_accuracy, progress.best_exact);
  }
  return EXIT_DONE;
}

/* Why a run is over where that is not what one would think: a goal that a limit came before, since
 * the run counts as done all the same; nothing that was left to do. */
static void explain_end(const cli_settings *settings, const lat_trainer *trainer, int64_t first) {
  lat_progress progress;
  const lat_trainer_options *options = &settings->trainer;
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  const int short_of_goal =
      (options->until_exact > 0 && !(progress.exact >= options->until_exact)) ||
      (options->until_accuracy > 0 && !(progress.accuracy >= options->until_accuracy));
  if (options->patience > 0 && progress.since_best >= options->patience) {
    fprintf(stderr, "lat: stopped: %lld validations without a better one\n",
            (long long)progress.since_best);
  } else if (short_of_goal) {
    fprintf(stderr, "lat: a limit was reached before the goal\n");
  }
  if (settings->resume && progress.examples == first) {
    fprintf(stderr, "lat: nothing was left to do: a later limit or another goal goes on, such as "
                    "--examples N\n");
  }
}

/* Of several ranks all return alike, and the first one tells. */
static int train(lat_trainer *trainer, const cli_settings *settings, train_progress *watch) {
  lat_progress progress;
  catch_signals();
  lat_progress_init(&progress);
  lat_trainer_progress(&progress, trainer);
  watch->first = progress.examples;
  lat_status status = lat_trainer_run(trainer);
  progress_line_end(&watch->line);
  if (status == LAT_ERROR_CALLBACK && settings->trainer.ranks > 1) {
    report_failure(status);
    ranks_abort();
  }
  if (!ranks_are_first()) {
    return status == LAT_OK ? EXIT_DONE : EXIT_FAILED;
  }
  if (status != LAT_OK && status != LAT_ERROR_CANCELLED) {
    return report_failure(status);
  }
  if (status == LAT_ERROR_CANCELLED) {
    char name[256];
    snprintf(name, sizeof name, "%s", settings->output);
    report_clean(name);
    fprintf(stderr,
            "lat: stopped by a signal; the checkpoint is written, 'lat train --resume --out %s' "
            "continues\n",
            name);
  } else {
    explain_end(settings, trainer, watch->first);
  }
  int outcome = show_result(settings, trainer);
  return status == LAT_ERROR_CANCELLED ? EXIT_FAILED : outcome;
}

static int check(const cli_settings *settings, const cli_command *command) {
  const char *problem = NULL;
  if (settings->output == NULL || settings->output[0] == '\0') {
    problem = "--out DIR is needed";
  } else if (settings->task_names == NULL && settings->from == NULL) {
    problem = "--task NAME, --preset NAME or --from MODEL is needed";
  } else if (settings->minutes < 0) {
    problem = "--minutes is negative";
  } else if (settings->checkpoint_minutes < 0) {
    problem = "--checkpoint-minutes is negative";
  } else if (settings->trainer.fast_reduce && !settings->resume && !ranks_launched()) {
    problem = "--fast-reduce has no effect in one process; an MPI launcher starts several";
  } else if (settings->trainer.split_optimizer && !settings->resume && !ranks_launched()) {
    problem = "--split-optimizer has no effect in one process; an MPI launcher starts several";
  } else if (!(settings->rank_timeout >= 0)) {
    problem = "--rank-timeout is negative";
  } else if (settings->rank_timeout > 0 && !settings->resume && !ranks_launched()) {
    problem = "--rank-timeout has no effect in one process; an MPI launcher starts several";
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
      outcome = make_other_task(bench, settings, command, lat_model_task(bench->model));
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

/* Whether the command line describes the model of a run that is resumed, in full or in part. */
static int describes_model(const cli_settings *settings) {
  const option_group *const describing[] = {&group_task, &group_sizes, &group_encoding,
                                            &group_model};
  for (int32_t i = 0; i < settings->said_count; ++i) {
    for (size_t g = 0; g < sizeof describing / sizeof *describing; ++g) {
      if (settings->said[i].group == describing[g]) {
        return 1;
      }
    }
  }
  return 0;
}

static lat_status copy_encoder(workbench *bench, const cli_settings *settings) {
  workbench source = {.ctx = bench->ctx};
  lat_status status = workbench_load(&source, settings, settings->encoder_from);
  if (status == LAT_OK) {
    status = lat_model_copy_parameters(bench->model, source.model, "encoder.");
  }
  lat_model_free(source.model);
  return status;
}

/* The model to be trained, new, from another one, or of the checkpoint; an exit code. */
static int make_model(workbench *bench, cli_settings *settings, const cli_command *command) {
  lat_status status = LAT_OK;
  const int outcome = settings->resume ? run_options_check_start(settings) : EXIT_DONE;
  if (outcome != EXIT_DONE) {
    return outcome;
  }
  if (settings->from != NULL) {
    return start_from(bench, settings, command);
  }
  if (settings->restored != NULL && !describes_model(settings)) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/checkpoint.safetensors", settings->output);
    status = workbench_load_trainable(bench, settings, path);
  } else {
    status = workbench_make_model(bench, settings);
    if (status == LAT_OK && settings->encoder_from != NULL && !settings->resume) {
      status = copy_encoder(bench, settings);
    }
  }
  return status == LAT_OK ? EXIT_DONE : report_setup(status);
}

/* The trainer of a new run, or of one that is resumed; an exit code. */
static int make_trainer(lat_trainer **out, lat_model *model, const cli_settings *settings) {
  const lat_status status =
      settings->resume ? lat_trainer_resume(out, model, &settings->optimizer, &settings->trainer)
                       : lat_trainer_create(out, model, &settings->optimizer, &settings->trainer);
  if (!ranks_are_first()) {
    return status == LAT_OK ? EXIT_DONE : EXIT_FAILED;
  }
  return status == LAT_OK ? run_options_save(settings) : report_setup(status);
}

/* The files of examples, of the model's task; an exit code. */
static int read_examples(lat_batch *read[2], cli_settings *settings, const workbench *bench) {
  const lat_task *task = lat_model_task(bench->model);
  lat_tokenizer *tokenizer = lat_model_tokenizer(bench->model);
  int outcome = example_file_read(&read[0], settings->data, task, NULL, tokenizer);
  if (outcome == EXIT_DONE) {
    outcome = example_file_read(&read[1], settings->validation_data, task, NULL, tokenizer);
  }
  settings->trainer.source = read[0];
  settings->trainer.validation_source = read[1];
  return outcome;
}

static int run_attached(cli_settings *settings, const cli_command *command) {
  workbench bench = {0};
  lat_batch *read[2] = {NULL, NULL};
  lat_trainer *trainer = NULL;
  train_progress watch = {.options = &settings->trainer};
  progress_line_start(&watch.line, settings->quiet || !ranks_are_first());
  int outcome = ranks_settle(make_model(&bench, settings, command));
  settings->trainer.user = &watch;
  if (outcome == EXIT_DONE) {
    outcome = ranks_settle(read_examples(read, settings, &bench));
  }
  if (outcome == EXIT_DONE) {
    outcome = ranks_settle(make_trainer(&trainer, bench.model, settings));
  }
  if (outcome == EXIT_DONE) {
    ranks_release_output();
    outcome = train(trainer, settings, &watch);
  }
  lat_trainer_free(trainer);
  lat_batch_free(read[0]);
  lat_batch_free(read[1]);
  workbench_free(&bench);
  return outcome;
}

static int run(cli_settings *settings, const cli_command *command) {
  int outcome = ranks_settle(check(settings, command));
  if (outcome != EXIT_DONE) {
    return outcome;
  }
  settings->trainer.directory = settings->output;
  settings->trainer.max_seconds = 60 * settings->minutes;
  settings->trainer.checkpoint_seconds = 60 * settings->checkpoint_minutes;
  settings->trainer.progress = show_progress;
  outcome = ranks_attach(settings);
  return outcome == EXIT_DONE ? run_attached(settings, command) : outcome;
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
        "Without limit or goal the run goes on until Ctrl-C, SIGTERM, SIGUSR1 or SIGHUP, which "
        "write a\n"
        "checkpoint.\n"
        "'mpirun -n 4 lat train ...' trains on four processes, with the same bits as any other\n"
        "number of them and as --shards 8 alone.\n"
        "With --from, --size N and the like train another task from the model's parameters.\n"
        "An existing run is not overwritten. 'lat train --resume --out DIR' continues it with "
        "every\n"
        "option that it had; limits, goals, intervals and what is kept may be given anew, and "
        "what\n"
        "decides what is learned is refused by name where it differs.",
    .run = run};
