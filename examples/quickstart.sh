#!/bin/sh
# From a fresh checkout to a trained model: installs what is missing, builds, trains a transformer
# to transpose 5x5 matrices until 99 % of fresh ones come out exact, and transposes a file with it; then
# asks a model that comes with the library for eigenvalues.
# A run that was stopped is continued, a finished one is used; for another, remove its directory.
#
#   sh examples/quickstart.sh [DIRECTORY]      build/quickstart
set -eu
cd "$(dirname "$0")/.."

build=build/release
run=${1:-build/quickstart}
model=$run/model.safetensors
matrix=examples/data/matrix-5x5.txt
symmetric=examples/data/symmetric-5x5.txt
lat=$build/examples/lat/lat

say() {
  printf '\n== %s\n' "$*"
}

try() {
  printf '$ %s\n' "$*"
  "$@"
}

say 'Packages'
sh cmake/dependencies.sh build

say 'Build'
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DLAT_BUILD_TESTS=OFF
cmake --build "$build" --parallel "$(nproc)" --target lat

say 'Train from scratch until 99 % of 1,000 fresh transpositions are exact'
set -- train --preset quickstart --until-exact 99 --out "$run"
if [ -e "$run/checkpoint.safetensors" ]; then
  set -- "$@" --resume
fi
start=$(date +%s)
try "$lat" "$@"
echo "$(($(date +%s) - start)) seconds"

say 'Load it, and evaluate it on 1,000 others'
try "$lat" eval "$model" --count 1000 --seed 2

say "Transpose $matrix"
try cat "$matrix"
try "$lat" solve "$model" "$matrix"

say "Eigenvalues of $symmetric by a model that comes with lat, compared with LAPACK's"
try cat "$symmetric"
try "$lat" solve eigenvalues-5x5 "$symmetric" --compare
