/* The safetensors container: whatever opens can be read tensor by tensor, or is refused. */
#include "fuzz.h"
#include "transformer/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const int64_t shapes[][2] = {{1, 1}, {2, 1}, {2, 2}, {4, 1}};
  lati_safetensors *file = NULL;
  float values[4];
  if (lati_safetensors_open(&file, fuzz_context(), fuzz_file(data, size)) != LAT_OK) {
    fuzz_require(file == NULL && lat_last_error()[0] != '\0', "a refusal leaves NULL and says why");
    return 0;
  }
  (void)lati_safetensors_metadata(file, "lat.config");
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; ++i) {
    (void)lati_safetensors_read(values, file, "a", i % 2 == 0 ? 2 : 1, shapes[i]);
  }
  ++fuzz_accepted;
  lati_safetensors_close(file);
  return 0;
}
