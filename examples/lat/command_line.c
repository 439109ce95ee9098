/* Reads a command line by its tables of options. */
#include "command_line.h"

#include "report.h"
#include "settings.h"
#include "suggest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Words still to be read. */
typedef struct word_reader {
  const cli_command *command;
  const char *const *words;
  int count, position;
} word_reader;

static int refuse(const cli_command *command, const char *name, const char *what,
                  const char *word) {
  return word != NULL ? report_usage(command->name, "%s%s '%s'", name, what, word)
                      : report_usage(command->name, "%s%s", name, what);
}

/* An integer, also as 5e4. Returns 0 when the text is none, or does not fit. */
static int read_integer(long long *value, const char *text) {
  char *end = NULL;
  errno = 0;
  *value = strtoll(text, &end, 10);
  if (end != text && *end == '\0' && errno == 0) {
    return 1;
  }
  double real = strtod(text, &end);
  if (end == text || *end != '\0' || !(fabs(real) <= 0x1p53) || real != floor(real)) {
    return 0;
  }
  *value = (long long)real;
  return 1;
}

static int store_integer(void *field, option_kind kind, const char *text) {
  long long value = 0;
  if (!read_integer(&value, text)) {
    return 0;
  }
  switch (kind) {
  case OPTION_INT32:
    *(int32_t *)field = (int32_t)value;
    return value >= INT32_MIN && value <= INT32_MAX;
  case OPTION_UINT32:
    *(uint32_t *)field = (uint32_t)value;
    return value >= 0 && value <= UINT32_MAX;
  default:
    *(int64_t *)field = (int64_t)value;
    return 1;
  }
}

static int store_unsigned(uint64_t *field, const char *text) {
  char *end = NULL;
  errno = 0;
  *field = strtoull(text, &end, 10);
  return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
}

static int store_double(double *field, const char *text) {
  char *end = NULL;
  *field = strtod(text, &end);
  return end != text && *end == '\0' && isfinite(*field);
}

static int store_choice(int32_t *field, const char *choices, const char *text) {
  size_t length = strlen(text);
  *field = 0;
  for (const char *word = choices; word != NULL; ++*field) {
    const char *bar = strchr(word, '|');
    size_t size = bar != NULL ? (size_t)(bar - word) : strlen(word);
    if (size == length && memcmp(word, text, size) == 0) {
      return 1;
    }
    word = bar != NULL ? bar + 1 : NULL;
  }
  return 0;
}

static int store(void *field, const cli_option *option, const char *text) {
  switch (option->kind) {
  case OPTION_CHOICE:
    return store_choice(field, option->argument, text);
  case OPTION_UINT64:
    return store_unsigned(field, text);
  case OPTION_DOUBLE:
    return store_double(field, text);
  case OPTION_TEXT:
    *(const char **)field = text;
    return text[0] != '\0';
  default:
    return store_integer(field, option->kind, text);
  }
}

static const char *complaint(option_kind kind) {
  switch (kind) {
  case OPTION_TEXT:
    return " needs a text that is not empty, not";
  case OPTION_DOUBLE:
    return " needs a finite number, not";
  default:
    return " needs an integer in range, not";
  }
}

const cli_option *command_line_option(const option_group **group, const cli_command *command,
                                      const char *name, size_t length) {
  for (size_t g = 0; command->groups[g] != NULL; ++g) {
    *group = command->groups[g];
    for (const cli_option *option = (*group)->options; option->name != NULL; ++option) {
      if (strlen(option->name) == length && memcmp(option->name, name, length) == 0) {
        return option;
      }
    }
  }
  return NULL;
}

/* Moves the option to the end of those that were said. */
static void remember(cli_settings *settings, const cli_option *option, const option_group *group) {
  int32_t kept = 0;
  for (int32_t i = 0; i < settings->said_count; ++i) {
    if (settings->said[i].option != option) {
      settings->said[kept++] = settings->said[i];
    }
  }
  settings->said[kept] = (said_option){option, group};
  settings->said_count = kept + 1;
  settings->given |= group->bit;
}

/* "unknown option '--layer'; did you mean --layers?" */
static int unknown_option(const cli_command *command, const char *word, const char *name) {
  char text[128];
  suggestion best;
  suggestion_start(&best, name, strcspn(name, "="));
  for (size_t g = 0; command->groups[g] != NULL; ++g) {
    for (const cli_option *option = command->groups[g]->options; option->name != NULL; ++option) {
      suggestion_offer(&best, option->name, strlen(option->name));
    }
  }
  return report_usage(command->name, "unknown option '%s'%s", word,
                      suggestion_text(text, &best, "--"));
}

/* "--norm does not take 'pree': post|pre" */
static int bad_value(const cli_command *command, const cli_option *option, const char *value) {
  return option->kind == OPTION_CHOICE
             ? report_usage(command->name, "--%s does not take '%s'; there are %s", option->name,
                            value, option->argument)
             : report_usage(command->name, "--%s%s '%s'", option->name, complaint(option->kind),
                            value);
}

static int read_flag(cli_settings *settings, word_reader *reader, const char *word) {
  const option_group *group = NULL;
  int negative = strncmp(word, "--no-", 5) == 0;
  const char *name = word + (negative ? 5 : 2);
  const cli_option *option = command_line_option(&group, reader->command, name, strlen(name));
  if (option == NULL || option->kind != OPTION_FLAG) {
    return unknown_option(reader->command, word, name);
  }
  *(int32_t *)((char *)settings + option->offset) = !negative;
  remember(settings, option, group);
  return EXIT_DONE;
}

/* The option that a word names: --name, --name=value, or -o. */
static const cli_option *named(const option_group **group, const cli_command *command,
                               const char *word) {
  if (strcmp(word, "-o") == 0) {
    return command_line_option(group, command, "output", strlen("output"));
  }
  return command_line_option(group, command, word + 2, strcspn(word, "=") - 2);
}

static int read_option(cli_settings *settings, word_reader *reader) {
  const option_group *group = NULL;
  const char *word = reader->words[reader->position++];
  const cli_option *option = named(&group, reader->command, word);
  if (option == NULL || option->kind == OPTION_FLAG) {
    return read_flag(settings, reader, word);
  }
  const char *equals = strchr(word, '=');
  const char *value = equals != NULL ? equals + 1 : NULL;
  if (value == NULL && reader->position == reader->count) {
    return refuse(reader->command, word, " needs an argument", NULL);
  }
  if (value == NULL) {
    value = reader->words[reader->position++];
  }
  if (!store((char *)settings + option->offset, option, value) ||
      (option->also != 0 && !store((char *)settings + option->also, option, value))) {
    return bad_value(reader->command, option, value);
  }
  remember(settings, option, group);
  return EXIT_DONE;
}

static int read_operand(cli_settings *settings, word_reader *reader) {
  const char *word = reader->words[reader->position++];
  if (settings->operand_count >= reader->command->max_operands) {
    return refuse(reader->command, "unexpected operand", "", word);
  }
  if (word[0] == '\0') {
    return refuse(reader->command, "an operand is empty: ", reader->command->operands, NULL);
  }
  settings->operands[settings->operand_count++] = word;
  return EXIT_DONE;
}

int command_line_read(cli_settings *settings, const cli_command *command, int count,
                      const char *const *words) {
  word_reader reader = {command, words, count, 0};
  int options = 1, outcome = EXIT_DONE;
  settings->operand_count = 0;
  settings->said_count = 0;
  while (outcome == EXIT_DONE && reader.position < count) {
    const char *word = words[reader.position];
    if (options && (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)) {
      settings->help = 1;
      return EXIT_DONE;
    }
    if (options && strcmp(word, "--") == 0) {
      options = 0;
      reader.position += 1;
    } else if (options && (strncmp(word, "--", 2) == 0 || strcmp(word, "-o") == 0)) {
      outcome = read_option(settings, &reader);
    } else if (options && word[0] == '-' && word[1] != '\0') {
      outcome = refuse(command, "unknown option", "", word);
    } else {
      outcome = read_operand(settings, &reader);
    }
  }
  if (outcome == EXIT_DONE && settings->operand_count < command->min_operands) {
    outcome = refuse(command, "missing operand: ", command->operands, NULL);
  }
  return outcome;
}
