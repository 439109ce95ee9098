/* Named sets of options. */
#ifndef PRESETS_H
#define PRESETS_H

#include "command_line.h"

/* Applies the options of settings->preset. Prints what is wrong; returns EXIT_DONE or EXIT_USAGE.
 */
int preset_apply(struct cli_settings *settings, const cli_command *command);

/* Name and meaning of preset `index`; NULL past the end. */
const char *preset_name(int index);
const char *preset_summary(int index);

#endif
