/* The table of built-in tasks. */
#include "task/registry.h"

#include <string.h>

static const lati_task_kind *const kinds[] = {
    &lati_task_transpose, &lati_task_add,           &lati_task_matvec,
    &lati_task_product,   &lati_task_eigenvalues,   &lati_task_eigenvectors,
    &lati_task_inverse,   &lati_task_syminverse,    &lati_task_singular_values,
    &lati_task_svd,       &lati_task_linear_system, &lati_task_least_squares,
    &lati_task_sylvester, &lati_task_determinant,   &lati_task_tproduct,
};

enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

const lati_task_kind *lati_task_kind_find(const char *name) {
  for (int32_t i = 0; i < KIND_COUNT; ++i) {
    if (strcmp(kinds[i]->name, name) == 0) {
      return kinds[i];
    }
  }
  return NULL;
}

int32_t lat_task_builtin_count(void) {
  return KIND_COUNT;
}

const char *lat_task_builtin_name(int32_t index) {
  return index >= 0 && index < KIND_COUNT ? kinds[index]->name : NULL;
}
