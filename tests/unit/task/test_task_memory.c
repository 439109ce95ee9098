/* Memory: a warm sampler allocates nothing, every allocation may fail, and nothing leaks. */
#include "counting_allocator.h"
#include "task/task_impl.h"
#include "task_fixture.h"

static lat_context *counted_context(counting_allocator *allocator) {
  lat_context *ctx = NULL;
  lat_context_options options = counting_options(allocator);
  options.threads = 2;
  OK(lat_context_create(&ctx, &options));
  return ctx;
}

START_TEST(a_warm_sampler_allocates_nothing) {
  counting_allocator allocator = {0};
  lat_context *ctx = counted_context(&allocator);
  lat_tokenizer *tokenizer = new_tokenizer(ctx, "p1000", "fp15");
  for (int32_t t = 0; t < lat_task_builtin_count(); ++t) {
    lat_task *task = new_task(ctx, lat_task_builtin_name(t), 4, 0);
    lat_sampler *sampler = NULL;
    lat_batch *batch = NULL;
    OK(lat_sampler_create(&sampler, task, tokenizer, NULL));
    OK(lat_batch_create(&batch, tokenizer));
    OK(lat_sampler_next(batch, sampler, 64));
    OK(lat_sampler_next(batch, sampler, 64));
    const long before = atomic_load(&allocator.calls);
    for (int i = 0; i < 20; ++i) {
      OK(lat_sampler_next(batch, sampler, 64));
    }
    ck_assert_int_eq(atomic_load(&allocator.calls), before);
    lat_batch_free(batch);
    lat_sampler_free(sampler);
    lat_task_free(task);
  }
  lat_tokenizer_free(tokenizer);
  lat_context_free(ctx);
  ck_assert_int_eq(atomic_load(&allocator.live), 0);
}
END_TEST

/* One pass over everything that allocates. Returns the first failure. */
static lat_status use_everything(lat_context *ctx) {
  lat_status status = LAT_OK;
  lat_tokenizer *tokenizer = NULL;
  lat_task *svd = NULL, *inverse = NULL, *mixture = NULL;
  lat_sampler *sampler = NULL;
  lat_batch *batch = NULL;
  const lat_task_options options[2] = {task_options("svd", 3, 0), task_options("inverse", 3, 0)};
  double data[9] = {2, 1, 0, 1, 3, 1, 0, 1, 4}, out[9];
  const lat_matrix a = by_rows(data, 3, 3);
  lat_matrix x = by_rows(out, 3, 3);
  lat_score score;
  lat_score_init(&score);
  LATI_TRY(lat_tokenizer_create(&tokenizer, ctx, NULL));
  LATI_TRY(lat_task_create(&svd, ctx, &options[0]));
  LATI_TRY(lat_task_create(&inverse, ctx, &options[1]));
  LATI_TRY(lat_task_create_mixture(&mixture, ctx, (lat_task *[]){svd, inverse}, NULL, 2));
  LATI_TRY(joined_answer(&x, inverse, &a));
  LATI_TRY(joined_score(&score, inverse, &a, NULL, &x, NULL));
  LATI_TRY(lat_sampler_create(&sampler, mixture, tokenizer, NULL));
  LATI_TRY(lat_batch_create(&batch, tokenizer));
  LATI_TRY(lat_batch_append(batch, 'I', &a, &x));
  LATI_TRY(lat_sampler_next(batch, sampler, 20));
done:
  ck_assert(status == LAT_OK || batch == NULL || lat_batch_size(batch) == 0 ||
            lat_batch_size(batch) == 1);
  lat_batch_free(batch);
  lat_sampler_free(sampler);
  lat_task_free(mixture);
  lat_task_free(inverse);
  lat_task_free(svd);
  lat_tokenizer_free(tokenizer);
  return status;
}

START_TEST(any_allocation_may_fail) {
  counting_allocator allocator = {0};
  lat_context *ctx = counted_context(&allocator);
  const long base = atomic_load(&allocator.calls), live = atomic_load(&allocator.live);
  OK(use_everything(ctx));
  const long needed = atomic_load(&allocator.calls) - base;
  ck_assert_int_gt(needed, 50);
  for (long n = 1; n <= needed; ++n) {
    allocator.fail_at = atomic_load(&allocator.calls) + n;
    ck_assert_int_eq(use_everything(ctx), LAT_ERROR_MEMORY);
    ck_assert_ptr_nonnull(strstr(lat_last_error(), "allocate"));
    allocator.fail_at = 0;
    ck_assert_int_eq(atomic_load(&allocator.live), live);
  }
  OK(use_everything(ctx));
  lat_context_free(ctx);
  ck_assert_int_eq(atomic_load(&allocator.live), 0);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {a_warm_sampler_allocates_nothing, any_allocation_may_fail, NULL};
  return run_suite("task_memory", tests);
}
