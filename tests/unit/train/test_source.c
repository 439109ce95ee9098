/* Examples of the host's own: the order in which a sampler takes them, evaluations of them, and
 * runs that train on them. */
#include "suite.h"
#include "trainer_fixture.h"

enum { EXAMPLES = 23 };

/* What the task's sampler draws from the stream of that number. */
static lat_batch *draw(uint32_t stream) {
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_sampler_options of_sampler;
  lat_sampler_options_init(&of_sampler);
  of_sampler.stream = stream;
  CHECK_OK(lat_sampler_create(&sampler, run.task, run.tokenizer, &of_sampler));
  CHECK_OK(lat_batch_create(&batch, run.tokenizer));
  CHECK_OK(lat_sampler_next(batch, sampler, EXAMPLES));
  lat_sampler_free(sampler);
  return batch;
}

static lat_sampler *sampler_of(const lat_batch *source, int32_t in_order, uint64_t seed) {
  lat_sampler *sampler = NULL;
  lat_sampler_options of_sampler;
  lat_sampler_options_init(&of_sampler);
  of_sampler.source = source;
  of_sampler.source_in_order = in_order;
  of_sampler.seed = seed;
  CHECK_OK(lat_sampler_create(&sampler, run.task, run.tokenizer, &of_sampler));
  return sampler;
}

/* Which of the source's examples is example i of the batch, by its first coefficient. */
static int64_t find(const lat_batch *source, const lat_batch *batch, int64_t i) {
  lat_matrix x, y;
  CHECK_OK(lat_batch_operand(&x, batch, LAT_OUTPUT, i, 0));
  for (int64_t k = 0; k < EXAMPLES; ++k) {
    CHECK_OK(lat_batch_operand(&y, source, LAT_OUTPUT, k, 0));
    if (memcmp(x.data, y.data, 4 * sizeof *x.data) == 0) {
      return k;
    }
  }
  return -1;
}

START_TEST(every_pass_holds_each_example_once) {
  open_all();
  int64_t first[EXAMPLES];
  int moved = 0, differ = 0;
  lat_batch *source = draw(0), *batch = NULL;
  lat_sampler *sampler = sampler_of(source, 0, 4);
  CHECK_OK(lat_batch_create(&batch, run.tokenizer));
  for (int pass = 0; pass < 3; ++pass) {
    int seen[EXAMPLES] = {0};
    CHECK_OK(lat_sampler_next(batch, sampler, EXAMPLES));
    for (int64_t i = 0; i < EXAMPLES; ++i) {
      const int64_t k = find(source, batch, i);
      ck_assert_int_ge(k, 0);
      ck_assert_int_eq(seen[k]++, 0);
      moved += k != i;
      differ += pass > 0 && k != first[i];
      first[i] = k;
    }
  }
  ck_assert_int_gt(moved, 3 * EXAMPLES / 2);
  ck_assert_int_gt(differ, EXAMPLES);
  lat_sampler_seek(sampler, 2 * EXAMPLES + 5); /* a position is all there is to know */
  CHECK_OK(lat_sampler_next(batch, sampler, 1));
  ck_assert_int_eq(find(source, batch, 0), first[5]);
  lat_sampler_free(sampler);
  sampler = sampler_of(source, 1, 4);
  lat_sampler_seek(sampler, EXAMPLES - 2);
  CHECK_OK(lat_sampler_next(batch, sampler, 4));
  ck_assert_int_eq(find(source, batch, 1), EXAMPLES - 1);
  ck_assert_int_eq(find(source, batch, 2), 0);
  CHECK_FAILS(lat_sampler_next(source, sampler, 1), LAT_ERROR_ARGUMENT, "the sampler's own source");
  lat_sampler_free(sampler);
  lat_batch_free(batch);
  lat_batch_free(source);
  close_all();
}
END_TEST

static void expect_refused(const lat_sampler_options *of_sampler, const char *message) {
  lat_sampler *sampler = NULL;
  CHECK_FAILS(lat_sampler_create(&sampler, run.task, run.tokenizer, of_sampler), LAT_ERROR_ARGUMENT,
              message);
  ck_assert_ptr_null(sampler);
}

START_TEST(sources_that_are_not_the_tasks_are_refused) {
  open_all();
  double numbers[4] = {1, 2, 3, 4};
  const lat_matrix square = {numbers, 2, 2, 2, LAT_ROW_MAJOR}, row = {numbers, 1, 4, 4, 0};
  lat_batch *source = NULL, *other = NULL;
  lat_tokenizer *p1000 = NULL;
  lat_sampler_options of_sampler;
  lat_sampler_options_init(&of_sampler);
  CHECK_OK(lat_batch_create(&source, run.tokenizer));
  of_sampler.source = source;
  expect_refused(&of_sampler, "the source holds no example");
  CHECK_OK(lat_batch_append(source, 0, &square, &square));
  CHECK_OK(lat_batch_append(source, 0, &square, &row));
  expect_refused(&of_sampler, "the source's example 1: its answer is 1 x 4, not 2 x 2");
  lat_batch_clear(source);
  CHECK_OK(lat_batch_append(source, 0, &square, NULL));
  expect_refused(&of_sampler, "example 0: it has no answer");
  lat_batch_clear(source);
  CHECK_OK(lat_batch_append(source, 'E', &square, &square));
  expect_refused(&of_sampler, "example 0: its letter is none of the task's");
  lat_batch_clear(source);
  CHECK_OK(lat_batch_append(source, 0, &square, &square));
  of_sampler.repeat_share = 0.5;
  of_sampler.repeat_count = 3;
  expect_refused(&of_sampler, "are of drawn examples, and there is a source");
  of_sampler.repeat_share = 0;
  CHECK_OK(lat_tokenizer_create(&p1000, run.ctx, NULL));
  CHECK_OK(lat_batch_create(&other, p1000));
  CHECK_OK(lat_batch_append(other, 0, &square, &square));
  of_sampler.source = other;
  expect_refused(&of_sampler, "the source's encodings are not the sampler's");
  lat_batch_free(other);
  lat_tokenizer_free(p1000);
  lat_batch_free(source);
  close_all();
}
END_TEST

/* An evaluation of stored examples is that of the same ones drawn. */
START_TEST(evaluations_take_a_source) {
  open_all();
  lat_evaluation *drawn = NULL, *stored = NULL;
  lat_evaluate_options of_evaluation;
  lat_batch *source = draw(2);
  lat_evaluate_options_init(&of_evaluation);
  of_evaluation.count = EXAMPLES - 3;
  of_evaluation.first = 3;
  of_evaluation.batch_size = 7;
  of_evaluation.ceiling = 1;
  CHECK_OK(lat_evaluate(&drawn, run.model, &of_evaluation));
  of_evaluation.source = source;
  of_evaluation.count = 1000; /* more than there are */
  CHECK_OK(lat_evaluate(&stored, run.model, &of_evaluation));
  const lat_accuracy *a = lat_evaluation_row(drawn, 0), *b = lat_evaluation_row(stored, 0);
  ck_assert_int_eq(b->count, EXAMPLES - 3);
  ck_assert_mem_eq(a->accuracy, b->accuracy, sizeof a->accuracy);
  ck_assert_mem_eq(a->ceiling, b->ceiling, sizeof a->ceiling);
  lat_evaluation *none = NULL;
  of_evaluation.first = EXAMPLES;
  CHECK_FAILS(lat_evaluate(&none, run.model, &of_evaluation), LAT_ERROR_ARGUMENT,
              "first 23 is past the source's 23");
  lat_evaluation_free(drawn);
  lat_evaluation_free(stored);
  lat_batch_free(source);
  close_all();
}
END_TEST

/* Stopped and resumed, the run is the straight one; with other examples it is refused. */
START_TEST(runs_train_on_a_source) {
  open_all();
  lat_batch *source = draw(0), *other = draw(5);
  options.source = options.validation_source = source;
  options.max_examples = 120;
  create_and_run();
  const size_t size = lat_model_parameter_count(run.model) * sizeof(float);
  float *straight = malloc(size);
  memcpy(straight, lat_model_parameters(run.model), size);
  lat_trainer_free(trainer);
  trainer = NULL;
  small_run_close(&run);
  scratch_file(directory, &folder, "runs/second");
  small_run_open(&run, 1);
  options.max_examples = 60;
  create_and_run();
  lat_trainer_free(trainer);
  trainer = NULL;
  options.max_examples = 120;
  options.source = other;
  CHECK_FAILS(lat_trainer_resume(&trainer, run.model, &optimizer, &options), LAT_ERROR_ARGUMENT,
              "trainer.source");
  options.source = NULL;
  CHECK_FAILS(lat_trainer_resume(&trainer, run.model, &optimizer, &options), LAT_ERROR_ARGUMENT,
              "trainer.source (none) differs from the run's");
  options.source = source;
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  ck_assert_mem_eq(straight, lat_model_parameters(run.model), size);
  free(straight);
  lat_batch_free(other);
  lat_batch_free(source);
  close_all();
}
END_TEST

int main(void) {
  const TTest *const tests[] = {every_pass_holds_each_example_once,
                                sources_that_are_not_the_tasks_are_refused,
                                evaluations_take_a_source, runs_train_on_a_source, NULL};
  return run_suite("source", tests);
}
