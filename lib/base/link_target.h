/* Where a symbolic link leads. */
#ifndef LATI_LINK_TARGET_H
#define LATI_LINK_TARGET_H

#include "base/alloc.h"

/* The path behind the symbolic links of the last component of `path`, in a block of its own; that
 * of `path` itself where it is no link. It need not exist. IO where links lead in a circle, and for
 * a link of /proc, which leads to a process's open file and not to a name. */
lat_status lati_link_target(char **out, const lat_context *ctx, const char *path);

#endif
