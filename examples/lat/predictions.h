/* lat eval --predictions: a JSON object a line for each example. */
#ifndef PREDICTIONS_H
#define PREDICTIONS_H

#include <lat/lat.h>
#include <stdio.h>

/* Writes one example: index, task, input, target, prediction (null when it is no matrix), tokens,
 * residual, orthogonality, condition, verdict, candidates; inputs, targets and predictions, all
 * matrices of each. Returns 0 when it could not be written.
 */
int prediction_write(FILE *file, const lat_observation *observation,
                     const lat_tokenizer *tokenizer);

#endif
