/* lat: draw examples, train, evaluate, solve. Through the library's public header only. */
#include "complete.h"
#include "mpi_ranks.h"
#include "option_rules.h"
#include "presets.h"
#include "report.h"
#include "run_options.h"
#include "settings.h"
#include "subcommands.h"
#include "suggest.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const cli_command *const commands[] = {&command_sample, &command_train,  &command_eval,
                                              &command_solve,  &command_info,   &command_bench,
                                              &command_plot,   &command_convert};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void) {
  printf("Usage: lat COMMAND [options]\n"
         "Small transformers that learn linear algebra.\n\nCommands:\n");
  for (int i = 0; i < COMMANDS; ++i) {
    printf("  %-8s %s\n", commands[i]->name, commands[i]->summary);
  }
  printf("\nPresets (--preset):\n");
  for (int i = 0; preset_name(i) != NULL; ++i) {
    printf("  %-16s %s\n", preset_name(i), preset_summary(i));
  }
  printf("\n'lat COMMAND --help' lists a command's options; 'lat --version' tells the version.\n"
         "Exit codes: 0 done, 1 failed, 2 bad usage.\n");
}

static const cli_command *find(const char *name) {
  for (int i = 0; i < COMMANDS; ++i) {
    if (strcmp(commands[i]->name, name) == 0) {
      return commands[i];
    }
  }
  return NULL;
}

/* Options of the run that is resumed first, then those of the preset, wherever --preset stands,
 * then those of the command line. */
static int read_settings(cli_settings *settings, const cli_command *command, int count,
                         const char *const *words) {
  settings_init(settings);
  int outcome = command_line_read(settings, command, count, words);
  const char *preset = settings->preset;
  if (preset == NULL && settings->task_names == NULL) {
    preset = command->default_preset;
  }
  const char *resumed = settings->resume && settings->from == NULL ? settings->output : NULL;
  resumed = resumed != NULL && resumed[0] != '\0' ? resumed : NULL;
  if (outcome == EXIT_DONE && (preset != NULL || resumed != NULL) && !settings->help) {
    settings_init(settings);
    outcome = resumed != NULL ? run_options_load(settings, resumed) : EXIT_DONE;
    settings->preset = preset;
    if (outcome == EXIT_DONE && preset != NULL) {
      outcome = preset_apply(settings, command);
    }
    if (outcome == EXIT_DONE) {
      outcome = command_line_read(settings, command, count, words);
    }
  }
  settings->word_count = count;
  settings->words = words;
  settings->traits = traits_of_names(settings->task_names);
  return outcome;
}

static int run(const cli_command *command, int count, const char *const *words) {
  cli_settings settings;
  int outcome = command == &command_train ? ranks_open() : EXIT_DONE;
  if (outcome == EXIT_DONE) {
    outcome = read_settings(&settings, command, count, words);
  }
  if (outcome == EXIT_DONE && settings.help) {
    command_line_help(command);
    return EXIT_DONE;
  }
  if (outcome == EXIT_DONE) {
    outcome = options_check(&settings, command);
  }
  outcome = ranks_settle(outcome);
  if (outcome == EXIT_DONE) {
    outcome = command->run(&settings, command);
  }
  json_decref(settings.restored);
  return outcome;
}

static int refuse(const char *what, const char *word) {
  char text[128];
  suggestion best;
  suggestion_start(&best, word, strlen(word));
  for (int i = 0; i < COMMANDS; ++i) {
    suggestion_offer(&best, commands[i]->name, strlen(commands[i]->name));
  }
  report_error("%s '%s'%s", what, word, suggestion_text(text, &best, ""));
  fprintf(stderr, "Try 'lat --help'.\n");
  return EXIT_USAGE;
}

/* Help on the command that is named, or on all of them. */
static int show_help(int count, const char *const *words) {
  const cli_command *command = count > 0 ? find(words[0]) : NULL;
  if (count > 1 || (count == 1 && command == NULL)) {
    return count > 1 ? refuse("unexpected operand", words[1]) : refuse("no command", words[0]);
  }
  if (command != NULL) {
    command_line_help(command);
  } else {
    print_help();
  }
  return EXIT_DONE;
}

static int show_version(int count, const char *const *words) {
  if (count > 0) {
    return refuse("unexpected operand", words[0]);
  }
  printf("lat %s\n", lat_version_string());
  return EXIT_DONE;
}

static int dispatch(int argc, char **argv) {
  const char *word = argc > 1 ? argv[1] : "";
  const int count = argc > 1 ? argc - 2 : 0;
  const char *const *words = (const char *const *)argv + 2;
  const cli_command *command = find(word);
  if (command != NULL) {
    return run(command, count, words);
  }
  if (strcmp(word, "--version") == 0) {
    return show_version(count, words);
  }
  if (strcmp(word, "complete") == 0) {
    return complete(commands, COMMANDS, count, words);
  }
  if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
    return show_help(count, words);
  }
  if (argc > 1) {
    return refuse("no command", word);
  }
  report_error("no command");
  fprintf(stderr, "Try 'lat --help'.\n");
  return EXIT_USAGE;
}

/* A standard stream that is closed would become the first file that is opened, and what is printed
 * would go into a model. Output to the placeholder fails, as it should. */
static void hold_standard_streams(void) {
  int descriptor = 0;
  do {
    descriptor = open("/dev/null", O_RDONLY);
  } while (descriptor >= 0 && descriptor <= STDERR_FILENO);
  if (descriptor >= 0) {
    close(descriptor);
  }
}

int main(int argc, char **argv) {
  hold_standard_streams();
  signal(SIGXFSZ, SIG_IGN); /* a write beyond the limit on file sizes is an error as others are */
  int outcome = dispatch(argc, argv);
  ranks_close();
  if (fflush(stdout) != 0 || ferror(stdout)) {
    fprintf(stderr, "lat: standard output could not be written\n");
    outcome = outcome == EXIT_DONE ? EXIT_FAILED : outcome;
  }
  return outcome;
}
