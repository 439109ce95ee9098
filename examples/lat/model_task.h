/* The task of a loaded model with other matrices. */
#ifndef MODEL_TASK_H
#define MODEL_TASK_H

#include "workbench.h"

/* Makes bench->task: the model's, with the command line's options under Matrices in place of its
 * own. Prints what is wrong; returns an exit code. */
int make_other_task(workbench *bench, cli_settings *settings, const cli_command *command);

#endif
