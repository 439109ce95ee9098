/* Operands and results in one block of memory: joined layouts are one matrix that operands are
 * parts of, [A B] or each below the one before; the others lie one after the other. */
#include "linalg/operands.h"

#include "base/text.h"

#include <string.h>

int32_t lati_form_written(lati_shape written[LATI_MAX_OPERANDS], const lati_form *form) {
  memcpy(written, form->shape, sizeof form->shape);
  if (form->layout == LATI_IN_TURN) {
    return form->count;
  }
  for (int32_t i = 1; i < form->count; ++i) {
    written[0].rows += form->layout == LATI_STACKED ? form->shape[i].rows : 0;
    written[0].cols += form->layout == LATI_SIDE_BY_SIDE ? form->shape[i].cols : 0;
  }
  return form->count > 0;
}

size_t lati_form_values(const lati_form *form) {
  size_t values = 0;
  for (int32_t i = 0; i < form->count; ++i) {
    values += (size_t)form->shape[i].rows * (size_t)form->shape[i].cols;
  }
  return values;
}

lati_form lati_form_of(int32_t rows, int32_t cols) {
  return (lati_form){.count = 1, .layout = LATI_IN_TURN, .shape = {{rows, cols}}};
}

int lati_form_same(const lati_form *a, const lati_form *b) {
  int same = a->count == b->count && a->layout == b->layout;
  for (int32_t i = 0; same && i < a->count; ++i) {
    same = a->shape[i].rows == b->shape[i].rows && a->shape[i].cols == b->shape[i].cols;
  }
  return same;
}

lati_matrices lati_matrices_at(double *values, const lati_form *form) {
  lati_shape shapes[LATI_MAX_OPERANDS];
  lati_matrices matrices = {.form = *form, .count = lati_form_written(shapes, form)};
  for (int32_t i = 0; i < matrices.count; ++i) {
    matrices.written[i] = lati_matrix_view(values, shapes[i].rows, shapes[i].cols);
    values += lati_matrix_count(&matrices.written[i]);
  }
  return matrices;
}

void lati_matrices_like(lat_matrix *out, const lat_matrix *others, int32_t count, double *values) {
  for (int32_t i = 0; i < count; ++i) {
    out[i] = lati_matrix_view(values, others[i].rows, others[i].cols);
    values += lati_matrix_count(&out[i]);
  }
}

size_t lati_matrices_values(const lat_matrix *matrices, int32_t count) {
  size_t values = 0;
  for (int32_t i = 0; i < count; ++i) {
    values += lati_matrix_count(&matrices[i]);
  }
  return values;
}

lat_matrix lati_matrices_operand(const lati_matrices *matrices, int32_t i) {
  const lati_form *form = &matrices->form;
  if (form->layout == LATI_IN_TURN) {
    return matrices->written[i];
  }
  lat_matrix operand = matrices->written[0];
  for (int32_t before = 0; before < i; ++before) {
    operand.data += form->layout == LATI_STACKED
                        ? (size_t)form->shape[before].rows * (size_t)operand.ld
                        : (size_t)form->shape[before].cols;
  }
  operand.rows = form->shape[i].rows;
  operand.cols = form->shape[i].cols;
  return operand;
}

void lati_matrix_copy(const lat_matrix *to, const lat_matrix *from) {
  for (int32_t i = 0; i < from->rows; ++i) {
    for (int32_t j = 0; j < from->cols; ++j) {
      lati_matrix_set(to, i, j, lati_matrix_get(from, i, j));
    }
  }
}

void lati_matrices_pack(const lati_matrices *to, const lat_matrix *operands) {
  for (int32_t i = 0; i < to->form.count; ++i) {
    const lat_matrix own = lati_matrices_operand(to, i);
    lati_matrix_copy(&own, &operands[i]);
  }
}

void lati_matrices_unpack(const lat_matrix *operands, const lati_matrices *from) {
  for (int32_t i = 0; i < from->form.count; ++i) {
    const lat_matrix own = lati_matrices_operand(from, i);
    lati_matrix_copy(&operands[i], &own);
  }
}

const char *lati_shapes_text(char text[LATI_SHAPES_TEXT], const lati_form *form) {
  size_t length = 0;
  text[0] = '\0';
  for (int32_t i = 0; i < form->count && length + 1 < LATI_SHAPES_TEXT; ++i) {
    const char *before = i == 0 ? "" : i + 1 < form->count ? ", " : " and ";
    lati_format(text + length, LATI_SHAPES_TEXT - length, "%s%d x %d", before, form->shape[i].rows,
                form->shape[i].cols);
    length += strlen(text + length);
  }
  return text;
}

const char *lati_operand_name(char text[LATI_OPERAND_NAME], const char *what, int32_t i,
                              int32_t count) {
  if (count == 1) {
    lati_format(text, LATI_OPERAND_NAME, "%s", what);
  } else {
    lati_format(text, LATI_OPERAND_NAME, "%s %d", what, i + 1);
  }
  return text;
}

lat_status lati_operands_check(const lat_matrix *matrices, int32_t count, int32_t limit,
                               const char *what) {
  char name[LATI_OPERAND_NAME];
  lat_status status = LAT_OK;
  if (matrices == NULL) {
    return lati_matrix_check(matrices, limit, what);
  }
  for (int32_t i = 0; i < count && status == LAT_OK; ++i) {
    status = lati_matrix_check(&matrices[i], limit, lati_operand_name(name, what, i, count));
  }
  return status;
}

lat_status lati_operands_check_shapes(const lat_matrix *matrices, const lati_form *form,
                                      const char *what) {
  char name[LATI_OPERAND_NAME];
  lat_status status = LAT_OK;
  for (int32_t i = 0; i < form->count && status == LAT_OK; ++i) {
    status = lati_matrix_check_shape(&matrices[i], form->shape[i].rows, form->shape[i].cols,
                                     lati_operand_name(name, what, i, form->count));
  }
  return status;
}

lat_status lati_operands_check_finite(const lat_matrix *matrices, int32_t count, const char *what) {
  char name[LATI_OPERAND_NAME];
  lat_status status = LAT_OK;
  for (int32_t i = 0; i < count && status == LAT_OK; ++i) {
    status = lati_matrix_check_finite(&matrices[i], lati_operand_name(name, what, i, count));
  }
  return status;
}
