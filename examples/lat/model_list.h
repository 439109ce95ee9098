/* The models that can be named on the command line. */
#ifndef MODEL_LIST_H
#define MODEL_LIST_H

#include <lat/lat.h>

/* Prints a line for each model: name, task, size, parameters, and the accuracy that the
 * MANIFEST.json beside it says; as JSON, an object for each. Returns an exit code. */
int list_models(lat_context *ctx, int json);

#endif
