/* The subcommands; each lives in cmd_NAME.c. */
#ifndef SUBCOMMANDS_H
#define SUBCOMMANDS_H

#include "command_line.h"

extern const cli_command command_sample, command_train, command_eval, command_solve, command_info,
    command_bench, command_plot, command_convert;

#endif
