#include "workbench.h"

#include "model_path.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One more than the library takes, so that it is the library that refuses. */
enum { MAX_COMPONENTS = 17 };

static void log_line(int32_t level, const char *line, void *user) {
  (void)level;
  (void)user;
  fprintf(stderr, "lat: %s\n", line);
}

lat_status workbench_make_context(workbench *bench, const cli_settings *settings) {
  lat_context_options options = settings->context;
  options.log = log_line;
  options.log_level = settings->verbose ? LAT_LOG_DEBUG : LAT_LOG_WARNING;
  return bench->ctx != NULL ? LAT_OK : lat_context_create(&bench->ctx, &options);
}

/* One NAME[:w] of `length` characters; with a weight that is no positive number a name of no task.
 */
static lat_status read_component(lat_task **task, double *weight, lat_context *ctx,
                                 const char *text, size_t length, const lat_task_options *from) {
  char name[64];
  lat_task_options options = *from;
  snprintf(name, sizeof name, "%.*s", (int)length, text);
  char *colon = strchr(name, ':');
  *weight = 1;
  if (colon != NULL) {
    char *end = NULL;
    *weight = strtod(colon + 1, &end);
    if (end > colon + 1 && *end == '\0' && *weight > 0 && isfinite(*weight)) {
      *colon = '\0'; /* otherwise there is no task of that name */
    }
  }
  options.name = name;
  return lat_task_create(task, ctx, &options);
}

static lat_status read_mixture(lat_task **out, lat_context *ctx, const char *names,
                               const lat_task_options *options) {
  lat_status status = LAT_OK;
  lat_task *tasks[MAX_COMPONENTS] = {NULL};
  double weights[MAX_COMPONENTS] = {0};
  int32_t count = 0;
  for (const char *text = names; text != NULL && status == LAT_OK && count < MAX_COMPONENTS;) {
    size_t length = strcspn(text, ",");
    status = read_component(&tasks[count], &weights[count], ctx, text, length, options);
    count += status == LAT_OK;
    text = text[length] == ',' ? text + length + 1 : NULL;
  }
  if (status == LAT_OK) {
    status = lat_task_create_mixture(out, ctx, tasks, weights, count);
  }
  while (count > 0) {
    lat_task_free(tasks[--count]);
  }
  return status;
}

lat_status task_from_names(lat_task **out, lat_context *ctx, const char *names,
                           const lat_task_options *options) {
  double weight = 1;
  *out = NULL;
  if (strchr(names, ',') != NULL) {
    return read_mixture(out, ctx, names, options);
  }
  return read_component(out, &weight, ctx, names, strlen(names), options);
}

lat_status workbench_make_task(workbench *bench, const cli_settings *settings) {
  lat_status status = workbench_make_context(bench, settings);
  if (status == LAT_OK && bench->task == NULL) {
    status = task_from_names(&bench->task, bench->ctx, settings->task_names, &settings->task);
  }
  return status;
}

lat_status workbench_make_tokenizer(workbench *bench, const cli_settings *settings) {
  lat_status status = workbench_make_context(bench, settings);
  if (status == LAT_OK && bench->tokenizer == NULL) {
    status = lat_tokenizer_create(&bench->tokenizer, bench->ctx, &settings->tokenizer);
  }
  return status;
}

lat_status workbench_make_model(workbench *bench, const cli_settings *settings) {
  lat_status status = workbench_make_task(bench, settings);
  if (status == LAT_OK) {
    status = workbench_make_tokenizer(bench, settings);
  }
  if (status == LAT_OK && bench->model == NULL) {
    status = lat_model_create(&bench->model, bench->task, bench->tokenizer, &settings->model);
  }
  return status;
}

/* The context, and the path of a model that is a file or a name. */
static lat_status find_model(char *path, size_t size, workbench *bench,
                             const cli_settings *settings, const char *model) {
  lat_status status = workbench_make_context(bench, settings);
  return status != LAT_OK ? status : model_path(path, size, model);
}

lat_status workbench_load(workbench *bench, const cli_settings *settings, const char *model) {
  char path[PATH_MAX];
  lat_status status = find_model(path, sizeof path, bench, settings, model);
  return status != LAT_OK ? status : lat_model_load(&bench->model, bench->ctx, path, NULL);
}

lat_status workbench_inspect(workbench *bench, const cli_settings *settings, const char *model) {
  char path[PATH_MAX];
  lat_status status = find_model(path, sizeof path, bench, settings, model);
  return status != LAT_OK ? status : lat_model_inspect(&bench->model, bench->ctx, path);
}

lat_status workbench_load_trainable(workbench *bench, const cli_settings *settings,
                                    const char *model) {
  lat_status status = workbench_load(bench, settings, model);
  if (status == LAT_OK) {
    lat_model *loaded = bench->model;
    status = lat_model_clone(&bench->model, loaded);
    lat_model_free(loaded);
  }
  return status;
}

void workbench_free(workbench *bench) {
  lat_model_free(bench->model);
  lat_tokenizer_free(bench->tokenizer);
  lat_task_free(bench->task);
  lat_context_free(bench->ctx);
}
