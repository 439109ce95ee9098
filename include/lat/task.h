/**
 * @file task.h
 * @brief Problems of linear algebra: their random examples, answers and scores (the paper's
 * sections 2 and 4).
 *
 * | name | letter | operands | results | degree |
 * |---|---|---|---|---|
 * | transpose | T | A (m x n) | A^T | 1 |
 * | add | A | A, B (m x n), written [A B] | A + B | 1 |
 * | matvec | D | M (m x n), v (m x 1), written [M v] | M^T v as a column | 2 |
 * | product | M | A, B (m x n), written [A B] | A^T B (n x n) | 2 |
 * | eigenvalues | E | symmetric S (n x n) | eigenvalues, descending, n x 1 | 1 |
 * | eigenvectors | F | symmetric S | eigenvalues, ascending, 1 x n; V (n x n); stacked | mixed |
 * | inverse | I | A (n x n) | A^-1 | -1 |
 * | syminverse | Y | symmetric S | S^-1 | -1 |
 * | singular-values | G | A (m x n) | singular values, descending, k x 1 | 1 |
 * | svd | S | A (m x n) | singular values, 1 x k; U (m x k); V (n x k); stacked | mixed |
 * | linear-system | L | A (n x n), B (n x k) | X of A X = B | 0 |
 * | least-squares | O | A (m x n), m >= n, b (m x 1) | x of least \|A x - b\| | 0 |
 * | sylvester | X | A (m x m), B (n x n), C (m x n) | X of A X + X B = C | 0 |
 * | determinant | N | A (n x n) | det A, 1 x 1 | none |
 * | tproduct | P | A, B: k slices n x n each, one below the other | A * B under a transform | 2 |
 *
 * Operands and results are arrays of matrices, and a task says how many it has. As tokens they are
 * one matrix where the table says so, side by side or stacked, and otherwise matrices one after the
 * other, each with its own dimensions. Calls that end in _operands serve any task; those beside
 * them take one matrix and answer with one, and refuse tasks that have more.
 *
 * k = min(m, n). The degree is that of homogeneity: answer(c A) = c^degree answer(A), all operands
 * scaled together; "mixed" answers scale in their first row alone. A task is immutable, reference
 * counted, and (custom tasks: if their functions are) safe to use from any number of threads.
 */
#ifndef LAT_TASK_H
#define LAT_TASK_H

#include <lat/context.h>
#include <lat/matrix.h>

/** Opaque; see the file's description. */
typedef struct lat_task lat_task;

/** Opaque stream of random numbers that a custom task draws from: a pure function of seed, stream
 * and example. */
typedef struct lat_random lat_random;

/** Options of lat_task_create(). Sizes are those of one operand. @since 0.1 */
typedef struct lat_task_options {
  size_t struct_size;  /**< set by the init macro */
  const char *name;    /**< one of the table's; default "transpose" */
  int32_t rows;        /**< fixed size, 1..100; default 5 */
  int32_t cols;        /**< 0: as many as rows; "linear-system": of B, 0: one;
                            "tproduct": slices of a tensor, 0: two, rows are those of a slice */
  int32_t min_size;    /**< with max_size: sizes drawn per example instead; 0: fixed */
  int32_t max_size;    /**< largest size drawn, up to 100 */
  int32_t rectangular; /**< 1: rows and columns are drawn independently from min_size..max_size */
  const char *coefficients; /**< "uniform" (default) on +-range, or "gaussian" of the same standard
                               deviation */
  double range;             /**< half width of the uniform distribution; default 10 */
  const char *distribution; /**< spectrum of symmetric matrices: "semicircle" (default), "positive",
                               "uniform", "gaussian", "laplace", "positive2", "marcenko", or a
                               mixture "a[:w],b[:w]"; other tasks have none and ignore it */
  double noise; /**< s: adds N(0, (s range/sqrt 3)^2) to every coefficient of the input after the
                   answer is computed (symmetric inputs too, which do not stay symmetric);
                   default 0 */
  int32_t canonical;       /**< 1: inputs are moved to their canonical forms, see
                              lat_task_canonicalize(); not for "transpose". Default 0 */
  int32_t symmetric_noise; /**< 1: noise keeps symmetric inputs symmetric; default 0 */
  const char *structure; /**< what drawn matrices are turned into, before noise: "dense" (NULL too;
                            as drawn), "diagonal", "identity", "zero" (not for inverses), "integer"
                            (coefficients rounded), "sparse" (each stays with probability 0.3),
                            "toeplitz", "circulant", "tridiagonal", "kronecker" (A (x) B, where B's
                            sizes are the largest proper divisors, coefficients kept in range),
                            "block-diagonal" (two blocks), "lowrank-diagonal" (D + u v^T) or
                            "laplacian" (of the graph with weights |a_ij|; not for inverses), or a
                            mixture "a[:w],b[:w]". Of two operands either is turned into it, or
                            both; vectors and right-hand sides are left as drawn. Where a draw has
                            no answer, it is made again with the same structure */
  const char
      *transform;      /**< "tproduct": along the tubes, "identity" (default), "dct" or "circulant"
                          (Fourier: slices are convolved); "product": of the coefficients of A,
                          "none" (default) or "log1p", f(a) = sign(a) log(1 + |a|); the answer is
                          then f(A)^T B and inputs are not scaled. Other tasks: NULL */
  int32_t scratchpad;  /**< 1: intermediate results are written in front of an answer, and learned
                          with it (Nye et al. 2021); answers are judged without them. "matvec",
                          "product": sums over the first 1, 2, ... rows; "inverse": the matrices of
                          Gauss-Jordan elimination in place, up to 10 x 10. Not for sizes of 1,
                          which have no steps. Default 0 */
  int32_t equilibrate; /**< 1: canonical forms of "inverse" are equilibrated: rows and columns
                          scaled until the sizes of the coefficients in each sum to 1 (Sinkhorn and
                          Knopp 1967). Default 0 */
} lat_task_options;

/** Return value of a custom task's callback that discards the example and draws another. */
#define LAT_TASK_REJECT 1

/**
 * A custom task. Callbacks return 0; draw, answer and output_shape may return ::LAT_TASK_REJECT;
 * any other value stops the calling function with CALLBACK. Pointers to matrices and to their rows
 * and columns are arrays: of operand_count for input and operands, of result_count for output,
 * target, prediction and results. Matrices passed in are row-major and packed, those to be filled
 * are zero. Several are written one after the other. Callbacks run in the default floating-point
 * environment (see context.h), whatever the host's is. Fill with lat_task_functions_init() first.
 * @since 0.1
 */
typedef struct lat_task_functions {
  size_t struct_size; /**< set by the init macro */
  const char *name; /**< unique name, at most 31 characters of a-z, 0-9 and '-'; stored in models */
  int32_t letter;   /**< 'A'..'Z', for co-training */
  int32_t degree;   /**< degree of homogeneity, used for scaling when scalable */
  int32_t scalable; /**< 1: answer(c A) = c^degree answer(A); the solver may scale inputs */
  int32_t thread_safe; /**< 1: callbacks may run on several threads at once */
  /** Draws the operands' shapes, 1..100 each. */
  int32_t (*input_shape)(int32_t *rows, int32_t *cols, lat_random *random, void *user);
  /** Shapes of the answer to operands of these; ::LAT_TASK_REJECT for ones it does not take. */
  int32_t (*output_shape)(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                          const int32_t *input_cols, void *user);
  /** Fills the operands. */
  int32_t (*draw)(lat_matrix *input, lat_random *random, void *user);
  /** Computes the answer. */
  int32_t (*answer)(lat_matrix *output, const lat_matrix *input, void *user);
  /** Relative residual of a prediction; NULL: |P - T| / |T| with the L1 norm, which needs the
   * target. */
  int32_t (*residual)(double *residual, const lat_matrix *input, const lat_matrix *target,
                      const lat_matrix *prediction, void *user);
  /** Moves the operands to their canonical form, in place and in their shapes, and writes to
   * @p transform (transform_size bytes, zero before) what restore needs. NULL: inputs are taken as
   * they are. Given together with restore and transform_size. */
  int32_t (*canonicalize)(lat_matrix *operands, int32_t operand_count, void *transform, void *user);
  /** Moves the results for the canonical operands to those for the caller's, in place. */
  int32_t (*restore)(lat_matrix *results, int32_t result_count, const void *transform, void *user);
  int32_t transform_size;      /**< bytes, up to 65,536 */
  int32_t reserved;            /**< 0 */
  int32_t operand_count;       /**< 0 (as 1) or 1..4 */
  int32_t result_count;        /**< 0 (as 1) or 1..4 */
  int32_t operand_max_rows[4]; /**< largest shapes of the operands, 1..100 each; 0: 100. Models,
                                  samplers and solvers make room for these and no more; a model's
                                  limit of positions follows from them where its options leave it
                                  open. Operands larger than that are refused with SHAPE, callbacks
                                  that give such shapes with CALLBACK */
  int32_t operand_max_cols[4]; /**< their columns */
  int32_t result_max_rows[4];  /**< likewise those of the results */
  int32_t result_max_cols[4];  /**< their columns */
} lat_task_functions;

/** Norm of the residuals (lat_score_options.norm). */
enum {
  LAT_NORM_L1 = 0,        /**< sum of absolute coefficients, the paper's default */
  LAT_NORM_MAX = 1,       /**< largest absolute coefficient */
  LAT_NORM_FROBENIUS2 = 2 /**< sum of squares */
};

/** Options of lat_task_score(). @since 0.1 */
typedef struct lat_score_options {
  size_t struct_size;      /**< set by the init macro */
  int32_t norm;            /**< LAT_NORM_...; default L1 */
  int32_t classic_inverse; /**< 1: score inverses against the target instead of |A P - I| / |I| */
  int32_t accept_zero; /**< 1: eigenvectors and SVD: values that are all 0 are right where V^T S V
                          (U^T A V) is 0 as well, so that an answer of zeros is right for every
                          input, as in the published program; default 0: only for an input of 0 */
  int32_t reserved;    /**< 0 */
} lat_score_options;

/** What lat_task_score() finds. Numbers that a task does not define are NaN. @since 0.1 */
typedef struct lat_score {
  size_t struct_size; /**< set by the init macro */
  double residual;    /**< relative residual; infinity for a prediction of the wrong shape */
  double within_1pct; /**< share of coefficients within 1 % of the target's */
  double
      orthogonality; /**< max |V^T V - I| over predicted vectors (eigenvectors; SVD: both sides) */
  double condition;  /**< condition number of the predicted vectors, the larger of both sides' */
  int32_t ordered;   /**< 1: predicted eigenvalues or singular values are in the documented order,
                        singular values not negative; 1 where the task has no such values */
  int32_t exact;     /**< 1: equal to the target coefficient by coefficient */
} lat_score;

#ifdef __cplusplus
extern "C" {
#endif

/** The function behind lat_task_options_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_task_options_init_sized(lat_task_options *options, size_t size);
/** Fills a lat_task_options with the defaults. @since 0.1 */
#define lat_task_options_init(options) lat_task_options_init_sized((options), sizeof *(options))

/** The function behind lat_task_functions_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_task_functions_init_sized(lat_task_functions *functions, size_t size);
/** Fills a lat_task_functions with zeros. @since 0.1 */
#define lat_task_functions_init(functions)                                                         \
  lat_task_functions_init_sized((functions), sizeof *(functions))

/** The function behind lat_score_options_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_score_options_init_sized(lat_score_options *options, size_t size);
/** Fills a lat_score_options with the defaults. @since 0.1 */
#define lat_score_options_init(options) lat_score_options_init_sized((options), sizeof *(options))

/** The function behind lat_score_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_score_init_sized(lat_score *score, size_t size);
/** Fills a lat_score with zeros. @since 0.1 */
#define lat_score_init(score) lat_score_init_sized((score), sizeof *(score))

/**
 * Creates one of the built-in tasks.
 * @return OK, NOT_FOUND (name, distribution), ARGUMENT (sizes, square tasks with cols != rows),
 * MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_task_create(lat_task **out, lat_context *ctx,
                                                 const lat_task_options *options);

/** Creates a custom task; @p functions is copied, @p user must outlive the task. @return OK,
 * ARGUMENT (a function that is missing, a member outside its range), MEMORY. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_task_create_custom(lat_task **out, lat_context *ctx,
                                                        const lat_task_functions *functions,
                                                        void *user);

/**
 * Creates a mixture for co-training: each example's task is drawn with probability proportional to
 * its weight, and its letter is put in front of both sequences. Holds references to @p tasks, whose
 * letters must differ and which must not be mixtures.
 * @param weights  positive; NULL: equal
 * @param count    1..16
 * @return OK, ARGUMENT, MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_task_create_mixture(lat_task **out, lat_context *ctx,
                                                         lat_task *const *tasks,
                                                         const double *weights, int32_t count);

/** Gives up the caller's reference. NULL is a no-op. @since 0.1 */
LAT_API void lat_task_free(lat_task *task);

/** Number of built-in tasks. @return number of built-in tasks. @since 0.1 */
LAT_API int32_t lat_task_builtin_count(void);

/** Names of built-in tasks. @return name of built-in task @p index, NULL past the end; static
 * storage. @since 0.1 */
LAT_API const char *lat_task_builtin_name(int32_t index);

/**
 * The options of a built-in task as they took effect. Texts are borrowed and live as long as the
 * task.
 * @param[out] options  filled by lat_task_options_init() first; filled up to its struct_size
 * @return OK, ARGUMENT (NULL, or not initialised), STATE (a custom task; a mixture, whose
 * components have options). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_task_get_options(lat_task_options *options,
                                                      const lat_task *task);

/** The task's name. @return the task's name; "mixture" for a mixture. Lives as long as the task.
 * @since 0.1 */
LAT_API const char *lat_task_name(const lat_task *task);

/** The task's letter. @return the task's letter; 0 for a mixture. @since 0.1 */
LAT_API int32_t lat_task_letter(const lat_task *task);

/** Number of parts of a mixture. @return number of tasks in a mixture; 1 for any other task. @since
 * 0.1 */
LAT_API int32_t lat_task_component_count(const lat_task *task);

/** A part of a mixture. @return component @p index of a mixture (borrowed), the task itself for
 * index 0 otherwise; NULL past the end. @since 0.1 */
LAT_API const lat_task *lat_task_component(const lat_task *task, int32_t index);

/** Weight of a part of a mixture. @return weight of component @p index of a mixture, as it was
 * given; 1 for index 0 of any other task; 0 past the end. @since 0.1 */
LAT_API double lat_task_weight(const lat_task *task, int32_t index);

/** Matrices of a problem. @return number of operands, 1..4; 0 for a mixture. @since 0.1 */
LAT_API int32_t lat_task_operand_count(const lat_task *task);

/** Matrices of an answer. @return number of results, 1..4; 0 for a mixture. @since 0.1 */
LAT_API int32_t lat_task_result_count(const lat_task *task);

/**
 * Shapes of the answer to operands. Not for mixtures.
 * @param[out] results  rows, cols, ld and order (row-major packed) are set; data is left alone
 * @param operands      rows and cols are read, and nothing else
 * @return OK, SHAPE (with what the task takes), ARGUMENT (a count is not the task's), STATE,
 * CALLBACK.
 * @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_task_result_shapes(lat_matrix *results, int32_t result_count,
                                                        const lat_task *task,
                                                        const lat_matrix *operands,
                                                        int32_t operand_count);

/** Shape of the answer of a task of one operand and one result to a rows x cols input. @return as
 * lat_task_result_shapes(). @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_task_output_shape(int32_t *rows, int32_t *cols,
                                                       const lat_task *task, int32_t input_rows,
                                                       int32_t input_cols);

/** Largest operands and results that the task's examples can have, as lat_task_result_shapes()
 * fills them in. Custom tasks: as lat_task_functions says, 100 x 100 where it says nothing. @return
 * OK, ARGUMENT (NULL, another number of matrices), STATE (a mixture). @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_task_max_operands(lat_matrix *operands, int32_t operand_count,
                                                       lat_matrix *results, int32_t result_count,
                                                       const lat_task *task);

/** lat_task_max_operands() for tasks of one operand and one result, and mixtures of them: of these
 * the most rows and columns of any. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_task_max_shapes(int32_t *input_rows, int32_t *input_cols,
                                                     int32_t *output_rows, int32_t *output_cols,
                                                     const lat_task *task);

/**
 * The answer to operands, by LAPACK (or the custom task's function): signs of vectors as LAPACK's
 * dsyevd with uplo 'L' and dgesdd on A return them. Eigenvalues and eigenvectors are those of the
 * input's lower triangle; whether the upper one mirrors it is not checked. Not for mixtures.
 * @param[out] results  data, order and ld of the caller's; shapes as lat_task_result_shapes()
 * @return OK, SHAPE, ARGUMENT (a count is not the task's), NUMERIC (non-finite input, singular
 * matrix), STATE, MEMORY, CALLBACK. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_task_answer_operands(lat_matrix *results, int32_t result_count,
                                                          const lat_task *task,
                                                          const lat_matrix *operands,
                                                          int32_t operand_count);

/** lat_task_answer_operands() for tasks of one operand and one result. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_task_answer(lat_matrix *output, const lat_task *task,
                                                 const lat_matrix *input);

/** Size of a transform. @return bytes of a transform of lat_task_canonicalize(), the most of a
 * mixture's components; 0 for a task that is not canonical. @since 0.1 */
LAT_API size_t lat_task_transform_size(const lat_task *task);

/**
 * Moves operands to their canonical form: one representative of all the inputs that the task's
 * symmetries make equivalent. Samplers, solver and evaluation do this by themselves where the task
 * is canonical (lat_task_options.canonical, or a custom task's functions); this is for batches of
 * one's own. Permutations and signs only, so the numbers stay the same to the last bit, but for
 * equilibrate:
 * - eigenvalues, eigenvectors, syminverse: s D P S P^T D with trace >= 0, the diagonal descending,
 *   then for each column the first entry above the diagonal that is not 0 positive;
 * - inverse: D1 P A Q D2 with the entry of largest size in front, first row and column >= 0, the
 *   other rows and columns sorted by them, descending; with the option equilibrate, of R A S, where
 *   R and S scale rows and columns, which rounds;
 * - singular-values, svd: likewise, transposed to have at least as many rows as columns (square: to
 *   have a first row lexicographically >= the first column);
 * - product, matvec: common rows by the first column, which is >= 0 and descending;
 * - add: rows and columns of both operands together, by the first operand.
 *
 * Ties keep the order of the input, so that equivalent inputs with ties may get different forms;
 * the answer is right all the same. In the answers that samplers write for canonical inputs, the
 * first component of each vector with |v_i| >= 1 / (2 sqrt n) is positive (for the SVD: of u, and v
 * with it). After Kaba et al., "Equivariance with learned canonicalization functions" (2023).
 *
 * @param[out] canonical  as many matrices as operands, whose data is the caller's, with room for as
 * many doubles as the operand has; become row-major packed; may lie on the operands
 * @param operand_count   the task's
 * @param[out] transform  lat_task_transform_size() bytes, aligned as by malloc()
 * @return OK, STATE (not canonical; mixture), SHAPE, NUMERIC, ARGUMENT, MEMORY, CALLBACK.
 * @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_task_canonicalize(lat_matrix *canonical, int32_t operand_count,
                                                       void *transform, const lat_task *task,
                                                       const lat_matrix *operands);

/**
 * Moves the answer to a canonical form back to the answer to the operands.
 * @param[out] results   the answer, data, order and ld of the caller's; may lie on @p canonical
 * @param result_count   the task's
 * @param transform      as lat_task_canonicalize() wrote it
 * @param canonical      the answer to the canonical form
 * @return OK, STATE, SHAPE, ARGUMENT, MEMORY, CALLBACK. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_task_restore(lat_matrix *results, int32_t result_count,
                                                  const lat_task *task, const void *transform,
                                                  const lat_matrix *canonical);

/**
 * Scores a prediction by the task's relative residual (the paper's section 2):
 * transpose: |P - A^T| / |A|; add, matvec, product, eigenvalues, singular values: |P - T| / |T| (0
 * or infinity where T = 0); inverse: |A P - I| / |I| (|I| = n; 1 in the max norm); eigenvectors:
 * |V^T S V - diag L| / |L|; linear-system |A P - B| / |B|; least-squares |A^T (A P - b)| / |A^T b|;
 * sylvester |A P + P B - C| / |C|; determinant |P - T| / |T|; SVD: |U^T A V - diag s| / |s| (with L
 * = 0 or s = 0: infinity unless the input is 0, but see accept_zero). A custom task's own residual
 * function is asked whatever the norm.
 * @param[out] score   filled by lat_score_init() first; its residual is infinite for a prediction
 * of the wrong shape or with a coefficient that is not finite
 * @param operands  as the model saw them (decoded from its tokens)
 * @param targets   rounded answer; NULL: computed (where a task that needs no target has none, as
 * for a singular matrix, within_1pct is NaN and exact 0)
 * @param options   NULL for the defaults
 * @return OK, SHAPE (operands, targets), STATE (mixture), ARGUMENT, NUMERIC (operands, targets),
 * MEMORY, CALLBACK. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_task_score_operands(
    lat_score *score, const lat_task *task, const lat_matrix *operands, int32_t operand_count,
    const lat_matrix *targets, const lat_matrix *predictions, int32_t result_count,
    const lat_score_options *options);

/** lat_task_score_operands() for tasks of one operand and one result. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_task_score(lat_score *score, const lat_task *task,
                                                const lat_matrix *input, const lat_matrix *target,
                                                const lat_matrix *prediction,
                                                const lat_score_options *options);

/** Draws from a uniform distribution. @return a double uniform on [0, 1). @since 0.1 */
LAT_API double lat_random_uniform(lat_random *random);

/** Draws from a normal distribution. @return a standard normal double. @since 0.1 */
LAT_API double lat_random_normal(lat_random *random);

/** Draws an integer. @return an integer uniform on low..high, both included; low when high < low.
 * @since 0.1 */
LAT_API int32_t lat_random_integer(lat_random *random, int32_t low, int32_t high);

#ifdef __cplusplus
}
#endif

#endif
