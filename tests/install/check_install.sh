#!/bin/sh
# Installs a build, moves it elsewhere, and builds and runs a consumer in every documented way.
#   check_install.sh HOW BUILD_DIRECTORY CMAKE C_COMPILER
# HOW: package, pkgconfig, static-pkgconfig, blanks, fortran, destdir, absolute-libdir.
set -eu
how=$1
build=$2
cmake=$3
cc=$4
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

install_moved() { # install_moved FOLDER
  prefix=$work/$1
  "$cmake" --install "$build" --prefix "$work/first" >/dev/null
  mv "$work/first" "$prefix"
  pc=$(find "$prefix" -name lat.pc)
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

has_archives() {
  for name in lapack gfortran jansson c; do
    case $("$cc" -print-file-name="lib$name.a") in /*) ;; *) return 1 ;; esac
  done
}

# shellcheck disable=SC2046,SC2086 # flags are words
case $how in
package)
  install_moved prefix
  run_project package -DCMAKE_PREFIX_PATH="$prefix"
  if [ -e "$prefix/bin/lat" ]; then
    env -u LD_LIBRARY_PATH "$prefix/bin/lat" --version
    env -u LD_LIBRARY_PATH -u LAT_MODEL_PATH "$prefix/bin/lat" info --list --json |
      grep -F "\"path\":\"$prefix/share/lat/models/transpose-5x5.safetensors\""
  fi
  ;;
pkgconfig)
  install_moved prefix
  "$cc" "$here/consumer.c" $(pkg-config --cflags --libs lat) -Wl,-rpath,"$libdir" -o "$work/consumer"
  "$work/consumer" | grep -F "lat $(pkg-config --modversion lat),"
  ;;
static-pkgconfig)
  install_moved prefix
  for option in '' -static; do
    if [ -n "$option" ] && ! has_archives; then
      echo 'LAPACK or the Fortran runtime has no archive here: -static is not tested'
      continue
    fi
    "$cc" $option "$here/consumer.c" $(pkg-config --static --cflags --libs lat) -o "$work/consumer"
    if readelf -d "$work/consumer" | grep -F liblat; then
      echo 'the program above asks for the shared library'
      exit 1
    fi
    "$work/consumer"
  done
  ;;
blanks)
  install_moved 'the prefix'
  run_project package -DCMAKE_PREFIX_PATH="$prefix"
  eval "$cc" "$here/consumer.c" "$(pkg-config --cflags --libs lat)" -o "$work/consumer"
  LD_LIBRARY_PATH=$libdir "$work/consumer"
  eval "$cc" "$here/consumer.c" "$(pkg-config --static --cflags --libs lat)" -o "$work/consumer"
  "$work/consumer"
  ;;
fortran)
  install_moved prefix
  for generator in 'Unix Makefiles' Ninja; do
    if [ "$generator" = Ninja ] && ! command -v ninja >/dev/null; then
      continue
    fi
    rm -rf "$work/build"
    "$cmake" -S "$here/fortran" -B "$work/build" -G "$generator" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
    "$cmake" --build "$work/build" --parallel 2 >/dev/null
    test "$(find "$work/build" -name lat.mod | wc -l)" -eq 1
    for program in first second part/third; do
      "$work/build/$program"
    done
  done
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
  test "$(pkg-config --cflags --libs lat | sed 's/ *$//')" = '-I/opt/lat/include -llat -L/srv/lib'
  ;;
*)
  echo "unknown way: $how" >&2
  exit 2
  ;;
esac
