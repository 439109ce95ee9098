/* What other layers ask of a solver. */
#ifndef LATI_SOLVER_QUERY_H
#define LATI_SOLVER_QUERY_H

#include <lat/solver.h>

/* The task it solves; NULL while a mixture's component is not selected. */
const lat_task *lati_solver_task(const lat_solver *solver);
lat_context *lati_solver_context(const lat_solver *solver);

#endif
