/* An option's name is that of its member, with dashes; the few that differ are in a table. */
#include "option_members.h"

#include <stdio.h>
#include <string.h>

static const struct {
  const char *option, *member;
} renamed[] = {{"optimizer", "rule"}, {"triangle", "input_triangle"}, {"model-seed", "seed"}};

void option_member(char name[64], const char *option) {
  snprintf(name, 64, "%s", option);
  for (size_t i = 0; i < sizeof renamed / sizeof *renamed; ++i) {
    if (strcmp(renamed[i].option, option) == 0) {
      snprintf(name, 64, "%s", renamed[i].member);
    }
  }
  for (char *dash = strchr(name, '-'); dash != NULL; dash = strchr(dash, '-')) {
    *dash = '_';
  }
}

const cli_option *option_of_member(const option_group *group, const char *member) {
  for (const cli_option *option = group->options; option->name != NULL; ++option) {
    char name[64];
    option_member(name, option->name);
    if (strcmp(name, member) == 0) {
      return option;
    }
  }
  return NULL;
}

const char *option_word(char word[32], const cli_option *option, long long index) {
  const char *words = option->kind == OPTION_FLAG     ? "no|yes"
                      : option->kind == OPTION_CHOICE ? option->argument
                                                      : NULL;
  while (words != NULL && index > 0) {
    words = strchr(words, '|');
    words = words != NULL ? words + 1 : NULL;
    --index;
  }
  word[0] = '\0';
  if (words != NULL && index == 0) {
    snprintf(word, 32, "%.*s", (int)strcspn(words, "|"), words);
  }
  return word;
}
