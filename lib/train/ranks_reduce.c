/* Sums of parts over the ranks, through the host's lat_reduce_function. */
#include "base/floating.h"
#include "train/ranks_impl.h"
#include "transformer/transformer.h"

#include <string.h>

/* Elements first .. end - 1 of parts: the first part becomes the sum of all. */
typedef struct part_sum {
  lat_reduce_function function;
  const char *name; /* of the option that it is */
  float *const *values;
  double *sums; /* NULL: no numbers beside them */
  int32_t parts;
  int64_t leaves;
  size_t first, end;
  const size_t *owned; /* what each rank needs of it; NULL: all */
} part_sum;

static lat_status call_reduce(const lat_trainer *trainer, const part_sum *what) {
  char message[LAT_MESSAGE_SIZE] = "";
  const lat_reduction reduction = {.struct_size = sizeof reduction,
                                   .shards = what->leaves,
                                   .rank = trainer->shards.rank,
                                   .ranks = trainer->shards.ranks,
                                   .parts = what->parts,
                                   .any_order = trainer->options.fast_reduce,
                                   .values =
                                       trainer->staged != NULL ? trainer->staged : what->values,
                                   .count = what->end - what->first,
                                   .sums = what->sums,
                                   .sum_count = what->sums != NULL ? LATI_SUMS : 0,
                                   .message = message,
                                   .offset = what->first,
                                   .owned = what->owned};
  for (int32_t i = 0; trainer->staged != NULL && i < what->parts; ++i) {
    lati_device_read(&trainer->ctx->device, trainer->staged[i] + what->first,
                     what->values[i] + what->first, reduction.count * sizeof **what->values);
  }
  lati_floating *host = lati_floating_lend();
  const lat_status status = what->function(&reduction, trainer->options.connection);
  lati_floating_take_back(host);
  return lati_ranks_outcome(status, what->name, message);
}

/* All that is left, after which the whole vector is there. */
static lat_status reduce(const lat_trainer *trainer, const part_sum *what) {
  const lat_status status = call_reduce(trainer, what);
  if (trainer->staged != NULL) {
    lati_device_write(&trainer->ctx->device, what->values[0], trainer->staged[0],
                      trainer->optimizer->count * sizeof **what->values);
  }
  return status;
}

static part_sum sum_of_parts(const lat_trainer *trainer) {
  const lati_shards *shards = &trainer->shards;
  return (part_sum){.function = trainer->options.reduce,
                    .name = "reduce",
                    .values = shards->part,
                    .sums = shards->part_sums,
                    .parts = shards->parts,
                    .leaves = shards->leaves,
                    .end = trainer->summed_from,
                    .owned = lati_optimizer_owned(trainer->optimizer)};
}

void lati_ranks_begin_reduce(lat_trainer *trainer, size_t first) {
  part_sum what = sum_of_parts(trainer);
  what.function = trainer->options.begin_reduce;
  what.name = "begin_reduce";
  what.sums = NULL;
  what.first = first;
  if (trainer->begun == LAT_OK) {
    trainer->begun = call_reduce(trainer, &what);
    if (trainer->begun != LAT_OK) {
      strncpy(trainer->begun_message, lat_last_error(), sizeof trainer->begun_message - 1);
    }
  }
  trainer->summed_from = first;
}

lat_status lati_ranks_reduce(lat_trainer *trainer) {
  const part_sum what = sum_of_parts(trainer);
  if (lati_ranks_alone(trainer)) {
    return LAT_OK;
  }
  return trainer->begun == LAT_OK ? reduce(trainer, &what)
                                  : lati_fail(trainer->begun, "%s", trainer->begun_message);
}

lat_status lati_ranks_follow_vector(const lat_trainer *trainer, float *vector) {
  const part_sum what = {.function = trainer->options.reduce,
                         .name = "reduce",
                         .values = &vector,
                         .parts = 1,
                         .leaves = trainer->shards.ranks,
                         .end = trainer->optimizer->count};
  if (trainer->shards.rank > 0) {
    lati_device_fill(&trainer->ctx->device, vector, -0.0F, trainer->optimizer->count);
  }
  return reduce(trainer, &what);
}
