/* What a model is, apart from its parameters' values: options checked and completed, and the text
 * of `lat.config`. */
#ifndef LATI_CONFIG_H
#define LATI_CONFIG_H

#include "transformer/transformer.h"

/* Reads the caller's options (NULL: the defaults), checks them against each other and the
 * tokenizer, and settles what depends on task and tokenizer. */
lat_status lati_config_resolve(lat_model_options *options, lati_dimensions *dimensions,
                               const lat_task *task, const lat_tokenizer *tokenizer,
                               const lat_model_options *from);

/* Length of the longest framed sequence of the task's examples. */
lat_status lati_config_positions(int32_t *positions, const lat_task *task,
                                 const lat_tokenizer *tokenizer);

/* True when the side's symbols have factors and the options ask for them. */
int lati_config_factored(const lat_model_options *options, const lat_tokenizer *tokenizer,
                         int32_t side);

/* Tokens of one number of an answer, in an encoding that gives every number as many. */
int32_t lati_config_number_tokens(const lat_tokenizer *tokenizer);

/* The metadata text of a model and a training provenance (NULL: none), a block of lati_alloc(). */
lat_status lati_config_write(char **out, const lat_model *model, const json_t *training);

/* The parts of a metadata text; all are the caller's to release. */
typedef struct lati_config_parts {
  lat_task *task;
  lat_tokenizer *tokenizer;
  lat_model_options options;
  json_t *training;
} lati_config_parts;

lat_status lati_config_read(lati_config_parts *out, lat_context *ctx, const char *config,
                            lat_task *custom);
/* Placeholders for the custom tasks that a metadata text names; NULL when it names none. */
lat_status lati_config_placeholders(lat_task **out, lat_context *ctx, const char *config);
void lati_config_parts_free(lati_config_parts *parts);

#endif
