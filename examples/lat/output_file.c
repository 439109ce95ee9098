/* Where a link leads is where the new file is put, under a temporary name that nothing else has. */
#include "output_file.h"

#include "command_line.h"
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_LINKS = 40 }; /* as Linux */

/* The folder of `place` with all links followed, "" behind it or "/"; 0 when there is none. */
static int find_folder(char folder[PATH_MAX], const char *place) {
  char given[PATH_MAX];
  const char *slash = strrchr(place, '/');
  const size_t length = slash == NULL ? 0 : (size_t)(slash + 1 - place);
  if (length + 2 > sizeof given) {
    errno = ENAMETOOLONG;
    return 0;
  }
  memcpy(given, place, length);
  memcpy(given + length, ".", 2);
  return realpath(given, folder) != NULL;
}

static int join(char out[PATH_MAX], const char *folder, const char *part) {
  const int length = part[0] == '/' ? snprintf(out, PATH_MAX, "%s", part)
                                    : snprintf(out, PATH_MAX, "%s/%s", folder, part);
  errno = ENAMETOOLONG;
  return length > 0 && length < PATH_MAX;
}

/* Where `name` leads, and the folder that lies in; *in_place where the file itself has to be
 * opened. 0 with errno. */
static int follow(output_file *file, char folder[PATH_MAX], int *in_place) {
  char text[PATH_MAX];
  struct stat info;
  *in_place = stat(file->name, &info) == 0 && !S_ISREG(info.st_mode);
  if (!join(file->place, ".", file->name)) {
    return 0;
  }
  for (int links = 0; links <= MOST_LINKS; ++links) {
    if (!find_folder(folder, file->place)) {
      return 0;
    }
    const ssize_t length = readlink(file->place, text, sizeof text - 1);
    if (length < 0) {
      return errno == EINVAL || errno == ENOENT;
    }
    text[length] = '\0';
    *in_place |= strncmp(folder, "/proc/", 6) == 0;
    if (*in_place) {
      return 1;
    }
    if (!join(file->place, folder, text)) {
      return 0;
    }
  }
  errno = ELOOP;
  return 0;
}

/* The mode of the file to be replaced, or that of a new one. */
static mode_t choose_mode(const char *place) {
  struct stat info;
  if (stat(place, &info) == 0) {
    return info.st_mode & 0777;
  }
  const mode_t mask = umask(0);
  umask(mask);
  return 0666 & ~mask;
}

static FILE *open_temporary(output_file *file, const char *folder) {
  if (!join(file->temporary, folder, ".lat-XXXXXX")) {
    return NULL;
  }
  const int descriptor = mkstemp(file->temporary);
  if (descriptor < 0) {
    file->temporary[0] = '\0';
    return NULL;
  }
  FILE *stream =
      fchmod(descriptor, choose_mode(file->place)) == 0 ? fdopen(descriptor, "wb") : NULL;
  if (stream == NULL) {
    close(descriptor);
  }
  return stream;
}

int output_file_open(output_file *file, const char *name) {
  char folder[PATH_MAX];
  int in_place = 0;
  *file = (output_file){.name = name};
  if (follow(file, folder, &in_place)) {
    file->stream = in_place ? fopen(name, "wb") : open_temporary(file, folder);
  }
  if (file->stream != NULL) {
    return EXIT_DONE;
  }
  const int why = errno;
  if (file->temporary[0] != '\0') {
    remove(file->temporary);
  }
  return report_error("%s: %s", name, strerror(why));
}

int output_file_failed(output_file *file) {
  if (file->error == 0 && ferror(file->stream)) {
    file->error = errno != 0 ? errno : EIO;
  }
  return file->error != 0;
}

int output_file_close(output_file *file, int outcome) {
  if (file->stream == NULL) {
    return outcome;
  }
  fflush(file->stream);
  output_file_failed(file);
  if (fclose(file->stream) != 0 && file->error == 0) {
    file->error = errno;
  }
  file->stream = NULL;
  const int temporary = file->temporary[0] != '\0';
  if (temporary && outcome == EXIT_DONE && file->error == 0 &&
      rename(file->temporary, file->place) != 0) {
    file->error = errno;
  }
  if (temporary && (outcome != EXIT_DONE || file->error != 0)) {
    remove(file->temporary);
  }
  return file->error == 0
             ? outcome
             : report_error("%s could not be written: %s", file->name, strerror(file->error));
}
