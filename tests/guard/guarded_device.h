/* A device whose memory may be touched inside its operations alone: outside, every page of it is
 * PROT_NONE, and whoever follows a pointer into it ends by SIGSEGV. Its operations are another
 * table's. */
#ifndef LAT_TESTS_GUARDED_DEVICE_H
#define LAT_TESTS_GUARDED_DEVICE_H

#include "compute/backend.h"

/* The table to put into a context (ctx->device.operations) before anything is made in it. One
 * device at a time; its memory is never given twice, so that what is used after its release is
 * noticed too. */
const lati_backend *guarded_device_open(const lati_backend *operations);
/* Everything that was allocated must have been released. Returns the bytes that were allocated. */
size_t guarded_device_close(void);

#endif
