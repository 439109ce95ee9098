/* The table that describes a task, and the task behind its handle. */
#ifndef LATI_REGISTRY_H
#define LATI_REGISTRY_H

#include "linalg/matrix.h"
#include "linalg/random_matrix.h"
#include "linalg/structures.h"
#include "refine/certify.h"
#include "refine/refine.h"
#include "refine/verify.h"
#include "task/canonical.h"
#include "task/task_impl.h"

/* Order in which a task's answer lists its values (all of it, or the row above the vectors). */
typedef enum lati_order {
  LATI_ORDER_NONE,
  LATI_ORDER_ASCENDING,
  LATI_ORDER_DESCENDING,
  LATI_ORDER_SINGULAR /* descending, and none negative */
} lati_order;

/* What the columns of an input are: of one matrix, of two as wide as each other, of a matrix and a
 * vector behind it. */
typedef enum lati_operands { LATI_ONE_MATRIX, LATI_TWO_MATRICES, LATI_MATRIX_VECTOR } lati_operands;

/* What a residual is computed from: row-major packed matrices. `target` is NULL where there is none
 * and the task does not need it. `work` holds lati_residual_work() doubles. */
typedef struct lati_trial {
  const lat_matrix *input, *target, *prediction;
  int32_t norm, classic_inverse, accept_zero;
  double *work;
} lati_trial;

/* One task. Inputs and outputs are row-major packed; shapes were checked; `work` holds the doubles
 * that lati_task_work() tells. */
struct lati_task_kind {
  const char *name;
  int32_t letter, degree;
  lati_scaling scaling;
  lati_operands operands;
  int32_t square;        /* rows = cols by nature */
  int32_t symmetric;     /* inputs are drawn symmetric, of a spectrum */
  int32_t self_scoring;  /* the residual needs no target */
  int32_t vector_blocks; /* under the row of values: 1: n x n; 2: m x k, then n x k */
  lati_order order;
  const char *takes; /* inputs, for messages */
  /* Shape of the input from that of an operand, in place. */
  void (*input_shape)(int32_t *rows, int32_t *cols);
  /* Shape of the answer from that of the input, in place; 0 when the task does not take it. */
  int (*output_shape)(int32_t *rows, int32_t *cols);
  size_t (*work)(int32_t rows, int32_t cols);
  lat_status (*answer)(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                       double *work);
  /* NUMERIC when a random example is to be drawn again; NULL: never. */
  lat_status (*accept)(const lat_matrix *output, const lat_matrix *input);
  lat_status (*residual)(double *residual, const lat_task *task, const lati_trial *trial);
  /* Refines an answer to the input in place, and certifies one, in `work` of refine_work() doubles;
   * NULL: the task has neither. NUMERIC: LAPACK failed on the way. */
  lat_status (*refine)(lati_refinement *refinement, const lat_matrix *answer,
                       const lat_matrix *input, double *work);
  lati_certificate (*certify)(const lat_matrix *answer, const lat_matrix *input, double tolerance,
                              double *work);
  size_t (*refine_work)(int32_t rows, int32_t cols);
  /* Bounds of the residual of values alone, without the exact ones; NULL where the residual itself
   * is as easily had. `work` of verify_work() doubles. */
  lati_error_bounds (*verify)(const lat_matrix *answer, const lat_matrix *input,
                              const lati_question *question, double *work);
  size_t (*verify_work)(int32_t rows, int32_t cols);
  /* How the input is moved to its canonical form; NULL: the task has none. */
  void (*canonicalize)(lati_transform *transform, const lat_matrix *input);
  /* answer = the answer to the input from `canonical`, that to its canonical form; both packed.
   * NULL: they are the same. */
  void (*restore)(const lat_matrix *answer, const lati_transform *transform,
                  const double *canonical);
  /* Gives the vectors in the answer to a canonical form the signs that are documented; NULL: there
   * are none. */
  void (*orient)(const lat_matrix *answer);
};

extern const lati_task_kind lati_task_transpose, lati_task_add, lati_task_matvec, lati_task_product,
    lati_task_eigenvalues, lati_task_eigenvectors, lati_task_inverse, lati_task_syminverse,
    lati_task_singular_values, lati_task_svd;
extern const lati_task_kind lati_task_custom, lati_task_mixture;

/* The built-in task of that name; NULL when there is none. */
const lati_task_kind *lati_task_kind_find(const char *name);

enum { LATI_MAX_COMPONENTS = 16, LATI_TASK_NAME = 32 };

struct lat_task {
  lati_refs refs;
  lat_context *ctx;
  const lati_task_kind *kind;
  char name[LATI_TASK_NAME];
  int32_t letter, degree;
  lati_scaling scaling;

  /* built-in */
  lat_task_options options; /* resolved; strings are static, `distribution` or `structure` */
  char *distribution, *structure;
  lati_coefficients coefficients;
  lati_spectra spectra;
  lati_named_mixture structures;

  /* custom */
  lat_task_functions functions;
  void *user;

  /* mixture */
  int32_t count; /* of components; 0 otherwise */
  lat_task *components[LATI_MAX_COMPONENTS];
  double weights[LATI_MAX_COMPONENTS], cumulative[LATI_MAX_COMPONENTS];
};

/* A task of one reference; *out is NULL on failure. */
lat_status lati_task_new(lat_task **out, lat_context *ctx, const lati_task_kind *kind);

/* Resolves the options of a built-in task: fills kind, options, coefficients, spectra,
 * structures. */
extern const lati_field lati_task_fields[];
lat_status lati_task_options_resolve(lat_task *task, const lat_task_options *options);

/* Largest transform_size of a custom task. */
enum { LATI_MAX_TRANSFORM = 1 << 16 };

/* What a solver's verdict asks of lat_task_score(): residual, orthogonality and order against the
 * answer of least effort, in `work` of lati_score_work() doubles. */
lat_status lati_task_judge(lat_score *score, const lat_task *task, const lat_matrix *input,
                           const lat_matrix *prediction, double *work);
size_t lati_score_work(const lat_task *task, int32_t rows, int32_t cols, int32_t output_rows,
                       int32_t output_cols);

/* placeholder.c: true for what lati_task_placeholders() makes. */
int lati_task_is_placeholder(const lat_task *task);

/* True when the task's inputs are moved to their canonical forms. */
int lati_task_canonical(const lat_task *task);
/* Moves packed `input` to its canonical form in `storage`, of as many doubles; *canonical becomes
 * the view of it, *transform what lati_task_restore() needs (lat_task_transform_size() bytes). */
lat_status lati_task_canonicalize(lat_matrix *canonical, double *storage, void *transform,
                                  const lat_task *task, const lat_matrix *input);
/* The packed answer to the input from that to its canonical form. */
lat_status lati_task_restore(const lat_matrix *answer, const lat_task *task, const void *transform,
                             const double *canonical);

/* True when lati_task_draw_equivalent() finds other inputs: the task has symmetries, and does not
 * take them away by canonical forms. */
int lati_task_has_equivalents(const lat_task *task);
/* A random element of the task's group of symmetries, for inputs of the shape of `a`; the task's
 * restore() moves the answer to the transformed input back. */
void lati_task_draw_equivalent(lati_transform *transform, const lat_task *task, const lat_matrix *a,
                               lat_random *random);

/* Gives the vectors in a canonical task's answer their documented signs. */
void lati_task_orient(const lat_matrix *answer, const lat_task *task);

/* Shape of the input of a random example. */
lat_status lati_task_draw_shape(int32_t *rows, int32_t *cols, const lat_task *task,
                                lat_random *random);

/* Doubles of work memory that drawing and answering need for inputs up to rows x cols. */
size_t lati_task_work(const lat_task *task, int32_t rows, int32_t cols);

/* True when examples may be drawn on several threads at once. */
int lati_task_thread_safe(const lat_task *task);

/* custom.c: the callbacks with their outcomes turned into statuses: REJECT is NUMERIC (SHAPE from
 * output_shape), anything else CALLBACK. */
lat_status lati_custom_input_shape(int32_t *rows, int32_t *cols, const lat_task *task,
                                   lat_random *random);
lat_status lati_custom_output_shape(int32_t *rows, int32_t *cols, const lat_task *task,
                                    int32_t input_rows, int32_t input_cols);
lat_status lati_custom_canonicalize(const lat_matrix *input, const lat_task *task, void *transform);
lat_status lati_custom_restore(const lat_matrix *answer, const lat_task *task,
                               const void *transform);
lat_status lati_custom_draw(lat_matrix *input, const lat_task *task, lat_random *random);

#endif
