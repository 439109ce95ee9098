/* A model that the command line names: by its file, by the folder of a run, or by the name it is
 * installed under. */
#ifndef MODEL_PATH_H
#define MODEL_PATH_H

#include <lat/lat.h>

/* The folders of models: those of LAT_MODEL_PATH, then the one of installed models. The text has
 * ':' between folders; LIMIT when it does not fit. */
lat_status model_folders(char *folders, size_t capacity);

/* The path of a model: of a folder the first of model.safetensors, best.safetensors and
 * checkpoint.safetensors in it; `model` itself where something of that name exists, or it is a path
 * for its
 * '/' or '.'; otherwise NAME.safetensors of the first folder that has it. */
lat_status model_path(char *path, size_t capacity, const char *model);

#endif
