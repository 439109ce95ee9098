/* The C library's allocator, counted, and failing on demand: every caller in the process comes
 * through here, jansson, LAPACK and stdio included. Not under sanitizers, which have their own, and
 * by glibc alone, whose functions are called by other names. */
#ifndef LAT_TESTS_FAILING_MALLOC_H
#define LAT_TESTS_FAILING_MALLOC_H

#include <stdlib.h>

#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define FAILING_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define FAILING_MALLOC 0
#endif
#endif
#ifndef FAILING_MALLOC
#define FAILING_MALLOC 1
#endif

/* From now on the calling thread's `call`-th allocation fails, once; 0: none, and the stack of
 * calls that leads to each allocation is recorded. */
void failing_malloc_arm(long call);
/* Makes all succeed again. Returns how many were asked for since arming. */
long failing_malloc_disarm(void);
/* How many blocks asked for while armed have not been freed since. */
long failing_malloc_live(void);
/* Whether the `call`-th allocation recorded came by a stack that two earlier ones and a later one
 * came by as well, so that its failure shows what theirs show. */
int failing_malloc_repeated(long call);

#endif
