/* What a misspelt name may have been meant to be. */
#ifndef SUGGEST_H
#define SUGGEST_H

#include <stddef.h>

/* The candidate that is nearest to a name, as it is offered. */
typedef struct suggestion {
  const char *name; /* as it was written */
  size_t length;    /* bytes of it */
  char nearest[64]; /* "" where none is near enough */
  size_t distance;  /* edits to it */
} suggestion;

void suggestion_start(suggestion *best, const char *name, size_t length);

/* Offers a candidate of `length` bytes. */
void suggestion_offer(suggestion *best, const char *candidate, size_t length);

/* "; did you mean X?", with `before` in front of the name, or "". */
const char *suggestion_text(char text[128], const suggestion *best, const char *before);

#endif
