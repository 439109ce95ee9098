/* The progress line of a training run. */
#ifndef TRAIN_PROGRESS_H
#define TRAIN_PROGRESS_H

#include "progress_line.h"

#include <lat/lat.h>

typedef struct train_progress {
  progress_line line;
  const lat_trainer_options *options;
  int64_t first; /* examples drawn before this call */
} train_progress;

/* Shows where the run stands, in at most 60 columns. */
void train_progress_show(train_progress *watch, const lat_progress *progress);

#endif
