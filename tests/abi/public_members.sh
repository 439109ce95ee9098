#!/bin/sh
# The members of the public structures, one a line as "lat_structure member", sorted.
#   public_members.sh COMPILER INCLUDE_DIRECTORY
set -eu
{
  "$1" -E -P -I"$2" "$2/lat/lat.h" | tr '\n' ' '
  echo
} | sed -e 's/typedef struct lat_/\n&/g' |
  sed -n 's/^typedef struct lat_[a-z0-9_]* { *\([^}]*\)} *\(lat_[a-z0-9_]*\);.*/\2 \1/p' |
  while read -r structure members; do
    echo "$members" | tr ';' '\n' |
      sed -n -e 's/.*( *\* *\([a-z0-9_]*\) *) *(.*/\1/p;t' -e 's/ *\[[^]]*\] *$//' \
        -e 's/.*[ *]\([a-z0-9_][a-z0-9_]*\) *$/\1/p' |
      sed "s/^/$structure /"
  done | LC_ALL=C sort
