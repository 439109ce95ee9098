/* Saying how it went: errors on standard error, JSON lines on standard output. */
#ifndef REPORT_H
#define REPORT_H

#include <jansson.h>
#include <lat/lat.h>

/* Prints the library's message; returns EXIT_FAILED. */
int report_failure(lat_status status);

/* The same where options are being made into objects: EXIT_USAGE when it is they that are wrong. */
int report_setup(lat_status status);

/* Makes one line of printable UTF-8 of text from files and users, in place: tabs and line ends
 * become blanks, other control characters and bytes that are not UTF-8 '?'; a character that the
 * text's end cuts is left out. */
void report_clean(char *text);

/* Prints a message of our own, cleaned; returns EXIT_FAILED. */
int report_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints what is wrong with the command line, cleaned, and where help is; returns EXIT_USAGE. */
int report_usage(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints an object as one line and releases it; returns EXIT_DONE or EXIT_FAILED. */
int report_json(json_t *object);

/* A file's name; where it is not UTF-8, which JSON cannot hold, as report_clean() leaves it. */
json_t *json_name(const char *name);

/* A number, or null when it is not finite. */
json_t *json_number(double value);

/* Arrays of rows. */
json_t *json_matrix(const lat_matrix *matrix);

/* Prints rows of numbers, with as many digits as read back alike. */
void print_matrix(const lat_matrix *matrix);
/* A file's name, as report_clean() leaves it. */
void print_name(const char *name);

/* A LAT_VERDICT_... in a word. */
const char *verdict_name(int32_t verdict);

/* Seconds on a clock that only goes forward. */
double seconds_now(void);

#endif
