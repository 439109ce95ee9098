/* A program that uses every structure that may grow. Built with the headers of one version and run
 * with the library of another:
 *   growth_program            sets what it must; all is taken
 *   growth_program accepted   sets the last member of all options as well, and that is taken
 *   growth_program refused    likewise, and that is refused */
#include "struct_users.h"

#include <stdio.h>
#include <string.h>

enum { ROOM = 1024 };

static lat_status use(world *w, const struct_user *user, int set_last) {
  static _Alignas(16) unsigned char memory[ROOM];
  const int64_t last = 1;
  memset(memory, 0xA5, ROOM);
  user->init_sized(memory, user->size);
  if (user->set != NULL) {
    user->set(memory);
  }
  if (set_last) {
    memcpy(memory + user->size - sizeof last, &last, sizeof last);
  }
  return user->use(w, memory);
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "";
  const lat_status expected = strcmp(how, "refused") == 0 ? LAT_ERROR_ARGUMENT : LAT_OK;
  int failed = 0;
  world w;
  if (world_open(&w) != LAT_OK) {
    fprintf(stderr, "%s\n", lat_last_error());
    return 1;
  }
  for (const struct_user *user = struct_users; user->name != NULL; ++user) {
    const int set_last = how[0] != '\0' && !user->output;
    const lat_status status = use(&w, user, set_last);
    if (status != (set_last ? expected : LAT_OK)) {
      fprintf(stderr, "%s: %s: %s\n", user->name, lat_status_name(status), lat_last_error());
      failed = 1;
    }
  }
  world_close(&w);
  return failed;
}
