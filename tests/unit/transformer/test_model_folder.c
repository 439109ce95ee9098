/* Models found, named and loaded by name in folders of models. */
#include "model_fixture.h"
#include "scratch_folder.h"

static scratch_folder folder;
static char first[256], second[256], both[1024];

static void touch(const char *where, const char *name) {
  char path[256];
  write_bytes(join_path(path, where, name), "", 0);
}

static void open_folders(void) {
  char path[256];
  scratch_open(&folder);
  ck_assert_int_eq(mkdir(scratch_file(first, &folder, "first"), 0755), 0);
  ck_assert_int_eq(mkdir(scratch_file(second, &folder, "second"), 0755), 0);
  touch(first, "b.safetensors");
  touch(first, "MANIFEST.json");
  touch(first, ".safetensors");
  touch(second, "c-2x2.safetensors");
  touch(second, "b.safetensors");
  touch(second, "a.safetensors");
  ck_assert_int_eq(mkdir(join_path(path, first, "c-2x2.safetensors"), 0755), 0);
  snprintf(both, sizeof both, ":%s::%s/nowhere:%s:", first, first, second);
}

static void close_folders(void) {
  scratch_close(&folder);
}

static void expect_path(const char *name, const char *where) {
  char path[512], expected[512];
  must(lat_model_find(path, sizeof path, both, name));
  snprintf(expected, sizeof expected, "%s/%s.safetensors", where, name);
  ck_assert_str_eq(path, expected);
}

/* The folder called c-2x2.safetensors is no model. */
START_TEST(the_first_folder_with_the_file_counts) {
  expect_path("a", second);
  expect_path("b", first);
  expect_path("c-2x2", second);
}
END_TEST

START_TEST(names_come_once_and_in_order) {
  static const char *const expected[] = {"a", "b", "c-2x2"};
  char name[256];
  for (int32_t i = 0; i < 3; ++i) {
    must(lat_model_name(name, sizeof name, both, i));
    ck_assert_str_eq(name, expected[i]);
  }
  must_fail(LAT_ERROR_NOT_FOUND, lat_model_name(name, sizeof name, both, 3),
            "there are 3 models, no number 3");
  ck_assert_str_eq(name, "");
  must_fail(LAT_ERROR_LIMIT, lat_model_name(name, 5, both, 2),
            "the name c-2x2 has 5 bytes, there is room for 4");
  ck_assert_str_eq(name, "");
  must_fail(LAT_ERROR_ARGUMENT, lat_model_name(name, sizeof name, both, -1),
            "the index is negative");
}
END_TEST

START_TEST(what_is_not_there_is_answered_with_what_is) {
  char path[512], message[1100];
  snprintf(message, sizeof message, "no model d in %s; there are a, b, c-2x2", both);
  must_fail(LAT_ERROR_NOT_FOUND, lat_model_find(path, sizeof path, both, "d"), message);
  ck_assert_str_eq(path, "");
  must_fail(LAT_ERROR_NOT_FOUND, lat_model_find(path, sizeof path, "/nowhere", "d"),
            "no model d in /nowhere; there are none");
  ck_assert_int_eq(lat_model_find(path, sizeof path, both, "../first/b"), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_model_find(path, sizeof path, both, ""), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(lat_model_find(path, 12, both, "a"), LAT_ERROR_LIMIT);
}
END_TEST

/* A list that is longer than a message ends with dots. */
START_TEST(a_long_list_is_cut_between_names) {
  char path[512], name[64];
  for (int i = 0; i < 40; ++i) {
    snprintf(name, sizeof name, "model-%02d.safetensors", i);
    touch(first, name);
  }
  ck_assert_int_eq(lat_model_find(path, sizeof path, first, "d"), LAT_ERROR_NOT_FOUND);
  const char *message = lat_last_error();
  ck_assert_ptr_nonnull(strstr(message, "there are b, c-2x2, model-00, model-01, "));
  ck_assert_str_eq(message + strlen(message) - 5, ", ...");
}
END_TEST

START_TEST(a_named_model_is_loaded) {
  model_fixture f;
  lat_model *loaded = NULL;
  char path[256];
  model_fixture_open(&f, &(model_plan){0});
  must(lat_model_save(f.model, join_path(path, first, "small.safetensors")));
  must(lat_model_load_named(&loaded, f.ctx, both, "small", NULL));
  ck_assert_str_eq(lat_model_config(loaded), lat_model_config(f.model));
  lat_model_free(loaded);
  loaded = f.model;
  ck_assert_int_eq(lat_model_load_named(&loaded, f.ctx, both, "large", NULL), LAT_ERROR_NOT_FOUND);
  ck_assert_ptr_null(loaded);
  ck_assert_int_eq(lat_model_load_named(&loaded, f.ctx, both, "b", NULL), LAT_ERROR_FORMAT);
  must_fail(LAT_ERROR_ARGUMENT, lat_model_load_named(NULL, f.ctx, both, "b", NULL), "out is NULL");
  model_fixture_close(&f);
}
END_TEST

/* No folders: the one of installed models, which may not exist. */
START_TEST(the_installed_folder_is_the_default) {
  char path[512];
  const char *installed = lat_model_folder();
  ck_assert_int_eq(installed[0], '/');
  ck_assert_str_eq(installed + strlen(installed) - strlen("/models"), "/models");
  ck_assert_int_eq(lat_model_find(path, sizeof path, NULL, "no-such"), LAT_ERROR_NOT_FOUND);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), installed));
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("model folder");
  tcase_add_checked_fixture(tests, open_folders, close_folders);
  tcase_add_test(tests, the_first_folder_with_the_file_counts);
  tcase_add_test(tests, names_come_once_and_in_order);
  tcase_add_test(tests, what_is_not_there_is_answered_with_what_is);
  tcase_add_test(tests, a_long_list_is_cut_between_names);
  tcase_add_test(tests, a_named_model_is_loaded);
  tcase_add_test(tests, the_installed_folder_is_the_default);
  return run_case("model folder", tests);
}
