/* Two-byte numbers of files: every bit pattern widened, and floats rounded to bf16. */
#include "suite.h"
#include "transformer/storage.h"

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
    lati_storage_widen(&value, &bits, 1, storage);
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

START_TEST(what_bf16_holds_is_kept) {
  for (uint32_t i = 0; i <= UINT16_MAX; ++i) {
    const uint16_t bits = (uint16_t)i;
    uint16_t back = 0;
    float value = 0;
    lati_storage_widen(&value, &bits, 1, LATI_STORAGE_BF16);
    const size_t converted = lati_storage_round_bf16(&back, &value, 1);
    ck_assert_uint_eq(converted, isfinite(value) ? 1 : 0);
    ck_assert(converted == 0 || back == bits);
  }
}
END_TEST

/* Between 1 and 1 + 2^-7 lie the midpoints that show the rule. */
START_TEST(halves_go_to_the_even_neighbour) {
  const float ulp = 0x1p-7F;
  const float from[] = {
      1 + ulp / 2,        1 + 3 * ulp / 2, 1 + ulp / 2 + 0x1p-20F, 1 + ulp / 2 - 0x1p-20F,
      -(1 + 3 * ulp / 2), 0x1p-134F};
  const float to[] = {1, 1 + 2 * ulp, 1 + ulp, 1, -(1 + 2 * ulp), 0};
  for (size_t i = 0; i < sizeof from / sizeof *from; ++i) {
    uint16_t bits = 0;
    float value = -1;
    ck_assert_uint_eq(lati_storage_round_bf16(&bits, &from[i], 1), 1);
    lati_storage_widen(&value, &bits, 1, LATI_STORAGE_BF16);
    ck_assert_msg(value == to[i], "%a became %a, not %a", (double)from[i], (double)value,
                  (double)to[i]);
  }
}
END_TEST

START_TEST(what_bf16_does_not_hold_is_found) {
  const float values[] = {1, -0x1.FEp127F, 0x1.FEFFFEp127F, 0x1.FFp127F};
  uint16_t bits[4];
  ck_assert_uint_eq(lati_storage_round_bf16(bits, values, 4), 3); /* rounds to infinity */
  ck_assert_uint_eq(lati_storage_round_bf16(bits, &(float){-INFINITY}, 1), 0);
  ck_assert_uint_eq(lati_storage_round_bf16(bits, &(float){NAN}, 1), 0);
}
END_TEST

START_TEST(names_are_known_or_refused) {
  lati_storage storage = LATI_STORAGE_F16;
  ck_assert_int_eq(lati_storage_of_name(&storage, NULL), LAT_OK);
  ck_assert_int_eq(storage, LATI_STORAGE_F32);
  ck_assert_int_eq(lati_storage_of_name(&storage, "bf16"), LAT_OK);
  ck_assert_int_eq(storage, LATI_STORAGE_BF16);
  ck_assert_int_eq(lati_storage_of_name(&storage, "f16"), LAT_ERROR_ARGUMENT);
  ck_assert_str_eq(lat_last_error(), "storage 'f16' is neither f32 nor bf16");
  ck_assert_int_eq(lati_storage_of_dtype("F16"), LATI_STORAGE_F16);
  ck_assert_int_eq(lati_storage_of_dtype("F64"), LATI_STORAGES);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("storage");
  tcase_add_test(tests, every_pattern_is_widened_exactly);
  tcase_add_test(tests, what_bf16_holds_is_kept);
  tcase_add_test(tests, halves_go_to_the_even_neighbour);
  tcase_add_test(tests, what_bf16_does_not_hold_is_found);
  tcase_add_test(tests, names_are_known_or_refused);
  return run_case("storage", tests);
}
