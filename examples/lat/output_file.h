/* Files that the command writes: what is there stays until all of the new one has been written. */
#ifndef OUTPUT_FILE_H
#define OUTPUT_FILE_H

#include <limits.h>
#include <stdio.h>

typedef struct output_file {
  FILE *stream;                              /* NULL: not open */
  const char *name;                          /* as it was given */
  int error;                                 /* errno of the first write that failed */
  char place[PATH_MAX], temporary[PATH_MAX]; /* "": written in place */
} output_file;

/* Opens a file beside the place that `name` leads to, its links followed; a device, a pipe or a
 * link of /proc to an open file (/dev/stdout) is opened itself. Prints what is wrong; an exit code.
 */
int output_file_open(output_file *file, const char *name);

/* True when a write has failed; remembers why. To be asked after each part that is written. */
int output_file_failed(output_file *file);

/* Puts the file in its place when `outcome` is EXIT_DONE and all of it was written, and removes it
 * otherwise. Prints what is wrong; returns the exit code, `outcome` unless that was EXIT_DONE or a
 * write failed. */
int output_file_close(output_file *file, int outcome);

#endif
