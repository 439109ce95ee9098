/* Ranks come to the same decision: each tells all others how it fared and what it counted, through
 * the host's lat_agree_function, and decides by everybody's rows. */
#include "train/ranks_impl.h"

#include "base/floating.h"

#include <string.h>

lat_status lati_ranks_check(const lat_trainer_options *options) {
  const int32_t ranks = options->ranks > 1 ? options->ranks : 1;
  if (options->rank >= ranks) {
    return lati_fail(LAT_ERROR_ARGUMENT, "rank %d is not below ranks, which is %d",
                     (int)options->rank, (int)ranks);
  }
  if (ranks > 1 && (options->reduce == NULL || options->agree == NULL)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "ranks %d need reduce and agree: %s is NULL", (int)ranks,
                     options->reduce == NULL ? "reduce" : "agree");
  }
  return LAT_OK;
}

lat_status lati_ranks_create(lat_trainer *trainer) {
  trainer->shards.rank = trainer->options.rank;
  trainer->shards.ranks = trainer->options.ranks > 1 ? trainer->options.ranks : 1;
  return lati_ranks_alone(trainer)
             ? LAT_OK
             : LATI_NEW(trainer->reports, trainer->ctx, trainer->shards.ranks);
}

static int is_in_host_memory(const lat_trainer *trainer) {
  return lati_memory_of(&trainer->ctx->device) == &lati_host_memory;
}

lat_status lati_ranks_stage(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  const int32_t parts = trainer->shards.parts;
  const size_t count = trainer->optimizer->count;
  if (lati_ranks_alone(trainer) || is_in_host_memory(trainer)) {
    return LAT_OK;
  }
  LATI_TRY(LATI_NEW(trainer->staged, trainer->ctx, parts));
  LATI_TRY(LATI_NEW(trainer->staged[0], trainer->ctx, (size_t)parts * count));
  for (int32_t i = 1; i < parts; ++i) {
    trainer->staged[i] = trainer->staged[0] + (size_t)i * count;
  }
done:
  return status;
}

void lati_ranks_clear(lat_trainer *trainer) {
  if (trainer->staged != NULL) {
    lati_free(trainer->staged[0]);
  }
  lati_free(trainer->staged);
  lati_free(trainer->reports);
}

lat_status lati_ranks_outcome(lat_status status, const char *what, const char *message) {
  if (status == LAT_OK) {
    return LAT_OK;
  }
  const int known = status < 0 && status >= LAT_ERROR_INTERNAL;
  return lati_fail(known ? status : LAT_ERROR_CALLBACK, "%s failed%s%s", what,
                   message[0] != '\0' ? ": " : "", message);
}

static lat_status gather(const lat_trainer *trainer, void *rows, size_t size,
                         const size_t *offsets) {
  char message[LAT_MESSAGE_SIZE] = "";
  const lat_agreement agreement = {.struct_size = sizeof agreement,
                                   .rank = trainer->shards.rank,
                                   .ranks = trainer->shards.ranks,
                                   .rows = rows,
                                   .size = size,
                                   .message = message,
                                   .offsets = offsets};
  lati_floating *host = lati_floating_lend();
  const lat_status status = trainer->options.agree(&agreement, trainer->options.connection);
  lati_floating_take_back(host);
  return lati_ranks_outcome(status, "agree", message);
}

lat_status lati_ranks_agree(const lat_trainer *trainer, void *rows, size_t size) {
  return gather(trainer, rows, size, NULL);
}

/* lati_update_share.gather: of numbers, which are brought to the host and back where they lie
 * elsewhere. */
static lat_status gather_stretches(void *user, void *rows, const size_t *offsets) {
  const lat_trainer *trainer = user;
  const lati_device *device = &trainer->ctx->device;
  const size_t own = offsets[trainer->shards.rank], all = offsets[trainer->shards.ranks];
  if (trainer->staged == NULL) {
    return gather(trainer, rows, 0, offsets);
  }
  char *copy = (char *)trainer->staged[0];
  lati_device_read(device, copy + own, (const char *)rows + own,
                   offsets[trainer->shards.rank + 1] - own);
  const lat_status status = gather(trainer, copy, 0, offsets);
  if (status == LAT_OK) {
    lati_device_write(device, (char *)rows + offsets[0], copy + offsets[0], all - offsets[0]);
  }
  return status;
}

lati_update_share lati_ranks_share(lat_trainer *trainer) {
  return (lati_update_share){.rank = trainer->shards.rank,
                             .ranks = trainer->shards.ranks,
                             .split =
                                 trainer->options.split_optimizer && !lati_ranks_alone(trainer),
                             .gather = gather_stretches,
                             .user = trainer};
}

lat_status lati_ranks_report(lat_trainer *trainer, lat_status status, uint64_t first,
                             uint64_t second) {
  struct lati_rank_report *reports = trainer->reports;
  struct lati_rank_report *own = &reports[trainer->shards.rank];
  *own = (struct lati_rank_report){.numbers = {first, second}, .status = status};
  if (status != LAT_OK) {
    strncpy(own->message, lat_last_error(), sizeof own->message - 1);
  }
  status = lati_ranks_agree(trainer, reports, sizeof *reports);
  for (int32_t rank = 0; status == LAT_OK && rank < trainer->shards.ranks; ++rank) {
    if (reports[rank].status != LAT_OK) {
      status = lati_fail(reports[rank].status, "rank %d: %s", (int)rank, reports[rank].message);
    }
  }
  return status;
}

lat_status lati_ranks_settle(lat_trainer *trainer, lat_status status) {
  return lati_ranks_alone(trainer) ? status : lati_ranks_report(trainer, status, 0, 0);
}

lat_status lati_ranks_hold(lat_trainer *trainer, lat_status status) {
  if (lati_ranks_alone(trainer) || status == LAT_OK) {
    return status;
  }
  trainer->held = status;
  strncpy(trainer->held_message, lat_last_error(), sizeof trainer->held_message - 1);
  return LAT_OK;
}

lat_status lati_ranks_held(const lat_trainer *trainer) {
  return trainer->held == LAT_OK ? LAT_OK : lati_fail(trainer->held, "%s", trainer->held_message);
}

/* Of this rank alone. */
static int may_overlap(const lat_trainer *trainer) {
  return trainer->options.begin_reduce != NULL && !trainer->options.fast_reduce &&
         trainer->shards.workers == 1;
}

lat_status lati_ranks_learn(lat_trainer *trainer) {
  const lat_status status = lati_ranks_report(trainer, LAT_OK, trainer->directory != NULL,
                                              (uint64_t)may_overlap(trainer));
  trainer->saves = status == LAT_OK && trainer->reports[0].numbers[0] != 0;
  trainer->overlaps = status == LAT_OK;
  for (int32_t rank = 0; rank < trainer->shards.ranks; ++rank) {
    trainer->overlaps = trainer->overlaps && trainer->reports[rank].numbers[1] != 0;
  }
  return status;
}

/* Rows of all ranks, room for `most` of each; those of the others are entered. */
static lat_status gather_rows(lat_evaluation *evaluation, lat_trainer *trainer, size_t most) {
  lat_status status = LAT_OK;
  lati_evaluation_row *rows = NULL;
  const int32_t rank = trainer->shards.rank, ranks = trainer->shards.ranks;
  status = LATI_NEW(rows, trainer->ctx, (size_t)ranks * most);
  LATI_TRY(lati_ranks_settle(trainer, status));
  if (evaluation->count > 0) {
    memcpy(rows + (size_t)rank * most, evaluation->rows, evaluation->count * sizeof *rows);
  }
  LATI_TRY(lati_ranks_agree(trainer, rows, most * sizeof *rows));
  for (int32_t other = 0; other < ranks && status == LAT_OK; ++other) {
    if (other != rank) {
      status = lati_evaluation_merge(evaluation, rows + (size_t)other * most, most);
    }
  }
  status = lati_ranks_settle(trainer, status);
done:
  lati_free(rows);
  return status;
}

lat_status lati_ranks_gather(lat_evaluation *evaluation, lat_status status, void *user) {
  lat_trainer *trainer = user;
  uint64_t most = 0;
  status = lati_ranks_report(trainer, status, evaluation != NULL ? evaluation->count : 0, 0);
  for (int32_t rank = 0; status == LAT_OK && rank < trainer->shards.ranks; ++rank) {
    const uint64_t rows = trainer->reports[rank].numbers[0];
    most = rows > most ? rows : most;
  }
  return status == LAT_OK ? gather_rows(evaluation, trainer, (size_t)most) : status;
}
