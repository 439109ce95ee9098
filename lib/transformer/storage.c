/* Conversion between float and the other types of safetensors files. bf16 is the upper half of a
 * float; f16 has 5 bits of exponent (bias 15) and 10 of mantissa; f64 is a double. Files are
 * little-endian; here is also the only place that knows the machine's order of bytes. */
#include "transformer/storage.h"

#include <math.h>
#include <string.h>

typedef struct storage_entry {
  const char *name, *dtype;
  size_t size;
} storage_entry;

static const storage_entry entries[LATI_STORAGES] = {
    {"f32", "F32", 4}, {"bf16", "BF16", 2}, {"f16", "F16", 2}, {"f64", "F64", 8}};

size_t lati_storage_size(lati_storage storage) {
  return entries[storage].size;
}

const char *lati_storage_name(lati_storage storage) {
  return entries[storage].name;
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
  if (name == NULL) {
    return LAT_OK;
  }
  for (int i = 0; i < LATI_STORAGE_F64; ++i) {
    if (strcmp(name, entries[i].name) == 0) {
      *out = (lati_storage)i;
      return LAT_OK;
    }
  }
  return lati_fail(LAT_ERROR_ARGUMENT, "storage '%s' is none of f32, bf16 and f16", name);
}

void lati_reverse_bytes(void *numbers, size_t count, size_t size) {
  unsigned char *bytes = numbers;
  for (size_t i = 0; i < count; ++i, bytes += size) {
    for (size_t j = 0; j < size / 2; ++j) {
      const unsigned char low = bytes[j];
      bytes[j] = bytes[size - 1 - j];
      bytes[size - 1 - j] = low;
    }
  }
}

void lati_file_order(void *numbers, size_t count, size_t size) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  lati_reverse_bytes(numbers, count, size);
#else
  (void)numbers;
  (void)count;
  (void)size;
#endif
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

static float widen_bf16(uint16_t bits) {
  return float_of_bits((uint32_t)bits << 16);
}

/* Halfway between the largest float and 2^128: what rounds to infinity. */
static const double FLOAT_OVERFLOW = 0x1.FFFFFFp127;

/* Infinity and NaN stay what they are. */
static size_t narrow_f64(float *dst, const double *src, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (isfinite(src[i]) && fabs(src[i]) >= FLOAT_OVERFLOW) {
      return i;
    }
    dst[i] = (float)src[i];
  }
  return count;
}

size_t lati_storage_decode(float *dst, const void *src, size_t count, lati_storage storage) {
  const uint16_t *halves = src;
  if (storage == LATI_STORAGE_F64) {
    return narrow_f64(dst, src, count);
  }
  for (size_t i = 0; i < count; ++i) {
    dst[i] = storage == LATI_STORAGE_F16 ? widen_f16(halves[i]) : widen_bf16(halves[i]);
  }
  return count;
}

/* value / 2^shift, to the nearest integer, ties to even. */
static uint32_t shift_rounded(uint32_t value, uint32_t shift) {
  return (value + (1U << (shift - 1)) - 1 + (value >> shift & 1U)) >> shift;
}

/* A carry out of the mantissa goes into the exponent. 0 when the result is infinite. */
static int round_bf16(uint16_t *dst, uint32_t bits) {
  const uint32_t magnitude = shift_rounded(bits & 0x7FFFFFFFU, 16);
  *dst = (uint16_t)(bits >> 31 << 15 | magnitude);
  return magnitude < 0x7F80U;
}

/* Likewise. Below 2^-14 results are multiples of 2^-24; below 2^-25 they are zero. */
static int round_f16(uint16_t *dst, uint32_t bits) {
  const uint32_t exponent = bits >> 23 & 0xFFU, significand = (bits & 0x7FFFFFU) | 0x800000U;
  uint32_t magnitude = 0;
  if (exponent > 127 - 15) {
    magnitude = shift_rounded((bits & 0x7FFFFFFFU) - ((127U - 15U) << 23), 13);
  } else if (exponent >= 127 - 25) {
    magnitude = shift_rounded(significand, 126 - exponent);
  }
  *dst = (uint16_t)(bits >> 31 << 15 | magnitude);
  return magnitude < 0x7C00U;
}

size_t lati_storage_encode(uint16_t *dst, const float *src, size_t count, lati_storage storage) {
  for (size_t i = 0; i < count; ++i) {
    uint32_t bits;
    memcpy(&bits, &src[i], sizeof bits);
    if (!isfinite(src[i]) ||
        !(storage == LATI_STORAGE_F16 ? round_f16(&dst[i], bits) : round_bf16(&dst[i], bits))) {
      return i;
    }
  }
  return count;
}
