/* The frame in which a model sees a caller's matrix: scaled into the range of its training,
 * symmetrised where the task is symmetric, moved to other coordinates, to the canonical form or to
 * an equivalent input; and the way back of its answer. */
#ifndef LATI_FRAME_H
#define LATI_FRAME_H

#include "task/task_impl.h"

#include <lat/solver.h>

typedef struct lati_frame {
  const lat_task *task;  /* not a mixture */
  double range;          /* the largest coefficient that the model was trained on */
  const double *factors; /* as lati_problem.factors */
  int32_t candidate;     /* 0: the matrix as it is; others see it in other ways */
  int32_t scaling;       /* 1: inputs may be scaled */
  int32_t as_given;      /* 1: this one is neither scaled nor made symmetric */
  int32_t moved;         /* out: 1: `transform` moved the matrix */
  double factor;         /* out: by which it was scaled */
  void *transform;       /* room for lati_frame_transform_size() bytes */
  double *scales;        /* room for lati_frame_scales() doubles */
} lati_frame;

/* Bytes of a transform, the most of the task's components. */
size_t lati_frame_transform_size(const lat_task *task, const lat_decode_options *options);

/* Doubles in which a frame keeps factors of rows and columns from lati_frame_enter() to
 * lati_frame_leave(): where equilibrated inputs are seen in other coordinates. */
size_t lati_frame_scales(const lat_task *task, const lat_decode_options *options);

/* True when candidates after the first see other inputs, of operands of this form, or are drawn
 * anew. */
int lati_frame_varies(const lat_task *task, const lati_form *form,
                      const lat_decode_options *options);

/* *seen becomes what the model sees of `a`, in `values` or in `moved`: memory for as many doubles
 * as `a` has. */
lat_status lati_frame_enter(lati_matrices *seen, lati_frame *frame, const lati_matrices *a,
                            double *values, double *moved);

/* The caller's answer, in `caller`, from *answer, the model's; *answer becomes the view of it. */
lat_status lati_frame_leave(lati_matrices *answer, const lati_frame *frame, double *caller);

#endif
