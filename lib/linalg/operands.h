/* The matrices of one side of an example, operands or results, and how they are written: some
 * layouts join them to one matrix, so that a sequence has one header. */
#ifndef LATI_OPERANDS_H
#define LATI_OPERANDS_H

#include "linalg/matrix.h"

enum { LATI_MAX_OPERANDS = LAT_MAX_OPERANDS };

typedef struct lati_shape {
  int32_t rows, cols;
} lati_shape;

typedef enum lati_layout {
  LATI_IN_TURN,      /* one after the other, each with a header of its own */
  LATI_SIDE_BY_SIDE, /* joined: [A B] */
  LATI_STACKED       /* joined: each below the one before it */
} lati_layout;

/* Operands, or results, by number and shape. */
typedef struct lati_form {
  int32_t count;
  lati_layout layout;
  lati_shape shape[LATI_MAX_OPERANDS];
} lati_form;

/* The same with their coefficients: the matrices that are written, row-major packed and end to end
 * in memory. A pointer to the first serves as the array of them. */
typedef struct lati_matrices {
  lati_form form;
  int32_t count; /* of `written`: 1 where the layout joins them */
  lat_matrix written[LATI_MAX_OPERANDS];
  lat_matrix steps; /* written in front of them, in memory of its own: an answer's scratchpad; no
                       rows: none */
} lati_matrices;

/* Shapes of the matrices that are written; returns their number. */
int32_t lati_form_written(lati_shape written[LATI_MAX_OPERANDS], const lati_form *form);

/* Number of coefficients. */
size_t lati_form_values(const lati_form *form);

/* A form of one matrix. */
lati_form lati_form_of(int32_t rows, int32_t cols);

int lati_form_same(const lati_form *a, const lati_form *b);

/* Matrices of the form in lati_form_values() doubles. */
lati_matrices lati_matrices_at(double *values, const lati_form *form);

/* out: packed matrices, end to end in `values`, of the shapes of `count` others. */
void lati_matrices_like(lat_matrix *out, const lat_matrix *others, int32_t count, double *values);

/* Coefficients of `count` matrices. */
size_t lati_matrices_values(const lat_matrix *matrices, int32_t count);

/* A view of operand i, from 0; of a joined one, part of the matrix that is written. */
lat_matrix lati_matrices_operand(const lati_matrices *matrices, int32_t i);

/* lati_matrix_check(), lati_matrix_check_shape() and lati_matrix_check_finite() of each matrix. */
lat_status lati_operands_check(const lat_matrix *matrices, int32_t count, int32_t limit,
                               const char *what);
lat_status lati_operands_check_shapes(const lat_matrix *matrices, const lati_form *form,
                                      const char *what);
lat_status lati_operands_check_finite(const lat_matrix *matrices, int32_t count, const char *what);

/* Copies coefficients between matrices of one shape, of any order. */
void lati_matrix_copy(const lat_matrix *to, const lat_matrix *from);

/* Copies all operands from, or to, a caller's matrices. */
void lati_matrices_pack(const lati_matrices *to, const lat_matrix *operands);
void lati_matrices_unpack(const lat_matrix *operands, const lati_matrices *from);

/* "3 x 4" or "3 x 4 and 3 x 1", for messages; returns `text`. */
enum { LATI_SHAPES_TEXT = 80 };
const char *lati_shapes_text(char text[LATI_SHAPES_TEXT], const lati_form *form);

/* How messages call matrix i of `count`: "input", or "input 2"; returns `text`. */
enum { LATI_OPERAND_NAME = 32 };
const char *lati_operand_name(char text[LATI_OPERAND_NAME], const char *what, int32_t i,
                              int32_t count);

#endif
