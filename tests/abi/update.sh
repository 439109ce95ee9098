#!/bin/sh
# After an intended change of the public interface: writes tests/abi/liblat.abi anew and adds new names
# to docs/symbols.md with the version of the headers. docs/abi.md says which changes are allowed.
#   sh tests/abi/update.sh
set -eu
source=$(cd "$(dirname "$0")/../.." && pwd)
cmake=cmake
cc=${CC:-cc}
generator='Unix Makefiles'
. "$source/tests/abi/abi_tools.sh"
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

build_debug "$source" "$build"
write_abi "$build/lib/liblat.so" "$source/include" >"$build/liblat.abi"
mv "$build/liblat.abi" "$source/tests/abi/liblat.abi"

table=$source/docs/symbols.md
version=$(sed -n 's/^#define LAT_VERSION_\(MAJOR\|MINOR\) \([0-9]*\).*/\2/p' "$source/include/lat/version.h" |
  paste -sd .)
{
  sed '/^| `/d' "$table"
  {
    sed -n '/^| `/p' "$table"
    sh "$source/tests/abi/public_symbols.sh" "$cc" "$source/include" | while read -r name kind; do
      grep -qF "| \`$name\` |" "$table" || echo "| \`$name\` | $kind | $version |"
    done
  } | LC_ALL=C sort
} >"$build/symbols.md"
mv "$build/symbols.md" "$table"
git -C "$source" --no-pager diff --stat -- tests/abi/liblat.abi docs/symbols.md
