/* An observation of an evaluation as a line of JSON. */
#include "predictions.h"

#include "report.h"

#include <jansson.h>

static json_t *tokens_json(const lat_observation *observation, const lat_tokenizer *tokenizer) {
  json_t *tokens = json_array();
  for (size_t i = 0; i < observation->token_count; ++i) {
    char text[16] = "";
    if (lat_tokenizer_symbol(text, sizeof text, tokenizer, LAT_OUTPUT, observation->tokens[i]) ==
        LAT_OK) {
      json_array_append_new(tokens, json_string(text));
    }
  }
  return tokens;
}

int prediction_write(FILE *file, const lat_observation *observation,
                     const lat_tokenizer *tokenizer) {
  json_t *object = json_pack(
      "{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:i}", "index",
      (json_int_t)observation->index, "task", lat_task_name(observation->task), "input",
      json_matrix(observation->input), "target", json_matrix(observation->target), "prediction",
      observation->prediction != NULL ? json_matrix(observation->prediction) : json_null(),
      "tokens", tokens_json(observation, tokenizer), "residual", json_number(observation->residual),
      "orthogonality", json_number(observation->orthogonality), "condition",
      json_number(observation->condition), "verdict", verdict_name(observation->verdict),
      "candidates", (int)observation->candidates);
  const int written = object != NULL &&
                      json_dumpf(object, file, JSON_COMPACT | JSON_REAL_PRECISION(17)) == 0 &&
                      fputc('\n', file) != EOF;
  json_decref(object);
  return written;
}
