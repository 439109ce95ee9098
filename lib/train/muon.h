/* Muon: momentum, orthogonalised, for the matrices inside layers. */
#ifndef LATI_MUON_H
#define LATI_MUON_H

#include "base/context_impl.h"
#include "train/update_share.h"
#include "transformer/parameters.h"

typedef struct lati_muon lati_muon;

/* One update's numbers. */
typedef struct lati_muon_step {
  double rate, momentum, decay;
  double scale; /* of the gradient */
} lati_muon_step;

/* Plans the update of the table's hidden matrices among the parameters first .. end - 1. Vectors
 * are told from parameter `first` on. */
lat_status lati_muon_create(lati_muon **out, const lat_context *ctx,
                            const lati_parameter_table *table, size_t first, size_t end);
void lati_muon_free(lati_muon *muon);

/* From now on each rank finds the orthogonal factors of its part of the matrices alone, with as
 * many bits, and gets the others' from them. */
lat_status lati_muon_share(lati_muon *muon, const lat_context *ctx, const lati_update_share *share);

/* For each hidden matrix P (rows, cols) with gradient G, on its own:
 *   M = momentum M + scale G;  U = scale G + momentum M  (Nesterov)
 *   P -= rate (sqrt(max(1, rows / cols)) O + decay P),  O = the orthogonal factor of U
 * O by the operation orthogonal_update, whose singular values are near 0.9. The vectors are
 * flat ones of the table's layout; the matrices' parts of `scratch` are overwritten and those of
 * `gradients` set to zero. Fails where the ranks that share the matrices do not reach each other,
 * and then has changed nothing but `scratch`. */
lat_status lati_muon_update(lati_muon *muon, const lati_device *device, float *parameters,
                            float *gradients, float *momentum, float *scratch,
                            const lati_muon_step *step);

#endif
