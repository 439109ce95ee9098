/**
 * @file status.h
 * @brief Status codes and the text of the last error.
 *
 * Every function that can fail returns a ::lat_status: 0 (LAT_OK) on success, a negative code
 * otherwise. The code says what kind of thing went wrong; lat_last_error() says what, with the
 * offending value and the limit. Nothing is printed, and the process is never ended.
 *
 * NULL means the same everywhere. Where a parameter's description says that it may be NULL, that is
 * what it says; options may be NULL for the defaults. Any other pointer that is NULL is refused by
 * functions that return a status, with ARGUMENT; functions that return a value return 0, those that
 * return a pointer NULL; functions that return nothing do nothing. An output handle is NULL after
 * any failure.
 *
 * @code
 * lat_status status = lat_model_load(&model, ctx, "model.safetensors", NULL);
 * if (status != LAT_OK) {
 *   fprintf(stderr, "%s: %s\n", lat_status_name(status), lat_last_error());
 * }
 * @endcode
 */
#ifndef LAT_STATUS_H
#define LAT_STATUS_H

#include <lat/version.h>

/** Outcome of a call: LAT_OK or one of the negative LAT_ERROR codes. */
typedef int32_t lat_status;

/**
 * The status codes: X(name, value, text). Values are pinned for ever.
 */
#define LAT_STATUS_LIST(X)                                                                         \
  X(LAT_OK, 0, "success")                                                                          \
  X(LAT_ERROR_ARGUMENT, -1, "an argument is outside its documented range")                         \
  X(LAT_ERROR_SHAPE, -2, "a matrix or sequence has the wrong shape")                               \
  X(LAT_ERROR_STATE, -3, "the object is in a state that forbids the call")                         \
  X(LAT_ERROR_MEMORY, -4, "memory could not be allocated")                                         \
  X(LAT_ERROR_IO, -5, "a file could not be read or written")                                       \
  X(LAT_ERROR_FORMAT, -6, "a file or token sequence is malformed")                                 \
  X(LAT_ERROR_UNSUPPORTED, -7, "this build or machine cannot do that")                             \
  X(LAT_ERROR_NUMERIC, -8, "a value is not finite or has no representation")                       \
  X(LAT_ERROR_CANCELLED, -9, "a callback asked to stop")                                           \
  X(LAT_ERROR_CALLBACK, -10, "a callback failed")                                                  \
  X(LAT_ERROR_LIMIT, -11, "a size exceeds a limit of the library")                                 \
  X(LAT_ERROR_NOT_FOUND, -12, "no such name")                                                      \
  X(LAT_ERROR_INTERNAL, -13, "a defect in the library")

/** @cond */
#define LAT_STATUS_ENUMERATOR(name, value, text) name = (value),
enum { LAT_STATUS_LIST(LAT_STATUS_ENUMERATOR) };
#undef LAT_STATUS_ENUMERATOR
/** @endcond */

#ifdef __cplusplus
extern "C" {
#endif

/** Name of a status. @return the code's name without its prefix, such as "SHAPE"; "UNKNOWN" for any
 * other number.
 * @since 0.1 */
LAT_API const char *lat_status_name(lat_status status);

/** Text of a status. @return one line that describes the code; never NULL. @since 0.1 */
LAT_API const char *lat_status_text(lat_status status);

/**
 * The thread's last message.
 * @return the message of the calling thread's most recent failed call, one line of UTF-8, never
 * NULL; the empty string before the first failure. Control characters that names and files bring
 * along are replaced. Valid until the thread's next failed call. @since 0.1
 */
LAT_API const char *lat_last_error(void);

#ifdef __cplusplus
}
#endif

#endif
