/* lat info: what a model's file holds, or how the library was built. */
#include "model_list.h"
#include "model_path.h"
#include "option_members.h"
#include "report.h"
#include "subcommands.h"
#include "workbench.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const cli_option info_options[] = {
    OPTION(OPTION_FLAG, "list", list, NULL,
           "the models that are known by name, with what they were measured to reach"),
    OPTIONS_END};
static const option_group group_info = {"Models", 0, info_options};

static const char *precision_name(int32_t precision) {
  return precision == LAT_PRECISION_BF16 ? "bf16" : "f32";
}

static int show_build(const lat_context *ctx, int json) {
  const char *precision = precision_name(lat_context_precision(ctx));
  if (json) {
    return report_json(json_pack("{s:s, s:s, s:s, s:s, s:i}", "version", lat_version_string(),
                                 "build", lat_build_info(), "kernels", lat_context_kernels(ctx),
                                 "precision", precision, "threads", (int)lat_context_threads(ctx)));
  }
  printf("build      %s\nkernels    %s\nprecision  %s\nthreads    %d\n", lat_build_info(),
         lat_context_kernels(ctx), precision, (int)lat_context_threads(ctx));
  return EXIT_DONE;
}

static json_t *tensors_json(const lat_model *model) {
  json_t *list = json_array();
  lat_tensor tensor;
  lat_tensor_init(&tensor);
  for (int32_t i = 0; i < lat_model_tensor_count(model); ++i) {
    if (lat_model_tensor(&tensor, model, i) == LAT_OK) {
      json_t *shape = tensor.rank == 2
                          ? json_pack("[i, i]", (int)tensor.shape[0], (int)tensor.shape[1])
                          : json_pack("[i]", (int)tensor.shape[0]);
      json_array_append_new(list, json_pack("{s:s, s:o}", "name", tensor.name, "shape", shape));
    }
  }
  return list;
}

static int show_model_json(const lat_model *model, const char *path, json_t *config) {
  return report_json(json_pack("{s:o, s:I, s:O, s:o}", "path", json_name(path), "parameters",
                               (json_int_t)lat_model_parameter_count(model), "config", config,
                               "tensors", tensors_json(model)));
}

/* Of options that are one of several words, the word. */
static char *value_text(const option_group *group, const char *key, const json_t *value) {
  char word[32];
  const cli_option *option = group != NULL ? option_of_member(group, key) : NULL;
  if (option != NULL && json_is_integer(value) &&
      option_word(word, option, json_integer_value(value))[0] != '\0') {
    return strdup(word);
  }
  return json_is_string(value)
             ? strdup(json_string_value(value))
             : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(6));
}

static void print_value(const option_group *group, const char *key, const json_t *value) {
  char *text = value_text(group, key, value), *pair = NULL;
  if (asprintf(&pair, " %s=%s", key, text != NULL ? text : "?") >= 0) {
    report_clean(pair); /* keys and texts come from the file */
    fputs(pair, stdout);
    free(pair);
  }
  free(text);
}

/* The sections of a model's configuration, and the options that their members belong to. */
static const struct {
  const char *name;
  const option_group *group;
} sections[] = {{"task", &group_sizes},       {"tokenizer", &group_encoding},
                {"model", &group_model},      {"optimizer", &group_optimizer},
                {"trainer", &group_training}, {"training", NULL}};

static const option_group *group_of(const char *section) {
  for (size_t i = 0; i < sizeof sections / sizeof *sections; ++i) {
    if (strcmp(sections[i].name, section) == 0) {
      return sections[i].group;
    }
  }
  return NULL;
}

/* "title key=value key=value"; what is an object in it has a line of its own, and so has each task
 * of a mixture. */
static void print_section(const char *title, const json_t *object) {
  const char *key = NULL;
  json_t *value = NULL;
  const json_t *tasks = json_object_get(object, "tasks");
  printf("%-10s", title);
  json_object_foreach((json_t *)object, key, value) {
    if (!json_is_object(value) && value != tasks) {
      print_value(group_of(title), key, value);
    }
  }
  putchar('\n');
  for (size_t i = 0; i < json_array_size(tasks); ++i) {
    print_section("task", json_array_get(tasks, i));
  }
  json_object_foreach((json_t *)object, key, value) {
    if (json_is_object(value)) {
      print_section(key, value);
    }
  }
}

static void print_tensors(const lat_model *model) {
  lat_tensor tensor;
  lat_tensor_init(&tensor);
  for (int32_t i = 0; i < lat_model_tensor_count(model); ++i) {
    if (lat_model_tensor(&tensor, model, i) == LAT_OK) {
      printf("  %-52s %d", tensor.name, (int)tensor.shape[0]);
      printf(tensor.rank == 2 ? " x %d\n" : "\n", (int)tensor.shape[1]);
    }
  }
}

static int show_model(const lat_model *model, const char *path, const json_t *config, int verbose) {
  const char *key = NULL;
  json_t *value = NULL;
  fputs("file       ", stdout);
  print_name(path);
  printf("\nparameters %zu in %d tensors\n", lat_model_parameter_count(model),
         (int)lat_model_tensor_count(model));
  json_object_foreach((json_t *)config, key, value) {
    if (json_is_object(value)) {
      print_section(key, value);
    }
  }
  if (verbose) {
    print_tensors(model);
  }
  return EXIT_DONE;
}

static int show_file(workbench *bench, const cli_settings *settings) {
  char path[PATH_MAX];
  lat_status status = workbench_inspect(bench, settings, settings->operands[0]);
  if (status == LAT_OK) {
    status = model_path(path, sizeof path, settings->operands[0]);
  }
  if (status != LAT_OK) {
    return report_failure(status);
  }
  json_t *config = json_loads(lat_model_config(bench->model), 0, NULL);
  int outcome = settings->json ? show_model_json(bench->model, settings->operands[0], config)
                               : show_model(bench->model, path, config, settings->verbose);
  json_decref(config);
  return outcome;
}

static int run(cli_settings *settings, const cli_command *command) {
  workbench bench = {0};
  int outcome = EXIT_DONE;
  (void)command;
  lat_status status = workbench_make_context(&bench, settings);
  if (status != LAT_OK) {
    outcome = report_setup(status);
  } else if (settings->list) {
    outcome = list_models(bench.ctx, settings->json);
  } else if (settings->operand_count == 0) {
    outcome = show_build(bench.ctx, settings->json);
  } else {
    outcome = show_file(&bench, settings);
  }
  workbench_free(&bench);
  return outcome;
}

static const option_group *const groups[] = {&group_info, &group_output, &group_precision,
                                             &group_context, NULL};
const cli_command command_info = {
    .name = "info",
    .operands = "[MODEL]",
    .summary = "Tell what a model's file holds, or how the library was built.",
    .min_operands = 0,
    .max_operands = 1,
    .groups = groups,
    .notes = "--verbose lists a model's tensors.",
    .run = run};
