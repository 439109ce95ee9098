/* The checkpoint of a run, whose resuming reads model, moments and state, or refuses. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/dev/shm/lat-fuzz-XXXXXX", path[64], log_path[64];
static lat_model *model;

static void remove_folder(void) {
  unlink(path);
  unlink(log_path);
  rmdir(folder);
}

/* The smallest model; make_corpus.py writes checkpoints of it. */
static void start(void) {
  lat_task *task = NULL;
  lat_tokenizer *tokenizer = fuzz_tokenizer("p10");
  lat_task_options task_options;
  lat_model_options options;
  lat_task_options_init(&task_options);
  task_options.rows = 1;
  fuzz_require(lat_task_create(&task, fuzz_context(), &task_options) == LAT_OK, "task");
  lat_model_options_init(&options);
  options.encoder_width = options.decoder_width = options.encoder_heads = options.decoder_heads = 1;
  options.ffn_factor = 1;
  fuzz_require(lat_model_create(&model, task, tokenizer, &options) == LAT_OK, "model");
  fuzz_require(mkdtemp(folder) != NULL, "folder");
  snprintf(path, sizeof path, "%s/checkpoint.safetensors", folder);
  snprintf(log_path, sizeof log_path, "%s/log.jsonl", folder);
  atexit(remove_folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lat_trainer_options options;
  lat_trainer *trainer = NULL;
  if (model == NULL) {
    start();
  }
  lat_trainer_options_init(&options);
  options.directory = folder;
  options.max_examples = 1000;
  unlink(path);
  fuzz_require(symlink(fuzz_file(data, size), path) == 0, "link");
  const lat_status status = lat_trainer_resume(&trainer, model, NULL, &options);
  fuzz_require((status == LAT_OK) == (trainer != NULL), "out is NULL where it failed");
  fuzz_accepted += status == LAT_OK;
  lat_trainer_free(trainer);
  return 0;
}
