/* The loop of peak.h in terms of `vec`, LANES and multiply_add(sum, address): twelve running sums,
 * so that none waits for its own last result. The sums have names because arrays of them need not
 * stay in registers. Included by one source file per instruction. */
#include "compute/peak.h"

#include <string.h>

#define EACH_SUM(statement)                                                                        \
  statement(0) statement(1) statement(2) statement(3) statement(4) statement(5) statement(6)       \
      statement(7) statement(8) statement(9) statement(10) statement(11)

enum { SUMS = 12 };

#define OPEN_SUM(i) vec sum##i = {0};
#define STEP_SUM(i) sum##i = multiply_add(sum##i, x + (i)*LANES);
#define CLOSE_SUM(i) memcpy(x + (SUMS + (i)) * LANES, &sum##i, sizeof sum##i);

static void run(float *x, int64_t rounds) {
  EACH_SUM(OPEN_SUM)
  for (int64_t i = 0; i < rounds; ++i) {
    EACH_SUM(STEP_SUM)
    __asm__ volatile("" ::: "memory"); /* operands are read again in every round */
  }
  EACH_SUM(CLOSE_SUM)
}
