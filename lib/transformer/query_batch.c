/* How long an answer is and where its tokens lie follows from its task and the header of its
 * problem (letter, rows, columns), since every number of the output takes as many tokens. */
#include "transformer/query_batch.h"

#include <string.h>

/* What the header of a problem says of its answer. */
typedef struct answer_header {
  int32_t letter; /* 1: the answer begins with a task letter, as its problem does */
  int32_t rows, cols;
} answer_header;

/* The component of a mixture that a letter stands for; a task that is no mixture is itself. */
static const lat_task *task_of(const lat_model *model, int32_t letter) {
  const lat_task *component = NULL;
  for (int32_t i = 0; (component = lat_task_component(model->task, i)) != NULL; ++i) {
    if (lat_task_letter(component) == letter) {
      return component;
    }
  }
  return model->task;
}

static lat_status read_header(answer_header *header, const lat_model *model, const int32_t *tokens,
                              int64_t count) {
  const int32_t first = count > 0 ? tokens[0] : LAT_TOKEN_EOS;
  const lat_task *task = model->task;
  header->letter = first >= LAT_TOKEN_LETTER && first < LAT_TOKEN_DIMENSION;
  const int32_t *shape = tokens + header->letter;
  if (count < header->letter + 2) {
    return lati_fail(LAT_ERROR_ARGUMENT, "a problem of %lld tokens has no dimensions",
                     (long long)count);
  }
  for (int32_t i = 0; i < 2; ++i) {
    if (shape[i] < LAT_TOKEN_DIMENSION || shape[i] >= LAT_TOKEN_NUMBER) {
      return lati_fail(LAT_ERROR_ARGUMENT, "token %d of a problem is no dimension",
                       (int)(header->letter + i));
    }
  }
  if (header->letter) {
    task = task_of(model, first - LAT_TOKEN_LETTER + 'A');
  }
  const lati_shape input = {shape[0] - LAT_TOKEN_DIMENSION + 1, shape[1] - LAT_TOKEN_DIMENSION + 1};
  lati_shape answer = {0, 0};
  const lat_status status = lati_task_written_answer(&answer, task, input);
  header->rows = answer.rows;
  header->cols = answer.cols;
  return status;
}

static int32_t tokens_of_number(const lat_model *model) {
  const size_t header = 3;
  return (int32_t)(lat_tokenizer_max_tokens(model->tokenizer, LAT_OUTPUT, 1, 1) - header);
}

static lat_status reserve(lati_query_batch *queries, const lat_model *model, int64_t size,
                          int64_t tokens) {
  lat_status status = LAT_OK;
  lati_batch_side *side = &queries->batch.side[LAT_OUTPUT];
  size_t rows = queries->place_capacity, cols = queries->place_capacity;
  const size_t places = (size_t)(tokens + size);
  LATI_TRY(lati_grow((void **)&side->offsets, &queries->offset_capacity, model->ctx,
                     (size_t)size + 1, sizeof *side->offsets));
  LATI_TRY(lati_grow((void **)&side->tokens, &queries->token_capacity, model->ctx, (size_t)tokens,
                     sizeof *side->tokens));
  LATI_TRY(lati_grow((void **)&side->rows, &rows, model->ctx, places, sizeof *side->rows));
  LATI_TRY(lati_grow((void **)&side->cols, &cols, model->ctx, places, sizeof *side->cols));
  queries->place_capacity = rows;
done:
  return status;
}

/* The places of one answer, and 0 for its closing EOS. */
static void fill_places(uint8_t *rows, uint8_t *cols, const answer_header *header,
                        int32_t number_tokens) {
  int64_t place = header->letter + 2;
  memset(rows, 0, (size_t)place);
  memset(cols, 0, (size_t)place);
  for (int32_t entry = 0; entry < header->rows * header->cols; ++entry) {
    for (int32_t t = 0; t < number_tokens; ++t, ++place) {
      rows[place] = (uint8_t)(entry / header->cols + 1);
      cols[place] = (uint8_t)(entry % header->cols + 1);
    }
  }
  rows[place] = cols[place] = 0;
}

lat_status lati_query_batch_fill(lati_query_batch *queries, const lat_model *model,
                                 const lat_batch *batch) {
  lat_status status = LAT_OK;
  const lati_batch_side *input = &batch->side[LAT_INPUT];
  lati_batch_side *output = &queries->batch.side[LAT_OUTPUT];
  const int32_t number_tokens = tokens_of_number(model);
  int64_t used = 0;
  queries->batch.tokenizer = model->tokenizer;
  queries->batch.side[LAT_INPUT] = *input;
  LATI_TRY(reserve(queries, model, batch->size, 0));
  output->offsets[0] = 0;
  for (int64_t i = 0; i < batch->size; ++i) {
    answer_header header = {0};
    const int64_t first = input->offsets[i];
    LATI_TRY(read_header(&header, model, input->tokens + first, input->offsets[i + 1] - first));
    const int64_t length = header.letter + 2 + (int64_t)header.rows * header.cols * number_tokens;
    LATI_TRY(reserve(queries, model, batch->size, used + length));
    fill_places(output->rows + used + i, output->cols + used + i, &header, number_tokens);
    for (int64_t t = used; t < used + length; ++t) {
      output->tokens[t] = LAT_TOKEN_PAD;
    }
    used += length;
    output->offsets[i + 1] = used;
  }
  queries->batch.size = batch->size;
done:
  return status;
}

void lati_query_batch_clear(lati_query_batch *queries) {
  lati_batch_side *side = &queries->batch.side[LAT_OUTPUT];
  lati_free(side->offsets);
  lati_free(side->tokens);
  lati_free(side->rows);
  lati_free(side->cols);
  memset(queries, 0, sizeof *queries);
}
