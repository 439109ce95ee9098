/* Muon: momentum, orthogonalised, for the matrices inside layers. */
#ifndef LATI_MUON_H
#define LATI_MUON_H

#include "base/context_impl.h"
#include "transformer/parameters.h"

typedef struct lati_muon lati_muon;

/* One update's numbers. */
typedef struct lati_muon_step {
  double rate, momentum, decay;
  double scale; /* of the gradient */
} lati_muon_step;

/* Plans the update of the table's hidden matrices. */
lat_status lati_muon_create(lati_muon **out, const lat_context *ctx,
                            const lati_parameter_table *table);
void lati_muon_free(lati_muon *muon);

/* For each hidden matrix P (rows, cols) with gradient G, on its own:
 *   M = momentum M + scale G;  U = scale G + momentum M  (Nesterov)
 *   P -= rate (sqrt(max(1, rows / cols)) O + decay P),  O = the orthogonal factor of U
 * O by lati_orthogonalise(), whose singular values are near 0.9. The vectors are
 * flat ones of the table's layout; the matrices' parts of `scratch` are overwritten and those of
 * `gradients` set to zero. */
void lati_muon_update(lati_muon *muon, lati_pool *pool, float *parameters, float *gradients,
                      float *momentum, float *scratch, const lati_muon_step *step);

#endif
