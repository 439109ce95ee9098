#!/bin/sh
# Lines and branches of lib/ that the quick tests run, counted in the build with the sanitizers for
# addresses and undefined behaviour, so that both take one build; fails below 90 % of the lines.
#   sh tests/coverage.sh         builds in build-asan, prints the files with gaps and the sums
set -eu
cd "$(dirname "$0")/.."
least=90

sh cmake/dependencies.sh build test ci
cmake --preset asan >/dev/null
cmake --build --preset asan --parallel "$(nproc)"
find build-asan -name '*.gcda' -delete
ctest --preset asan --parallel "$(nproc)"
exec gcovr --root . --object-directory build-asan --filter lib/ --exclude-unreachable-branches \
  --sort-percentage --print-summary --fail-under-line "$least" build-asan/lib
