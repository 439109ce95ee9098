/* Conversion between float and the two-byte types of safetensors files. bf16 is the upper half of a
 * float; f16 has 5 bits of exponent (bias 15) and 10 of mantissa. Files are little-endian, as the
 * machine is (safetensors_write.c refuses to compile elsewhere). */
#include "transformer/storage.h"

#include <math.h>
#include <string.h>

typedef struct storage_entry {
  const char *name, *dtype;
  size_t size;
} storage_entry;

static const storage_entry entries[LATI_STORAGES] = {
    {"f32", "F32", 4}, {"bf16", "BF16", 2}, {"f16", "F16", 2}};

size_t lati_storage_size(lati_storage storage) {
  return entries[storage].size;
}

const char *lati_storage_dtype(lati_storage storage) {
  return entries[storage].dtype;
}

lati_storage lati_storage_of_dtype(const char *dtype) {
  int found = 0;
  while (found < LATI_STORAGES && strcmp(entries[found].dtype, dtype) != 0) {
    ++found;
  }
  return (lati_storage)found;
}

lat_status lati_storage_of_name(lati_storage *out, const char *name) {
  *out = LATI_STORAGE_F32;
  if (name == NULL || strcmp(name, entries[LATI_STORAGE_F32].name) == 0) {
    return LAT_OK;
  }
  if (strcmp(name, entries[LATI_STORAGE_BF16].name) == 0) {
    *out = LATI_STORAGE_BF16;
    return LAT_OK;
  }
  return lati_fail(LAT_ERROR_ARGUMENT, "storage '%s' is neither f32 nor bf16", name);
}

static float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Subnormal numbers of f16 are multiples of 2^-24. */
static float widen_f16(uint16_t half) {
  const uint32_t sign = (uint32_t)(half & 0x8000U) << 16;
  const uint32_t exponent = half >> 10 & 0x1FU, mantissa = half & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = (float)mantissa * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t widened = exponent == 31 ? 255U : exponent + (127 - 15);
  return float_of_bits(sign | widened << 23 | mantissa << 13);
}

void lati_storage_widen(float *dst, const uint16_t *src, size_t count, lati_storage storage) {
  for (size_t i = 0; i < count; ++i) {
    dst[i] =
        storage == LATI_STORAGE_F16 ? widen_f16(src[i]) : float_of_bits((uint32_t)src[i] << 16);
  }
}

size_t lati_storage_round_bf16(uint16_t *dst, const float *src, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    memcpy(&bits, &src[i], sizeof bits);
    bits += 0x7FFFU + (bits >> 16 & 1U);
    if (!isfinite(src[i]) || !isfinite(float_of_bits(bits & 0xFFFF0000U))) {
      return i;
    }
    dst[i] = (uint16_t)(bits >> 16);
  }
  return count;
}
