#include "train/trainer_impl.h"
#include "transformer/transformer.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

/* Raised when the meaning of a checkpoint changes. */
#define CHECKPOINT_FORMAT 1

/* The part of the trainer's options that decides what is learned. */
static const lati_field run_fields[] = {
    LATI_NUMBER(lat_trainer_options, seed, LATI_FIELD_UINT64, 0, 0, 0),
    LATI_NUMBER(lat_trainer_options, batch_size, LATI_FIELD_INT32, 0, 0, 0),
    LATI_NUMBER(lat_trainer_options, accumulation, LATI_FIELD_INT32, 0, 0, 0),
    LATI_NUMBER(lat_trainer_options, repeat_count, LATI_FIELD_INT64, 0, 0, 0),
    LATI_NUMBER(lat_trainer_options, repeat_share, LATI_FIELD_DOUBLE, 0, 0, 0),
    LATI_NUMBER(lat_trainer_options, sign_bias, LATI_FIELD_DOUBLE, 0, 0, 0),
    LATI_TEXT(lat_trainer_options, size_weights, NULL),
    LATI_TEXT(lat_trainer_options, task_weights, NULL),
    LATI_TEXT(lat_trainer_options, distribution_weights, NULL),
    LATI_ADDED_NUMBER(lat_trainer_options, target_spread, LATI_FIELD_DOUBLE, 0, 0, 0),
    LATI_ADDED_NUMBER(lat_trainer_options, target_spread_examples, LATI_FIELD_INT64, 0, 0, 0),
    LATI_ADDED_NUMBER(lat_trainer_options, shards, LATI_FIELD_INT32, 0, 0, 0),
    LATI_ADDED_NUMBER(lat_trainer_options, fast_reduce, LATI_FIELD_INT32, 0, 0, 0),
    LATI_FIELDS_END};

/* Examples of the host's own are known by their fingerprint. */
static lat_status add_source(json_t *run, const lat_batch *source) {
  char text[24];
  if (source == NULL) {
    return LAT_OK;
  }
  lati_format(text, sizeof text, "%016llx", (unsigned long long)lati_batch_fingerprint(source));
  return json_object_set_new(run, "source", json_string(text)) == 0
             ? LAT_OK
             : lati_fail(LAT_ERROR_MEMORY, "no memory for the run's options as JSON");
}

lat_status lati_run_identity(json_t **out, const lat_trainer *trainer) {
  lat_status status = LAT_OK;
  json_t *optimizer = NULL, *run = NULL;
  const int bf16 = lat_context_precision(trainer->ctx) == LAT_PRECISION_BF16;
  *out = NULL;
  LATI_TRY(lati_json_from_options(&optimizer, &trainer->optimizer->options, lati_optimizer_fields));
  LATI_TRY(lati_json_from_options(&run, &trainer->options, run_fields));
  LATI_TRY(add_source(run, trainer->options.source));
  *out = json_pack("{s:i, s:s, s:O, s:O}", "format", CHECKPOINT_FORMAT, "precision",
                   bf16 ? "bf16" : "f32", "trainer", run, "optimizer", optimizer);
  if (*out == NULL) {
    LATI_TRY(lati_fail(LAT_ERROR_MEMORY, "no memory for the run's options as JSON"));
  }
done:
  json_decref(run);
  json_decref(optimizer);
  return status;
}

/* A value's text; whether memory for it can be had does not matter much here. */
static const char *value_text(char **text, const json_t *value) {
  *text = NULL;
  return value != NULL && lati_json_text(text, NULL, value, JSON_ENCODE_ANY | JSON_COMPACT,
                                         "the run's options") == LAT_OK
             ? *text
             : "(none)";
}

static lat_status fail_difference(const char *name, const json_t *ours, const json_t *theirs,
                                  const char *whose) {
  char *left = NULL, *right = NULL;
  const char *left_text = value_text(&left, ours), *right_text = value_text(&right, theirs);
  lat_status status =
      lati_fail(LAT_ERROR_ARGUMENT, "%s %s differs from %s %s", name, left_text, whose, right_text);
  lati_free(right);
  lati_free(left);
  return status;
}

static lat_status compare_members(const json_t *ours, const json_t *theirs, const char *prefix,
                                  const char *whose);

/* Objects member by member and lists of as many of them one by one, so that what differs is named.
 */
static lat_status compare_values(const json_t *ours, const json_t *theirs, const char *name,
                                 const char *whose) {
  lat_status status = LAT_OK;
  char inner[128];
  if (json_is_object(ours) && json_is_object(theirs)) {
    lati_format(inner, sizeof inner, "%s.", name);
    return compare_members(ours, theirs, inner, whose);
  }
  if (json_is_array(ours) && json_is_array(theirs) &&
      json_array_size(ours) == json_array_size(theirs)) {
    for (size_t i = 0; i < json_array_size(ours) && status == LAT_OK; ++i) {
      lati_format(inner, sizeof inner, "%s[%zu]", name, i);
      status = compare_values(json_array_get(ours, i), json_array_get(theirs, i), inner, whose);
    }
    return status;
  }
  return json_equal(ours, theirs) ? LAT_OK : fail_difference(name, ours, theirs, whose);
}

static lat_status compare_members(const json_t *ours, const json_t *theirs, const char *prefix,
                                  const char *whose) {
  lat_status status = LAT_OK;
  char name[128];
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)(uintptr_t)ours, key, value) {
    lati_format(name, sizeof name, "%s%s", prefix, key);
    status = compare_values(value, json_object_get(theirs, key), name, whose);
    if (status != LAT_OK) {
      return status;
    }
  }
  json_object_foreach((json_t *)(uintptr_t)theirs, key, value) {
    if (json_object_get(ours, key) == NULL) {
      lati_format(name, sizeof name, "%s%s", prefix, key);
      return fail_difference(name, NULL, value, whose);
    }
  }
  return LAT_OK;
}

lat_status lati_json_compare(const json_t *ours, const json_t *theirs, const char *whose) {
  return compare_members(ours, theirs, "", whose);
}

/* Gives the object's part `name` the members of `options` that it lacks. */
static lat_status add_missing(json_t *identity, const char *name, const void *options,
                              const lati_field *fields) {
  lat_status status = LAT_OK;
  json_t *defaults = NULL, *part = json_object_get(identity, name);
  LATI_TRY(lati_json_from_options(&defaults, options, fields));
  if (json_is_object(part) && json_object_update_missing(part, defaults) != 0) {
    status = lati_fail(LAT_ERROR_MEMORY, "no memory for the run's options as JSON");
  }
done:
  json_decref(defaults);
  return status;
}

/* An option that is newer than the checkpoint has its default there, which changes nothing. */
lat_status lati_run_compare(const json_t *ours, const json_t *theirs) {
  lat_status status = LAT_OK;
  lat_trainer_options trainer;
  lat_optimizer_options optimizer;
  json_t *complete = json_deep_copy(theirs);
  lat_trainer_options_init(&trainer);
  lat_optimizer_options_init(&optimizer);
  if (complete == NULL && theirs != NULL) {
    LATI_TRY(lati_fail(LAT_ERROR_MEMORY, "no memory for the run's options as JSON"));
  }
  LATI_TRY(add_missing(complete, "trainer", &trainer, run_fields));
  LATI_TRY(add_missing(complete, "optimizer", &optimizer, lati_optimizer_fields));
  LATI_TRY(lati_json_compare(ours, complete, "the run's"));
done:
  json_decref(complete);
  return status;
}
