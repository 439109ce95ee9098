/* lat convert: writes a model again, its parameters stored in another type. */
#include "report.h"
#include "subcommands.h"
#include "workbench.h"

#include <stdio.h>
#include <sys/stat.h>

static const cli_option convert_options[] = {
    OPTION(OPTION_TEXT, "storage", storage, "f32|bf16|f16",
           "type of the parameters in FILE (f32); bf16 and f16 take half the room"),
    OPTIONS_END};
static const option_group group_convert = {"Conversion", 0, convert_options};

static int show_file(const char *path, const char *storage, int json) {
  struct stat info = {0};
  if (stat(path, &info) != 0) {
    return report_error("%s: cannot be looked at", path);
  }
  if (json) {
    return report_json(json_pack("{s:o, s:s, s:I}", "path", json_name(path), "storage", storage,
                                 "bytes", (json_int_t)info.st_size));
  }
  print_name(path);
  printf(": %s, %lld bytes\n", storage, (long long)info.st_size);
  return EXIT_DONE;
}

static int run(cli_settings *settings, const cli_command *command) {
  workbench bench = {0};
  const char *path = settings->operands[1];
  const char *storage = settings->storage != NULL ? settings->storage : "f32";
  int outcome = EXIT_DONE;
  (void)command;
  lat_status status = workbench_inspect(&bench, settings, settings->operands[0]);
  if (status != LAT_OK) {
    outcome = report_failure(status);
  } else {
    status = lat_model_save_as(bench.model, path, storage);
    outcome = status == LAT_OK ? show_file(path, storage, settings->json) : report_setup(status);
  }
  workbench_free(&bench);
  return outcome;
}

static const option_group *const groups[] = {&group_convert, &group_output, &group_context, NULL};
const cli_command command_convert = {
    .name = "convert",
    .operands = "MODEL FILE",
    .summary = "Write a model again, in another storage.",
    .min_operands = 2,
    .max_operands = 2,
    .groups = groups,
    .notes =
        "bf16 keeps 8 significant bits of a parameter. Where products are computed in bf16, as\n"
        "they are on processors that can, weights are rounded to it in any case. f16 keeps 11\n"
        "bits, of parameters below 65520 alone; more programs read it.",
    .run = run};
