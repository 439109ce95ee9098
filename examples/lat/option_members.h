/* Options of the command and the members of the library's structures that they are of. */
#ifndef OPTION_MEMBERS_H
#define OPTION_MEMBERS_H

#include "command_line.h"

/* The member's name of an option's name. */
void option_member(char name[64], const char *option);

/* The option of a group that a member belongs to; NULL without one. */
const cli_option *option_of_member(const option_group *group, const char *member);

/* Word `index` of a choice's "post|pre", or of a flag's "no|yes"; "" for other options and beyond.
 */
const char *option_word(char word[32], const cli_option *option, long long index);

#endif
