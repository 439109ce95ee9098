/* The command line: tables of options, read into fields of one structure. */
#ifndef COMMAND_LINE_H
#define COMMAND_LINE_H

#include <stddef.h>
#include <stdint.h>

/* Exit codes of the command. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

typedef enum option_kind {
  OPTION_FLAG,   /* int32_t: --name is 1, --no-name is 0 */
  OPTION_CHOICE, /* int32_t: index of the word in `argument`, "post|pre" */
  OPTION_INT32,
  OPTION_INT64,
  OPTION_UINT32,
  OPTION_UINT64,
  OPTION_DOUBLE,
  OPTION_TEXT /* const char *, borrowed from the command line */
} option_kind;

typedef struct cli_option {
  const char *name; /* without its dashes; NULL ends the table */
  option_kind kind;
  size_t offset;        /* of the field in the settings */
  size_t also;          /* of a second field that is given the same value; 0: none */
  const char *argument; /* for the help: N, NAME; the words of a choice, "post|pre" */
  const char *help;     /* one that ends with a default in parentheses stands for the field's own */
  const char *words;    /* of a text: names, with blanks between; NULL: any */
  const char *(*names)(int32_t index); /* likewise, NULL past the last; NULL: none */
} cli_option;

/* Options that belong together. */
typedef struct option_group {
  const char *title;
  uint32_t bit; /* set in settings.given when one of them is on the command line */
  const cli_option *options;
} option_group;

struct cli_settings;

/* One subcommand. */
typedef struct cli_command {
  const char *name, *operands, *summary;
  int32_t min_operands, max_operands;
  const option_group *const *groups; /* NULL ends the list */
  const char *notes;                 /* end of its help; may be NULL */
  const char *default_preset;        /* where neither preset nor task is given; may be NULL */
  int (*run)(struct cli_settings *settings, const struct cli_command *command);
} cli_command;

/* Reads words into the settings; prints what is wrong. Returns EXIT_DONE or EXIT_USAGE. */
int command_line_read(struct cli_settings *settings, const cli_command *command, int count,
                      const char *const *words);

/* The option of a name of `length` characters, and its group; NULL where the command has none. */
const cli_option *command_line_option(const option_group **group, const cli_command *command,
                                      const char *name, size_t length);

/* Prints the help of one subcommand. */
void command_line_help(const cli_command *command);

#endif
