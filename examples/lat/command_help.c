/* The help of a subcommand, made of its tables of options. Defaults are those that a command line
 * starts with, which are the library's, so that no text repeats them. */
#include "command_line.h"

#include "option_members.h"
#include "settings.h"

#include <stdio.h>
#include <string.h>

static void print_words(const cli_option *option) {
  if (option->words != NULL) {
    printf(": %s", option->words);
  }
  for (int32_t i = 0; option->names != NULL && option->names(i) != NULL; ++i) {
    printf("%s %s", i == 0 ? ":" : "", option->names(i));
  }
}

static void print_text_default(const char *text) {
  if (text != NULL && text[0] != '\0') {
    printf(" (%s)", text);
  }
}

/* A flag that is on tells how it is put off; one that is off has nothing to say. */
static void print_flag_default(const cli_option *option, int32_t value) {
  if (value == 1) {
    printf(" (on; --no-%s)", option->name);
  }
}

static void print_default(const cli_option *option, const cli_settings *defaults) {
  const void *field = (const char *)defaults + option->offset;
  char word[32];
  switch (option->kind) {
  case OPTION_FLAG:
    print_flag_default(option, *(const int32_t *)field);
    break;
  case OPTION_CHOICE:
    print_text_default(option_word(word, option, *(const int32_t *)field));
    break;
  case OPTION_TEXT:
    print_text_default(*(const char *const *)field);
    break;
  case OPTION_DOUBLE:
    printf(" (%g)", *(const double *)field);
    break;
  case OPTION_INT64:
    printf(" (%lld)", (long long)*(const int64_t *)field);
    break;
  case OPTION_UINT64:
    printf(" (%llu)", (unsigned long long)*(const uint64_t *)field);
    break;
  case OPTION_UINT32:
    printf(" (%u)", (unsigned)*(const uint32_t *)field);
    break;
  case OPTION_INT32:
    printf(" (%d)", (int)*(const int32_t *)field);
    break;
  }
}

static void print_option(const cli_option *option, const cli_settings *defaults) {
  char text[96];
  const char *argument = option->argument != NULL ? option->argument : "";
  const size_t length = strlen(option->help);
  snprintf(text, sizeof text, "--%s %s", option->name, argument);
  printf("  %-30s %s", text, option->help);
  print_words(option);
  if (option->help[length - 1] != ')') {
    print_default(option, defaults);
  }
  putchar('\n');
}

void command_line_help(const cli_command *command) {
  cli_settings defaults;
  settings_init(&defaults);
  printf("Usage: lat %s %s%s[options]\n%s\n", command->name, command->operands,
         command->operands[0] != '\0' ? " " : "", command->summary);
  for (size_t g = 0; command->groups[g] != NULL; ++g) {
    printf("\n%s:\n", command->groups[g]->title);
    for (const cli_option *option = command->groups[g]->options; option->name != NULL; ++option) {
      print_option(option, &defaults);
    }
  }
  printf("\nA flag --NAME is undone by --no-NAME.\n");
  if (command->notes != NULL) {
    printf("\n%s\n", command->notes);
  }
}
