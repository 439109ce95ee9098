#!/bin/sh
# All that the public headers define, one a line as "name kind", sorted: functions, types, constants
# (enumerators and numbers), macros.
#   public_symbols.sh COMPILER INCLUDE_DIRECTORY
set -eu
here=$(dirname "$0")

words() { # the headers in one line, a statement a line
  {
    "$1" -E -P -I"$2" "$2/lat/lat.h" | tr '\n' ' '
    echo
  } | sed -e 's/typedef /\n&/g' -e 's/enum {/\n&/g' -e 's/};/&\n/g'
}

{
  sh "$here/public_names.sh" "$1" "$2" | sed 's/$/ function/'
  words "$1" "$2" | sed -n -e 's/^typedef struct \(lat_[a-z0-9_]*\) [{l].*/\1 type/p;t' \
    -e 's/^typedef [a-z0-9_]* \**\(lat_[a-z0-9_]*_function\)(.*/\1 type/p;t' \
    -e 's/^typedef [a-z0-9_]* \(lat_[a-z0-9_]*\);.*/\1 type/p'
  words "$1" "$2" | sed -n 's/^enum { *\([^}]*\)};.*/\1/p' | tr ',' '\n' |
    sed -n 's/^ *\(LAT_[A-Z0-9_]*\).*/\1 constant/p'
  # Guards of the headers are nobody's business.
  "$1" -E -dM -I"$2" "$2/lat/lat.h" |
    sed -n -e '/ LAT_[A-Z]*_H /d' -e 's/^#define \(LAT_[A-Z0-9_]*\) -\{0,1\}[0-9]*$/\1 constant/p;t' \
      -e 's/^#define \([Ll][Aa][Tt]_[A-Za-z0-9_]*\).*/\1 macro/p' | grep -v '_H macro$'
} | LC_ALL=C sort -u
