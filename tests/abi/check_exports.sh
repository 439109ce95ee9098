#!/bin/sh
# What the headers declare, what lat.map lists, and what liblat.so exports are the same names.
#   check_exports.sh COMPILER INCLUDE_DIRECTORY LAT_MAP LIBLAT_SO
set -eu
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sh "$here/public_names.sh" "$1" "$2" >"$work/headers"
sed -n 's/^ *\(lat_[a-z0-9_]*\);$/\1/p' "$3" | LC_ALL=C sort >"$work/map"
nm -D --defined-only "$4" | sed -n 's/.* [A-Z] \([A-Za-z_][A-Za-z0-9_]*\)@@LAT_.*/\1/p' |
  LC_ALL=C sort >"$work/exported"
nm -D --defined-only "$4" | sed -e '/@@LAT_/d' -e '/ A LAT_/d' >"$work/unversioned"

test -s "$work/headers"
echo 'headers (-) against lat.map (+):'
diff -u "$work/headers" "$work/map"
echo 'lat.map (-) against liblat.so (+):'
diff -u "$work/map" "$work/exported"
echo 'exported without a version:'
if [ -s "$work/unversioned" ]; then
  cat "$work/unversioned"
  exit 1
fi
