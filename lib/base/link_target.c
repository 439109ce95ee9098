/* Follows the symbolic links of a path's last component one by one. realpath() would do so only for
 * links that lead to a file. */
#include "base/link_target.h"

#include "base/atomic_file.h"
#include "base/system.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { MOST_LINKS = 40 }; /* as Linux */

/* Such a link's text may be no name at all ("pipe:[4711]"), or that of a file whose open descriptor
 * matters more than its name: a shell's redirection. */
static lat_status refuse_proc(const char *path) {
  int error;
  if (lati_is_process_link(&error, path)) {
    return lati_fail(LAT_ERROR_IO,
                     "%s: leads to a process's open file, which cannot be replaced; give the "
                     "file's own name",
                     path);
  }
  errno = error;
  return error == 0 ? LAT_OK : lati_fail_errno(path, "look at the link");
}

/* What `text`, which the link at `path` holds, means: relative to the link's folder. */
static lat_status join(char **out, const lat_context *ctx, const char *path, const char *text,
                       size_t length) {
  const char *slash = strrchr(path, '/');
  const size_t folder = text[0] == '/' || slash == NULL ? 0 : (size_t)(slash + 1 - path);
  lat_status status = LATI_NEW(*out, ctx, folder + length + 1);
  if (status == LAT_OK) {
    memcpy(*out, path, folder);
    memcpy(*out + folder, text, length);
  }
  return status;
}

/* Replaces *path by what it leads to; *links stays where it is no link. */
static lat_status follow(char **path, int *links, const lat_context *ctx) {
  lat_status status = LAT_OK;
  char text[PATH_MAX], *next = NULL;
  const ssize_t length = readlink(*path, text, sizeof text);
  if (length < 0) {
    return errno == EINVAL || errno == ENOENT ? LAT_OK : lati_fail_errno(*path, "look at the file");
  }
  LATI_TRY(refuse_proc(*path));
  if (++*links > MOST_LINKS) {
    errno = ELOOP;
    LATI_TRY(lati_fail_errno(*path, "follow the link"));
  }
  LATI_TRY(join(&next, ctx, *path, text, (size_t)length));
  lati_free(*path);
  *path = next;
done:
  return status;
}

lat_status lati_link_target(char **out, const lat_context *ctx, const char *path) {
  lat_status status = LAT_OK;
  char *target = NULL;
  int links = 0, before = 0;
  *out = NULL;
  LATI_TRY(LATI_NEW(target, ctx, strlen(path) + 1));
  memcpy(target, path, strlen(path) + 1);
  do {
    before = links;
    LATI_TRY(follow(&target, &links, ctx));
  } while (links > before);
  *out = target;
  target = NULL;
done:
  lati_free(target);
  return status;
}
