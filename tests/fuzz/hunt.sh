#!/bin/sh
# Lets clang's engine hunt with every fuzz target, or those named, for SECONDS each, one after the
# other. What it found is kept in build-fuzz/found; the first finding ends it.
#   sh tests/fuzz/hunt.sh SECONDS [TARGET...]
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:?'usage: hunt.sh SECONDS [TARGET...]'}
shift
[ $# -gt 0 ] || set -- tokens options matrix safetensors config model checkpoint

sh cmake/dependencies.sh build test fuzz
CC=clang cmake -S . -B build-fuzz -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_C_FLAGS_RELWITHDEBINFO="-O1 -g1 -DNDEBUG" \
  -DLAT_SANITIZE=address,undefined -DLAT_FUZZ=ON -DLAT_OPTIMIZE_KERNELS=OFF -DLAT_CXX=OFF -DLAT_FORTRAN=OFF >/dev/null
for name in "$@"; do
  cmake --build build-fuzz --target "fuzz_${name}_engine" --parallel "$(nproc)" >/dev/null
  mkdir -p "build-fuzz/found/$name"
  # The target's standard error is closed, the engine's is not.
  if ! "build-fuzz/tests/fuzz/fuzz_${name}_engine" -max_total_time="$seconds" -max_len=40000 -rss_limit_mb=2048 \
    -close_fd_mask=2 -artifact_prefix="build-fuzz/found/$name-" "build-fuzz/found/$name" \
    "tests/fuzz/corpus/$name" 2>"build-fuzz/$name.log"; then
    cat "build-fuzz/$name.log"
    exit 1
  fi
  echo "$name: $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "build-fuzz/$name.log") executions"
done
