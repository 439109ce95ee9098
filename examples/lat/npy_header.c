/* Parses {'descr': '<f8', 'fortran_order': False, 'shape': (5, 5), } as Python's literal_eval()
 * does: keys in any order, either kind of quotes, blanks and line ends anywhere, a comma at the end
 * or not, and the L that Python 2 put behind integers. */
#include "npy_header.h"

#include "command_line.h"

#include <string.h>

/* Texts of the dictionary's values, within the header; NULL where a key is missing. */
typedef struct npy_values {
  const char *type, *order, *shape;
} npy_values;

static void skip_blanks(const char **at) {
  *at += strspn(*at, " \t\r\n\f");
}

static int take(const char **at, char wanted) {
  skip_blanks(at);
  const int taken = **at == wanted;
  *at += taken;
  return taken;
}

/* Text in quotes; 0 when there is none. */
static int take_text(const char **at, const char **text, size_t *length) {
  skip_blanks(at);
  const char quote = **at, *end = NULL;
  if (quote == '\'' || quote == '"') {
    *text = *at + 1;
    end = strchr(*text, quote);
  }
  if (end == NULL) {
    return 0;
  }
  *length = (size_t)(end - *text);
  *at = end + 1;
  return 1;
}

/* Moves to the comma or brace behind a value, whatever that is; 0 when the text ends before. */
static int skip_value(const char **at) {
  const char *text = NULL;
  size_t length = 0;
  for (int depth = 0; **at != '\0'; ++*at) {
    while (take_text(at, &text, &length)) {
    }
    if (depth == 0 && strchr(",}", **at) != NULL) {
      return **at != '\0';
    }
    if (**at == '\0') {
      break;
    }
    depth += strchr("([{", **at) != NULL;
    depth -= strchr(")]}", **at) != NULL;
  }
  return 0;
}

static int is_text(const char *wanted, const char *text, size_t length) {
  return strlen(wanted) == length && memcmp(wanted, text, length) == 0;
}

/* Where the value of a key is kept; NULL for a key that the format has not. */
static const char **find_value(npy_values *values, const char *key, size_t length) {
  const struct {
    const char *name;
    const char **value;
  } keys[] = {
      {"descr", &values->type}, {"fortran_order", &values->order}, {"shape", &values->shape}};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; ++i) {
    if (is_text(keys[i].name, key, length)) {
      return keys[i].value;
    }
  }
  return NULL;
}

/* The dictionary, to the header's end; 0 when it is none, or not one of the three keys. */
static int read_values(npy_values *values, const char *at) {
  *values = (npy_values){NULL, NULL, NULL};
  if (!take(&at, '{')) {
    return 0;
  }
  while (!take(&at, '}')) {
    const char *key = NULL;
    size_t length = 0;
    if (!take_text(&at, &key, &length) || !take(&at, ':')) {
      return 0;
    }
    const char **value = find_value(values, key, length);
    skip_blanks(&at);
    if (value == NULL) {
      return 0;
    }
    *value = at;
    if (!skip_value(&at) || at == *value || (!take(&at, ',') && *at != '}')) {
      return 0;
    }
  }
  skip_blanks(&at);
  return *at == '\0' && values->type != NULL && values->order != NULL && values->shape != NULL;
}

/* A type's code, such as <f8: byte order, kind, bytes; or its name. */
static int read_type(npy_header *header, const char *at) {
  static const struct {
    const char *code, *name;
  } known[] = {{"f2", "float16"}, {"f4", "float32"}, {"f8", "float64"}, {"i1", "int8"},
               {"i2", "int16"},   {"i4", "int32"},   {"i8", "int64"},   {"u1", "uint8"},
               {"u2", "uint16"},  {"u4", "uint32"},  {"u8", "uint64"},  {"b1", "bool"},
               {"b1", "?"}};
  static const uint16_t one = 1; /* its first byte is 0 on a big-endian host */
  const char *text = NULL;
  size_t length = 0;
  if (!take_text(&at, &text, &length)) {
    return 0;
  }
  const int has_order = length > 0 && strchr("<>=|", text[0]) != NULL;
  header->big_endian =
      has_order && strchr("<>", text[0]) != NULL ? text[0] == '>' : *(const char *)&one == 0;
  text += has_order;
  length -= (size_t)has_order;
  for (size_t i = 0; i < sizeof known / sizeof *known; ++i) {
    if (is_text(known[i].code, text, length) || is_text(known[i].name, text, length)) {
      header->kind = known[i].code[0];
      header->width = known[i].code[1] - '0';
      return 1;
    }
  }
  return 0;
}

static int complain_type(const matrix_file *file, const char *type) {
  char excerpt[MATRIX_EXCERPT];
  const char *end = type, *f = strchr("<>=|", type[1]) != NULL ? type + 2 : type + 1;
  (void)skip_value(&end);
  return matrix_complain(
      file, 1, "numbers of type %s%s; bool, i1 to i8, u1 to u8, f2, f4 and f8 can be read",
      matrix_excerpt(excerpt, type, (size_t)(end - type)),
      f[0] == 'f' && f[1] == '1' ? " (longdouble, which differs between machines)" : "");
}

static int at_value_end(const char *at) {
  skip_blanks(&at);
  return *at == ',' || *at == '}';
}

static int is_word(const char *at, const char *word) {
  return strncmp(at, word, strlen(word)) == 0 && at_value_end(at + strlen(word));
}

static int read_order(npy_header *header, const char *text) {
  header->fortran = is_word(text, "True");
  return header->fortran || is_word(text, "False");
}

/* Most matrices in a stack. */
enum { STACK_LIMIT = 1000000 };

/* A dimension of 0..STACK_LIMIT + 1, the last standing for all that are larger. */
static int take_dimension(const char **at, int32_t *value) {
  skip_blanks(at);
  const char *start = *at;
  for (*value = 0; **at >= '0' && **at <= '9'; ++*at) {
    *value = *value > STACK_LIMIT ? *value : *value * 10 + (**at - '0');
    *value = *value > STACK_LIMIT ? STACK_LIMIT + 1 : *value;
  }
  const int found = *at > start;
  *at += found && **at == 'L';
  return found;
}

/* Returns the number of dimensions, of which the first three are kept; -1 when there is no tuple.
 */
static int read_shape(npy_header *header, const char *at) {
  int32_t sizes[3] = {0, 0, 0}, size = 0;
  int count = 0;
  for (int more = take(&at, '('); more && take_dimension(&at, &size); more = take(&at, ',')) {
    if (count < 3) {
      sizes[count] = size;
    }
    ++count;
  }
  const int stack = count == 3;
  header->matrices = stack ? (size_t)sizes[0] : 1;
  header->rows = sizes[stack];
  header->cols = sizes[stack + 1];
  return take(&at, ')') && at_value_end(at) ? count : -1;
}

static int fits(int32_t size) {
  return size >= 1 && size <= MATRIX_LIMIT;
}

static int complain_shape(const matrix_file *file, const char *shape, int dimensions) {
  char excerpt[MATRIX_EXCERPT];
  const size_t length = strcspn(shape, ")}");
  return matrix_complain(
      file, 1, "shape %s; two dimensions of 1..%d can be read, or a stack in three%s",
      matrix_excerpt(excerpt, shape, length + (shape[length] == ')')), MATRIX_LIMIT,
      dimensions == 1 ? ": reshape a vector to (n, 1) or (1, n)" : "");
}

int npy_header_read(npy_header *header, const matrix_file *file, const char *text) {
  npy_values values;
  if (!read_values(&values, text)) {
    return matrix_complain(file, 1, "a .npy header without descr, fortran_order and shape");
  }
  if (!read_type(header, values.type)) {
    return complain_type(file, values.type);
  }
  if (!read_order(header, values.order)) {
    return matrix_complain(file, 1, "fortran_order is neither True nor False");
  }
  const int dimensions = read_shape(header, values.shape);
  const int counted = header->matrices >= 1 && header->matrices <= STACK_LIMIT;
  return (dimensions == 2 || dimensions == 3) && counted && fits(header->rows) && fits(header->cols)
             ? EXIT_DONE
             : complain_shape(file, values.shape, dimensions);
}
