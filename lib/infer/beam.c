/* Beam search: the best hypotheses of every sequence go on side by side. */
#include "infer/session_impl.h"

#include <math.h>
#include <string.h>

/* Candidates kept a row: one of them may be EOS. */
static int32_t candidates_of(const lat_session *session) {
  return session->beams + 1;
}

/* Every row's candidates, and of each the likeliest token, whose loss tells the logits' sum. */
static void choose(lat_session *session, const lati_step *step) {
  const lati_device *device = &session->ctx->device;
  const lati_decoding *decoding = device->operations->decoding;
  const int32_t count = candidates_of(session);
  decoding->choose_candidates(device, session->candidates, count, step->logits, step->span,
                              step->count);
  lati_device_read(&session->ctx->device, session->candidates_read, session->candidates,
                   (size_t)(step->count * count) * sizeof(lati_candidate));
  decoding->choose_largest(device, session->chosen, step->logits, step->span, session->allowed,
                           step->count);
}

/* Whatever was cut comes after all that ended. */
static double rank_of(const lat_session *session, const lati_hypothesis *hypothesis,
                      lati_push push) {
  if (push == LATI_CUT) {
    return -INFINITY;
  }
  return hypothesis->log_probability /
         pow((double)hypothesis->length + 1, session->options.length_penalty);
}

/* One sequence's rows of a step, and how far each row's candidates have been taken. */
typedef struct beam {
  int64_t first_row, rows;
  int32_t taken[64];
} beam;

/* log p(prefix) + log p(token | prefix), with log p = logit - (largest logit + its loss). */
static double candidate_score(const lat_session *session, int64_t row, const lati_candidate *one) {
  const lati_candidate *largest = session->candidates_read + row * candidates_of(session);
  const lati_hypothesis *prefix = &session->hypotheses[session->active[row]];
  return prefix->log_probability + ((double)one->logit - (double)largest->logit) -
         session->losses_read[row];
}

/* Takes the best candidate left, equals by row; returns 0 when none is left. */
static int take_best(const lati_candidate **taken, int64_t *taken_row, const lat_session *session,
                     beam *search) {
  double best = -INFINITY;
  *taken = NULL;
  for (int64_t r = 0; r < search->rows; ++r) {
    if (search->taken[r] == candidates_of(session)) {
      continue;
    }
    int64_t row = search->first_row + r;
    const lati_candidate *one =
        session->candidates_read + row * candidates_of(session) + search->taken[r];
    double score = candidate_score(session, row, one);
    if (score > best) {
      best = score;
      *taken = one;
      *taken_row = row;
    }
  }
  if (*taken == NULL) {
    return 0;
  }
  ++search->taken[*taken_row - search->first_row];
  return 1;
}

/* Where scores are not finite no token is better than another: what is there is the answer. */
static void give_up(lat_session *session, const beam *search) {
  const int64_t row = session->active[search->first_row];
  const lati_hypothesis *hypothesis = &session->hypotheses[row];
  lati_session_answer(session, hypothesis, session->tokens + row * session->max_tokens,
                      rank_of(session, hypothesis, LATI_CUT));
}

/* Extends the beams of one sequence; returns how many go on, as hypotheses first ... of next_. */
static int64_t extend_beams(lat_session *session, beam *search) {
  int64_t source = session->hypotheses[session->active[search->first_row]].source;
  int64_t first = source * session->beams, going = 0;
  const lati_candidate *one;
  int64_t row;
  while (going < session->beams && session->ended[source] < session->beams &&
         take_best(&one, &row, session, search)) {
    int64_t parent = session->active[row], child = first + going;
    int32_t *tokens = session->next_tokens + child * session->max_tokens;
    lati_hypothesis *hypothesis = &session->next_hypotheses[child];
    *hypothesis = session->hypotheses[parent];
    memcpy(tokens, session->tokens + parent * session->max_tokens,
           (size_t)hypothesis->length * sizeof *tokens);
    double gain = candidate_score(session, row, one) - hypothesis->log_probability;
    lati_push push = lati_hypothesis_push(hypothesis, tokens, session, one->token, gain);
    if (push == LATI_GOES_ON) {
      session->parents[child] = parent;
      ++going;
    } else {
      lati_session_answer(session, hypothesis, tokens, rank_of(session, hypothesis, push));
    }
  }
  if (going == 0 && session->ended[source] == 0) {
    give_up(session, search);
  }
  return session->ended[source] < session->beams ? going : 0;
}

static void swap_hypotheses(lat_session *session) {
  lati_hypothesis *hypotheses = session->hypotheses;
  int32_t *tokens = session->tokens;
  int64_t *active = session->active;
  session->active = session->next_active;
  session->next_active = active;
  session->hypotheses = session->next_hypotheses;
  session->next_hypotheses = hypotheses;
  session->tokens = session->next_tokens;
  session->next_tokens = tokens;
}

/* Extends the beams of every sequence; returns how many hypotheses go on. */
static int64_t extend_all(lat_session *session, int64_t count) {
  int64_t going = 0;
  for (int64_t i = 0; i < count;) {
    beam search = {.first_row = i};
    int64_t source = session->hypotheses[session->active[i]].source;
    while (i < count && session->hypotheses[session->active[i]].source == source) {
      ++search.rows;
      ++i;
    }
    int64_t more = extend_beams(session, &search);
    for (int64_t k = 0; k < more; ++k) {
      session->next_active[going++] = source * session->beams + k;
    }
  }
  return going;
}

lat_status lati_decode_beam(lat_session *session, int64_t batch) {
  int64_t slots = batch * session->beams;
  int64_t count = batch;
  for (int64_t i = 0; i < batch; ++i) {
    session->active[i] = i * session->beams;
  }
  while (count > 0) {
    lati_step step;
    lat_status status = lati_session_advance(&step, session, count);
    if (status != LAT_OK) {
      return status;
    }
    choose(session, &step);
    lati_session_losses(session, &step);
    for (int64_t i = 0; i < slots; ++i) {
      session->parents[i] = i;
    }
    count = extend_all(session, count);
    swap_hypotheses(session);
    lati_decoder_fork(session->decoder, session->parents, slots);
  }
  return LAT_OK;
}
