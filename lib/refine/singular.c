/* A matrix of doubles is one of integers, each row times a power of two. Its determinant is 0 where
 * it is 0 modulo primes whose product is larger than the bound |det| <= product of |row|_1; a prime
 * modulo which it is not 0 proves the matrix nonsingular. */
#include "refine/singular.h"

#include <math.h>

enum { MANTISSA = 53, PRIME_BITS = 30 }; /* every prime taken is above 2^30 */

size_t lati_singular_work(int32_t n) {
  return (size_t)n * (size_t)n; /* of 64-bit integers */
}

/* x = m 2^e with an integer m of 53 bits; 0: m = 0. */
static int64_t split(int *exponent, double x) {
  const double fraction = frexp(x, exponent);
  *exponent -= MANTISSA;
  return (int64_t)ldexp(fraction, MANTISSA);
}

/* Exponents of the smallest and largest entries of a row; 0 where it has none but zeros. */
static int exponent_range(int *low, int *high, const double *row, int32_t n) {
  int found = 0;
  for (int32_t j = 0; j < n; ++j) {
    int exponent = 0;
    if (split(&exponent, row[j]) != 0) {
      *low = found && *low < exponent ? *low : exponent;
      *high = found && *high > exponent ? *high : exponent;
      found = 1;
    }
  }
  return found;
}

/* Bits of the bound of |det| of the integers; 0: a row is zero. */
static double determinant_bits(const double *a, int32_t n) {
  double bits = 1;
  for (int32_t i = 0; i < n; ++i) {
    int low = 0, high = 0;
    if (!exponent_range(&low, &high, a + (size_t)i * (size_t)n, n)) {
      return 0;
    }
    bits += high - low + MANTISSA + log2(n);
  }
  return bits;
}

static int is_prime(uint64_t odd) {
  for (uint64_t divisor = 3; divisor * divisor <= odd; divisor += 2) {
    if (odd % divisor == 0) {
      return 0;
    }
  }
  return 1;
}

static uint64_t power_modulo(uint64_t base, uint64_t exponent, uint64_t p) {
  uint64_t result = 1;
  for (; exponent > 0; exponent /= 2) {
    result = exponent % 2 == 1 ? result * base % p : result;
    base = base * base % p;
  }
  return result;
}

/* m <- the integers of a, modulo p. */
static void reduce(uint64_t *m, const double *a, int32_t n, uint64_t p) {
  for (int32_t i = 0; i < n; ++i) {
    const double *row = a + (size_t)i * (size_t)n;
    int low = 0, high = 0;
    (void)exponent_range(&low, &high, row, n);
    for (int32_t j = 0; j < n; ++j) {
      int exponent = 0;
      const int64_t mantissa = split(&exponent, row[j]);
      const uint64_t size = (uint64_t)(mantissa < 0 ? -mantissa : mantissa) % p;
      const uint64_t shift = mantissa == 0 ? 0 : (uint64_t)(exponent - low);
      const uint64_t value = size * power_modulo(2, shift, p) % p;
      m[(size_t)i * (size_t)n + (size_t)j] = mantissa < 0 ? (p - value) % p : value;
    }
  }
}

/* Takes multiples of row k from those below, which makes their column k zero; 0: no pivot. */
static int eliminate(uint64_t *m, size_t n, size_t k, uint64_t p) {
  size_t pivot = k;
  while (pivot < n && m[pivot * n + k] == 0) {
    ++pivot;
  }
  if (pivot == n) {
    return 0;
  }
  for (size_t j = 0; j < n; ++j) {
    const uint64_t moved = m[k * n + j];
    m[k * n + j] = m[pivot * n + j];
    m[pivot * n + j] = moved;
  }
  const uint64_t inverse = power_modulo(m[k * n + k], p - 2, p); /* Fermat */
  for (size_t i = k + 1; i < n; ++i) {
    const uint64_t factor = p - m[i * n + k] * inverse % p;
    for (size_t j = k; j < n; ++j) {
      m[i * n + j] = (m[i * n + j] + factor * m[k * n + j]) % p;
    }
  }
  return 1;
}

static int is_singular_modulo(uint64_t *m, const double *a, int32_t n, uint64_t p) {
  reduce(m, a, n, p);
  for (int32_t k = 0; k < n; ++k) {
    if (!eliminate(m, (size_t)n, (size_t)k, p)) {
      return 1;
    }
  }
  return 0;
}

int lati_is_singular(const double *a, int32_t n, double *work) {
  uint64_t *m = (uint64_t *)(void *)work;
  uint64_t p = (UINT64_C(1) << 31) - 1;
  for (double bits = determinant_bits(a, n); bits > 0; bits -= (double)PRIME_BITS, p -= 2) {
    while (!is_prime(p)) {
      p -= 2;
    }
    if (!is_singular_modulo(m, a, n, p)) {
      return 0;
    }
  }
  return 1;
}
