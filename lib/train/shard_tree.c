/* Sums in the order of a fixed binary tree over an update's shards: a node of 2^k leaves that
 * begins at a multiple of 2^k is its left half plus its right one, or the left half alone where the
 * leaves end before the right one. */
#include "train/shard_tree.h"

#include "base/error.h"
#include "base/floating.h"

static int64_t size_of(const lati_node *node) {
  return INT64_C(1) << node->level;
}

/* Merges the last two nodes, or lets the last one stand for its parent. False when neither can be
 * done. */
static int merge_last(lati_shard_tree *tree, lati_merge_function *merge, void *user) {
  lati_node *last = &tree->nodes[tree->count - 1];
  const int64_t size = size_of(last);
  if ((last->first & size) == 0) {
    const int has_parent = last->first > 0 || size < tree->leaves;
    const int alone = last->first + size >= tree->leaves;
    last->level += has_parent && alone;
    return has_parent && alone;
  }
  if (tree->count < 2 || last[-1].first != last->first - size) {
    return 0;
  }
  if (merge != NULL) {
    merge(user, last[-1].row, last->row);
  }
  ++last[-1].level;
  --tree->count;
  return 1;
}

void lati_tree_push(lati_shard_tree *tree, lati_node node, lati_merge_function *merge, void *user) {
  tree->nodes[tree->count++] = node;
  while (merge_last(tree, merge, user)) {
  }
}

int64_t lati_first_shard(int64_t leaves, int32_t ranks, int32_t rank) {
  return leaves * rank / ranks;
}

void lati_tree_of_rank(lati_shard_tree *tree, int32_t *most, int64_t leaves, int32_t ranks,
                       int32_t rank) {
  const int64_t end = lati_first_shard(leaves, ranks, rank + 1);
  *tree = (lati_shard_tree){.leaves = leaves};
  *most = 0;
  for (int64_t leaf = lati_first_shard(leaves, ranks, rank); leaf < end; ++leaf) {
    *most = tree->count + 1 > *most ? tree->count + 1 : *most;
    lati_tree_push(tree, (lati_node){.first = leaf}, NULL, NULL);
  }
}

static int is_valid(int64_t shards, int32_t ranks) {
  return ranks >= 1 && ranks <= LATI_MAX_RANKS && ranks <= shards &&
         shards <= (int64_t)LATI_MAX_SHARDS * LATI_MAX_SHARDS;
}

int32_t lat_shard_parts(int64_t shards, int32_t ranks, int32_t rank) {
  lati_shard_tree tree;
  int32_t most = 0;
  if (!is_valid(shards, ranks) || rank < 0 || rank >= ranks) {
    return 0;
  }
  lati_tree_of_rank(&tree, &most, shards, ranks, rank);
  return tree.count;
}

/* Rows of floats, or of doubles. */
typedef struct part_rows {
  float *floats;
  double *doubles;
  size_t stride, count;
} part_rows;

static void add_rows(void *user, int64_t to, int64_t from) {
  const part_rows *rows = user;
  if (rows->floats != NULL) {
    float *restrict y = rows->floats + (size_t)to * rows->stride;
    const float *restrict x = rows->floats + (size_t)from * rows->stride;
    for (size_t i = 0; i < rows->count; ++i) {
      y[i] += x[i];
    }
    return;
  }
  double *restrict y = rows->doubles + (size_t)to * rows->stride;
  const double *restrict x = rows->doubles + (size_t)from * rows->stride;
  for (size_t i = 0; i < rows->count; ++i) {
    y[i] += x[i];
  }
}

static lat_status sum_rows(part_rows *rows, int64_t shards, int32_t ranks) {
  lati_shard_tree all = {.leaves = shards};
  lati_floating saved;
  int64_t row = 0;
  if (rows->floats == NULL && rows->doubles == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "parts is NULL");
  }
  if (!is_valid(shards, ranks)) {
    return lati_fail(LAT_ERROR_ARGUMENT,
                     "ranks %d and shards %lld are not 1 <= ranks <= shards, ranks <= %d, shards "
                     "<= 2^32",
                     (int)ranks, (long long)shards, LATI_MAX_RANKS);
  }
  if (rows->stride < rows->count) {
    return lati_fail(LAT_ERROR_ARGUMENT, "stride %zu is below the count of %zu", rows->stride,
                     rows->count);
  }
  lati_floating_enter(&saved);
  for (int32_t rank = 0; rank < ranks; ++rank) {
    lati_shard_tree own;
    int32_t most = 0;
    lati_tree_of_rank(&own, &most, shards, ranks, rank);
    for (int32_t i = 0; i < own.count; ++i) {
      own.nodes[i].row = row++;
      lati_tree_push(&all, own.nodes[i], add_rows, rows);
    }
  }
  lati_floating_leave(&saved);
  return LAT_OK;
}

lat_status lat_shard_sum(float *parts, size_t stride, size_t count, int64_t shards, int32_t ranks) {
  part_rows rows = {.floats = parts, .stride = stride, .count = count};
  return sum_rows(&rows, shards, ranks);
}

lat_status lat_shard_sum_doubles(double *parts, size_t stride, size_t count, int64_t shards,
                                 int32_t ranks) {
  part_rows rows = {.doubles = parts, .stride = stride, .count = count};
  return sum_rows(&rows, shards, ranks);
}
