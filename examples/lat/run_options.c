/* Options between JSON and the settings: the tables of the command line say where each one lies. Of
 * the library's own JSON the keys are members of its structures, of options.json names of options.
 */
#include "run_options.h"

#include "option_members.h"
#include "output_file.h"
#include "report.h"
#include "workbench.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What options.json holds. */
static const char *const kept_options[] = {"examples",
                                           "minutes",
                                           "until-exact",
                                           "until-accuracy",
                                           "validate-every",
                                           "validate-count",
                                           "checkpoint-every",
                                           "checkpoint-minutes",
                                           "report-every",
                                           "best",
                                           "patience",
                                           "keep",
                                           "data",
                                           "validation-data",
                                           "rank-timeout"};
enum { KEPT = sizeof kept_options / sizeof *kept_options };

static uint64_t unsigned_value(const json_t *value) {
  return json_is_string(value) ? strtoull(json_string_value(value), NULL, 10)
                               : (uint64_t)json_integer_value(value);
}

static void store(void *field, option_kind kind, const json_t *value) {
  switch (kind) {
  case OPTION_TEXT:
    *(const char **)field = json_string_value(value);
    break;
  case OPTION_DOUBLE:
    *(double *)field = json_number_value(value);
    break;
  case OPTION_INT64:
    *(int64_t *)field = (int64_t)json_integer_value(value);
    break;
  case OPTION_UINT64:
    *(uint64_t *)field = unsigned_value(value);
    break;
  case OPTION_UINT32:
    *(uint32_t *)field = (uint32_t)unsigned_value(value);
    break;
  default:
    *(int32_t *)field = (int32_t)json_integer_value(value);
  }
}

/* The options of a group that the object has members of; texts stay the object's. */
static void load_group(cli_settings *settings, const option_group *group, const json_t *object) {
  for (const cli_option *option = group->options; option->name != NULL; ++option) {
    char name[64];
    option_member(name, option->name);
    const json_t *value = json_object_get(object, name);
    if (value != NULL && !json_is_null(value)) {
      store((char *)settings + option->offset, option->kind, value);
    }
  }
}

/* "a:1,b:3" of a mixture, or one task's name. */
static int load_tasks(cli_settings *settings, const json_t *task) {
  char *text = settings->restored_tasks;
  const size_t size = sizeof settings->restored_tasks;
  const json_t *tasks = json_object_get(task, "tasks"), *weights = json_object_get(task, "weights");
  const json_t *first = tasks != NULL ? json_array_get(tasks, 0) : task;
  size_t used = 0;
  load_group(settings, &group_sizes, first);
  if (tasks == NULL) {
    used = (size_t)snprintf(text, size, "%s", json_string_value(json_object_get(task, "name")));
  }
  for (size_t i = 0; i < json_array_size(tasks) && used < size; ++i) {
    const char *name = json_string_value(json_object_get(json_array_get(tasks, i), "name"));
    used += (size_t)snprintf(text + used, size - used, "%s%s:%.17g", i > 0 ? "," : "", name,
                             json_number_value(json_array_get(weights, i)));
  }
  settings->task_names = text;
  return used < size ? EXIT_DONE : report_error("the run's mixture has too many tasks to be named");
}

/* The sections of a checkpoint's lat.config. */
static int load_config(cli_settings *settings, const json_t *config) {
  const json_t *training = json_object_get(config, "training");
  const json_t *trainer = json_object_get(training, "trainer");
  const char *precision = json_string_value(json_object_get(training, "precision"));
  load_group(settings, &group_training, trainer);
  /* A run of one process alone keeps its bits where it is resumed by an MPI launcher. */
  settings->trainer.shards = settings->trainer.shards > 1 ? settings->trainer.shards : 1;
  settings->trainer.seed = unsigned_value(json_object_get(trainer, "seed"));
  load_group(settings, &group_optimizer, json_object_get(training, "optimizer"));
  load_group(settings, &group_encoding, json_object_get(config, "tokenizer"));
  load_group(settings, &group_model, json_object_get(config, "model"));
  if (precision != NULL) {
    settings->context.precision =
        strcmp(precision, "bf16") == 0 ? LAT_PRECISION_BF16 : LAT_PRECISION_F32;
  }
  return load_tasks(settings, json_object_get(config, "task"));
}

static int load_checkpoint(cli_settings *settings, const char *directory) {
  char path[PATH_MAX];
  workbench bench = {0};
  const int length = snprintf(path, sizeof path, "%s/checkpoint.safetensors", directory);
  if (length < 0 || (size_t)length >= sizeof path) {
    return report_error("%s: the name is too long", directory);
  }
  const lat_status status = workbench_inspect(&bench, settings, path);
  int outcome = status == LAT_OK ? EXIT_DONE : report_failure(status);
  if (outcome == EXIT_DONE) {
    settings->restored = json_loads(lat_model_config(bench.model), 0, NULL);
    outcome = settings->restored != NULL ? load_config(settings, settings->restored)
                                         : report_error("no memory for the run's options");
  }
  workbench_free(&bench);
  return outcome;
}

/* The option of that name among those of a run and of training. */
static const cli_option *find(const char *name) {
  const option_group *const groups[] = {&group_run, &group_training};
  for (size_t g = 0; g < sizeof groups / sizeof *groups; ++g) {
    for (const cli_option *option = groups[g]->options; option->name != NULL; ++option) {
      if (strcmp(option->name, name) == 0) {
        return option;
      }
    }
  }
  return NULL;
}

static int load_file(cli_settings *settings, const char *path) {
  json_error_t error;
  FILE *file = fopen(path, "r");
  if (file == NULL) {
    return errno == ENOENT ? EXIT_DONE : report_error("%s: %s", path, strerror(errno));
  }
  json_t *object = json_loadf(file, JSON_REJECT_DUPLICATES, &error);
  fclose(file);
  if (!json_is_object(object)) {
    json_decref(object);
    return report_error("%s: not a JSON object; without it the run goes on with default limits "
                        "and intervals",
                        path);
  }
  for (int i = 0; i < KEPT; ++i) {
    const cli_option *option = find(kept_options[i]);
    const json_t *value = json_object_get(object, kept_options[i]);
    if (json_is_number(value) || (json_is_string(value) && option->kind == OPTION_TEXT)) {
      store((char *)settings + option->offset, option->kind, value);
    }
  }
  json_object_set_new(settings->restored, "options", object); /* which texts point into */
  return EXIT_DONE;
}

int run_options_load(cli_settings *settings, const char *directory) {
  char path[PATH_MAX];
  const int outcome = load_checkpoint(settings, directory);
  if (outcome != EXIT_DONE) {
    return outcome;
  }
  snprintf(path, sizeof path, "%s/options.json", directory);
  return load_file(settings, path);
}

/* A file's name that holds in another folder too; NULL, which is left out, for none. */
static json_t *path_json(const char *path) {
  char *whole = path != NULL ? realpath(path, NULL) : NULL;
  json_t *value = whole != NULL ? json_name(whole) : NULL;
  free(whole);
  return value;
}

static json_t *option_json(const cli_settings *settings, const cli_option *option) {
  const void *field = (const char *)settings + option->offset;
  switch (option->kind) {
  case OPTION_TEXT:
    return path_json(*(const char *const *)field);
  case OPTION_DOUBLE:
    return json_real(*(const double *)field);
  case OPTION_INT64:
    return json_integer((json_int_t) * (const int64_t *)field);
  default:
    return json_integer(*(const int32_t *)field);
  }
}

static int write_file(const char *path, const json_t *object) {
  output_file file;
  int outcome = output_file_open(&file, path);
  if (outcome == EXIT_DONE) {
    json_dumpf(object, file.stream, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    outcome = output_file_close(&file, EXIT_DONE);
  }
  return outcome;
}

static int name_file(char path[PATH_MAX], const cli_settings *settings) {
  return snprintf(path, PATH_MAX, "%s/options.json", settings->output) < PATH_MAX - 8;
}

/* The options that name a model which a run starts from. */
static const char *const start_options[] = {"from", "encoder-from"};
enum { STARTS = sizeof start_options / sizeof *start_options };

/* The model that a resumed run started from by that option, the caller's to free; NULL: none, or
 * none that its options.json tells of. */
static char *kept_start(const cli_settings *settings, const char *name) {
  char path[PATH_MAX];
  json_t *object =
      settings->resume && name_file(path, settings) ? json_load_file(path, 0, NULL) : NULL;
  const char *start = json_string_value(json_object_get(object, name));
  char *kept = start != NULL ? strdup(start) : NULL;
  json_decref(object);
  return kept;
}

/* The file of the model that the option means, or the name that it is known by, the caller's to
 * free; NULL: the option is not given. */
static char *given_start(const cli_settings *settings, const char *name) {
  const char *given = *(const char *const *)((const char *)settings + find(name)->offset);
  char *whole = given != NULL ? realpath(given, NULL) : NULL;
  return whole != NULL || given == NULL ? whole : strdup(given);
}

static int check_start(const cli_settings *settings, const char *name) {
  int outcome = EXIT_DONE;
  char *kept = kept_start(settings, name), *given = given_start(settings, name);
  if (given != NULL && (kept == NULL || strcmp(given, kept) != 0)) {
    outcome =
        report_usage("train", "--%s has no effect with --resume: the run in %s started from %s",
                     name, settings->output, kept != NULL ? kept : "no model that it knows of");
  }
  free(given);
  free(kept);
  return outcome;
}

int run_options_check_start(const cli_settings *settings) {
  int outcome = EXIT_DONE;
  for (int i = 0; i < STARTS && outcome == EXIT_DONE; ++i) {
    outcome = check_start(settings, start_options[i]);
  }
  return outcome;
}

int run_options_save(const cli_settings *settings) {
  char path[PATH_MAX];
  if (!name_file(path, settings)) {
    return report_error("%s: the name is too long", settings->output);
  }
  json_t *object = json_object();
  for (int i = 0; i < STARTS; ++i) {
    const char *name = start_options[i];
    char *start = settings->resume ? kept_start(settings, name) : given_start(settings, name);
    json_object_set_new(object, name, start != NULL ? json_name(start) : NULL);
    free(start);
  }
  for (int i = 0; i < KEPT; ++i) {
    json_object_set_new(object, kept_options[i], option_json(settings, find(kept_options[i])));
  }
  const int outcome = write_file(path, object);
  json_decref(object);
  return outcome;
}
