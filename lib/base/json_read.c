#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a text may hold, so that a hostile one cannot make its values many times its size, nor the
 * stack deep. A model's header has 6 values for each tensor, and nothing of ours nests deeper than
 * six levels. */
enum { MOST_VALUES = 1000000, MOST_LEVELS = 16 };

typedef struct reader {
  const char *text, *at, *end;
  char *scratch; /* the string or number that was just read; has room for the whole text */
  int values, levels;
} reader;

static lat_status fail(const reader *r, const char *why) {
  return lati_fail(LAT_ERROR_FORMAT, "byte %zu: %s", (size_t)(r->at - r->text), why);
}

static lat_status fail_memory(void) {
  return lati_fail(LAT_ERROR_MEMORY, "no memory for the values of a JSON text");
}

/* The next byte, -1 at the end. */
static int peek(const reader *r) {
  return r->at < r->end ? (unsigned char)*r->at : -1;
}

static int take(reader *r, char wanted) {
  const int taken = r->at < r->end && *r->at == wanted;
  r->at += taken;
  return taken;
}

static void skip_space(reader *r) {
  while (take(r, ' ') || take(r, '\n') || take(r, '\r') || take(r, '\t')) {
  }
}

static int take_mark(reader *r, char wanted) {
  skip_space(r);
  return take(r, wanted);
}

static char *put_utf8(char *to, unsigned code) {
  if (code < 0x80) {
    *to++ = (char)code;
    return to;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  *to++ = (char)((0xff00U >> (more + 1) & 0xffU) | code >> (6 * more));
  for (int i = more - 1; i >= 0; --i) {
    *to++ = (char)(0x80 | (code >> (6 * i) & 0x3f));
  }
  return to;
}

/* The four digits behind \u; -1 when they are not that. */
static int take_unit(reader *r) {
  int unit = 0;
  for (int i = 0; i < 4; ++i) {
    const int c = peek(r), low = c | 0x20;
    const int digit = c >= '0' && c <= '9'       ? c - '0'
                      : low >= 'a' && low <= 'f' ? low - 'a' + 10
                                                 : -1;
    if (digit < 0) {
      return -1;
    }
    unit = unit * 16 + digit;
    ++r->at;
  }
  return unit;
}

static lat_status read_unicode(char **to, reader *r) {
  const int unit = take_unit(r);
  unsigned code = (unsigned)unit;
  if (unit >= 0xd800 && unit < 0xdc00) {
    const int low = take(r, '\\') && take(r, 'u') ? take_unit(r) : -1;
    if (low < 0xdc00 || low > 0xdfff) {
      return fail(r, "half a surrogate pair");
    }
    code = 0x10000U + ((unsigned)unit - 0xd800U) * 0x400U + ((unsigned)low - 0xdc00U);
  } else if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff)) {
    return fail(r, "\\u is not followed by four digits of a character");
  }
  *to = put_utf8(*to, code);
  return LAT_OK;
}

static lat_status read_escape(char **to, reader *r) {
  static const char letters[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
  ++r->at;
  const int c = peek(r);
  const char *letter = c > 0 ? strchr(letters, c) : NULL;
  if (letter != NULL) {
    *(*to)++ = meanings[letter - letters];
    ++r->at;
    return LAT_OK;
  }
  return take(r, 'u') ? read_unicode(to, r) : fail(r, "no escape begins like this");
}

static lat_status read_character(char **to, reader *r) {
  const int c = peek(r);
  if (c < ' ') {
    return fail(r, c < 0 ? "the text ends in a string" : "a control character in a string");
  }
  const size_t length = lati_utf8_length(r->at, (size_t)(r->end - r->at));
  if (length == 0) {
    return fail(r, "not UTF-8");
  }
  memcpy(*to, r->at, length);
  *to += length;
  r->at += length;
  return LAT_OK;
}

/* Into scratch, closed by a NUL; it holds no other. */
static lat_status read_string(reader *r) {
  char *to = r->scratch;
  if (!take_mark(r, '"')) {
    return fail(r, "expected a string");
  }
  while (!take(r, '"')) {
    const lat_status status = peek(r) == '\\' ? read_escape(&to, r) : read_character(&to, r);
    if (status != LAT_OK) {
      return status;
    }
  }
  *to = '\0';
  return LAT_OK;
}

static int take_digits(reader *r) {
  const char *start = r->at;
  while (r->at < r->end && *r->at >= '0' && *r->at <= '9') {
    ++r->at;
  }
  return r->at > start;
}

/* Moves over a number; false when it is none. *whole: whether it is an integer. */
static int scan_number(int *whole, reader *r) {
  (void)take(r, '-');
  int valid = take(r, '0') || take_digits(r);
  const char *end = r->at;
  if (take(r, '.')) {
    valid = take_digits(r) && valid;
  }
  if (take(r, 'e') || take(r, 'E')) {
    (void)(take(r, '+') || take(r, '-'));
    valid = take_digits(r) && valid;
  }
  *whole = r->at == end;
  return valid;
}

static lat_status read_number(json_t **out, reader *r) {
  const char *start = r->at;
  int whole = 0;
  if (!scan_number(&whole, r)) {
    return fail(r, "expected a value");
  }
  const size_t length = (size_t)(r->at - start);
  memcpy(r->scratch, start, length);
  r->scratch[length] = '\0';
  errno = 0;
  const long long integer = whole ? strtoll(r->scratch, NULL, 10) : 0;
  const double real = whole ? 0 : lati_parse_double(r->scratch, NULL);
  if ((whole && errno == ERANGE) || !isfinite(real)) {
    return fail(r, "the number is too large");
  }
  *out = whole ? json_integer(integer) : json_real(real);
  return *out != NULL ? LAT_OK : fail_memory();
}

static int take_word(reader *r, const char *word) {
  const size_t length = strlen(word);
  const int taken = (size_t)(r->end - r->at) >= length && memcmp(r->at, word, length) == 0;
  r->at += taken ? length : 0;
  return taken;
}

static lat_status read_text(json_t **out, reader *r) {
  const lat_status status = read_string(r);
  if (status != LAT_OK) {
    return status;
  }
  *out = json_string_nocheck(r->scratch);
  return *out != NULL ? LAT_OK : fail_memory();
}

static lat_status read_value(json_t **out, reader *r);

static lat_status read_item(json_t *array, reader *r) {
  json_t *value = NULL;
  const lat_status status = read_value(&value, r);
  if (status != LAT_OK) {
    return status;
  }
  return json_array_append_new(array, value) == 0 ? LAT_OK : fail_memory();
}

static lat_status read_member(json_t *object, reader *r) {
  lat_status status = LAT_OK;
  json_t *key = NULL, *value = NULL;
  LATI_TRY(read_text(&key, r));
  if (json_object_get(object, json_string_value(key)) != NULL) {
    LATI_TRY(fail(r, "a duplicate key"));
  }
  LATI_TRY(take_mark(r, ':') ? LAT_OK : fail(r, "expected ':'"));
  LATI_TRY(read_value(&value, r));
  if (json_object_set_new_nocheck(object, json_string_value(key), value) != 0) {
    status = fail_memory();
  }
done:
  json_decref(key);
  return status;
}

static lat_status read_parts(json_t *parent, reader *r) {
  const int is_object = json_is_object(parent);
  const char close = is_object ? '}' : ']';
  if (take_mark(r, close)) {
    return LAT_OK;
  }
  do {
    const lat_status status = is_object ? read_member(parent, r) : read_item(parent, r);
    if (status != LAT_OK) {
      return status;
    }
  } while (take_mark(r, ','));
  return take(r, close) ? LAT_OK
                        : fail(r, is_object ? "expected ',' or '}'" : "expected ',' or ']'");
}

static lat_status read_nested(json_t **out, reader *r) {
  lat_status status = LAT_OK;
  if (++r->levels > MOST_LEVELS) {
    return lati_fail(LAT_ERROR_FORMAT, "byte %zu: more than %d levels of nesting",
                     (size_t)(r->at - r->text), MOST_LEVELS);
  }
  json_t *parent = *r->at == '{' ? json_object() : json_array();
  ++r->at;
  LATI_TRY(parent != NULL ? read_parts(parent, r) : fail_memory());
  --r->levels;
  *out = json_incref(parent);
done:
  json_decref(parent);
  return status;
}

static lat_status read_value(json_t **out, reader *r) {
  skip_space(r);
  if (++r->values > MOST_VALUES) {
    return lati_fail(LAT_ERROR_FORMAT, "byte %zu: more than %d values", (size_t)(r->at - r->text),
                     MOST_VALUES);
  }
  switch (peek(r)) {
  case '{':
  case '[':
    return read_nested(out, r);
  case '"':
    return read_text(out, r);
  default:
    break;
  }
  *out = take_word(r, "null")    ? json_null()
         : take_word(r, "true")  ? json_true()
         : take_word(r, "false") ? json_false()
                                 : NULL;
  return *out != NULL ? LAT_OK : read_number(out, r);
}

lat_status lati_json_read(json_t **out, const lat_context *ctx, const char *text, size_t length) {
  lat_status status = LAT_OK;
  reader r = {.text = text, .at = text, .end = text + length};
  json_t *value = NULL;
  *out = NULL;
  LATI_TRY(LATI_NEW(r.scratch, ctx, length + 1));
  LATI_TRY(read_value(&value, &r));
  skip_space(&r);
  LATI_TRY(r.at == r.end ? LAT_OK : fail(&r, "expected the end of the text"));
  *out = json_incref(value);
done:
  json_decref(value);
  lati_free(r.scratch);
  return status;
}
