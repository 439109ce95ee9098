#include "train/shard_rows.h"

#include "base/threads.h"
#include "compute/backend.h"

/* Elements of a block: eight rows of it are half a megabyte. */
enum { BLOCK = 16384 };

void lati_append_addition(void *user, int64_t to, int64_t from) {
  lati_additions *additions = user;
  additions->list[additions->count++] = (lati_addition){to, from};
}

void lati_record_addition(void *user, int64_t to, int64_t from) {
  const lati_recorder *recorder = user;
  double *sums = recorder->shards->sums;
  lati_append_addition(recorder->additions, to, from);
  for (int i = 0; i < LATI_SUMS; ++i) {
    sums[to * LATI_SUMS + i] += sums[from * LATI_SUMS + i];
  }
}

typedef struct blocks {
  const lati_additions *additions;
  const lati_shards *shards;
  size_t first, end;
} blocks;

static void add_block(void *argument, int64_t task, int32_t thread) {
  const blocks *all = argument;
  const lati_device *device = &all->shards->ctx->device;
  const size_t at = all->first + (size_t)task * BLOCK;
  const size_t count = all->end - at < BLOCK ? all->end - at : BLOCK;
  (void)thread;
  for (int32_t i = 0; i < all->additions->count; ++i) {
    const lati_addition *one = &all->additions->list[i];
    float *from = all->shards->values[one->from] + at;
    device->operations->add(device, all->shards->values[one->to] + at, from, (int64_t)count);
    lati_device_fill(device, from, 0, count);
  }
}

void lati_add_rows(const lati_additions *additions, const lati_shards *shards, size_t first,
                   size_t end) {
  blocks all = {additions, shards, first, end};
  if (additions->count > 0) {
    lati_pool_run(shards->ctx->device.pool, add_block, &all,
                  (int64_t)((end - first + BLOCK - 1) / BLOCK));
  }
}

static int is_in_use(const lati_shard_worker *worker, int64_t row) {
  int used = 0;
  for (int32_t i = 0; i < worker->tree.count; ++i) {
    used |= worker->tree.nodes[i].row == row;
  }
  for (int32_t i = 0; i < worker->additions.count; ++i) {
    used |= worker->additions.list[i].from == row;
  }
  return used;
}

int64_t lati_zero_row(const lati_shard_worker *worker) {
  for (int64_t row = worker->row; row < worker->row + worker->rows; ++row) {
    if (!is_in_use(worker, row)) {
      return row;
    }
  }
  return -1;
}
