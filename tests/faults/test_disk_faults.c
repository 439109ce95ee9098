/* Files that cannot be written: every call that writes one failing, short writes, a full disk, and
 * a loss that is not a number. What was good stays good. */
#include "failing_files.h"
#include "suite.h"
#include "unit/train/small_run.h"

#include <errno.h>
#include <math.h>
#include <sys/mount.h>
#include <sys/resource.h>

static scratch_folder folder;
static char directory[256];
static lat_optimizer_options optimizer;
static lat_trainer_options options;
static small_run run;

static void open_run(void) {
  scratch_open(&folder);
  small_run_optimizer_options(&optimizer, "adam");
  small_run_trainer_options(&options, scratch_file(directory, &folder, "run"));
  options.max_examples = 12;
  options.validate_every = 0;
  options.checkpoint_every = 0;
  small_run_open(&run, 1);
}

static void close_run(void) {
  small_run_close(&run);
  scratch_close(&folder);
}

static void remove_file(const char *name) {
  char path[256];
  unlink(join_path(path, directory, name));
}

/* The model's file and the checkpoint can be read, whichever versions they are. */
static void check_readable(void) {
  char path[256];
  lat_model *model = NULL;
  lat_trainer *trainer = NULL;
  CHECK_OK(lat_model_load(&model, run.ctx, join_path(path, directory, "model.safetensors"), NULL));
  lat_model_free(model);
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  lat_trainer_free(trainer);
  ck_assert_int_eq(scratch_count(directory), 3);
}

/* A checkpoint, the model's file and the log, with the `call`-th call failing. */
static long write_with_fault(long call, int error) {
  lat_trainer *trainer = NULL;
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  failing_files_arm(call, error, 0);
  const lat_status status = lat_trainer_checkpoint(trainer);
  const long calls = failing_files_disarm();
  ck_assert_msg(status == LAT_OK || status == LAT_ERROR_IO, "call %ld: %s: %s", call,
                lat_status_name(status), lat_last_error());
  ck_assert_msg(status == LAT_OK || strstr(lat_last_error(), strerror(error)) != NULL,
                "call %ld: %s", call, lat_last_error());
  ck_assert_int_eq(scratch_count(directory), 3); /* no temporary file stays */
  CHECK_OK(lat_trainer_checkpoint(trainer));
  lat_trainer_free(trainer);
  return calls;
}

START_TEST(every_call_may_fail) {
  static const int errors[] = {ENOSPC, EIO};
  lat_trainer *trainer = NULL;
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
  const long calls = write_with_fault(0, 0);
  ck_assert_int_gt(calls, 20);
  for (long call = 1; call <= calls; ++call) {
    write_with_fault(call, errors[_i]);
    check_readable();
  }
}
END_TEST

/* The link and what it leads to survive every failure. */
START_TEST(every_call_of_a_save_through_a_link_may_fail) {
  char link[256], target[256], whole[256];
  struct stat info;
  CHECK_OK(lat_model_save(run.model, scratch_file(whole, &folder, "whole")));
  scratch_file(target, &folder, "target");
  ck_assert_int_eq(symlink("target", scratch_file(link, &folder, "link")), 0);
  failing_files_arm(0, 0, 0);
  CHECK_OK(lat_model_save(run.model, link));
  const long calls = failing_files_disarm();
  ck_assert_int_gt(calls, 6);
  for (long call = 1; call <= calls; ++call) {
    write_bytes(target, "old", 3);
    failing_files_arm(call, EIO, 0);
    const lat_status status = lat_model_save(run.model, link);
    failing_files_disarm();
    ck_assert(status == LAT_OK || status == LAT_ERROR_IO);
    ck_assert(lstat(link, &info) == 0 && S_ISLNK(info.st_mode));
    ck_assert_int_eq(scratch_count(folder.path), 3);
    ck_assert(stat(target, &info) == 0 && (info.st_size == 3 || same_bytes(target, whole)));
    ck_assert(status != LAT_OK || same_bytes(target, whole));
  }
}
END_TEST

/* Calls `act` with files limited to `bytes`. Nothing is asserted meanwhile: Check writes files,
 * too. */
static lat_status limited(lat_status (*act)(lat_trainer *trainer), lat_trainer *trainer,
                          size_t bytes) {
  struct rlimit before, limit;
  ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = before;
  limit.rlim_cur = bytes;
  setrlimit(RLIMIT_FSIZE, &limit);
  const lat_status status = act(trainer);
  setrlimit(RLIMIT_FSIZE, &before);
  return status;
}

/* No signal comes, which would end the process, and nothing is lost. */
START_TEST(a_limit_on_file_sizes_is_an_error) {
  lat_trainer *trainer = NULL;
  char path[256];
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  CHECK_FAILS(limited(lat_trainer_checkpoint, trainer, 20000), LAT_ERROR_IO,
              "beyond the process's limit on file sizes, 20000 bytes");
  lat_trainer_free(trainer);
  check_readable();
  options.max_examples = 240; /* the log has one line more */
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  file_bytes bytes = read_bytes(join_path(path, directory, "log.jsonl"));
  free(bytes.data);
  CHECK_FAILS(limited(lat_trainer_run, trainer, bytes.size + 10), LAT_ERROR_IO,
              "log.jsonl: cannot write");
  lat_trainer_free(trainer);
  check_readable();
}
END_TEST

START_TEST(short_writes_are_gone_on_with) {
  lat_trainer *trainer = NULL;
  char whole[256], pieces[256];
  CHECK_OK(lat_model_save(run.model, scratch_file(whole, &folder, "whole")));
  failing_files_arm(0, 0, 997);
  CHECK_OK(lat_model_save(run.model, scratch_file(pieces, &folder, "pieces")));
  ck_assert_int_gt(failing_files_disarm(), 20);
  ck_assert(same_bytes(whole, pieces));
  failing_files_arm(0, 0, 13); /* the log's lines too */
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  failing_files_disarm();
  lat_trainer_free(trainer);
  check_readable();
}
END_TEST

/* A write that an interrupt cuts off before its first byte is made again, and so is any other call.
 */
START_TEST(interrupted_writes_are_made_again) {
  char whole[256], again[256];
  CHECK_OK(lat_model_save(run.model, scratch_file(whole, &folder, "whole")));
  for (long call = 1; call < 8; ++call) {
    failing_files_arm(call, EINTR, 0);
    CHECK_OK(lat_model_save(run.model, scratch_file(again, &folder, "again")));
    failing_files_disarm();
    ck_assert(same_bytes(whole, again));
  }
}
END_TEST

/* A file system with room for the model but not for its checkpoint. Only root may mount one. */
START_TEST(a_full_file_system_keeps_the_last_checkpoint) {
  lat_trainer *trainer = NULL;
  char filler[256], zeros[4096] = {0};
  if (mkdir(directory, 0755) != 0 || mount("tmpfs", directory, "tmpfs", 0, "size=1m") != 0) {
    printf("skipped: a small tmpfs cannot be mounted here: %s\n", strerror(errno));
    return;
  }
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  FILE *file = fopen(join_path(filler, directory, "filler"), "wb");
  ck_assert_ptr_nonnull(file);
  while (fwrite(zeros, sizeof zeros, 1, file) == 1 && fflush(file) == 0) {
  }
  fclose(file);
  CHECK_FAILS(lat_trainer_checkpoint(trainer), LAT_ERROR_IO, "No space left on device");
  lat_trainer_free(trainer);
  ck_assert_int_eq(scratch_count(directory), 4);
  remove_file("filler");
  check_readable();
  ck_assert_int_eq(umount(directory), 0);
}
END_TEST

/* A parameter grows beyond what f32 holds: the run stops and its files stay as they were. */
START_TEST(a_loss_that_is_not_finite_stops_the_run) {
  lat_trainer *trainer = NULL;
  float *parameters = NULL;
  char path[256], copy[256];
  CHECK_OK(lat_trainer_create(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
  options.max_examples = 480;
  file_bytes saved = read_bytes(join_path(path, directory, "checkpoint.safetensors"));
  write_bytes(scratch_file(copy, &folder, "copy"), saved.data, saved.size);
  free(saved.data);
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_model_map(&parameters, run.model));
  for (size_t i = 0; i < lat_model_parameter_count(run.model); ++i) {
    parameters[i] = _i == 0 ? 3e38F : parameters[i] * 1e30F;
  }
  CHECK_OK(lat_model_commit(run.model));
  CHECK_FAILS(lat_trainer_run(trainer), LAT_ERROR_NUMERIC, "finite");
  lat_trainer_free(trainer);
  ck_assert(same_bytes(path, copy));
  check_readable();
  CHECK_OK(lat_trainer_resume(&trainer, run.model, &optimizer, &options));
  CHECK_OK(lat_trainer_run(trainer));
  lat_trainer_free(trainer);
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("disk faults");
  tcase_add_checked_fixture(tests, open_run, close_run);
  tcase_add_loop_test(tests, every_call_may_fail, 0, 2);
  tcase_add_test(tests, every_call_of_a_save_through_a_link_may_fail);
  tcase_add_test(tests, a_limit_on_file_sizes_is_an_error);
  tcase_add_test(tests, short_writes_are_gone_on_with);
  tcase_add_test(tests, interrupted_writes_are_made_again);
  tcase_add_test(tests, a_full_file_system_keeps_the_last_checkpoint);
  tcase_add_loop_test(tests, a_loss_that_is_not_finite_stops_the_run, 0, 2);
  return run_case("disk faults", tests);
}
