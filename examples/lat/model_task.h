/* The task of a loaded model: with other matrices, or one of a mixture. */
#ifndef MODEL_TASK_H
#define MODEL_TASK_H

#include "workbench.h"

/* Makes bench->task: `trained`, the model's or a component of it, with the command line's options
 * under Matrices in place of its own. Prints what is wrong; returns an exit code. */
int make_other_task(workbench *bench, cli_settings *settings, const cli_command *command,
                    const lat_task *trained);

/* The component of that name, of a task that is no mixture itself. Prints what is wrong; returns an
 * exit code. */
int find_component(const lat_task **out, const lat_task *task, const char *name,
                   const char *command);

#endif
