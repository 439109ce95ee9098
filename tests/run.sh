#!/bin/sh
# Builds and tests everything: the README's test command.
#   sh tests/run.sh          all tests
#   sh tests/run.sh quick    those that take seconds
set -eu
cd "$(dirname "$0")/.."

case ${1:-all} in
all) set -- ;;
quick) set -- -L quick ;;
*)
  echo 'usage: sh tests/run.sh [quick]' >&2
  exit 2
  ;;
esac

jobs=$(nproc)
sh cmake/dependencies.sh build test docs mpi
# Not by presets: CMake 3.18 has none.
cmake -S . -B build-test -DCMAKE_BUILD_TYPE=Release -DLAT_WERROR=ON
cmake --build build-test --parallel "$jobs"
cd build-test
exec ctest --output-on-failure --parallel "$jobs" "$@"
