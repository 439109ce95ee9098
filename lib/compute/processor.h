/* What the processor can do, as far as the choice of kernels depends on it. */
#ifndef LATI_PROCESSOR_H
#define LATI_PROCESSOR_H

typedef struct lati_processor {
  int avx2;       /* with FMA */
  int avx512;     /* F, DQ, BW, VL */
  int bf16_dot;   /* AVX512_BF16, Arm's BF16 */
  int bf16_tiles; /* AMX-TILE and AMX-BF16, their state saved by the system */
  int is_amd;
} lati_processor;

/* Asked once per process. */
const lati_processor *lati_processor_here(void);

/* Asks the system to let this process use tile registers (Linux, since 5.16); true when it may. */
int lati_processor_permit_tiles(void);

#endif
