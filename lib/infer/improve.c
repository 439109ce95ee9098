/* Refines a decoded answer in double precision, certifies it, and asks LAPACK where that does not
 * make it right. */
#include "infer/improve.h"

#include "infer/verdict.h"
#include "task/batch_impl.h"
#include "task/registry.h"

#include <math.h>
#include <string.h>

/* Steps after LAPACK, whose answers are within rounding already. */
enum { STEPS_AFTER_LAPACK = 2 };

static size_t larger(size_t a, size_t b) {
  return a > b ? a : b;
}

/* Of one task, not a mixture; in front of the work is room for an answer. */
static size_t work_of(const lat_task *task, const lat_decode_options *options,
                      const lati_form *operands, const lati_form *results) {
  const lati_task_kind *kind = task->kind;
  const int32_t rows = operands->shape[0].rows, cols = operands->shape[operands->count - 1].cols;
  size_t work = lati_score_work(task, operands, results);
  if (kind->verify_work != NULL) {
    work = larger(work, kind->verify_work(rows, cols));
  }
  if (kind->refine_work != NULL && (options->refine > 0 || options->fallback)) {
    work = larger(work, kind->refine_work(rows, cols));
  }
  return lati_form_values(results) + work;
}

/* Of examples of any sizes; which of a mixture's tasks each is of, its letter tells. */
static size_t work_of_source(const lat_task *task, const lat_decode_options *options,
                             const lat_batch *source) {
  const lati_form *operands = source->side[LAT_INPUT].forms;
  size_t work = 0;
  for (int64_t e = 0; e < source->size; ++e) {
    if (e > 0 && lati_form_same(&operands[e], &operands[e - 1])) {
      continue;
    }
    for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
      const lat_task *component = lat_task_component(task, i);
      if (component->operands.count == operands[e].count &&
          component->operands.layout == operands[e].layout) {
        work = larger(
            work, work_of(component, options, &operands[e], &source->side[LAT_OUTPUT].forms[e]));
      }
    }
  }
  return work;
}

lat_status lati_improve_work(size_t *count, const lat_task *task, const lat_decode_options *options,
                             const lat_batch *source) {
  lat_status status = LAT_OK;
  *count = source != NULL ? work_of_source(task, options, source) : 0;
  for (int32_t i = 0; i < lat_task_component_count(task); ++i) {
    const lat_task *component = lat_task_component(task, i);
    lati_form operands, results;
    LATI_TRY(lati_task_max_forms(&operands, &results, component));
    *count = larger(*count, work_of(component, options, &operands, &results));
  }
done:
  return status;
}

static lat_status refine(lat_report *report, lat_matrix *answer, const lat_task *task,
                         const lat_matrix *input, int32_t most_steps, double tolerance,
                         double *work) {
  lati_refinement refinement = {.most_steps = most_steps, .tolerance = tolerance};
  const lat_status status = task->kind->refine(&refinement, answer, input, work);
  report->refine_steps = refinement.steps;
  return status == LAT_ERROR_NUMERIC ? LAT_OK : status; /* then the answer is as good as it was */
}

/* A certificate bounds every value's error by a part of |A|_F, and so the residual. */
static double certified_residual(double bound, const lat_matrix *values, const lat_matrix *input) {
  const size_t count = lati_matrix_count(values);
  const double largest = lati_norm_max(input->data, lati_matrix_count(input));
  double squares = 0, size = 0; /* of |A|_F and |values| over the largest coefficient of A */
  for (size_t i = 0; i < lati_matrix_count(input) && largest > 0; ++i) {
    const double part = input->data[i] / largest;
    squares += part * part;
  }
  for (size_t i = 0; i < count && largest > 0; ++i) {
    size += fabs(values->data[i] / largest);
  }
  return bound == 0 ? 0 : bound * (double)count * sqrt(squares) / size;
}

/* Residual, verdict and certificate of the answer as it is now. Of values alone the certificate
 * bounds the residual, and finding that another way costs more than everything else here. */
static lat_status judge(lat_report *report, const lat_matrix *answer, const lat_task *task,
                        const lat_matrix *input, int compare, double tolerance, double *work) {
  lat_status status = LAT_OK;
  const lati_task_kind *kind = task->kind;
  const int alone = kind->verify != NULL && !compare;
  lati_certificate certificate = {0, NAN};
  if (kind->certify != NULL) {
    certificate = kind->certify(answer, input, tolerance, work);
  }
  if (!certificate.certified || !alone) {
    LATI_TRY(lati_verdict(report, task, input, answer, compare, work));
  } else {
    report->residual = certified_residual(certificate.bound, answer, input);
  }
  if (kind->certify != NULL) {
    report->error_bound = certificate.bound;
  }
  if (certificate.certified) {
    report->verdict = LAT_VERDICT_CERTIFIED;
  }
done:
  return status;
}

int lati_is_right(const lat_report *report, const lat_task *task,
                  const lat_decode_options *options) {
  return report->verdict == LAT_VERDICT_CERTIFIED ||
         (report->verdict == LAT_VERDICT_WITHIN &&
          (options->refine == 0 || task->kind->certify == NULL));
}

/* Whether refinement has ended in numbers, and did not make what it cannot certify worse. */
static int is_worth_keeping(const lat_report *refined, const lat_report *decoded, int finite) {
  return finite && (refined->verdict == LAT_VERDICT_CERTIFIED || !lati_is_better(decoded, refined));
}

lat_status lati_refine_decoded(lat_report *report, lat_matrix *answer, const lat_task *task,
                               const lat_matrix *input, const lat_decode_options *options,
                               double *work) {
  /* Defects are taken well below what the certificate, which adds rounding, asks for. */
  const double tolerance = options->certify_tolerance / 100;
  const size_t count = lati_matrices_values(answer, lati_task_written(task, LAT_OUTPUT));
  double *values = answer[0].data, *decoded = work, *rest = work + count;
  lat_status status = LAT_OK;
  report->source = LAT_SOURCE_MODEL;
  report->residual_before = report->residual;
  report->error_bound = NAN;
  if (options->refine == 0 || task->kind->refine == NULL ||
      report->verdict == LAT_VERDICT_UNDECODABLE) {
    return LAT_OK;
  }
  const lat_report before = *report;
  memcpy(decoded, values, count * sizeof *values);
  LATI_TRY(refine(report, answer, task, input, options->refine, tolerance, rest));
  if (memcmp(decoded, values, count * sizeof *values) != 0) {
    report->source = LAT_SOURCE_REFINED;
  } else {
    report->refine_steps = 0;
  }
  const int finite = lati_all_finite(values, count);
  if (finite) {
    LATI_TRY(
        judge(report, answer, task, input, options->compare, options->certify_tolerance, rest));
  }
  if (!is_worth_keeping(report, &before, finite)) {
    *report = before;
    memcpy(values, decoded, count * sizeof *values);
  }
done:
  return status;
}

/* The caller's problem has none: zeros, as where the tokens are no matrices. */
static void tell_no_answer(lat_report *report, const lat_matrix *answer, const lat_task *task) {
  for (int32_t i = 0; i < lati_task_written(task, LAT_OUTPUT); ++i) {
    memset(answer[i].data, 0, lati_matrix_count(&answer[i]) * sizeof *answer[i].data);
  }
  report->verdict = LAT_VERDICT_NO_ANSWER;
  report->source = LAT_SOURCE_LAPACK;
  report->refine_steps = 0;
  report->averaged = 0;
  report->residual = INFINITY;
  report->error_bound = NAN;
}

/* LAPACK's answer, refined and judged. */
static lat_status answer_by_lapack(lat_report *report, lat_matrix *answer, const lat_task *task,
                                   const lat_matrix *input, const lat_decode_options *options,
                                   double *work) {
  lat_status status = lati_task_answer_in(answer, task, input, work);
  if (status == LAT_ERROR_NUMERIC) {
    tell_no_answer(report, answer, task);
    return LAT_OK;
  }
  LATI_TRY(status);
  report->source = LAT_SOURCE_LAPACK;
  report->averaged = 0;
  if (task->kind->refine != NULL) {
    LATI_TRY(refine(report, answer, task, input, STEPS_AFTER_LAPACK,
                    options->certify_tolerance / 100, work));
  }
  LATI_TRY(judge(report, answer, task, input, 1, options->certify_tolerance, work));
done:
  return status;
}

/* What double precision is not enough for. LIMIT: nothing could be proven, not even that there is
 * no answer, and the verdict is that on the one that is there. */
static lat_status answer_precisely(lat_report *report, lat_matrix *answer, const lat_task *task,
                                   const lat_matrix *input, const lat_decode_options *options,
                                   double *work) {
  lati_certificate certificate;
  lat_status status =
      task->kind->answer_precisely(answer, &certificate, input, options->certify_tolerance, work);
  if (status == LAT_ERROR_NUMERIC) {
    tell_no_answer(report, answer, task);
    return LAT_OK;
  }
  const int certified = status == LAT_OK;
  if (status != LAT_ERROR_LIMIT) {
    LATI_TRY(status);
  }
  report->source = LAT_SOURCE_LAPACK;
  report->averaged = 0;
  report->refine_steps = 0;
  LATI_TRY(lati_verdict(report, task, input, answer, 1, work));
  if (certified) {
    report->verdict = LAT_VERDICT_CERTIFIED;
    report->error_bound = certificate.bound;
  }
done:
  return status;
}

lat_status lati_fall_back(lat_report *report, lat_matrix *answer, const lat_task *task,
                          const lat_matrix *input, const lat_decode_options *options,
                          double *work) {
  lat_status status = LAT_OK;
  if (!options->fallback || lati_is_right(report, task, options)) {
    return LAT_OK;
  }
  LATI_TRY(answer_by_lapack(report, answer, task, input, options, work));
  if (task->kind->answer_precisely != NULL && !lati_is_right(report, task, options)) {
    LATI_TRY(answer_precisely(report, answer, task, input, options, work));
  }
done:
  return status;
}
