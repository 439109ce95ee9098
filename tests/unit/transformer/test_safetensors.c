#include "base/context_impl.h"
#include "counting_allocator.h"
#include "scratch_folder.h"
#include "suite.h"
#include "transformer/safetensors.h"

#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>

static const float vector_data[3] = {1.5F, -2, 3};
static const float matrix_data[4] = {1, 2, 3, 4};

static const lati_tensor_view two_tensors[2] = {
    {.name = "vector", .rank = 1, .shape = {3, 1}, .data = vector_data},
    {.name = "matrix", .rank = 2, .shape = {2, 2}, .data = matrix_data}};

/* Both by IEEE 754, the lowest byte first, on every machine. */
static const unsigned char two_data[28] = {0,    0,    0xC0, 0x3F, 0,    0,    0,    0xC0, 0, 0,
                                           0x40, 0x40, 0,    0,    0x80, 0x3F, 0,    0,    0, 0x40,
                                           0,    0,    0x40, 0x40, 0,    0,    0x80, 0x40};

static scratch_folder folder;
static char path[256];

static void open_folder(void) {
  scratch_open(&folder);
  scratch_file(path, &folder, "file.safetensors");
}

static void close_folder(void) {
  scratch_close(&folder);
}

static json_t *metadata_of(const char *key, const char *value) {
  json_t *metadata = json_pack("{s:s}", key, value);
  ck_assert_ptr_nonnull(metadata);
  return metadata;
}

static lat_status write_two(const char *to, const char *value) {
  json_t *metadata = metadata_of("key", value);
  lat_status status = lati_safetensors_write(NULL, to, two_tensors, 2, metadata);
  json_decref(metadata);
  return status;
}

START_TEST(a_file_has_the_bytes_of_the_format) {
  const char header[] = "{\"__metadata__\":{\"key\":\"value\"},"
                        "\"vector\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,12]},"
                        "\"matrix\":{\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":[12,28]}}";
  const size_t length = sizeof header - 1, padded = (length + 7) / 8 * 8;
  ck_assert_int_eq(write_two(path, "value"), LAT_OK);
  file_bytes bytes = read_bytes(path);
  ck_assert_uint_eq(bytes.size, 8 + padded + 28);
  ck_assert_uint_eq((unsigned char)bytes.data[0], padded);
  for (int i = 1; i < 8; ++i) {
    ck_assert_int_eq(bytes.data[i], 0);
  }
  ck_assert_mem_eq(bytes.data + 8, header, length);
  for (size_t i = length; i < padded; ++i) {
    ck_assert_int_eq(bytes.data[8 + i], ' ');
  }
  ck_assert_mem_eq(bytes.data + 8 + padded, two_data, sizeof two_data);
  free(bytes.data);
}
END_TEST

START_TEST(what_was_written_is_read) {
  lati_safetensors *file = NULL;
  float vector[3] = {0}, matrix[4] = {0};
  ck_assert_int_eq(write_two(path, "a\"b\\c\xC3\xA9"), LAT_OK);
  ck_assert_int_eq(lati_safetensors_open(&file, NULL, path), LAT_OK);
  ck_assert_int_eq(lati_safetensors_count(file), 2);
  ck_assert_str_eq(lati_safetensors_metadata(file, "key"), "a\"b\\c\xC3\xA9");
  ck_assert_ptr_null(lati_safetensors_metadata(file, "other"));
  for (int i = 0; i < 2; ++i) {
    float *data = i == 0 ? vector : matrix;
    const lati_tensor_view *view = &two_tensors[i];
    ck_assert_int_eq(lati_safetensors_read(NULL, file, view->name, view->rank, view->shape),
                     LAT_OK);
    ck_assert_int_eq(lati_safetensors_read(data, file, view->name, view->rank, view->shape),
                     LAT_OK);
  }
  ck_assert_mem_eq(vector, vector_data, sizeof vector);
  ck_assert_mem_eq(matrix, matrix_data, sizeof matrix);
  lati_safetensors_close(file);
  lati_safetensors_close(NULL);
}
END_TEST

/* Longer than the block that is converted at once; the numbers are whole in either type. */
static void check_two_bytes(lati_storage storage, const char *dtype) {
  enum { COUNT = 5003 };
  static float data[COUNT], back[COUNT];
  char expected[80];
  lati_safetensors *file = NULL;
  for (int i = 0; i < COUNT; ++i) {
    data[i] = (float)(i % 256) - 128;
  }
  const lati_tensor_view views[2] = {
      {.name = "half", .rank = 1, .shape = {COUNT, 1}, .data = data, .storage = storage},
      two_tensors[1]};
  ck_assert_int_eq(lati_safetensors_write(NULL, path, views, 2, NULL), LAT_OK);
  file_bytes bytes = read_bytes(path);
  snprintf(expected, sizeof expected,
           "\"dtype\":\"%s\",\"shape\":[5003],\"data_offsets\":[0,10006]", dtype);
  ck_assert_ptr_nonnull(strstr(bytes.data + 8, expected));
  ck_assert_ptr_nonnull(strstr(bytes.data + 8, "\"data_offsets\":[10006,10022]"));
  free(bytes.data);
  ck_assert_int_eq(lati_safetensors_open(&file, NULL, path), LAT_OK);
  ck_assert_int_eq(lati_safetensors_read(back, file, "half", 1, views[0].shape), LAT_OK);
  ck_assert_mem_eq(back, data, sizeof data);
  ck_assert_int_eq(lati_safetensors_read(back, file, "matrix", 2, views[1].shape), LAT_OK);
  ck_assert_mem_eq(back, matrix_data, sizeof matrix_data);
  lati_safetensors_close(file);
}

/* 1.5 and -2 in either type. */
START_TEST(two_byte_types_have_the_lowest_byte_first) {
  static const unsigned char expected[2][4] = {{0xC0, 0x3F, 0, 0xC0}, {0, 0x3E, 0, 0xC0}};
  for (int i = 0; i < 2; ++i) {
    const lati_tensor_view view = {.name = "half",
                                   .rank = 1,
                                   .shape = {2, 1},
                                   .data = vector_data,
                                   .storage = i == 0 ? LATI_STORAGE_BF16 : LATI_STORAGE_F16};
    ck_assert_int_eq(lati_safetensors_write(NULL, path, &view, 1, NULL), LAT_OK);
    file_bytes bytes = read_bytes(path);
    ck_assert_mem_eq(bytes.data + bytes.size - 4, expected[i], 4);
    free(bytes.data);
  }
}
END_TEST

START_TEST(two_byte_types_are_written_and_read) {
  check_two_bytes(LATI_STORAGE_BF16, "BF16");
  check_two_bytes(LATI_STORAGE_F16, "F16");
}
END_TEST

/* A file with a vector `v` of doubles, opened. */
static lati_safetensors *open_doubles(const double *values, int count) {
  static char whole[200 + 8 * 1025];
  lati_safetensors *file = NULL;
  memset(whole, 0, sizeof whole);
  whole[0] =
      (char)sprintf(whole + 8, "{\"v\":{\"dtype\":\"F64\",\"shape\":[%d],\"data_offsets\":[0,%d]}}",
                    count, 8 * count);
  const size_t start = 8 + (size_t)whole[0];
  memcpy(whole + start, values, sizeof *values * (size_t)count);
  lati_file_order(whole + start, (size_t)count, sizeof *values);
  write_bytes(path, whole, start + sizeof *values * (size_t)count);
  ck_assert_int_eq(lati_safetensors_open(&file, NULL, path), LAT_OK);
  return file;
}

START_TEST(f64_is_read_and_rounded) {
  enum { COUNT = 1025 };
  static double data[COUNT];
  static float back[COUNT];
  const int64_t shape[2] = {COUNT, 1};
  for (int i = 0; i < COUNT; ++i) {
    data[i] = i / 3.0;
  }
  lati_safetensors *file = open_doubles(data, COUNT);
  ck_assert_int_eq(lati_safetensors_read(back, file, "v", 1, shape), LAT_OK);
  for (int i = 0; i < COUNT; ++i) {
    ck_assert(back[i] == (float)data[i]);
  }
  lati_safetensors_close(file);
  data[COUNT - 2] = -1e39;
  file = open_doubles(data, COUNT);
  ck_assert_int_eq(lati_safetensors_read(back, file, "v", 1, shape), LAT_ERROR_FORMAT);
  ck_assert_ptr_nonnull(
      strstr(lat_last_error(), "tensor v: element 1023 is -1e+39, which f32 does not hold"));
  lati_safetensors_close(file);
}
END_TEST

static void check_not_written(lati_storage storage, float last, const char *message) {
  const float bad[3] = {1, 2, last};
  lati_tensor_view view = {
      .name = "v", .rank = 1, .shape = {3, 1}, .data = bad, .storage = storage};
  ck_assert_int_eq(write_two(path, "old"), LAT_OK);
  file_bytes old = read_bytes(path);
  ck_assert_int_eq(lati_safetensors_write(NULL, path, &view, 1, NULL), LAT_ERROR_NUMERIC);
  ck_assert_str_eq(lat_last_error(), message);
  file_bytes now = read_bytes(path);
  ck_assert_uint_eq(now.size, old.size);
  ck_assert_mem_eq(now.data, old.data, old.size);
  ck_assert_int_eq(scratch_count(folder.path), 1);
  free(now.data);
  free(old.data);
}

START_TEST(what_two_bytes_do_not_hold_is_not_written) {
  check_not_written(LATI_STORAGE_BF16, 3.4e38F,
                    "v: element 2 is 3.4e+38, which bf16 does not hold");
  check_not_written(LATI_STORAGE_F16, -65520, "v: element 2 is -65520, which f16 does not hold");
}
END_TEST

START_TEST(a_wrong_name_or_shape_is_refused) {
  lati_safetensors *file = NULL;
  float data[16];
  const int64_t wrong[2] = {4, 1}, right[2] = {2, 2};
  ck_assert_int_eq(write_two(path, "value"), LAT_OK);
  ck_assert_int_eq(lati_safetensors_open(&file, NULL, path), LAT_OK);
  ck_assert_int_eq(lati_safetensors_read(data, file, "nothing", 2, right), LAT_ERROR_FORMAT);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "there is no tensor nothing"));
  ck_assert_int_eq(lati_safetensors_read(data, file, "matrix", 1, wrong), LAT_ERROR_FORMAT);
  ck_assert_ptr_nonnull(
      strstr(lat_last_error(), "matrix: shape 2 x 2 of rank 2, expected 4 x 1 of rank 1"));
  ck_assert_ptr_nonnull(strstr(lat_last_error(), path));
  lati_safetensors_close(file);
}
END_TEST

/* Header texts that must be refused; each is followed by 16 bytes of data unless said. */
typedef struct hostile_header {
  const char *text, *message;
} hostile_header;

#define TENSOR(name, shape, offsets)                                                               \
  "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static const hostile_header hostile[] = {
    {"[]", "does not begin with '{'"},
    {" {}", "does not begin with '{'"},
    {"{", "header: byte 1: expected a string"},
    {"{}x", "header: byte 2: expected the end"},
    {"{\"a\":1,}", "header: byte 7: expected a string"},
    {"{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}", "header: byte 20: more than 16 levels"},
    {"{\"\xFF\":{}}", "header: byte 2: not UTF-8"},
    {"{" TENSOR("a", "[4]", "[0,16]") "," TENSOR("a", "[4]", "[0,16]") "}", "duplicate"},
    {"{" TENSOR("a", "[4]", "[0,16]") "," TENSOR("\\u0061", "[4]", "[0,16]") "}", "duplicate"},
    {"{" TENSOR("a\\u0000b", "[4]", "[0,16]") "}", "header: byte "},
    {"{" TENSOR("a\\nb", "[4]", "[0,16]") "}", "control characters"},
    {"{" TENSOR("", "[4]", "[0,16]") "}", "name is empty"},
    {"{\"__metadata__\":[]}", "__metadata__ is not an object"},
    {"{\"__metadata__\":{\"k\":1}}", "k is not a string"},
    {"{\"a\":7}", "tensor a: not an object"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4]}}", "tensor a: not an object"},
    {"{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"offsets\":[0,16]}}", "data_offsets"},
    {"{\"a\":{\"dtype\":\"F8\",\"shape\":[2],\"data_offsets\":[0,16]}}", "dtype is none of F32"},
    {"{\"a\":{\"dtype\":\"BF16\",\"shape\":[4],\"data_offsets\":[0,16]}}", "do not fit the shape"},
    {"{\"a\":{\"dtype\":\"F16\",\"shape\":[16],\"data_offsets\":[0,16]}}", "do not fit the shape"},
    {"{\"a\":{\"dtype\":32,\"shape\":[4],\"data_offsets\":[0,16]}}", "not an object of dtype"},
    {"{" TENSOR("a", "[]", "[0,4]") "}", "shape is not"},
    {"{" TENSOR("a", "[1,2,2]", "[0,16]") "}", "shape is not"},
    {"{" TENSOR("a", "[0]", "[0,0]") "}", "shape is not"},
    {"{" TENSOR("a", "[-4]", "[0,16]") "}", "shape is not"},
    {"{" TENSOR("a", "[4.0]", "[0,16]") "}", "shape is not"},
    {"{" TENSOR("a", "4", "[0,16]") "}", "shape is not"},
    {"{" TENSOR("a", "[99999999999999999999]", "[0,16]") "}", "header: byte "},
    {"{" TENSOR("a", "[4611686018427387904,4]", "[0,16]") "}", "do not fit the shape"},
    {"{" TENSOR("a", "[3]", "[0,16]") "}", "do not fit the shape"},
    {"{" TENSOR("a", "[4]", "[0]") "}", "data_offsets are not 2 integers"},
    {"{" TENSOR("a", "[4]", "[-16,0]") "}", "data_offsets are not 2 integers"},
    {"{" TENSOR("a", "[4]", "[0,16,32]") "}", "data_offsets are not 2 integers"},
    {"{" TENSOR("a", "[4]", "[16,0]") "}", "not ascending and within the file"},
    {"{" TENSOR("a", "[4]", "[4,20]") "}", "not ascending and within the file"},
    {"{" TENSOR("a", "[4]", "[9223372036854775807,9223372036854775807]") "}", "within the file"},
    {"{" TENSOR("a", "[2]", "[8,16]") "}", "hole before"},
    {"{" TENSOR("a", "[2]", "[0,8]") "}", "8 bytes follow the last tensor"},
    {"{}", "16 bytes follow the last tensor"},
    {"{" TENSOR("a", "[2]", "[0,8]") "," TENSOR("b", "[3]", "[4,16]") "}", "overlap"},
    {"{" TENSOR("a", "[4]", "[0,16]") "," TENSOR("b", "[4]", "[0,16]") "}", "overlap"}};

static void write_raw(uint64_t length, const char *header, size_t size, size_t data) {
  static const char zeros[64] = {0};
  FILE *file = fopen(path, "wb");
  ck_assert_ptr_nonnull(file);
  lati_file_order(&length, 1, sizeof length);
  fwrite(&length, sizeof length, 1, file);
  fwrite(header, 1, size, file);
  fwrite(zeros, 1, data, file);
  ck_assert_int_eq(fclose(file), 0);
}

static void expect_refusal(lat_status status, const char *message) {
  lati_safetensors *file = (lati_safetensors *)(uintptr_t)1;
  ck_assert_int_eq(lati_safetensors_open(&file, NULL, path), status);
  ck_assert_ptr_null(file);
  ck_assert_msg(strstr(lat_last_error(), message) != NULL, "\"%s\" lacks \"%s\"", lat_last_error(),
                message);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), path));
}

START_TEST(hostile_headers_are_refused) {
  for (size_t i = 0; i < sizeof hostile / sizeof *hostile; ++i) {
    const size_t length = strlen(hostile[i].text);
    write_raw(length, hostile[i].text, length, 16);
    expect_refusal(LAT_ERROR_FORMAT, hostile[i].message);
  }
}
END_TEST

START_TEST(hostile_lengths_are_refused) {
  write_bytes(path, "", 0);
  expect_refusal(LAT_ERROR_FORMAT, "0 bytes are too few");
  write_bytes(path, "\2\0\0\0\0\0\0", 7);
  expect_refusal(LAT_ERROR_FORMAT, "7 bytes are too few");
  write_raw(UINT64_MAX, "{}", 2, 0);
  expect_refusal(LAT_ERROR_FORMAT, "header length 18446744073709551615");
  write_raw(100000001, "{}", 2, 0);
  expect_refusal(LAT_ERROR_FORMAT, "limit of 100000000");
  write_raw(3, "{}", 2, 0);
  expect_refusal(LAT_ERROR_FORMAT, "header length 3");
  write_raw(0, "", 0, 0);
  expect_refusal(LAT_ERROR_FORMAT, "does not begin");
}
END_TEST

/* What is found in a model's place is named for what it is not. */
START_TEST(other_files_are_not_safetensors) {
  static const struct {
    const char *text, *message;
  } others[] = {
      {"version https://git-lfs.github.com/spec/v1\noid sha256:0a1b\nsize 4711\n",
       "not a safetensors file: it is a pointer of git-lfs to one, which 'git lfs pull' fetches"},
      {"<!DOCTYPE html><html><body>404</body></html>", "not a safetensors file"},
      {"PK\3\4 a pickle in an archive", "not a safetensors file"},
      {"GGUF\3 and then numbers", "not a safetensors file"},
      {"short", "not a safetensors file"},
      {"int f() {\n", "not a safetensors file"},
      {"12345678", "not a safetensors file"}};
  for (size_t i = 0; i < sizeof others / sizeof *others; ++i) {
    write_bytes(path, others[i].text, strlen(others[i].text));
    expect_refusal(LAT_ERROR_FORMAT, others[i].message);
  }
}
END_TEST

/* Two million small values would take a hundred times the header's memory once parsed. */
START_TEST(a_header_of_countless_values_is_refused) {
  const size_t size = 4000000;
  char *header = malloc(size);
  ck_assert_ptr_nonnull(header);
  memset(header, ',', size);
  memcpy(header, "{\"a\":[", 6);
  for (size_t i = 6; i < size; i += 2) {
    header[i] = '0';
  }
  write_raw(size, header, size, 0);
  free(header);
  expect_refusal(LAT_ERROR_FORMAT, "more than 1000000 values");
}
END_TEST

START_TEST(no_truncation_opens_and_no_flipped_byte_harms) {
  ck_assert_int_eq(write_two(path, "value"), LAT_OK);
  file_bytes bytes = read_bytes(path);
  for (size_t size = 0; size < bytes.size; ++size) {
    write_bytes(path, bytes.data, size);
    expect_refusal(LAT_ERROR_FORMAT, path);
  }
  for (size_t at = 0; at < bytes.size; ++at) {
    lati_safetensors *file = NULL;
    bytes.data[at] = (char)(bytes.data[at] ^ (1 << at % 8));
    write_bytes(path, bytes.data, bytes.size);
    const lat_status status = lati_safetensors_open(&file, NULL, path);
    ck_assert(status == LAT_OK || status == LAT_ERROR_FORMAT);
    lati_safetensors_close(file);
    bytes.data[at] = (char)(bytes.data[at] ^ (1 << at % 8));
  }
  free(bytes.data);
}
END_TEST

START_TEST(what_is_no_file_is_refused) {
  lati_safetensors *file = NULL;
  ck_assert_int_eq(lati_safetensors_open(&file, NULL, folder.path), LAT_ERROR_IO);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "not a regular file"));
  ck_assert_int_eq(lati_safetensors_open(&file, NULL, path), LAT_ERROR_IO);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "No such file"));
  ck_assert_int_eq(mkfifo(path, 0600), 0);
  ck_assert_int_eq(lati_safetensors_open(&file, NULL, path), LAT_ERROR_IO);
}
END_TEST

START_TEST(a_file_that_shrinks_while_open_is_an_error) {
  lati_safetensors *file = NULL;
  float matrix[4];
  ck_assert_int_eq(write_two(path, "value"), LAT_OK);
  ck_assert_int_eq(lati_safetensors_open(&file, NULL, path), LAT_OK);
  file_bytes bytes = read_bytes(path);
  ck_assert_int_eq(truncate(path, (off_t)bytes.size - 4), 0);
  ck_assert_int_eq(lati_safetensors_read(matrix, file, "matrix", 2, two_tensors[1].shape),
                   LAT_ERROR_IO);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "4 bytes early"));
  free(bytes.data);
  lati_safetensors_close(file);
}
END_TEST

START_TEST(bad_tensors_are_not_written) {
  lati_tensor_view bad[2] = {two_tensors[0], two_tensors[0]};
  ck_assert_int_eq(lati_safetensors_write(NULL, path, bad, 2, NULL), LAT_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "the name is taken"));
  bad[0].rank = 3;
  ck_assert_int_eq(lati_safetensors_write(NULL, path, bad, 1, NULL), LAT_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "rank 3 is outside 1..2"));
  bad[0].rank = 2;
  bad[0].shape[1] = 0;
  ck_assert_int_eq(lati_safetensors_write(NULL, path, bad, 1, NULL), LAT_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "dimension 0"));
  ck_assert_int_eq(scratch_count(folder.path), 0);
}
END_TEST

/* Writes "new" over "old" in a situation where it cannot: the old file stays, nothing else does. */
static void expect_old_file(const file_bytes *old) {
  ck_assert_int_eq(write_two(path, "new"), LAT_ERROR_IO);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), path));
  file_bytes now = read_bytes(path);
  ck_assert_uint_eq(now.size, old->size);
  ck_assert_mem_eq(now.data, old->data, old->size);
  free(now.data);
  ck_assert_int_eq(scratch_count(folder.path), 1);
}

START_TEST(a_full_disk_leaves_the_old_file) {
  struct rlimit before, small = {0, 0};
  ck_assert_int_eq(write_two(path, "old"), LAT_OK);
  file_bytes old = read_bytes(path);
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  for (rlim_t limit = 0; limit < old.size; limit += 9) {
    small = (struct rlimit){limit, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    expect_old_file(&old);
  }
  ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0);
  signal(SIGXFSZ, handler);
  ck_assert_int_eq(write_two(path, "new"), LAT_OK);
  free(old.data);
}
END_TEST

START_TEST(a_folder_without_permission_leaves_the_old_file) {
  ck_assert_int_eq(write_two(path, "old"), LAT_OK);
  file_bytes old = read_bytes(path);
  const uid_t user = geteuid();
  ck_assert_int_eq(chmod(folder.path, 0555), 0);
  if (user == 0) {
    ck_assert_int_eq(seteuid(65534), 0); /* root may write anywhere */
  }
  expect_old_file(&old);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "Permission denied"));
  ck_assert_int_eq(seteuid(user), 0);
  ck_assert_int_eq(chmod(folder.path, 0755), 0);
  free(old.data);
}
END_TEST

START_TEST(only_regular_files_are_replaced) {
  char pipe_path[512]; /* not a device of the host's: a defect here would replace it */
  snprintf(pipe_path, sizeof pipe_path, "%s/pipe", folder.path);
  ck_assert_int_eq(mkfifo(pipe_path, 0600), 0);
  ck_assert_int_eq(write_two(pipe_path, "value"), LAT_ERROR_IO);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "/pipe: exists and is not a regular file"));
  ck_assert_int_eq(write_two(folder.path, "value"), LAT_ERROR_IO);
  ck_assert_int_eq(write_two("/tmp/lat-no-such-folder/file", "value"), LAT_ERROR_IO);
  ck_assert_ptr_nonnull(strstr(lat_last_error(), "No such file"));
}
END_TEST

START_TEST(a_replaced_file_keeps_its_permissions) {
  struct stat info;
  ck_assert_int_eq(write_two(path, "old"), LAT_OK);
  ck_assert_int_eq(chmod(path, 0640), 0);
  ck_assert_int_eq(write_two(path, "new"), LAT_OK);
  ck_assert_int_eq(stat(path, &info), 0);
  ck_assert_int_eq(info.st_mode & 0777, 0640);
}
END_TEST

START_TEST(a_bare_name_is_written_to_the_current_folder) {
  char before[4096];
  ck_assert_ptr_nonnull(getcwd(before, sizeof before));
  ck_assert_int_eq(chdir(folder.path), 0);
  ck_assert_int_eq(write_two("file.safetensors", "value"), LAT_OK);
  ck_assert_int_eq(chdir(before), 0);
  ck_assert_int_eq(access(path, R_OK), 0);
}
END_TEST

START_TEST(every_allocation_may_fail) {
  lat_status status = LAT_ERROR_MEMORY;
  for (long fail = 1; status != LAT_OK; ++fail) {
    counting_allocator allocator = {.fail_at = fail};
    const lat_context ctx = {.options = {.allocate = counting_allocate,
                                         .release = counting_release,
                                         .allocate_user = &allocator}};
    lati_safetensors *file = NULL;
    status = lati_safetensors_write(&ctx, path, two_tensors, 2, NULL);
    if (status == LAT_OK) {
      status = lati_safetensors_open(&file, &ctx, path);
    }
    ck_assert(status == LAT_OK || status == LAT_ERROR_MEMORY);
    ck_assert_int_eq(status == LAT_OK, file != NULL);
    lati_safetensors_close(file);
    ck_assert_int_eq(allocator.live, 0);
    ck_assert_int_lt(fail, 100);
  }
}
END_TEST

int main(void) {
  const TTest *const tests[] = {a_file_has_the_bytes_of_the_format,
                                what_was_written_is_read,
                                two_byte_types_have_the_lowest_byte_first,
                                two_byte_types_are_written_and_read,
                                f64_is_read_and_rounded,
                                what_two_bytes_do_not_hold_is_not_written,
                                a_wrong_name_or_shape_is_refused,
                                hostile_headers_are_refused,
                                hostile_lengths_are_refused,
                                other_files_are_not_safetensors,
                                a_header_of_countless_values_is_refused,
                                no_truncation_opens_and_no_flipped_byte_harms,
                                what_is_no_file_is_refused,
                                a_file_that_shrinks_while_open_is_an_error,
                                bad_tensors_are_not_written,
                                a_full_disk_leaves_the_old_file,
                                a_folder_without_permission_leaves_the_old_file,
                                only_regular_files_are_replaced,
                                a_replaced_file_keeps_its_permissions,
                                a_bare_name_is_written_to_the_current_folder,
                                every_allocation_may_fail};
  Suite *suite = suite_create("safetensors");
  TCase *files = tcase_create("files");
  tcase_add_checked_fixture(files, open_folder, close_folder);
  for (size_t i = 0; i < sizeof tests / sizeof *tests; ++i) {
    tcase_add_test(files, tests[i]);
  }
  suite_add_tcase(suite, files);
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_NORMAL);
  const int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
