/* Whether all ranks were made of the same: each tells the others the length and a hash of a text
 * about itself, and the text where they differ. */
#include "base/text.h"
#include "train/ranks_impl.h"
#include "transformer/transformer.h"

#include <string.h>

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
  LATI_TRY(lati_ranks_agree(trainer, texts, size));
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
  if (lati_ranks_alone(trainer)) {
    return LAT_OK;
  }
  status = describe(&own, trainer, resumed);
  if (status == LAT_OK) {
    status = lati_json_text(&text, trainer->ctx, own, JSON_COMPACT | JSON_SORT_KEYS, "the options");
  }
  const size_t length = text != NULL ? strlen(text) : 0;
  LATI_TRY(lati_ranks_report(trainer, status, length, hash_bytes(HASH_START, text, length)));
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
