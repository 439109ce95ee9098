#include "progress_line.h"

#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TERMINAL_INTERVAL 0.1
#define LINE_INTERVAL 5.0

enum { BAR_WIDTH = 24 };

void progress_line_start(progress_line *line, int32_t quiet) {
  *line = (progress_line){quiet, isatty(STDERR_FILENO), 0, seconds_now()};
}

static void show_bar(double fraction) {
  char bar[BAR_WIDTH + 1];
  int filled = (int)(fraction * BAR_WIDTH);
  memset(bar, '.', BAR_WIDTH);
  memset(bar, '#', (size_t)filled);
  bar[BAR_WIDTH] = '\0';
  fprintf(stderr, "[%s] %3.0f %%  ", bar, 100 * fraction);
}

void progress_line_show(progress_line *line, double fraction, const char *text, int now) {
  double time = seconds_now();
  double interval = line->terminal ? TERMINAL_INTERVAL : LINE_INTERVAL;
  if (line->quiet || (!now && time - line->last < interval)) {
    return;
  }
  line->last = time;
  line->shown = 1;
  if (line->terminal) {
    fputc('\r', stderr);
  }
  if (!isnan(fraction)) {
    show_bar(fmax(0, fmin(1, fraction)));
  }
  fprintf(stderr, line->terminal ? "%s\033[K" : "%s\n", text);
}

void progress_line_end(progress_line *line) {
  if (line->terminal && line->shown) {
    fputc('\n', stderr);
  }
}
