#!/bin/sh
# Builds the library with the LAPACK that CMake's FindLAPACK finds, OpenBLAS where it is there, then with a library of
# CBLAS's functions in place of BLIS, and links an installation of each, shared and static.
#   check_lapack.sh SOURCE_DIRECTORY CMAKE C_COMPILER GENERATOR
set -eu
source=$1
cmake=$2
cc=$3
generator=$4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

configure() { # configure OPTION...
  rm -f "$work/build/CMakeCache.txt"
  "$cmake" -S "$source" -B "$work/build" -G "$generator" -DCMAKE_C_COMPILER="$cc" -DCMAKE_INSTALL_PREFIX="$work/prefix" \
    -DCMAKE_C_FLAGS_RELEASE='-O1 -DNDEBUG' -DLAT_OPTIMIZE_KERNELS=OFF -DLAT_BUILD_TESTS=OFF -DLAT_BUILD_EXAMPLES=OFF \
    -DLAT_MPI=OFF -DLAT_FIND_LAPACK=ON "$@" >"$work/log" 2>&1
}

check_installation() { # check_installation LIBRARY: is needed by liblat.so, whose programs run
  "$cmake" --build "$work/build" --parallel "$(nproc)" --target install >/dev/null
  library=$(find "$work/prefix" -name 'liblat.so.?')
  readelf -d "$library" | grep NEEDED | tee "$work/needed"
  grep -q "$1" "$work/needed"
  if grep libblis "$work/needed"; then
    echo 'BLIS above is not private'
    exit 1
  fi
  rm -rf "$work/consumer"
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
}

vendor=OpenBLAS
wanted='libopenblas\.so'
if ! configure -DBLA_VENDOR=$vendor; then
  vendor=All
  wanted='liblapack\.so'
fi
if configure -DBLA_VENDOR=NoSuchVendor; then
  echo 'a LAPACK that is not there was found'
  exit 1
fi
grep LAT_LAPACK_LIBRARY "$work/log"
if ! configure -DBLA_VENDOR=$vendor; then
  cat "$work/log"
  exit 1
fi
check_installation "$wanted"

if configure -DBLA_VENDOR=$vendor -DLAT_CBLAS_LIBRARY="$("$cc" -print-file-name=libm.so)"; then
  echo 'a library without cblas_sgemm was taken'
  exit 1
fi
grep 'no cblas_sgemm' "$work/log"
configure -DBLA_VENDOR=$vendor -DLAT_CBLAS_LIBRARY="$("$cc" -print-file-name=libblas.so)"
check_installation 'libblas\.so'
nm "$library" | grep ' bli_' && exit 1
strings "$library" | grep '^CBLAS (libblas.so)$'
