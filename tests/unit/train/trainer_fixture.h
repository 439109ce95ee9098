/* A small run with its folder, options and trainer, for tests of trainers: one of each in a file.
 */
#ifndef LAT_TESTS_TRAINER_FIXTURE_H
#define LAT_TESTS_TRAINER_FIXTURE_H

#include "small_run.h"

static scratch_folder folder;
static char directory[256]; /* of the run, not made yet */
static small_run run;
static lat_optimizer_options optimizer;
static lat_trainer_options options;
static lat_trainer *trainer;

static inline void open_all(void) {
  scratch_open(&folder);
  scratch_file(directory, &folder, "runs/first");
  small_run_open(&run, 1);
  small_run_optimizer_options(&optimizer, "adam");
  small_run_trainer_options(&options, directory);
  trainer = NULL;
}

static inline void close_all(void) {
  lat_trainer_free(trainer);
  small_run_close(&run);
  scratch_close(&folder);
}

static inline const char *in_run(char path[256], const char *name) {
  return join_path(path, directory, name);
}

static inline void create_and_run(void) {
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
}

#endif
