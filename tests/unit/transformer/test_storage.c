/* Numbers of files: every bit pattern of two bytes widened, floats rounded to them, doubles to
 * float. */
#include "suite.h"
#include "transformer/storage.h"

#include <float.h>
#include <math.h>

/* The value of a pattern by the definition of the format: sign, exponent, mantissa. */
static double by_definition(uint16_t bits, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1, top = (1 << exponent_bits) - 1;
  const int exponent = bits >> mantissa_bits & top;
  const int mantissa = bits & ((1 << mantissa_bits) - 1);
  double value = exponent == 0
                     ? ldexp(mantissa, 1 - bias - mantissa_bits)
                     : ldexp(mantissa + (1 << mantissa_bits), exponent - bias - mantissa_bits);
  if (exponent == top) {
    value = mantissa == 0 ? INFINITY : NAN;
  }
  return bits >> 15 ? -value : value;
}

static void check_all(lati_storage storage, int exponent_bits, int mantissa_bits) {
  for (uint32_t i = 0; i <= UINT16_MAX; ++i) {
    const uint16_t bits = (uint16_t)i;
    float value = 0;
    ck_assert_uint_eq(lati_storage_decode(&value, &bits, 1, storage), 1);
    const double expected = by_definition(bits, exponent_bits, mantissa_bits);
    if (isnan(expected)) {
      ck_assert(isnan(value));
    } else {
      ck_assert_msg((double)value == expected && !signbit(value) == !signbit(expected),
                    "pattern %04x: %g, not %g", (unsigned)i, (double)value, expected);
    }
  }
}

START_TEST(every_pattern_is_widened_exactly) {
  check_all(LATI_STORAGE_BF16, 8, 7);
  check_all(LATI_STORAGE_F16, 5, 10);
}
END_TEST

static void check_kept(lati_storage storage) {
  for (uint32_t i = 0; i <= UINT16_MAX; ++i) {
    const uint16_t bits = (uint16_t)i;
    uint16_t back = 0;
    float value = 0;
    lati_storage_decode(&value, &bits, 1, storage);
    const size_t converted = lati_storage_encode(&back, &value, 1, storage);
    ck_assert_uint_eq(converted, isfinite(value) ? 1 : 0);
    ck_assert(converted == 0 || back == bits);
  }
}

START_TEST(what_two_bytes_hold_is_kept) {
  check_kept(LATI_STORAGE_BF16);
  check_kept(LATI_STORAGE_F16);
}
END_TEST

static uint16_t encoded(float value, lati_storage storage) {
  uint16_t bits = 0;
  ck_assert_uint_eq(lati_storage_encode(&bits, &value, 1, storage), 1);
  return bits;
}

/* Between every pattern and the next, of either sign: the midpoint goes to the even one, and the
 * floats beside the midpoint to the near one. Midpoints have one bit more than the type: floats. */
static void check_neighbours(lati_storage storage, int exponent_bits, int mantissa_bits) {
  const uint32_t infinity = (uint32_t)((1 << exponent_bits) - 1) << mantissa_bits;
  for (uint32_t i = 0; i + 1 < infinity; ++i) {
    const uint16_t sign = i % 3 == 0 ? 0x8000U : 0;
    const uint16_t low = (uint16_t)i | sign, high = (uint16_t)(i + 1) | sign;
    const double from = by_definition(low, exponent_bits, mantissa_bits);
    const double to = by_definition(high, exponent_bits, mantissa_bits);
    const float middle = (float)((from + to) / 2);
    ck_assert((double)middle == (from + to) / 2);
    ck_assert_uint_eq(encoded(middle, storage), i % 2 == 0 ? low : high);
    ck_assert_uint_eq(encoded(nextafterf(middle, (float)from), storage), low);
    ck_assert_uint_eq(encoded(nextafterf(middle, (float)to), storage), high);
  }
}

START_TEST(halves_go_to_the_even_neighbour) {
  check_neighbours(LATI_STORAGE_BF16, 8, 7);
  check_neighbours(LATI_STORAGE_F16, 5, 10);
  ck_assert_uint_eq(encoded(-0x1p-149F, LATI_STORAGE_F16), 0x8000U);
  ck_assert_uint_eq(encoded(0x1.FFFFFEp-26F, LATI_STORAGE_F16), 0);
}
END_TEST

/* The third of `values` is the largest that stays finite. */
static void check_overflow(lati_storage storage, const float values[4]) {
  uint16_t bits[4];
  ck_assert_uint_eq(lati_storage_encode(bits, values, 4, storage), 3); /* rounds to infinity */
  ck_assert_uint_eq(lati_storage_encode(bits, &(float){-INFINITY}, 1, storage), 0);
  ck_assert_uint_eq(lati_storage_encode(bits, &(float){NAN}, 1, storage), 0);
}

START_TEST(what_two_bytes_do_not_hold_is_found) {
  static const float bf16[] = {1, -0x1.FEp127F, 0x1.FEFFFEp127F, 0x1.FFp127F};
  static const float f16[] = {1, -65504, 0x1.FFDFFEp15F, -65520};
  check_overflow(LATI_STORAGE_BF16, bf16);
  check_overflow(LATI_STORAGE_F16, f16);
  ck_assert_uint_eq(lati_storage_encode(&(uint16_t){0}, &(float){FLT_MAX}, 1, LATI_STORAGE_F16), 0);
}
END_TEST

START_TEST(doubles_are_rounded_to_float) {
  const double from[] = {1 + 0x1p-24, 1 + 0x3p-24,           -0x1p-150, 0x1.8p-149,
                         -FLT_MAX,    0x1.FFFFFEFFFFFFFp127, -INFINITY, 0x1.FFFFFFp127};
  const float to[] = {1, 1 + 0x1p-22F, -0.0F, 0x1p-148F, -FLT_MAX, FLT_MAX, -INFINITY};
  float back[8];
  ck_assert_uint_eq(lati_storage_decode(back, from, 8, LATI_STORAGE_F64), 7);
  ck_assert_mem_eq(back, to, sizeof to);
  ck_assert_uint_eq(lati_storage_decode(back, &(double){-1e300}, 1, LATI_STORAGE_F64), 0);
  ck_assert_uint_eq(lati_storage_decode(back, &(double){NAN}, 1, LATI_STORAGE_F64), 1);
  ck_assert(isnan(back[0]));
}
END_TEST

START_TEST(bytes_are_reversed_number_by_number) {
  unsigned char bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
  lati_reverse_bytes(bytes, 4, 2);
  ck_assert_mem_eq(bytes, "\2\1\4\3\6\5\10\7", 8);
  lati_reverse_bytes(bytes, 2, 4);
  ck_assert_mem_eq(bytes, "\3\4\1\2\7\10\5\6", 8);
  lati_reverse_bytes(bytes, 1, 8);
  ck_assert_mem_eq(bytes, "\6\5\10\7\2\1\4\3", 8);
  lati_reverse_bytes(bytes, 0, 8);
  ck_assert_mem_eq(bytes, "\6\5\10\7\2\1\4\3", 8);
}
END_TEST

START_TEST(files_have_the_lowest_byte_first) {
  static const unsigned char file[8] = {8, 7, 6, 5, 4, 3, 2, 1};
  uint64_t number = UINT64_C(0x0102030405060708);
  lati_file_order(&number, 1, sizeof number);
  ck_assert_mem_eq(&number, file, sizeof file);
  lati_file_order(&number, 1, sizeof number);
  ck_assert_uint_eq(number, UINT64_C(0x0102030405060708));
}
END_TEST

START_TEST(names_are_known_or_refused) {
  lati_storage storage = LATI_STORAGE_F16;
  ck_assert_int_eq(lati_storage_of_name(&storage, NULL), LAT_OK);
  ck_assert_int_eq(storage, LATI_STORAGE_F32);
  ck_assert_int_eq(lati_storage_of_name(&storage, "bf16"), LAT_OK);
  ck_assert_int_eq(storage, LATI_STORAGE_BF16);
  ck_assert_int_eq(lati_storage_of_name(&storage, "f16"), LAT_OK);
  ck_assert_int_eq(storage, LATI_STORAGE_F16);
  ck_assert_int_eq(lati_storage_of_name(&storage, "f64"), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "storage 'f64' is none of f32, bf16 and f16");
  ck_assert_int_eq(lati_storage_of_dtype("F16"), LATI_STORAGE_F16);
  ck_assert_int_eq(lati_storage_of_dtype("F64"), LATI_STORAGE_F64);
  ck_assert_int_eq(lati_storage_of_dtype("F8"), LATI_STORAGES);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("storage");
  tcase_add_test(tests, every_pattern_is_widened_exactly);
  tcase_add_test(tests, what_two_bytes_hold_is_kept);
  tcase_add_test(tests, halves_go_to_the_even_neighbour);
  tcase_add_test(tests, what_two_bytes_do_not_hold_is_found);
  tcase_add_test(tests, doubles_are_rounded_to_float);
  tcase_add_test(tests, bytes_are_reversed_number_by_number);
  tcase_add_test(tests, files_have_the_lowest_byte_first);
  tcase_add_test(tests, names_are_known_or_refused);
  return run_case("storage", tests);
}
