#include "small_run.h"
#include "suite.h"
#include "train/optimizer_impl.h"
#include "transformer/transformer.h"

#include <math.h>

/* The rule in double, element by element, as the papers have it. */
typedef struct naive_adam {
  double *p, *m, *v;
  size_t count;
  int64_t t;
} naive_adam;

static void naive_open(naive_adam *naive, const lat_model *model) {
  naive->count = lat_model_parameter_count(model);
  naive->p = calloc(naive->count, sizeof *naive->p);
  naive->m = calloc(naive->count, sizeof *naive->m);
  naive->v = calloc(naive->count, sizeof *naive->v);
  naive->t = 0;
  for (size_t i = 0; i < naive->count; ++i) {
    naive->p[i] = (double)lat_model_parameters(model)[i];
  }
}

static void naive_close(naive_adam *naive) {
  free(naive->p);
  free(naive->m);
  free(naive->v);
}

static double naive_norm(const float *g, size_t count, double tokens) {
  double sum = 0;
  for (size_t i = 0; i < count; ++i) {
    sum += (double)g[i] / tokens * ((double)g[i] / tokens);
  }
  return sqrt(sum);
}

static void naive_step(naive_adam *naive, const float *g, double tokens, double rate,
                       const lat_optimizer_options *o) {
  const double norm = naive_norm(g, naive->count, tokens);
  const double clip = o->clip_norm > 0 && norm > o->clip_norm ? o->clip_norm / norm : 1;
  const double c1 = 1 - pow(o->beta1, (double)(naive->t + 1));
  const double c2 = 1 - pow(o->beta2, (double)(naive->t + 1));
  for (size_t i = 0; i < naive->count; ++i) {
    const double d = (double)g[i] / tokens * clip;
    naive->m[i] = o->beta1 * naive->m[i] + (1 - o->beta1) * d;
    naive->v[i] = o->beta2 * naive->v[i] + (1 - o->beta2) * d * d;
    naive->p[i] -= rate * o->weight_decay * naive->p[i] +
                   rate * (naive->m[i] / c1) / (sqrt(naive->v[i] / c2) + o->epsilon);
  }
  ++naive->t;
}

/* One assertion a vector: Check writes each one to a file. */
static void expect_near(const naive_adam *naive, const lat_model *model, int step) {
  const float *found = lat_model_parameters(model);
  size_t i = 0;
  while (i < naive->count &&
         fabs((double)found[i] - naive->p[i]) <= 2e-6 * (1 + fabs(naive->p[i]))) {
    ++i;
  }
  ck_assert_msg(i == naive->count, "step %d parameter %zu: %.9g, not %.9g", step, i,
                (double)found[i % naive->count], naive->p[i % naive->count]);
}

static size_t count_nonzero(const float *x, size_t count) {
  size_t nonzero = 0;
  for (size_t i = 0; i < count; ++i) {
    nonzero += x[i] != 0;
  }
  return nonzero;
}

/* Ten updates on gradients of the model, held against the naive rule on the same gradients. */
static void compare_ten_steps(const char *rule, double decay, double clip) {
  small_run run;
  naive_adam naive;
  lat_optimizer *optimizer = NULL;
  lat_gradients *gradients = NULL;
  lat_optimizer_options options;
  small_run_open(&run, 2);
  small_run_optimizer_options(&options, rule);
  options.weight_decay = decay;
  options.clip_norm = clip;
  CHECK_OK(lat_optimizer_create(&optimizer, run.model, &options));
  CHECK_OK(lat_gradients_create(&gradients, run.model));
  naive_open(&naive, run.model);
  for (int step = 0; step < 10; ++step) {
    lat_loss_sum sum;
    lat_loss_sum_init(&sum);
    small_run_accumulate(gradients, &sum, &run, 4);
    const double tokens = (double)sum.tokens;
    const double norm = naive_norm(lati_gradients_vector(gradients), naive.count, tokens);
    naive_step(&naive, lati_gradients_vector(gradients), tokens,
               lat_optimizer_learning_rate(optimizer), &options);
    CHECK_OK(lat_optimizer_step(optimizer, run.model, gradients, &sum));
    ck_assert_int_eq(lat_optimizer_updates(optimizer), step + 1);
    ck_assert_double_eq_tol(lat_optimizer_gradient_norm(optimizer), norm, 1e-6 * norm);
    ck_assert_int_eq(sum.tokens, 0);
    ck_assert_double_eq(sum.loss, 0);
    expect_near(&naive, run.model, step);
    ck_assert_uint_eq(count_nonzero(lati_gradients_vector(gradients), naive.count), 0);
  }
  naive_close(&naive);
  lat_gradients_free(gradients);
  lat_optimizer_free(optimizer);
  small_run_close(&run);
}

START_TEST(adam_is_adam) {
  compare_ten_steps("adam", 0, 0);
}
END_TEST

START_TEST(adamw_decays) {
  compare_ten_steps("adamw", 0.1, 0);
}
END_TEST

START_TEST(a_large_gradient_is_clipped) {
  compare_ten_steps("adam", 0, 0.01);
}
END_TEST

typedef struct step_fixture {
  small_run run;
  lat_optimizer *optimizer;
  lat_gradients *gradients;
  lat_loss_sum sum;
  float *before;
  size_t size;
} step_fixture;

static void step_open(step_fixture *f, const char *rule) {
  lat_optimizer_options options;
  small_run_open(&f->run, 1);
  small_run_optimizer_options(&options, rule);
  CHECK_OK(lat_optimizer_create(&f->optimizer, f->run.model, &options));
  CHECK_OK(lat_gradients_create(&f->gradients, f->run.model));
  lat_loss_sum_init(&f->sum);
  small_run_accumulate(f->gradients, &f->sum, &f->run, 4);
  f->size = lat_model_parameter_count(f->run.model) * sizeof(float);
  f->before = malloc(f->size);
  memcpy(f->before, lat_model_parameters(f->run.model), f->size);
}

static void step_close(step_fixture *f) {
  free(f->before);
  lat_gradients_free(f->gradients);
  lat_optimizer_free(f->optimizer);
  small_run_close(&f->run);
}

static lat_status step_once(step_fixture *f) {
  return lat_optimizer_step(f->optimizer, f->run.model, f->gradients, &f->sum);
}

START_TEST(a_gradient_that_is_not_finite_changes_nothing) {
  const float bad[] = {NAN, INFINITY, -INFINITY};
  step_fixture f;
  step_open(&f, "muon");
  float *g = lati_gradients_vector(f.gradients);
  for (int i = 0; i < 3; ++i) {
    const float kept = g[100];
    const lat_loss_sum sum = f.sum;
    g[100] = bad[i];
    CHECK_FAILS(step_once(&f), LAT_ERROR_NUMERIC, "update 1: the gradient's norm is not finite");
    g[100] = kept;
    ck_assert_mem_eq(f.before, lat_model_parameters(f.run.model), f.size);
    ck_assert_mem_eq(&f.sum, &sum, sizeof sum);
    ck_assert_int_eq(lat_optimizer_updates(f.optimizer), 0);
    ck_assert_uint_eq(count_nonzero(f.optimizer->m, f.optimizer->count), 0);
    ck_assert_uint_eq(count_nonzero(f.optimizer->v, f.optimizer->count), 0);
  }
  f.sum.loss = NAN;
  CHECK_FAILS(step_once(&f), LAT_ERROR_NUMERIC, "the loss is not finite");
  ck_assert_mem_eq(f.before, lat_model_parameters(f.run.model), f.size);
  f.sum.loss = 1;
  CHECK_OK(step_once(&f));
  ck_assert_mem_ne(f.before, lat_model_parameters(f.run.model), f.size);
  step_close(&f);
}
END_TEST

START_TEST(misuse_of_a_step_is_refused) {
  float *parameters = NULL;
  step_fixture f;
  step_open(&f, "adam");
  CHECK_FAILS(lat_optimizer_step(NULL, f.run.model, f.gradients, &f.sum), LAT_ERROR_ARGUMENT,
              "NULL");
  CHECK_FAILS(lat_optimizer_step(f.optimizer, NULL, f.gradients, &f.sum), LAT_ERROR_ARGUMENT,
              "NULL");
  CHECK_FAILS(lat_optimizer_step(f.optimizer, f.run.model, NULL, &f.sum), LAT_ERROR_ARGUMENT,
              "NULL");
  CHECK_FAILS(lat_optimizer_step(f.optimizer, f.run.model, f.gradients, NULL), LAT_ERROR_ARGUMENT,
              "NULL");
  const int64_t tokens = f.sum.tokens;
  f.sum.tokens = 0;
  CHECK_FAILS(step_once(&f), LAT_ERROR_ARGUMENT, "sum->tokens 0 is below 1");
  f.sum.tokens = tokens;
  CHECK_OK(lat_model_map(&parameters, f.run.model));
  CHECK_FAILS(step_once(&f), LAT_ERROR_STATE, "mapped");
  CHECK_OK(lat_model_commit(f.run.model));
  CHECK_OK(lat_gradients_map(&parameters, f.gradients));
  CHECK_FAILS(step_once(&f), LAT_ERROR_STATE, "the gradients are mapped");
  CHECK_OK(lat_gradients_commit(f.gradients));
  CHECK_OK(lat_model_freeze(f.run.model));
  CHECK_FAILS(step_once(&f), LAT_ERROR_STATE, "frozen");
  step_close(&f);
}
END_TEST

/* Twelve updates: the average in double from the parameters that each one left. */
START_TEST(the_average_follows_the_parameters) {
  step_fixture f;
  lat_optimizer_options options;
  step_open(&f, "adam");
  lat_optimizer_free(f.optimizer);
  small_run_optimizer_options(&options, "muon");
  options.ema_decay = 0.5;
  CHECK_OK(lat_optimizer_create(&f.optimizer, f.run.model, &options));
  const size_t count = f.optimizer->count;
  double *average = calloc(count, sizeof *average);
  for (int n = 0; n < 12; ++n) {
    const double keep = fmin(0.5, n / (n + 9.0));
    CHECK_OK(step_once(&f));
    for (size_t i = 0; i < count; ++i) {
      average[i] = keep * average[i] + (1 - keep) * (double)lat_model_parameters(f.run.model)[i];
    }
    small_run_accumulate(f.gradients, &f.sum, &f.run, 4);
  }
  memcpy(f.before, lat_model_parameters(f.run.model), f.size);
  CHECK_OK(lat_optimizer_swap_average(f.optimizer, f.run.model));
  double worst = 0;
  for (size_t i = 0; i < count; ++i) {
    worst = fmax(worst, fabs(average[i] - (double)lat_model_parameters(f.run.model)[i]));
  }
  ck_assert_double_lt(worst, 1e-6);
  ck_assert_mem_ne(f.before, lat_model_parameters(f.run.model), f.size);
  CHECK_FAILS(step_once(&f), LAT_ERROR_STATE, "the model holds the average");
  CHECK_OK(lat_optimizer_swap_average(f.optimizer, f.run.model));
  ck_assert_mem_eq(f.before, lat_model_parameters(f.run.model), f.size);
  CHECK_OK(step_once(&f));
  free(average);
  step_close(&f);
}
END_TEST

START_TEST(misuse_of_the_average_is_refused) {
  step_fixture f;
  step_open(&f, "adam");
  CHECK_FAILS(lat_optimizer_swap_average(f.optimizer, f.run.model), LAT_ERROR_STATE,
              "its ema_decay is 0");
  CHECK_FAILS(lat_optimizer_swap_average(NULL, f.run.model), LAT_ERROR_ARGUMENT, "NULL");
  CHECK_FAILS(lat_optimizer_swap_average(f.optimizer, NULL), LAT_ERROR_ARGUMENT, "NULL");
  lat_optimizer_free(f.optimizer);
  lat_optimizer_options options;
  small_run_optimizer_options(&options, "adam");
  options.ema_decay = 1;
  CHECK_FAILS(lat_optimizer_create(&f.optimizer, f.run.model, &options), LAT_ERROR_ARGUMENT,
              "ema_decay 1 is outside");
  options.ema_decay = 0.9;
  CHECK_OK(lat_optimizer_create(&f.optimizer, f.run.model, &options));
  CHECK_OK(lat_model_freeze(f.run.model));
  CHECK_FAILS(lat_optimizer_swap_average(f.optimizer, f.run.model), LAT_ERROR_STATE, "frozen");
  step_close(&f);
}
END_TEST

START_TEST(another_model_is_refused) {
  step_fixture f;
  small_run other;
  lat_model_options options;
  small_run_model_options(&options);
  options.decoder_layers = 2;
  small_run_open_with(&other, 1, &options);
  step_open(&f, "adam");
  CHECK_FAILS(lat_optimizer_step(f.optimizer, other.model, f.gradients, &f.sum), LAT_ERROR_ARGUMENT,
              "the optimizer was made for");
  step_close(&f);
  small_run_close(&other);
}
END_TEST

static void expect_refused(lat_model *model, const lat_optimizer_options *options,
                           lat_status status, const char *message) {
  lat_optimizer *optimizer = (lat_optimizer *)(uintptr_t)1;
  CHECK_FAILS(lat_optimizer_create(&optimizer, model, options), status, message);
  ck_assert_ptr_null(optimizer);
}

START_TEST(bad_options_are_refused) {
  small_run run;
  lat_optimizer_options options;
  small_run_open(&run, 1);
  lat_optimizer_options_init(&options);
  options.rule = "sgd";
  expect_refused(run.model, &options, LAT_ERROR_NOT_FOUND, "no rule \"sgd\"");
  lat_optimizer_options_init(&options);
  options.schedule = "step";
  expect_refused(run.model, &options, LAT_ERROR_NOT_FOUND, "no schedule \"step\"");
  lat_optimizer_options_init(&options);
  options.weight_decay = 0.5;
  expect_refused(run.model, &options, LAT_ERROR_ARGUMENT, "weight_decay 0.5: rule adam has none");
  lat_optimizer_options_init(&options);
  options.learning_rate = NAN;
  expect_refused(run.model, &options, LAT_ERROR_ARGUMENT, "learning_rate");
  lat_optimizer_options_init(&options);
  options.beta2 = 1;
  expect_refused(run.model, &options, LAT_ERROR_ARGUMENT, "beta2 1 is outside");
  lat_optimizer_options_init(&options);
  options.warmup = -1;
  expect_refused(run.model, &options, LAT_ERROR_ARGUMENT, "warmup -1 is outside");
  expect_refused(NULL, NULL, LAT_ERROR_ARGUMENT, "model is NULL");
  CHECK_FAILS(lat_optimizer_create(NULL, run.model, NULL), LAT_ERROR_ARGUMENT, "out is NULL");
  CHECK_OK(lat_model_freeze(run.model));
  expect_refused(run.model, NULL, LAT_ERROR_STATE, "frozen");
  small_run_close(&run);
  lat_optimizer_free(NULL);
}
END_TEST

START_TEST(stretches_cover_what_muon_leaves) {
  step_fixture f;
  step_open(&f, "muon");
  size_t adam = 0, hidden = 0;
  for (int32_t i = 0; i < f.optimizer->stretch_count; ++i) {
    adam += f.optimizer->stretches[i].size;
    ck_assert(f.optimizer->stretches[i].size <= LATI_UPDATE_BLOCK);
  }
  for (int32_t i = 0; i < f.run.model->table.count; ++i) {
    const lati_parameter *entry = &f.run.model->table.entries[i];
    hidden += entry->hidden ? entry->size : 0;
  }
  ck_assert_uint_gt(hidden, 0);
  ck_assert_uint_eq(adam + hidden, f.optimizer->count);
  step_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {adam_is_adam,
                                adamw_decays,
                                a_large_gradient_is_clipped,
                                a_gradient_that_is_not_finite_changes_nothing,
                                misuse_of_a_step_is_refused,
                                the_average_follows_the_parameters,
                                misuse_of_the_average_is_refused,
                                another_model_is_refused,
                                bad_options_are_refused,
                                stretches_cover_what_muon_leaves,
                                NULL};
  return run_suite("optimizer", tests);
}
