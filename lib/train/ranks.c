/* Ranks come to the same decision: each tells all others how it fared, what it was made of, what it
 * counted, through the host's lat_agree_function, and decides by everybody's rows. */
#include "train/ranks.h"

#include "base/floating.h"
#include "base/text.h"
#include "transformer/transformer.h"

#include <math.h>
#include <string.h>

/* How a rank fared, and two numbers of its own. */
struct lati_rank_report {
  uint64_t numbers[2];
  lat_status status;
  char message[LAT_MESSAGE_SIZE];
};

static int alone(const lat_trainer *trainer) {
  return trainer->shards.ranks <= 1;
}

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
  return alone(trainer) ? LAT_OK : LATI_NEW(trainer->reports, trainer->ctx, trainer->shards.ranks);
}

static int is_in_host_memory(const lat_trainer *trainer) {
  return lati_memory_of(&trainer->ctx->device) == &lati_host_memory;
}

lat_status lati_ranks_stage(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  const int32_t parts = trainer->shards.parts;
  const size_t count = trainer->optimizer->count;
  if (alone(trainer) || is_in_host_memory(trainer)) {
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

/* The status of a host's function; what is none of the library's counts as CALLBACK. */
static lat_status outcome(lat_status status, const char *what, const char *message) {
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
  return outcome(status, "agree", message);
}

/* Rows of one size. */
static lat_status agree(const lat_trainer *trainer, void *rows, size_t size) {
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
                             .split = trainer->options.split_optimizer && !alone(trainer),
                             .gather = gather_stretches,
                             .user = trainer};
}

/* Every rank's report, and OK where all fared well. */
static lat_status report(lat_trainer *trainer, lat_status status, uint64_t first, uint64_t second) {
  struct lati_rank_report *reports = trainer->reports;
  struct lati_rank_report *own = &reports[trainer->shards.rank];
  *own = (struct lati_rank_report){.numbers = {first, second}, .status = status};
  if (status != LAT_OK) {
    strncpy(own->message, lat_last_error(), sizeof own->message - 1);
  }
  status = agree(trainer, reports, sizeof *reports);
  for (int32_t rank = 0; status == LAT_OK && rank < trainer->shards.ranks; ++rank) {
    if (reports[rank].status != LAT_OK) {
      status = lati_fail(reports[rank].status, "rank %d: %s", (int)rank, reports[rank].message);
    }
  }
  return status;
}

lat_status lati_ranks_settle(lat_trainer *trainer, lat_status status) {
  return alone(trainer) ? status : report(trainer, status, 0, 0);
}

lat_status lati_ranks_hold(lat_trainer *trainer, lat_status status) {
  if (alone(trainer) || status == LAT_OK) {
    return status;
  }
  trainer->held = status;
  strncpy(trainer->held_message, lat_last_error(), sizeof trainer->held_message - 1);
  return LAT_OK;
}

lat_status lati_ranks_held(const lat_trainer *trainer) {
  return trainer->held == LAT_OK ? LAT_OK : lati_fail(trainer->held, "%s", trainer->held_message);
}

static lat_status no_memory(void) {
  return lati_fail(LAT_ERROR_MEMORY, "no memory for what a rank tells the others of itself");
}

/* FNV-1a, which begins with HASH_START; of a text in parts, with the hash of those before. */
#define HASH_START UINT64_C(0xcbf29ce484222325)

static uint64_t hash_bytes(uint64_t hash, const void *data, size_t size) {
  const unsigned char *bytes = data;
  for (size_t i = 0; i < size; ++i) {
    hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
  }
  return hash;
}

static uint64_t hash_parameters(const lat_model *model) {
  enum { BLOCK = 2048 };
  float block[BLOCK];
  const size_t count = model->table.total;
  uint64_t hash = HASH_START;
  for (size_t i = 0; i < count; i += BLOCK) {
    const size_t bytes = (count - i < BLOCK ? count - i : BLOCK) * sizeof *block;
    lati_device_read(&model->ctx->device, block, model->parameters + i, bytes);
    hash = hash_bytes(hash, block, bytes);
  }
  return hash;
}

/* Model, task and tokenizer; without what a run has made of it. */
static lat_status model_json(json_t **out, const lat_trainer *trainer, int resumed) {
  const char *config = lat_model_config(trainer->model);
  char hash[24];
  lat_status status = lati_json_read(out, trainer->ctx, config, strlen(config));
  if (status == LAT_OK && resumed) {
    json_object_del(*out, "training");
    return LAT_OK;
  }
  if (status == LAT_OK) {
    lati_format(hash, sizeof hash, "%016llx", (unsigned long long)hash_parameters(trainer->model));
    status = json_object_set_new(*out, "parameters", json_string(hash)) == 0 ? LAT_OK : no_memory();
  }
  return status;
}

/* What must be the same on every rank. */
static lat_status describe(json_t **out, const lat_trainer *trainer, int resumed) {
  lat_status status = LAT_OK;
  json_t *model = NULL, *options = NULL;
  *out = NULL;
  LATI_TRY(model_json(&model, trainer, resumed));
  LATI_TRY(lati_trainer_options_json(&options, &trainer->options));
  json_object_del(options, "rank");
  json_object_del(options, "directory");
  *out = json_pack("{s:s, s:s, s:O, s:O, s:O}", "version", lat_version_string(), "kernels",
                   lat_context_kernels(trainer->ctx), "run", trainer->identity, "trainer", options,
                   "model", model);
  status = *out != NULL ? LAT_OK : no_memory();
done:
  json_decref(options);
  json_decref(model);
  return status;
}

/* Texts of all ranks; the first that differs from rank 0's is named. */
static lat_status name_difference(lat_trainer *trainer, const char *text, size_t size) {
  lat_status status = LAT_OK;
  char *texts = NULL;
  json_t *first = NULL, *other = NULL;
  const int32_t ranks = trainer->shards.ranks;
  int32_t rank = 1;
  LATI_TRY(
      lati_ranks_settle(trainer, lati_alloc((void **)&texts, trainer->ctx, (size_t)ranks, size)));
  strncpy(texts + (size_t)trainer->shards.rank * size, text, size - 1);
  LATI_TRY(agree(trainer, texts, size));
  while (rank < ranks - 1 && strcmp(texts, texts + (size_t)rank * size) == 0) {
    ++rank;
  }
  const char *theirs = texts + (size_t)rank * size;
  LATI_TRY(lati_json_read(&first, trainer->ctx, texts, strlen(texts)));
  LATI_TRY(lati_json_read(&other, trainer->ctx, theirs, strlen(theirs)));
  status = lati_json_compare(other, first, "rank 0's");
  if (status == LAT_ERROR_ARGUMENT) {
    lati_fail_prefix(status, "rank %d", (int)rank);
  }
done:
  json_decref(other);
  json_decref(first);
  lati_free(texts);
  return status;
}

lat_status lati_ranks_compare(lat_trainer *trainer, int resumed) {
  lat_status status = LAT_OK;
  json_t *own = NULL;
  char *text = NULL;
  uint64_t longest = 0;
  int same = 1;
  if (alone(trainer)) {
    return LAT_OK;
  }
  status = describe(&own, trainer, resumed);
  if (status == LAT_OK) {
    status = lati_json_text(&text, trainer->ctx, own, JSON_COMPACT | JSON_SORT_KEYS, "the options");
  }
  const size_t length = text != NULL ? strlen(text) : 0;
  LATI_TRY(report(trainer, status, length, hash_bytes(HASH_START, text, length)));
  for (int32_t rank = 0; rank < trainer->shards.ranks; ++rank) {
    const struct lati_rank_report *other = &trainer->reports[rank];
    same = same && memcmp(other->numbers, trainer->reports[0].numbers, sizeof other->numbers) == 0;
    longest = other->numbers[0] > longest ? other->numbers[0] : longest;
  }
  if (!same) {
    LATI_TRY(name_difference(trainer, text, (size_t)longest + 1));
  }
done:
  lati_free(text);
  json_decref(own);
  return status;
}

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
  return outcome(status, what->name, message);
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
  if (alone(trainer)) {
    return LAT_OK;
  }
  return trainer->begun == LAT_OK ? reduce(trainer, &what)
                                  : lati_fail(trainer->begun, "%s", trainer->begun_message);
}

/* Rank 0's vector for all: a sum to which the others bring -0, which changes no number's bits. */
static lat_status follow_vector(const lat_trainer *trainer, float *vector) {
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

lat_status lati_ranks_gather_moments(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  const int keeps = trainer->directory != NULL;
  if (trainer->optimizer->parts == NULL || !trainer->saves) {
    return LAT_OK;
  }
  LATI_TRY(lati_ranks_settle(trainer, keeps ? lati_moments_open(trainer->optimizer) : LAT_OK));
  status =
      lati_moments_gather(trainer->optimizer, lati_gradients_vector(trainer->gradients), keeps);
done:
  return status;
}

/* Of this rank alone. */
static int may_overlap(const lat_trainer *trainer) {
  return trainer->options.begin_reduce != NULL && !trainer->options.fast_reduce &&
         trainer->shards.workers == 1;
}

lat_status lati_ranks_learn(lat_trainer *trainer) {
  const lat_status status =
      report(trainer, LAT_OK, trainer->directory != NULL, (uint64_t)may_overlap(trainer));
  trainer->saves = status == LAT_OK && trainer->reports[0].numbers[0] != 0;
  trainer->overlaps = status == LAT_OK;
  for (int32_t rank = 0; rank < trainer->shards.ranks; ++rank) {
    trainer->overlaps = trainer->overlaps && trainer->reports[rank].numbers[1] != 0;
  }
  return status;
}

/* Moments as rank 0 has read them: all of them, or each rank's part. */
static lat_status follow_moments(const lat_trainer *trainer, int which) {
  lat_optimizer *optimizer = trainer->optimizer;
  float *buffer = lati_gradients_vector(trainer->gradients);
  const lati_device *device = &trainer->ctx->device;
  if (optimizer->parts == NULL) {
    return follow_vector(trainer, which == 0 ? optimizer->m : optimizer->v);
  }
  if (trainer->shards.rank == 0) {
    lati_device_copy(device, buffer, optimizer->whole[which], optimizer->count * sizeof *buffer);
  }
  const lat_status status = follow_vector(trainer, buffer);
  lati_moments_take(optimizer, buffer, which);
  lati_device_fill(device, buffer, 0, optimizer->count);
  return status;
}

/* The numbers of a run. */
typedef struct run_numbers {
  lati_run_state state;
  lati_validation best;
  int64_t updates, logged_updates;
  double gradient_norm;
} run_numbers;

static void take_numbers(lat_trainer *trainer, const run_numbers *numbers) {
  trainer->state = numbers->state;
  trainer->best = numbers->best;
  trainer->optimizer->updates = numbers->updates;
  trainer->logged_updates = numbers->logged_updates;
  trainer->optimizer->gradient_norm = numbers->gradient_norm;
}

lat_status lati_ranks_follow_first(lat_trainer *trainer) {
  lat_status status = LAT_OK;
  lat_optimizer *optimizer = trainer->optimizer;
  run_numbers *rows = NULL;
  if (alone(trainer)) {
    return LAT_OK;
  }
  status = LATI_NEW(rows, trainer->ctx, trainer->shards.ranks);
  LATI_TRY(lati_ranks_settle(trainer, status));
  rows[trainer->shards.rank] = (run_numbers){trainer->state, trainer->best, optimizer->updates,
                                             trainer->logged_updates, optimizer->gradient_norm};
  LATI_TRY(agree(trainer, rows, sizeof *rows));
  take_numbers(trainer, &rows[0]);
  LATI_TRY(follow_vector(trainer, trainer->model->parameters));
  LATI_TRY(follow_moments(trainer, 0));
  LATI_TRY(follow_moments(trainer, 1));
  lati_moments_close(optimizer);
  if (optimizer->average != NULL) {
    LATI_TRY(follow_vector(trainer, optimizer->average));
  }
  lati_model_repack(trainer->model);
  lati_trainer_seek(trainer);
done:
  lati_free(rows);
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
  LATI_TRY(agree(trainer, rows, most * sizeof *rows));
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
  status = report(trainer, status, evaluation != NULL ? evaluation->count : 0, 0);
  for (int32_t rank = 0; status == LAT_OK && rank < trainer->shards.ranks; ++rank) {
    const uint64_t rows = trainer->reports[rank].numbers[0];
    most = rows > most ? rows : most;
  }
  return status == LAT_OK ? gather_rows(evaluation, trainer, (size_t)most) : status;
}
