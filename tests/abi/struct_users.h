/* Every public structure that may grow, each with a call that takes or fills it. */
#ifndef LAT_TESTS_STRUCT_USERS_H
#define LAT_TESTS_STRUCT_USERS_H

#include <lat/lat.h>

/* What the calls need besides the structure under test. */
typedef struct world {
  lat_context *ctx;
  lat_tokenizer *tokenizer;
  lat_task *task;
  lat_model *model;
  lat_trainer *trainer;
  lat_solver *solver;
} world;

lat_status world_open(world *w);
void world_close(world *w);

typedef struct struct_user {
  const char *name;
  size_t size;  /* as this program was compiled */
  size_t least; /* bytes that hold the members which `set` fills */
  int output;   /* 1: the library writes it */
  void (*init_sized)(void *structure, size_t size);
  void (*set)(void *structure); /* members that the call needs; NULL: none */
  lat_status (*use)(world *w, void *structure);
} struct_user;

extern const struct_user struct_users[]; /* the last has no name */

#endif
