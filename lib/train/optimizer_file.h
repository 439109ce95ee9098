/* A file of model and optimizer: a model file with more in it. Beside the model's tensors, those of
 * training, are "optimizer.m." and "optimizer.v." before their names for the moments (Muon's
 * matrices have no second) and "optimizer.average." for their moving average where there is one;
 * beside "lat.config" is the JSON text "lat.checkpoint". */
#ifndef LATI_OPTIMIZER_FILE_H
#define LATI_OPTIMIZER_FILE_H

#include "base/json.h"
#include "train/optimizer_impl.h"
#include "transformer/safetensors.h"

/* checkpoint: what is to stand under "lat.checkpoint"; NULL: there was no memory for it. */
lat_status lati_optimizer_file_write(const lat_optimizer *optimizer, const lat_model *model,
                                     const char *path, const json_t *checkpoint);
/* Parameters, moments and average from an open file, whose name messages tell; on failure all are
 * as they were. */
lat_status lati_optimizer_file_read(lat_optimizer *optimizer, lat_model *model,
                                    lati_safetensors *file, const char *path);

/* A JSON object of the file's metadata; FORMAT when absent or malformed. */
lat_status lati_optimizer_file_text(json_t **out, const lat_context *ctx,
                                    const lati_safetensors *file, const char *path,
                                    const char *key);
/* ARGUMENT when the file's model, task or tokenizer is not the model's. */
lat_status lati_optimizer_file_compare(const lat_model *model, const lati_safetensors *file,
                                       const char *path);

#endif
