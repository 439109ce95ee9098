#!/bin/sh
# Compiles the library for musl, warnings being errors, and holds the symbols that it lacks against musl's C library:
# what is left must be BLIS's, LAPACK's or jansson's. These are built for glibc, so that nothing is linked or run.
#   sh tests/analysis/musl.sh      builds in build-musl
set -eu
cd "$(dirname "$0")/../.."
sh cmake/dependencies.sh build musl

# musl-gcc does not look into /usr/include, which is glibc's: the libraries' own headers alone.
headers=$PWD/build-musl/headers
mkdir -p "$headers"
for name in jansson.h jansson_config.h Random123; do
  ln -sfn "/usr/include/$name" "$headers/$name"
done

# Nothing is linked; CMake wants to know where the libraries are.
triplet=$(gcc -print-multiarch)
library=/usr/lib/$triplet
CC=musl-gcc cmake -S . -B build-musl -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS="-isystem $headers" -DLAT_WERROR=ON \
  -DLAT_CXX=OFF -DLAT_FORTRAN=OFF -DLAT_BUILD_TESTS=OFF -DLAT_BUILD_EXAMPLES=OFF \
  -DLAT_BLIS_LIBRARY="$library/blis-serial/libblis.a" -DLAT_LAPACK_LIBRARY="$library/lapack/liblapack.a" \
  -DLAT_BLIS_INCLUDE_DIR="/usr/include/$triplet/blis-serial" -DLAT_RANDOM123_INCLUDE_DIR="$headers" >/dev/null
cmake --build build-musl --target lat_objects --parallel "$(nproc)"

symbols() { # symbols NM-OPTION FILE...
  nm "$@" 2>/dev/null | sed -n 's/.* [A-Za-z] //p' | sort -u
}
wanted=build-musl/wanted
given=build-musl/given
find build-musl/lib -name '*.o' -exec nm -u {} + | sed -n 's/^ *U //p' | sort -u >"$wanted"
find build-musl/lib -name '*.o' -exec nm --defined-only {} + | sed -n 's/.* [A-Za-z] //p' >build-musl/own
symbols --defined-only "$library/blis-serial/libblis.a" "$library/lapack/liblapack.a" "$library/libjansson.a" \
  "/usr/lib/$(musl-gcc -dumpmachine | cut -d- -f1)-linux-musl/libc.a" "$(gcc -print-libgcc-file-name)" |
  sort -u - build-musl/own >"$given"
missing=$(comm -23 "$wanted" "$given" | grep -vx _GLOBAL_OFFSET_TABLE_ || true)
if [ -n "$missing" ]; then
  echo "musl.sh: not in musl, BLIS, LAPACK or jansson:" $missing >&2
  exit 1
fi
echo "musl.sh: all $(wc -l <"$wanted") symbols are known"
