/* A folder that a test writes into and that goes with all it holds; and whole files. */
#ifndef LAT_TESTS_SCRATCH_FOLDER_H
#define LAT_TESTS_SCRATCH_FOLDER_H

#include "check_quietly.h"
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct scratch_folder {
  char path[64];
} scratch_folder;

/* A file's bytes; free(data). A NUL follows them. */
typedef struct file_bytes {
  char *data;
  size_t size;
} file_bytes;

static inline void scratch_open(scratch_folder *folder) {
  /* in memory where that can be had: flushing a disk takes most of a test's time */
  const char *parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(folder->path, sizeof folder->path, "%s/lat-test-XXXXXX", parent);
  ck_assert_ptr_nonnull(mkdtemp(folder->path));
}

static inline int scratch_remove_entry(const char *path, const struct stat *info, int type,
                                       struct FTW *place) {
  (void)info;
  (void)type;
  (void)place;
  return remove(path);
}

static inline void scratch_close(const scratch_folder *folder) {
  nftw(folder->path, scratch_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

/* "folder/name". */
static inline const char *join_path(char path[256], const char *folder, const char *name) {
  const int length = snprintf(path, 256, "%s/%s", folder, name);
  ck_assert(length > 0 && length < 256);
  return path;
}

static inline const char *scratch_file(char path[256], const scratch_folder *folder,
                                       const char *name) {
  return join_path(path, folder->path, name);
}

/* Number of entries, . and .. excepted. */
static inline int scratch_count(const char *path) {
  int count = 0;
  DIR *folder = opendir(path);
  ck_assert_ptr_nonnull(folder);
  while (readdir(folder) != NULL) {
    ++count;
  }
  closedir(folder);
  return count - 2;
}

static inline void write_bytes(const char *path, const void *data, size_t size) {
  FILE *file = fopen(path, "wb");
  ck_assert_ptr_nonnull(file);
  ck_assert_uint_eq(fwrite(data, 1, size, file), size);
  ck_assert_int_eq(fclose(file), 0);
}

static inline file_bytes read_bytes(const char *path) {
  struct stat info;
  FILE *file = fopen(path, "rb");
  ck_assert_msg(file != NULL, "%s cannot be opened", path);
  ck_assert_int_eq(fstat(fileno(file), &info), 0);
  file_bytes bytes = {calloc((size_t)info.st_size + 1, 1), (size_t)info.st_size};
  ck_assert_ptr_nonnull(bytes.data);
  ck_assert_uint_eq(fread(bytes.data, 1, bytes.size, file), bytes.size);
  fclose(file);
  return bytes;
}

static inline int same_bytes(const char *left, const char *right) {
  file_bytes a = read_bytes(left), b = read_bytes(right);
  const int same = a.size == b.size && memcmp(a.data, b.data, a.size) == 0;
  free(a.data);
  free(b.data);
  return same;
}

#endif
