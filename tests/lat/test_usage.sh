#!/bin/sh
# Help, version, and every kind of bad usage.
. "$(dirname "$0")/harness.sh"

expect 0 --version
says out "lat 0."
expect 0 --help
for command in sample train eval solve info bench plot; do
  expect 0 --help
  says out "  $command "
  expect 0 $command --help
  says out "Usage: lat $command"
  silent err
  expect 0 $command -h
  expect 2 $command --no-such-option
  says err "lat $command: unknown option '--no-such-option'"
  says err "Try 'lat $command --help'."
  expect 2 $command --json=1
  expect 2 $command -x
  expect 2 $command $(seq 20)
done

expect 0 help solve
says out 'Usage: lat solve'
expect 0 --help convert
says out 'Usage: lat convert'
for words in 'help learn' 'help solve eval' '--version please' '--help --version'; do
  # shellcheck disable=SC2086
  expect 2 $words
  says err "'${words##* }'"
  silent out
done
expect 2 info ''
says err 'lat info: an operand is empty: [MODEL]'
expect 2 convert model.safetensors ''
says err 'an operand is empty: MODEL FILE'

expect 2
says err "no command"
expect 2 learn
says err "no command 'learn'"
expect 2 trian
says err "no command 'trian'; did you mean train?"
expect 2 sample --tsk transpose
says err "unknown option '--tsk'; did you mean --task?"
expect 2 sample --cuont=3
says err "did you mean --count?"
expect 2 train --preset quikstart --out x
says err "no preset 'quikstart'; did you mean quickstart?"
expect 2 sample --task transpos
says err "no task 'transpos'; there are transpose, add"
expect 2 bench --norm pree
says err "--norm does not take 'pree'; there are post|pre"
expect 2 sample --task ''
says err "--task needs a text that is not empty"
for command in eval solve plot; do
  expect 2 $command
  says err "missing operand"
done

# What the shells offer. completes EXPECTED WORD...: the first candidates, one a word.
completes() {
  candidates=$1
  shift
  expect 0 complete "$@"
  silent err
  [ "$(cut -f 1 out | head -3 | tr '\n' ' ')" = "$candidates" ] || problem "lat complete $*: $(head -3 out)"
}
completes 'train ' tr
completes 'sample ' help sa
completes '--learning-rate ' train --quiet --learning
completes '--no-tied ' bench --no-ti
completes 'post pre ' train --norm ''
completes 'rms ' train --norm-kind r
completes 'muon ' train --optimizer m
completes 'least-squares ' sample --task le
completes 'p10 p1000 b1999 ' train --size 3 --input-encoding ''
completes 'quickstart ' train --preset qu
completes '' train --size ''
completes '' solve model file ''
completes '' learn ''
completes '' plot ''
mkdir models && : >models/one.safetensors
LAT_MODEL_PATH=$PWD/models
export LAT_MODEL_PATH
completes 'one ' solve --refine 3 on
completes 'one ' info on
unset LAT_MODEL_PATH
if command -v bash >/dev/null; then
  bash -c '. "$1"; COMP_WORDS=("$2" train --norm p) COMP_CWORD=3; _lat; echo "${COMPREPLY[@]}"
    COMP_WORDS=("$2" "") COMP_CWORD=1; _lat; echo "${COMPREPLY[0]}"' \
    - "$here/../../examples/lat/completions/lat.bash" "$lat" >out
  [ "$(tr '\n' ' ' <out)" = 'post pre sample ' ] || problem "completion in bash: $(cat out)"
fi

# Values.
expect 2 sample --task
says err "--task needs an argument"
expect 2 sample --task transpose --size five
says err "--size needs an integer in range, not 'five'"
expect 2 sample --task transpose --size 4294967297
says err "--size needs an integer in range"
expect 2 sample --task transpose --size 1.5
expect 2 sample --task transpose --seed -1
says err "--seed needs an integer in range, not '-1'"
expect 2 sample --task transpose --seed 18446744073709551616
expect 0 sample --task transpose --seed 18446744073709551615
expect 2 sample --task transpose --stream -1
expect 2 sample --task transpose --noise nan
says err "--noise needs a finite number, not 'nan'"
expect 2 sample --task transpose --noise 1,5
expect 2 sample --task transpose --count -1
expect 2 bench --precision f64
says err "--precision does not take 'f64'"
expect 2 bench --precision f
expect 0 sample --task transpose --count 1e1 --json
lines 10
expect 0 sample --task transpose --count=0
silent out

# Names and limits that the library refuses.
expect 2 sample
says err "--task NAME or --preset NAME is needed"
expect 2 sample --task transposition
says err "transposition"
expect 2 sample --task transpose --size 0
expect 2 sample --task transpose --size 101
says err "101"
expect 2 sample --task inverse --rows 2 --cols 3
expect 2 sample --task eigenvalues --distribution gauss
says err "gauss"
expect 2 sample --task transpose --encoding p11
says err "p11"
expect 2 sample --task transpose --encoding fp15 --digits 4
says err "4 digits"
expect 2 sample --task transpose --threads -1
expect 2 sample --task transpose,transpose
expect 2 sample --task transpose:x,add
expect 2 sample --task transpose:0,add
expect 2 sample --task transpose,
expect 2 sample --preset none-such
says err "no preset 'none-such'; there are quickstart"

expect 2 train --task transpose
says err "--out DIR is needed"
expect 2 train --out run
says err "--task NAME, --preset NAME or --from MODEL is needed"
expect 2 train --task transpose --out ''
for option in '--width 0' '--heads 7' '--layers 65' '--dropout 1' '--batch-size 0' '--optimizer sgd' \
  '--schedule linear' '--learning-rate -1' '--repeat-share 2' '--until-exact 101' '--minutes -1' \
  '--norm middle' '--activation tanh' '--factored' '--factored-head' '--encoding fp15 --factored-head' '--examples -1' '--beta1 1'; do
  # shellcheck disable=SC2086
  expect 2 train --task transpose $tiny --out run $option
done
[ ! -e run ] || problem 'bad options made a folder'
expect 2 bench --repeats 0
expect 2 bench --repeats 100
expect 2 bench --seconds -1
expect 2 plot run
says err "-o FILE.svg is needed"
expect 2 plot run -o ''
for name in y.gif y.PDF ./dir.d/y.jpeg; do
  expect 2 plot run -o $name
  says err "-o $name: the picture is written as FILE.svg or FILE.png"
done
expect 1 plot run -o dir.d/y
expect 1 plot run -o y.SVG

# Words of the user are printed as text.
expect 2 "$(printf 'no\033[2J')"
says err "lat: no command 'no?[2J'"
expect 2 sample --task transpose --size "$(printf '\302\23333\303')"
says err "lat sample: --size needs an integer in range, not '??33"
expect 2 sample --preset "$(printf 'x\177')"
says err "no preset 'x?'"

# Every preset is a valid set of options.
for preset in $("$lat" --help | sed -n '/^Presets/,/^$/s/^  \([a-z0-9-]*\) .*/\1/p'); do
  expect 0 sample --preset "$preset" --json
  lines 1
done
says out '"input_tokens"'

finish
