/* The context behind the handle. */
#ifndef LATI_CONTEXT_IMPL_H
#define LATI_CONTEXT_IMPL_H

#include "base/alloc.h"
#include "base/log.h"
#include "base/threads.h"

#include <stdatomic.h>

struct lati_backend; /* compute/backend.h */

/* Chooses the table of operations for a precision, and makes its products ready to run; defined in
 * compute/select.c, so that a context can hold the table without base knowing what is in it.
 * Resolves *precision from AUTO. Called with ctx->options resolved and the pool created. */
lat_status lati_backend_select(const struct lati_backend **out, int32_t *precision,
                               const lat_context *ctx);

/* Name of a table of operations: "f32-blis"; likewise in compute/select.c. */
const char *lati_backend_name(const struct lati_backend *backend);

/* What carries out the f32 products, for lat_build_info(): "BLIS 0.9.0 (zen3)"; compute/blas_blis.c
 * or compute/blas_cblas.c. */
const char *lati_gemm_description(void);

/* A count of references; objects that are shared start at one. */
typedef struct lati_refs {
  atomic_int count;
} lati_refs;

void lati_refs_init(lati_refs *refs);
void lati_refs_add(lati_refs *refs);
/* True when the last reference was given up. */
int lati_refs_drop(lati_refs *refs);

/* What operations on numbers run on; the first argument of every one of them. */
typedef struct lati_device {
  const struct lati_backend *operations; /* chosen by compute/select.c */
  lati_pool *pool;                       /* the threads that carry them out on the processor */
  void *content; /* what a device of another kind keeps, its queue for one; else NULL */
} lati_device;

struct lat_context {
  lati_refs refs;
  lat_context_options options; /* resolved: threads >= 1, precision F32 or BF16 */
  lati_device device;
};

lat_context *lati_context_ref(lat_context *ctx);

#endif
