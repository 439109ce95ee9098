/* The option `structure` of tasks: which matrices are drawn, in which shares, of which operands. */
#include "base/json.h"
#include "task/task_impl.h"
#include "task_fixture.h"

enum { COUNT = 4000 };

typedef struct drawing {
  lat_context *ctx;
  lat_tokenizer *tokenizer;
  lat_batch *batch;
} drawing;

static lat_batch *draw(const drawing *d, const char *name, const char *structure, int64_t count) {
  lat_task *task = NULL;
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  lat_task_options options = task_options(name, 3, 0);
  options.structure = structure;
  OK(lat_task_create(&task, d->ctx, &options));
  OK(lat_sampler_create(&sampler, task, d->tokenizer, NULL));
  OK(lat_batch_create(&batch, d->tokenizer));
  OK(lat_sampler_next(batch, sampler, count));
  lat_sampler_free(sampler);
  lat_task_free(task);
  return batch;
}

static drawing begin(int32_t threads) {
  drawing d = {.ctx = new_context(threads)};
  d.tokenizer = new_tokenizer(d.ctx, "fp15", "p1000");
  return d;
}

static void end(const drawing *d) {
  lat_tokenizer_free(d->tokenizer);
  lat_context_free(d->ctx);
}

static int same_values(const lat_batch *a, const lat_batch *b) {
  const lati_batch_side *x = &a->side[LAT_INPUT], *y = &b->side[LAT_INPUT];
  const int64_t count = x->value_offsets[a->size];
  return a->size == b->size && count == y->value_offsets[b->size] &&
         memcmp(x->values, y->values, (size_t)count * sizeof *x->values) == 0;
}

START_TEST(dense_is_the_default_and_changes_no_bit) {
  const drawing d = begin(2);
  lat_batch *unsaid = draw(&d, "eigenvalues", NULL, 100);
  lat_batch *dense = draw(&d, "eigenvalues", "dense", 100);
  lat_batch *sparse = draw(&d, "eigenvalues", "sparse", 100);
  ck_assert(same_values(unsaid, dense));
  ck_assert(!same_values(unsaid, sparse));
  lat_batch_free(sparse);
  lat_batch_free(dense);
  lat_batch_free(unsaid);
  end(&d);
}
END_TEST

START_TEST(threads_do_not_show) {
  const drawing one = begin(1), four = begin(4);
  lat_batch *a = draw(&one, "inverse", "sparse,integer,diagonal,dense", 500);
  lat_batch *b = draw(&four, "inverse", "sparse,integer,diagonal,dense", 500);
  ck_assert(same_values(a, b));
  lat_batch_free(b);
  lat_batch_free(a);
  end(&four);
  end(&one);
}
END_TEST

/* Of inverses too, where singular draws are made again. */
START_TEST(structures_come_in_their_shares) {
  const drawing d = begin(2);
  int sparse = 0, dense = 0, identity = 0;
  lat_batch *batch = draw(&d, "inverse", "dense:2,sparse,identity", COUNT);
  for (int64_t i = 0; i < COUNT; ++i) {
    const char *name = lati_batch_structure(batch, i);
    dense += strcmp(name, "dense") == 0;
    sparse += strcmp(name, "sparse") == 0;
    identity += strcmp(name, "identity") == 0;
  }
  ck_assert_int_eq(dense + sparse + identity, COUNT);
  ck_assert_double_eq_tol(dense, COUNT / 2.0, 5 * sqrt(COUNT / 4.0));
  ck_assert_double_eq_tol(sparse, COUNT / 4.0, 5 * sqrt(COUNT * 3 / 16.0));
  lat_batch_free(batch);
  end(&d);
}
END_TEST

START_TEST(symmetric_matrices_stay_symmetric) {
  const drawing d = begin(1);
  lat_batch *batch = draw(&d, "eigenvalues", "sparse,integer", 200);
  for (int64_t i = 0; i < batch->size; ++i) {
    const double *a = batch->side[LAT_INPUT].values + batch->side[LAT_INPUT].value_offsets[i];
    ck_assert(a[1] == a[3] && a[2] == a[6] && a[5] == a[7]);
  }
  lat_batch_free(batch);
  end(&d);
}
END_TEST

static int is_identity(const double *a, size_t ld) {
  int is = 1;
  for (size_t i = 0; i < 9; ++i) {
    is = is && a[i / 3 * ld + i % 3] == (i / 3 == i % 3);
  }
  return is;
}

/* Either operand of a sum is the identity, or both are; the vector of a product is as drawn. */
START_TEST(operands_are_structured_one_by_one) {
  const drawing d = begin(1);
  int first = 0, second = 0, both = 0;
  lat_batch *sums = draw(&d, "add", "identity", 300);
  lat_batch *products = draw(&d, "matvec", "identity", 300);
  for (int64_t i = 0; i < 300; ++i) {
    const double *sum = sums->side[LAT_INPUT].values + 18 * i;
    const double *product = products->side[LAT_INPUT].values + 12 * i;
    const int left = is_identity(sum, 6), right = is_identity(sum + 3, 6);
    ck_assert(left || right);
    first += left && !right;
    second += right && !left;
    both += left && right;
    ck_assert(is_identity(product, 4));
    ck_assert(product[3] != 0 && product[7] != 0 && product[11] != 0);
  }
  ck_assert_int_gt(first, 60);
  ck_assert_int_gt(second, 60);
  ck_assert_int_gt(both, 60);
  lat_batch_free(products);
  lat_batch_free(sums);
  end(&d);
}
END_TEST

START_TEST(bad_structures_are_refused) {
  const drawing d = begin(1);
  lat_task *task = NULL;
  lat_task_options options = task_options("syminverse", 3, 0);
  options.structure = "dense:9,zero";
  FAILS(lat_task_create(&task, d.ctx, &options), LAT_ERROR_ARGUMENT,
        "task 'syminverse' has no answer for structure zero");
  options.structure = "laplacian";
  FAILS(lat_task_create(&task, d.ctx, &options), LAT_ERROR_ARGUMENT,
        "task 'syminverse' has no answer for structure laplacian");
  options.structure = "dense,hankel";
  FAILS(lat_task_create(&task, d.ctx, &options), LAT_ERROR_NOT_FOUND, "no structure 'hankel'");
  options.structure = "dense,dense";
  FAILS(lat_task_create(&task, d.ctx, &options), LAT_ERROR_ARGUMENT, "'dense' is given twice");
  ck_assert_ptr_null(task);
  end(&d);
}
END_TEST

START_TEST(json_has_the_option_only_where_it_is_set) {
  const drawing d = begin(1);
  lat_task *task = new_task(d.ctx, "svd", 3, 0), *back = NULL;
  json_t *object = NULL;
  lat_task_options options = task_options("svd", 3, 0);
  OK(lati_task_to_json(&object, task));
  ck_assert_ptr_null(json_object_get(object, "structure"));
  json_decref(object);
  lat_task_free(task);
  options.structure = "dense:9,zero";
  OK(lat_task_create(&task, d.ctx, &options));
  OK(lati_task_to_json(&object, task));
  ck_assert_str_eq(json_string_value(json_object_get(object, "structure")), "dense:9,zero");
  OK(lati_task_from_json(&back, d.ctx, object, NULL));
  json_decref(object);
  lat_task_free(back);
  lat_task_free(task);
  end(&d);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {
      dense_is_the_default_and_changes_no_bit,  threads_do_not_show,
      structures_come_in_their_shares,          symmetric_matrices_stay_symmetric,
      operands_are_structured_one_by_one,       bad_structures_are_refused,
      json_has_the_option_only_where_it_is_set, NULL};
  return run_suite("structures of tasks", tests);
}
