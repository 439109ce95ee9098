/* A team of workers. Work is cut into tasks by its shape, never by the number of threads, so that
 * results are the same bits whoever does what. */
#ifndef LATI_THREADS_H
#define LATI_THREADS_H

#include "base/error.h"

#include <lat/context.h>

#include <stdatomic.h>

typedef struct lati_pool lati_pool;

/* One task of a parallel loop. `worker` is 0 .. lati_pool_size() - 1 and is held by one task at a
 * time: an index into per-worker scratch memory. */
typedef void lati_task_function(void *argument, int64_t task, int32_t worker);

lat_status lati_pool_create(lati_pool **out, const lat_context *ctx, int32_t threads);
void lati_pool_free(lati_pool *pool);
int32_t lati_pool_size(const lati_pool *pool);

/* Runs function(argument, t, worker) for t = 0 .. tasks - 1 and returns when all are done; tasks
 * are handed out in order, one at a time. Never fails: when the team is busy with another caller's
 * loop, in a nested call, or could not start, the calling thread does all tasks as worker 0.
 * Workers compute in the default floating-point state, and flush numbers below the least normal
 * one as their caller does. */
void lati_pool_run(lati_pool *pool, lati_task_function *function, void *argument, int64_t tasks);

/* Waits until another thread has raised a counter to `least`, without sleeping, as it will soon. A
 * task may wait so for those of its loop that were handed out before it. */
void lati_await(const atomic_int *counter, int least);

#endif
