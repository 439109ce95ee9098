/* Containers are often given a share of the processors instead of some of them: cpu.max of the
 * process's control group and of those above it (cgroup v2), or cpu.cfs_quota_us (v1). More threads
 * than that would be stopped in turns by the kernel. */
#include "base/processors.h"

#include "base/system.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_SIZE = 1024, TEXT_SIZE = 1024 };

static const char groups[] = "/sys/fs/cgroup";

/* The file's beginning; 0 when it cannot be read. */
static int read_text(char text[TEXT_SIZE], const char *path) {
  const int descriptor = open(path, O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return 0;
  }
  const ssize_t got = read(descriptor, text, TEXT_SIZE - 1);
  close(descriptor);
  text[got > 0 ? got : 0] = '\0';
  return got > 0;
}

int32_t lati_quota_processors(const char *text) {
  char *end = NULL;
  const long long quota = strtoll(text, &end, 10);
  if (end == text || quota <= 0) {
    return 0; /* "max", or -1 */
  }
  const long long period = strtoll(end, NULL, 10);
  const long long count = period > 0 ? (quota - 1) / period + 1 : 0;
  return count > INT32_MAX ? 0 : (int32_t)count;
}

static int32_t smaller(int32_t limit, int32_t quota) {
  return quota > 0 && (limit == 0 || quota < limit) ? quota : limit;
}

/* The group's path: what is behind "0::" in /proc/self/cgroup; "" at the top, or where v1 is used.
 */
static void find_group(char group[PATH_SIZE]) {
  char text[TEXT_SIZE];
  group[0] = '\0';
  if (!read_text(text, "/proc/self/cgroup")) {
    return;
  }
  const char *found = strncmp(text, "0::/", 4) == 0 ? text : strstr(text, "\n0::/");
  if (found != NULL) {
    found = strchr(found, '/');
    lati_format(group, PATH_SIZE, "%.*s", (int)strcspn(found, "\n"), found);
  }
}

/* Of the group and all above it. */
static int32_t quota_v2(void) {
  char group[PATH_SIZE], path[PATH_SIZE + 64], text[TEXT_SIZE];
  int32_t limit = 0;
  find_group(group);
  for (char *slash = group + strlen(group); slash != NULL; slash = strrchr(group, '/')) {
    *slash = '\0';
    lati_format(path, sizeof path, "%s%s/cpu.max", groups, group);
    if (read_text(text, path)) {
      limit = smaller(limit, lati_quota_processors(text));
    }
  }
  return limit;
}

static int32_t quota_v1(void) {
  char path[PATH_SIZE], text[2 * TEXT_SIZE], period[TEXT_SIZE];
  lati_format(path, sizeof path, "%s/cpu/cpu.cfs_quota_us", groups);
  if (!read_text(text, path)) {
    return 0;
  }
  lati_format(path, sizeof path, "%s/cpu/cpu.cfs_period_us", groups);
  if (!read_text(period, path)) {
    return 0;
  }
  const size_t length = strcspn(text, "\n");
  lati_format(text + length, sizeof text - length, " %s", period);
  return lati_quota_processors(text);
}

int32_t lati_available_processors(void) {
  return smaller(smaller(lati_own_processors(), quota_v2()), quota_v1());
}
