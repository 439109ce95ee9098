/* Text that is fit for a message, whatever it was made of. */
#include "base/text.h"
#include "suite.h"

#include <string.h>

START_TEST(lengths_of_characters) {
  static const struct {
    const char *text;
    size_t size, length;
  } characters[] = {{"a", 1, 1},
                    {"\0", 1, 1},
                    {"\xc3\x84", 2, 2},
                    {"\xe2\x82\xac", 3, 3},
                    {"\xf0\x9f\x98\x80", 4, 4},
                    {"\xf4\x8f\xbf\xbf", 4, 4},
                    {"\x80", 1, 0},             /* a byte that follows */
                    {"\xc3", 1, 0},             /* cut */
                    {"\xe2\x82", 2, 0},         /* cut */
                    {"\xc3x", 2, 0},            /* nothing follows */
                    {"\xc0\xaf", 2, 0},         /* overlong */
                    {"\xe0\x80\xaf", 3, 0},     /* overlong */
                    {"\xf0\x80\x80\xaf", 4, 0}, /* overlong */
                    {"\xed\xa0\x80", 3, 0},     /* a surrogate */
                    {"\xf4\x90\x80\x80", 4, 0}, /* beyond Unicode */
                    {"\xff", 1, 0}};
  for (size_t i = 0; i < sizeof characters / sizeof *characters; ++i) {
    ck_assert_uint_eq(lati_utf8_length(characters[i].text, characters[i].size),
                      characters[i].length);
  }
}
END_TEST

START_TEST(control_characters_and_halves_go) {
  static const struct {
    const char *text, *clean;
  } texts[] = {{"", ""},
               {"plain \xc3\x84 \xe2\x82\xac", "plain \xc3\x84 \xe2\x82\xac"},
               {"a\tb\r\nc", "a b  c"},
               {"\033]0;owned\007\033[31m", "?]0;owned??[31m"},
               {"\177", "?"},
               {"\xc2\x9b[2J", "??[2J"}, /* CSI, of C1 */
               {"\xc2\xa0", "\xc2\xa0"},
               {"\x9b[2J", "?[2J"},
               {"x\xe4y", "x?y"}, /* Latin-1 */
               {"x\xc0\xafy", "x??y"},
               {"cut\xe2\x82", "cut"},
               {"cut\xc3", "cut"},
               {"\xff", "?"}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; ++i) {
    char text[64];
    strcpy(text, texts[i].text);
    lati_clean_text(text);
    ck_assert_str_eq(text, texts[i].clean);
  }
}
END_TEST

/* Whatever the bytes: printable UTF-8, and clean already. */
START_TEST(any_two_bytes_become_text) {
  for (int bytes = 0; bytes < 65536; ++bytes) {
    char text[8] = {'x', (char)(bytes >> 8), (char)bytes, 'y', '\0'}, again[8];
    lati_clean_text(text);
    for (const char *at = text; *at != '\0';) {
      const size_t length = lati_utf8_length(at, strlen(at));
      ck_assert_uint_gt(length, 0);
      ck_assert((unsigned char)*at >= ' ' && *at != 0x7f);
      at += length;
    }
    strcpy(again, text);
    lati_clean_text(again);
    ck_assert_str_eq(text, again);
  }
}
END_TEST

int main(void) {
  const TTest *const tests[] = {lengths_of_characters, control_characters_and_halves_go,
                                any_two_bytes_become_text, NULL};
  return run_suite("text", tests);
}
