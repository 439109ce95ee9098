/* The tokenizer behind the handle, and the cursor that follows a sequence's prefix. */
#ifndef LATI_TOKENIZER_IMPL_H
#define LATI_TOKENIZER_IMPL_H

#include "base/context_impl.h"
#include "base/options.h"
#include "tokenizer/encoding.h"

#include <lat/tokenizer.h>

typedef struct lati_vocabulary {
  const lati_encoding *encoding;
  int32_t digits;
  int32_t size;     /* LAT_TOKEN_NUMBER + symbols of the encoding */
  int32_t triangle; /* 1: matrices are symmetric and written as their upper triangle */
} lati_vocabulary;

/* Resolves an encoding's name and digits (0: 3). NOT_FOUND or ARGUMENT. */
lat_status lati_vocabulary_init(lati_vocabulary *vocabulary, const char *encoding, int32_t digits);
/* Text of a token, which must be one of the vocabulary's. */
void lati_vocabulary_text(char text[16], const lati_vocabulary *vocabulary, int32_t token);
/* The token of a text; -1 when there is none. */
int32_t lati_vocabulary_find(const lati_vocabulary *vocabulary, const char *text);

struct lat_tokenizer {
  lati_refs refs;
  lat_context *ctx;
  lat_tokenizer_options options; /* resolved; strings are the encodings' static names */
  lati_vocabulary side[2];       /* LAT_INPUT, LAT_OUTPUT */
};

extern const lati_field lati_tokenizer_fields[];
lat_tokenizer *lati_tokenizer_ref(lat_tokenizer *tokenizer);
/* The vocabulary of a side; ARGUMENT for a NULL tokenizer or no such side. */
lat_status lati_tokenizer_side(const lati_vocabulary **out, const lat_tokenizer *tokenizer,
                               int32_t side);

/* True when both sides write every matrix as the same tokens; and both tokenizers. */
int lati_vocabulary_same(const lati_vocabulary *a, const lati_vocabulary *b);
int lati_tokenizer_same(const lat_tokenizer *a, const lat_tokenizer *b);

/* lat_tokenizer_decode(); `loose`: numbers are read as the published program reads predictions
 * (lati_encoding.decode_loose). */
lat_status lati_tokenizer_decode(lat_matrix *matrix, size_t capacity, int32_t *letter, size_t *used,
                                 const lat_tokenizer *tokenizer, int32_t side, int loose,
                                 const int32_t *tokens, size_t count);

/* Follows a sequence of one or several matrices token by token (framing EOS excluded) and knows
 * what may come next and where in its matrix that is: the grammar of decoding, and the row and
 * column embeddings' indices. */
typedef struct lati_cursor {
  const lati_vocabulary *vocabulary;
  int32_t matrices;   /* still to come, that in progress included */
  int32_t used;       /* tokens taken */
  int32_t state;      /* private: letter, rows, cols, number, end, broken */
  int32_t rows, cols; /* of the matrix in progress; 0 until read */
  int32_t row, col;   /* of the entry in progress, from 0 */
  int32_t prefix[LATI_MAX_NUMBER_TOKENS];
  int32_t prefix_length;
} lati_cursor;

/* Half-open ranges of token ids allowed next; at most 3. After the last entry only EOS; none when
 * broken. */
typedef struct lati_allowed {
  int32_t count;
  lati_symbol_range range[3];
} lati_allowed;

/* with_letter: the sequence begins with a task letter. matrices: how many it has. */
void lati_cursor_start(lati_cursor *cursor, const lati_vocabulary *vocabulary, int with_letter,
                       int32_t matrices);
/* Takes the next token; returns 0, and stays broken, when the grammar does not allow it. The EOS
 * behind a complete matrix is taken and changes nothing. */
int lati_cursor_push(lati_cursor *cursor, int32_t token);
void lati_cursor_allowed(lati_allowed *allowed, const lati_cursor *cursor);
/* 1-based row and column of the entry that the NEXT token belongs to; 0, 0 outside entries (letter,
 * dimensions, end, broken). */
void lati_cursor_place(int32_t *row, int32_t *col, const lati_cursor *cursor);
/* True when all matrices are complete. */
int lati_cursor_done(const lati_cursor *cursor);

/* The letter that a token stands for, 'A'..'Z'; 0: another token. */
static inline int32_t lati_token_letter(int32_t token) {
  return token >= LAT_TOKEN_LETTER && token < LAT_TOKEN_DIMENSION ? token - LAT_TOKEN_LETTER + 'A'
                                                                  : 0;
}

#endif
