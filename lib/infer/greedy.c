/* Greedy decoding and sampling: one hypothesis a sequence, and one token of it a step. */
#include "infer/session_impl.h"

static void choose(lat_session *session, const lati_step *step) {
  const lati_device *device = &session->ctx->device;
  const lati_decoding *decoding = device->operations->decoding;
  if (session->options.method != LAT_DECODE_SAMPLE) {
    decoding->choose_largest(device, session->chosen, step->logits, step->span, session->allowed,
                             step->count);
    return;
  }
  for (int64_t i = 0; i < step->count; ++i) {
    lati_hypothesis *hypothesis = &session->hypotheses[session->active[i]];
    session->uniforms[i] = lat_random_uniform(&hypothesis->random);
  }
  decoding->choose_sample(device, session->chosen, step->logits, step->span, session->allowed,
                          step->count, session->options.temperature, session->uniforms);
}

/* Appends the chosen tokens; returns how many hypotheses go on, moved to the front. */
static int64_t push_chosen(lat_session *session, int64_t count) {
  int64_t going = 0;
  for (int64_t i = 0; i < count; ++i) {
    int64_t h = session->active[i];
    int32_t *tokens = session->tokens + h * session->max_tokens;
    if (lati_hypothesis_push(&session->hypotheses[h], tokens, session, session->chosen[i],
                             -session->losses_read[i]) == LATI_GOES_ON) {
      session->active[going++] = h;
    } else {
      lati_session_answer(session, &session->hypotheses[h], tokens, 0);
    }
  }
  return going;
}

static lat_status choose_by_logits(lat_session *session, int64_t count) {
  lati_step step;
  const lat_status status = lati_session_advance(&step, session, count);
  if (status == LAT_OK) {
    choose(session, &step);
    lati_session_losses(session, &step);
  }
  return status;
}

/* The likeliest symbols of a factored head, which has many times fewer scores than logits. */
static lat_status choose_by_factors(lat_session *session, int64_t count) {
  const lat_status status = lati_session_step(session, count);
  const lati_device *device = &session->ctx->device;
  if (status == LAT_OK) {
    device->operations->decoding->choose_factored(
        device, session->chosen, session->losses, lati_decoder_scores(session->decoder),
        &session->model->head_symbols, session->allowed, count);
    lati_device_read(device, session->losses_read, session->losses,
                     (size_t)count * sizeof *session->losses);
  }
  return status;
}

lat_status lati_decode_single(lat_session *session, int64_t batch) {
  const int by_factors =
      session->model->head_symbols.first != NULL && session->options.method == LAT_DECODE_GREEDY;
  for (int64_t i = 0; i < batch; ++i) {
    session->active[i] = i;
  }
  for (int64_t count = batch; count > 0; count = push_chosen(session, count)) {
    const lat_status status =
        by_factors ? choose_by_factors(session, count) : choose_by_logits(session, count);
    if (status != LAT_OK) {
      return status;
    }
  }
  return LAT_OK;
}
