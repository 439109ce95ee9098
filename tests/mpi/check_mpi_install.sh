#!/bin/sh
# What is installed for MPI: programs are compiled by pkg-config and by CMake, and the library is found.
#   check_mpi_install.sh BUILD_DIRECTORY CMAKE C_COMPILER MPI_COMPILER SOURCE
set -eu
build=$1
cmake=$2
cc=$3
mpicc=$4
source=$5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Files of the component mpi; the second library is there where MPICH stands beside another MPI.
"$cmake" --install "$build" --component mpi --prefix "$work/package" >/dev/null
version=$(sed -n 's/^CMAKE_PROJECT_VERSION:STATIC=//p' "$build/CMakeCache.txt")
(cd "$work/package" && find . ! -type d | sed -e 's|.*/||' -e '/^latMpiTargets-/d' | grep -v mpich | LC_ALL=C sort) >"$work/found"
printf '%s\n' latMpiTargets.cmake lat_mpi.pc liblat_mpi.a liblat_mpi.so liblat_mpi.so."$version" liblat_mpi.so.1 \
  mpi.h | LC_ALL=C sort >"$work/wanted"
diff -u "$work/wanted" "$work/found"

"$cmake" --install "$build" --prefix "$work/prefix" >/dev/null
pc=$(find "$work/prefix" -name lat_mpi.pc)
export PKG_CONFIG_PATH="${pc%/lat_mpi.pc}"
libdir=${PKG_CONFIG_PATH%/pkgconfig}
export OMPI_CC="$cc"
# shellcheck disable=SC2046 # flags are words
"$mpicc" "$source" $(pkg-config --cflags --libs lat_mpi) -lm -Wl,-rpath,"$libdir" -o "$work/program"
"$work/program"

cat >"$work/CMakeLists.txt" <<END
cmake_minimum_required(VERSION 3.18)
project(consumer LANGUAGES C)
find_package(lat REQUIRED COMPONENTS mpi)
add_executable(program $source)
target_link_libraries(program PRIVATE lat::mpi m)
END
"$cmake" -S "$work" -B "$work/build" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$work/prefix" >/dev/null
"$cmake" --build "$work/build" >/dev/null
"$work/build/program"

# C++ reads the header too, and gives its trainer the options that are filled in.
cat >"$work/header.cpp" <<END
#include <lat/lat.hpp>
#include <lat/mpi.h>
void train(const lat::model &model) {
  lat_mpi *ranks = nullptr;
  auto rule = lat::defaults<lat_optimizer_options>();
  auto options = lat::defaults<lat_trainer_options>();
  options.max_examples = 64;
  if (lat_mpi_attach(&ranks, MPI_COMM_WORLD, &options) == LAT_OK) {
    lat::trainer(model, rule, options).run();
  }
  lat_mpi_free(ranks);
}
END
if command -v mpicxx >/dev/null; then
  # shellcheck disable=SC2046
  mpicxx -std=c++17 -fsyntax-only $(pkg-config --cflags lat_mpi) "$work/header.cpp"
fi
