#!/bin/sh
# Lines and branches of lib/ that the quick tests run; fails below 90 % of the lines.
#   sh tests/coverage.sh         builds in build-coverage, prints the files with gaps and the sums
set -eu
cd "$(dirname "$0")/.."
least=90

sh cmake/dependencies.sh build test ci
cmake --preset coverage >/dev/null
cmake --build --preset coverage --parallel "$(nproc)"
find build-coverage -name '*.gcda' -delete
ctest --preset coverage --parallel "$(nproc)" >build-coverage/tests.log || {
  cat build-coverage/tests.log
  exit 1
}
exec gcovr --root . --object-directory build-coverage --filter lib/ --exclude-unreachable-branches \
  --sort-percentage --print-summary --fail-under-line "$least" build-coverage/lib
