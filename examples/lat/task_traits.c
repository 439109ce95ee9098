/* What the options of the command depend on in a task, by its name. */
#include "option_rules.h"

#include <string.h>

typedef struct named_traits {
  const char *name;
  uint32_t traits;
} named_traits;

static const named_traits table[] = {
    {"transpose", TRAIT_GENERAL | TRAIT_RESIDUAL},
    {"add", TRAIT_GENERAL | TRAIT_RESIDUAL},
    {"matvec", TRAIT_GENERAL | TRAIT_RESIDUAL},
    {"product", TRAIT_GENERAL | TRAIT_RESIDUAL | TRAIT_TRANSFORM},
    {"eigenvalues", TRAIT_SYMMETRIC | TRAIT_NO_RESIDUAL | TRAIT_VALUES},
    {"eigenvectors", TRAIT_SYMMETRIC | TRAIT_RESIDUAL | TRAIT_VECTORS},
    {"inverse", TRAIT_GENERAL | TRAIT_RESIDUAL | TRAIT_INVERSE},
    {"syminverse", TRAIT_SYMMETRIC | TRAIT_RESIDUAL | TRAIT_INVERSE},
    {"singular-values", TRAIT_GENERAL | TRAIT_NO_RESIDUAL | TRAIT_VALUES},
    {"svd", TRAIT_GENERAL | TRAIT_RESIDUAL | TRAIT_VECTORS},
    {"linear-system", TRAIT_GENERAL | TRAIT_RESIDUAL | TRAIT_SYSTEM},
    {"least-squares", TRAIT_GENERAL | TRAIT_RESIDUAL},
    {"sylvester", TRAIT_GENERAL | TRAIT_RESIDUAL},
    {"determinant", TRAIT_GENERAL | TRAIT_NO_RESIDUAL},
    {"tproduct", TRAIT_GENERAL | TRAIT_RESIDUAL | TRAIT_TRANSFORM},
};

static uint32_t traits_of_name(const char *name, size_t length) {
  for (size_t i = 0; i < sizeof table / sizeof *table; ++i) {
    if (strlen(table[i].name) == length && memcmp(table[i].name, name, length) == 0) {
      return table[i].traits;
    }
  }
  return TRAIT_ANY;
}

uint32_t traits_of_names(const char *names) {
  uint32_t traits = 0;
  for (const char *name = names; name != NULL;) {
    traits |= traits_of_name(name, strcspn(name, ":,"));
    name = strchr(name, ',');
    name = name != NULL ? name + 1 : NULL;
  }
  return names != NULL ? traits : TRAIT_ANY;
}

uint32_t traits_of_task(const lat_task *task) {
  uint32_t traits = 0;
  for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
    const char *name = lat_task_name(lat_task_component(task, i));
    traits |= traits_of_name(name, strlen(name));
  }
  return traits;
}
