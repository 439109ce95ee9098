#!/bin/sh
# The measuring scripts, as far as they go in an instant: test_scripts.sh PYTHON LAT
set -eu
python=$1 lat=$2
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/lat-test-XXXXXX")
trap 'status=$?; [ "$status" -eq 0 ] || cat "$scratch/out" >&2; rm -rf "$scratch"' EXIT # what failed says why

PYTHON=$python sh "$here/peers.sh" --help >"$scratch/help"
grep -q -e --rounds "$scratch/help"
"$python" "$here/scaling.py" --help >"$scratch/help"
grep -q -e --dimensions "$scratch/help"
"$python" "$here/ranks.py" --help >"$scratch/help"
grep -q -e --launcher "$scratch/help"

"$python" "$here/search.py" --lat "$lat" --out "$scratch/search" --seconds 0.05 --rungs 2 --seeds 1 --count 4 \
  --base '--task transpose --size 1 --layers 1 --width 16 --heads 2 --batch-size 4' \
  --candidate 'plain:' --candidate 'average: --ema-decay 0.9' >"$scratch/out"
[ "$(grep -c '^| plain |\|^| average |' "$scratch/out")" -eq 3 ]

precision=f32
if "$lat" info | grep -q 'precision *bf16'; then # the processor and the compiler have it
  precision=bf16
  "$python" "$here/precision.py" --lat "$lat" --examples 32 --quick-examples 16 --seeds 1 \
    --quick-seeds 1 --count 2 --jobs 1 --output "$scratch/precision.md" >"$scratch/out" 2>&1
  [ "$(grep -c '^| 5 % |' "$scratch/precision.md")" -eq 2 ]
fi

"$python" "$here/small_models.py" --lat "$lat" --campaign --widths 64 --rules muon --threads 1 --batches 2 --rounds 1 \
  --precision $precision --seconds 0.01 >"$scratch/out"
grep -q '^| 64 | muon | 2 | 1 |' "$scratch/out"

cat >"$scratch/example" <<'END'
#!/bin/sh
echo "$1 x $2 $3: 50.00 % right; digits from the units: 50.00"
END
chmod +x "$scratch/example"
"$python" "$here/multiplication.py" "$scratch/example" --most 2 --output "$scratch" >"$scratch/out" 2>&1
[ "$(grep -c ',50.00,' "$scratch/multiplication.csv")" -eq 8 ]
"$python" "$here/multiplication.py" "$scratch/example" --most 2 --output "$scratch" >"$scratch/out" 2>&1
[ "$(grep -c 128000 "$scratch/out")" -eq 0 ] # all rows are known

"$python" "$here/spectra.py" "$lat" "$scratch/spectra" --examples 128 --count 2 --train laplace --width 16 --heads 2 \
  --encoder-layers 1 >"$scratch/out" 2>&1
grep -q '^| laplace |' "$scratch/out"

"$python" "$here/cotraining.py" "$lat" "$scratch/cotraining" --examples 128 --count 4 --size 1 --tasks add matvec --width 16 --heads 2 \
  --encoder-layers 1 --decoder-layers 1 >"$scratch/out" 2>&1
grep -qE '^\| together, as many of each \| 256 \| [0-9.]+ / [0-9.]+ \| [0-9.]+ / [0-9.]+ \|' "$scratch/out"

"$python" "$here/batches.py" "$lat" "$scratch/batches" --batches 4 8 --rates 1 --most 64 --count 2 \
  --base '--task transpose --size 1 --layers 1 --width 16 --heads 2 --optimizer muon' >"$scratch/out" 2>&1
[ "$(grep -c '^| [48] | 1 |' "$scratch/out")" -eq 2 ]

"$python" "$here/ablation.py" "$lat" "$scratch/ablation" --seconds 0.01 --count 2 --tasks 'matvec 3x3' \
  --variants 'sizes from small to large' >"$scratch/out" 2>&1
[ "$(grep -c '^| sizes from small to large |' "$scratch/out")" -eq 1 ]
