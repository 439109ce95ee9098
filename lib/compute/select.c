#include "base/context_impl.h"
#include "compute/backend.h"
#include "compute/gemm.h"

lat_status lati_backend_select(const struct lati_backend **out, int32_t *precision,
                               const lat_context *ctx) {
  *out = NULL;
  if (*precision == LAT_PRECISION_BF16) {
    return lati_fail(LAT_ERROR_UNSUPPORTED, "precision bf16: this build has no bf16 products");
  }
  lat_status status = LAT_OK;
  LATI_TRY(lati_gemm_warm_up(ctx));
  *precision = LAT_PRECISION_F32;
  *out = &lati_backend_f32;
done:
  return status;
}

const char *lati_backend_name(const struct lati_backend *backend) {
  return backend->name;
}
