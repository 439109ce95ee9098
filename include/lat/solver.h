/**
 * @file solver.h
 * @brief Inference: sessions that decode batches of tokens, solvers that take and return matrices,
 * evaluation.
 *
 * @code
 * lat_solver *solver = NULL; lat_report report;
 * lat_solver_create(&solver, model, NULL);
 * lat_report_init(&report);
 * lat_solver_solve(&x, &report, solver, &a);
 * if (report.verdict == LAT_VERDICT_WITHIN) { use(x); }
 * @endcode
 *
 * LAPACK solves all of these problems exactly, in microseconds. A solver tells how far a learned
 * answer is off. Sessions and solvers are used by one thread at a time; any number of them share
 * one frozen model.
 */
#ifndef LAT_SOLVER_H
#define LAT_SOLVER_H

#include <lat/model.h>

/** Opaque: key/value cache and scratch memory for decoding. */
typedef struct lat_session lat_session;

/** Opaque: a session plus what surrounds it. */
typedef struct lat_solver lat_solver;

/** How the next token is chosen. */
enum {
  LAT_DECODE_GREEDY = 0, /**< largest logit */
  LAT_DECODE_BEAM = 1,   /**< beam search */
  LAT_DECODE_SAMPLE = 2  /**< drawn from softmax(logits / temperature) */
};

/** Options of lat_session_create() and lat_solver_create(). @since 0.1 */
typedef struct lat_decode_options {
  size_t struct_size; /**< set by the init macro */
  int32_t method;     /**< LAT_DECODE_...; default GREEDY */
  int32_t
      grammar; /**< 1 (default): only symbols that keep the output a well-formed matrix; 0: all */
  int32_t beam_width;    /**< 1..64; default 4 */
  int32_t max_tokens;    /**< longest output; 0: the model's limit */
  double length_penalty; /**< beams are ranked by log-probability / length^penalty; default 1 */
  double temperature;    /**< 1e-6..1e6; default 1 */
  uint64_t seed; /**< of SAMPLE: the n-th sequence that a session decodes is a pure function of
                      (seed, n), however its inputs are cut into batches */
  /* solver only */
  double tolerance; /**< relative residual that counts as right; default 0.05 */
  int32_t scaling;  /**< 1 (default): where the task allows, inputs are scaled into the trained
                       range and answers back; by a power of ten, and but for transpose and add by
                       a round number up to 8 besides, so that solve(10 A) follows from solve(A) */
  int32_t compare;  /**< 1: eigenvalues, singular values and custom tasks without a residual are
                       compared with LAPACK's answer, or the task's own; default 0: the residual of
                       values is enclosed by Sylvester's law of inertia, without LAPACK's answer,
                       and the verdict on custom tasks is UNKNOWN */
  int32_t refine;   /**< most steps of refinement in double precision, 0..100: inverses by Newton
                       and Schulz, eigenvectors and the SVD after Ogita and Aishima, values alone by
                       inverse iteration first, linear systems by residuals in twice the working
                       precision and an inverse of LAPACK's; other tasks have none. A refined answer
                       is certified where it can be. Default 0: off */
  int32_t fallback; /**< 1: where the model's answer is not right, LAPACK's is returned instead and
                       the report says so; with refine, what is not certified is not right.
                       Inverses and solutions of linear systems are found and certified up to
                       condition numbers of about 1e29, rows and columns scaled */
  double certify_tolerance; /**< relative residual that a certificate asks for; default 1e-12 */
  int32_t candidates; /**< most answers decoded for a matrix, 1..1024, of which the best stays: a
                         verdict costs little, and a second answer is often right where the first
                         is not. Each but the first is decoded from the problem in another scale
                         and in other coordinates: operands and results multiplied by Householder
                         reflections, H A K for A, which the answer follows (K A^-1 H; H U, S, K V).
                         Instead rows and columns of sums are permuted, and rows of products of a
                         transformed operand permuted and negated, by models that are not canonical;
                         transposes and tensors are scaled alone. SAMPLE draws others, and BEAM has
                         beam_width of each search, the likeliest first. The next is decoded only
                         where none is right yet, all matrices of a call together. Default 1.
                         Sessions take no notice of it */
  int32_t average;    /**< 1 (default): with candidates, the mean of the best answer so far and each
                         new one takes their place where its verdict and residual are better, which
                         they often are, because the two err in different ways. A mean joins further
                         ones with its weight. Not of custom tasks. 0: always an answer that the model
                         wrote */
  int32_t (*cancel)(void *user); /**< asked before each position of an output, on the calling
                                    thread: non-zero stops the call with CANCELLED, after which
                                    session or solver can be used again. NULL (default): never */
  void *cancel_user;             /**< passed to cancel */
} lat_decode_options;

/** Verdict of a solver on its own answer. */
enum {
  LAT_VERDICT_WITHIN = 0, /**< within tolerance */
  LAT_VERDICT_OUTSIDE =
      1, /**< decoded, but not within tolerance (or vectors not orthonormal, values not ordered) */
  LAT_VERDICT_UNDECODABLE = 2, /**< the tokens are no matrix, or one of the wrong shape, or a number
                                  exceeds the largest double in the caller's units */
  LAT_VERDICT_UNKNOWN = 3, /**< decoded; a custom task without a residual, and comparison is off */
  LAT_VERDICT_CERTIFIED = 4, /**< within certify_tolerance, with a bound on the error that includes
                                the rounding of its own computation */
  LAT_VERDICT_NO_ANSWER = 5  /**< with fallback: there is none, and x is zeros. Of an inverse and of
                                a  linear system this is proven: the matrix is singular as stored,
                                decided in exact arithmetic, or the answer exceeds the largest
                                double */
};

/** Whose answer a solver returns. */
enum {
  LAT_SOURCE_MODEL = 0,   /**< the model's, as decoded */
  LAT_SOURCE_REFINED = 1, /**< the model's, refined: certified, or no worse than as decoded */
  LAT_SOURCE_LAPACK =
      2 /**< lat_task_answer()'s, or that there is none, refined where that helps; inverses that
           double precision does not find, by elimination in twice the precision */
};

/** What a solver says of an answer. @since 0.1 */
typedef struct lat_report {
  size_t struct_size; /**< set by the init macro */
  double residual;  /**< relative residual against the caller's own matrix; NaN if unknown, infinity
                       if undecodable. Of eigenvalues and singular values a bound of it: the upper
                       one, of an answer outside the tolerance the lower one; they differ by a
                       quarter at most */
  double tolerance; /**< what it was held against */
  double orthogonality;   /**< max |V^T V - I|; NaN where the task has no vectors */
  double log_probability; /**< of the output's tokens, see lat_session_log_probabilities() */
  double scale;           /**< factor by which the input was scaled; of an equilibrated one, by
                             which it was scaled behind that */
  int32_t verdict;        /**< LAT_VERDICT_... */
  int32_t tokens;         /**< tokens decoded */
  int32_t source;         /**< LAT_SOURCE_... */
  int32_t refine_steps;   /**< steps of refinement taken; 0 too where values of decoded vectors were
                             computed, or these put in order, and nothing more */
  double residual_before; /**< residual of the model's answer as decoded */
  double error_bound;     /**< CERTIFIED: upper bound on the relative error: of an inverse
                             |A^-1 - X|_F / |X|_F, and of the solution of a linear system
                             likewise; of eigenvalues and singular values, the largest
                             |l_i - lambda_i| / |A|_F (for eigenvalues, of the symmetric part). NaN
                             otherwise */
  int32_t candidates;     /**< answers decoded */
  int32_t candidate;      /**< which of them it is, from 0; of a mean the last one in it, whose
                             log_probability, scale and tokens are told */
  int32_t averaged;       /**< answers that it, or what was refined, is the mean of; 1: one alone;
                             0: it is LAPACK's, or LAPACK finds none */
  int32_t reserved;       /**< 0 */
} lat_report;

/** Number of tolerances reported: by default 5, 2, 1 and 0.5 %. */
#define LAT_TOLERANCES 4

/** One example of an evaluation, as it was scored. Everything is borrowed, valid during the call.
 * @since 0.1 */
typedef struct lat_observation {
  size_t struct_size;       /**< the library's */
  uint64_t index;           /**< of the example in the evaluation, from 0 */
  const lat_task *task;     /**< its own, of a mixture the component */
  const lat_matrix *input;  /**< as its tokens say it, in the canonical frame where there is one,
                               scaled back where it was equilibrated: joined operands one matrix,
                               others an array of them */
  const lat_matrix *target; /**< likewise; beside a prediction in double precision as it was before
                               it was rounded to tokens */
  const lat_matrix *prediction; /**< NULL: no matrix, or one of the wrong shape */
  const int32_t *tokens;        /**< the prediction's, without framing EOS; of one that was chosen
                                   from candidates, which is in double precision, those that it
                                   rounds to */
  size_t token_count;           /**< of them */
  double residual;      /**< of the score; infinity: wrong whatever the tolerance; 0 when exact,
                           but where the prediction is in double precision */
  double orthogonality; /**< largest |v_i . v_j| / (|v_i| |v_j|) of predicted vectors; NaN */
  double condition;     /**< condition number of the predicted vectors; for inverses that of the
                           input, sum |A| |A^-1| / n; NaN for other tasks */
  int32_t verdict;      /**< LAT_VERDICT_...: WITHIN or OUTSIDE the first tolerance, UNDECODABLE;
                           CERTIFIED with decode->refine */
  int32_t candidates;   /**< answers decoded */
  int32_t input_count;  /**< matrices that input points to: of joined operands 1 */
  int32_t result_count; /**< likewise of target and prediction */
} lat_observation;

/** Options of lat_evaluate(). @since 0.1 */
typedef struct lat_evaluate_options {
  size_t struct_size;      /**< set by the init macro */
  int64_t count;           /**< examples; default 1000 */
  uint64_t seed;           /**< default 0 */
  uint32_t stream;         /**< default 2, which training never draws from */
  int32_t reserved;        /**< 0 */
  uint64_t first;          /**< index of the first example in the stream; default 0 */
  int32_t batch_size;      /**< examples decoded at once; default 128 */
  int32_t norm;            /**< LAT_NORM_... */
  int32_t classic_inverse; /**< 1: inverses against the target */
  int32_t accept_trailing; /**< 1: tokens after a complete matrix are ignored, as in the published
                              program; the prediction is not well-formed all the same */
  int32_t
      ceiling; /**< 1: also scores the answer of an exact solver on the rounded input, rounded */
  const lat_task
      *task; /**< draws the examples: the model's task with other sizes, coefficients, spectra
                or noise, or of a mixture some of its tasks; NULL: the model's own */
  lat_decode_options *decode; /**< NULL: greedy without grammar, as the paper. With candidates, the
                                 answer is chosen by its residual against the rounded input, not by
                                 the target, and no more are decoded within the smallest tolerance;
                                 answers must be complete matrices, and are scored in double
                                 precision, as a solver returns them. refine: see
                                 lat_accuracy.certified */
  int32_t (*progress)(int64_t done, int64_t count,
                      void *user); /**< non-zero cancels; may be NULL */
  void *user;                      /**< passed to progress */
  int32_t accept_loose; /**< 1: what is no matrix is read again as the published program reads p10
                           and p1000: a sign, any number of mantissa tokens, and an exponent or
                           none, so that + 5 7 E-3 is 0.057; it is not well-formed all the same.
                           b1999 and fp15 have no other reading */
  int32_t accept_zero;  /**< 1: see lat_score_options */
  double tolerances[LAT_TOLERANCES]; /**< what counts as right; 0: none in this place. All 0
                                        (default): 0.05, 0.02, 0.01, 0.005. The first decides what
                                        failed, for the diagnosis */
  int32_t (*observe)(const lat_observation *observation,
                     void *user); /**< called for each example; non-zero cancels; may be NULL */
  int32_t diagnose;  /**< 1: collects what lat_evaluation_diagnosis() tells; tasks of one kind */
  int32_t reserved2; /**< 0 */
  const lat_batch *source; /**< examples of the host's own, with their answers, instead of fresh
                              ones: `count` of them from `first` on, or those that there are; see
                              lat_sampler_options. NULL (default): drawn */
} lat_evaluate_options;

/** One row of an evaluation: shares in percent. The library's own: a program reads members that lie
 * within struct_size. @since 0.1 */
typedef struct lat_accuracy {
  size_t struct_size;              /**< bytes that the library knows */
  char label[32];                  /**< "all", or the group's: task, size "5x5", distribution */
  int64_t count;                   /**< examples in the row */
  double accuracy[LAT_TOLERANCES]; /**< right within the tolerances; NaN where there is none */
  double ceiling[LAT_TOLERANCES];  /**< what an exact solver reaches on the rounded input; NaN when
                                      not asked */
  double exact;                    /**< all tokens equal */
  double well_formed;              /**< decodable, right shape, nothing after it */
  double within_1pct;              /**< share of coefficients within 1 % of the target's */
  double certified;  /**< share whose answer is certified once it is refined; NaN unless
                        decode->refine asks for it. Accuracies are those of answers before that */
  double candidates; /**< answers decoded for an example, in the mean; not a share */
} lat_accuracy;

/** What tells right answers from failed ones, lat_diagnosis.criterion. */
enum {
  LAT_CRITERION_NONE = 0,
  LAT_CRITERION_VECTORS = 1, /**< condition number of the predicted vectors */
  LAT_CRITERION_INPUT = 2    /**< sum |A| |A^-1| / n of the matrix to be inverted */
};

/** What became of the answers that failed. Numbers that do not exist are NaN. @since 0.1 */
typedef struct lat_diagnosis {
  size_t struct_size;                   /**< set by the init macro */
  int64_t count;                        /**< answers that are matrices of the right shape */
  int64_t failed;                       /**< those not right within the first tolerance */
  double values[LAT_TOLERANCES];        /**< percent of the failed whose values are right within
                                           each tolerance */
  double norms[LAT_TOLERANCES];         /**< whose vectors all have norm 1 within */
  double orthogonality[LAT_TOLERANCES]; /**< whose vectors are orthogonal, |cos| within */
  double threshold;  /**< of the criterion, that sorts most outcomes: right at or below */
  double sorted;     /**< percent of all answers that it sorts rightly */
  double auc;        /**< probability that a failed answer's criterion is above a right one's */
  double right_98;   /**< 98th percentile of the criterion among right answers */
  double failed_2;   /**< 2nd percentile among failed ones */
  int32_t criterion; /**< LAT_CRITERION_... */
  int32_t reserved;  /**< 0 */
} lat_diagnosis;

/** Opaque: the result of an evaluation. */
typedef struct lat_evaluation lat_evaluation;

#ifdef __cplusplus
extern "C" {
#endif

/** The function behind lat_decode_options_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_decode_options_init_sized(lat_decode_options *options, size_t size);
/** Fills a lat_decode_options with the defaults. @since 0.1 */
#define lat_decode_options_init(options) lat_decode_options_init_sized((options), sizeof *(options))

/** Creates a session on a frozen or trainable model (a trainable one must not change while it
 * decodes). @return OK, ARGUMENT, MEMORY. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_session_create(lat_session **out, lat_model *model,
                                                    const lat_decode_options *options);

/** NULL is a no-op. @since 0.1 */
LAT_API void lat_session_free(lat_session *session);

/**
 * Decodes the answer to every input of @p batch, whose targets are ignored.
 * @param[out] out  sequences in the order of the batch, without framing EOS; borrowed, valid until
 * the next call
 * @return OK, ARGUMENT, STATE, LIMIT, CANCELLED (by lat_decode_options.cancel: nothing was decoded,
 * and the next call draws what this one would have drawn), MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_session_decode(lat_sequences *out, lat_session *session,
                                                    const lat_batch *batch);

/**
 * How likely the answers are.
 * @return log-probabilities of the sequences last decoded, one each; borrowed, valid until the next
 * decode. Each token's is that of a softmax over the symbols it was chosen from: under the grammar,
 * those that it allows. @since 0.1
 */
LAT_API const double *lat_session_log_probabilities(const lat_session *session);

/** Creates a solver. Mixtures: see lat_solver_select(). @return OK, ARGUMENT, MEMORY. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_solver_create(lat_solver **out, lat_model *model,
                                                   const lat_decode_options *options);

/** NULL is a no-op. @since 0.1 */
LAT_API void lat_solver_free(lat_solver *solver);

/** Selects which task of a mixture to solve, by name. @return OK, NOT_FOUND. @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_solver_select(lat_solver *solver, const char *task);

/** The function behind lat_report_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_report_init_sized(lat_report *report, size_t size);
/** Fills a lat_report with zeros. @since 0.1 */
#define lat_report_init(report) lat_report_init_sized((report), sizeof *(report))

/**
 * Solves for one matrix, by a task of one operand and one result.
 * @param[out] x       the answer: data, order and ld of the caller's, of the shape
 * lat_task_output_shape() tells; zeros when undecodable
 * @param[out] report  may be NULL
 * @param      a       of a size that the model was trained on; where the task wants symmetry, pairs
 * may differ by 1e-6 of the largest coefficient (the model then sees their mean)
 * @return OK also for a wrong answer: read the verdict. SHAPE (size or symmetry the task does not
 * take), NUMERIC (non-finite entry, or no token for an entry), STATE (a mixture, and no task
 * selected), ARGUMENT (a task of several operands or results), CANCELLED (by
 * lat_decode_options.cancel), CALLBACK (a custom task's function failed), MEMORY. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_solver_solve(lat_matrix *x, lat_report *report,
                                                  lat_solver *solver, const lat_matrix *a);

/**
 * Solves for @p count matrices at once, faster than one by one.
 * @param reports  NULL, or as many as matrices, each initialised
 * @return as lat_solver_solve(); all matrices are checked before the first is solved. After
 * CANCELLED the first answers and reports may be written, a multiple of 128 of them. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_solver_solve_many(lat_matrix *x, lat_report *reports,
                                                       lat_solver *solver, const lat_matrix *a,
                                                       int64_t count);

/**
 * Solves @p count problems of any number of operands and results.
 * @param[out] results  count x result_count matrices, those of a problem together
 * @param reports       NULL, or as many as problems, each initialised
 * @param operands      count x operand_count matrices, those of a problem together
 * @return as lat_solver_solve_many(), and ARGUMENT (a count is not that of the task's operands, or
 * results). @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_solver_solve_operands(lat_matrix *results,
                                                           int32_t result_count,
                                                           lat_report *reports, lat_solver *solver,
                                                           const lat_matrix *operands,
                                                           int32_t operand_count, int64_t count);

/** The function behind lat_evaluate_options_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_evaluate_options_init_sized(lat_evaluate_options *options, size_t size);
/** Fills a lat_evaluate_options with the defaults. @since 0.1 */
#define lat_evaluate_options_init(options)                                                         \
  lat_evaluate_options_init_sized((options), sizeof *(options))

/**
 * Decodes fresh examples and scores them (the paper's section 2). A prediction is right when it is
 * the target token by token, or when it reads as a matrix of the target's shape (and, for a
 * mixture, with its letter) whose residual lies below the tolerance; one that was chosen from
 * several candidates, which is in double precision, by its residual alone. With accept_trailing,
 * accept_loose and accept_zero the same predictions are right as in the published program.
 * @return OK, ARGUMENT (options->task is none of the model's, options), NUMERIC (examples that
 * cannot be drawn), CANCELLED, MEMORY, CALLBACK. @since 0.1
 */
LAT_API LAT_NODISCARD lat_status lat_evaluate(lat_evaluation **out, lat_model *model,
                                              const lat_evaluate_options *options);

/** NULL is a no-op. @since 0.1 */
LAT_API void lat_evaluation_free(lat_evaluation *evaluation);

/** The function behind lat_diagnosis_init(), which passes the caller's sizeof. @since 0.1 */
LAT_API void lat_diagnosis_init_sized(lat_diagnosis *diagnosis, size_t size);
/** Fills a lat_diagnosis with zeros. @since 0.1 */
#define lat_diagnosis_init(diagnosis) lat_diagnosis_init_sized((diagnosis), sizeof *(diagnosis))

/** What became of the failed answers, over all examples (after Charton, "What is my math
 * transformer doing?", 2022). @return OK, ARGUMENT, STATE (options.diagnose was 0). @since 0.1 */
LAT_API LAT_NODISCARD lat_status lat_evaluation_diagnosis(lat_diagnosis *out,
                                                          const lat_evaluation *evaluation);

/** A tolerance of the accuracies. @return tolerance @p index of the accuracies; 0 where there is
 * none. @since 0.1 */
LAT_API double lat_evaluation_tolerance(const lat_evaluation *evaluation, int32_t index);

/** Rows of results. @return number of rows: row 0 is "all", then groups where sizes, tasks or
 * distributions are mixed. @since 0.1 */
LAT_API int32_t lat_evaluation_row_count(const lat_evaluation *evaluation);

/** A row of results. @return row @p index, borrowed; NULL past the end. @since 0.1 */
LAT_API const lat_accuracy *lat_evaluation_row(const lat_evaluation *evaluation, int32_t index);

#ifdef __cplusplus
}
#endif

#endif
