/* Random elements of the groups whose canonical forms canonical.c computes: inputs that are
 * equivalent to A, and to which a model that has not learned the symmetry may answer otherwise. */
#include "linalg/random_matrix.h"
#include "task/canonical.h"
#include "task/registry.h"

static void shuffle(int32_t *order, int32_t count, lat_random *random) {
  for (int32_t i = count - 1; i > 0; --i) {
    const int32_t j = lat_random_integer(random, 0, i), moved = order[i];
    order[i] = order[j];
    order[j] = moved;
  }
}

static void draw_signs(double *signs, int32_t count, lat_random *random) {
  for (int32_t i = 0; i < count; ++i) {
    signs[i] = lat_random_integer(random, 0, 1) ? 1 : -1;
  }
}

static void draw_symmetric(lati_transform *transform, lat_random *random) {
  shuffle(transform->row, transform->rows, random);
  draw_signs(transform->row_factor, transform->rows, random);
  for (int32_t i = 0; i < transform->rows; ++i) {
    transform->col[i] = transform->row[i];
    transform->col_factor[i] = transform->row_factor[i];
  }
}

static void draw_rows(lati_transform *transform, lat_random *random) {
  shuffle(transform->row, transform->rows, random);
  draw_signs(transform->row_factor, transform->rows, random);
}

static void draw_general(lati_transform *transform, lat_random *random) {
  draw_rows(transform, random);
  shuffle(transform->col, transform->cols, random);
  draw_signs(transform->col_factor, transform->cols, random);
}

static void draw_blocks(lati_transform *transform, lat_random *random) {
  const int32_t cols = transform->cols / 2;
  shuffle(transform->row, transform->rows, random);
  shuffle(transform->col, cols, random);
  for (int32_t j = 0; j < cols; ++j) {
    transform->col[cols + j] = cols + transform->col[j];
  }
}

int lati_task_has_equivalents(const lat_task *task) {
  return task->kind->canonicalize != NULL && !lati_task_canonical(task);
}

void lati_task_draw_equivalent(lati_transform *transform, const lat_task *task, const lat_matrix *a,
                               lat_random *random) {
  void (*const form)(lati_transform *, const lat_matrix *) = task->kind->canonicalize;
  lati_transform_start(transform, a);
  if (form == lati_canonical_symmetric) {
    draw_symmetric(transform, random);
  } else if (form == lati_canonical_rows) {
    draw_rows(transform, random);
  } else if (form == lati_canonical_blocks) {
    draw_blocks(transform, random);
  } else {
    draw_general(transform, random);
  }
}
