/* Failing: a status code, and a message for lat_last_error(). */
#ifndef LATI_ERROR_H
#define LATI_ERROR_H

#include <lat/status.h>

/* Records the message of a failure and returns `status`. Messages state value and limit: "heads 7
 * does not divide width 512". Allocates nothing, so out-of-memory can report. */
lat_status lati_fail(lat_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Puts a place in front of the current message ("model.safetensors: ..."); returns `status`. */
lat_status lati_fail_prefix(lat_status status, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Evaluates an expression of type lat_status; on failure leaves through the function's one exit,
 * label `done`, with `status` set. */
#define LATI_TRY(expression)                                                                       \
  do {                                                                                             \
    status = (expression);                                                                         \
    if (status != LAT_OK) {                                                                        \
      goto done;                                                                                   \
    }                                                                                              \
  } while (0)

/* A defect of ours: asserts in Debug, returns INTERNAL in Release. */
#ifdef NDEBUG
#define LATI_BUG(text) lati_fail(LAT_ERROR_INTERNAL, "%s:%d: %s", __func__, __LINE__, (text))
#else
#include <assert.h>
#define LATI_BUG(text) (assert((text) == NULL), LAT_ERROR_INTERNAL)
#endif

#endif
