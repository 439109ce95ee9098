/* The task whose examples an evaluation draws. */
#ifndef LATI_EVALUATED_TASK_H
#define LATI_EVALUATED_TASK_H

#include "task/task_impl.h"

/* The component of `trained` that `asked`, not a mixture, is another form of; NULL when there is
 * none. */
const lat_task *lati_trained_task(const lat_task *trained, const lat_task *asked);

/* A reference to `asked` as a model of `trained` can be asked it: with letters in front where the
 * model has learned them. NULL is `trained` itself. ARGUMENT where a task is none of the model's.
 */
lat_status lati_evaluated_task(lat_task **out, lat_task *trained, const lat_task *asked);

#endif
