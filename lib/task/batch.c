/* Ragged batches: sequences end to end plus offsets, their places and the doubles behind them. */
#include "task/batch_impl.h"
#include "task/registry.h"

#include "base/floating.h"
#include "linalg/spectra.h"

#include <string.h>

/* Arrays that share one capacity grow together: each is grown from the old capacity, and the new
 * one is only taken when all have it. */
typedef struct column {
  void **block;
  size_t size;
} column;

#define COLUMN(pointer)                                                                            \
  { (void **)&(pointer), sizeof *(pointer) }

static lat_status grow_columns(const column *columns, int32_t count, size_t *capacity,
                               const lat_context *ctx, size_t wanted) {
  size_t grown = *capacity;
  for (int32_t i = 0; i < count; ++i) {
    grown = *capacity;
    const lat_status status = lati_grow(columns[i].block, &grown, ctx, wanted, columns[i].size);
    if (status != LAT_OK) {
      return status;
    }
  }
  *capacity = grown;
  return LAT_OK;
}

/* Room for `examples` more sequences of `tokens` tokens and `values` coefficients in all. */
static lat_status reserve_side(lati_batch_side *side, const lat_batch *batch, size_t examples,
                               size_t tokens, size_t values) {
  const column ends[] = {COLUMN(side->offsets), COLUMN(side->value_offsets), COLUMN(side->forms)};
  const column places[] = {COLUMN(side->rows), COLUMN(side->cols)};
  const size_t size = (size_t)batch->size;
  const size_t used = side->offsets == NULL ? 0 : (size_t)side->offsets[size];
  const size_t filled = side->offsets == NULL ? 0 : (size_t)side->value_offsets[size];
  lat_status status = LAT_OK;
  LATI_TRY(grow_columns(ends, 3, &side->offset_capacity, batch->ctx, size + examples + 1));
  LATI_TRY(
      grow_columns(places, 2, &side->place_capacity, batch->ctx, used + tokens + size + examples));
  LATI_TRY(lati_grow((void **)&side->tokens, &side->token_capacity, batch->ctx, used + tokens,
                     sizeof *side->tokens));
  LATI_TRY(lati_grow((void **)&side->values, &side->value_capacity, batch->ctx, filled + values,
                     sizeof *side->values));
done:
  return status;
}

/* Room for `examples` more, with `factors` of their rows and columns in all. */
static lat_status reserve_examples(lat_batch *batch, size_t examples, size_t factors) {
  const column origins[] = {COLUMN(batch->components), COLUMN(batch->distributions),
                            COLUMN(batch->structures), COLUMN(batch->factor_offsets)};
  const size_t size = (size_t)batch->size;
  const size_t used = batch->factor_offsets == NULL ? 0 : (size_t)batch->factor_offsets[size];
  const lat_status status =
      grow_columns(origins, 4, &batch->example_capacity, batch->ctx, size + examples + 1);
  return status == LAT_OK ? lati_grow((void **)&batch->factors, &batch->factor_capacity, batch->ctx,
                                      used + factors, sizeof *batch->factors)
                          : status;
}

lat_status lat_batch_create(lat_batch **out, lat_tokenizer *tokenizer) {
  lat_status status = LAT_OK;
  lat_batch *batch = NULL;
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (tokenizer == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "tokenizer is NULL");
  }
  LATI_TRY(LATI_NEW(batch, tokenizer->ctx, 1));
  batch->ctx = lati_context_ref(tokenizer->ctx);
  batch->tokenizer = lati_tokenizer_ref(tokenizer);
  LATI_TRY(reserve_examples(batch, 0, 1));
  for (int32_t side = 0; side < 2; ++side) {
    LATI_TRY(reserve_side(&batch->side[side], batch, 0, 0, 0));
  }
  *out = batch;
  batch = NULL;
done:
  lat_batch_free(batch);
  return status;
}

static void free_side(lati_batch_side *side) {
  lati_free(side->tokens);
  lati_free(side->offsets);
  lati_free(side->rows);
  lati_free(side->cols);
  lati_free(side->values);
  lati_free(side->value_offsets);
  lati_free(side->forms);
}

void lat_batch_free(lat_batch *batch) {
  if (batch == NULL) {
    return;
  }
  lat_context *ctx = batch->ctx;
  free_side(&batch->side[LAT_INPUT]);
  free_side(&batch->side[LAT_OUTPUT]);
  lati_free(batch->components);
  lati_free(batch->distributions);
  lati_free(batch->structures);
  lati_free(batch->factor_offsets);
  lati_free(batch->factors);
  lat_tokenizer_free(batch->tokenizer);
  lati_free(batch);
  lat_context_free(ctx);
}

void lat_batch_clear(lat_batch *batch) {
  if (batch != NULL) {
    batch->size = 0; /* offsets[0] are always 0 */
  }
}

/* Row and column of every token, and 0, 0 for the closing EOS. */
static void fill_places(uint8_t *rows, uint8_t *cols, const lati_vocabulary *vocabulary,
                        int32_t letter, int32_t matrices, const int32_t *tokens, size_t count) {
  lati_cursor cursor;
  lati_cursor_start(&cursor, vocabulary, letter != 0, matrices);
  for (size_t i = 0; i < count; ++i) {
    int32_t row = 0;
    int32_t col = 0;
    lati_cursor_place(&row, &col, &cursor);
    rows[i] = (uint8_t)row;
    cols[i] = (uint8_t)col;
    lati_cursor_push(&cursor, tokens[i]);
  }
  rows[count] = 0;
  cols[count] = 0;
}

size_t lati_matrices_max_tokens(const lati_matrices *matrices, const lat_tokenizer *tokenizer,
                                int32_t side) {
  size_t most = 0;
  if (matrices->steps.rows > 0) {
    most = lat_tokenizer_max_tokens(tokenizer, side, matrices->steps.rows, matrices->steps.cols);
  }
  for (int32_t i = 0; i < matrices->count; ++i) {
    most += lat_tokenizer_max_tokens(tokenizer, side, matrices->written[i].rows,
                                     matrices->written[i].cols);
  }
  return most;
}

lat_status lati_matrices_encode(int32_t *tokens, size_t capacity, size_t *count,
                                const lat_tokenizer *tokenizer, int32_t side, int32_t letter,
                                const lati_matrices *matrices) {
  lat_status status = LAT_OK;
  const int32_t first = matrices->steps.rows > 0 ? -1 : 0;
  *count = 0;
  for (int32_t i = first; i < matrices->count && status == LAT_OK; ++i) {
    size_t more = 0;
    status = lat_tokenizer_encode(tokens + *count, capacity - *count, &more, tokenizer, side,
                                  i == first ? letter : 0,
                                  i < 0 ? &matrices->steps : &matrices->written[i]);
    *count += more;
  }
  return status;
}

/* Writes the example behind the last one; it becomes part of the batch when size is raised. NULL is
 * a target that is not known. */
static lat_status put_side(lat_batch *batch, int32_t which, int32_t letter,
                           const lati_matrices *matrices) {
  static const lati_matrices none = {.count = 0};
  const lati_matrices *all = matrices == NULL ? &none : matrices;
  lati_batch_side *side = &batch->side[which];
  const size_t size = (size_t)batch->size;
  size_t count = 0;
  lat_status status = LAT_OK;
  const size_t values = lati_form_values(&all->form);
  const size_t most = lati_matrices_max_tokens(all, batch->tokenizer, which);
  LATI_TRY(reserve_side(side, batch, 1, most, values));
  const size_t used = (size_t)side->offsets[size];
  const size_t filled = (size_t)side->value_offsets[size];
  LATI_TRY(lati_matrices_encode(side->tokens + used, most, &count, batch->tokenizer, which, letter,
                                all));
  double *to = side->values + filled;
  for (int32_t i = 0; i < all->count; ++i) {
    lati_matrix_pack(to, &all->written[i]);
    to += lati_matrix_count(&all->written[i]);
  }
  fill_places(side->rows + used + size, side->cols + used + size, &batch->tokenizer->side[which],
              letter, all->count + (all->steps.rows > 0), side->tokens + used, count);
  side->offsets[size + 1] = (int64_t)(used + count);
  side->value_offsets[size + 1] = (int64_t)(filled + values);
  side->forms[size] = all->form;
done:
  return status;
}

static size_t count_factors(const lat_batch *batch, int64_t first, int64_t count) {
  return (size_t)(batch->factor_offsets[first + count] - batch->factor_offsets[first]);
}

static size_t factors_of(const lati_transform *equilibrated) {
  return equilibrated == NULL ? 0 : (size_t)equilibrated->rows + (size_t)equilibrated->cols;
}

/* Appends to the factors of example i, which begin where those of the one before end. */
static void put_factors(lat_batch *batch, int64_t i, const double *factors, size_t count) {
  double *to = batch->factors + batch->factor_offsets[i + 1];
  for (size_t k = 0; k < count; ++k) {
    to[k] = factors[k];
  }
  batch->factor_offsets[i + 1] += (int64_t)count;
}

lat_status lati_batch_add(lat_batch *batch, const lati_origin *origin, const lati_matrices *input,
                          const lati_matrices *output) {
  lat_status status = LAT_OK;
  LATI_TRY(reserve_examples(batch, 1, factors_of(origin->equilibrated)));
  LATI_TRY(put_side(batch, LAT_INPUT, origin->letter, input));
  LATI_TRY(put_side(batch, LAT_OUTPUT, origin->letter, output));
  batch->components[batch->size] = origin->component;
  batch->distributions[batch->size] = origin->distribution;
  batch->structures[batch->size] = origin->structure;
  batch->factor_offsets[batch->size + 1] = batch->factor_offsets[batch->size];
  if (origin->equilibrated != NULL) {
    const lati_transform *moved = origin->equilibrated;
    put_factors(batch, batch->size, moved->row_factor, (size_t)moved->rows);
    put_factors(batch, batch->size, moved->col_factor, (size_t)moved->cols);
  }
  ++batch->size;
done:
  return status;
}

/* One matrix in the caller's order: encoding and packing read it as it is. */
static lati_matrices one_matrix(const lat_matrix *matrix) {
  return (lati_matrices){
      .form = lati_form_of(matrix->rows, matrix->cols), .count = 1, .written = {*matrix}};
}

lat_status lat_batch_append(lat_batch *batch, int32_t letter, const lat_matrix *input,
                            const lat_matrix *output) {
  lat_status status = LAT_OK;
  const lati_origin origin = {.letter = letter, .distribution = -1, .structure = -1};
  lati_matrices target;
  lati_floating saved;
  lati_floating_enter(&saved);
  if (batch == NULL) {
    LATI_TRY(lati_fail(LAT_ERROR_ARGUMENT, "the batch is NULL"));
  }
  LATI_TRY(lati_matrix_check(input, LAT_MAX_DIMENSION, "input"));
  if (output != NULL) {
    LATI_TRY(lati_matrix_check(output, LAT_MAX_DIMENSION, "output"));
    target = one_matrix(output);
  }
  const lati_matrices source = one_matrix(input);
  LATI_TRY(lati_batch_add(batch, &origin, &source, output == NULL ? NULL : &target));
done:
  lati_floating_leave(&saved);
  return status;
}

/* Packs operands, and results where they are known with the steps to them, and appends them. */
static lat_status append_packed(lat_batch *batch, const lati_origin *origin, const lat_task *task,
                                const lati_form *input_form, const lat_matrix *operands,
                                const lati_form *output_form, const lat_matrix *results) {
  lat_status status = LAT_OK;
  double *memory = NULL;
  const size_t input_values = lati_form_values(input_form);
  const size_t values = input_values + lati_form_values(output_form);
  const lati_shape steps = lati_task_steps_shape(task, input_form);
  LATI_TRY(LATI_NEW(memory, batch->ctx, values + (size_t)steps.rows * (size_t)steps.cols));
  const lati_matrices input = lati_matrices_at(memory, input_form);
  lati_matrices output = lati_matrices_at(memory + input_values, output_form);
  lati_matrices_pack(&input, operands);
  if (results != NULL) {
    lati_matrices_pack(&output, results);
    LATI_TRY(lati_task_write_steps(&output.steps, memory + values, task, &input));
  }
  LATI_TRY(lati_batch_add(batch, origin, &input, results == NULL ? NULL : &output));
done:
  lati_free(memory);
  return status;
}

lat_status lat_batch_append_operands(lat_batch *batch, int32_t letter, const lat_task *task,
                                     const lat_matrix *operands, int32_t operand_count,
                                     const lat_matrix *results, int32_t result_count) {
  lat_status status = LAT_OK;
  const lati_origin origin = {.letter = letter, .distribution = -1, .structure = -1};
  lati_form output;
  lati_floating saved;
  lati_floating_enter(&saved);
  if (batch == NULL) {
    LATI_TRY(lati_fail(LAT_ERROR_ARGUMENT, "the batch is NULL"));
  }
  LATI_TRY(task != NULL ? LAT_OK : lati_fail(LAT_ERROR_ARGUMENT, "the task is NULL"));
  LATI_TRY(lati_task_check_counts(task, operand_count,
                                  results == NULL ? task->results.count : result_count));
  LATI_TRY(lati_operands_check(operands, operand_count, LAT_MAX_DIMENSION, "input"));
  const lati_form input = lati_task_form_of(task, operands);
  LATI_TRY(lati_task_result_form(&output, task, &input));
  if (results != NULL) {
    LATI_TRY(lati_operands_check(results, result_count, LAT_MAX_DIMENSION, "output"));
    LATI_TRY(lati_operands_check_shapes(results, &output, "output"));
  }
  LATI_TRY(append_packed(batch, &origin, task, &input, operands, &output, results));
done:
  lati_floating_leave(&saved);
  return status;
}

/* Examples first .. first + more - 1 of another batch. */
static lat_status append_side(lat_batch *batch, const lat_batch *other, int32_t which, size_t first,
                              size_t more) {
  lati_batch_side *to = &batch->side[which];
  const lati_batch_side *from = &other->side[which];
  const size_t size = (size_t)batch->size;
  const size_t token = (size_t)from->offsets[first], value = (size_t)from->value_offsets[first];
  const size_t tokens = (size_t)from->offsets[first + more] - token;
  const size_t values = (size_t)from->value_offsets[first + more] - value;
  const lat_status status = reserve_side(to, batch, more, tokens, values);
  if (status != LAT_OK) {
    return status;
  }
  const size_t used = (size_t)to->offsets[size];
  const size_t filled = (size_t)to->value_offsets[size];
  memcpy(to->tokens + used, from->tokens + token, tokens * sizeof *to->tokens);
  memcpy(to->rows + used + size, from->rows + token + first, tokens + more);
  memcpy(to->cols + used + size, from->cols + token + first, tokens + more);
  memcpy(to->values + filled, from->values + value, values * sizeof *to->values);
  memcpy(to->forms + size, from->forms + first, more * sizeof *to->forms);
  for (size_t i = 1; i <= more; ++i) {
    to->offsets[size + i] = (int64_t)(used - token) + from->offsets[first + i];
    to->value_offsets[size + i] = (int64_t)(filled - value) + from->value_offsets[first + i];
  }
  return LAT_OK;
}

lat_status lati_batch_append_range(lat_batch *batch, const lat_batch *other, int64_t first,
                                   int64_t count) {
  lat_status status = LAT_OK;
  const size_t size = (size_t)batch->size, at = (size_t)first, more = (size_t)count;
  LATI_TRY(reserve_examples(batch, more, count_factors(other, first, count)));
  LATI_TRY(append_side(batch, other, LAT_INPUT, at, more));
  LATI_TRY(append_side(batch, other, LAT_OUTPUT, at, more));
  memcpy(batch->components + size, other->components + at, more * sizeof *batch->components);
  memcpy(batch->distributions + size, other->distributions + at,
         more * sizeof *batch->distributions);
  memcpy(batch->structures + size, other->structures + at, more * sizeof *batch->structures);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t to = batch->size + i;
    batch->factor_offsets[to + 1] = batch->factor_offsets[to];
    put_factors(batch, to, lati_batch_factors(other, first + i),
                count_factors(other, first + i, 1));
  }
  batch->size += count;
done:
  return status;
}

lat_status lati_batch_concatenate(lat_batch *batch, const lat_batch *other) {
  return lati_batch_append_range(batch, other, 0, other->size);
}
