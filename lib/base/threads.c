#include "base/threads.h"

#include "base/alloc.h"
#include "base/context_impl.h"
#include "base/floating.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* The gate of a loop: whether it is open, how many workers are inside, and the loop's number. A
 * worker enters an open gate by counting itself in; the caller closes it once the tasks are handed
 * out and waits for those inside, so a worker that wakes late costs nobody time. */
#define GATE_OPEN UINT64_C(1)
#define GATE_INSIDE UINT64_C(2) /* one worker */
#define GATE_LOOP (UINT64_C(1) << 32)
#define GATE_INSIDE_MASK (GATE_LOOP - GATE_INSIDE)

/* Turns of waiting before a thread sleeps, some tens of microseconds: as long as two products of a
 * training step are apart. */
enum { SPINS = 2000 };

typedef struct worker {
  lati_pool *pool;
  pthread_t thread;
  int32_t index;
} worker;

struct lati_pool {
  lat_parallel_function *parallel; /* the host's threads; NULL: workers of our own */
  void *parallel_user;
  int32_t size;
  int32_t started;  /* workers that run; -1 before the first loop */
  atomic_int owner; /* the process whose workers they are; 0 while a child takes the pool over */
  atomic_int busy;  /* held by the caller whose loop runs */

  lati_task_function *function; /* the loop, written while the gate is closed and empty */
  void *argument;
  int flushes; /* lati_floating_flushes() of the caller, and so of all that take part */
  int64_t tasks;
  atomic_int_fast64_t next; /* task to hand out */

  atomic_uint_fast64_t gate;
  atomic_int stopping;
  atomic_int sleepers; /* threads that need a signal */
  pthread_mutex_t mutex;
  pthread_cond_t opened; /* for workers: a gate opened, or stopping */
  pthread_cond_t empty;  /* for the caller: the last worker left */
  worker workers[];      /* size - 1 */
};

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#endif
}

static void run_tasks(lati_pool *pool, int32_t worker_index) {
  for (;;) {
    const int64_t task = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
    if (task >= pool->tasks) {
      return;
    }
    pool->function(pool->argument, task, worker_index);
  }
}

/* True when there is something for a worker that last saw loop `seen`. */
static int is_called(lati_pool *pool, uint64_t seen) {
  const uint64_t gate = atomic_load(&pool->gate);
  return atomic_load(&pool->stopping) || ((gate & GATE_OPEN) && gate / GATE_LOOP != seen);
}

static int is_empty(lati_pool *pool, uint64_t seen) {
  (void)seen;
  return (atomic_load(&pool->gate) & GATE_INSIDE_MASK) == 0;
}

/* Waits for a condition: spins, then sleeps. The sleeper counts itself before it looks again and
 * whoever changes the condition looks at the count after, so one of them sees the other. */
static void wait_for(lati_pool *pool, int (*condition)(lati_pool *, uint64_t), uint64_t seen,
                     pthread_cond_t *signal) {
  for (int i = 0; i < SPINS; ++i) {
    if (condition(pool, seen)) {
      return;
    }
    relax();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleepers, 1);
  while (!condition(pool, seen)) {
    pthread_cond_wait(signal, &pool->mutex);
  }
  atomic_fetch_sub(&pool->sleepers, 1);
  pthread_mutex_unlock(&pool->mutex);
}

static void wake(lati_pool *pool, pthread_cond_t *signal) {
  if (atomic_load(&pool->sleepers) > 0) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(signal);
    pthread_mutex_unlock(&pool->mutex);
  }
}

/* Counts the worker in if the gate is open. */
static int enter_gate(lati_pool *pool, uint64_t *seen) {
  uint_fast64_t gate = atomic_load(&pool->gate);
  while ((gate & GATE_OPEN) && gate / GATE_LOOP != *seen) {
    if (atomic_compare_exchange_weak(&pool->gate, &gate, gate + GATE_INSIDE)) {
      *seen = gate / GATE_LOOP;
      return 1;
    }
  }
  return 0;
}

static void leave_gate(lati_pool *pool) {
  const uint64_t gate = atomic_fetch_sub(&pool->gate, GATE_INSIDE) - GATE_INSIDE;
  if ((gate & (GATE_INSIDE_MASK | GATE_OPEN)) == 0) {
    wake(pool, &pool->empty);
  }
}

static void *run_worker(void *argument) {
  const worker *self = (const worker *)argument;
  lati_pool *pool = self->pool;
  uint64_t seen = 0;
  lati_floating saved; /* what an allocator of the host's is called in: the default */
  lati_floating_reset();
  lati_floating_enter(&saved);
  for (;;) {
    wait_for(pool, is_called, seen, &pool->opened);
    if (atomic_load(&pool->stopping)) {
      return NULL;
    }
    if (enter_gate(pool, &seen)) {
      lati_floating_flush(pool->flushes);
      run_tasks(pool, self->index);
      leave_gate(pool);
    }
  }
}

void lati_await(const atomic_int *counter, int least) {
  for (int i = 0; atomic_load(counter) < least; ++i) {
    if (i < SPINS) {
      relax();
    } else {
      sched_yield(); /* whoever raises it may wait for this processor */
    }
  }
}

/* Signals are the host's: none is delivered to a worker, save those its own fault would raise. */
static void block_signals(sigset_t *before) {
  sigset_t all;
  sigfillset(&all);
  static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; ++i) {
    sigdelset(&all, faults[i]);
  }
  pthread_sigmask(SIG_SETMASK, &all, before);
}

/* A thread that cannot be created just means fewer workers. */
static void start_workers(lati_pool *pool) {
  sigset_t before;
  block_signals(&before);
  pool->started = 0;
  for (int32_t i = 0; i < pool->size - 1; ++i) {
    worker *self = &pool->workers[i];
    *self = (worker){.pool = pool, .index = i + 1};
    if (pthread_create(&self->thread, NULL, run_worker, self) != 0) {
      break;
    }
    ++pool->started;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void reset_pool(lati_pool *pool) {
  pool->started = -1;
  atomic_store(&pool->busy, 0);
  atomic_store(&pool->gate, 0);
  atomic_store(&pool->stopping, 0);
  atomic_store(&pool->sleepers, 0);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->opened, NULL);
  pthread_cond_init(&pool->empty, NULL);
}

lat_status lati_pool_create(lati_pool **out, const lat_context *ctx, int32_t threads) {
  *out = NULL;
  lati_pool *pool = NULL;
  const size_t size = sizeof *pool + (size_t)(threads - 1) * sizeof(worker);
  lat_status status = lati_alloc((void **)&pool, ctx, 1, size);
  if (status != LAT_OK) {
    return status;
  }
  if (ctx != NULL) {
    pool->parallel = ctx->options.parallel;
    pool->parallel_user = ctx->options.parallel_user;
  }
  pool->size = threads;
  reset_pool(pool);
  atomic_store(&pool->owner, (int)getpid());
  *out = pool;
  return LAT_OK;
}

/* Workers do not survive fork(), and another thread may have held the locks in that moment: a child
 * begins with a fresh state and leaves the old locks alone. */
static int owned_by_us(lati_pool *pool) {
  const int self = (int)getpid();
  int owner = atomic_load(&pool->owner);
  if (owner == self) {
    return 1;
  }
  if (owner == 0 || !atomic_compare_exchange_strong(&pool->owner, &owner, 0)) {
    return 0; /* another thread of this child is at it */
  }
  reset_pool(pool);
  atomic_store(&pool->owner, self);
  return 1;
}

void lati_pool_free(lati_pool *pool) {
  if (pool == NULL) {
    return;
  }
  if (atomic_load(&pool->owner) == (int)getpid()) {
    atomic_store(&pool->stopping, 1);
    wake(pool, &pool->opened);
    for (int32_t i = 0; i < pool->started; ++i) {
      pthread_join(pool->workers[i].thread, NULL);
    }
    pthread_cond_destroy(&pool->empty);
    pthread_cond_destroy(&pool->opened);
    pthread_mutex_destroy(&pool->mutex);
  }
  lati_free(pool);
}

int32_t lati_pool_size(const lati_pool *pool) {
  return pool->size;
}

static void run_alone(lati_task_function *function, void *argument, int64_t tasks) {
  for (int64_t task = 0; task < tasks; ++task) {
    function(argument, task, 0);
  }
}

/* One call of the host's, on whichever of its threads. */
static void run_share(void *loop, int32_t index) {
  lati_pool *pool = loop;
  lati_floating saved;
  lati_floating_enter(&saved);
  lati_floating_flush(pool->flushes);
  run_tasks(pool, index);
  lati_floating_leave(&saved);
}

/* The calling thread does what the host left. */
static void run_by_host(lati_pool *pool) {
  const int32_t count = pool->tasks < pool->size ? (int32_t)pool->tasks : pool->size;
  lati_floating *host = lati_floating_lend();
  pool->parallel(run_share, pool, count, pool->parallel_user);
  lati_floating_take_back(host);
  run_tasks(pool, 0);
}

static void run_by_workers(lati_pool *pool) {
  if (pool->started < 0) {
    start_workers(pool);
  }
  atomic_fetch_add(&pool->gate, GATE_LOOP + GATE_OPEN);
  wake(pool, &pool->opened);
  run_tasks(pool, 0);
  atomic_fetch_sub(&pool->gate, GATE_OPEN);
  wait_for(pool, is_empty, 0, &pool->empty);
}

void lati_pool_run(lati_pool *pool, lati_task_function *function, void *argument, int64_t tasks) {
  if (pool->size == 1 || tasks <= 1 || !owned_by_us(pool) || atomic_exchange(&pool->busy, 1) != 0) {
    run_alone(function, argument, tasks);
    return;
  }
  pool->function = function;
  pool->argument = argument;
  pool->flushes = lati_floating_flushes();
  pool->tasks = tasks;
  atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
  if (pool->parallel != NULL) {
    run_by_host(pool);
  } else {
    run_by_workers(pool);
  }
  atomic_store(&pool->busy, 0);
}
