#!/bin/sh
# The accuracy campaign: trains the rows of docs/results/tables.md, one after the other, each from its
# preset to its number of examples, and evaluates each on 10,000 fresh examples. What was stopped is
# resumed, what is finished is left alone.
#
#   campaign.sh LAT DIRECTORY [THREADS [ROW...]]      LAT: path of the lat command; 1 thread, all rows
set -eu
lat=$1 out=$2 threads=${3:-1}
[ $# -lt 3 ] || shift
shift 2
wanted=$*

# row (a preset), examples, the row before it whose encoder it starts with or '-', options of its evaluation
rows() {
  cat <<'END'
eigenvalues-5x5-canonical 2560000 -
singular-values-4x4-canonical 1280000 -
transpose-10x10-small 80000 -
add-5x5-small 500000 -
matvec-5x5-canonical 640000 -
product-5x5-canonical 384000 -
svd-4x4-canonical 2432000 - --grammar
svd-4x4-factored 1280000 svd-4x4-canonical --grammar
eigenvectors-5x5-canonical 3200000 - --grammar
eigenvectors-5x5-factored 3200000 eigenvectors-5x5-canonical --grammar
eigenvectors-6x6-factored 3200000 eigenvectors-5x5-canonical --grammar
END
}

chosen() { # chosen ROW
  [ -z "$wanted" ] && return 0
  for row in $wanted; do
    [ "$row" != "$1" ] || return 0
  done
  return 1
}

mkdir -p "$out"
rows | while read -r row examples encoder options; do
  run=$out/$row
  if ! chosen "$row" || [ -e "$run/accuracy.json" ]; then
    continue
  fi
  set -- train --preset "$row" --seed 1 --examples "$examples" --threads "$threads" --out "$run"
  if [ "$encoder" != - ]; then
    set -- "$@" --encoder-from "$out/$encoder/model.safetensors"
  fi
  if [ -e "$run/checkpoint.safetensors" ]; then
    set -- "$@" --resume
  fi
  "$lat" "$@" </dev/null
  # shellcheck disable=SC2086 # a list of words
  "$lat" eval "$run/model.safetensors" $options --count 10000 --seed 7 --threads "$threads" --json \
    >"$run/accuracy.tmp" </dev/null
  mv "$run/accuracy.tmp" "$run/accuracy.json"
done
