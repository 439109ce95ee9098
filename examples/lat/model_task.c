/* The task of a model with other sizes, coefficients or noise, as the command line says. */
#include "model_task.h"

#include "report.h"

#include <stdio.h>
#include <string.h>

enum { MAX_COMPONENTS = 16 };

/* The command line over the model's options. A fixed size takes the place of a range of sizes. */
static int override(cli_settings *settings, const cli_command *command,
                    const lat_task_options *trained) {
  const lat_task_options own = *trained;
  settings->task = own;
  settings->task.rows = settings->task.cols = 0;
  int outcome = command_line_read(settings, command, settings->word_count, settings->words);
  if (settings->test_set != NULL) {
    settings->task.distribution = settings->test_set;
  }
  if (settings->task.rows != 0) {
    settings->task.min_size = settings->task.max_size = 0;
  } else {
    settings->task.rows = own.rows;
    settings->task.cols = settings->task.cols != 0 ? settings->task.cols : own.cols;
  }
  return outcome;
}

static int make_component(lat_task **out, workbench *bench, cli_settings *settings,
                          const cli_command *command, const lat_task *trained) {
  lat_task_options options;
  lat_task_options_init(&options);
  if (lat_task_get_options(&options, trained) != LAT_OK) {
    return report_error("the model's task is a custom one: its matrices cannot be changed");
  }
  int outcome = override(settings, command, &options);
  if (outcome == EXIT_DONE) {
    lat_status status = lat_task_create(out, bench->ctx, &settings->task);
    outcome = status == LAT_OK ? EXIT_DONE : report_setup(status);
  }
  return outcome;
}

static int make_mixture(workbench *bench, cli_settings *settings, const cli_command *command,
                        const lat_task *trained) {
  lat_task *tasks[MAX_COMPONENTS] = {NULL};
  double weight[MAX_COMPONENTS];
  int32_t count = 0;
  int outcome = EXIT_DONE;
  while (outcome == EXIT_DONE && count < MAX_COMPONENTS &&
         count < lat_task_component_count(trained)) {
    weight[count] = lat_task_weight(trained, count);
    outcome =
        make_component(&tasks[count], bench, settings, command, lat_task_component(trained, count));
    count += outcome == EXIT_DONE;
  }
  if (outcome == EXIT_DONE) {
    lat_status status = lat_task_create_mixture(&bench->task, bench->ctx, tasks, weight, count);
    outcome = status == LAT_OK ? EXIT_DONE : report_setup(status);
  }
  while (count > 0) {
    lat_task_free(tasks[--count]);
  }
  return outcome;
}

int make_other_task(workbench *bench, cli_settings *settings, const cli_command *command,
                    const lat_task *trained) {
  return lat_task_letter(trained) == 0
             ? make_mixture(bench, settings, command, trained)
             : make_component(&bench->task, bench, settings, command, trained);
}

int find_component(const lat_task **out, const lat_task *task, const char *name,
                   const char *command) {
  char names[256] = "";
  size_t length = 0;
  const int32_t count = lat_task_component_count(task);
  for (int32_t i = 0; i < count; ++i) {
    const lat_task *component = lat_task_component(task, i);
    if (strcmp(lat_task_name(component), name) == 0) {
      *out = component;
      return EXIT_DONE;
    }
    const size_t room = sizeof names - length;
    const int written = snprintf(names + length, room, " %s", lat_task_name(component));
    length += (size_t)written < room ? (size_t)written : room - 1;
  }
  return report_usage(command, "the model has no task '%s'; it has%s", name, names);
}
