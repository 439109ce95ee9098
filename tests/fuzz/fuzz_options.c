/* Texts that become options: JSON objects of every table, and spectra. The first byte picks. What
 * the library reads as JSON is what jansson's reader makes of it, limits apart, and NUL bytes,
 * which jansson may skip. */
#include "fuzz.h"
#include "linalg/spectra.h"
#include "task/registry.h"
#include "transformer/transformer.h"

#include <stdlib.h>
#include <string.h>

static json_t *read_json(const char *text, size_t length) {
  json_t *ours = NULL;
  json_t *theirs = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
  const lat_status status = lati_json_read(&ours, fuzz_context(), text, length);
  fuzz_require((status == LAT_OK) == (ours != NULL), "out is NULL where it failed");
  const int limited = ours == NULL && strstr(lat_last_error(), "more than") != NULL;
  if (!limited && memchr(text, '\0', length) == NULL) {
    fuzz_require((ours == NULL) == (theirs == NULL), "one reader alone refuses");
    fuzz_require(ours == NULL || json_equal(ours, theirs), "the same values");
  }
  json_decref(theirs);
  return ours;
}

static void read_options(const char *text, size_t length, int which) {
  union {
    lat_task_options task;
    lat_tokenizer_options tokenizer;
    lat_model_options model;
  } options;
  json_t *object = read_json(text, length), *written = NULL;
  const lati_field *fields = which == 0   ? lati_task_fields
                             : which == 1 ? lati_tokenizer_fields
                                          : lati_model_fields;
  const size_t size = which == 0   ? sizeof options.task
                      : which == 1 ? sizeof options.tokenizer
                                   : sizeof options.model;
  if (lati_json_to_options(&options, size, fields, object, "options") == LAT_OK) {
    fuzz_require(lati_json_from_options(&written, &options, fields) == LAT_OK,
                 "options that were read can be written");
    ++fuzz_accepted;
    json_decref(written);
  }
  json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  lati_spectra spectra;
  lat_task *task = NULL;
  if (size == 0) {
    return 0;
  }
  char *text = malloc(size);
  fuzz_require(text != NULL, "memory");
  memcpy(text, data + 1, size - 1);
  text[size - 1] = '\0';
  if (data[0] % 4 == 3) {
    if (lati_spectra_parse(&spectra, text) == LAT_OK) {
      fuzz_require(spectra.count >= 1 && spectra.count <= LATI_SPECTRUM_COUNT &&
                       spectra.cumulative[spectra.count - 1] == 1,
                   "shares that add up to 1");
    }
    lat_task_options options;
    lat_task_options_init(&options);
    options.name = "eigenvalues";
    options.distribution = text;
    (void)!lat_task_create(&task, fuzz_context(), &options);
    lat_task_free(task);
  } else {
    read_options(text, size - 1, data[0] % 4);
  }
  free(text);
  return 0;
}
