/* A dense leaf about which a model was asked: its answer takes LAPACK's place. */
#include "infer/solver_query.h"
#include "operator/operator_impl.h"

#include <string.h>

/* What a task's answer is good for. */
enum { ANSWER_NONE, ANSWER_INVERSE, ANSWER_VALUES };

static int answer_of(const char *task) {
  if (task != NULL && (strcmp(task, "inverse") == 0 || strcmp(task, "syminverse") == 0)) {
    return ANSWER_INVERSE;
  }
  return task != NULL && strcmp(task, "eigenvalues") == 0 ? ANSWER_VALUES : ANSWER_NONE;
}

static lat_status ask(lat_operator *op, lat_report *report, lat_solver *solver, const lat_matrix *a,
                      int answer) {
  lat_status status = LAT_OK;
  const int32_t n = (int32_t)op->size, cols = answer == ANSWER_INVERSE ? n : 1;
  double **answered = answer == ANSWER_INVERSE ? &op->inverse : &op->spectrum;
  LATI_TRY(LATI_NEW(*answered, op->ctx, (int64_t)n * cols));
  lat_matrix x = {*answered, n, cols, cols, LAT_ROW_MAJOR};
  LATI_TRY(lat_solver_solve(&x, report, solver, a));
  if (answer == ANSWER_INVERSE) {
    op->singular = 0; /* the model's answer is what solving means now */
  }
done:
  return status;
}

lat_status lat_operator_create_learned(lat_operator **out, lat_report *report, lat_solver *solver,
                                       const lat_matrix *a) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  if (solver == NULL || a == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "%s is NULL", solver == NULL ? "solver" : "a");
  }
  lat_status status = LAT_OK;
  lat_operator *op = NULL;
  const lat_task *task = lati_solver_task(solver);
  const int answer = answer_of(task == NULL ? NULL : lat_task_name(task));
  if (answer == ANSWER_NONE) {
    LATI_TRY(lati_fail(LAT_ERROR_UNSUPPORTED,
                       "the solver's task is %s; operators are learned from inverse, syminverse "
                       "and eigenvalues",
                       task == NULL ? "not selected" : lat_task_name(task)));
  }
  LATI_TRY(lat_operator_create_dense(&op, lati_solver_context(solver), a));
  LATI_TRY(ask(op, report, solver, a, answer));
  *out = op;
  op = NULL;
done:
  lat_operator_free(op);
  return status;
}
