/* The same problem in other coordinates: operands and results are multiplied by reflections, which
 * leave singular values as they were and make other numbers of all coefficients. With two of them
 * (H A K)^-1 = K A^-1 H, H A K = (H U) S (K V)^T, and with H = K the eigenvectors become H V. */
#include "linalg/reflection.h"
#include "task/registry.h"

int lati_task_reflects(const lat_task *task) {
  return task->kind->reflected_operands[0].left != 0 && task->transform == 0;
}

/* Reflection `which` of candidate `candidate` of vectors of n components. */
static void draw(double *v, int32_t n, int32_t which, int32_t candidate) {
  lat_random random;
  lati_random_start(&random, (uint64_t)which, LATI_STREAM_CANDIDATE, (uint64_t)candidate);
  lati_reflection_draw(v, n, &random);
}

void lati_task_reflect(const lati_matrices *matrices, const lat_task *task, int32_t side,
                       int32_t candidate) {
  double v[LAT_MAX_DIMENSION];
  const lati_sides *sides =
      side == LAT_INPUT ? task->kind->reflected_operands : task->kind->reflected_results;
  for (int32_t i = 0; i < matrices->form.count; ++i) {
    const lat_matrix a = lati_matrices_operand(matrices, i);
    if (sides[i].left != 0) {
      draw(v, a.rows, sides[i].left, candidate);
      lati_reflect_rows(&a, v);
    }
    if (sides[i].right != 0) {
      draw(v, a.cols, sides[i].right, candidate);
      lati_reflect_cols(&a, v);
    }
  }
}
