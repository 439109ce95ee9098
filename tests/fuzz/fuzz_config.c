/* A model's metadata: JSON from which task, tokenizer and architecture are made. */
#include "fuzz.h"
#include "transformer/transformer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lat_model *model = NULL;
  char *text = malloc(size + 1);
  fuzz_require(text != NULL, "memory");
  memcpy(text, data, size);
  text[size] = '\0';
  const lat_status status = lati_model_from_config(&model, fuzz_context(), text, NULL);
  fuzz_require((status == LAT_OK) == (model != NULL), "out is NULL where it failed");
  fuzz_accepted += status == LAT_OK;
  lat_model_free(model);
  free(text);
  return 0;
}
