#include "infer/verdict.h"

#include "task/registry.h"

#include <math.h>

int lati_verdict_known(const lat_task *task, int compare) {
  const lati_task_kind *kind = task->kind;
  if (kind == &lati_task_custom) {
    return compare || task->functions.residual != NULL;
  }
  return compare || kind->self_scoring || kind->order == LATI_ORDER_NONE;
}

static int32_t judge(const lat_report *report, const lat_score *score, int has_vectors) {
  if (!(report->residual <= report->tolerance)) {
    return LAT_VERDICT_OUTSIDE;
  }
  if (has_vectors && !(score->orthogonality <= report->tolerance && score->ordered)) {
    return LAT_VERDICT_OUTSIDE;
  }
  return LAT_VERDICT_WITHIN;
}

lat_status lati_verdict(lat_report *report, const lat_task *task, const lat_matrix *input,
                        const lat_matrix *prediction, int compare) {
  report->residual = report->orthogonality = NAN;
  report->verdict = LAT_VERDICT_UNKNOWN;
  if (!lati_verdict_known(task, compare)) {
    return LAT_OK;
  }
  lat_score score = {.struct_size = sizeof score};
  lat_status status = lat_task_score(&score, task, input, NULL, prediction, NULL);
  if (status == LAT_ERROR_NUMERIC) { /* there is no answer to compare with */
    return LAT_OK;
  }
  if (status == LAT_OK) {
    report->residual = score.residual;
    report->orthogonality = score.orthogonality;
    report->verdict = judge(report, &score, lati_task_has_vectors(task));
  }
  return status;
}
