/* One line to the host's log callback; nothing without one. */
#ifndef LATI_LOG_H
#define LATI_LOG_H

#include <lat/context.h>

void lati_log(const lat_context *ctx, int32_t level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
