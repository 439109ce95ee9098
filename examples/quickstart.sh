#!/bin/sh
# From a fresh checkout to a trained model: installs what is missing, builds, trains a transformer
# to transpose 5x5 matrices until 99 % of fresh ones come out exact, and transposes a file with it.
#
#   sh examples/quickstart.sh [RUN_DIRECTORY]      build/quickstart
set -eu
cd "$(dirname "$0")/.."

build=build/release
run=${1:-build/quickstart}
matrix=examples/data/matrix-5x5.txt

say() {
  printf '\n== %s\n' "$*"
}

say 'Packages'
sh cmake/dependencies.sh

say "Build in $build"
cmake -S . -B "$build" -DCMAKE_BUILD_TYPE=Release -DLAT_BUILD_TESTS=OFF >/dev/null
cmake --build "$build" --parallel
lat=$build/examples/lat/lat

if [ -e "$run/model.safetensors" ]; then
  say "Trained before: $run"
else
  say "Train from scratch, into $run"
  "$lat" train --preset quickstart --until-exact 99 --out "$run"
fi

say '1,000 fresh matrices'
"$lat" eval "$run/model.safetensors" --count 1000 --seed 2

say "The matrix of $matrix"
cat "$matrix"
say 'Its transpose by the trained model'
"$lat" solve "$run/model.safetensors" "$matrix"
