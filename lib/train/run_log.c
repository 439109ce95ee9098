#include "train/run_log.h"

#include "base/atomic_file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct lati_run_log {
  const lat_context *ctx;
  char *path;
  int descriptor;
  off_t size;           /* of the complete lines */
  double before, after; /* seconds of earlier calls; those of the last line */
};

static lat_status open_locked(lati_run_log *log) {
  do {
    log->descriptor = open(log->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  } while (log->descriptor < 0 && errno == EINTR);
  if (log->descriptor < 0) {
    return lati_fail_errno(log->path, "open");
  }
  if (flock(log->descriptor, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK
               ? lati_fail(LAT_ERROR_STATE, "%s: another run has it open", log->path)
               : lati_fail_errno(log->path, "lock");
  }
  return LAT_OK;
}

lat_status lati_run_log_open(lati_run_log **out, const lat_context *ctx, const char *path) {
  lat_status status = LAT_OK;
  lati_run_log *log = NULL;
  *out = NULL;
  LATI_TRY(LATI_NEW(log, ctx, 1));
  log->ctx = ctx;
  log->descriptor = -1;
  LATI_TRY(LATI_NEW(log->path, ctx, strlen(path) + 1));
  memcpy(log->path, path, strlen(path) + 1);
  LATI_TRY(open_locked(log));
  *out = log;
  log = NULL;
done:
  lati_run_log_close(log);
  return status;
}

void lati_run_log_close(lati_run_log *log) {
  if (log != NULL) {
    if (log->descriptor >= 0) {
      close(log->descriptor);
    }
    lati_free(log->path);
    lati_free(log);
  }
}

static lat_status read_all(char **text, size_t *length, const lati_run_log *log) {
  struct stat info;
  *text = NULL;
  *length = 0;
  if (fstat(log->descriptor, &info) != 0) {
    return lati_fail_errno(log->path, "look at the file");
  }
  const size_t size = (size_t)info.st_size;
  lat_status status = LATI_NEW(*text, log->ctx, size + 1);
  while (status == LAT_OK && *length < size) {
    const ssize_t got = pread(log->descriptor, *text + *length, size - *length, (off_t)*length);
    if (got < 0 && errno != EINTR) {
      status = lati_fail_errno(log->path, "read");
    } else if (got == 0) {
      break;
    }
    *length += got > 0 ? (size_t)got : 0;
  }
  return status;
}

typedef struct line_values {
  json_int_t examples;
  double seconds;
} line_values;

/* *valid: 0 when the line is no report. */
static lat_status parse_line(int *valid, line_values *values, const lati_run_log *log,
                             const char *line, size_t length) {
  json_t *object = NULL;
  if (lati_json_read(&object, log->ctx, line, length) == LAT_ERROR_MEMORY) {
    return LAT_ERROR_MEMORY;
  }
  const json_t *examples = json_object_get(object, "examples");
  const json_t *seconds = json_object_get(object, "seconds");
  *valid = json_is_integer(examples) && json_is_number(seconds);
  values->examples = json_integer_value(examples);
  values->seconds = json_number_value(seconds);
  json_decref(object);
  return LAT_OK;
}

/* Bytes of the complete lines up to `examples`. */
static lat_status measure(size_t *kept, int64_t *last, lati_run_log *log, const char *text,
                          size_t length, int64_t examples) {
  lat_status status = LAT_OK;
  line_values values = {0, 0};
  const char *end = NULL;
  int valid = 1;
  *kept = 0;
  *last = -1;
  while (valid && (end = memchr(text + *kept, '\n', length - *kept)) != NULL) {
    LATI_TRY(parse_line(&valid, &values, log, text + *kept, (size_t)(end - text) - *kept));
    valid = valid && values.examples <= examples;
    if (valid) {
      *kept = (size_t)(end - text) + 1;
      *last = (int64_t)values.examples;
      log->after = values.seconds;
    }
  }
done:
  return status;
}

lat_status lati_run_log_truncate(int64_t *last, lati_run_log *log, int64_t examples) {
  lat_status status = LAT_OK;
  char *text = NULL;
  size_t length = 0, kept = 0;
  *last = -1;
  LATI_TRY(read_all(&text, &length, log));
  LATI_TRY(measure(&kept, last, log, text, length, examples));
  log->size = (off_t)kept;
  if (ftruncate(log->descriptor, log->size) != 0) {
    status = lati_fail_errno(log->path, "shorten");
  }
done:
  lati_free(text);
  return status;
}

void lati_run_log_start(lati_run_log *log) {
  log->before = log->after;
}

static json_t *percent(const lat_progress *progress, double value) {
  return progress->validated ? json_real(value) : json_null();
}

static lat_status format_line(char **out, const lati_run_log *log, const lat_progress *progress,
                              const json_t *groups) {
  json_t *rows = progress->validated ? (json_t *)(uintptr_t)groups : NULL;
  json_t *object =
      json_pack("{s:I, s:I, s:f, s:f, s:f, s:o, s:o, s:f, s:O*}", "examples",
                (json_int_t)progress->examples, "updates", (json_int_t)progress->updates, "loss",
                progress->loss, "learning_rate", progress->learning_rate, "gradient_norm",
                progress->gradient_norm, "accuracy", percent(progress, progress->accuracy), "exact",
                percent(progress, progress->exact), "seconds", log->after, "groups", rows);
  lat_status status = lati_json_text(out, log->ctx, object, JSON_COMPACT | JSON_REAL_PRECISION(9),
                                     "a line of the log");
  json_decref(object);
  return status;
}

lat_status lati_run_log_append(lati_run_log *log, const lat_progress *progress,
                               const json_t *groups) {
  log->after = log->before + round(progress->seconds * 1e3) / 1e3;
  char *text = NULL;
  lat_status status = format_line(&text, log, progress, groups);
  if (status != LAT_OK) {
    return status;
  }
  const size_t length = strlen(text);
  text[length] = '\n'; /* one write a line; the terminator is not needed any more */
  status = lati_write_all(log->descriptor, log->path, (int64_t)log->size, text, length + 1);
  lati_free(text);
  if (status == LAT_OK) {
    log->size += (off_t)length + 1;
  } else if (ftruncate(log->descriptor, log->size) != 0) {
    return status; /* the torn line is cut off when the run is resumed */
  }
  return status;
}
