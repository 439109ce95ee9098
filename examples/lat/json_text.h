/* JSON and numbers as text. */
#ifndef JSON_TEXT_H
#define JSON_TEXT_H

#include <jansson.h>
#include <stdio.h>

enum { NUMBER_SIZE = 40 };

/* The fewest digits that read back as the same number: 3.14, not 3.1400000000000001. */
const char *number_text(char text[NUMBER_SIZE], double value);

/* Writes a value on one line without blanks, numbers as number_text() has them. Returns 0 when it
 * could not be written. */
int json_write(FILE *file, const json_t *value);

#endif
