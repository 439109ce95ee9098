/* The task of a loaded model, and that task with other matrices. */
#ifndef MODEL_TASK_H
#define MODEL_TASK_H

#include "workbench.h"

/* True when the task, or one of a mixture's, inverts. */
int has_inverse(const lat_task *task);

/* Makes bench->task: the model's, with the command line's options under Matrices in place of its
 * own. Prints what is wrong; returns an exit code. */
int make_other_task(workbench *bench, cli_settings *settings, const cli_command *command);

#endif
