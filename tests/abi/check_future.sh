#!/bin/sh
# A later version of the library, every structure of which has grown by a member: programs of either
# version work with the library of the other, and the checks of the interface notice the change.
#   check_future.sh SOURCE_DIRECTORY BUILD_DIRECTORY CMAKE C_COMPILER GENERATOR LIBLAT_SO
set -eu
source=$1
work=$2
cmake=$3
cc=$4
generator=$5
now=$(dirname "$6")
here=$source/tests/abi
. "$here/abi_tools.sh"
expect_failure() { # expect_failure WHAT COMMAND...
  what=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    cat "$work/output"
    echo "$what did not notice"
    exit 1
  fi
}

rm -rf "$work/source"
mkdir -p "$work/source"
cp -R "$source/CMakeLists.txt" "$source/cmake" "$source/include" "$source/lib" "$source/LICENSE" \
  "$work/source"
mkdir "$work/source/docs"
grown=0
for header in "$source"/include/lat/*.h; do
  awk '/^typedef struct/ { grows = 0 }
       /size_t struct_size;/ { grows = 1 }
       grows && /^} lat_/ { print "  int64_t from_the_future;"; grows = 0 }
       { print }' "$header" >"$work/source/include/lat/$(basename "$header")"
done
grown=$(cat "$work"/source/include/lat/*.h | grep -c from_the_future)
used=$(grep -c '^    USER(' "$here/struct_users.c")
if [ "$grown" -ne "$used" ]; then
  echo "$grown structures can grow, struct_users.c uses $used"
  exit 1
fi
build_debug "$work/source" "$work/build"
future=$work/build/lib

compile() { # compile PROGRAM INCLUDE_DIRECTORY LIBRARY_DIRECTORY
  "$cc" -std=c11 -I"$2" "$here/growth_program.c" "$here/struct_users.c" -L"$3" -llat -o "$1"
}
compile "$work/program_now" "$source/include" "$now"
compile "$work/program_future" "$work/source/include" "$future"

set -x
LD_LIBRARY_PATH=$future "$work/program_now"
LD_LIBRARY_PATH=$now "$work/program_future"
LD_LIBRARY_PATH=$now "$work/program_future" refused
LD_LIBRARY_PATH=$future "$work/program_future" accepted
expect_failure abidiff compare_abi "$here/liblat.abi" "$future/liblat.so" "$work/source/include" \
  "$work/liblat.abi"
expect_failure layout.c "$cc" -std=c11 -fsyntax-only -I"$work/source/include" "$here/layout.c"
