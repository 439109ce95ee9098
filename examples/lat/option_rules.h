/* Nothing said is ignored: an option of the command line that can have no effect beside the others
 * is refused. */
#ifndef OPTION_RULES_H
#define OPTION_RULES_H

#include "settings.h"

/* What options depend on in a task; of several tasks, each that one of them has. */
enum {
  TRAIT_SYMMETRIC = 1, /* matrices with a spectrum */
  TRAIT_GENERAL = 2,   /* matrices without */
  TRAIT_INVERSE = 4,
  TRAIT_VECTORS = 8,      /* answers hold values over vectors */
  TRAIT_RESIDUAL = 16,    /* answers can be judged from the problem alone */
  TRAIT_NO_RESIDUAL = 32, /* numbers alone: by bounds, or by comparison */
  TRAIT_SYSTEM = 64,      /* linear systems */
  TRAIT_TRANSFORM = 128,  /* products under a transform */
  TRAIT_VALUES = 256,     /* eigenvalues or singular values alone */
  TRAIT_ANY = 511 /* of a task that is not known here or not yet: nothing is refused for it */
};

/* Of a task or a mixture, and of the text of --task. */
uint32_t traits_of_task(const lat_task *task);
uint32_t traits_of_names(const char *names);

/* Refuses, with the reason, options of the command line that have no effect beside the others and
 * with tasks of settings->traits. Returns EXIT_DONE or EXIT_USAGE. */
int options_check(const cli_settings *settings, const cli_command *command);

/* Whether the option was said on the command line. */
int was_said(const cli_settings *settings, const char *name);

#endif
