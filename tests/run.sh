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
sh cmake/dependencies.sh build test docs
cmake --preset release -B build-test -DLAT_WERROR=ON
cmake --build build-test --parallel "$jobs"
exec ctest --test-dir build-test --output-on-failure --parallel "$jobs" "$@"
