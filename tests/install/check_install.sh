#!/bin/sh
# Installs a build, moves it elsewhere, and builds and runs a consumer in every documented way.
#   check_install.sh HOW BUILD_DIRECTORY CMAKE C_COMPILER
# HOW: package, pkgconfig, static-pkgconfig, subdirectory, destdir, absolute-libdir.
set -eu
how=$1
build=$2
cmake=$3
cc=$4
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install_moved() {
  "$cmake" --install "$build" --prefix "$work/first" >/dev/null
  mv "$work/first" "$work/prefix"
  pc=$(find "$work/prefix" -name lat.pc)
  export PKG_CONFIG_PATH="${pc%/lat.pc}"
  libdir=${PKG_CONFIG_PATH%/pkgconfig}
}

# The same source, shared and static, by CMake.
run_project() { # run_project FOLDER OPTIONS...
  folder=$1
  shift
  "$cmake" -S "$here/$folder" -B "$work/build" -DCMAKE_C_COMPILER="$cc" "$@" >/dev/null
  "$cmake" --build "$work/build" --parallel 2 >/dev/null
  "$work/build/consumer_lat"
  "$work/build/consumer_static"
}

# shellcheck disable=SC2046,SC2086 # flags are words
case $how in
package)
  install_moved
  run_project package -DCMAKE_PREFIX_PATH="$work/prefix"
  if [ -e "$work/prefix/bin/lat" ]; then
    env -u LD_LIBRARY_PATH "$work/prefix/bin/lat" --version
    env -u LD_LIBRARY_PATH -u LAT_MODEL_PATH "$work/prefix/bin/lat" info --list --json |
      grep -F "\"path\":\"$work/prefix/share/lat/models/transpose-5x5.safetensors\""
  fi
  ;;
subdirectory)
  run_project subdirectory -DCMAKE_BUILD_TYPE=Release
  ;;
pkgconfig)
  install_moved
  "$cc" "$here/consumer.c" $(pkg-config --cflags --libs lat) -Wl,-rpath,"$libdir" -o "$work/consumer"
  "$work/consumer" | grep -F "lat $(pkg-config --modversion lat),"
  ;;
static-pkgconfig)
  install_moved
  rm "$libdir"/liblat.so*
  "$cc" $(pkg-config --static --cflags lat) "$here/consumer.c" $(pkg-config --static --libs lat) -o "$work/consumer"
  "$work/consumer"
  ;;
destdir)
  DESTDIR=$work/root "$cmake" --install "$build" --prefix /opt/lat >/dev/null
  test -f "$work/root/opt/lat/include/lat/lat.h"
  test -z "$(find "$work/root" -mindepth 1 -maxdepth 1 ! -name opt)"
  if grep -rlF -e "$work" -e "$build" "$work/root" --include='*.pc' --include='*.cmake'; then
    echo 'the files above name the build or the staging folder'
    exit 1
  fi
  ;;
absolute-libdir)
  "$cmake" -S "$here/../.." -B "$work/build" -DCMAKE_C_COMPILER="$cc" -DCMAKE_INSTALL_PREFIX=/opt/lat \
    -DCMAKE_INSTALL_LIBDIR=/srv/lib -DLAT_BUILD_TESTS=OFF -DLAT_BUILD_EXAMPLES=OFF >/dev/null
  export PKG_CONFIG_PATH="$work/build"
  test "$(pkg-config --variable=prefix lat)" = /opt/lat
  test "$(pkg-config --cflags --libs lat | sed 's/ *$//')" = '-I/opt/lat/include -L/srv/lib -llat'
  ;;
*)
  echo "unknown way: $how" >&2
  exit 2
  ;;
esac
