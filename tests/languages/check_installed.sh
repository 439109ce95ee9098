#!/bin/sh
# Installs a build, moves it elsewhere, and builds and runs the examples with the manual's commands.
#   check_installed.sh BUILD_DIRECTORY CMAKE PYTHON_DIR CXX FORTRAN PYTHON       the last three: or ''
set -eu
build=$1
cmake=$2
python_dir=$3
cxx=$4
fortran=$5
python=$6
examples=$(cd "$(dirname "$0")/../../examples" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$cmake" --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/prefix"
pc=$(find "$work/prefix" -name lat.pc)
export PKG_CONFIG_PATH="${pc%/lat.pc}"
libdir=${PKG_CONFIG_PATH%/pkgconfig}
cd "$work"

run() {
  LD_LIBRARY_PATH=$libdir "$@" 32 model.safetensors | grep '^residual'
}

# shellcheck disable=SC2046 # flags are words
if [ -n "$cxx" ]; then
  "$cxx" -std=c++17 "$examples/cpp/transpose.cpp" $(pkg-config --cflags --libs lat) -o cpp
  run ./cpp
fi
# shellcheck disable=SC2046
if [ -n "$fortran" ]; then
  "$fortran" "$(pkg-config --variable=includedir lat)/lat/lat.f90" "$examples/fortran/transpose.f90" \
    $(pkg-config --libs lat) -o fortran
  run ./fortran

  cat >CMakeLists.txt <<END
cmake_minimum_required(VERSION 3.25)
project(consumer LANGUAGES Fortran)
find_package(lat REQUIRED)
add_executable(consumer $examples/fortran/transpose.f90)
target_link_libraries(consumer PRIVATE lat::fortran)
END
  "$cmake" -S . -B consumer -DCMAKE_Fortran_COMPILER="$fortran" -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
  "$cmake" --build consumer >/dev/null
  run consumer/consumer
fi
if [ -n "$python" ]; then # it finds the library beside itself
  PYTHONPATH=$work/prefix/$python_dir "$python" -B "$examples/python/transpose.py" 32 model.safetensors |
    grep '^residual'
fi
