#!/bin/sh
# layout.c holds for this compiler, and names every member of every public structure and every
# constant.
#   check_layout.sh COMPILER INCLUDE_DIRECTORY
set -eu
here=$(dirname "$0")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$1" -std=c11 -fsyntax-only -I"$2" "$here/layout.c"
sh "$here/public_members.sh" "$1" "$2" >"$work/members"
sh "$here/public_symbols.sh" "$1" "$2" | sed -n 's/^\(LAT_[A-Z0-9_]*\) constant$/\1/p' |
  grep -v '^LAT_VERSION_' >"$work/constants"
test -s "$work/members"
test -s "$work/constants"
echo 'members: layout.c (-) against the headers (+):'
sed -n 's/^MEMBER(\([a-z0-9_]*\), \([a-z0-9_]*\), .*/\1 \2/p' "$here/layout.c" | LC_ALL=C sort |
  diff -u - "$work/members"
echo 'constants: layout.c (-) against the headers (+):'
sed -n 's/^VALUE(\([A-Z0-9_]*\), .*/\1/p' "$here/layout.c" | LC_ALL=C sort | diff -u - "$work/constants"

# A check that cannot fail is none.
for change in 's/int32_t threads;/int64_t threads;/' 's/uint64_t seed; .*/int32_t early; &/' \
  's/LAT_TOKEN_PAD = 1/LAT_TOKEN_PAD = 2/'; do
  rm -rf "$work/lat"
  cp -R "$2/lat" "$work/lat"
  sed -i "$change" "$work"/lat/*.h
  if "$1" -std=c11 -fsyntax-only -I"$work" "$here/layout.c" 2>/dev/null; then
    echo "layout.c does not notice $change"
    exit 1
  fi
done
