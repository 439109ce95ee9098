#include "infer/verdict.h"

#include "task/registry.h"

#include <math.h>

int lati_verdict_known(const lat_task *task, int compare) {
  const lati_task_kind *kind = task->kind;
  if (kind == &lati_task_custom) {
    return compare || task->functions.residual != NULL;
  }
  return compare || kind->self_scoring || kind->verify != NULL || kind->order == LATI_ORDER_NONE;
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

/* Bounds are narrowed to a quarter of the residual: enough to tell candidates apart. */
#define SHARPNESS 0.25

/* The upper bound of the residual where it is within tolerance, and where nothing is decided;
 * otherwise the lower one. */
static void judge_values(lat_report *report, const lat_task *task, const lat_matrix *input,
                         const lat_matrix *prediction, double *work) {
  const lati_question question = {report->tolerance, SHARPNESS};
  const lati_error_bounds bounds = task->kind->verify(prediction, input, &question, work);
  report->residual = bounds.low > report->tolerance ? bounds.low : bounds.high;
  report->verdict = bounds.high <= report->tolerance ? LAT_VERDICT_WITHIN : LAT_VERDICT_OUTSIDE;
}

lat_status lati_verdict(lat_report *report, const lat_task *task, const lat_matrix *input,
                        const lat_matrix *prediction, int compare, double *work) {
  report->residual = report->orthogonality = NAN;
  report->verdict = LAT_VERDICT_UNKNOWN;
  if (!lati_verdict_known(task, compare)) {
    return LAT_OK;
  }
  if (!compare && task->kind->verify != NULL) {
    judge_values(report, task, input, prediction, work);
    return LAT_OK;
  }
  lat_score score;
  const lat_status status = lati_task_judge(&score, task, input, prediction, work);
  if (status == LAT_OK) {
    report->residual = score.residual;
    report->orthogonality = score.orthogonality;
    report->verdict = judge(report, &score, lati_task_has_vectors(task));
  }
  return status == LAT_ERROR_NUMERIC ? LAT_OK : status; /* nothing to compare with */
}

/* fmax() ignores NaN. */
double lati_distance(const lat_report *report) {
  return fmax(report->residual, report->orthogonality);
}

/* The smaller, the better; in the middle what cannot be told, or is not right. */
static int rank_of(int32_t verdict) {
  switch (verdict) {
  case LAT_VERDICT_CERTIFIED:
    return 0;
  case LAT_VERDICT_WITHIN:
    return 1;
  case LAT_VERDICT_UNDECODABLE:
    return 3;
  default:
    return 2;
  }
}

static double likelihood(const lat_report *report) {
  return report->log_probability / (report->tokens > 0 ? report->tokens : 1);
}

int lati_is_better(const lat_report *report, const lat_report *than) {
  const int rank = rank_of(report->verdict), other = rank_of(than->verdict);
  if (rank != other) {
    return rank < other;
  }
  const int known = !isnan(lati_distance(report));
  if (known != !isnan(lati_distance(than))) {
    return known;
  }
  return known ? lati_distance(report) < lati_distance(than)
               : likelihood(report) > likelihood(than);
}
