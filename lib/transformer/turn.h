/* Turns of threads that take several parts of a batch through the model at once and add to one
 * vector of gradients. Backward makes the same additions for every part, one after the other; the
 * n-th of a part waits for the n-th of the part before. Each parameter's gradient so gets its
 * addends in the order of the parts, as on one thread, if a pass adds to it once. */
#ifndef LATI_TURN_H
#define LATI_TURN_H

#include "base/threads.h"

typedef struct lati_turn {
  const atomic_int *before; /* additions made by the part before; NULL: there is none to wait for */
  atomic_int *own;          /* by this part; NULL: parts come one after the other */
} lati_turn;

/* Around each addition. */
static inline void lati_turn_take(const lati_turn *turn) {
  if (turn->before != NULL) {
    lati_await(turn->before, atomic_load(turn->own) + 1);
  }
}

static inline void lati_turn_give(const lati_turn *turn) {
  if (turn->own != NULL) {
    atomic_fetch_add(turn->own, 1);
  }
}

#endif
