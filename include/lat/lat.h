/**
 * @file lat.h
 * @brief Umbrella header of lat: small transformers that learn linear algebra.
 *
 * The objects, in the order in which data meets them:
 *
 * | object | what it is | header |
 * |---|---|---|
 * | lat_context | threads, memory, log, precision | context.h |
 * | lat_tokenizer | matrices to tokens and back | tokenizer.h |
 * | lat_task, lat_sampler | a problem, and random examples of it | task.h, batch.h |
 * | lat_batch | examples as tokens, ragged | batch.h |
 * | lat_model, lat_gradients | the transformer, its parameters and gradients | model.h |
 * | lat_optimizer | one update of the parameters | optimizer.h |
 * | lat_trainer | a training run: validation, checkpoints, resume | trainer.h |
 * | lat_reduction, lat_agreement | what processes that train together exchange | parallel.h |
 * | lat_session, lat_solver | decoding; matrices in, matrices out | solver.h |
 * | lat_operator | large matrices of structured parts | operator.h |
 * | lat_linear | linear attention whose weights can be written down | linear_attention.h |
 */
#ifndef LAT_LAT_H
#define LAT_LAT_H

#include <lat/batch.h>
#include <lat/context.h>
#include <lat/linear_attention.h>
#include <lat/matrix.h>
#include <lat/model.h>
#include <lat/operator.h>
#include <lat/optimizer.h>
#include <lat/parallel.h>
#include <lat/solver.h>
#include <lat/status.h>
#include <lat/task.h>
#include <lat/tokenizer.h>
#include <lat/trainer.h>
#include <lat/version.h>

#endif
