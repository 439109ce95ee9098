/* The calls by which the library writes files, counted, and failing on demand. Linked in by
 * --wrap, so only the library's and the test's own calls come through here. */
#ifndef LAT_TESTS_FAILING_FILES_H
#define LAT_TESTS_FAILING_FILES_H

/* From now on the `call`-th of open, write, fsync, close, rename fails once with `error` (0: none
 * fails), and a write takes at most `most` bytes (0: all). */
void failing_files_arm(long call, int error, long most);
/* Makes all work again. Returns how many calls there were since arming. */
long failing_files_disarm(void);

#endif
