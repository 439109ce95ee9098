/* Counter-based random numbers (Philox4x32-10, Random123): a stream is a pure function of (seed,
 * stream, index), so example i is the same whatever thread draws it and a position is one number.
 */
#ifndef LATI_RANDOM_H
#define LATI_RANDOM_H

#include <lat/task.h>

struct lat_random {
  uint32_t key[2];     /* seed */
  uint32_t counter[4]; /* block within the example, stream, index (two words) */
  uint32_t words[4];   /* the current block */
  int32_t used;        /* words of it handed out */
  int32_t has_spare;   /* Box-Muller's second normal */
  double spare;
};

void lati_random_start(lat_random *random, uint64_t seed, uint32_t stream, uint64_t index);
/* Passes over blocks of four 32-bit numbers, from a block's beginning. */
void lati_random_skip(lat_random *random, uint32_t blocks);
uint32_t lati_random_u32(lat_random *random);
uint64_t lati_random_u64(lat_random *random);

/* Streams of one seed; the public ones (training 0, validation 1, test 2, ...) lie below. */
enum {
  LATI_STREAM_INIT = 0x40000000,
  LATI_STREAM_DECODE = LATI_STREAM_INIT + 2, /* the number between has been dropout's */
  LATI_STREAM_CANDIDATE,
  LATI_STREAM_DROPOUT = 0x50000000 /* + site */
};

/* + site * 2^16 + head: dropout of attention. */
#define LATI_STREAM_ATTENTION UINT32_C(0x80000000)

#endif
