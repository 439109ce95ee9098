#include "base/context_impl.h"
#include "compute/gemm.h"
#include "compute/panel.h"
#include "compute/processor.h"

/* Tiles where the processor has them, or else dot products; NULL: neither. */
static const lati_backend *bf16_backend(const lati_panel_kernel **kernel) {
#if LATI_HAS_AMX
  if (lati_processor_here()->bf16_tiles && lati_processor_permit_tiles()) {
    *kernel = &lati_panel_bf16_amx;
    return &lati_backend_bf16_amx;
  }
#endif
#if LATI_HAS_AVX512_BF16
  if (lati_processor_here()->bf16_dot) {
    *kernel = &lati_panel_bf16_avx512;
    return &lati_backend_bf16_avx512;
  }
#elif LATI_HAS_ARM_BF16
  if (lati_processor_here()->bf16_dot) {
    *kernel = &lati_panel_bf16_neon;
    return &lati_backend_bf16_neon;
  }
#endif
  *kernel = NULL;
  return NULL;
}

const lati_panel_kernel *lati_panel_bf16(void) {
  const lati_panel_kernel *kernel;
  bf16_backend(&kernel);
  return kernel;
}

/* bf16 products pay where the processor has tiles, and where its dot products run at twice the rate
 * of f32: AMD's since Zen 4 (measured: 228 against 114 GFLOP/s a core), not Intel's (half the f32
 * rate), Arm's by an estimate alone (docs/portability.md). */
static int bf16_pays(void) {
#if LATI_HAS_AVX512_BF16
  return lati_panel_bf16() != &lati_panel_bf16_avx512 || lati_processor_here()->is_amd;
#else
  return 1;
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

/* Asked for by name, bf16 is had wherever it runs. */
static const lati_backend *choose(int32_t *precision) {
  const lati_panel_kernel *kernel;
  const lati_backend *backend = NULL;
  if (*precision == LAT_PRECISION_BF16 || (*precision == LAT_PRECISION_AUTO && bf16_pays())) {
    backend = bf16_backend(&kernel);
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
