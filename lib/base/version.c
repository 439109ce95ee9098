#include "base/context_impl.h"
#include "base/text.h"

#include <lat/version.h>
#include <pthread.h>

#define TEXT_OF(value) #value
#define VERSION_TEXT(major, minor, patch) TEXT_OF(major) "." TEXT_OF(minor) "." TEXT_OF(patch)
#define VERSION VERSION_TEXT(LAT_VERSION_MAJOR, LAT_VERSION_MINOR, LAT_VERSION_PATCH)

#ifdef __clang__
#define COMPILER __VERSION__ /* begins with the compiler's name */
#else
#define COMPILER "gcc " __VERSION__
#endif

int32_t lat_version_number(void) {
  return LAT_VERSION_NUMBER;
}

const char *lat_version_string(void) {
  return VERSION;
}

static char build_info[256];
static pthread_once_t build_info_once = PTHREAD_ONCE_INIT;

static void write_build_info(void) {
  lati_format(build_info, sizeof build_info, "lat %s, %s, %s", VERSION, COMPILER,
              lati_gemm_description());
}

const char *lat_build_info(void) {
  pthread_once(&build_info_once, write_build_info);
  return build_info;
}
