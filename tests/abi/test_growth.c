/* Structures shorter and longer than the library's: programs older and newer than it. */
#include "struct_users.h"
#include "suite.h"

#include <string.h>

enum { TAIL = 24, GUARD = 16, ROOM = 1024, MARK = 0xA5 };

static _Alignas(16) unsigned char memory[ROOM];

static void fill(const struct_user *user, size_t size) {
  ck_assert_uint_le(size + GUARD, ROOM);
  memset(memory, MARK, ROOM);
  user->init_sized(memory, size);
}

static void check_bytes(const struct_user *user, size_t from, size_t to, int value) {
  for (size_t i = from; i < to; ++i) {
    ck_assert_msg(memory[i] == value, "%s: byte %zu is %d, not %d", user->name, i, memory[i],
                  value);
  }
}

static lat_status use(world *w, const struct_user *user) {
  if (user->set != NULL) {
    user->set(memory);
  }
  return user->use(w, memory);
}

/* Every whole part of the structure, from the first that can be used. */
START_TEST(older_programs) {
  world w;
  ck_assert_int_eq(world_open(&w), LAT_OK);
  for (const struct_user *user = struct_users; user->name != NULL; ++user) {
    ck_assert_uint_le(user->least, user->size);
    for (size_t size = user->least; size <= user->size; size += 8) {
      size_t told = 0;
      fill(user, size);
      check_bytes(user, size, size + GUARD, MARK);
      ck_assert_msg(use(&w, user) == LAT_OK, "%s of %zu bytes: %s", user->name, size,
                    lat_last_error());
      check_bytes(user, size, size + GUARD, MARK);
      memcpy(&told, memory, sizeof told);
      ck_assert_uint_eq(told, size);
    }
  }
  world_close(&w);
}
END_TEST

/* The defaults of a part are those of the whole. */
START_TEST(parts_have_the_defaults_of_the_whole) {
  for (const struct_user *user = struct_users; user->name != NULL; ++user) {
    unsigned char whole[ROOM];
    fill(user, user->size);
    memcpy(whole, memory, ROOM);
    for (size_t size = 2 * sizeof(size_t); size < user->size; size += 8) {
      fill(user, size);
      ck_assert_msg(memcmp(memory + sizeof size, whole + sizeof size, size - sizeof size) == 0,
                    "%s of %zu bytes", user->name, size);
    }
  }
}
END_TEST

START_TEST(newer_programs) {
  world w;
  ck_assert_int_eq(world_open(&w), LAT_OK);
  for (const struct_user *user = struct_users; user->name != NULL; ++user) {
    fill(user, user->size + TAIL);
    check_bytes(user, user->size, user->size + TAIL, 0);
    check_bytes(user, user->size + TAIL, user->size + TAIL + GUARD, MARK);
    ck_assert_msg(use(&w, user) == LAT_OK, "%s: %s", user->name, lat_last_error());
    check_bytes(user, user->size, user->size + TAIL, 0);
    check_bytes(user, user->size + TAIL, user->size + TAIL + GUARD, MARK);
  }
  world_close(&w);
}
END_TEST

/* What a newer program asks for and this library cannot do is refused, not passed over. */
START_TEST(unknown_members_that_are_set) {
  world w;
  ck_assert_int_eq(world_open(&w), LAT_OK);
  for (const struct_user *user = struct_users; user->name != NULL; ++user) {
    for (size_t i = 0; i < TAIL && !user->output; ++i) {
      fill(user, user->size + TAIL);
      memory[user->size + i] = 1;
      ck_assert_msg(use(&w, user) == LAT_ERROR_ARGUMENT, "%s takes byte %zu", user->name,
                    user->size + i);
      ck_assert_msg(strstr(lat_last_error(), "a later version's field is set") != NULL, "%s: %s",
                    user->name, lat_last_error());
    }
  }
  world_close(&w);
}
END_TEST

/* A struct_size of 0: refused, or, where nothing can be returned, nothing is written. */
START_TEST(structures_never_initialised) {
  world w;
  ck_assert_int_eq(world_open(&w), LAT_OK);
  for (const struct_user *user = struct_users; user->name != NULL; ++user) {
    unsigned char before[ROOM];
    fill(user, user->size);
    memset(memory, 0, sizeof(size_t));
    memcpy(before, memory, ROOM);
    const lat_status status = use(&w, user);
    ck_assert_msg(status == LAT_ERROR_ARGUMENT || memcmp(before, memory, ROOM) == 0, "%s: %d",
                  user->name, status);
  }
  world_close(&w);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {older_programs,
                                parts_have_the_defaults_of_the_whole,
                                newer_programs,
                                unknown_members_that_are_set,
                                structures_never_initialised,
                                NULL};
  return run_suite("growth", tests);
}
