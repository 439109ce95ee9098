/* log.jsonl: one JSON object a line for each report. The file is locked while a run has it open. */
#ifndef LATI_RUN_LOG_H
#define LATI_RUN_LOG_H

#include "base/alloc.h"
#include "base/json.h"

#include <lat/trainer.h>

typedef struct lati_run_log lati_run_log;

/* Opens the log, creating it when absent. STATE when another run has it open. */
lat_status lati_run_log_open(lati_run_log **out, const lat_context *ctx, const char *path);
void lati_run_log_close(lati_run_log *log);

/* Cuts off what lies beyond `examples`, and a torn last line. *last: examples of the last line
 * kept, -1 when there is none. */
lat_status lati_run_log_truncate(int64_t *last, lati_run_log *log, int64_t examples);

/* Begins another call of lat_trainer_run(): seconds go on from the last line's. */
void lati_run_log_start(lati_run_log *log);

/* Appends a line; a failed write leaves none. groups: of a fresh validation, NULL for none. */
lat_status lati_run_log_append(lati_run_log *log, const lat_progress *progress,
                               const json_t *groups);

#endif
