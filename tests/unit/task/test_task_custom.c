/* Custom tasks: sorting a row of numbers, with every way a callback can misbehave. */
#include "task/task_impl.h"
#include "task_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

/* What the callbacks are told to do. */
typedef struct behaviour {
  int32_t input_shape, output_shape, draw, answer, residual, canonicalize, restore; /* to return */
  int32_t rows, output_rows;
  int32_t reject_below; /* draw: rejects when its first number is below */
  double value;         /* draw: written when not 0 */
  int32_t leave;        /* draw, answer: leave the matrix as it came */
  atomic_int inside, overlaps;
  pthread_t caller;
  atomic_int other_threads;
} behaviour;

static int32_t input_shape(int32_t *rows, int32_t *cols, lat_random *random, void *user) {
  const behaviour *b = user;
  *rows = b->rows;
  *cols = lat_random_integer(random, 1, 6);
  return b->input_shape;
}

static int32_t output_shape(int32_t *rows, int32_t *cols, const int32_t *input_rows,
                            const int32_t *input_cols, void *user) {
  const behaviour *b = user;
  (void)input_rows;
  *rows = b->output_rows;
  *cols = *input_cols;
  return *input_rows > 1 ? LAT_TASK_REJECT : b->output_shape;
}

static int32_t draw(lat_matrix *input, lat_random *random, void *user) {
  behaviour *b = user;
  if (atomic_fetch_add(&b->inside, 1) > 0) {
    atomic_store(&b->overlaps, 1);
  }
  atomic_fetch_add(&b->other_threads, pthread_equal(b->caller, pthread_self()) == 0);
  for (int32_t j = 0; j < input->cols && !b->leave; ++j) {
    input->data[j] = b->value != 0 ? b->value : 20 * lat_random_uniform(random) - 10;
  }
  atomic_fetch_sub(&b->inside, 1);
  return input->data[0] < b->reject_below ? LAT_TASK_REJECT : b->draw;
}

static int32_t answer(lat_matrix *output, const lat_matrix *input, void *user) {
  const behaviour *b = user;
  for (int32_t j = 0; j < input->cols && !b->leave; ++j) {
    int32_t rank = 0;
    for (int32_t l = 0; l < input->cols; ++l) {
      rank += input->data[l] < input->data[j] || (input->data[l] == input->data[j] && l < j);
    }
    output->data[rank] = input->data[j];
  }
  return b->answer;
}

/* 7 for any prediction, so that a test can tell who was asked. */
static int32_t residual(double *out, const lat_matrix *input, const lat_matrix *target,
                        const lat_matrix *prediction, void *user) {
  const behaviour *b = user;
  ck_assert_ptr_nonnull(target);
  ck_assert_int_eq(input->cols, prediction->cols);
  *out = 7;
  return b->residual;
}

static lat_task_functions sort_functions(void) {
  lat_task_functions f;
  lat_task_functions_init(&f);
  f.name = "sort-row";
  f.letter = 'Z';
  f.degree = 1;
  f.scalable = 1;
  f.input_shape = input_shape;
  f.output_shape = output_shape;
  f.draw = draw;
  f.answer = answer;
  return f;
}

static lat_context *ctx;
static lat_tokenizer *tokenizer;
static lat_batch *batch;
static behaviour b;

static void setup(void) {
  ctx = new_context(3);
  tokenizer = new_tokenizer(ctx, "p1000", "p1000");
  OK(lat_batch_create(&batch, tokenizer));
  memset(&b, 0, sizeof b);
  b.rows = 1;
  b.output_rows = 1;
  b.reject_below = -100;
  b.caller = pthread_self();
}

static void teardown(void) {
  lat_batch_free(batch);
  lat_tokenizer_free(tokenizer);
  lat_context_free(ctx);
}

static lat_task *new_custom(const lat_task_functions *functions) {
  lat_task *task = NULL;
  OK(lat_task_create_custom(&task, ctx, functions, &b));
  return task;
}

static lat_status draw_some(lat_task *task, int64_t count) {
  lat_sampler *sampler = NULL;
  OK(lat_sampler_create(&sampler, task, tokenizer, NULL));
  const lat_status status = lat_sampler_next(batch, sampler, count);
  ck_assert_uint_eq(lat_sampler_position(sampler), status == LAT_OK ? (uint64_t)count : 0);
  ck_assert_int_eq(lat_batch_size(batch), status == LAT_OK ? count : 0);
  lat_sampler_free(sampler);
  return status;
}

START_TEST(draws_answers_and_scores) {
  setup();
  const lat_task_functions f = sort_functions();
  lat_task *task = new_custom(&f);
  int32_t degree = 0, rows = 0, cols = 0;
  ck_assert_str_eq(lat_task_name(task), "sort-row");
  ck_assert_int_eq(lat_task_letter(task), 'Z');
  ck_assert_int_eq(lati_task_scaling(&degree, task), LATI_SCALE_ALL);
  ck_assert_int_eq(degree, 1);
  ck_assert(!lati_task_self_scoring(task) && !lati_task_symmetric(task));
  OK(lat_task_output_shape(&rows, &cols, task, 1, 5));
  ck_assert_int_eq(cols, 5);
  FAILS(lat_task_output_shape(&rows, &cols, task, 2, 5), LAT_ERROR_SHAPE,
        "task 'sort-row' does not take a 2 x 5 matrix");
  OK(draw_some(task, 40));
  for (int64_t i = 0; i < 40; ++i) {
    lat_matrix x;
    OK(lat_batch_matrix(&x, batch, LAT_OUTPUT, i));
    for (int32_t j = 1; j < x.cols; ++j) {
      ck_assert_double_le(x.data[j - 1], x.data[j]);
    }
  }
  double data[3] = {3, 1, 2}, out[3], wrong[3] = {1, 2, 4};
  lat_matrix input = {data, 1, 3, 1, LAT_COLUMN_MAJOR}, x = by_rows(out, 1, 3);
  OK(lat_task_answer(&x, task, &input));
  ck_assert(out[0] == 1 && out[1] == 2 && out[2] == 3);
  const lat_matrix p = by_rows(wrong, 1, 3);
  lat_score score;
  lat_score_init(&score);
  OK(lat_task_score(&score, task, &input, NULL, &p, NULL));
  ck_assert_double_eq_tol(score.residual, 1 / 6.0, 1e-15);
  lat_task_free(task);
  teardown();
}
END_TEST

START_TEST(a_residual_of_its_own) {
  setup();
  lat_task_functions f = sort_functions();
  f.residual = residual;
  f.scalable = 0;
  lat_task *task = new_custom(&f);
  int32_t degree = 0;
  double data[2] = {2, 1};
  const lat_matrix input = by_rows(data, 1, 2);
  lat_score score;
  lat_score_init(&score);
  OK(lat_task_score(&score, task, &input, NULL, &input, NULL));
  ck_assert_double_eq(score.residual, 7);
  ck_assert(lati_task_self_scoring(task));
  ck_assert_int_eq(lati_task_scaling(&degree, task), LATI_SCALE_NONE);
  b.residual = -3;
  FAILS(lat_task_score(&score, task, &input, NULL, &input, NULL), LAT_ERROR_CALLBACK,
        "task 'sort-row': residual returned -3");
  lat_task_free(task);
  teardown();
}
END_TEST

/* Callbacks that are not thread-safe run on the caller's thread, one at a time. */
START_TEST(not_thread_safe_means_serial) {
  setup();
  lat_task_functions f = sort_functions();
  lat_task *task = new_custom(&f), *other = new_task(ctx, "transpose", 3, 0), *mixture = NULL;
  OK(draw_some(task, 600));
  OK(lat_task_create_mixture(&mixture, ctx, (lat_task *[]){other, task}, NULL, 2));
  OK(draw_some(mixture, 600));
  ck_assert_int_eq(b.other_threads, 0);
  ck_assert_int_eq(atomic_load(&b.overlaps), 0);
  lat_task_free(mixture);
  lat_task_free(other);
  lat_task_free(task);
  teardown();
}
END_TEST

/* And the examples are those that a thread-safe task would draw. */
START_TEST(serial_and_parallel_agree) {
  setup();
  lat_task_functions f = sort_functions();
  lat_task *serial = new_custom(&f);
  f.thread_safe = 1;
  lat_task *parallel = new_custom(&f);
  b.reject_below = -5; /* rejected draws are drawn again from the example's own numbers */
  OK(draw_some(serial, 300));
  lat_batch *kept = batch;
  OK(lat_batch_create(&batch, tokenizer));
  OK(draw_some(parallel, 300));
  for (int64_t i = 0; i < 300; ++i) {
    lat_matrix x, y;
    OK(lat_batch_matrix(&x, kept, LAT_INPUT, i));
    OK(lat_batch_matrix(&y, batch, LAT_INPUT, i));
    ck_assert_int_eq(x.cols, y.cols);
    ck_assert_mem_eq(x.data, y.data, (size_t)x.cols * sizeof *x.data);
    ck_assert_double_ge(x.data[0], -5);
  }
  lat_batch_free(kept);
  lat_task_free(serial);
  lat_task_free(parallel);
  teardown();
}
END_TEST

START_TEST(failures_stop_with_callback) {
  setup();
  lat_task_functions f = sort_functions();
  for (int safe = 0; safe < 2; ++safe) {
    f.thread_safe = safe;
    lat_task *task = new_custom(&f);
    b.draw = 5;
    FAILS(draw_some(task, 100), LAT_ERROR_CALLBACK, "task 'sort-row': draw returned 5");
    b.draw = 0;
    b.answer = -1;
    FAILS(draw_some(task, 100), LAT_ERROR_CALLBACK, "task 'sort-row': answer returned -1");
    b.answer = 0;
    b.input_shape = LAT_TASK_REJECT;
    FAILS(draw_some(task, 100), LAT_ERROR_CALLBACK, "input_shape returned 1");
    b.input_shape = 0;
    b.output_shape = 2;
    FAILS(draw_some(task, 100), LAT_ERROR_CALLBACK, "output_shape returned 2");
    b.output_shape = 0;
    b.rows = 0;
    FAILS(draw_some(task, 100), LAT_ERROR_CALLBACK, "input_shape gave 0 x");
    b.rows = 1;
    b.output_rows = 101;
    FAILS(draw_some(task, 100), LAT_ERROR_CALLBACK, "output_shape gave 101 x");
    b.output_rows = 1;
    lat_task_free(task);
  }
  teardown();
}
END_TEST

START_TEST(too_many_rejections_are_numeric) {
  setup();
  const lat_task_functions f = sort_functions();
  lat_task *task = new_custom(&f);
  b.reject_below = 100;
  FAILS(draw_some(task, 3), LAT_ERROR_NUMERIC,
        "1000 draws in a row were rejected, the last because: task 'sort-row': draw rejected");
  b.reject_below = -100;
  b.answer = LAT_TASK_REJECT;
  FAILS(draw_some(task, 3), LAT_ERROR_NUMERIC, "answer rejected the example");
  double data[1] = {1}, out[1];
  lat_matrix input = by_rows(data, 1, 1), x = by_rows(out, 1, 1);
  FAILS(lat_task_answer(&x, task, &input), LAT_ERROR_NUMERIC, "answer rejected");
  b.answer = 0;
  b.value = (double)INFINITY;
  FAILS(draw_some(task, 3), LAT_ERROR_NUMERIC, "input: row 1, column 1 is infinite");
  b.value = 1e200; /* no exponent symbol */
  FAILS(draw_some(task, 3), LAT_ERROR_NUMERIC, "row 1, column 1");
  b.value = 0;
  b.rows = 2; /* a shape that the task itself does not take */
  FAILS(draw_some(task, 3), LAT_ERROR_NUMERIC, "does not take a 2 x");
  lat_task_free(task);
  teardown();
}
END_TEST

/* What a callback leaves out is zero, not what another example left behind. */
START_TEST(untouched_memory_is_zero) {
  setup();
  const lat_task_functions f = sort_functions();
  lat_task *task = new_custom(&f);
  lat_sampler *sampler = NULL;
  OK(lat_sampler_create(&sampler, task, tokenizer, NULL));
  OK(lat_sampler_next(batch, sampler, 100));
  b.leave = 1;
  OK(lat_sampler_next(batch, sampler, 100));
  for (int side = 0; side < 2; ++side) {
    for (int64_t i = 0; i < batch->side[side].value_offsets[100]; ++i) {
      ck_assert_double_eq(batch->side[side].values[i], 0);
    }
  }
  lat_sampler_free(sampler);
  lat_task_free(task);
  teardown();
}
END_TEST

static void refused(const lat_task_functions *functions, const char *message) {
  lat_task *task = (lat_task *)(void *)ctx;
  FAILS(lat_task_create_custom(&task, ctx, functions, NULL), LAT_ERROR_ARGUMENT, message);
  ck_assert_ptr_null(task);
}

/* Sorting commutes with adding a number: the canonical row begins with 0. */
static int32_t subtract_first(lat_matrix *operands, int32_t count, void *transform, void *user) {
  double *first = transform;
  ck_assert_int_eq(count, 1);
  ck_assert_double_eq(*first, 0);
  *first = operands->data[0];
  for (int32_t j = 0; j < operands->cols; ++j) {
    operands->data[j] -= *first;
  }
  return ((const behaviour *)user)->canonicalize;
}

static int32_t add_first(lat_matrix *results, int32_t count, const void *transform, void *user) {
  const double *first = transform;
  ck_assert_int_eq(count, 1);
  for (int32_t j = 0; j < results->cols; ++j) {
    results->data[j] += *first;
  }
  return ((const behaviour *)user)->restore;
}

static lat_task_functions canonical_functions(void) {
  lat_task_functions f = sort_functions();
  f.canonicalize = subtract_first;
  f.restore = add_first;
  f.transform_size = sizeof(double);
  return f;
}

START_TEST(refuses_bad_tables) {
  setup();
  static const char *const names[] = {NULL, "", "Sort", "a b", "abcdefghijklmnopqrstuvwxyz-123456"};
  lat_task_functions f = sort_functions();
  for (size_t i = 0; i < sizeof names / sizeof names[0]; ++i) {
    f.name = names[i];
    refused(&f, "is not 1..31 characters of a-z, 0-9 and '-'");
  }
  f.name = "inverse";
  refused(&f, "name 'inverse' is the library's own");
  f.name = "mixture";
  refused(&f, "name 'mixture' is the library's own");
  f = sort_functions();
  f.letter = 'a';
  refused(&f, "letter 97 is outside 65..90");
  f = sort_functions();
  f.thread_safe = 2;
  refused(&f, "thread_safe 2 is outside 0..1");
  f = sort_functions();
  f.draw = NULL;
  refused(&f, "must be given");
  f = sort_functions();
  f.struct_size = 0;
  refused(&f, "struct_size 0");
  f = canonical_functions();
  f.restore = NULL;
  refused(&f, "must be given together");
  f = canonical_functions();
  f.transform_size = 0;
  refused(&f, "must be given together");
  f.transform_size = 1 << 17;
  refused(&f, "transform_size 131072 is outside");
  refused(NULL, "functions are NULL");
  teardown();
}
END_TEST

START_TEST(canonical_forms_of_its_own) {
  setup();
  const lat_task_functions f = canonical_functions();
  lat_task *task = new_custom(&f);
  lat_sampler *sampler = NULL;
  double data[] = {4, 6, 3}, moved[3], transform[1];
  lat_matrix a = by_rows(data, 1, 3), c = {moved, 0, 0, 0, LAT_ROW_MAJOR};
  ck_assert_uint_eq(lat_task_transform_size(task), sizeof transform);
  OK(lat_task_canonicalize(&c, 1, transform, task, &a));
  ck_assert_double_eq(moved[0], 0);
  ck_assert_double_eq(moved[2], -1);
  ck_assert_double_eq(data[2], 3);
  OK(lat_task_restore(&c, 1, task, transform, &c));
  ck_assert_double_eq(moved[1], 6);
  OK(lat_sampler_create(&sampler, task, tokenizer, NULL));
  OK(lat_sampler_next(batch, sampler, 40));
  for (int64_t i = 0; i < 40; ++i) {
    lat_matrix input;
    OK(lat_batch_matrix(&input, batch, LAT_INPUT, i));
    ck_assert_double_eq(at(&input, 0, 0), 0);
  }
  b.canonicalize = b.restore = 3;
  FAILS(lat_sampler_next(batch, sampler, 1), LAT_ERROR_CALLBACK, "canonicalize returned 3");
  FAILS(lat_task_restore(&c, 1, task, transform, &c), LAT_ERROR_CALLBACK, "restore returned 3");
  lat_sampler_free(sampler);
  lat_task_free(task);
  teardown();
}
END_TEST

/* What is as small as 1 x 6 takes no room of 100 x 100. */
START_TEST(the_table_tells_the_largest_shapes) {
  setup();
  size_t tokens[2];
  int32_t sizes[4];
  lat_task_functions f = sort_functions();
  f.operand_max_rows[0] = f.result_max_rows[0] = 1;
  f.operand_max_cols[0] = f.result_max_cols[0] = 6;
  lat_task *task = new_custom(&f);
  OK(lat_task_max_shapes(&sizes[0], &sizes[1], &sizes[2], &sizes[3], task));
  ck_assert(sizes[0] == 1 && sizes[1] == 6 && sizes[2] == 1 && sizes[3] == 6);
  OK(lati_task_max_tokens(tokens, task, tokenizer));
  ck_assert_uint_eq(tokens[LAT_INPUT], lat_tokenizer_max_tokens(tokenizer, LAT_INPUT, 1, 6));
  ck_assert_uint_eq(tokens[LAT_OUTPUT], lat_tokenizer_max_tokens(tokenizer, LAT_OUTPUT, 1, 6));
  OK(draw_some(task, 50));
  FAILS(lat_task_output_shape(&sizes[0], &sizes[1], task, 1, 7), LAT_ERROR_SHAPE,
        "task 'sort-row' takes at most 1 x 6, not 1 x 7");
  b.rows = 2;
  FAILS(draw_some(task, 50), LAT_ERROR_CALLBACK, "input_shape gave 2 x");
  b.rows = 1;
  b.output_rows = 2;
  FAILS(draw_some(task, 50), LAT_ERROR_CALLBACK, "outside 1..1 x 1..6");
  b.output_rows = 1;
  lat_task_free(task);
  f.result_max_cols[0] = 101;
  refused(&f, "result_max_cols[0] 101 is outside 0..100");
  teardown();
}
END_TEST

START_TEST(json_names_the_task) {
  setup();
  const lat_task_functions f = sort_functions();
  lat_task *task = new_custom(&f), *found = NULL, *other = new_task(ctx, "add", 2, 0);
  json_t *object = NULL;
  OK(lati_task_to_json(&object, task));
  FAILS(lati_task_from_json(&found, ctx, object, NULL), LAT_ERROR_NOT_FOUND,
        "custom task 'sort-row' was not given");
  FAILS(lati_task_from_json(&found, ctx, object, other), LAT_ERROR_NOT_FOUND, "was not given");
  OK(lati_task_from_json(&found, ctx, object, task));
  ck_assert_ptr_eq(found, task);
  json_decref(object);
  lat_task_free(found);
  lat_task_free(other);
  lat_task_free(task);
  teardown();
}
END_TEST

int main(void) {
  const TTest *const tests[] = {draws_answers_and_scores,     a_residual_of_its_own,
                                not_thread_safe_means_serial, serial_and_parallel_agree,
                                failures_stop_with_callback,  too_many_rejections_are_numeric,
                                untouched_memory_is_zero,     refuses_bad_tables,
                                canonical_forms_of_its_own,   the_table_tells_the_largest_shapes,
                                json_names_the_task,          NULL};
  return run_suite("task_custom", tests);
}
