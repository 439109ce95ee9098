/* Reading the golden files, and the numbers that C and the scripts make alike. */
#ifndef GOLDEN_FILES_H
#define GOLDEN_FILES_H

#include <lat/lat.h>

#include <jansson.h>

/* Path of a file in tests/golden/data; static storage, overwritten by the next call. */
const char *golden_path(const char *name);

/* A JSON file of tests/golden/data; ends the test when it cannot be read. */
json_t *golden_load(const char *name);

/* A member that must be there. */
json_t *golden_member(const json_t *object, const char *key);
double golden_number(const json_t *object, const char *key);
int32_t golden_integer(const json_t *object, const char *key);
const char *golden_text(const json_t *object, const char *key);

/* An array of rows as a packed row-major matrix in `data` (room for `capacity`). */
lat_matrix golden_matrix(double *data, size_t capacity, const json_t *rows);

/* Number `index` of the noise named `text`, in [-1, 1): noise() of twin.py. */
double golden_noise(uint32_t hash, size_t index);
uint32_t golden_hash(const char *prefix, const char *text);

#endif
