#!/bin/sh
# Models by name, in another storage, and as the start of another size.
. "$(dirname "$0")/harness.sh"
unset LAT_MODEL_PATH

# shellcheck disable=SC2086
expect 0 train --task transpose --rows 2 --cols 3 $taught --out run
mkdir models more
printf '1 2 3\n4 5 6\n' >matrix.txt

# convert: half the size, the same answers where the model is taught.
expect 0 convert run/model.safetensors models/transpose-2x3.safetensors --storage bf16
says out 'models/transpose-2x3.safetensors: bf16, '
expect 0 convert run/model.safetensors more/full.safetensors --json
says out '"storage":"f32","bytes":'
cmp -s run/model.safetensors more/full.safetensors || problem "$said: f32 is not a copy"
whole=$(wc -c <more/full.safetensors)
half=$(wc -c <models/transpose-2x3.safetensors)
[ "$half" -lt $((whole * 6 / 10)) ] || problem "bf16 takes $half bytes of $whole"
expect 0 convert models/transpose-2x3.safetensors again.safetensors --storage bf16
cmp -s models/transpose-2x3.safetensors again.safetensors || problem "$said: bf16 rounded twice is another"
expect 2 convert run/model.safetensors bad.safetensors --storage f64
says err "storage 'f64' is none of f32, bf16 and f16"
[ ! -e bad.safetensors ] || problem "$said: wrote a file"
expect 1 convert run/model.safetensors nowhere/model.safetensors
expect 2 convert run/model.safetensors

# solve, eval and info by name: in the folders of LAT_MODEL_PATH, in their order.
expect 1 solve transpose-2x3 matrix.txt
says err 'no model transpose-2x3 in '
LAT_MODEL_PATH=/nowhere:$scratch/models
export LAT_MODEL_PATH
expect 0 solve transpose-2x3 matrix.txt --tolerance 1e9
cp out by_name
expect 0 solve models/transpose-2x3.safetensors matrix.txt --tolerance 1e9
cmp -s out by_name || problem "$said: another answer than by name"
expect 0 eval transpose-2x3 --count 10 --quiet
expect 0 info transpose-2x3
says out 'name=transpose'
expect 1 solve transpose-2x4 matrix.txt
says err "no model transpose-2x4 in /nowhere:$scratch/models:"
says err transpose-2x3
mkdir transpose-2x3
expect 1 solve transpose-2x3 matrix.txt
says err 'transpose-2x3/model.safetensors: cannot open'
rmdir transpose-2x3
for path in ./transpose-2x3 models/transpose-2x3 transpose-2x3.safetensors; do
  expect 1 solve $path matrix.txt
  says err "$path: "
done
LAT_MODEL_PATH=$scratch/more:$scratch/models
cp run/model.safetensors more/transpose-2x3.safetensors
expect 0 info --list --json
says out "\"name\":\"transpose-2x3\",\"path\":\"$scratch/more/transpose-2x3.safetensors\""

# The list, with and without a manifest.
rm more/transpose-2x3.safetensors
printf '{"models":{"transpose-2x3":{"accuracy":{"0.05":12.5,"0.02":0.25}},
  "refined":{"accuracy":{"0.05":0,"certified":43.21},"evaluation":{"refine":20}}}}' >models/MANIFEST.json
cp run/model.safetensors models/refined.safetensors
expect 0 info --list
says out 'full                     transpose        2x3'
says out '  43.2 % certified by --refine 20'
grep 'transpose-2x3  .* 12.50    0.25       -       -$' out >/dev/null || problem "$said: no accuracy: $(cat out)"
expect 0 info --list --json
says out '"manifest":{"accuracy":'
says out '"manifest":null'
echo x >more/broken.safetensors
expect 1 info --list
says err 'broken.safetensors'
says out 'transpose-2x3'
rm more/broken.safetensors
expect 2 info --list full

# train --from: another size, another task, or neither.
from='--batch-size 4 --validate-every 0 --examples 8 --quiet'
# shellcheck disable=SC2086
expect 0 train --from transpose-2x3 --size 4 $from --out larger
expect 0 info larger/model.safetensors --json
says out '"rows":4,"cols":4'
says out '"max_positions":85'
says out '"encoder_width":32'
# shellcheck disable=SC2086
expect 0 train --from transpose-2x3 --size 4 $from --examples 16 --out larger --resume
expect 0 train --examples 24 --quiet --out larger --resume
# shellcheck disable=SC2086
expect 0 train --from transpose-2x3 --size 4 $from --examples 32 --out larger --resume
# shellcheck disable=SC2086
expect 2 train --from transpose-2x3 --size 3 $from --out larger --resume
cp larger/model.safetensors another.safetensors
expect 2 train --from another.safetensors --examples 40 --quiet --out larger --resume
says err '--from has no effect with --resume: the run in larger started from'
# shellcheck disable=SC2086
expect 0 train --from transpose-2x3 --noise 0.1 $from --out noisy
expect 0 info noisy/model.safetensors --json
says out '"rows":2,"cols":3'
says out '"noise":0.1'
# shellcheck disable=SC2086
expect 0 train --from transpose-2x3 --task eigenvalues --size 3 $from --out other
expect 0 info other/model.safetensors --json
says out '"name":"eigenvalues"'
# shellcheck disable=SC2086
expect 0 train --from transpose-2x3 $from --learning-rate 1e-12 --out same
expect 0 info same/model.safetensors --json
says out '"rows":2,"cols":3'
# shellcheck disable=SC2086
expect 2 train --from transpose-2x3 --size 101 $from --out huge
says err '101'
# shellcheck disable=SC2086
expect 1 train --from transpose-9x9 --size 3 $from --out none

# Names are a stranger's text: nothing of theirs reaches a terminal, and JSON stays JSON.
mkdir strange
odd=$(printf 'a\033[2J\377')
cp "$here/../../examples/models/transpose-5x5.safetensors" "strange/$odd.safetensors"
printf 'a?[2J?' >clean
for words in "info strange/$odd.safetensors" "convert strange/$odd.safetensors strange/$odd.safetensors"; do
  # shellcheck disable=SC2086
  expect 0 $words
  says out "strange/$(cat clean).safetensors"
  # shellcheck disable=SC2086
  expect 0 $words --json
  says out "\"path\":\"strange/$(cat clean).safetensors\""
done
LAT_MODEL_PATH=$PWD/strange
export LAT_MODEL_PATH
expect 0 info --list
says out "$(cat clean) "
expect 0 info --list --json
says out "\"name\":\"$(cat clean)\""
unset LAT_MODEL_PATH
# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --out "strange/$odd"
says out "strange/$(cat clean): 8 examples"
# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --out "strange/2$odd" --json
says out "\"directory\":\"strange/2$(cat clean)\""

finish
