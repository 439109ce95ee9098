/* A model's file, or a checkpoint (its metadata hold lat.checkpoint): loaded, or refused. */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lat_model *model = NULL;
  const lat_status status = lat_model_load(&model, fuzz_context(), fuzz_file(data, size), NULL);
  fuzz_require((status == LAT_OK) == (model != NULL), "out is NULL where it failed");
  fuzz_accepted += status == LAT_OK;
  lat_model_free(model);
  return 0;
}
