#include "infer/session_impl.h"

typedef struct choice {
  lat_session *session;
  lati_step step;
} choice;

static void choose_row(void *argument, int64_t row, int32_t worker) {
  (void)worker;
  const choice *call = argument;
  lat_session *session = call->session;
  const lati_step *step = &call->step;
  const lati_allowed *allowed = &session->allowed[row];
  const float *logits = step->logits + row * (step->span.end - step->span.first);
  if (session->options.method == LAT_DECODE_SAMPLE) {
    lati_hypothesis *hypothesis = &session->hypotheses[session->active[row]];
    session->chosen[row] =
        lati_choose_sample(logits, step->span, allowed, session->options.temperature,
                           lat_random_uniform(&hypothesis->random));
  } else {
    session->chosen[row] = lati_choose_largest(logits, step->span, allowed);
  }
}

/* Appends the chosen tokens; returns how many hypotheses go on, moved to the front. */
static int64_t push_chosen(lat_session *session, int64_t count) {
  int64_t going = 0;
  for (int64_t i = 0; i < count; ++i) {
    int64_t h = session->active[i];
    int32_t *tokens = session->tokens + h * session->max_tokens;
    if (lati_hypothesis_push(&session->hypotheses[h], tokens, session, session->chosen[i],
                             -session->losses[i]) == LATI_GOES_ON) {
      session->active[going++] = h;
    } else {
      lati_session_answer(session, &session->hypotheses[h], tokens, 0);
    }
  }
  return going;
}

lat_status lati_decode_single(lat_session *session, int64_t batch) {
  for (int64_t i = 0; i < batch; ++i) {
    session->active[i] = i;
  }
  for (int64_t count = batch; count > 0; count = push_chosen(session, count)) {
    choice call = {.session = session};
    lat_status status = lati_session_advance(&call.step, session, count);
    if (status != LAT_OK) {
      return status;
    }
    lati_pool_run(session->ctx->pool, choose_row, &call, count);
    lati_session_losses(session, &call.step);
  }
  return LAT_OK;
}
