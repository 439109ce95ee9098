/* Tasks, samplers and batches behind their handles. */
#ifndef LATI_TASK_IMPL_H
#define LATI_TASK_IMPL_H

#include "base/context_impl.h"
#include "base/json.h"
#include "base/random.h"
#include "linalg/operands.h"
#include "tokenizer/tokenizer_impl.h"

#include <lat/batch.h>

typedef struct lati_task_kind
    lati_task_kind; /* task/registry.h: one table per built-in task, one for custom */

/* How a task's answer scales with its input. */
typedef enum lati_scaling { LATI_SCALE_NONE, LATI_SCALE_ALL, LATI_SCALE_FIRST_ROW } lati_scaling;

/* True when the task's inputs must be symmetric. */
int lati_task_symmetric(const lat_task *task);
/* How the answer to c A follows from the answer to A: factor c^degree on all rows, or on the first
 * alone. */
lati_scaling lati_task_scaling(int32_t *degree, const lat_task *task);
/* Half width of the range of coefficients that the task's examples have (the solver scales into
 * it). */
double lati_task_range(const lat_task *task);
/* True when a residual can be had from input and prediction alone. */
int lati_task_self_scoring(const lat_task *task);
/* True when answers hold vectors whose orthonormality is part of being right. */
int lati_task_has_vectors(const lat_task *task);

/* The answer to `input`, row-major packed matrices as they are written, whose shapes are the
 * task's: LAPACK's, or the custom task's. Not for mixtures. NUMERIC (non-finite input, singular
 * matrix), MEMORY, CALLBACK: the output is then as it was. */
lat_status lati_task_answer(lat_matrix *output, const lat_task *task, const lat_matrix *input);
/* The same in `work` of lati_score_work() doubles. */
lat_status lati_task_answer_in(lat_matrix *output, const lat_task *task, const lat_matrix *input,
                               double *work);
/* The score of a prediction, the matrices all as they are written and of the task's shapes; target
 * NULL: the answer. `score` is written as a whole. */
lat_status lati_task_score(lat_score *score, const lat_task *task, const lat_matrix *input,
                           const lat_matrix *target, const lat_matrix *prediction,
                           const lat_score_options *options);
/* Shape of the matrix that an answer is written as, from that of the matrix that its operands are
 * written as; each side is one matrix. SHAPE, STATE, CALLBACK. */
lat_status lati_task_written_answer(lati_shape *answer, const lat_task *task, lati_shape input);
/* Matrices that operands and results are written as. */
int32_t lati_task_written(const lat_task *task, int32_t side);
/* The same with the scratchpad in front of an answer. */
int32_t lati_task_sequence_matrices(const lat_task *task, int32_t side);
/* The most of any component, without scratchpads. */
int32_t lati_task_most_written(const lat_task *task, int32_t side);
/* Matrices of the sequence of an answer of the component with that letter, its scratchpad among
 * them; of the task itself where no component has it. */
int32_t lati_task_answer_matrices(const lat_task *task, int32_t letter);
/* Most tokens of one side of an example, a mixture's letter included. */
lat_status lati_task_max_tokens(size_t tokens[2], const lat_task *task,
                                const lat_tokenizer *tokenizer);

/* OK when the tokenizer can write the task's inputs: a triangle needs symmetric ones. */
lat_status lati_task_check_tokenizer(const lat_task *task, const lat_tokenizer *tokenizer);

lat_task *lati_task_ref(lat_task *task);

/* From now on the sampler's weights are those at the end of its curriculum, at any position. */
void lati_sampler_stay_at_end(lat_sampler *sampler);

/* The task as JSON and back (registered names, options; a mixture's components and weights). A
 * custom task is written by name and read by matching `custom`. */
lat_status lati_task_to_json(json_t **out, const lat_task *task);
lat_status lati_task_from_json(lat_task **out, lat_context *ctx, const json_t *object,
                               lat_task *custom);
/* Stand-ins for the custom tasks in a file's description of its task; *out is NULL
 * when there are none, a mixture where the file has one. ARGUMENT for a name that no custom task
 * can have. */
lat_status lati_task_placeholders(lat_task **out, lat_context *ctx, const json_t *object);

/* One side of a batch. Tokens include no framing; the model adds it. For each token and for the
 * closing EOS (so offsets[i] + i is sequence i's first place): 1-based matrix coordinates of the
 * token, 0 outside entries. */
typedef struct lati_batch_side {
  int32_t *tokens;
  int64_t *offsets;     /* size + 1 */
  uint8_t *rows, *cols; /* offsets[size] + size of them */
  double *values;       /* matrices as they are written, row-major, end to end */
  int64_t *value_offsets;
  lati_form *forms; /* count 0 where a target is not known */
  size_t token_capacity, offset_capacity, place_capacity, value_capacity;
} lati_batch_side;

struct lat_batch {
  lat_context *ctx;
  lat_tokenizer *tokenizer;
  int64_t size;
  int32_t *components;     /* of a mixture */
  int32_t *distributions;  /* index of the spectrum drawn, -1 where there is none */
  int32_t *structures;     /* likewise */
  int64_t *factor_offsets; /* size + 1 */
  size_t example_capacity;
  double *factors; /* of equilibrated inputs: rows', then columns'; end to end; others have none */
  size_t factor_capacity;
  lati_batch_side side[2];
};

/* A number that batches of the same tokens share, and others most probably do not. */
uint64_t lati_batch_fingerprint(const lat_batch *batch);

/* Name of the spectrum that example `index` was drawn from, for tables of accuracy by distribution;
 * NULL where there is none. */
const char *lati_batch_distribution(const lat_batch *batch, int64_t index);
/* Likewise the structure. */
const char *lati_batch_structure(const lat_batch *batch, int64_t index);
/* The factors of the rows of an equilibrated input, and behind them those of its columns; NULL for
 * another example. */
const double *lati_batch_factors(const lat_batch *batch, int64_t index);

#endif
