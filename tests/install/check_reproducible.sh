#!/bin/sh
# Builds the libraries, the command and the Debian packages in two folders, in other time zones, and compares the bytes.
#   check_reproducible.sh SOURCE_DIRECTORY CMAKE CPACK C_COMPILER GENERATOR
set -eu
source=$1
cmake=$2
cpack=$3
cc=$4
generator=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=1700000000 CCACHE_DISABLE=1
umask 022 # of the folders in packages

# build_in FOLDER TIME_ZONE. Compiled in less time than what is shipped, as in check_packages.sh.
build_in() {
  mkdir -p "$work/$1"
  tar -C "$source" --exclude='./build*' --exclude=./.git --exclude=./runs -c . | tar -C "$work/$1" -x
  cd "$work/$1"
  export TZ="$2"
  "$cmake" --preset debian -G "$generator" -DCMAKE_C_COMPILER="$cc" -DCMAKE_C_FLAGS_RELEASE='-O1 -DNDEBUG' \
    -DLAT_OPTIMIZE_KERNELS=OFF >/dev/null
  "$cmake" --build build-debian --parallel "$(nproc)" >/dev/null
  (cd build-debian && "$cpack" -B "$work/$1/debs" >log 2>&1) || {
    cat build-debian/log
    exit 1
  }
}
build_in first UTC
build_in a/folder/of/another/name Asia/Tokyo

differ=0
compare() { # compare FILE...
  for file; do
    cmp "$work/first/$file" "$file" || differ=1
  done
}
compare debs/*.deb build-debian/lib/liblat.so.? build-debian/lib/liblat.a build-debian/examples/lat/lat
sha256sum debs/*.deb
exit "$differ"
