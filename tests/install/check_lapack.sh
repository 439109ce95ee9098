#!/bin/sh
# Builds the library with the LAPACK that CMake's FindLAPACK finds, OpenBLAS where it is there, and links an installation
# of it, shared and static.
#   check_lapack.sh SOURCE_DIRECTORY CMAKE C_COMPILER GENERATOR
set -eu
source=$1
cmake=$2
cc=$3
generator=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

configure() { # configure VENDOR
  rm -rf "$work/build"
  "$cmake" -S "$source" -B "$work/build" -G "$generator" -DCMAKE_C_COMPILER="$cc" -DCMAKE_INSTALL_PREFIX="$work/prefix" \
    -DCMAKE_C_FLAGS_RELEASE='-O1 -DNDEBUG' -DLAT_OPTIMIZE_KERNELS=OFF -DLAT_BUILD_TESTS=OFF -DLAT_BUILD_EXAMPLES=OFF \
    -DLAT_MPI=OFF -DLAT_FIND_LAPACK=ON -DBLA_VENDOR="$1" >"$work/log" 2>&1
}
if configure OpenBLAS; then
  wanted='libopenblas\.so'
elif configure All; then
  wanted='liblapack\.so'
else
  cat "$work/log"
  exit 1
fi
if configure NoSuchVendor; then
  echo 'a LAPACK that is not there was found'
  exit 1
fi
grep LAT_LAPACK_LIBRARY "$work/log"
configure "$([ "$wanted" = 'liblapack\.so' ] && echo All || echo OpenBLAS)"
"$cmake" --build "$work/build" --parallel "$(nproc)" --target install >/dev/null
library=$(find "$work/prefix" -name 'liblat.so.?')
readelf -d "$library" | grep NEEDED | tee "$work/needed"
grep -q "$wanted" "$work/needed"
if grep libblis "$work/needed"; then
  echo 'BLIS above is not private'
  exit 1
fi
"$cmake" -S "$source/tests/install/package" -B "$work/consumer" -DCMAKE_C_COMPILER="$cc" \
  -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
"$cmake" --build "$work/consumer" >/dev/null
"$work/consumer/consumer_lat"
"$work/consumer/consumer_static"
PKG_CONFIG_PATH=$(dirname "$(find "$work/prefix" -name lat.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046 # flags are words
"$cc" "$source/tests/install/consumer.c" $(pkg-config --static --cflags --libs lat) -o "$work/program"
"$work/program"
