/* lat plot: the curves of a run's log, drawn by gnuplot. */
#include "report.h"
#include "run_curves.h"
#include "settings.h"
#include "subcommands.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_INSTALLED = 127 };

static const cli_option plot_options[] = {
    OPTION(OPTION_TEXT, "output", output, "FILE.svg", "the picture; also -o (needed)"),
    OPTIONS_END};
static const option_group group_plot = {"Picture", 0, plot_options};

static void write_points(FILE *script, const char *name, const run_curves *curves, size_t column) {
  fprintf(script, "$%s << EOD\n", name);
  for (size_t i = 0; i < curves->count; ++i) {
    const double *point = curves->points[i];
    if (point[column] == point[column]) {
      fprintf(script, "%.17g %.9g\n", point[CURVE_EXAMPLES], point[column]);
    }
  }
  fprintf(script, "EOD\n");
}

static void write_script(FILE *script, const run_curves *curves) {
  write_points(script, "loss", curves, CURVE_LOSS);
  fputs("set terminal svg size 800,600 dynamic background rgb 'white'\n"
        "set encoding utf8\nset grid\nset format x '%.0s%c'\nset xlabel 'examples'\n",
        script);
  if (curves->validations > 0) {
    write_points(script, "accuracy", curves, CURVE_ACCURACY);
    write_points(script, "exact", curves, CURVE_EXACT);
    fputs("set multiplot layout 2,1\n", script);
  }
  fputs("set ylabel 'loss a token (nats)'\nset yrange [0:*]\n"
        "plot $loss using 1:2 with lines linewidth 2 notitle\n",
        script);
  if (curves->validations > 0) {
    fputs("set ylabel 'fresh examples (%)'\nset yrange [0:100]\nset key bottom right\n"
          "plot $accuracy using 1:2 with linespoints linewidth 2 title 'within 5 %', "
          "$exact using 1:2 with linespoints linewidth 2 title 'exact'\nunset multiplot\n",
          script);
  }
}

/* gnuplot reading from `input`, writing to `output`; does not return. */
static void become_gnuplot(int input, int output) {
  if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0) {
    close(input);
    close(output);
    execlp("gnuplot", "gnuplot", "-", (char *)NULL);
  }
  _exit(NOT_INSTALLED);
}

/* Sends the script down the pipe, and waits. Returns gnuplot's exit status, or -1. */
static int feed(pid_t child, int descriptor, const run_curves *curves) {
  int status = 0;
  FILE *script = fdopen(descriptor, "w");
  if (script != NULL) {
    write_script(script, curves);
    fclose(script);
  }
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return -1;
    }
  }
  return script != NULL && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int draw(int output, const run_curves *curves) {
  int ends[2];
  signal(SIGPIPE, SIG_IGN); /* gnuplot may be missing; its exit status tells */
  if (pipe(ends) != 0) {
    return report_error("no pipe to gnuplot: %s", strerror(errno));
  }
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    close(ends[1]);
    become_gnuplot(ends[0], output);
  }
  close(ends[0]);
  if (child < 0) {
    close(ends[1]);
    return report_error("gnuplot could not be started: %s", strerror(errno));
  }
  int status = feed(child, ends[1], curves);
  if (status == NOT_INSTALLED) {
    return report_error("gnuplot is not installed (Debian's package gnuplot-nox)");
  }
  return status == 0 ? EXIT_DONE : report_error("gnuplot failed");
}

static int copy(FILE *picture, const char *path) {
  char block[8192];
  size_t got = 0;
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    return report_error("%s: %s", path, strerror(errno));
  }
  rewind(picture);
  while ((got = fread(block, 1, sizeof block, picture)) > 0 && fwrite(block, 1, got, file) == got) {
  }
  int failed = ferror(picture) || ferror(file);
  failed |= fclose(file) != 0;
  return failed ? report_error("%s: %s", path, strerror(errno)) : EXIT_DONE;
}

/* Drawn in a file without a name first: what is at `path` stays as it is unless gnuplot succeeds,
 * and a link or a device is opened, never replaced or removed. */
static int draw_file(const char *path, const run_curves *curves) {
  FILE *picture = tmpfile();
  if (picture == NULL) {
    return report_error("no temporary file for the picture: %s", strerror(errno));
  }
  int outcome = draw(fileno(picture), curves);
  if (outcome == EXIT_DONE) {
    outcome = copy(picture, path);
  }
  fclose(picture);
  return outcome;
}

/* Whether the file's name says that it is something else than SVG. */
static int other_extension(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  const char *dot = strrchr(name, '.');
  return dot != NULL && dot != name && strcasecmp(dot, ".svg") != 0;
}

static int run(cli_settings *settings, const cli_command *command) {
  run_curves curves = {0};
  if (settings->output == NULL || settings->output[0] == '\0') {
    return report_usage(command->name, "-o FILE.svg is needed");
  }
  if (other_extension(settings->output)) {
    return report_usage(command->name, "-o %s: the picture is written as SVG, to FILE.svg",
                        settings->output);
  }
  int outcome = run_curves_read(&curves, settings->operands[0]);
  if (outcome == EXIT_DONE) {
    outcome = draw_file(settings->output, &curves);
  }
  run_curves_free(&curves);
  return outcome;
}

static const option_group *const groups[] = {&group_plot, NULL};
const cli_command command_plot = {.name = "plot",
                                  .operands = "DIR",
                                  .summary = "Draw the loss and accuracy curves of a run.",
                                  .min_operands = 1,
                                  .max_operands = 1,
                                  .groups = groups,
                                  .run = run};
