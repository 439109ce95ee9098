/* One random example: drawn, answered, noised, in a worker's own memory. */
#ifndef LATI_DRAW_EXAMPLE_H
#define LATI_DRAW_EXAMPLE_H

#include "task/canonical.h"
#include "task/curriculum.h"

/* Memory of one worker, enough for any example of one task. */
typedef struct lati_scratch {
  double *input, *output, *work;
  double *steps;         /* of the scratchpad in front of an answer */
  double *moved, *clean; /* canonical tasks: the input moved, and the input without its noise */
  void *transform;
} lati_scratch;

lat_status lati_scratch_create(lati_scratch *scratch, const lat_task *task);
void lati_scratch_free(lati_scratch *scratch);

/* What one example is drawn by, beside its task. */
typedef struct lati_draw {
  const lati_curriculum *curriculum;
  uint64_t index; /* where the curriculum stands */
  double sign_bias;
} lati_draw;

typedef struct lati_example {
  const lati_draw *draw;
  const lat_task *task; /* the component of a mixture, or the task itself */
  int32_t component;    /* its index */
  int32_t letter;       /* in front of both sequences; 0 outside mixtures */
  int32_t distribution; /* of the spectrum; -1 without */
  int32_t structure;    /* of the matrices; -1 of a custom task */
  int32_t structured;   /* of two operands, those of the structure: 1, 2, or 3 for both */
  int32_t biased;       /* 1: signs lean to the positive */
  const lati_transform *equilibrated; /* that of an equilibrated input, in the scratch memory */
  lati_matrices input, output;        /* in the scratch memory */
} lati_example;

/* Draws what a rejection must not change, so that shares stay what they are: component,
 * distribution, structure, and with probability sign_bias that signs are biased. `draw` must
 * outlive the example. */
void lati_example_begin(lati_example *example, const lat_task *task, const lati_draw *draw,
                        lat_random *random);

/* Draws shape and coefficients, computes the answer, adds noise to every coefficient of the input
 * (so that a symmetric input does not stay exactly symmetric, as in the reference, unless the task
 * says so). A canonical task's input and answer are those of the canonical form. NUMERIC or SHAPE:
 * rejected, to be drawn again. */
lat_status lati_example_draw(lati_example *example, lat_random *random,
                             const lati_scratch *scratch);

#endif
