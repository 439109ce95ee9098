/* Models as bytes in memory, and sums of losses added up. */
#include "model_fixture.h"
#include "scratch_folder.h"

START_TEST(memory_holds_what_a_file_does) {
  static const char *const storages[] = {NULL, "bf16", "f16"};
  model_fixture f;
  scratch_folder folder;
  char path[256];
  scratch_open(&folder);
  scratch_file(path, &folder, "model.safetensors");
  model_fixture_open(&f, &(model_plan){0});
  for (int i = 0; i < 3; ++i) {
    size_t size = 0, again = 0;
    lat_model *loaded = NULL, *same = NULL;
    must(lat_model_save_as(f.model, path, storages[i]));
    file_bytes file = read_bytes(path);
    must(lat_model_save_memory(&size, f.model, NULL, 0, storages[i]));
    ck_assert_uint_eq(size, file.size);
    char *bytes = calloc(size + 1, 1);
    ck_assert_int_eq(lat_model_save_memory(&again, f.model, bytes, size - 1, storages[i]),
                     LAT_ERROR_LIMIT);
    ck_assert_uint_eq(again, size);
    ck_assert_int_eq(bytes[0], 0);
    must(lat_model_save_memory(&again, f.model, bytes, size, storages[i]));
    ck_assert_mem_eq(bytes, file.data, size);
    must(lat_model_load(&same, f.ctx, path, NULL));
    must(lat_model_load_memory(&loaded, f.ctx, bytes, size, NULL));
    memset(bytes, 0, size);
    ck_assert_str_eq(lat_model_config(loaded), lat_model_config(same));
    ck_assert_mem_eq(lat_model_parameters(loaded), lat_model_parameters(same),
                     lat_model_parameter_count(same) * sizeof(float));
    lat_model_free(same);
    lat_model_free(loaded);
    free(bytes);
    free(file.data);
  }
  model_fixture_close(&f);
  scratch_close(&folder);
}
END_TEST

START_TEST(wrong_bytes_are_refused) {
  model_fixture f;
  lat_model *loaded = NULL;
  size_t size = 0;
  model_fixture_open(&f, &(model_plan){0});
  must(lat_model_save_memory(&size, f.model, NULL, 0, NULL));
  char *bytes = calloc(size, 1);
  must(lat_model_save_memory(&size, f.model, bytes, size, NULL));
  for (size_t cut = 0; cut < size; cut += cut < 64 ? 1 : 997) {
    char *exact = calloc(cut + 1, 1); /* so that a sanitizer sees a read beyond */
    memcpy(exact, bytes, cut);
    ck_assert_int_eq(lat_model_load_memory(&loaded, f.ctx, exact, cut, NULL), LAT_ERROR_FORMAT);
    ck_assert_ptr_null(loaded);
    free(exact);
  }
  must_fail(LAT_ERROR_FORMAT, lat_model_load_memory(&loaded, f.ctx, "1 2\n3 4\n", 8, NULL),
            "memory: not a safetensors file, or one cut short: header length 735248042754711601 "
            "exceeds the limit of 100000000 or the file's 8 bytes");
  free(bytes);
  model_fixture_close(&f);
}
END_TEST

START_TEST(sums_of_losses_add_up) {
  model_fixture f;
  lat_loss_sum sum, once;
  lat_loss_sum_init(&sum);
  lat_loss_sum_init(&once);
  model_fixture_open(&f, &(model_plan){0});
  must(lat_model_loss(&once, f.model, f.batch));
  must(lat_loss_sum_add(&sum, &once));
  must(lat_loss_sum_add(&sum, &once));
  ck_assert(sum.loss == 2 * once.loss);
  ck_assert_int_eq(sum.tokens, 2 * once.tokens);
  ck_assert_int_eq(sum.correct_tokens, 2 * once.correct_tokens);
  ck_assert_int_eq(sum.examples, 6);
  ck_assert_int_eq(sum.correct_examples, 2 * once.correct_examples);
  once.struct_size = 0;
  ck_assert_int_eq(lat_loss_sum_add(&sum, &once), LAT_ERROR_ARGUMENT);
  ck_assert_int_eq(sum.examples, 6);
  model_fixture_close(&f);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {memory_holds_what_a_file_does, wrong_bytes_are_refused,
                                sums_of_losses_add_up, NULL};
  return run_suite("model_memory", tests);
}
