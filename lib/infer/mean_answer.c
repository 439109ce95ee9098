#include "infer/mean_answer.h"

#include "task/registry.h"

/* Below the row of values column j holds vector j, of the SVD the left and the right one, whose
 * signs are free together: the one that is nearer to the vector of `like`. */
static void align_vectors(const lat_matrix *answer, const lat_matrix *like) {
  for (int32_t j = 0; j < answer->cols; ++j) {
    double product = 0;
    for (int32_t i = 1; i < answer->rows; ++i) {
      product += lati_matrix_get(answer, i, j) * lati_matrix_get(like, i, j);
    }
    for (int32_t i = 1; i < answer->rows && product < 0; ++i) {
      lati_matrix_set(answer, i, j, -lati_matrix_get(answer, i, j));
    }
  }
}

void lati_mean_answer(double *mean, const lat_task *task, const lati_matrices *best, int32_t weight,
                      const lati_matrices *answer) {
  const double *a = best->written[0].data, *b = answer->written[0].data;
  const double share = 1.0 / (weight + 1.0);
  if (lati_task_has_vectors(task)) {
    align_vectors(&answer->written[0], &best->written[0]);
  }
  for (size_t k = 0; k < lati_form_values(&answer->form); ++k) {
    mean[k] = (1 - share) * a[k] + share * b[k];
  }
}
