/* The table that describes a task, and the task behind its handle. */
#ifndef LATI_REGISTRY_H
#define LATI_REGISTRY_H

#include "linalg/operands.h"
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

/* How many matrices one side of a task's examples has, and how they are written. */
typedef struct lati_arity {
  int32_t count;
  lati_layout layout;
} lati_arity;

/* Which reflections an operand, or a result, is multiplied by, from 1; 0: none. */
typedef struct lati_sides {
  int8_t left, right;
} lati_sides;

/* What a residual is computed from: arrays of matrices as they are written. `target` is NULL where
 * there is none and the task does not need it. `work` holds lati_residual_work() doubles. */
typedef struct lati_trial {
  const lat_matrix *input, *target, *prediction;
  size_t values; /* coefficients of the prediction, all matrices together */
  int32_t norm, classic_inverse, accept_zero;
  double *work;
} lati_trial;

/* One task. `input` and `output` are arrays of matrices as they are written
 * (lati_matrices.written): one where the layout joins operands or results, one each otherwise. They
 * are row-major packed and end to end in memory; shapes were checked; `work` holds the doubles that
 * lati_task_work() tells. */
struct lati_task_kind {
  const char *name;
  int32_t letter, degree;
  lati_scaling scaling;
  lati_arity operands, results;
  int32_t structured;  /* how many of the operands, from the first, options.structure is for: either
                          of two, or both */
  int32_t square;      /* rows = cols by nature */
  int32_t right_sides; /* options.cols counts right-hand sides, or slices: 0 is as many as said
                          here; drawn sizes are rows */
  const char *const *transforms; /* what options.transform names, the first by default, NULL at the
                                    end; NULL: nothing */
  int32_t symmetric;             /* inputs are drawn symmetric, of a spectrum */
  int32_t self_scoring;          /* the residual needs no target */
  int32_t vector_blocks;         /* under the row of values: 1: n x n; 2: m x k, then n x k */
  lati_order order;
  const char *takes; /* inputs, for messages */
  /* Shapes of the operands from the rows and columns that the options say, or that are drawn; NULL:
   * one operand of just these. */
  void (*operand_shapes)(lati_shape *operands, int32_t rows, int32_t cols);
  /* Shapes of the results; 0 when the task does not take these operands. */
  int (*result_shapes)(lati_shape *results, const lati_shape *operands);
  /* Doubles of work memory for `input`, the shapes of the matrices that are written. */
  size_t (*work)(const lati_shape *input);
  /* How results follow operands into other coordinates; zeros: they do not. */
  lati_sides reflected_operands[LATI_MAX_OPERANDS], reflected_results[LATI_MAX_OPERANDS];
  lat_status (*answer)(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                       double *work);
  /* The scratchpad that can be written in front of an answer, one matrix of intermediate results:
   * its shape, without rows or columns where nothing lies between operands and answer, which are
   * then refused, and its coefficients.
   * NULL: the task has none. */
  lati_shape (*steps_shape)(const lati_shape *operands);
  void (*write_steps)(const lat_matrix *steps, const lat_task *task, const lat_matrix *input);
  /* NUMERIC when a random example is to be drawn again; NULL: never. */
  lat_status (*accept)(const lat_matrix *output, const lat_matrix *input);
  lat_status (*residual)(double *residual, const lat_task *task, const lati_trial *trial);
  /* Refines an answer to the input in place, and certifies one, in `work` of refine_work() doubles;
   * NULL: the task has neither. NUMERIC: LAPACK failed on the way. */
  lat_status (*refine)(lati_refinement *refinement, const lat_matrix *answer,
                       const lat_matrix *input, double *work);
  lati_certificate (*certify)(const lat_matrix *answer, const lat_matrix *input, double tolerance,
                              double *work);
  /* The answer where LAPACK's cannot be certified, with its certificate; NULL: there is none. As
   * lati_precise_solution(). */
  lat_status (*answer_precisely)(const lat_matrix *answer, lati_certificate *certificate,
                                 const lat_matrix *input, double tolerance, double *work);
  size_t (*refine_work)(int32_t rows, int32_t cols); /* of the first operand, of the last one */
  /* Bounds of the residual of values alone, without the exact ones; NULL where the residual itself
   * is as easily had. `work` of verify_work() doubles. */
  lati_error_bounds (*verify)(const lat_matrix *answer, const lat_matrix *input,
                              const lati_question *question, double *work);
  size_t (*verify_work)(int32_t rows, int32_t cols);
  /* How the input is moved to its canonical form; NULL: the task has none. */
  void (*canonicalize)(lati_transform *transform, const lat_matrix *input);
  int32_t equilibrates; /* 1: options.equilibrate is for it; restore() takes any factors */
  /* As canonicalize() where the steps are to be written; NULL: the same form. */
  void (*canonicalize_for_steps)(lati_transform *transform, const lat_matrix *input);
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
    lati_task_singular_values, lati_task_svd, lati_task_linear_system, lati_task_least_squares,
    lati_task_sylvester, lati_task_determinant, lati_task_tproduct;
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
  lati_arity operands, results; /* 0 matrices each for a mixture */

  /* built-in */
  lat_task_options options; /* resolved; strings are static, `distribution` or `structure` */
  char *distribution, *structure;
  int32_t transform; /* index of kind->transforms */
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

/* A mixture has no letter of its own, and puts its components' in front of both sequences. */
static inline int lati_is_mixture(const lat_task *task) {
  return task->kind == &lati_task_mixture;
}

/* The letter in front of the sequences of a component's examples; 0: none. */
static inline int32_t lati_letter_in(const lat_task *whole, const lat_task *component) {
  return lati_is_mixture(whole) ? component->letter : 0;
}

/* Elements of the largest matrix that is written. */
enum { LATI_LARGEST_MATRIX = LAT_MAX_DIMENSION * LAT_MAX_DIMENSION };

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
size_t lati_score_work(const lat_task *task, const lati_form *operands, const lati_form *results);

/* placeholder.c: true for what lati_task_placeholders() makes. */
int lati_task_is_placeholder(const lat_task *task);

/* True when the task's inputs are moved to their canonical forms. */
int lati_task_canonical(const lat_task *task);
/* Moves the operands to their canonical form in `storage`, of as many doubles; *canonical becomes
 * the view of it, *transform what lati_task_restore() needs (lat_task_transform_size() bytes). */
lat_status lati_task_canonicalize(lati_matrices *canonical, double *storage, void *transform,
                                  const lat_task *task, const lati_matrices *input);
/* The answer, as it is written, to the input from that to its canonical form. */
lat_status lati_task_restore(const lati_matrices *answer, const lat_task *task,
                             const void *transform, const double *canonical);

/* True when the task's results follow its operands into other coordinates. */
int lati_task_reflects(const lat_task *task);
/* Operands, or results, in the coordinates of that candidate, or back: reflections are their own
 * inverses. In place. */
void lati_task_reflect(const lati_matrices *matrices, const lat_task *task, int32_t side,
                       int32_t candidate);

/* True when lati_task_draw_equivalent() finds other inputs: the task has symmetries, and neither
 * takes them away by canonical forms nor has reflections in their place. */
int lati_task_has_equivalents(const lat_task *task);
/* A random element of the task's group of symmetries, for inputs of the shape of `a`; the task's
 * restore() moves the answer to the transformed input back. */
void lati_task_draw_equivalent(lati_transform *transform, const lat_task *task, const lat_matrix *a,
                               lat_random *random);

/* Gives the vectors in a canonical task's answer their documented signs. */
void lati_task_orient(const lat_matrix *answer, const lat_task *task);

/* Operands of the shapes that follow from rows and columns, those of the options or drawn ones. Not
 * for custom tasks and mixtures. */
lati_form lati_task_operand_form(const lat_task *task, int32_t rows, int32_t cols);

/* The form of a caller's operands; of the task's number, which the caller checks. */
lati_form lati_task_form_of(const lat_task *task, const lat_matrix *operands);

/* Form of the answer. SHAPE when the task does not take the operands, when a matrix that is written
 * for them, or for the answer, is larger than LAT_MAX_DIMENSION; CALLBACK. Not for mixtures. */
lat_status lati_task_result_form(lati_form *results, const lat_task *task,
                                 const lati_form *operands);

/* scratchpad.c. Shape of the steps in front of the answer to operands of this form, without rows
 * where the task writes none; 1 when it writes any. */
lati_shape lati_task_steps_shape(const lat_task *task, const lati_form *operands);
int lati_task_has_steps(const lat_task *task);
/* The largest steps of the task's examples, of a mixture those of any component. */
lat_status lati_task_most_steps(lati_shape *steps, const lat_task *task);
/* The steps that lead to the answer to `input`, in `values`, of as many doubles as the shape has.
 * NUMERIC when one is not finite. */
lat_status lati_task_write_steps(lat_matrix *steps, double *values, const lat_task *task,
                                 const lati_matrices *input);
/* SHAPE when there are no steps, or they are larger than LAT_MAX_DIMENSION. */
lat_status lati_task_check_steps(const lat_task *task, const lati_form *operands);

/* Operands' form of a random example. */
lat_status lati_task_draw_form(lati_form *operands, const lat_task *task, lat_random *random);

/* The largest forms of the task's examples. Of a mixture the matrices that are written, each as
 * large as any component's. */
lat_status lati_task_max_forms(lati_form *operands, lati_form *results, const lat_task *task);

/* Doubles of work memory that drawing and answering need for operands up to these. */
size_t lati_task_work(const lat_task *task, const lati_form *operands);

/* Not OK unless the task has that number of operands and results. */
lat_status lati_task_check_counts(const lat_task *task, int32_t operand_count,
                                  int32_t result_count);

/* True when examples may be drawn on several threads at once. */
int lati_task_thread_safe(const lat_task *task);

/* custom.c: the callbacks with their outcomes turned into statuses: REJECT is NUMERIC (SHAPE from
 * output_shape), anything else CALLBACK. */
lat_status lati_custom_operand_form(lati_form *operands, const lat_task *task, lat_random *random);
lat_status lati_custom_result_form(lati_form *results, const lat_task *task,
                                   const lati_form *operands);
/* The largest forms that the table tells. */
void lati_custom_max_forms(lati_form *operands, lati_form *results, const lat_task *task);
lat_status lati_custom_canonicalize(const lat_matrix *operands, const lat_task *task,
                                    void *transform);
lat_status lati_custom_restore(const lat_matrix *results, const lat_task *task,
                               const void *transform);
lat_status lati_custom_draw(const lat_matrix *operands, const lat_task *task, lat_random *random);

#endif
