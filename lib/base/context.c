#include "base/context_impl.h"
#include "base/floating.h"
#include "base/options.h"
#include "base/processors.h"

enum { MAX_THREADS = 256 };

static const lati_field context_fields[] = {
    LATI_NUMBER(lat_context_options, threads, LATI_FIELD_INT32, 0, 0, MAX_THREADS),
    LATI_NUMBER(lat_context_options, precision, LATI_FIELD_INT32, LAT_PRECISION_AUTO,
                LAT_PRECISION_AUTO, LAT_PRECISION_BF16),
    LATI_POINTER(lat_context_options, allocate),
    LATI_POINTER(lat_context_options, release),
    LATI_POINTER(lat_context_options, allocate_user),
    LATI_POINTER(lat_context_options, log),
    LATI_POINTER(lat_context_options, log_user),
    LATI_NUMBER(lat_context_options, log_level, LATI_FIELD_INT32, 0, 0, LAT_LOG_DEBUG),
    LATI_NUMBER(lat_context_options, reserved, LATI_FIELD_INT32, 0, 0, 0),
    LATI_POINTER(lat_context_options, parallel),
    LATI_POINTER(lat_context_options, parallel_user),
    LATI_FIELDS_END,
};

void lati_refs_init(lati_refs *refs) {
  atomic_init(&refs->count, 1);
}

void lati_refs_add(lati_refs *refs) {
  atomic_fetch_add_explicit(&refs->count, 1, memory_order_relaxed);
}

int lati_refs_drop(lati_refs *refs) {
  return atomic_fetch_sub_explicit(&refs->count, 1, memory_order_acq_rel) == 1;
}

void lat_context_options_init_sized(lat_context_options *options, size_t size) {
  lati_options_init(options, size, context_fields, sizeof *options);
}

static lat_status resolve_options(lat_context_options *to, const lat_context_options *from) {
  lat_status status = lati_options_read(to, sizeof *to, context_fields, from, "context");
  if (status != LAT_OK) {
    return status;
  }
  if ((to->allocate == NULL) != (to->release == NULL)) {
    return lati_fail(LAT_ERROR_ARGUMENT, "context: allocate and release go together, %s is NULL",
                     to->allocate == NULL ? "allocate" : "release");
  }
  if (to->threads == 0) {
    const int32_t processors = lati_available_processors();
    to->threads = processors > MAX_THREADS ? MAX_THREADS : processors;
  }
  if (to->log_level == 0) {
    to->log_level = LAT_LOG_INFO;
  }
  return LAT_OK;
}

lat_status lat_context_create(lat_context **out, const lat_context_options *options) {
  if (out == NULL) {
    return lati_fail(LAT_ERROR_ARGUMENT, "out is NULL");
  }
  *out = NULL;
  lat_status status = LAT_OK;
  lat_context *ctx = NULL;
  lat_context lender = {0}; /* carries the allocator before there is a context */
  lati_floating floating;
  lati_floating_enter(&floating);
  LATI_TRY(resolve_options(&lender.options, options));
  LATI_TRY(LATI_NEW(ctx, &lender, 1));
  lati_refs_init(&ctx->refs);
  ctx->options = lender.options;
  LATI_TRY(lati_pool_create(&ctx->device.pool, ctx, ctx->options.threads));
  LATI_TRY(lati_backend_select(&ctx->device.operations, &ctx->options.precision, ctx));
  *out = ctx;
  ctx = NULL;
done:
  lat_context_free(ctx);
  lati_floating_leave(&floating);
  return status;
}

lat_context *lati_context_ref(lat_context *ctx) {
  lati_refs_add(&ctx->refs);
  return ctx;
}

void lat_context_free(lat_context *ctx) {
  if (ctx != NULL && lati_refs_drop(&ctx->refs)) {
    lati_pool_free(ctx->device.pool);
    lati_free(ctx);
  }
}

int32_t lat_context_threads(const lat_context *ctx) {
  return ctx == NULL ? 0 : ctx->options.threads;
}

int32_t lat_context_precision(const lat_context *ctx) {
  return ctx == NULL ? 0 : ctx->options.precision;
}

const char *lat_context_kernels(const lat_context *ctx) {
  return ctx == NULL ? NULL : lati_backend_name(ctx->device.operations);
}
