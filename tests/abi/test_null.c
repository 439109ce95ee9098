/* NULL means the same everywhere: a call that has a status refuses it with ARGUMENT and a message
 * that says so, getters return 0 or NULL, functions without a result do nothing. */
#include "null_world.h"

static null_world shared;

#define INIT_OPTIONS(type) type##_init(&shared.a_##type);

/* Once, before Check forks: making the objects takes most of the time. */
static void open_world(void) {
  scratch_open(&shared.folder);
  fault_host_open(&shared.host, 0);
  fault_world_open(&shared.objects, &shared.host, &shared.folder,
                   WITH_GRADIENTS | WITH_DECODING | WITH_NEW_TRAINER | WITH_FILE);
  FOR_EACH_OPTIONS(INIT_OPTIONS)
  shared.a_lat_evaluate_options.count = 1;
  CHECK_OK(lat_evaluate(&shared.evaluation, shared.objects.frozen, &shared.a_lat_evaluate_options));
}

static void close_world(void) {
  lat_evaluation_free(shared.evaluation);
  fault_world_close(&shared.objects);
  fault_host_close(&shared.host);
  scratch_close(&shared.folder);
}

START_TEST(null_is_handled_alike) {
  if (null_calls[_i].call != NULL) {
    null_calls[_i].call(&shared);
  }
}
END_TEST

int main(void) {
  TCase *tests = tcase_create("null");
  int count = 0;
  while (null_calls[count].function != NULL) {
    ++count;
  }
  tcase_add_unchecked_fixture(tests, open_world, close_world);
  tcase_add_loop_test(tests, null_is_handled_alike, 0, count);
  return count > 0 ? run_case("null", tests) : EXIT_FAILURE;
}
