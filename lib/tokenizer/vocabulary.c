#include "base/text.h"
#include "tokenizer/tokenizer_impl.h"

#include <string.h>

static const lati_encoding *const encodings[] = {&lati_encoding_p10, &lati_encoding_p1000,
                                                 &lati_encoding_b1999, &lati_encoding_fp15,
                                                 &lati_encoding_digit};
enum { ENCODINGS = sizeof encodings / sizeof *encodings };

const lati_encoding *lati_encoding_find(const char *name) {
  for (size_t i = 0; i < ENCODINGS; ++i) {
    if (strcmp(encodings[i]->name, name) == 0) {
      return encodings[i];
    }
  }
  return NULL;
}

static lat_status no_encoding(const char *name) {
  char names[128] = "";
  for (size_t i = 0; i < ENCODINGS; ++i) {
    const size_t used = strlen(names);
    lati_format(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "", encodings[i]->name);
  }
  return lati_fail(LAT_ERROR_NOT_FOUND, "no encoding \"%s\": there are %s",
                   name != NULL ? name : "", names);
}

int lati_vocabulary_same(const lati_vocabulary *a, const lati_vocabulary *b) {
  return a->encoding == b->encoding && a->digits == b->digits && a->triangle == b->triangle;
}

int lati_tokenizer_same(const lat_tokenizer *a, const lat_tokenizer *b) {
  return lati_vocabulary_same(&a->side[LAT_INPUT], &b->side[LAT_INPUT]) &&
         lati_vocabulary_same(&a->side[LAT_OUTPUT], &b->side[LAT_OUTPUT]);
}

lat_status lati_vocabulary_init(lati_vocabulary *vocabulary, const char *encoding, int32_t digits) {
  const lati_encoding *found = encoding != NULL ? lati_encoding_find(encoding) : NULL;
  if (found == NULL) {
    return no_encoding(encoding);
  }
  if (digits == 0) {
    digits = found->max_digits < 3 ? found->max_digits : 3;
  }
  if (digits < found->min_digits || digits > found->max_digits) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%d digits is outside %d..%d of encoding %s", (int)digits,
                     (int)found->min_digits, (int)found->max_digits, found->name);
  }
  *vocabulary = (lati_vocabulary){
      .encoding = found, .digits = digits, .size = LAT_TOKEN_NUMBER + found->symbol_count(digits)};
  return LAT_OK;
}

void lati_vocabulary_text(char text[16], const lati_vocabulary *vocabulary, int32_t token) {
  if (token >= LAT_TOKEN_NUMBER) {
    vocabulary->encoding->symbol_text(text, vocabulary->digits, token - LAT_TOKEN_NUMBER);
  } else if (token >= LAT_TOKEN_DIMENSION) {
    text[0] = 'V';
    lati_integer_text(text + 1, token - LAT_TOKEN_DIMENSION + 1);
  } else if (token >= LAT_TOKEN_LETTER) {
    text[0] = (char)('A' + token - LAT_TOKEN_LETTER);
    text[1] = '\0';
  } else {
    strcpy(text, token == LAT_TOKEN_EOS ? "EOS" : "PAD");
  }
}

int32_t lati_vocabulary_find(const lati_vocabulary *vocabulary, const char *text) {
  char candidate[16];
  for (int32_t token = 0; token < vocabulary->size; ++token) {
    lati_vocabulary_text(candidate, vocabulary, token);
    if (strcmp(candidate, text) == 0) {
      return token;
    }
  }
  return -1;
}
