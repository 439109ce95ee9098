/* The nearest name by the number of edits: letters put in, left out, replaced, or exchanged with
 * their neighbour. It is offered where no more than a third of the name was edited. */
#include "suggest.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 48 };

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* d[i][j] edits lead from i letters of a to j letters of b; rows i - 2, i - 1 and i are kept. */
static size_t edits(const char *a, size_t m, const char *b, size_t n) {
  size_t rows[3][LONGEST + 1];
  for (size_t j = 0; j <= n; ++j) {
    rows[0][j] = j;
  }
  for (size_t i = 1; i <= m; ++i) {
    size_t *row = rows[i % 3];
    const size_t *above = rows[(i - 1) % 3], *second = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= n; ++j) {
      row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = least(row[j], second[j - 2] + 1);
      }
    }
  }
  return rows[m % 3][n];
}

void suggestion_start(suggestion *best, const char *name, size_t length) {
  *best = (suggestion){.name = name, .length = length, .nearest = ""};
  best->distance = length / 3 + 1;
}

void suggestion_offer(suggestion *best, const char *candidate, size_t length) {
  if (length > LONGEST || best->length > LONGEST) {
    return;
  }
  const size_t distance = edits(best->name, best->length, candidate, length);
  if (distance < best->distance && distance < length) {
    best->distance = distance;
    snprintf(best->nearest, sizeof best->nearest, "%.*s", (int)length, candidate);
  }
}

const char *suggestion_text(char text[128], const suggestion *best, const char *before) {
  text[0] = '\0';
  if (best->nearest[0] != '\0') {
    snprintf(text, 128, "; did you mean %s%s?", before, best->nearest);
  }
  return text;
}
