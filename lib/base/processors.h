/* How many processors a process may keep busy. */
#ifndef LATI_PROCESSORS_H
#define LATI_PROCESSORS_H

#include <stdint.h>

/* Processors that the process may run on, no more than the quota of its control groups pays for; at
 * least 1. */
int32_t lati_available_processors(void);

/* Processors that the text of a cpu.max pays for, "<quota> <period>" in microseconds, rounded up;
 * 0: no limit. */
int32_t lati_quota_processors(const char *text);

#endif
