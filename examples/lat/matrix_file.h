/* Matrices from a file: rows of text or CSV, Matrix Market, or .npy. */
#ifndef MATRIX_FILE_H
#define MATRIX_FILE_H

#include <lat/matrix.h>

#include <stddef.h>

/* Most rows or columns that any task takes. */
enum { MATRIX_LIMIT = 100 };

/* Room for bytes of the file in a message. */
enum { MATRIX_EXCERPT = 33 };

/* Matrices that were read, each with memory of its own. */
typedef struct matrix_list {
  lat_matrix *matrices;
  size_t count, capacity;
} matrix_list;

/* A file's bytes, closed by a NUL, and the matrix that is being filled. */
typedef struct matrix_file {
  const char *name;
  char *bytes; /* of text without a byte order mark, lines ended by \n alone */
  size_t size;
  double *data; /* row-major, rows x cols; room for MATRIX_LIMIT^2 */
  int32_t rows, cols;
  matrix_list *list; /* of those that are complete */
} matrix_file;

/* Reads all matrices of `path`, "-" being standard input; at least one. Prints what is wrong, with
 * the line; returns an exit code. */
int matrix_read_all(matrix_list *out, const char *path);
void matrix_list_free(matrix_list *list);

/* Puts the matrix that was filled to the list, and begins another. */
int matrix_complete(matrix_file *file);

/* The formats; each fills rows, cols and data, and completes every matrix. They print what is
 * wrong; an exit code. */
int matrix_read_text(matrix_file *file);
int matrix_read_market(matrix_file *file);
int matrix_read_npy(matrix_file *file);

/* Prints "lat: NAME:LINE: ..."; returns EXIT_FAILED. */
int matrix_complain(const matrix_file *file, size_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The first bytes of `length` for a message, cut at a character's end; returns `out`. */
const char *matrix_excerpt(char out[MATRIX_EXCERPT], const char *text, size_t length);

/* Reads a finite number at *text and moves behind it; 0 when there is none. Its exponent may begin
 * with Fortran's D. */
int matrix_scan_number(double *value, char **text);

#endif
