/* The grammar of sequences: a letter or none, then for each matrix its dimensions and its entries.
 */
#include "tokenizer/tokenizer_impl.h"

enum { AT_LETTER, AT_ROWS, AT_COLS, AT_NUMBER, AT_END, BROKEN };

void lati_cursor_start(lati_cursor *cursor, const lati_vocabulary *vocabulary, int with_letter,
                       int32_t matrices) {
  *cursor = (lati_cursor){
      .vocabulary = vocabulary, .matrices = matrices, .state = with_letter ? AT_LETTER : AT_ROWS};
}

/* The encoding's ranges, as token ids. */
static void allow_number(lati_allowed *allowed, const lati_cursor *cursor) {
  const lati_vocabulary *vocabulary = cursor->vocabulary;
  allowed->count = vocabulary->encoding->next(allowed->range, vocabulary->digits, cursor->prefix,
                                              cursor->prefix_length);
  for (int32_t i = 0; i < allowed->count; ++i) {
    allowed->range[i].first += LAT_TOKEN_NUMBER;
    allowed->range[i].end += LAT_TOKEN_NUMBER;
  }
}

/* A triangle is that of a square matrix. */
static void allow_cols(lati_symbol_range *dimensions, const lati_cursor *cursor) {
  const int32_t same = LAT_TOKEN_DIMENSION + cursor->rows - 1;
  *dimensions = cursor->vocabulary->triangle
                    ? (lati_symbol_range){same, same + 1}
                    : (lati_symbol_range){LAT_TOKEN_DIMENSION, LAT_TOKEN_NUMBER};
}

void lati_cursor_allowed(lati_allowed *allowed, const lati_cursor *cursor) {
  allowed->count = 1;
  switch (cursor->state) {
  case AT_LETTER:
    allowed->range[0] = (lati_symbol_range){LAT_TOKEN_LETTER, LAT_TOKEN_DIMENSION};
    break;
  case AT_ROWS:
    allowed->range[0] = (lati_symbol_range){LAT_TOKEN_DIMENSION, LAT_TOKEN_NUMBER};
    break;
  case AT_COLS:
    allow_cols(&allowed->range[0], cursor);
    break;
  case AT_NUMBER:
    allow_number(allowed, cursor);
    break;
  case AT_END:
    allowed->range[0] = (lati_symbol_range){LAT_TOKEN_EOS, LAT_TOKEN_EOS + 1};
    break;
  default:
    allowed->count = 0;
  }
}

static int is_allowed(const lati_cursor *cursor, int32_t token) {
  lati_allowed allowed;
  lati_cursor_allowed(&allowed, cursor);
  for (int32_t i = 0; i < allowed.count; ++i) {
    if (token >= allowed.range[i].first && token < allowed.range[i].end) {
      return 1;
    }
  }
  return 0;
}

/* The next matrix's dimensions, or the end. */
static void finish_matrix(lati_cursor *cursor) {
  cursor->matrices -= 1;
  cursor->state = cursor->matrices > 0 ? AT_ROWS : AT_END;
  if (cursor->matrices > 0) {
    cursor->rows = cursor->cols = cursor->row = cursor->col = 0;
  }
}

static void push_number(lati_cursor *cursor, int32_t symbol) {
  const lati_vocabulary *vocabulary = cursor->vocabulary;
  cursor->prefix[cursor->prefix_length++] = symbol;
  if (!vocabulary->encoding->complete(vocabulary->digits, cursor->prefix, cursor->prefix_length)) {
    return;
  }
  cursor->prefix_length = 0;
  cursor->col += 1;
  if (cursor->col == cursor->cols) {
    cursor->row += 1;
    cursor->col = vocabulary->triangle ? cursor->row : 0;
  }
  if (cursor->row == cursor->rows) {
    finish_matrix(cursor);
  }
}

int lati_cursor_push(lati_cursor *cursor, int32_t token) {
  if (!is_allowed(cursor, token)) {
    cursor->state = BROKEN;
    return 0;
  }
  cursor->used += cursor->state != AT_END;
  switch (cursor->state) {
  case AT_LETTER:
    cursor->state = AT_ROWS;
    break;
  case AT_ROWS:
    cursor->rows = token - LAT_TOKEN_DIMENSION + 1;
    cursor->state = AT_COLS;
    break;
  case AT_COLS:
    cursor->cols = token - LAT_TOKEN_DIMENSION + 1;
    cursor->state = AT_NUMBER;
    break;
  case AT_NUMBER:
    push_number(cursor, token - LAT_TOKEN_NUMBER);
    break;
  default:
    break;
  }
  return 1;
}

void lati_cursor_place(int32_t *row, int32_t *col, const lati_cursor *cursor) {
  *row = *col = 0;
  if (cursor->state == AT_NUMBER) {
    *row = cursor->row + 1;
    *col = cursor->col + 1;
  }
}

int lati_cursor_done(const lati_cursor *cursor) {
  return cursor->state == AT_END;
}
