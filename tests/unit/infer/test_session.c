/* Sessions: greedy decoding, sampling, grammar, batches, threads, memory. */
#include "counting_allocator.h"
#include "infer/session_impl.h"
#include "infer_fixture.h"

#include <fenv.h>
#include <math.h>
#include <pthread.h>

enum { EXAMPLES = 12 };

static const char *const encodings[] = {"p10", "p1000", "b1999", "fp15"};

/* A copy of what a session decoded. */
typedef struct answers {
  int64_t count;
  size_t lengths[EXAMPLES];
  int32_t *tokens[EXAMPLES];
  double log_probabilities[EXAMPLES];
} answers;

static void answers_add(answers *to, const lat_sequences *from, const double *log_probabilities) {
  for (int64_t i = 0; i < from->count; ++i) {
    size_t n = (size_t)(from->offsets[i + 1] - from->offsets[i]);
    int32_t *copy = malloc((n + 1) * sizeof *copy);
    memcpy(copy, from->tokens + from->offsets[i], n * sizeof *copy);
    to->lengths[to->count] = n;
    to->log_probabilities[to->count] = log_probabilities[i];
    to->tokens[to->count++] = copy;
  }
}

static void answers_free(answers *a) {
  for (int64_t i = 0; i < a->count; ++i) {
    free(a->tokens[i]);
  }
}

static int same_tokens(const answers *a, const answers *b, int64_t i) {
  return a->lengths[i] == b->lengths[i] &&
         memcmp(a->tokens[i], b->tokens[i], a->lengths[i] * sizeof(int32_t)) == 0;
}

static void check_same(const answers *a, const answers *b) {
  ck_assert_int_eq(a->count, b->count);
  for (int64_t i = 0; i < a->count; ++i) {
    ck_assert_msg(same_tokens(a, b, i), "sequence %d differs", (int)i);
    ck_assert_double_eq_tol(a->log_probabilities[i], b->log_probabilities[i],
                            1e-4 * (double)(a->lengths[i] + 1));
  }
}

/* EXAMPLES examples in batches of `batch_size`, by one session. */
static answers decode_cut(const fixture *f, const lat_decode_options *options, int64_t batch_size) {
  answers all = {0};
  lat_session *session = fixture_session(f, options);
  for (int64_t first = 0; first < EXAMPLES; first += batch_size) {
    lat_sequences out;
    lat_batch *batch = fixture_batch(f, (uint64_t)first, batch_size);
    must(lat_session_decode(&out, session, batch));
    ck_assert_int_eq(out.count, batch_size);
    answers_add(&all, &out, lat_session_log_probabilities(session));
    lat_batch_free(batch);
  }
  lat_session_free(session);
  return all;
}

static lat_decode_options defaults(void) {
  lat_decode_options options;
  lat_decode_options_init(&options);
  return options;
}

START_TEST(a_mixed_batch_gives_what_its_inputs_give_alone) {
  const fixture_plan plan = {.min_size = 1, .max_size = 4, .rectangular = 1};
  fixture f;
  fixture_open(&f, &plan);
  for (int32_t method = LAT_DECODE_GREEDY; method <= LAT_DECODE_SAMPLE; ++method) {
    for (int32_t grammar = 0; grammar < 2; ++grammar) {
      lat_decode_options options = defaults();
      options.method = method;
      options.grammar = grammar;
      options.max_tokens = grammar ? 0 : 20;
      answers together = decode_cut(&f, &options, EXAMPLES);
      answers in_parts = decode_cut(&f, &options, 4);
      answers alone = decode_cut(&f, &options, 1);
      check_same(&together, &in_parts);
      check_same(&together, &alone);
      answers_free(&together);
      answers_free(&in_parts);
      answers_free(&alone);
    }
  }
  fixture_close(&f);
}
END_TEST

static void check_well_formed(const fixture *f, const answers *a, int64_t i) {
  double data[400];
  int32_t letter;
  size_t used;
  lat_matrix matrix = {.data = data, .order = LAT_ROW_MAJOR};
  must(lat_tokenizer_decode(&matrix, 400, &letter, &used, f->tokenizer, LAT_OUTPUT, a->tokens[i],
                            a->lengths[i]));
  ck_assert_uint_eq(used, a->lengths[i]);
  ck_assert_int_eq(letter, 0);
}

START_TEST(with_the_grammar_untrained_models_write_matrices) {
  for (size_t e = 0; e < sizeof encodings / sizeof *encodings; ++e) {
    for (int32_t method = LAT_DECODE_GREEDY; method <= LAT_DECODE_SAMPLE; ++method) {
      const fixture_plan plan = {.min_size = 1, .max_size = 4, .output = encodings[e]};
      fixture f;
      fixture_open(&f, &plan);
      lat_decode_options options = defaults();
      options.method = method;
      answers all = decode_cut(&f, &options, EXAMPLES);
      for (int64_t i = 0; i < all.count; ++i) {
        check_well_formed(&f, &all, i);
      }
      answers_free(&all);
      fixture_close(&f);
    }
  }
}
END_TEST

START_TEST(without_it_padding_never_comes_and_output_ends_at_the_limit) {
  const fixture_plan plan = {0};
  fixture f;
  fixture_open(&f, &plan);
  lat_decode_options options = defaults();
  options.method = LAT_DECODE_SAMPLE;
  options.temperature = 100; /* every symbol as likely */
  options.grammar = 0;
  options.max_tokens = 9;
  int whole = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    options.seed = seed;
    answers all = decode_cut(&f, &options, EXAMPLES);
    for (int64_t i = 0; i < all.count; ++i) {
      ck_assert_uint_le(all.lengths[i], 9);
      whole += all.lengths[i] == 9;
      for (size_t t = 0; t < all.lengths[i]; ++t) {
        ck_assert_int_gt(all.tokens[i][t], LAT_TOKEN_PAD);
      }
    }
    answers_free(&all);
  }
  ck_assert_int_gt(whole, 0);
  fixture_close(&f);
}
END_TEST

/* The grammar leaves one way to say 1 x 1 in five tokens. */
START_TEST(dimensions_leave_room_for_the_entries) {
  const fixture_plan plan = {0};
  fixture f;
  fixture_open(&f, &plan);
  lat_decode_options options = defaults();
  options.max_tokens = 5;
  answers all = decode_cut(&f, &options, EXAMPLES);
  for (int64_t i = 0; i < all.count; ++i) {
    ck_assert_uint_eq(all.lengths[i], 5);
    ck_assert_int_eq(all.tokens[i][0], LAT_TOKEN_DIMENSION);
    ck_assert_int_eq(all.tokens[i][1], LAT_TOKEN_DIMENSION);
  }
  answers_free(&all);
  fixture_close(&f);
}
END_TEST

START_TEST(beams_of_one_are_greedy) {
  const fixture_plan plan = {.min_size = 1, .max_size = 3};
  fixture f;
  fixture_open(&f, &plan);
  for (int32_t grammar = 0; grammar < 2; ++grammar) {
    lat_decode_options options = defaults();
    options.grammar = grammar;
    answers greedy = decode_cut(&f, &options, EXAMPLES);
    options.method = LAT_DECODE_BEAM;
    options.beam_width = 1;
    answers beam = decode_cut(&f, &options, EXAMPLES);
    check_same(&greedy, &beam);
    answers_free(&greedy);
    answers_free(&beam);
  }
  fixture_close(&f);
}
END_TEST

START_TEST(wider_beams_find_likelier_answers) {
  const fixture_plan plan = {.rows = 2, .output = "b1999"};
  fixture f;
  fixture_open(&f, &plan);
  lat_decode_options options = defaults();
  options.length_penalty = 0;
  answers greedy = decode_cut(&f, &options, EXAMPLES);
  options.method = LAT_DECODE_BEAM;
  options.beam_width = 16;
  answers beam = decode_cut(&f, &options, EXAMPLES);
  int better = 0;
  for (int64_t i = 0; i < EXAMPLES; ++i) {
    ck_assert_double_ge(beam.log_probabilities[i], greedy.log_probabilities[i] - 1e-4);
    better += beam.log_probabilities[i] > greedy.log_probabilities[i] + 1e-4;
  }
  ck_assert_int_gt(better, 0);
  answers_free(&greedy);
  answers_free(&beam);
  fixture_close(&f);
}
END_TEST

/* Parameters are finite, and what the decoder makes of them is not. */
START_TEST(scores_that_are_not_finite_end_every_search) {
  static const int32_t methods[] = {LAT_DECODE_GREEDY, LAT_DECODE_SAMPLE, LAT_DECODE_BEAM};
  const fixture_plan plan = {.rows = 2};
  fixture f;
  fixture_open(&f, &plan);
  lat_tensor tensor = {.struct_size = sizeof tensor, .name = ""};
  float *parameters = NULL;
  for (int32_t i = 0; strcmp(tensor.name, "decoder.layers.0.ffn.lin2.bias") != 0; ++i) {
    must(lat_model_tensor(&tensor, f.model, i));
  }
  must(lat_model_map(&parameters, f.model));
  for (size_t i = 0; i < tensor.size; ++i) {
    parameters[tensor.offset + i] = 3e38F;
  }
  must(lat_model_commit(f.model));
  lat_batch *batch = fixture_batch(&f, 0, EXAMPLES);
  for (int i = 0; i < 3; ++i) {
    lat_decode_options options = defaults();
    lat_sequences found;
    options.method = methods[i];
    lat_session *session = fixture_session(&f, &options);
    must(lat_session_decode(&found, session, batch));
    ck_assert_int_eq(found.count, EXAMPLES);
    ck_assert(methods[i] != LAT_DECODE_BEAM || found.offsets[EXAMPLES] == 0); /* no token is best */
    lat_session_free(session);
  }
  lat_batch_free(batch);
  fixture_close(&f);
}
END_TEST

static int differing(const answers *a, const answers *b) {
  int count = 0;
  for (int64_t i = 0; i < a->count; ++i) {
    count += !same_tokens(a, b, i);
  }
  return count;
}

START_TEST(samples_depend_on_the_seed_and_turn_greedy_as_it_gets_cold) {
  const fixture_plan plan = {0};
  fixture f;
  fixture_open(&f, &plan);
  lat_decode_options options = defaults();
  answers greedy = decode_cut(&f, &options, EXAMPLES);
  options.method = LAT_DECODE_SAMPLE;
  options.seed = 1;
  answers first = decode_cut(&f, &options, EXAMPLES);
  answers again = decode_cut(&f, &options, EXAMPLES);
  options.seed = 2;
  answers second = decode_cut(&f, &options, EXAMPLES);
  options.temperature = 1e-6;
  answers cold = decode_cut(&f, &options, EXAMPLES);
  check_same(&first, &again);
  ck_assert_int_eq(differing(&first, &second), EXAMPLES);
  check_same(&greedy, &cold);
  answers_free(&greedy);
  answers_free(&first);
  answers_free(&again);
  answers_free(&second);
  answers_free(&cold);
  fixture_close(&f);
}
END_TEST

/* log softmax over the symbols that the grammar allows, in double. */
static double masked_log_probability(const float *logits, const lati_allowed *allowed,
                                     int32_t token) {
  double sum = 0;
  for (int32_t r = 0; r < allowed->count; ++r) {
    for (int32_t s = allowed->range[r].first; s < allowed->range[r].end; ++s) {
      sum += exp((double)logits[s] - (double)logits[token]);
    }
  }
  return -log(sum);
}

static double log_probability_of(const fixture *f, const lat_batch *batch, int64_t i,
                                 const int32_t *tokens, size_t count) {
  lati_decoder *decoder = NULL;
  lati_grammar grammar;
  lati_cursor cursor;
  lati_allowed allowed;
  double sum = 0;
  lati_symbol_range all = {0, lat_tokenizer_vocabulary_size(f->tokenizer, LAT_OUTPUT)};
  lati_grammar_init(&grammar, f->tokenizer, 1, f->model->dimensions.max_positions - 2);
  lati_cursor_start(&cursor, grammar.vocabulary, 0, 1);
  must(lati_decoder_create(&decoder, f->model, (int32_t)count));
  must(lati_decoder_start(decoder, batch, 1));
  lati_decode_row row = {.source = i, .token = LAT_TOKEN_EOS};
  for (size_t t = 0; t < count; ++t) {
    lati_cursor_place(&row.row, &row.col, &cursor);
    must(lati_decoder_step(decoder, &row, 1));
    lati_grammar_allowed(&allowed, &grammar, &cursor);
    sum += masked_log_probability(lati_decoder_logits(decoder, all), &allowed, tokens[t]);
    ck_assert(lati_cursor_push(&cursor, tokens[t]));
    row.token = tokens[t];
  }
  lati_decoder_free(decoder);
  return sum;
}

START_TEST(log_probabilities_are_those_of_the_tokens) {
  for (int32_t method = LAT_DECODE_GREEDY; method <= LAT_DECODE_SAMPLE; ++method) {
    const fixture_plan plan = {.rows = 2, .output = "p10"};
    fixture f;
    fixture_open(&f, &plan);
    lat_decode_options options = defaults();
    options.method = method;
    options.temperature = 3; /* changes what is drawn, not how likely it is */
    answers all = decode_cut(&f, &options, EXAMPLES);
    lat_batch *batch = fixture_batch(&f, 0, EXAMPLES);
    for (int64_t i = 0; i < EXAMPLES; i += 5) {
      ck_assert_double_eq_tol(log_probability_of(&f, batch, i, all.tokens[i], all.lengths[i]),
                              all.log_probabilities[i], 1e-4 * (double)all.lengths[i]);
    }
    answers_free(&all);
    lat_batch_free(batch);
    fixture_close(&f);
  }
}
END_TEST

static void check_letters(const fixture_plan *plan) {
  lat_context *ctx = NULL;
  lat_task *parts[2] = {NULL, NULL}, *mixture = NULL;
  lat_task_options options;
  must(lat_context_create(&ctx, NULL));
  lat_task_options_init(&options);
  options.rows = 2;
  must(lat_task_create(&parts[0], ctx, &options));
  options.name = "add";
  must(lat_task_create(&parts[1], ctx, &options));
  must(lat_task_create_mixture(&mixture, ctx, parts, NULL, 2));
  fixture f;
  fixture_open_task(&f, ctx, mixture, plan);
  lat_decode_options decode = defaults();
  answers all = decode_cut(&f, &decode, EXAMPLES);
  for (int64_t i = 0; i < EXAMPLES; ++i) {
    ck_assert_int_ge(all.tokens[i][0], LAT_TOKEN_LETTER);
    ck_assert_int_lt(all.tokens[i][0], LAT_TOKEN_DIMENSION);
  }
  answers_free(&all);
  lat_task_free(parts[0]);
  lat_task_free(parts[1]);
  fixture_close(&f);
}

START_TEST(mixtures_answer_with_a_letter) {
  lat_model_options options;
  fixture_model_options(&options);
  options.architecture = LAT_ARCHITECTURE_ENCODER;
  check_letters(&(fixture_plan){0});
  check_letters(&(fixture_plan){.model = &options});
  options.architecture = LAT_ARCHITECTURE_DECODER;
  check_letters(&(fixture_plan){.model = &options});
}
END_TEST

/* By every method, in whatever batches. */
static void check_methods(int32_t architecture) {
  lat_model_options model;
  fixture_model_options(&model);
  model.architecture = architecture;
  model.matrix_positions = 1;
  for (int32_t method = LAT_DECODE_GREEDY; method <= LAT_DECODE_SAMPLE; ++method) {
    const fixture_plan plan = {.min_size = 1, .max_size = 4, .model = &model};
    fixture f;
    fixture_open(&f, &plan);
    lat_decode_options options = defaults();
    options.method = method;
    answers together = decode_cut(&f, &options, EXAMPLES);
    answers apart = decode_cut(&f, &options, 3);
    check_same(&together, &apart);
    for (int64_t i = 0; i < together.count; ++i) {
      check_well_formed(&f, &together, i);
    }
    answers_free(&together);
    answers_free(&apart);
    fixture_close(&f);
  }
}

/* The places of all tokens are known from the start. */
START_TEST(an_encoder_alone_answers_at_once) {
  check_methods(LAT_ARCHITECTURE_ENCODER);
}
END_TEST

START_TEST(a_decoder_alone_goes_on_behind_the_problem) {
  check_methods(LAT_ARCHITECTURE_DECODER);
}
END_TEST

START_TEST(recurrent_decoders_carry_their_states) {
  check_methods(LAT_ARCHITECTURE_LSTM);
  check_methods(LAT_ARCHITECTURE_GRU);
}
END_TEST

/* An input whose answer has no shape, and a header that is none. */
START_TEST(an_encoder_alone_reads_the_shape_of_its_answer) {
  lat_model_options model;
  lat_sequences out;
  lat_batch *batch = NULL;
  double values[6] = {0};
  const lat_matrix flat = {values, 2, 3, 3, LAT_ROW_MAJOR};
  fixture_model_options(&model);
  model.architecture = LAT_ARCHITECTURE_ENCODER;
  const fixture_plan plan = {.task = "eigenvalues", .model = &model};
  fixture f;
  fixture_open(&f, &plan);
  lat_session *session = fixture_session(&f, NULL);
  must(lat_batch_create(&batch, f.tokenizer));
  must(lat_batch_append(batch, 0, &flat, NULL));
  ck_assert_int_eq(lat_session_decode(&out, session, batch), LAT_ERROR_SHAPE);
  batch->side[LAT_INPUT].tokens[1] = LAT_TOKEN_NUMBER;
  ck_assert_int_eq(lat_session_decode(&out, session, batch), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "token 1 of a problem is no dimension");
  lat_batch_free(batch);
  lat_session_free(session);
  fixture_close(&f);
}
END_TEST

START_TEST(threads_change_no_bit) {
  for (int32_t method = LAT_DECODE_GREEDY; method <= LAT_DECODE_SAMPLE; ++method) {
    answers by_one = {0};
    for (int32_t threads = 1; threads <= 4; threads *= 2) {
      const fixture_plan plan = {.min_size = 1, .max_size = 4, .threads = threads};
      fixture f;
      fixture_open(&f, &plan);
      lat_decode_options options = defaults();
      options.method = method;
      answers all = decode_cut(&f, &options, EXAMPLES);
      if (threads == 1) {
        by_one = all;
      } else {
        check_same(&by_one, &all);
        ck_assert_mem_eq(by_one.log_probabilities, all.log_probabilities,
                         sizeof by_one.log_probabilities);
        answers_free(&all);
      }
      fixture_close(&f);
    }
    answers_free(&by_one);
  }
}
END_TEST

START_TEST(a_steady_session_allocates_nothing) {
  for (int32_t method = LAT_DECODE_GREEDY; method <= LAT_DECODE_SAMPLE; ++method) {
    counting_allocator allocator = {0};
    lat_context_options context = counting_options(&allocator);
    const fixture_plan plan = {.min_size = 1, .max_size = 4, .context = &context};
    lat_sequences out;
    fixture f;
    fixture_open(&f, &plan);
    lat_decode_options options = defaults();
    options.method = method;
    options.grammar = 0; /* to the longest output */
    lat_session *session = fixture_session(&f, &options);
    lat_batch *large = fixture_batch(&f, 0, EXAMPLES);
    lat_batch *small = fixture_batch(&f, 3, 2);
    must(lat_session_decode(&out, session, large));
    long before = allocator.calls;
    must(lat_session_decode(&out, session, large));
    must(lat_session_decode(&out, session, small));
    must(lat_session_decode(&out, session, large));
    ck_assert_int_eq(allocator.calls, before);
    lat_session_free(session);
    lat_batch_free(large);
    lat_batch_free(small);
    fixture_close(&f);
    ck_assert_int_eq(allocator.live, 0);
  }
}
END_TEST

/* One thread's share: its own session on the common model. */
typedef struct shared {
  const fixture *f;
  const lat_batch *batch;
  const answers *expected;
  int wrong;
} shared;

static void *decode_shared(void *argument) {
  shared *mine = argument;
  lat_session *session = fixture_session(mine->f, NULL);
  for (int repeat = 0; repeat < 3; ++repeat) {
    lat_sequences out;
    answers all = {0};
    must(lat_session_decode(&out, session, mine->batch));
    answers_add(&all, &out, lat_session_log_probabilities(session));
    mine->wrong += differing(mine->expected, &all);
    mine->wrong += memcmp(mine->expected->log_probabilities, all.log_probabilities,
                          sizeof all.log_probabilities) != 0;
    answers_free(&all);
  }
  lat_session_free(session);
  return NULL;
}

START_TEST(eight_threads_share_a_frozen_model) {
  enum { THREADS = 8 };
  const fixture_plan plan = {.min_size = 1, .max_size = 4};
  fixture f;
  pthread_t threads[THREADS];
  shared shares[THREADS];
  fixture_open(&f, &plan);
  must(lat_model_freeze(f.model));
  answers expected = decode_cut(&f, NULL, EXAMPLES);
  lat_batch *batch = fixture_batch(&f, 0, EXAMPLES);
  for (int i = 0; i < THREADS; ++i) {
    shares[i] = (shared){&f, batch, &expected, 0};
    ck_assert_int_eq(pthread_create(&threads[i], NULL, decode_shared, &shares[i]), 0);
  }
  for (int i = 0; i < THREADS; ++i) {
    ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
    ck_assert_int_eq(shares[i].wrong, 0);
  }
  answers_free(&expected);
  lat_batch_free(batch);
  fixture_close(&f);
}
END_TEST

static void refuse_option(const fixture *f, const lat_decode_options *options,
                          const char *message) {
  lat_session *session = (lat_session *)(uintptr_t)f;
  ck_assert_int_eq(lat_session_create(&session, f->model, options), LAT_ERROR_ARGUMENT);
  ck_assert_ptr_null(session);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), message));
}

START_TEST(bad_options_are_refused) {
  const fixture_plan plan = {0};
  fixture f;
  fixture_open(&f, &plan);
  lat_decode_options options = defaults();
  options.beam_width = 65;
  refuse_option(&f, &options, "beam_width 65 is outside 1..64");
  options = defaults();
  options.method = 3;
  refuse_option(&f, &options, "method 3 is outside 0..2");
  options = defaults();
  options.temperature = 0;
  refuse_option(&f, &options, "temperature 0 is outside");
  options.temperature = NAN;
  refuse_option(&f, &options, "temperature");
  options = defaults();
  options.max_tokens = -1;
  refuse_option(&f, &options, "max_tokens -1 is outside");
  lat_session *session = NULL;
  ck_assert_int_eq(lat_session_create(NULL, f.model, NULL), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_session_create(&session, NULL, NULL), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "model is NULL");
  lat_session_free(NULL);
  ck_assert_ptr_null(lat_session_log_probabilities(NULL));
  fixture_close(&f);
}
END_TEST

START_TEST(bad_calls_are_refused) {
  const fixture_plan plan = {0}, other_plan = {.input = "fp15"};
  fixture f, other;
  fixture_open(&f, &plan);
  fixture_open(&other, &other_plan);
  lat_sequences out;
  lat_session *session = fixture_session(&f, NULL);
  lat_batch *batch = fixture_batch(&f, 0, 1), *foreign = fixture_batch(&other, 0, 1);
  ck_assert_int_eq(lat_session_decode(NULL, session, batch), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_session_decode(&out, NULL, batch), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_session_decode(&out, session, NULL), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "batch is NULL");
  ck_assert_int_eq(lat_session_decode(&out, session, foreign), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(),
                   "the batch is written in fp15 of 3 digits, the model reads p1000 of 3");
  float *parameters;
  must(lat_model_map(&parameters, f.model));
  ck_assert_int_eq(lat_session_decode(&out, session, batch), LAT_ERROR_STATE);
  must(lat_model_commit(f.model));
  must(lat_session_decode(&out, session, batch));
  lat_batch_clear(batch);
  ck_assert_int_eq(lat_session_decode(&out, session, batch), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "the batch is empty");
  ck_assert_ptr_null(out.tokens);
  lat_session_free(session);
  lat_batch_free(batch);
  lat_batch_free(foreign);
  fixture_close(&f);
  fixture_close(&other);
}
END_TEST

START_TEST(a_longer_input_than_the_model_reads_is_refused) {
  const fixture_plan plan = {0}, larger_plan = {.rows = 5};
  fixture f, larger;
  fixture_open(&f, &plan);
  fixture_open(&larger, &larger_plan);
  lat_sequences out;
  lat_session *session = fixture_session(&f, NULL);
  lat_batch *batch = fixture_batch(&larger, 0, 1);
  ck_assert_int_eq(lat_session_decode(&out, session, batch), LAT_ERROR_LIMIT);
  lat_session_free(session);
  lat_batch_free(batch);
  fixture_close(&f);
  fixture_close(&larger);
}
END_TEST

/* Stops at a call, counted from 1; looks in which rounding it is called. */
typedef struct stopper {
  int calls, stop_at, wrong;
} stopper;

static int32_t stop_later(void *user) {
  stopper *self = user;
  self->wrong += fegetround() != FE_UPWARD;
  return ++self->calls == self->stop_at;
}

/* What was cancelled is decoded by the next call as if nothing had happened. */
START_TEST(decoding_can_be_cancelled) {
  const fixture_plan plan = {0};
  fixture f;
  fixture_open(&f, &plan);
  lat_batch *batch = fixture_batch(&f, 0, EXAMPLES);
  for (int32_t method = LAT_DECODE_GREEDY; method <= LAT_DECODE_SAMPLE; ++method) {
    lat_sequences out;
    answers whole = {0}, after = {0};
    stopper self = {0, 0, 0};
    lat_decode_options options = defaults();
    options.method = method;
    options.cancel = stop_later;
    options.cancel_user = &self;
    lat_session *session = fixture_session(&f, &options), *other = fixture_session(&f, &options);
    fesetround(FE_UPWARD);
    must(lat_session_decode(&out, other, batch));
    answers_add(&whole, &out, lat_session_log_probabilities(other));
    ck_assert_int_gt(self.calls, 5);
    for (self.stop_at = 1; self.stop_at < 4; ++self.stop_at) {
      self.calls = 0;
      ck_assert_int_eq(lat_session_decode(&out, session, batch), LAT_ERROR_CANCELLED);
      ck_assert_str_eq(lat_last_error(), "decoding was cancelled");
      ck_assert_int_eq(self.calls, self.stop_at);
      ck_assert_int_eq(out.count, 0);
    }
    self.stop_at = 0;
    must(lat_session_decode(&out, session, batch));
    fesetround(FE_TONEAREST);
    answers_add(&after, &out, lat_session_log_probabilities(session));
    check_same(&whole, &after);
    ck_assert_int_eq(self.wrong, 0);
    answers_free(&whole);
    answers_free(&after);
    lat_session_free(other);
    lat_session_free(session);
  }
  lat_batch_free(batch);
  fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {a_mixed_batch_gives_what_its_inputs_give_alone,
                                with_the_grammar_untrained_models_write_matrices,
                                without_it_padding_never_comes_and_output_ends_at_the_limit,
                                dimensions_leave_room_for_the_entries,
                                beams_of_one_are_greedy,
                                wider_beams_find_likelier_answers,
                                scores_that_are_not_finite_end_every_search,
                                samples_depend_on_the_seed_and_turn_greedy_as_it_gets_cold,
                                log_probabilities_are_those_of_the_tokens,
                                mixtures_answer_with_a_letter,
                                an_encoder_alone_answers_at_once,
                                a_decoder_alone_goes_on_behind_the_problem,
                                recurrent_decoders_carry_their_states,
                                an_encoder_alone_reads_the_shape_of_its_answer,
                                threads_change_no_bit,
                                a_steady_session_allocates_nothing,
                                eight_threads_share_a_frozen_model,
                                bad_options_are_refused,
                                bad_calls_are_refused,
                                a_longer_input_than_the_model_reads_is_refused,
                                decoding_can_be_cancelled,
                                NULL};
  return run_suite("session", tests);
}
