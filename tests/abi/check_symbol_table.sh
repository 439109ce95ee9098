#!/bin/sh
# docs/symbols.md lists what the headers define, and dates each function as lat.map does.
#   check_symbol_table.sh COMPILER INCLUDE_DIRECTORY LAT_MAP SYMBOLS_MD
set -eu
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sed -n 's/^| `\([^`]*\)` | \([a-z]*\) | \([0-9.]*\) |$/\1 \2 \3/p' "$4" >"$work/table"
test -s "$work/table"
sed 's/ [0-9.]*$//' "$work/table" | LC_ALL=C sort >"$work/listed"
sh "$here/public_symbols.sh" "$1" "$2" >"$work/headers"
awk '/^LAT_[0-9.]* \{/ { since = substr($1, 5) }
     /^ *lat_[a-z0-9_]*;$/ { sub(/;/, "", $1); print $1, since }' "$3" | LC_ALL=C sort >"$work/map"
sed -n 's/ function / /p' "$work/table" | LC_ALL=C sort >"$work/dated"

echo 'docs/symbols.md (-) against the headers (+); sh tests/abi/update.sh adds what is new:'
diff -u "$work/listed" "$work/headers"
echo 'functions of docs/symbols.md (-) against the nodes of lat.map (+):'
diff -u "$work/dated" "$work/map"
