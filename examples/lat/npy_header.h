/* The dictionary in the header of a .npy file. */
#ifndef NPY_HEADER_H
#define NPY_HEADER_H

#include "matrix_file.h"

typedef struct npy_header {
  char kind;       /* 'f', 'i', 'u', or 'b' for bool */
  int width;       /* bytes of a number */
  int big_endian;  /* 1: the first byte is the highest */
  int fortran;     /* 1: column by column */
  size_t matrices; /* of a stack; 1 in two dimensions */
  int32_t rows, cols;
} npy_header;

/* Reads the header's text; the file is for messages. Prints what is wrong; an exit code. */
int npy_header_read(npy_header *header, const matrix_file *file, const char *text);

#endif
