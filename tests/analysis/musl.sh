#!/bin/sh
# Builds library, command and tests for musl, warnings being errors, and runs the quick tests there. OpenBLAS, without Fortran
# and threads, is the BLAS (LAT_CBLAS_LIBRARY); jansson and Check are built as well, from Debian's sources. LAPACK is Debian's
# archive, for its Fortran asks nothing of the C library; its xerbla(), which prints, is OpenBLAS's.
#   sh tests/analysis/musl.sh      builds in build-musl; what is there already is used again
set -eu
cd "$(dirname "$0")/../.."
sh cmake/dependencies.sh build test musl
source=$PWD
build=$source/build-musl
prefix=$build/prefix
mkdir -p "$build/sources" "$build/lists/partial" "$prefix/lib" "$prefix/include"

fetch() { # fetch PACKAGE...: their sources, by a list of its own, since few machines have one of sources
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian $codename main" \
    >"$build/sources.list"
  for command in update "source --download-only $*"; do
    # shellcheck disable=SC2086 # words
    (cd "$build/sources" && apt-get -q -o Dir::Etc::SourceList="$build/sources.list" -o Dir::Etc::SourceParts=/dev/null \
      -o Dir::State::Lists="$build/lists" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= $command)
  done
  for name in "$@"; do
    rm -rf "$build/$name"
    dpkg-source --no-check -x "$build/sources/$name"_*.dsc "$build/$name"
  done
}

build_with_cmake() { # build_with_cmake NAME OPTION...
  name=$1
  shift
  CC=musl-gcc cmake -S "$build/$name" -B "$build/$name/musl" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$prefix" \
    -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=OFF "$@"
  cmake --build "$build/$name/musl" --parallel "$(nproc)" --target install
}

build_libraries() {
  fetch openblas jansson check
  build_with_cmake jansson -DJANSSON_BUILD_DOCS=OFF -DJANSSON_WITHOUT_TESTS=ON -DJANSSON_EXAMPLES=OFF
  build_with_cmake check -DCHECK_ENABLE_TESTS=OFF -DCHECK_ENABLE_SUBUNIT=OFF -DBUILD_TESTING=OFF
  ln -sf libcheck.a "$prefix/lib/libcheck_pic.a" # as Debian's check.pc calls it
  rm -f "$prefix"/lib/libcheck.so*
  make -C "$build/openblas" libs netlib CC=musl-gcc HOSTCC=gcc NOFORTRAN=1 NO_LAPACK=1 NO_LAPACKE=1 NO_SHARED=1 USE_THREAD=0 \
    USE_LOCKING=1 TARGET=GENERIC MAKE_NB_JOBS="$(nproc)"
  cp "$(gcc -print-file-name=liblapack_pic.a)" "$prefix/lib/liblapack.a"
  ar d "$prefix/lib/liblapack.a" xerbla.o xerbla_array.o
  musl-gcc -O2 -fPIC -c "$source/tests/analysis/fortran_strings.c" -o "$build/fortran_strings.o"
  ar cr "$prefix/lib/libgfortran.a" "$build/fortran_strings.o"
  ar cr "$prefix/lib/libquadmath.a"
  ln -sfn /usr/include/Random123 "$prefix/include/Random123"
  cp -L "$build/openblas/libopenblas.a" "$prefix/lib/" # the last, as a mark of all
}

if [ ! -e "$prefix/lib/libopenblas.a" ]; then
  echo "musl.sh: building jansson, Check and OpenBLAS; log: $build/libraries.log"
  build_libraries >"$build/libraries.log" 2>&1
fi
export PKG_CONFIG_LIBDIR="$prefix/lib/pkgconfig"
CC=musl-gcc cmake -S . -B "$build/lat" -DCMAKE_BUILD_TYPE=Release -DLAT_WERROR=ON -DLAT_CXX=OFF -DLAT_FORTRAN=OFF \
  -DLAT_PYTHON=OFF -DLAT_MPI=OFF -DLAT_INSTALL=OFF -DCMAKE_SHARED_LINKER_FLAGS="-L$prefix/lib" \
  -DCMAKE_EXE_LINKER_FLAGS="-L$prefix/lib" -DLAT_CBLAS_LIBRARY="$prefix/lib/libopenblas.a" \
  -DLAT_LAPACK_LIBRARY="$prefix/lib/liblapack.a" -DLAT_RANDOM123_INCLUDE_DIR="$prefix/include" >/dev/null
cmake --build "$build/lat" --parallel "$(nproc)"
# Left out are checks of the shared library's symbols and of texts, which belong to glibc's build.
ctest --test-dir "$build/lat" -L quick -E '^(abi|docs|languages)' --output-on-failure --parallel "$(nproc)"
