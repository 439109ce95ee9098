/* Progress on standard error: a bar on a terminal, a line every few seconds elsewhere. */
#ifndef PROGRESS_LINE_H
#define PROGRESS_LINE_H

#include <stdint.h>

typedef struct progress_line {
  int32_t quiet, terminal, shown;
  double last; /* when something was last shown */
} progress_line;

void progress_line_start(progress_line *line, int32_t quiet);

/* Shows the text when it is time, or at once with `now`. fraction: 0..1 of the work; NaN: unknown.
 */
void progress_line_show(progress_line *line, double fraction, const char *text, int now);

/* Leaves the terminal's cursor on a fresh line. */
void progress_line_end(progress_line *line);

#endif
