/* Random elements of groups whose canonical forms canonical.c computes, of tasks that have no
 * reflections: inputs that are equivalent to A, and to which a model that has not learned the
 * symmetry may answer otherwise. */
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

static void draw_rows(lati_transform *transform, lat_random *random) {
  shuffle(transform->row, transform->rows, random);
  draw_signs(transform->row_factor, transform->rows, random);
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
  return task->kind->canonicalize != NULL && !lati_task_canonical(task) &&
         !lati_task_reflects(task);
}

void lati_task_draw_equivalent(lati_transform *transform, const lat_task *task, const lat_matrix *a,
                               lat_random *random) {
  lati_transform_start(transform, a);
  if (task->kind->canonicalize == lati_canonical_blocks) {
    draw_blocks(transform, random);
  } else {
    draw_rows(transform, random);
  }
}
