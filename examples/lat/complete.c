/* The completion of a command line, from the same tables that read it: the scripts for the shells
 * in examples/lat/completions ask `lat complete WORD...`, so that they know every option. */
#include "complete.h"

#include "model_path.h"
#include "option_members.h"
#include "presets.h"

#include <lat/lat.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Prints a candidate that begins with what is typed. */
static void offer(const char *typed, const char *before, const char *candidate, const char *help) {
  char text[256];
  snprintf(text, sizeof text, "%s%s", before, candidate);
  if (strncmp(text, typed, strlen(typed)) == 0) {
    printf(help != NULL ? "%s\t%s\n" : "%s\n", text, help);
  }
}

static void offer_commands(const cli_command *const *commands, int command_count,
                           const char *typed) {
  for (int i = 0; i < command_count; ++i) {
    offer(typed, "", commands[i]->name, commands[i]->summary);
  }
}

static void offer_options(const cli_command *command, const char *typed) {
  for (size_t g = 0; command->groups[g] != NULL; ++g) {
    for (const cli_option *option = command->groups[g]->options; option->name != NULL; ++option) {
      offer(typed, "--", option->name, option->help);
      if (option->kind == OPTION_FLAG && strncmp(typed, "--no-", 5) == 0) {
        offer(typed, "--no-", option->name, option->help);
      }
    }
  }
  offer(typed, "--", "help", NULL);
}

/* The words that an option takes; of a mixture, those of its first part. */
static void offer_values(const cli_option *option, const char *typed) {
  char word[32];
  for (int32_t i = 0; option->kind == OPTION_CHOICE && option_word(word, option, i)[0] != '\0';
       ++i) {
    offer(typed, "", word, NULL);
  }
  for (const char *at = option->words; at != NULL && *at != '\0'; at += strspn(at, " ")) {
    snprintf(word, sizeof word, "%.*s", (int)strcspn(at, " "), at);
    offer(typed, "", word, NULL);
    at += strcspn(at, " ");
  }
  for (int32_t i = 0; option->names != NULL && option->names(i) != NULL; ++i) {
    offer(typed, "", option->names(i), NULL);
  }
  for (int i = 0; strcmp(option->name, "preset") == 0 && preset_name(i) != NULL; ++i) {
    offer(typed, "", preset_name(i), preset_summary(i));
  }
}

static void offer_models(const char *typed) {
  char folders[PATH_MAX], name[256];
  if (model_folders(folders, sizeof folders) == LAT_OK) {
    for (int32_t i = 0; lat_model_name(name, sizeof name, folders, i) == LAT_OK; ++i) {
      offer(typed, "", name, NULL);
    }
  }
}

/* The option that a word names, where its argument is the next word; NULL otherwise. */
static const cli_option *waiting_option(const cli_command *command, const char *word) {
  const option_group *group = NULL;
  if (strncmp(word, "--", 2) != 0) {
    return NULL;
  }
  const cli_option *option = command_line_option(&group, command, word + 2, strlen(word + 2));
  return option != NULL && option->kind != OPTION_FLAG ? option : NULL;
}

static void offer_words(const cli_command *command, int count, const char *const *words) {
  const cli_option *waiting = NULL;
  const char *typed = words[count - 1];
  int operands = 0;
  for (int i = 0; i < count - 1; ++i) {
    const int operand = waiting == NULL && words[i][0] != '-';
    operands += operand;
    waiting = waiting == NULL ? waiting_option(command, words[i]) : NULL;
  }
  if (waiting != NULL) {
    offer_values(waiting, typed);
  } else if (typed[0] == '-') {
    offer_options(command, typed);
  } else if (operands == 0 && strstr(command->operands, "MODEL") != NULL) {
    offer_models(typed);
  }
}

int complete(const cli_command *const *commands, int command_count, int count,
             const char *const *words) {
  if (count == 1 || (count == 2 && strcmp(words[0], "help") == 0)) {
    offer_commands(commands, command_count, words[count - 1]);
  }
  if (count == 1) {
    offer(words[0], "", "help", "Help on a command.");
    offer(words[0], "--", "version", NULL);
    offer(words[0], "--", "help", NULL);
  }
  for (int i = 0; i < command_count && count > 1; ++i) {
    if (strcmp(words[0], commands[i]->name) == 0) {
      offer_words(commands[i], count - 1, words + 1);
    }
  }
  return EXIT_DONE;
}
