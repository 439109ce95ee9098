/* What LAPACK's routines call of gfortran's runtime library, which exists for glibc alone. */
#include <stdint.h>
#include <string.h>

void _gfortran_concat_string(int64_t length, char *text, int64_t first_length, const char *first,
                             int64_t second_length, const char *second);
int64_t _gfortran_string_len_trim(int64_t length, const char *text);

static int64_t least(int64_t a, int64_t b) {
  return a < b ? a : b;
}

void _gfortran_concat_string(int64_t length, char *text, int64_t first_length, const char *first,
                             int64_t second_length, const char *second) {
  const int64_t head = least(length, first_length), tail = least(length - head, second_length);
  memcpy(text, first, (size_t)head);
  memcpy(text + head, second, (size_t)tail);
  memset(text + head + tail, ' ', (size_t)(length - head - tail));
}

int64_t _gfortran_string_len_trim(int64_t length, const char *text) {
  while (length > 0 && text[length - 1] == ' ') {
    --length;
  }
  return length;
}
