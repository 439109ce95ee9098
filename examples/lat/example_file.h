/* Examples in a file: JSON lines, as lat sample --json writes them. */
#ifndef EXAMPLE_FILE_H
#define EXAMPLE_FILE_H

#include <lat/lat.h>

/* All examples of the file, each of the task or of one of a mixture's; `only`: those of the
 * component of that name alone (NULL: all). What is wrong is printed with the number of its line.
 * *out is NULL for a path of NULL, and on failure; an exit code. */
int example_file_read(lat_batch **out, const char *path, const lat_task *task, const char *only,
                      lat_tokenizer *tokenizer);

#endif
