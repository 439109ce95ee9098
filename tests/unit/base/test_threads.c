#include "base/context_impl.h"
#include "base/floating.h"
#include "suite.h"

#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TASKS = 997, MAX_WORKERS = 8 };

/* Who did what: how often each task ran, and whether two tasks ever shared a worker at a time. */
typedef struct record {
  atomic_int runs[TASKS];
  atomic_int held[MAX_WORKERS];
  atomic_int clashes;
  atomic_int workers_seen;
  lati_pool *pool;
} record;

static void record_task(void *argument, int64_t task, int32_t worker) {
  record *self = (record *)argument;
  if (atomic_fetch_add(&self->held[worker], 1) != 0) {
    atomic_fetch_add(&self->clashes, 1);
  }
  atomic_fetch_or(&self->workers_seen, 1 << worker);
  atomic_fetch_add(&self->runs[task], 1);
  atomic_fetch_sub(&self->held[worker], 1);
}

static void check_record(record *self, int expected) {
  for (int i = 0; i < TASKS; ++i) {
    ck_assert_int_eq(atomic_exchange(&self->runs[i], 0), expected);
  }
  ck_assert_int_eq(self->clashes, 0);
}

static lati_pool *create_pool(int32_t threads) {
  lati_pool *pool = NULL;
  ck_assert_int_eq(lati_pool_create(&pool, NULL, threads), LAT_OK);
  ck_assert_int_eq(lati_pool_size(pool), threads);
  return pool;
}

START_TEST(every_task_runs_once) {
  const int32_t sizes[] = {1, 2, 4, 8};
  for (int i = 0; i < 4; ++i) {
    lati_pool *pool = create_pool(sizes[i]);
    record seen = {.pool = pool};
    for (int repeat = 0; repeat < 50; ++repeat) {
      lati_pool_run(pool, record_task, &seen, TASKS);
      check_record(&seen, 1);
    }
    ck_assert_int_lt(seen.workers_seen, 1 << sizes[i]);
    lati_pool_free(pool);
  }
}
END_TEST

START_TEST(few_tasks) {
  lati_pool *pool = create_pool(4);
  record seen = {.pool = pool};
  for (int64_t tasks = 0; tasks < 6; ++tasks) {
    for (int repeat = 0; repeat < 60; ++repeat) {
      lati_pool_run(pool, record_task, &seen, tasks);
      for (int i = 0; i < TASKS; ++i) {
        ck_assert_int_eq(atomic_exchange(&seen.runs[i], 0), i < tasks);
      }
    }
  }
  lati_pool_run(pool, record_task, &seen, -1);
  check_record(&seen, 0);
  ck_assert_int_eq(seen.clashes, 0);
  lati_pool_free(pool);
}
END_TEST

/* Slow tasks: with two workers both must have had some, or nothing runs side by side at all. */
static void slow_task(void *argument, int64_t task, int32_t worker) {
  usleep(2000);
  record_task(argument, task, worker);
}

START_TEST(workers_share_the_work) {
  lati_pool *pool = create_pool(2);
  record seen = {.pool = pool};
  lati_pool_run(pool, slow_task, &seen, 50);
  ck_assert_int_eq(seen.workers_seen, 3);
  usleep(50000); /* workers are asleep by now */
  seen.workers_seen = 0;
  lati_pool_run(pool, slow_task, &seen, 50);
  ck_assert_int_eq(seen.workers_seen, 3);
  lati_pool_free(pool);
}
END_TEST

typedef struct nest {
  record inner[4];
  lati_pool *pool;
  atomic_int worker_zero;
} nest;

static void note_worker_zero(void *argument, int64_t task, int32_t worker) {
  (void)task;
  atomic_fetch_add((atomic_int *)argument, worker == 0);
}

static void nested_task(void *argument, int64_t task, int32_t worker) {
  nest *self = (nest *)argument;
  (void)worker;
  lati_pool_run(self->pool, record_task, &self->inner[task], TASKS);
  lati_pool_run(self->pool, note_worker_zero, &self->worker_zero, 10);
}

START_TEST(nested_loops_run_on_their_caller) {
  nest nested = {.pool = create_pool(4)};
  lati_pool_run(nested.pool, nested_task, &nested, 4);
  for (int i = 0; i < 4; ++i) {
    check_record(&nested.inner[i], 1);
  }
  ck_assert_int_eq(nested.worker_zero, 40);
  lati_pool_free(nested.pool);
}
END_TEST

static void *run_many(void *argument) {
  record *seen = (record *)argument;
  for (int i = 0; i < 30; ++i) {
    lati_pool_run(seen->pool, record_task, seen, TASKS);
  }
  return NULL;
}

START_TEST(callers_side_by_side) {
  enum { CALLERS = 4 };
  lati_pool *pool = create_pool(3);
  pthread_t callers[CALLERS];
  record seen[CALLERS];
  memset(seen, 0, sizeof seen);
  for (int i = 0; i < CALLERS; ++i) {
    seen[i].pool = pool;
    ck_assert_int_eq(pthread_create(&callers[i], NULL, run_many, &seen[i]), 0);
  }
  for (int i = 0; i < CALLERS; ++i) {
    pthread_join(callers[i], NULL);
    check_record(&seen[i], 30);
  }
  lati_pool_free(pool);
}
END_TEST

/* Tasks that each wait for the one before. */
enum { CHAIN = 200 };

typedef struct chain {
  atomic_int reached[CHAIN];
  int64_t order[CHAIN];
  int64_t count; /* changed by one task at a time */
} chain;

static void follow(void *argument, int64_t task, int32_t worker) {
  chain *self = argument;
  (void)worker;
  if (task > 0) {
    lati_await(&self->reached[task - 1], 2);
  }
  self->order[self->count++] = task;
  atomic_fetch_add(&self->reached[task], 1);
  atomic_fetch_add(&self->reached[task], 1);
}

START_TEST(tasks_wait_for_those_before) {
  lati_pool *pool = create_pool(4);
  chain self = {.count = 0};
  lati_pool_run(pool, follow, &self, CHAIN);
  for (int i = 0; i < CHAIN; ++i) {
    ck_assert_int_eq(self.order[i], i);
  }
  lati_pool_free(pool);
}
END_TEST

START_TEST(unused_pools_start_no_thread) {
  lati_pool *pool = create_pool(8);
  lati_pool_free(pool);
  lati_pool_free(NULL);
}
END_TEST

/* A sanitizer may not survive a fork() from several threads: the thread sanitizer forbids threads
 * in the child, the address sanitizer of gcc 12 takes none of its locks around fork(), so that a
 * child is stuck whose parent had a thread in the middle of its start. */
#if !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define THREADS_SURVIVE_FORK
#endif

#ifdef THREADS_SURVIVE_FORK
static int child_works(record *seen) {
  end_child_after(20);
  seen->workers_seen = 0;
  lati_pool_run(seen->pool, slow_task, seen, 50);
  int right = seen->workers_seen == 3 && seen->clashes == 0;
  for (int i = 0; i < 50; ++i) {
    right = right && seen->runs[i] == 1;
  }
  lati_pool_free(seen->pool);
  return right;
}

static void check_child(record *seen) {
  const pid_t child = fork();
  ck_assert_int_ge(child, 0);
  if (child == 0) {
    _exit(child_works(seen) ? 0 : 1);
  }
  int status = -1;
  ck_assert_int_eq(waitpid(child, &status, 0), child);
  ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child ended with %d", status);
}

START_TEST(a_child_starts_its_own_workers) {
  record seen = {.pool = create_pool(2)};
  check_child(&seen); /* before the parent has any */
  lati_pool_run(seen.pool, record_task, &seen, TASKS);
  check_record(&seen, 1);
  check_child(&seen);
  lati_pool_run(seen.pool, record_task, &seen, TASKS); /* the parent's are still there */
  check_record(&seen, 1);
  lati_pool_free(seen.pool);
}
END_TEST

/* Forks while another thread is in the middle of a loop and holds the pool. */
START_TEST(a_child_born_during_a_loop) {
  record seen = {.pool = create_pool(2)};
  record other = {.pool = seen.pool};
  for (int i = 0; i < 8; ++i) {
    pthread_t caller;
    ck_assert_int_eq(pthread_create(&caller, NULL, run_many, &other), 0);
    check_child(&seen);
    pthread_join(caller, NULL);
  }
  check_record(&other, 8 * 30);
  lati_pool_free(seen.pool);
}
END_TEST
#endif

static void inspect_worker(void *argument, int64_t task, int32_t worker) {
  atomic_int *wrong = (atomic_int *)argument;
  sigset_t mask;
  usleep(2000);
  if (worker == 0) {
    return;
  }
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  if (fegetround() != FE_TONEAREST || !sigismember(&mask, SIGINT) || !sigismember(&mask, SIGALRM) ||
      sigismember(&mask, SIGSEGV)) {
    atomic_store(wrong, (int)task + 1);
  }
}

START_TEST(workers_do_not_inherit_the_callers_state) {
  lati_pool *pool = create_pool(4);
  atomic_int wrong = 0;
  sigset_t before, after;
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  fesetround(FE_UPWARD);
  lati_pool_run(pool, inspect_worker, &wrong, 40);
  ck_assert_int_eq(fegetround(), FE_UPWARD);
  fesetround(FE_TONEAREST);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  ck_assert_int_eq(wrong, 0);
  ck_assert_int_eq(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
  lati_pool_free(pool);
}
END_TEST

/* Hosts' ways of running a loop: on threads, one body after the other from the last, no body at
 * all.
 */
enum { ON_THREADS, BACKWARDS, NOT_AT_ALL, HOSTS };

typedef struct host_call {
  lat_loop_function *body;
  void *loop;
  int32_t index;
} host_call;

static void *run_body(void *argument) {
  const host_call *call = (const host_call *)argument;
  fesetround(FE_DOWNWARD);
  call->body(call->loop, call->index);
  return fegetround() == FE_DOWNWARD ? NULL : argument;
}

static void on_threads(lat_loop_function *body, void *loop, int32_t count) {
  host_call calls[MAX_WORKERS];
  pthread_t threads[MAX_WORKERS];
  for (int32_t i = 0; i < count; ++i) {
    calls[i] = (host_call){body, loop, i};
    ck_assert_int_eq(pthread_create(&threads[i], NULL, run_body, &calls[i]), 0);
  }
  for (int32_t i = 0; i < count; ++i) {
    void *wrong = NULL;
    pthread_join(threads[i], &wrong);
    ck_assert_ptr_null(wrong);
  }
}

typedef struct host_pool {
  int kind, calls, wrong;
} host_pool;

static void run_as_host(lat_loop_function *body, void *loop, int32_t count, void *user) {
  host_pool *host = (host_pool *)user;
  ++host->calls;
  host->wrong += count < 2 || count > 4 || fegetround() != FE_UPWARD;
  if (host->kind == ON_THREADS) {
    on_threads(body, loop, count);
  }
  for (int32_t i = count; host->kind == BACKWARDS && i-- > 0;) {
    body(loop, i);
  }
}

static void expect_default_rounding(void *argument, int64_t task, int32_t worker) {
  record *self = (record *)argument;
  atomic_fetch_add(&self->clashes, fegetround() != FE_TONEAREST);
  record_task(argument, task, worker);
}

static void expect_flushing(void *argument, int64_t task, int32_t worker) {
  record *self = (record *)argument;
  atomic_fetch_add(&self->clashes, !lati_floating_flushes());
  record_task(argument, task, worker);
}

static void expect_no_flushing(void *argument, int64_t task, int32_t worker) {
  record *self = (record *)argument;
  atomic_fetch_add(&self->clashes, lati_floating_flushes());
  record_task(argument, task, worker);
}

/* Whoever takes part in a loop treats small numbers as its caller does. */
static void flush_in_turns(lati_pool *pool) {
  record seen = {.pool = pool};
  for (int repeat = 0; repeat < 20; ++repeat) {
    lati_floating saved;
    lati_floating_enter(&saved);
    lati_pool_run(pool, expect_no_flushing, &seen, TASKS);
    if (lati_floating_flush(1) == 0 && lati_floating_flushes()) { /* not where it has no effect */
      lati_pool_run(pool, expect_flushing, &seen, TASKS);
    } else {
      lati_pool_run(pool, record_task, &seen, TASKS);
    }
    lati_floating_leave(&saved);
    check_record(&seen, 2);
  }
}

START_TEST(workers_flush_small_numbers_as_their_caller_does) {
  lati_pool *pool = create_pool(4);
  flush_in_turns(pool);
  lati_pool_free(pool);
}
END_TEST

static void lend_threads(int kind) {
  host_pool host = {.kind = kind};
  lat_context_options options;
  lat_context *ctx = NULL;
  lat_context_options_init(&options);
  options.threads = 4;
  options.parallel = run_as_host;
  options.parallel_user = &host;
  ck_assert_int_eq(lat_context_create(&ctx, &options), LAT_OK);
  record seen = {.pool = ctx->device.pool};
  fesetround(FE_UPWARD);
  for (int repeat = 0; repeat < 20; ++repeat) {
    lati_floating saved;
    lati_floating_enter(&saved);
    lati_pool_run(ctx->device.pool, expect_default_rounding, &seen, TASKS);
    lati_pool_run(ctx->device.pool, expect_default_rounding, &seen, 1); /* not worth a call */
    lati_floating_leave(&saved);
    ck_assert_int_eq(atomic_exchange(&seen.runs[0], 1), 2);
    check_record(&seen, 1);
  }
  flush_in_turns(ctx->device.pool);
  ck_assert_int_eq(fegetround(), FE_UPWARD);
  fesetround(FE_TONEAREST);
  ck_assert_int_eq(host.calls, 60);
  ck_assert_int_eq(host.wrong, 0);
  ck_assert(kind != BACKWARDS || seen.workers_seen == (8 | 1)); /* the single task is worker 0's */
  lat_context_free(ctx);
}

START_TEST(a_hosts_threads_do_the_work) {
  for (int kind = 0; kind < HOSTS; ++kind) {
    lend_threads(kind);
  }
}
END_TEST

int main(void) {
  const TTest *const tests[] = {every_task_runs_once,
                                few_tasks,
                                workers_share_the_work,
                                nested_loops_run_on_their_caller,
                                callers_side_by_side,
                                tasks_wait_for_those_before,
                                unused_pools_start_no_thread,
#ifdef THREADS_SURVIVE_FORK
                                a_child_starts_its_own_workers,
                                a_child_born_during_a_loop,
#endif
                                workers_do_not_inherit_the_callers_state,
                                a_hosts_threads_do_the_work,
                                workers_flush_small_numbers_as_their_caller_does,
                                NULL};
  return run_suite("threads", tests);
}
