/* What a shell offers while a command line is typed. */
#ifndef COMPLETE_H
#define COMPLETE_H

#include "command_line.h"

/* Prints the candidates for the last of the words behind "lat", which may be empty: a line for
 * each, with a tab and what it means behind it where that is known. Prints nothing where a file is
 * wanted. Returns EXIT_DONE. */
int complete(const cli_command *const *commands, int command_count, int count,
             const char *const *words);

#endif
