#!/bin/sh
# The functions that the public headers declare, one a line, sorted.
#   public_names.sh COMPILER INCLUDE_DIRECTORY
set -eu
"$1" -E -P -I"$2" "$2/lat/lat.h" | tr '\n;' ' \n' | grep 'visibility("default")' |
  sed -e 's/__attribute__((\([a-z_]*\|visibility("default")\)))//g' \
      -e 's/.*[ *]\(lat_[a-z0-9_]*\)(.*/\1/' | LC_ALL=C sort
