#include "model_task.h"

#include "report.h"

enum { MAX_COMPONENTS = 16 };

static void read_int(int32_t *field, const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  *field = json_is_integer(value) ? (int32_t)json_integer_value(value) : *field;
}

static void read_double(double *field, const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  *field = json_is_number(value) ? json_number_value(value) : *field;
}

static void read_text(const char **field, const json_t *object, const char *key) {
  const char *value = json_string_value(json_object_get(object, key));
  *field = value != NULL ? value : *field;
}

/* The task's options as the model's file has them; text stays the object's. */
static void read_task(lat_task_options *options, const json_t *object) {
  lat_task_options_init(options);
  read_text(&options->name, object, "name");
  read_int(&options->rows, object, "rows");
  read_int(&options->cols, object, "cols");
  read_int(&options->min_size, object, "min_size");
  read_int(&options->max_size, object, "max_size");
  read_int(&options->rectangular, object, "rectangular");
  read_text(&options->coefficients, object, "coefficients");
  read_double(&options->range, object, "range");
  read_text(&options->distribution, object, "distribution");
  read_double(&options->noise, object, "noise");
  read_int(&options->canonical, object, "canonical");
  read_int(&options->symmetric_noise, object, "symmetric_noise");
  read_text(&options->structure, object, "structure");
}

/* The command line over the model's options. A fixed size takes the place of a range of sizes. */
static int override(cli_settings *settings, const cli_command *command, const json_t *object) {
  lat_task_options own;
  read_task(&own, object);
  settings->task = own;
  settings->task.rows = settings->task.cols = 0;
  int outcome = command_line_read(settings, command, settings->word_count, settings->words);
  if (settings->task.rows != 0) {
    settings->task.min_size = settings->task.max_size = 0;
  } else {
    settings->task.rows = own.rows;
    settings->task.cols = settings->task.cols != 0 ? settings->task.cols : own.cols;
  }
  return outcome;
}

static int make_component(lat_task **out, workbench *bench, cli_settings *settings,
                          const cli_command *command, const json_t *object) {
  if (json_is_true(json_object_get(object, "custom"))) {
    return report_error("the model's task is a custom one: its matrices cannot be changed");
  }
  int outcome = override(settings, command, object);
  if (outcome == EXIT_DONE) {
    lat_status status = lat_task_create(out, bench->ctx, &settings->task);
    outcome = status == LAT_OK ? EXIT_DONE : report_setup(status);
  }
  return outcome;
}

static int make_mixture(workbench *bench, cli_settings *settings, const cli_command *command,
                        const json_t *object) {
  const json_t *list = json_object_get(object, "tasks");
  const json_t *weights = json_object_get(object, "weights");
  lat_task *tasks[MAX_COMPONENTS] = {NULL};
  double weight[MAX_COMPONENTS];
  int32_t count = 0;
  int outcome = EXIT_DONE;
  while (outcome == EXIT_DONE && count < MAX_COMPONENTS && (size_t)count < json_array_size(list)) {
    weight[count] = json_number_value(json_array_get(weights, (size_t)count));
    outcome = make_component(&tasks[count], bench, settings, command,
                             json_array_get(list, (size_t)count));
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

int make_other_task(workbench *bench, cli_settings *settings, const cli_command *command) {
  json_t *config = json_loads(lat_model_config(bench->model), 0, NULL);
  const json_t *task = json_object_get(config, "task");
  int outcome = json_object_get(task, "tasks") != NULL
                    ? make_mixture(bench, settings, command, task)
                    : make_component(&bench->task, bench, settings, command, task);
  json_decref(config);
  return outcome;
}
