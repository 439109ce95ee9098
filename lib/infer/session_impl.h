/* The session behind the handle: what greedy decoding, sampling and beam search share. */
#ifndef LATI_SESSION_IMPL_H
#define LATI_SESSION_IMPL_H

#include "compute/backend.h"
#include "infer/grammar.h"
#include "transformer/decode_step.h"

#include <lat/solver.h>

/* A prefix of an answer. Its tokens are a row of the session's table. */
typedef struct lati_hypothesis {
  lati_cursor cursor;
  lat_random random; /* SAMPLE: of the sequence, a number a token */
  int64_t source;
  int32_t length;
  double log_probability;
} lati_hypothesis;

/* A sequence that ended. Its tokens are a row of the session's answers. */
typedef struct lati_answer {
  int32_t length;
  double log_probability, rank;
} lati_answer;

struct lat_session {
  lat_context *ctx;
  lat_model *model;
  lat_decode_options options;
  lati_grammar grammar;
  lati_decoder *decoder;
  int32_t max_tokens;
  int32_t beams;    /* hypotheses a sequence: 1 unless BEAM */
  int32_t kept;     /* answers a sequence, the best first: 1 unless beams are candidates */
  uint64_t decoded; /* sequences in the session's life: sequence n of a session always draws the
                       same numbers, however its inputs were cut into batches */

  /* (rows): a hypothesis each; `next_` for beams that change places */
  int64_t row_capacity;
  lati_hypothesis *hypotheses, *next_hypotheses;
  int32_t *tokens, *next_tokens; /* (rows, max_tokens) */
  int64_t *parents;

  /* (active rows) of one step */
  int64_t *active, *next_active; /* which hypotheses they are */
  lati_decode_row *rows;
  lati_allowed *allowed;
  int32_t *chosen;
  double *losses, *losses_read; /* of the chosen tokens, on the device and on the host */
  uint8_t *correct;
  lati_candidate *candidates, *candidates_read; /* (rows, beams + 1); likewise */
  double *uniforms;                             /* SAMPLE: the rows' random numbers */

  /* (batch): the answers */
  int64_t batch_capacity;
  lati_answer *answers;      /* (batch, kept), in falling rank */
  int32_t *answer_tokens;    /* (batch, kept, max_tokens) */
  int32_t *ended;            /* (batch) */
  double *log_probabilities; /* (batch): of the best */
  int32_t *packed_tokens;
  int64_t *offsets;
};

extern const lati_field lati_decode_fields[];

/* The logits of one step, masked, on the device. Row i is the continuation of hypothesis active[i].
 */
typedef struct lati_step {
  int64_t count;
  lati_symbol_range span;
  float *logits; /* (count, span) */
} lati_step;

/* Takes the first `count` active hypotheses one position further, without logits. */
lat_status lati_session_step(lat_session *session, int64_t count);
/* The same with logits. */
lat_status lati_session_advance(lati_step *step, lat_session *session, int64_t count);
/* Losses of the chosen tokens, to losses_read: -log softmax over the allowed symbols. */
void lati_session_losses(lat_session *session, const lati_step *step);
/* What became of a hypothesis: it goes on, it ended (EOS, which is not kept; or a complete matrix,
 * which under the grammar nothing but EOS can follow), or it was cut at the longest output. */
typedef enum lati_push { LATI_GOES_ON, LATI_ENDED, LATI_CUT } lati_push;
/* Appends a token to a hypothesis whose tokens are `tokens`. */
lati_push lati_hypothesis_push(lati_hypothesis *hypothesis, int32_t *tokens,
                               const lat_session *session, int32_t token, double log_probability);
/* Offers an ended hypothesis as an answer to its sequence; those of highest rank stay, the first of
 * equals in front. */
void lati_session_answer(lat_session *session, const lati_hypothesis *hypothesis,
                         const int32_t *tokens, double rank);

/* Answer `place` of sequence i of the last batch, the best at 0; NULL where fewer ended. */
const lati_answer *lati_session_answer_at(const int32_t **tokens, const lat_session *session,
                                          int64_t i, int32_t place);

/* Decode all sequences from position 0; the first hypothesis of each is set up. */
lat_status lati_decode_single(lat_session *session, int64_t batch); /* greedy.c: also SAMPLE */
lat_status lati_decode_beam(lat_session *session, int64_t batch);   /* beam.c */

#endif
