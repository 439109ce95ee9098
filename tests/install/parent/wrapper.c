/* A library of a user's that is built on lat. */
#include <lat/lat.h>

const char *wrapper_version(void);

const char *wrapper_version(void) {
  return lat_version_string();
}
