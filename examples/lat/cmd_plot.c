/* lat plot: the curves of runs' logs, drawn by gnuplot into one picture. */
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

enum { NOT_INSTALLED = 127, MAX_RUNS = MAX_CLI_OPERANDS };

static const cli_option plot_options[] = {
    OPTION(OPTION_TEXT, "output", output, "FILE.svg", "the picture, or FILE.png; also -o (needed)"),
    OPTION(OPTION_FLAG, "log", log_scale, NULL, "logarithmic axis of the loss"),
    OPTION(OPTION_TEXT, "title", title, "TEXT", "above the picture (the run, where it is one)"),
    OPTIONS_END};
static const option_group group_plot = {"Picture", 0, plot_options};

/* What is drawn. */
typedef struct picture {
  run_curves curves[MAX_RUNS];
  int32_t count;
  int png;     /* instead of SVG */
  double unit; /* examples that the axis counts in */
  const cli_settings *settings;
} picture;

static void write_points(FILE *script, const char *name, const picture *drawn, int32_t run,
                         size_t column) {
  const run_curves *curves = &drawn->curves[run];
  fprintf(script, "$%s%d << EOD\n", name, (int)run);
  for (size_t i = 0; i < curves->count; ++i) {
    const double *point = curves->points[i];
    if (point[column] == point[column]) {
      fprintf(script, "%.17g %.9g\n", point[CURVE_EXAMPLES] / drawn->unit, point[column]);
    }
  }
  fprintf(script, "EOD\n");
}

/* Text in quotes that gnuplot leaves as it is. */
static void write_text(FILE *script, const char *text) {
  char clean[256];
  snprintf(clean, sizeof clean, "%s", text);
  report_clean(clean);
  fputc('\'', script);
  for (const char *at = clean; *at != '\0'; ++at) {
    fputs(*at == '\'' ? "\'\'" : (char[]){*at, '\0'}, script);
  }
  fputs("' noenhanced", script);
}

/* The name of a run's curve, and where there are several the run's. */
static void write_curve(FILE *script, const picture *drawn, const char *name, int32_t run,
                        const char *style, const char *label) {
  char text[256];
  const char *folder = drawn->settings->operands[run];
  fprintf(script, "$%s%d using 1:2 with %s linewidth 2 linecolor %d title ", name, (int)run, style,
          drawn->count > 1             ? (int)run + 1
          : strcmp(name, "exact") == 0 ? 2
                                       : 1);
  snprintf(text, sizeof text, "%s%s%s", drawn->count > 1 ? folder : "",
           drawn->count > 1 && label[0] != '\0' ? ", " : "", label);
  write_text(script, text);
}

/* 1: some of a validation's examples came out exactly right. */
static int has_exact(const run_curves *curves) {
  int found = 0;
  for (size_t i = 0; i < curves->count; ++i) {
    found |= curves->points[i][CURVE_EXACT] >= 1;
  }
  return found;
}

static int has_validations(const picture *drawn) {
  int found = 0;
  for (int32_t run = 0; run < drawn->count; ++run) {
    found |= drawn->curves[run].validations > 0;
  }
  return found;
}

static void write_data(FILE *script, const picture *drawn) {
  for (int32_t run = 0; run < drawn->count; ++run) {
    write_points(script, "loss", drawn, run, CURVE_LOSS);
    if (drawn->curves[run].validations > 0) {
      write_points(script, "accuracy", drawn, run, CURVE_ACCURACY);
    }
    if (has_exact(&drawn->curves[run])) {
      write_points(script, "exact", drawn, run, CURVE_EXACT);
    }
  }
}

static double most_examples(const picture *drawn) {
  double most = 1;
  for (int32_t run = 0; run < drawn->count; ++run) {
    const run_curves *curves = &drawn->curves[run];
    const double last = curves->points[curves->count - 1][CURVE_EXAMPLES];
    most = last > most ? last : most;
  }
  return most;
}

/* Of the axis: numbers of a few digits. */
static double unit_of(double most) {
  return most >= 1e6 ? 1e6 : most >= 1e4 ? 1e3 : 1;
}

static const char *unit_name(double unit) {
  return unit >= 1e6 ? "millions of examples" : unit >= 1e3 ? "thousands of examples" : "examples";
}

static void write_loss(FILE *script, const picture *drawn) {
  fputs(drawn->settings->log_scale ? "set logscale y\nset yrange [*:*]\n" : "set yrange [0:*]\n",
        script);
  fputs(drawn->count > 1 ? "set key top right\n" : "unset key\n", script);
  fputs("set ylabel 'loss a token (nats)'\nplot ", script);
  for (int32_t run = 0; run < drawn->count; ++run) {
    fputs(run > 0 ? ", " : "", script);
    write_curve(script, drawn, "loss", run, "lines", "");
  }
  fputs("\nunset logscale y\n", script);
}

static void write_accuracy(FILE *script, const picture *drawn) {
  int first = 1;
  fputs("set ylabel 'fresh examples (%)'\nset yrange [0:100]\nset key bottom right\nplot ", script);
  for (int32_t run = 0; run < drawn->count; ++run) {
    if (drawn->curves[run].validations > 0) {
      fputs(first ? "" : ", ", script);
      write_curve(script, drawn, "accuracy", run, "linespoints", "within 5 %");
      first = 0;
    }
    if (has_exact(&drawn->curves[run])) {
      fputs(", ", script);
      write_curve(script, drawn, "exact", run, "linespoints dashtype 2", "exact");
    }
  }
  fputs("\nunset multiplot\n", script);
}

/* Both diagrams have the same axis of examples. */
static void write_script(FILE *script, const picture *drawn) {
  const char *title = drawn->settings->title;
  if (drawn->count == 1 && title == NULL) {
    title = drawn->settings->operands[0];
  }
  write_data(script, drawn);
  fputs(drawn->png ? "set terminal pngcairo size 1200,900\n"
                   : "set terminal svg size 800,600 dynamic background rgb 'white'\n",
        script);
  fprintf(script,
          "set encoding utf8\nset lmargin 12\nset grid\nset xlabel '%s'\n"
          "set xrange [0:%.17g]\n",
          unit_name(drawn->unit), most_examples(drawn) / drawn->unit);
  const int validated = has_validations(drawn);
  fputs(validated ? "set multiplot layout 2,1" : "", script);
  if (title != NULL) {
    fputs(validated ? " title " : "set title ", script);
    write_text(script, title);
  }
  fputc('\n', script);
  write_loss(script, drawn);
  if (validated) {
    write_accuracy(script, drawn);
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
static int feed(pid_t child, int descriptor, const picture *drawn) {
  int status = 0;
  FILE *script = fdopen(descriptor, "w");
  if (script != NULL) {
    write_script(script, drawn);
    fclose(script);
  }
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) {
      return -1;
    }
  }
  return script != NULL && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int draw(int output, const picture *drawn) {
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
  int status = feed(child, ends[1], drawn);
  if (status == NOT_INSTALLED) {
    return report_error("gnuplot is not installed (Debian's package gnuplot-nox)");
  }
  return status == 0 ? EXIT_DONE : report_error("gnuplot failed");
}

static int copy(FILE *drawn, const char *path) {
  char block[8192];
  size_t got = 0;
  FILE *file = fopen(path, "wb");
  if (file == NULL) {
    return report_error("%s: %s", path, strerror(errno));
  }
  rewind(drawn);
  while ((got = fread(block, 1, sizeof block, drawn)) > 0 && fwrite(block, 1, got, file) == got) {
  }
  int failed = ferror(drawn) || ferror(file);
  failed |= fclose(file) != 0;
  return failed ? report_error("%s: %s", path, strerror(errno)) : EXIT_DONE;
}

/* Drawn in a file without a name first: what is at `path` stays as it is unless gnuplot succeeds,
 * and a link or a device is opened, never replaced or removed. */
static int draw_file(const char *path, const picture *drawn) {
  FILE *file = tmpfile();
  if (file == NULL) {
    return report_error("no temporary file for the picture: %s", strerror(errno));
  }
  int outcome = draw(fileno(file), drawn);
  if (outcome == EXIT_DONE) {
    outcome = copy(file, path);
  }
  fclose(file);
  return outcome;
}

/* What is behind the last dot of the file's name; NULL without one. */
static const char *extension(const char *path) {
  const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
  const char *dot = strrchr(name, '.');
  return dot != NULL && dot != name ? dot + 1 : NULL;
}

static int run(cli_settings *settings, const cli_command *command) {
  picture drawn = {.settings = settings};
  if (settings->output == NULL) {
    return report_usage(command->name, "-o FILE.svg is needed");
  }
  const char *type = extension(settings->output);
  drawn.png = type != NULL && strcasecmp(type, "png") == 0;
  if (type != NULL && !drawn.png && strcasecmp(type, "svg") != 0) {
    return report_usage(command->name, "-o %s: the picture is written as FILE.svg or FILE.png",
                        settings->output);
  }
  int outcome = EXIT_DONE;
  while (outcome == EXIT_DONE && drawn.count < settings->operand_count) {
    outcome = run_curves_read(&drawn.curves[drawn.count], settings->operands[drawn.count]);
    drawn.count += 1;
  }
  if (outcome == EXIT_DONE) {
    drawn.unit = unit_of(most_examples(&drawn));
    outcome = draw_file(settings->output, &drawn);
  }
  for (int32_t i = 0; i < drawn.count; ++i) {
    run_curves_free(&drawn.curves[i]);
  }
  return outcome;
}

static const option_group *const groups[] = {&group_plot, NULL};
const cli_command command_plot = {.name = "plot",
                                  .operands = "DIR...",
                                  .summary = "Draw the loss and accuracy curves of runs.",
                                  .min_operands = 1,
                                  .max_operands = MAX_RUNS,
                                  .groups = groups,
                                  .run = run};
