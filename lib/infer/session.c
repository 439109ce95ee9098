#include "infer/session_impl.h"

#include "base/floating.h"

#include <string.h>

#define FIELD(member, type, initial, low, high)                                                    \
  LATI_NUMBER(lat_decode_options, member, type, initial, low, high)
const lati_field lati_decode_fields[] = {
    FIELD(method, LATI_FIELD_INT32, LAT_DECODE_GREEDY, LAT_DECODE_GREEDY, LAT_DECODE_SAMPLE),
    FIELD(grammar, LATI_FIELD_INT32, 1, 0, 1),
    FIELD(beam_width, LATI_FIELD_INT32, 4, 1, 64),
    FIELD(max_tokens, LATI_FIELD_INT32, 0, 0, 1 << 20),
    FIELD(length_penalty, LATI_FIELD_DOUBLE, 1, 0, 100),
    FIELD(temperature, LATI_FIELD_DOUBLE, 1, 1e-6, 1e6),
    FIELD(seed, LATI_FIELD_UINT64, 0, 0, 0x1p64),
    FIELD(tolerance, LATI_FIELD_DOUBLE, 0.05, 0, 1e300),
    FIELD(scaling, LATI_FIELD_INT32, 1, 0, 1),
    FIELD(compare, LATI_FIELD_INT32, 0, 0, 1),
    FIELD(refine, LATI_FIELD_INT32, 0, 0, 100),
    FIELD(fallback, LATI_FIELD_INT32, 0, 0, 1),
    FIELD(certify_tolerance, LATI_FIELD_DOUBLE, 1e-12, 1e-15, 1),
    FIELD(candidates, LATI_FIELD_INT32, 1, 1, 1024),
    FIELD(average, LATI_FIELD_INT32, 1, 0, 1),
    LATI_POINTER(lat_decode_options, cancel),
    LATI_POINTER(lat_decode_options, cancel_user),
    LATI_FIELDS_END};
#undef FIELD

void lat_decode_options_init_sized(lat_decode_options *options, size_t size) {
  lati_options_init(options, size, lati_decode_fields, sizeof *options);
}

static int32_t smaller(int32_t a, int32_t b) {
  return a < b ? a : b;
}

/* The decoder's positions hold EOS and every token but the last; a complete sequence leaves room
 * for its closing EOS too, so one token more than it may have is room to tell that it did not end.
 */
static void set_limits(lat_session *session) {
  int32_t positions = session->model->dimensions.max_positions;
  int32_t asked = session->options.max_tokens;
  session->max_tokens = asked > 0 ? smaller(asked, positions - 1) : positions - 1;
  lati_grammar_init(&session->grammar, session->model->tokenizer, session->options.grammar,
                    smaller(session->max_tokens, positions - 2));
  session->beams = session->options.method == LAT_DECODE_BEAM ? session->options.beam_width : 1;
  session->kept = smaller(session->beams, session->options.candidates);
}

lat_status lat_session_create(lat_session **out, lat_model *model,
                              const lat_decode_options *options) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (model == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "model is NULL");
  }
  lat_status status = LAT_OK;
  lat_session *session = NULL;
  lat_decode_options resolved;
  LATI_TRY(
      lati_options_read(&resolved, sizeof resolved, lati_decode_fields, options, "decode options"));
  LATI_TRY(LATI_NEW(session, model->ctx, 1));
  session->model = lati_model_ref(model);
  session->ctx = model->ctx;
  session->options = resolved;
  set_limits(session);
  LATI_TRY(lati_decoder_create(&session->decoder, model, session->max_tokens));
done:
  if (status != LAT_OK) {
    lat_session_free(session);
    return status;
  }
  *out = session;
  return LAT_OK;
}

static void free_rows(lat_session *session) {
  void *host[] = {
      session->hypotheses, session->next_hypotheses, session->tokens,      session->next_tokens,
      session->parents,    session->active,          session->next_active, session->rows,
      session->allowed,    session->chosen,          session->losses_read, session->candidates_read,
      session->uniforms};
  void *device[] = {session->losses, session->correct, session->candidates};
  for (size_t i = 0; i < sizeof host / sizeof *host; ++i) {
    lati_free(host[i]);
  }
  for (size_t i = 0; i < sizeof device / sizeof *device; ++i) {
    lati_device_free(session->ctx, device[i]);
  }
  session->hypotheses = session->next_hypotheses = NULL;
  session->tokens = session->next_tokens = session->chosen = NULL;
  session->parents = session->active = session->next_active = NULL;
  session->rows = NULL;
  session->allowed = NULL;
  session->losses = session->losses_read = session->uniforms = NULL;
  session->correct = NULL;
  session->candidates = session->candidates_read = NULL;
  session->row_capacity = 0;
}

static void free_answers(lat_session *session) {
  void *blocks[] = {session->answers,           session->answer_tokens, session->ended,
                    session->log_probabilities, session->packed_tokens, session->offsets};
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; ++i) {
    lati_free(blocks[i]);
  }
  session->answers = NULL;
  session->answer_tokens = session->ended = session->packed_tokens = NULL;
  session->log_probabilities = NULL;
  session->offsets = NULL;
  session->batch_capacity = 0;
}

void lat_session_free(lat_session *session) {
  if (session == NULL) {
    return;
  }
  free_rows(session);
  free_answers(session);
  lati_decoder_free(session->decoder);
  lat_model_free(session->model);
  lati_free(session);
}

static lat_status reserve_rows(lat_session *session, int64_t rows) {
  if (rows <= session->row_capacity) {
    return LAT_OK;
  }
  lat_status status = LAT_OK;
  const lat_context *ctx = session->ctx;
  size_t n = (size_t)rows, tokens = n * (size_t)session->max_tokens;
  free_rows(session);
  LATI_TRY(LATI_NEW(session->hypotheses, ctx, n));
  LATI_TRY(LATI_NEW(session->tokens, ctx, tokens));
  LATI_TRY(LATI_NEW(session->active, ctx, n));
  LATI_TRY(LATI_NEW(session->rows, ctx, n));
  LATI_TRY(LATI_NEW(session->allowed, ctx, n));
  LATI_TRY(LATI_NEW(session->chosen, ctx, n));
  LATI_TRY(LATI_NEW_ON_DEVICE(session->losses, ctx, n));
  LATI_TRY(LATI_NEW(session->losses_read, ctx, n));
  LATI_TRY(LATI_NEW_ON_DEVICE(session->correct, ctx, n));
  if (session->options.method == LAT_DECODE_SAMPLE) {
    LATI_TRY(LATI_NEW(session->uniforms, ctx, n));
  }
  if (session->options.method == LAT_DECODE_BEAM) {
    LATI_TRY(LATI_NEW(session->next_hypotheses, ctx, n));
    LATI_TRY(LATI_NEW(session->next_tokens, ctx, tokens));
    LATI_TRY(LATI_NEW(session->next_active, ctx, n));
    LATI_TRY(LATI_NEW(session->parents, ctx, n));
    const size_t candidates = n * ((size_t)session->beams + 1);
    LATI_TRY(LATI_NEW_ON_DEVICE(session->candidates, ctx, candidates));
    LATI_TRY(LATI_NEW(session->candidates_read, ctx, candidates));
  }
  session->row_capacity = rows;
done:
  if (status != LAT_OK) {
    free_rows(session);
  }
  return status;
}

static lat_status reserve_answers(lat_session *session, int64_t batch) {
  if (batch <= session->batch_capacity) {
    return LAT_OK;
  }
  lat_status status = LAT_OK;
  const lat_context *ctx = session->ctx;
  const size_t n = (size_t)batch, slots = n * (size_t)session->kept;
  const size_t length = (size_t)session->max_tokens;
  free_answers(session);
  LATI_TRY(LATI_NEW(session->answers, ctx, slots));
  LATI_TRY(LATI_NEW(session->answer_tokens, ctx, slots * length));
  LATI_TRY(LATI_NEW(session->ended, ctx, n));
  LATI_TRY(LATI_NEW(session->log_probabilities, ctx, n));
  LATI_TRY(LATI_NEW(session->packed_tokens, ctx, n * length));
  LATI_TRY(LATI_NEW(session->offsets, ctx, n + 1));
  session->batch_capacity = batch;
done:
  if (status != LAT_OK) {
    free_answers(session);
  }
  return status;
}

/* A sequence's answer begins with a task letter where its input does; 0: with none. */
static int32_t first_letter(const lat_batch *batch, int64_t i) {
  const lati_batch_side *side = &batch->side[LAT_INPUT];
  return lati_token_letter(side->tokens[side->offsets[i]]);
}

static void start_hypotheses(lat_session *session, const lat_batch *batch) {
  for (int64_t i = 0; i < batch->size; ++i) {
    lati_hypothesis *hypothesis = &session->hypotheses[i * session->beams];
    *hypothesis = (lati_hypothesis){.source = i};
    const int32_t letter = first_letter(batch, i);
    lati_cursor_start(&hypothesis->cursor, session->grammar.vocabulary, letter != 0,
                      lati_task_answer_matrices(session->model->task, letter));
    lati_random_start(&hypothesis->random, session->options.seed, LATI_STREAM_DECODE,
                      session->decoded + (uint64_t)i);
    session->ended[i] = 0;
  }
}

/* Asks the host, in the host's own floating-point state, whether to stop. */
static lat_status check_cancelled(const lat_session *session) {
  const lat_decode_options *options = &session->options;
  if (options->cancel == NULL) {
    return LAT_OK;
  }
  lati_floating *host = lati_floating_lend();
  const int32_t stop = options->cancel(options->cancel_user);
  lati_floating_take_back(host);
  return stop == 0 ? LAT_OK : lati_fail(LAT_ERROR_CANCELLED, "decoding was cancelled");
}

lat_status lati_session_step(lat_session *session, int64_t count) {
  lat_status status = check_cancelled(session);
  if (status != LAT_OK) {
    return status;
  }
  for (int64_t i = 0; i < count; ++i) {
    int64_t h = session->active[i];
    const lati_hypothesis *hypothesis = &session->hypotheses[h];
    const int32_t *tokens = session->tokens + h * session->max_tokens;
    lati_decode_row *row = &session->rows[i];
    row->source = hypothesis->source;
    row->history = h;
    row->token = hypothesis->length > 0 ? tokens[hypothesis->length - 1] : LAT_TOKEN_EOS;
    lati_cursor_place(&row->row, &row->col, &hypothesis->cursor);
    lati_grammar_allowed(&session->allowed[i], &session->grammar, &hypothesis->cursor);
  }
  return lati_decoder_step(session->decoder, session->rows, count);
}

lat_status lati_session_advance(lati_step *step, lat_session *session, int64_t count) {
  const lat_status status = lati_session_step(session, count);
  if (status != LAT_OK) {
    return status;
  }
  step->count = count;
  step->span = lati_allowed_span(session->allowed, count, LATI_SLICE,
                                 session->model->dimensions.vocabulary[LAT_OUTPUT]);
  step->logits = lati_decoder_logits(session->decoder, step->span);
  session->ctx->device.operations->decoding->mask(step->logits, step->span, session->allowed,
                                                  count);
  return LAT_OK;
}

void lati_session_losses(lat_session *session, const lati_step *step) {
  for (int64_t i = 0; i < step->count; ++i) {
    session->chosen[i] -= step->span.first;
  }
  session->ctx->device.operations->cross_entropy(
      &session->ctx->device, session->losses, session->correct, (lati_rows){0}, step->logits,
      session->chosen, step->count, step->span.end - step->span.first, NULL);
  lati_device_read(&session->ctx->device, session->losses_read, session->losses,
                   (size_t)step->count * sizeof(double));
  for (int64_t i = 0; i < step->count; ++i) {
    session->chosen[i] += step->span.first;
  }
}

lati_push lati_hypothesis_push(lati_hypothesis *hypothesis, int32_t *tokens,
                               const lat_session *session, int32_t token, double log_probability) {
  hypothesis->log_probability += log_probability;
  if (token == LAT_TOKEN_EOS) {
    return LATI_ENDED;
  }
  tokens[hypothesis->length++] = token;
  (void)lati_cursor_push(&hypothesis->cursor, token);
  if (session->grammar.enforced && lati_cursor_done(&hypothesis->cursor)) {
    return LATI_ENDED;
  }
  return hypothesis->length < session->max_tokens ? LATI_GOES_ON : LATI_CUT;
}

static int32_t *tokens_at(const lat_session *session, int64_t slot) {
  return session->answer_tokens + slot * session->max_tokens;
}

void lati_session_answer(lat_session *session, const lati_hypothesis *hypothesis,
                         const int32_t *tokens, double rank) {
  const int64_t source = hypothesis->source, first = source * session->kept;
  const int32_t held = smaller(session->ended[source]++, session->kept);
  const size_t row = (size_t)session->max_tokens * sizeof *tokens;
  lati_answer *answers = session->answers + first;
  int32_t place = held;
  while (place > 0 && rank > answers[place - 1].rank) {
    --place;
  }
  if (place == session->kept) {
    return;
  }
  const size_t later = (size_t)(smaller(held, session->kept - 1) - place);
  memmove(answers + place + 1, answers + place, later * sizeof *answers);
  memmove(tokens_at(session, first + place + 1), tokens_at(session, first + place), later * row);
  answers[place] = (lati_answer){hypothesis->length, hypothesis->log_probability, rank};
  memcpy(tokens_at(session, first + place), tokens, (size_t)hypothesis->length * sizeof *tokens);
}

const lati_answer *lati_session_answer_at(const int32_t **tokens, const lat_session *session,
                                          int64_t i, int32_t place) {
  const int64_t slot = i * session->kept + place;
  if (place >= smaller(session->ended[i], session->kept)) {
    return NULL;
  }
  *tokens = tokens_at(session, slot);
  return &session->answers[slot];
}

/* The best answers, end to end. */
static void pack_answers(lat_sequences *out, lat_session *session, int64_t batch) {
  session->offsets[0] = 0;
  for (int64_t i = 0; i < batch; ++i) {
    const int32_t *tokens = NULL;
    const lati_answer *best = lati_session_answer_at(&tokens, session, i, 0);
    memcpy(session->packed_tokens + session->offsets[i], tokens,
           (size_t)best->length * sizeof *tokens);
    session->offsets[i + 1] = session->offsets[i] + best->length;
    session->log_probabilities[i] = best->log_probability;
  }
  *out = (lat_sequences){session->packed_tokens, session->offsets, batch};
}

static const char *triangle_text(const lati_vocabulary *vocabulary) {
  return vocabulary->triangle ? " as triangles" : "";
}

static lat_status check_batch(const lat_session *session, const lat_batch *batch) {
  if (batch->size == 0) {
    return lati_fail(LAT_ERROR_ARGUMENT, "the batch is empty");
  }
  const lati_vocabulary *ours = &session->model->tokenizer->side[LAT_INPUT];
  const lati_vocabulary *theirs = &batch->tokenizer->side[LAT_INPUT];
  if (!lati_vocabulary_same(ours, theirs)) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "the batch is written in %s of %d digits%s, the model reads %s of %d%s",
                     theirs->encoding->name, theirs->digits, triangle_text(theirs),
                     ours->encoding->name, ours->digits, triangle_text(ours));
  }
  return lati_model_usable(session->model);
}

static lat_status decode(lat_sequences *out, lat_session *session, const lat_batch *batch) {
  lat_status status = LAT_OK;
  LATI_TRY(reserve_rows(session, batch->size * session->beams));
  LATI_TRY(reserve_answers(session, batch->size));
  LATI_TRY(lati_decoder_start(session->decoder, batch, batch->size * session->beams));
  start_hypotheses(session, batch);
  LATI_TRY((session->options.method == LAT_DECODE_BEAM ? lati_decode_beam
                                                       : lati_decode_single)(session, batch->size));
  session->decoded += (uint64_t)batch->size;
  pack_answers(out, session, batch->size);
done:
  return status;
}

lat_status lat_session_decode(lat_sequences *out, lat_session *session, const lat_batch *batch) {
  if (out == NULL || session == NULL || batch == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL",
                     out == NULL       ? "out"
                     : session == NULL ? "session"
                                       : "batch");
  }
  *out = (lat_sequences){NULL, NULL, 0};
  lat_status status = check_batch(session, batch);
  if (status == LAT_OK) {
    lati_floating saved;
    lati_floating_enter_pass(&saved);
    status = decode(out, session, batch);
    lati_floating_leave(&saved);
  }
  return status;
}

const double *lat_session_log_probabilities(const lat_session *session) {
  return session == NULL ? NULL : session->log_probabilities;
}
