/* Files that appear whole or not at all: behind links, over files of every kind, under names of
 * every length, within the process's limits. */
#include "base/atomic_file.h"
#include "scratch_folder.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

static scratch_folder folder;
static char path[256], target[256];

static void open_folder(void) {
  scratch_open(&folder);
  scratch_file(path, &folder, "file");
  scratch_file(target, &folder, "target");
}

static void close_folder(void) {
  scratch_close(&folder);
}

static lat_status put(const char *name, const char *text) {
  lati_atomic_file *file = NULL;
  lat_status status = LAT_OK;
  LATI_TRY(lati_atomic_open(&file, NULL, name));
  LATI_TRY(lati_atomic_write(file, text, strlen(text)));
  LATI_TRY(lati_atomic_commit(file));
done:
  lati_atomic_close(file);
  return status;
}

static void check_put(const char *name, const char *text) {
  const lat_status status = put(name, text);
  ck_assert_msg(status == LAT_OK, "%s: %s", name, lat_last_error());
}

static void check_refused(const char *name, const char *message) {
  ck_assert_int_eq(put(name, "new"), LAT_ERROR_IO);
  ck_assert_msg(strstr(lat_last_error(), message) != NULL, "\"%s\" lacks \"%s\"", lat_last_error(),
                message);
}

static void check_holds(const char *name, const char *text) {
  file_bytes bytes = read_bytes(name);
  ck_assert_str_eq(bytes.data, text);
  free(bytes.data);
}

static mode_t kind_of(const char *name) {
  struct stat info;
  ck_assert_int_eq(lstat(name, &info), 0);
  return info.st_mode & S_IFMT;
}

static void make_link(const char *text, const char *name) {
  ck_assert_int_eq(symlink(text, name), 0);
}

START_TEST(a_link_is_written_through) {
  write_bytes(target, "old", 3);
  make_link("target", path);
  check_put(path, "new");
  ck_assert_uint_eq(kind_of(path), S_IFLNK);
  check_holds(target, "new");
  ck_assert_int_eq(scratch_count(folder.path), 2);
}
END_TEST

/* Relative to its folder, absolute, by way of other links and of ".."; the temporary file stands
 * beside the target, on whose file system alone it can be renamed. */
START_TEST(links_lead_from_folder_to_folder) {
  char store[256], real[256], second[256];
  ck_assert_int_eq(mkdir(scratch_file(store, &folder, "store"), 0700), 0);
  join_path(real, store, "real");
  write_bytes(real, "old", 3);
  make_link("../target", join_path(second, store, "second"));
  make_link(real, target);
  make_link("store/second", path);
  check_put(path, "new");
  check_holds(real, "new");
  ck_assert_int_eq(scratch_count(store), 2);
  ck_assert_int_eq(scratch_count(folder.path), 3);
  ck_assert_int_eq(chdir(folder.path), 0);
  check_put("file", "again");
  check_holds(real, "again");
  ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(a_dangling_link_creates_its_target) {
  make_link("target", path);
  check_put(path, "new");
  ck_assert_uint_eq(kind_of(path), S_IFLNK);
  ck_assert_uint_eq(kind_of(target), S_IFREG);
  check_holds(target, "new");
  char lost[256];
  make_link("nowhere/file", scratch_file(lost, &folder, "lost"));
  check_refused(lost, "nowhere/file: cannot create a temporary file beside it: No such file");
  ck_assert_uint_eq(kind_of(lost), S_IFLNK);
}
END_TEST

START_TEST(links_in_a_circle_are_refused) {
  make_link("target", path);
  make_link("file", target);
  check_refused(path, strerror(ELOOP));
  ck_assert_int_eq(scratch_count(folder.path), 2);
}
END_TEST

/* As /dev/stdout is one: a link to a link of /proc to an open file. */
START_TEST(a_link_to_an_open_file_is_refused) {
  char text[64];
  write_bytes(target, "old", 3);
  const int descriptor = open(target, O_WRONLY);
  snprintf(text, sizeof text, "/proc/self/fd/%d", descriptor);
  make_link(text, path);
  check_refused(path, "leads to a process's open file, which cannot be replaced");
  check_refused(text, "leads to a process's open file");
  close(descriptor);
  ck_assert_uint_eq(kind_of(path), S_IFLNK);
  check_holds(target, "old");
  ck_assert_int_eq(scratch_count(folder.path), 2);
}
END_TEST

START_TEST(what_is_no_file_is_not_replaced) {
  ck_assert_int_eq(mkfifo(target, 0600), 0);
  check_refused(target, "target: exists and is not a regular file");
  make_link("target", path);
  check_refused(path, "target: exists and is not a regular file");
  ck_assert_uint_eq(kind_of(target), S_IFIFO);
  check_refused(folder.path, "exists and is not a regular file");
  check_refused("/dev/null", "exists and is not a regular file");
  ck_assert_uint_eq(kind_of("/dev/null"), S_IFCHR);
}
END_TEST

/* Up to NAME_MAX; the temporary file's name is no longer, and its characters are whole. */
START_TEST(names_may_be_as_long_as_the_file_system_allows) {
  char name[300], long_path[400];
  for (size_t length = 225; length <= 255; ++length) {
    for (size_t i = 0; i < length; ++i) {
      name[i] = i % 2 == length % 2 ? '\xc3' : '\x84';
    }
    memcpy(name, "x", length % 2);
    name[length] = '\0';
    snprintf(long_path, sizeof long_path, "%s/%s", folder.path, name);
    check_put(long_path, "first");
    check_put(long_path, "second");
    check_holds(long_path, "second");
    unlink(long_path);
  }
  ck_assert_int_eq(scratch_count(folder.path), 0);
  memset(name, 'x', 256);
  name[256] = '\0';
  snprintf(long_path, sizeof long_path, "%s/%s", folder.path, name);
  check_refused(long_path, strerror(ENAMETOOLONG));
}
END_TEST

START_TEST(permissions_are_kept) {
  static const mode_t modes[] = {0444, 0640, 0600};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; ++i) {
    struct stat info;
    unlink(path);
    write_bytes(path, "old", 3);
    ck_assert_int_eq(chmod(path, modes[i]), 0);
    check_put(path, "new");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_uint_eq(info.st_mode & 0777, modes[i]);
    check_holds(path, "new");
  }
}
END_TEST

/* Root may write everywhere, so root cannot see this. */
START_TEST(a_folder_that_may_not_be_written_is_an_error) {
  write_bytes(path, "old", 3);
  ck_assert_int_eq(chmod(folder.path, 0500), 0);
  if (access(folder.path, W_OK) != 0) {
    check_refused(path, "file: cannot create a temporary file beside it: Permission denied");
    check_holds(path, "old");
  }
  ck_assert_int_eq(chmod(folder.path, 0700), 0);
}
END_TEST

static volatile sig_atomic_t signals;

static void count_signal(int number) {
  (void)number;
  ++signals;
}

/* A write beyond the limit would raise SIGXFSZ: bytes that were gathered fail when they are
 * committed, more of them than are gathered at once. Nothing is asserted while the limit holds:
 * Check writes files, too. */
START_TEST(a_limit_on_file_sizes_raises_no_signal) {
  static const size_t sizes[] = {600, 400, 1};
  struct rlimit before, limit;
  lati_atomic_file *file = NULL, *large = NULL;
  static char block[100000];
  char messages[2][512];
  lat_status statuses[5];
  write_bytes(path, "old", 3);
  ck_assert_int_eq(lati_atomic_open(&file, NULL, path), LAT_OK);
  ck_assert_int_eq(lati_atomic_open(&large, NULL, path), LAT_OK);
  signal(SIGXFSZ, count_signal);
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = before;
  limit.rlim_cur = 1000;
  setrlimit(RLIMIT_FSIZE, &limit);
  for (int i = 0; i < 3; ++i) {
    statuses[i] = lati_atomic_write(file, block, sizes[i]);
  }
  statuses[3] = lati_atomic_commit(file);
  snprintf(messages[0], sizeof messages[0], "%s", lat_last_error());
  statuses[4] = lati_atomic_write(large, block, sizeof block);
  snprintf(messages[1], sizeof messages[1], "%s", lat_last_error());
  setrlimit(RLIMIT_FSIZE, &before);
  signal(SIGXFSZ, SIG_DFL);
  lati_atomic_close(file);
  lati_atomic_close(large);
  ck_assert(statuses[0] == LAT_OK && statuses[1] == LAT_OK && statuses[2] == LAT_OK);
  ck_assert(statuses[3] == LAT_ERROR_IO && statuses[4] == LAT_ERROR_IO);
  ck_assert_ptr_nonnull(strstr(messages[0], "byte 1001 is beyond the process's limit on file "
                                            "sizes, 1000 bytes (ulimit -f)"));
  ck_assert_ptr_nonnull(strstr(messages[1], "byte 100000 is beyond the process's limit"));
  ck_assert_int_eq(signals, 0);
  check_holds(path, "old");
  ck_assert_int_eq(scratch_count(folder.path), 1);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("atomic_file");
  tcase_add_checked_fixture(tests, open_folder, close_folder);
  tcase_add_test(tests, a_link_is_written_through);
  tcase_add_test(tests, links_lead_from_folder_to_folder);
  tcase_add_test(tests, a_dangling_link_creates_its_target);
  tcase_add_test(tests, links_in_a_circle_are_refused);
  tcase_add_test(tests, a_link_to_an_open_file_is_refused);
  tcase_add_test(tests, what_is_no_file_is_not_replaced);
  tcase_add_test(tests, names_may_be_as_long_as_the_file_system_allows);
  tcase_add_test(tests, permissions_are_kept);
  tcase_add_test(tests, a_folder_that_may_not_be_written_is_an_error);
  tcase_add_test(tests, a_limit_on_file_sizes_raises_no_signal);
  return run_case("atomic_file", tests);
}
