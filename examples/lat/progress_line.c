/* A bar and a text that stay on one line of a terminal, cut to its width; elsewhere a line each. */
#include "progress_line.h"

#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define TERMINAL_INTERVAL 0.1
#define LINE_INTERVAL 5.0

enum { BAR_WIDTH = 24 };

void progress_line_start(progress_line *line, int32_t quiet) {
  *line = (progress_line){quiet, isatty(STDERR_FILENO), 0, seconds_now()};
}

/* Columns of the terminal; where it does not tell, more than any text has. */
static int columns(void) {
  struct winsize size;
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 1000;
}

static int show_bar(double fraction) {
  char bar[BAR_WIDTH + 1];
  int filled = (int)(fraction * (double)BAR_WIDTH);
  memset(bar, '.', BAR_WIDTH);
  memset(bar, '#', (size_t)filled);
  bar[BAR_WIDTH] = '\0';
  return fprintf(stderr, "[%s] %3.0f %%  ", bar, 100 * fraction);
}

void progress_line_show(progress_line *line, double fraction, const char *text, int now) {
  double time = seconds_now();
  double interval = line->terminal ? TERMINAL_INTERVAL : LINE_INTERVAL;
  if (line->quiet || (!now && time - line->last < interval)) {
    return;
  }
  line->last = time;
  line->shown = 1;
  const int width = line->terminal ? columns() : 1000;
  if (line->terminal) {
    fputs("\r\033[K", stderr);
  }
  const int used = !isnan(fraction) && width > 60 ? show_bar(fmax(0, fmin(1, fraction))) : 0;
  fprintf(stderr, "%.*s%s", width - used, text, line->terminal ? "" : "\n");
}

void progress_line_end(progress_line *line) {
  if (line->terminal && line->shown) {
    fputc('\n', stderr);
  }
}
