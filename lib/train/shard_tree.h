/* The tree in which the gradients of an update's shards are summed: lat/parallel.h. */
#ifndef LATI_SHARD_TREE_H
#define LATI_SHARD_TREE_H

#include <lat/parallel.h>

/* Nodes that wait at once: two a level of a tree of 2^32 leaves, and some to spare. */
enum { LATI_MAX_NODES = 72, LATI_MAX_RANKS = 65536, LATI_MAX_SHARDS = 65536 };

/* The sum of the leaves first .. first + 2^level - 1, as far as they exist. */
typedef struct lati_node {
  int64_t first;
  int32_t level;
  int64_t row; /* where its sum is kept */
} lati_node;

/* Nodes of consecutive leaves, added from left to right and merged as soon as both halves of a node
 * are there. */
typedef struct lati_shard_tree {
  int64_t leaves;
  int32_t count; /* nodes that wait */
  lati_node nodes[LATI_MAX_NODES];
} lati_shard_tree;

/* Adds the sum in row `from` to that in row `to`. */
typedef void lati_merge_function(void *user, int64_t to, int64_t from);

/* Adds a node behind those there are; merge NULL: only the nodes are counted. */
void lati_tree_push(lati_shard_tree *tree, lati_node node, lati_merge_function *merge, void *user);

/* The first leaf of a rank: `rank` == ranks gives the end of the last one's. */
int64_t lati_first_shard(int64_t leaves, int32_t ranks, int32_t rank);

/* The nodes that a rank is left with when all its leaves have been pushed; *most: the most that
 * wait at once until then, the leaf that is being summed included. */
void lati_tree_of_rank(lati_shard_tree *tree, int32_t *most, int64_t leaves, int32_t ranks,
                       int32_t rank);

#endif
