/* An observation of an evaluation as a line of JSON. */
#include "predictions.h"

#include "json_text.h"
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

/* The matrices that one side is written as; null for an answer that is none. */
static json_t *matrices_json(const lat_matrix *matrices, int32_t count) {
  if (matrices == NULL) {
    return json_null();
  }
  json_t *list = json_array();
  for (int32_t i = 0; i < count; ++i) {
    json_array_append_new(list, json_matrix(&matrices[i]));
  }
  return list;
}

int prediction_write(FILE *file, const lat_observation *observation,
                     const lat_tokenizer *tokenizer) {
  json_t *object = json_pack(
      "{s:I, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:i, s:o, s:o, s:o}", "index",
      (json_int_t)observation->index, "task", lat_task_name(observation->task), "input",
      json_matrix(observation->input), "target", json_matrix(observation->target), "prediction",
      observation->prediction != NULL ? json_matrix(observation->prediction) : json_null(),
      "tokens", tokens_json(observation, tokenizer), "residual", json_number(observation->residual),
      "orthogonality", json_number(observation->orthogonality), "condition",
      json_number(observation->condition), "verdict", verdict_name(observation->verdict),
      "candidates", (int)observation->candidates, "inputs",
      matrices_json(observation->input, observation->input_count), "targets",
      matrices_json(observation->target, observation->result_count), "predictions",
      matrices_json(observation->prediction, observation->result_count));
  const int written = object != NULL && json_write(file, object) && fputc('\n', file) != EOF;
  json_decref(object);
  return written;
}
