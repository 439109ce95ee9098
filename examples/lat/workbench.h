/* The library's objects that settings describe. */
#ifndef WORKBENCH_H
#define WORKBENCH_H

#include "settings.h"

typedef struct workbench {
  lat_context *ctx;
  lat_task *task;
  lat_tokenizer *tokenizer;
  lat_model *model;
} workbench;

/* Each makes one object, and those before it where they are missing. */
lat_status workbench_make_context(workbench *bench, const cli_settings *settings);
lat_status workbench_make_task(workbench *bench, const cli_settings *settings);
lat_status workbench_make_tokenizer(workbench *bench, const cli_settings *settings);
lat_status workbench_make_model(workbench *bench, const cli_settings *settings);

/* The model of a file, or of a name (model_path.h), with its own task and tokenizer. */
lat_status workbench_load(workbench *bench, const cli_settings *settings, const char *model);

/* The same, but a custom task that it needs may be missing (lat_model_inspect()). */
lat_status workbench_inspect(workbench *bench, const cli_settings *settings, const char *model);

/* A trainable copy of workbench_load()'s model. */
lat_status workbench_load_trainable(workbench *bench, const cli_settings *settings,
                                    const char *model);

void workbench_free(workbench *bench);

/* A task from its name, or a mixture from A[:w],B[:w]. */
lat_status task_from_names(lat_task **out, lat_context *ctx, const char *names,
                           const lat_task_options *options);

#endif
