/* Lists the models of the folders of models. What a model is stands in its own metadata; what it
 * was measured to reach, in the MANIFEST.json of its folder, where there is one. */
#include "model_list.h"

#include "command_line.h"
#include "model_path.h"
#include "report.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* The manifest's entry of a model, a new reference; NULL without one. */
static json_t *manifest_entry(const char *path, const char *name) {
  char manifest[PATH_MAX];
  const char *slash = strrchr(path, '/');
  const int folder = slash != NULL ? (int)(slash - path) : 0;
  const int length = snprintf(manifest, sizeof manifest, "%.*s/MANIFEST.json", folder, path);
  if (length < 0 || (size_t)length >= sizeof manifest) {
    return NULL;
  }
  json_t *object = json_load_file(manifest, JSON_REJECT_DUPLICATES, NULL);
  json_t *entry = json_incref(json_object_get(json_object_get(object, "models"), name));
  json_decref(object);
  return entry;
}

/* "5x4", or "2..6" for sizes that are drawn; "" for a mixture or a custom task. */
static void size_text(char *text, size_t size, const lat_task *task) {
  lat_task_options options;
  lat_task_options_init(&options);
  text[0] = '\0';
  if (lat_task_get_options(&options, task) != LAT_OK) {
    return;
  }
  if (options.max_size > 0) {
    snprintf(text, size, "%d..%d", (int)options.min_size, (int)options.max_size);
  } else {
    snprintf(text, size, "%dx%d", (int)options.rows, (int)options.cols);
  }
}

static void print_accuracy(const json_t *entry) {
  static const char *const tolerances[] = {"0.05", "0.02", "0.01", "0.005"};
  const json_t *accuracy = json_object_get(entry, "accuracy");
  for (size_t i = 0; i < sizeof tolerances / sizeof *tolerances; ++i) {
    const json_t *share = json_object_get(accuracy, tolerances[i]);
    if (json_is_number(share)) {
      printf(" %7.2f", json_number_value(share));
    } else {
      printf(" %7s", "-");
    }
  }
}

/* A model whose answers are to be refined is of use where accuracy as decoded does not say so. */
static void print_certified(const json_t *entry) {
  const json_t *certified = json_object_get(json_object_get(entry, "accuracy"), "certified");
  const json_t *steps = json_object_get(json_object_get(entry, "evaluation"), "refine");
  if (json_is_number(certified) && json_is_integer(steps)) {
    printf("  %.1f %% certified by --refine %d", json_number_value(certified),
           (int)json_integer_value(steps));
  }
}

/* Blanks behind a name in a column of 24. */
static int name_padding(const char *name) {
  const size_t length = strlen(name);
  return length < 24 ? (int)(24 - length) : 0;
}

static int show_line(const lat_model *model, const char *name, const json_t *entry) {
  char size[48];
  size_text(size, sizeof size, lat_model_task(model));
  print_name(name);
  printf("%*s %-16s %-8s %10zu", name_padding(name), "", lat_task_name(lat_model_task(model)), size,
         lat_model_parameter_count(model));
  print_accuracy(entry);
  print_certified(entry);
  putchar('\n');
  return EXIT_DONE;
}

static int show_object(const lat_model *model, const char *name, const char *path, json_t *entry) {
  return report_json(json_pack("{s:o, s:o, s:s, s:I, s:O?}", "name", json_name(name), "path",
                               json_name(path), "task", lat_task_name(lat_model_task(model)),
                               "parameters", (json_int_t)lat_model_parameter_count(model),
                               "manifest", entry));
}

/* A file that cannot be loaded is named on standard error, and the list goes on. */
static int show_model(lat_context *ctx, const char *folders, const char *name, int json) {
  char path[PATH_MAX];
  lat_model *model = NULL;
  lat_status status = lat_model_find(path, sizeof path, folders, name);
  if (status == LAT_OK) {
    status = lat_model_inspect(&model, ctx, path);
  }
  if (status != LAT_OK) {
    return report_failure(status);
  }
  json_t *entry = manifest_entry(path, name);
  int outcome = json ? show_object(model, name, path, entry) : show_line(model, name, entry);
  json_decref(entry);
  lat_model_free(model);
  return outcome;
}

int list_models(lat_context *ctx, int json) {
  char folders[PATH_MAX], name[256];
  int outcome = EXIT_DONE;
  lat_status status = model_folders(folders, sizeof folders);
  if (status == LAT_OK && !json) {
    fputs("models of ", stdout);
    print_name(folders);
    printf("\n%-24s %-16s %-8s %10s %7s %7s %7s %7s\n", "name", "task", "size", "parameters", "5 %",
           "2 %", "1 %", "0.5 %");
  }
  for (int32_t i = 0; status == LAT_OK; ++i) {
    status = lat_model_name(name, sizeof name, folders, i);
    if (status == LAT_OK && show_model(ctx, folders, name, json) != EXIT_DONE) {
      outcome = EXIT_FAILED;
    }
  }
  return status == LAT_ERROR_NOT_FOUND ? outcome : report_failure(status);
}
