/* Options of the built-in tasks. */
#include "base/text.h"
#include "task/registry.h"

#include <string.h>

/* Coefficients stay far from overflow, and from the smallest exponents of the encodings. */
#define SMALLEST_RANGE 1e-30
#define LARGEST_RANGE 1e30
#define LARGEST_NOISE 1e6

#define SIZE_FIELD(member, initial, low)                                                           \
  LATI_NUMBER(lat_task_options, member, LATI_FIELD_INT32, initial, low, LAT_MAX_DIMENSION)

const lati_field lati_task_fields[] = {
    LATI_TEXT(lat_task_options, name, "transpose"),
    SIZE_FIELD(rows, 5, 1),
    SIZE_FIELD(cols, 0, 0),
    SIZE_FIELD(min_size, 0, 0),
    SIZE_FIELD(max_size, 0, 0),
    LATI_NUMBER(lat_task_options, rectangular, LATI_FIELD_INT32, 0, 0, 1),
    LATI_TEXT(lat_task_options, coefficients, "uniform"),
    LATI_NUMBER(lat_task_options, range, LATI_FIELD_DOUBLE, 10, SMALLEST_RANGE, LARGEST_RANGE),
    LATI_TEXT(lat_task_options, distribution, "semicircle"),
    LATI_NUMBER(lat_task_options, noise, LATI_FIELD_DOUBLE, 0, 0, LARGEST_NOISE),
    LATI_ADDED_NUMBER(lat_task_options, canonical, LATI_FIELD_INT32, 0, 0, 1),
    LATI_ADDED_NUMBER(lat_task_options, symmetric_noise, LATI_FIELD_INT32, 0, 0, 1),
    LATI_TEXT(lat_task_options, structure, NULL),
    LATI_TEXT(lat_task_options, transform, NULL),
    LATI_ADDED_NUMBER(lat_task_options, scratchpad, LATI_FIELD_INT32, 0, 0, 1),
    LATI_ADDED_NUMBER(lat_task_options, equilibrate, LATI_FIELD_INT32, 0, 0, 1),
    LATI_FIELDS_END,
};

void lat_task_options_init_sized(lat_task_options *options, size_t size) {
  lati_options_init(options, size, lati_task_fields, sizeof *options);
}

/* Sizes drawn per example. */
static lat_status resolve_drawn_sizes(const lat_task_options *options, int square) {
  if (options->min_size < 1 || options->min_size > options->max_size) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task options: min_size %d is outside 1..max_size %d",
                     options->min_size, options->max_size);
  }
  if (square && options->rectangular) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task '%s' takes square matrices, not rectangular ones",
                     options->name);
  }
  return LAT_OK;
}

static lat_status resolve_fixed_size(const lat_task_options *options, int square) {
  if (options->rectangular) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "task options: rectangular needs min_size and max_size, which are 0");
  }
  if (square && options->cols != options->rows) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task '%s' takes square matrices, not %d x %d",
                     options->name, options->rows, options->cols);
  }
  return LAT_OK;
}

static lat_status resolve_sizes(lat_task_options *options, const lati_task_kind *kind) {
  const int square = kind->square || (kind->right_sides && options->rectangular);
  if (options->cols == 0) {
    options->cols = kind->right_sides ? kind->right_sides : options->rows;
  }
  return options->min_size != 0 || options->max_size != 0 ? resolve_drawn_sizes(options, square)
                                                          : resolve_fixed_size(options, square);
}

static lat_status resolve_coefficients(lat_task *task) {
  static const char *const names[] = {"uniform", "gaussian"};
  const char *name = task->options.coefficients;
  for (int32_t i = 0; i < 2; ++i) {
    if (strcmp(name, names[i]) == 0) {
      task->options.coefficients = names[i];
      task->coefficients = (lati_coefficients){i, task->options.range};
      return LAT_OK;
    }
  }
  return lati_fail(LAT_ERROR_NOT_FOUND, "no coefficients '%.40s'; there are uniform and gaussian",
                   name);
}

/* A text is kept, so that a model's file says what the caller said. */
static lat_status keep_text(char **copy, const char **option, const lat_context *ctx) {
  const lat_status status = LATI_NEW(*copy, ctx, strlen(*option) + 1);
  if (status == LAT_OK) {
    strcpy(*copy, *option);
    *option = *copy;
  }
  return status;
}

static lat_status resolve_distribution(lat_task *task) {
  const lat_status status = lati_spectra_parse(&task->spectra, task->options.distribution);
  return status != LAT_OK ? status
                          : keep_text(&task->distribution, &task->options.distribution, task->ctx);
}

/* Zero and Laplacians have no inverse, and solve no system. Of the other structures a draw may be
 * singular, and is then drawn again. */
static lat_status check_structures(const lat_task *task) {
  if (task->options.structure != NULL && task->kind->structured == 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task '%s': structure is of matrices, and it has none",
                     task->kind->name);
  }
  for (int32_t i = 0; i < task->structures.count && task->kind->accept != NULL; ++i) {
    const int32_t structure = task->structures.index[i];
    if (structure == LATI_STRUCTURE_ZERO || structure == LATI_STRUCTURE_LAPLACIAN) {
      return lati_fail(LAT_ERROR_ARGUMENT, "task '%s' has no answer for structure %s",
                       task->kind->name, lati_structure_name(structure));
    }
  }
  return LAT_OK;
}

static lat_status resolve_structure(lat_task *task) {
  lat_status status = lati_structures_parse(&task->structures, task->options.structure);
  if (status == LAT_OK) {
    status = check_structures(task);
  }
  return status != LAT_OK || task->options.structure == NULL
             ? status
             : keep_text(&task->structure, &task->options.structure, task->ctx);
}

static lat_status fail_transform(const lati_task_kind *kind, const char *name) {
  char names[128] = "";
  for (int32_t i = 0; kind->transforms[i] != NULL; ++i) {
    const size_t used = strlen(names);
    lati_format(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "", kind->transforms[i]);
  }
  return lati_fail(LAT_ERROR_NOT_FOUND, "task '%s' has no transform '%.40s'; there are %s",
                   kind->name, name, names);
}

/* Left out, the option stays NULL, so that files keep their bytes. */
static lat_status resolve_transform(lat_task *task) {
  const char *name = task->options.transform;
  const char *const *names = task->kind->transforms;
  if (name == NULL) {
    return LAT_OK;
  }
  if (names == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task '%s' takes no transform", task->kind->name);
  }
  for (int32_t i = 0; names[i] != NULL; ++i) {
    if (strcmp(names[i], name) == 0) {
      task->options.transform = names[i];
      task->transform = i;
      return LAT_OK;
    }
  }
  return fail_transform(task->kind, name);
}

static lat_status check_symmetries(const lat_task *task) {
  if (task->options.canonical && task->kind->canonicalize == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task '%s' has no canonical form", task->kind->name);
  }
  if (task->options.equilibrate && !task->kind->equilibrates) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task '%s' has no equilibrated form", task->kind->name);
  }
  if (task->options.equilibrate && !task->options.canonical) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "task options: equilibrate is of canonical forms, and canonical is 0");
  }
  if (task->options.scratchpad && task->kind->steps_shape == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task '%s' has no scratchpad", task->kind->name);
  }
  if (task->options.symmetric_noise && !task->kind->symmetric) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "task '%s' takes matrices that are not symmetric: no symmetric_noise",
                     task->kind->name);
  }
  return LAT_OK;
}

/* The largest example must be one that can be written, and the smallest have the scratchpad that is
 * asked for. */
static lat_status check_sizes(const lat_task *task) {
  lati_form operands, results;
  lat_status status = lati_task_max_forms(&operands, &results, task);
  if (status == LAT_OK && task->options.max_size > 0) {
    const int32_t least = task->options.min_size;
    operands = lati_task_operand_form(task, least, least);
    status = lati_task_check_steps(task, &operands);
  }
  if (status != LAT_OK) {
    return lati_fail(LAT_ERROR_ARGUMENT, "task options: %s", lat_last_error());
  }
  return LAT_OK;
}

static lat_status fail_name(const char *name) {
  char names[256] = "";
  for (int32_t i = 0; i < lat_task_builtin_count(); ++i) {
    const size_t used = strlen(names);
    lati_format(names + used, sizeof names - used, "%s%s", i > 0 ? ", " : "",
                lat_task_builtin_name(i));
  }
  return lati_fail(LAT_ERROR_NOT_FOUND, "no task '%.40s'; there are %s", name, names);
}

lat_status lati_task_options_resolve(lat_task *task, const lat_task_options *options) {
  lat_status status = LAT_OK;
  LATI_TRY(lati_options_read(&task->options, sizeof task->options, lati_task_fields, options,
                             "task options"));
  const char *name = task->options.name;
  task->kind = lati_task_kind_find(name);
  if (task->kind == NULL) {
    LATI_TRY(fail_name(name));
  }
  task->options.name = task->kind->name;
  strcpy(task->name, task->kind->name);
  task->operands = task->kind->operands;
  task->results = task->kind->results;
  LATI_TRY(resolve_sizes(&task->options, task->kind));
  LATI_TRY(resolve_coefficients(task));
  LATI_TRY(resolve_distribution(task));
  LATI_TRY(resolve_structure(task));
  LATI_TRY(resolve_transform(task));
  LATI_TRY(check_symmetries(task));
  LATI_TRY(check_sizes(task));
done:
  return status;
}
