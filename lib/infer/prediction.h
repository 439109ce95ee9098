/* Scoring one decoded sequence against its example (the paper's section 2). */
#ifndef LATI_PREDICTION_H
#define LATI_PREDICTION_H

#include "task/task_impl.h"

#include <lat/solver.h>

/* Tokens of one sequence, without framing. */
typedef struct lati_tokens {
  const int32_t *tokens;
  size_t count;
} lati_tokens;

/* What an example asks. An input that was equilibrated, and its answers, are scored as they were
 * before, which the factors tell; rows and columns stay in the canonical order. */
typedef struct lati_asked {
  lati_tokens input, target;
  const double *factors;          /* lati_batch_factors() */
  const double *unrounded_target; /* what its tokens were rounded from, end to end; read where a
                                     guess is not rounded either */
} lati_asked;

/* An answer to it. */
typedef struct lati_guess {
  lati_tokens tokens;
  const double *unrounded; /* what they were rounded from, end to end, scored in place of them;
                              NULL: the tokens are the answer */
  int32_t candidates;      /* decoded for it */
} lati_guess;

typedef struct lati_prediction {
  int32_t exact;       /* all tokens equal, but for a scratchpad's */
  int32_t well_formed; /* decodable, right letter and shape, nothing after it */
  double residual; /* infinity when wrong whatever the tolerance; 0 when exact tokens are scored */
  double within_1pct; /* share of coefficients */
  int32_t certified;  /* 1: certified once it is refined */
  int32_t candidates; /* decoded for it */
} lati_prediction;

/* An example and its prediction as matrices in the scorer's memory. */
typedef struct lati_example {
  lat_matrix source[LATI_MAX_OPERANDS], target[LATI_MAX_OPERANDS], predicted[LATI_MAX_OPERANDS];
  int32_t has_prediction; /* 1: a matrix of the target's shape, to be scored */
  int32_t well_formed;    /* see lati_prediction */
} lati_example;

typedef struct lati_scorer {
  const lat_tokenizer *tokenizer;
  lat_score_options options;
  int32_t accept_trailing, accept_loose; /* as in lat_evaluate_options */
  double *source, *target, *predicted;   /* room for the largest matrices each */
  int32_t *answer;                       /* tokens of an exact answer */
  size_t answer_capacity;
} lati_scorer;

/* Reads `count` matrices from the front of a sequence, end to end into `values`, which has room for
 * `capacity` doubles; *letter, or 0, is in front of the first. has_steps: a scratchpad, one matrix
 * more, may stand before them, which is passed over. FORMAT, LIMIT. */
lat_status lati_read_matrices(lat_matrix *written, int32_t *letter, size_t *used, double *values,
                              size_t capacity, int32_t count, const lat_tokenizer *tokenizer,
                              int32_t side, int loose, int has_steps, lati_tokens sequence);

/* `task` is what examples are drawn from. */
lat_status lati_scorer_init(lati_scorer *scorer, const lat_context *ctx,
                            const lat_tokenizer *tokenizer, const lat_task *task,
                            const lat_score_options *options);
void lati_scorer_clear(lati_scorer *scorer);

/* `task` is the example's own, not a mixture. The source is what its rounded tokens say, the target
 * likewise, unless the guess is not rounded. */
lat_status lati_score_prediction(lati_prediction *out, const lati_scorer *scorer,
                                 const lat_task *task, const lati_asked *asked,
                                 const lati_guess *guess);

/* Valid until the next score. */
lat_status lati_read_example(lati_example *out, const lati_scorer *scorer, const lat_task *task,
                             const lati_asked *asked, const lati_guess *guess);

/* Fills out->certified: whether the prediction, refined as the options say, is certified against
 * the rounded input. work: as lati_improve_work() tells. */
lat_status lati_certify_prediction(lati_prediction *out, const lati_scorer *scorer,
                                   const lat_task *task, const lati_asked *asked,
                                   const lati_guess *guess, const lat_decode_options *options,
                                   double *work);

/* The score of the exact answer to the rounded input, itself rounded: what the encodings allow. */
lat_status lati_score_ceiling(lati_prediction *out, const lati_scorer *scorer, const lat_task *task,
                              const lati_asked *asked);

#endif
