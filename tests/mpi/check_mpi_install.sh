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
