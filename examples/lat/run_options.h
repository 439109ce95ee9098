/* The options of a run that is resumed: what decides what is learned from the checkpoint itself,
 * the rest (limits, goals, intervals, what is kept) from options.json beside it. */
#ifndef RUN_OPTIONS_H
#define RUN_OPTIONS_H

#include "settings.h"

/* Reads both into the settings; options.json may be missing. Prints what is wrong; an exit code. */
int run_options_load(cli_settings *settings, const char *directory);

/* Whether --from and --encoder-from beside --resume name the models that the run started from.
 * Prints what is wrong; an exit code. */
int run_options_check_start(const cli_settings *settings);

/* Writes options.json into settings->output. Prints what is wrong; an exit code. */
int run_options_save(const cli_settings *settings);

#endif
