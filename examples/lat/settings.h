/* Everything a command line can say, and the tables of options that several subcommands share. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include "command_line.h"

#include <jansson.h>
#include <lat/lat.h>

/* An option of the command line. Every table together has fewer options than MAX_SAID. */
typedef struct said_option {
  const cli_option *option;
  const option_group *group;
} said_option;

enum { MAX_SAID = 256, MAX_CLI_OPERANDS = 16 };

typedef struct cli_settings {
  lat_context_options context;
  lat_task_options task;
  lat_tokenizer_options tokenizer;
  lat_sampler_options sampler;
  lat_model_options model;
  lat_optimizer_options optimizer;
  lat_trainer_options trainer;
  lat_decode_options decode;
  lat_evaluate_options evaluate;
  const char *task_names; /* NAME or A[:w],B[:w] */
  const char *preset, *output, *from, *encoder_from;
  const char *tolerances;  /* of eval: A,B,C,D */
  const char *predictions; /* eval: file of every prediction */
  const char *data;        /* file of examples; NULL: they are drawn */
  const char *validation_data;
  const char *title;        /* of a picture */
  const char *test_set;     /* eval: one distribution of several */
  const char *storage;      /* of the parameters in a file; NULL: f32 */
  char preset_words[1024];  /* what the preset's options point into */
  char restored_tasks[512]; /* of a run that is resumed, as --task takes them */
  json_t *restored;         /* what else of its options is text points into; NULL: none */
  int64_t count;            /* of examples to draw */
  int32_t repeats;          /* measurements, and the seconds of each */
  double seconds;
  double minutes;
  double checkpoint_minutes;
  double rank_timeout; /* seconds that a rank waits for the others; 0: for ever */
  int32_t json, quiet, verbose, help, resume;
  int32_t log_scale;          /* of a picture */
  int32_t list;               /* of the known models */
  int32_t decoding;           /* whether bench measures it */
  uint32_t given;             /* groups with an option on the command line */
  said_option said[MAX_SAID]; /* the command line's options, in the order of their last mention */
  int32_t said_count;
  uint32_t traits; /* of the tasks, TRAIT_...: option_rules.h */
  const char *operands[MAX_CLI_OPERANDS];
  int32_t operand_count;
  int word_count; /* the command line behind the subcommand's name */
  const char *const *words;
} cli_settings;

enum { GIVEN_SIZES = 1 };

/* decode.grammar and evaluate.ceiling where neither --NAME nor --no-NAME was said. */
enum { UNSAID = -1 };

void settings_init(cli_settings *settings);

extern const option_group group_context, group_precision, group_output, group_quiet, group_task,
    group_sizes, group_encoding, group_model, group_optimizer, group_run, group_training,
    group_decoding;

/* A row of a table of options: everything about the option that is not in the library. Parsing,
 * --help with the default of the field, what the shells complete, the JSON of options and `lat
 * info` follow it; docs/options.sh makes the manual's lists of it (docs/maintaining.md). */
#define OPTION(kind, name, field, argument, help)                                                  \
  { (name), (kind), offsetof(cli_settings, field), 0, (argument), (help), NULL, NULL }
/* Writes to two fields. */
#define OPTION_BOTH(kind, name, field, second, argument, help)                                     \
  {                                                                                                \
    (name), (kind), offsetof(cli_settings, field), offsetof(cli_settings, second), (argument),     \
        (help), NULL, NULL                                                                         \
  }
/* A text made of words: those in `words`, or those that `names` returns for 0, 1, .... */
#define OPTION_WORDS(name, field, argument, words, help)                                           \
  { (name), OPTION_TEXT, offsetof(cli_settings, field), 0, (argument), (help), (words), NULL }
#define OPTION_WORDS_BOTH(name, field, second, argument, words, help)                              \
  {                                                                                                \
    (name), OPTION_TEXT, offsetof(cli_settings, field), offsetof(cli_settings, second),            \
        (argument), (help), (words), NULL                                                          \
  }
#define OPTION_NAMES(name, field, argument, names, help)                                           \
  { (name), OPTION_TEXT, offsetof(cli_settings, field), 0, (argument), (help), NULL, (names) }
#define OPTIONS_END                                                                                \
  { NULL, OPTION_FLAG, 0, 0, NULL, NULL, NULL, NULL }

#endif
