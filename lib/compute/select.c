#include "base/context_impl.h"
#include "compute/gemm.h"
#include "compute/panel.h"
#include "compute/processor.h"

/* bf16 products pay where the processor has tiles, and where its dot products run at twice the rate
 * of f32: AMD's since Zen 4 (measured: 228 against 114 GFLOP/s a core), not Intel's (half the f32
 * rate), Arm's by an estimate alone (docs/portability.md). Asked for by name, they are had wherever
 * they run. */
static const lati_backend *bf16_backend(int asked_for) {
#if LATI_HAS_AMX
  if (lati_processor_here()->bf16_tiles && lati_processor_permit_tiles()) {
    return &lati_backend_bf16_amx;
  }
#endif
#if LATI_HAS_AVX512_BF16
  const lati_processor *processor = lati_processor_here();
  if (processor->bf16_dot && (asked_for || processor->is_amd)) {
    return &lati_backend_bf16_avx512;
  }
#endif
#if LATI_HAS_ARM_BF16
  if (lati_processor_here()->bf16_dot) {
    return &lati_backend_bf16_neon;
  }
#endif
  (void)asked_for;
  return NULL;
}

const lati_panel_kernel *lati_panel_bf16_dot(void) {
#if LATI_HAS_AVX512_BF16
  return lati_processor_here()->bf16_dot ? &lati_panel_bf16_avx512 : NULL;
#elif LATI_HAS_ARM_BF16
  return lati_processor_here()->bf16_dot ? &lati_panel_bf16_neon : NULL;
#else
  return NULL;
#endif
}

/* Panels of our own where vectors are wide. With AVX2 BLIS is as fast (measured: 117 GFLOP/s a core
 * against 115), and has kernels for other processors. On 64-bit Arm neither has been measured, and
 * panels are what bf16 needs in any case. */
static const lati_backend *f32_backend(void) {
#if defined(__x86_64__)
  if (lati_processor_here()->avx512) {
    return &lati_backend_f32_avx512;
  }
  return &lati_backend_f32;
#elif defined(__aarch64__)
  return &lati_backend_f32_neon;
#else
  return &lati_backend_f32;
#endif
}

static const lati_backend *choose(int32_t *precision) {
  const lati_backend *backend = NULL;
  if (*precision != LAT_PRECISION_F32) {
    backend = bf16_backend(*precision == LAT_PRECISION_BF16);
  }
  if (*precision == LAT_PRECISION_AUTO) {
    *precision = backend != NULL ? LAT_PRECISION_BF16 : LAT_PRECISION_F32;
  }
  return *precision == LAT_PRECISION_F32 ? f32_backend() : backend;
}

lat_status lati_backend_select(const struct lati_backend **out, int32_t *precision,
                               const lat_context *ctx) {
  lat_status status = LAT_OK;
  *out = NULL;
  const lati_backend *backend = choose(precision);
  if (backend == NULL) {
    return lati_fail(LAT_ERROR_UNSUPPORTED,
                     "precision bf16 needs a processor with AVX512_BF16, AMX or Arm's BF16");
  }
  LATI_TRY(lati_gemm_warm_up(ctx));
  *out = backend;
done:
  return status;
}

const char *lati_backend_name(const struct lati_backend *backend) {
  return backend->name;
}
