/* What systems of the C library and of the kernel do in ways of their own. */
#ifndef LATI_SYSTEM_H
#define LATI_SYSTEM_H

#include <stddef.h>
#include <stdint.h>

/* Text of an errno in `buffer`, or a constant; any thread may call it. */
const char *lati_error_text(char *buffer, size_t size, int error);

/* Processors that the calling thread may run on; at least 1. */
int32_t lati_own_processors(void);

/* True when the link at `path` itself lies in /proc: it stands for a process's open file. Where
 * that cannot be told it is false, and *error the errno; otherwise *error is 0. */
int lati_is_process_link(int *error, const char *path);

/* Asks the system to back [memory, memory + size) by larger pages than usual where whole ones fit;
 * a wish, which changes no contents. */
void lati_prefer_large_pages(void *memory, size_t size);

#endif
