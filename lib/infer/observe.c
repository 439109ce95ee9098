/* One scored example as the diagnosis and the host see it. */
#include "infer/observe.h"

#include "base/floating.h"
#include "task/registry.h"

#include <math.h>

static int32_t verdict_of(const lati_prediction *prediction, double tolerance, int decodable) {
  if (!decodable) {
    return LAT_VERDICT_UNDECODABLE;
  }
  if (prediction->certified) {
    return LAT_VERDICT_CERTIFIED;
  }
  return prediction->residual < tolerance ? LAT_VERDICT_WITHIN : LAT_VERDICT_OUTSIDE;
}

/* Shows the example in the host's own floating-point state. */
static lat_status show(const lat_evaluate_options *options, const lat_observation *observation) {
  lati_floating *host = lati_floating_lend();
  const int32_t stop = options->observe(observation, options->user);
  lati_floating_take_back(host);
  return stop == 0 ? LAT_OK
                   : lati_fail(LAT_ERROR_CANCELLED, "evaluation cancelled at example %llu",
                               (unsigned long long)observation->index);
}

lat_status lati_observe(lati_diagnosis *diagnosis, const lati_scorer *scorer,
                        const lat_evaluate_options *options, const double *tolerances,
                        const lati_observed *observed) {
  lat_status status = LAT_OK;
  const lati_prediction *prediction = observed->prediction;
  lati_example example;
  lati_findings findings;
  LATI_TRY(lati_read_example(&example, scorer, observed->task, observed->asked, observed->guess));
  LATI_TRY(lati_find(&findings, observed->task, &example));
  if (options->diagnose && example.has_prediction) {
    LATI_TRY(lati_diagnosis_add(diagnosis, observed->task->ctx, observed->task, &findings,
                                prediction->residual, tolerances));
  }
  if (options->observe != NULL) {
    const lat_observation observation = {
        .struct_size = sizeof observation,
        .index = observed->index,
        .task = observed->task,
        .input = example.source,
        .target = example.target,
        .prediction = example.has_prediction ? example.predicted : NULL,
        .tokens = observed->guess->tokens.tokens,
        .token_count = observed->guess->tokens.count,
        .residual = prediction->residual,
        .orthogonality = findings.orthogonality,
        .condition = findings.condition,
        .verdict = verdict_of(prediction, tolerances[0], example.has_prediction),
        .candidates = prediction->candidates,
        .input_count = lati_task_written(observed->task, LAT_INPUT),
        .result_count = lati_task_written(observed->task, LAT_OUTPUT)};
    LATI_TRY(show(options, &observation));
  }
done:
  return status;
}
