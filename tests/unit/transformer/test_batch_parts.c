/* Batches that go through the model in parts, one after the other or a thread on each. */
#include "model_variants.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { EXAMPLES = 720 }; /* two parts at least, and four of most variants */

/* The thread sanitizer takes a hundred times as long. */
#ifdef __SANITIZE_THREAD__
enum { VARIANTS = 2, MOST_THREADS = 3 };
#else
enum { VARIANTS = MODEL_VARIANTS, MOST_THREADS = 3 };
#endif

/* Of all options, with dropout. */
START_TEST(threads_change_no_bit) {
  float *expected = NULL;
  double loss = 0;
  for (int32_t threads = 1; threads <= MOST_THREADS; ++threads) {
    model_fixture f;
    lat_loss_sum sum;
    lat_loss_sum_init(&sum);
    model_variant_open(&f, _i, threads, NULL);
    f.model->options.dropout = 0.1;
    lat_batch *batch = model_fixture_batch(&f, 0, EXAMPLES);
    float *gradient = model_fixture_gradient(f.model, batch, &sum);
    if (expected == NULL) {
      expected = gradient;
      loss = sum.loss;
    } else {
      ck_assert_mem_eq(gradient, expected, lat_model_parameter_count(f.model) * sizeof(float));
      ck_assert(sum.loss == loss);
      free(gradient);
    }
    lat_batch_free(batch);
    model_fixture_close(&f);
  }
  free(expected);
}
END_TEST

/* Of 720 examples not even half go through the model at once, which four batches of 180 do; fp15
 * has 29,129 symbols, so that logits of 180 examples do not exist all at once. */
START_TEST(a_batch_of_many_tokens_is_the_sum_of_its_parts) {
  model_fixture f;
  lat_gradients *gradients = NULL;
  lat_loss_sum parts, whole;
  lat_loss_sum_init(&parts);
  lat_loss_sum_init(&whole);
  model_variant_open(&f, _i, 2, NULL);
  f.model->options.dropout = 0.1;
  lat_batch *all = model_fixture_batch(&f, 0, 720);
  float *expected = model_fixture_gradient(f.model, all, &whole);
  must(lat_gradients_create(&gradients, f.model));
  for (uint64_t i = 0; i < 4; ++i) {
    lat_batch *part = model_fixture_batch(&f, 180 * i, 180);
    lati_gradients_place(gradients, 0, 180 * i);
    must(lat_gradients_accumulate(gradients, &parts, f.model, part));
    lat_batch_free(part);
  }
  ck_assert_int_gt(whole.tokens, 2 * (1 << 23) / 29129);
  ck_assert_int_eq(parts.tokens, whole.tokens);
  ck_assert_int_eq(parts.correct_tokens, whole.correct_tokens);
  ck_assert(fabs(parts.loss - whole.loss) < 1e-6 * whole.loss);
  ck_assert(model_fixture_distance(expected, lati_gradients_vector(gradients),
                                   lat_gradients_size(gradients)) < 1e-5);
  free(expected);
  lat_batch_free(all);
  lat_gradients_free(gradients);
  model_fixture_close(&f);
}
END_TEST

/* Makes the problems that hold a token overflow. */
static void spoil(const model_fixture *f, int32_t token) {
  const lati_stack *encoder = &f->model->stack[0];
  const float *table = encoder->embedding.side[LAT_INPUT].table;
  float *parameters = NULL;
  must(lat_model_map(&parameters, f->model));
  for (int32_t i = 0; i < encoder->width; ++i) {
    parameters[table - f->model->parameters + (int64_t)token * encoder->width + i] =
        i % 2 == 0 ? 3e38f : -3e38f;
  }
  must(lat_model_commit(f->model));
}

/* A token that the first `before` problems do not hold, the later ones do, and the first of these.
 */
static int32_t find_late_token(const lat_batch *batch, int64_t before, int64_t *first) {
  lat_sequences inputs;
  must(lat_batch_sequences(&inputs, batch, LAT_INPUT));
  for (*first = before; *first < inputs.count; ++*first) {
    for (int64_t t = inputs.offsets[*first]; t < inputs.offsets[*first + 1]; ++t) {
      int64_t seen = 0;
      while (inputs.tokens[seen] != inputs.tokens[t]) {
        ++seen;
      }
      if (seen == t) {
        return inputs.tokens[t];
      }
    }
  }
  return -1;
}

/* The first part that fails is told of, whichever failed first, and no loss is added. */
START_TEST(a_part_that_fails_ends_none_of_the_others) {
  for (int32_t threads = 1; threads <= MOST_THREADS; ++threads) {
    model_fixture f;
    lat_gradients *gradients = NULL;
    lat_sequences targets;
    lat_loss_sum sum;
    int64_t first = 0;
    char message[128];
    lat_loss_sum_init(&sum);
    model_fixture_open(&f, &(model_plan){.input = "p1000", .max_size = 3, .threads = threads});
    lat_batch *batch = model_fixture_batch(&f, 0, EXAMPLES);
    must(lat_gradients_create(&gradients, f.model));
    must(lat_gradients_accumulate(gradients, &sum, f.model, batch));
    const lat_loss_sum before = sum;
    spoil(&f, find_late_token(batch, EXAMPLES / 2, &first));
    must(lat_batch_sequences(&targets, batch, LAT_OUTPUT));
    snprintf(message, sizeof message, "the loss of target token %lld is not finite",
             (long long)(targets.offsets[first] + first));
    must_fail(LAT_ERROR_NUMERIC, lat_gradients_accumulate(gradients, &sum, f.model, batch),
              message);
    ck_assert(sum.loss == before.loss);
    ck_assert_int_eq(sum.tokens, before.tokens);
    lat_batch_free(batch);
    lat_gradients_free(gradients);
    model_fixture_close(&f);
  }
}
END_TEST

/* A host's way of running a loop: one body after the other, from the last. */
static void run_backwards(lat_loop_function *body, void *loop, int32_t count, void *user) {
  (void)user;
  for (int32_t i = count - 1; i >= 0; --i) {
    body(loop, i);
  }
}

typedef struct hearer {
  pthread_t thread;
  size_t first; /* what was told last */
  int calls;
} hearer;

static void hear(void *user, size_t first) {
  hearer *self = user;
  ck_assert(pthread_equal(self->thread, pthread_self()));
  ck_assert(self->calls == 0 || first < self->first);
  self->first = first;
  ++self->calls;
}

/* The gradient, of which `hears` is told. */
static float *gradient_by(const model_plan *plan, size_t *bytes, hearer *hears) {
  model_fixture f;
  lat_gradients *gradients = NULL;
  lat_loss_sum sum;
  lat_loss_sum_init(&sum);
  model_fixture_open(&f, plan);
  lat_batch *batch = model_fixture_batch(&f, 0, EXAMPLES);
  must(lat_gradients_create(&gradients, f.model));
  lati_gradients_follow(gradients, hears != NULL ? hear : NULL, hears);
  must(lat_gradients_accumulate(gradients, &sum, f.model, batch));
  *bytes = lat_gradients_size(gradients) * sizeof(float);
  float *copy = malloc(*bytes);
  memcpy(copy, lati_gradients_vector(gradients), *bytes);
  lat_batch_free(batch);
  lat_gradients_free(gradients);
  model_fixture_close(&f);
  return copy;
}

START_TEST(a_host_s_threads_and_hearers_change_no_bit) {
  size_t bytes = 0;
  hearer hears = {.thread = pthread_self()};
  const model_plan plan = {.input = "p1000", .max_size = 3};
  model_plan lent = plan, own = plan;
  lent.threads = 3;
  lent.parallel = run_backwards;
  own.threads = 2;
  float *expected = gradient_by(&plan, &bytes, NULL);
  float *by_host = gradient_by(&lent, &bytes, NULL), *heard = gradient_by(&own, &bytes, &hears);
  ck_assert_mem_eq(by_host, expected, bytes);
  ck_assert_mem_eq(heard, expected, bytes);
  ck_assert_int_gt(hears.calls, 1);
  free(heard);
  free(by_host);
  free(expected);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("batch parts");
  tcase_add_loop_test(tests, threads_change_no_bit, 0, VARIANTS);
  tcase_add_loop_test(tests, a_batch_of_many_tokens_is_the_sum_of_its_parts, 0, VARIANTS);
  tcase_add_test(tests, a_part_that_fails_ends_none_of_the_others);
  tcase_add_test(tests, a_host_s_threads_and_hearers_change_no_bit);
  return run_case("batch_parts", tests);
}
