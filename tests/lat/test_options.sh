#!/bin/sh
# Nothing said is ignored: every option of every subcommand changes what comes out, or is refused with
# the reason. The tables below hold all of them; an option that is in none fails the last check.
. "$(dirname "$0")/harness.sh"
sanitizer=${2-}

# What a run leaves behind, without what the clock makes of it.
leavings() {
  set -- out
  [ ! -d run ] || set -- out run/log.jsonl run/model.safetensors
  LC_ALL=C sed -e 's/, [0-9.]* s$//' -e 's/"seconds":[^,}]*//' -e 's/"examples_per_second":[^,}]*//' \
    -e 's/^[0-9.]* examples.s;/;/' "$@"
}

# covered COMMAND WORD...: the options among the words are tested.
covered() {
  of=$1
  shift
  for word in "$@"; do
    case $word in
    --no-*) echo "${word#--no-}" ;;
    --*) echo "${word#--}" ;;
    esac
  done >>"covered.$of"
}

# try COMMAND BASE LINE: exit 0 wanted.
try() {
  [ ! -d run ] || rm -r run
  # shellcheck disable=SC2086
  expect 0 $1 $2 $3
  # shellcheck disable=SC2086
  covered $1 $3
}

# effects COMMAND BASE: each line of the table on standard input, behind BASE, makes a difference.
effects() {
  try "$1" "$2" ''
  leavings >before
  while read -r line; do
    try "$1" "$2" "$line"
    leavings >after
    cmp -s before after && problem "lat $1 ...: $line makes no difference"
  done
}

# accepted COMMAND BASE: each line is taken; what it changes is not in what comes out, or not always.
accepted() {
  while read -r line; do
    try "$1" "$2" "$line"
  done
}

# refused COMMAND BASE: each line is OPTIONS | WHAT STANDARD ERROR SAYS. All lines of a table take the same way
# through the command: a sanitizer, which makes every start slow, sees one of them.
refused() {
  while IFS='|' read -r line text; do
    # shellcheck disable=SC2086
    expect 2 $1 $2 $line
    says err "lat $1: ${text# }"
    says err "Try 'lat $1 --help'."
    silent out
    [ -z "$sanitizer" ] || break
  done
}

# ---- train ----

small='--layers 1 --width 16 --heads 2 --batch-size 4 --examples 8 --learning-rate 1e-2 --validate-every 0
  --threads 1 --out run'
effects train "--task transpose $small" <<'END'
--task add
--size 3
--rows 3
--cols 3
--min-size 1 --max-size 5
--coefficients gaussian
--range 2
--noise 0.1
--structure sparse
--task product --transform log1p
--encoding p10
--input-encoding p10
--output-encoding p10
--digits 4
--input-digits 4
--output-digits 4
--layers 2
--width 8
--heads 1
--loops 2
--encoder-layers 2
--encoder-width 8
--encoder-heads 1
--encoder-loops 2
--decoder-layers 2
--decoder-width 8
--decoder-heads 1
--decoder-loops 2
--ffn-factor 2
--ffn gated
--ffn bilinear
--ffn hashed
--ffn hashed --ffn-hash-bits 2
--norm pre
--norm-kind rms
--loops 2 --copy-gate
--encoder-loops 2 --encoder-layers 2 --encoder-loop-layer 1
--decoder-loops 2 --decoder-layers 2 --decoder-loop-layer 2
--activation gelu
--positions sinusoidal
--no-tied
--matrix-positions
--encoding fp15 --factored
--encoding fp15 --factored --factored-head
--cross-query-from-input
--architecture encoder
--architecture encoder --query-per-number
--architecture decoder
--architecture gru --encoder-attention
--architecture lstm --encoder-attention
--max-positions 90
--init fourier
--fourier
--dropout 0.5
--attention-dropout 0.5
--model-seed 4
--seed 4
--optimizer adamw --weight-decay 0.5
--learning-rate 1e-3
--schedule cosine --period 4
--warmup 4
--beta1 0.5
--beta2 0.5
--epsilon 1e-2
--clip-norm 0.01
--batch-size 2
--accumulation 2
--shards 2
--ema-decay 0.9
--target-spread 5 --target-spread-examples 100
--min-size 2 --max-size 4 --size-weights 2:1,3:1@0
--task transpose,add --task-weights transpose:0.9,add:0.1@0
--task eigenvalues --distribution semicircle,positive --distribution-weights semicircle:0.1,positive:0.9@0
--repeat-count 1 --repeat-share 1
--sign-bias 1
--validate-every 4
--report-every 1
--examples 12
--json
END
effects train "--task eigenvalues --size 2 $small" <<'END'
--distribution laplace
--noise 0.1 --symmetric-noise
--canonical
--triangle
END
effects train "--task inverse --size 2 $small" <<'END'
--scratchpad
--canonical --equilibrate
END
effects train "--task transpose --min-size 1 --max-size 5 $small" <<'END'
--rectangular
END
effects train "--task transpose --optimizer muon $small" <<'END'
--muon-learning-rate 0.5
--muon-momentum 0.1
END
effects train "--task transpose --schedule cosine --period 1 $small --examples 16" <<'END'
--period-multiplier 9
--shrink 0.1
--floor 0.5
END
expect 0 sample --task transpose --count 3 --json
mv out examples.jsonl
effects train "--task transpose $small --validate-every 4" <<'END'
--data examples.jsonl
END
accepted train "--task transpose $small --validate-every 4" <<'END'
--validation-data examples.jsonl
END
accepted train "--task transpose $small" <<'END'
--preset quickstart
--minutes 1 --checkpoint-every 4 --quiet --verbose --threads 2 --precision f32
--checkpoint-minutes 1e-6 --no-best --keep 2 --validate-every 4 --validate-count 1 --patience 9
--validate-every 4 --validate-count 1 --until-exact 100 --until-accuracy 100
--weight-decay 0
--sign-bias 0 --repeat-count 0 --no-rectangular
END
cp run/model.safetensors transpose.safetensors
accepted train "--task transpose $small" <<'END'
--examples 4
END
expect 0 train --task transpose $small --resume
covered train --resume --out
expect 0 train --from transpose.safetensors --examples 4 --batch-size 4 --out from --seed 1
covered train --from
expect 0 train --task add $small --encoder-from transpose.safetensors --examples 4 --batch-size 4 --out copied
covered train --encoder-from
expect 0 train --encoder-from transpose.safetensors --examples 8 --out copied --resume
cp transpose.safetensors another.safetensors
expect 2 train --encoder-from another.safetensors --examples 12 --out copied --resume
says err '--encoder-from has no effect with --resume: the run in copied started from'

refused train '--task transpose --out none' <<'END'
--data examples.jsonl --sign-bias 0.5 | --sign-bias has no effect: --data brings the examples
--data examples.jsonl --repeat-count 2 --repeat-share 0.5 | --repeat-count has no effect: --data brings
--validation-data examples.jsonl --validate-every 0 | --validation-data has no effect: --validate-every is 0
--period 10 | --period has no effect: it belongs to --schedule cosine
--fast-reduce | --fast-reduce has no effect in one process
--split-optimizer | --split-optimizer has no effect in one process
--rank-timeout 5 | --rank-timeout has no effect in one process
--rank-timeout -1 | --rank-timeout is negative
--target-spread-examples 10 | --target-spread-examples has no effect: --target-spread is 0
--schedule inverse-sqrt --shrink 0.5 | --shrink has no effect: it belongs to --schedule cosine
--period-multiplier 2 | --period-multiplier has no effect: it belongs to --schedule cosine
--floor 0.1 | --floor has no effect: it belongs to --schedule cosine
--preset quickstart --schedule constant --period 3 | --period has no effect
--muon-momentum 0.9 | --muon-momentum has no effect: it belongs to --optimizer muon
--architecture encoder --decoder-layers 2 | --decoder-layers has no effect: --architecture encoder has no decoder
--architecture encoder --decoder-width 64 | --decoder-width has no effect: --architecture encoder has no decoder
--architecture encoder --decoder-heads 2 | --decoder-heads has no effect: --architecture encoder has no decoder
--architecture encoder --decoder-loops 2 | --decoder-loops has no effect: --architecture encoder has no decoder
--architecture encoder --no-tied | --tied has no effect: --architecture encoder has no decoder
--architecture encoder --cross-query-from-input | --cross-query-from-input has no effect: --architecture encoder has no decoder
--architecture lstm --ffn-factor 2 | --ffn-factor has no effect: --architecture lstm and gru have no feed-forward blocks
--architecture gru --ffn gated | --ffn has no effect: --architecture lstm and gru have no feed-forward blocks
--ffn hashed --activation gelu | --activation has no effect: --ffn hashed has none
--ffn hashed --ffn-factor 2 | --ffn-factor has no effect: --ffn hashed has no inner width
--ffn-hash-bits 2 | --ffn-hash-bits has no effect: it belongs to --ffn hashed
--ffn bilinear --activation gelu | --activation has no effect: --ffn bilinear has none
--architecture gru --decoder-heads 2 | --decoder-heads has no effect: --architecture lstm and gru attend only
--architecture gru --encoder-heads 2 | --encoder-heads has no effect: recurrent encoders have no attention
--query-per-number | --query-per-number has no effect: it belongs to --architecture encoder
--encoder-attention | --encoder-attention has no effect: it belongs to --architecture lstm and gru
--architecture decoder --encoder-layers 2 | --encoder-layers has no effect: --architecture decoder has no encoder
--architecture decoder --encoder-width 64 | --encoder-width has no effect: --architecture decoder has no encoder
--architecture decoder --encoder-heads 2 | --encoder-heads has no effect: --architecture decoder has no encoder
--architecture decoder --encoder-loops 2 | --encoder-loops has no effect: --architecture decoder has no encoder
--architecture decoder --cross-query-from-input | --cross-query-from-input has no effect: --architecture decoder has no encoder
--encoder-loop-layer 1 | --encoder-loop-layer has no effect: --encoder-loops is 1
--decoder-loop-layer 1 | --decoder-loop-layer has no effect: --decoder-loops is 1
--architecture recurrent | --architecture does not take 'recurrent'
--optimizer adamw --muon-learning-rate 1 | --muon-learning-rate has no effect: it belongs to --optimizer muon
--repeat-count 5 | --repeat-count has no effect: --repeat-share is 0
--validate-every 0 --validate-count 9 | --validate-count has no effect: --validate-every is 0
--distribution laplace | --distribution has no effect: only symmetric matrices have a spectrum
--task svd:2,add --distribution laplace | --distribution has no effect
--task syminverse --distribution laplace,positive --sign-bias 0.5 | --sign-bias has no effect: only
--task eigenvalues --symmetric-noise | --symmetric-noise has no effect: --noise is 0
--size 5 --cols 3 | --size stands for both --rows and --cols
--rows 3 --size 5 | --rows has no effect: --size comes after it
--min-size 2 --max-size 3 --size 4 | --size has no effect: sizes are drawn
--cols 4 --min-size 2 --max-size 3 | --cols has no effect: sizes are drawn
--max-size 3 --rows 4 | --rows has no effect: sizes are drawn
--encoder-layers 3 --layers 2 | --encoder-layers has no effect: --layers comes after it
--width 8 --encoder-width 8 --decoder-width 8 | --width has no effect: --encoder-width and --decoder-width come
--output-digits 4 --digits 3 | --output-digits has no effect: --digits comes after it
--fourier --init random | --fourier has no effect: --init comes after it
--model-seed 3 --seed 4 | --model-seed has no effect: --seed comes after it
END
refused train '--from transpose.safetensors --out none' <<'END'
--preset quickstart | --preset has no effect: the model of --from
--distribution laplace | --distribution has no effect: only symmetric matrices have a spectrum
--encoding p10 | --encoding has no effect: the model of --from
--dropout 0.1 | --dropout has no effect: the model of --from
--fourier | --fourier has no effect: the model of --from
--resume --layers 1 | --layers has no effect: the model of --from
--encoder-from transpose.safetensors | --encoder-from has no effect: --from brings all parameters
END
for option in '--weight-decay 0.1' '--repeat-share 0.5' '--rectangular' '--validate-every 0 --until-exact 9' '--factored' \
  '--min-size 2' '--max-size 2'; do
  # shellcheck disable=SC2086
  expect 2 train --task transpose $small --out none $option
done
expect 2 train --task eigenvalues $small --min-size 2 --max-size 3 --rectangular --out none
[ ! -e none ] || problem 'a refused command made a folder'

# ---- sample ----

effects sample '--task transpose' <<'END'
--task add
--size 3
--rows 3 --cols 4
--min-size 1 --max-size 3
--coefficients gaussian --range 2 --noise 0.1
--structure zero
--task product --transform log1p
--encoding p10 --digits 4
--input-encoding p10 --input-digits 4
--output-encoding p10 --output-digits 4
--preset eigenvalues-3x3
--count 2
--seed 1
--stream 1
--first 1
--min-size 2 --max-size 4 --size-weights 2:1,3:1@0
--task transpose,add --task-weights transpose:0.9,add:0.1@0
--task eigenvalues --distribution semicircle,positive --distribution-weights semicircle:0.1,positive:0.9@0
--repeat-count 1 --repeat-share 1
--json
END
effects sample '--task eigenvalues' <<'END'
--distribution laplace
--noise 0.1 --symmetric-noise
--canonical
--triangle
END
effects sample '--task inverse --size 2' <<'END'
--scratchpad
--canonical --equilibrate
END
effects sample '--task transpose --min-size 1 --max-size 3' <<'END'
--rectangular
END
accepted sample '--task transpose' <<'END'
--threads 1 --verbose
END
refused sample '--task transpose' <<'END'
--precision f32 | unknown option '--precision'
--repeat-count 4 | --repeat-count has no effect: --repeat-share is 0
--distribution laplace | --distribution has no effect
--size 3 --rows 2 | --size stands for both
--quiet | unknown option '--quiet'
--layers 2 | unknown option '--layers'
END

# ---- eval ----

# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $taught --examples 1400 --out taught
# shellcheck disable=SC2086
expect 0 train --task inverse --size 2 $taught --examples 8 --out inverse
# shellcheck disable=SC2086
expect 0 train --task eigenvalues --size 2 $taught --out eigenvalues
# shellcheck disable=SC2086
expect 0 train --task eigenvectors:1,transpose --size 2 $tiny --out mixture
# shellcheck disable=SC2086
expect 0 train --task product --size 2 $tiny --out product
taught_model=taught/model.safetensors
expect 0 sample --task transpose --size 2 --count 3 --json
mv out examples.jsonl
effects eval "$taught_model --count 300 --quiet" <<'END'
--data examples.jsonl
--count 101
--seed 1
--stream 1
--first 50
--size 1
--rows 1
--cols 1
--min-size 1 --max-size 2
--range 1
--coefficients gaussian
--noise 1
--structure dense,integer
--max-tokens 3
--ceiling
--json
--method sample --temperature 9
--method sample --decode-seed 9
--tolerances 0.3,1e-4
END
accepted eval "product/model.safetensors --count 4" <<'END'
--transform log1p
END
effects eval "inverse/model.safetensors --count 30" <<'END'
--no-ceiling
--refine 3
--diagnose
--candidates 3
--candidates 3 --no-average
END
accepted eval "inverse/model.safetensors --count 3" <<'END'
--scratchpad
--predictions predictions.jsonl --json
END
[ "$(grep -c '"condition":[0-9]' predictions.jsonl)" = 3 ] || problem 'predictions.jsonl has not three lines'
accepted eval "eigenvalues/model.safetensors --count 5" <<'END'
--distribution semicircle;positive
END
[ "$(grep -c '^distribution' out)" = 2 ] || problem 'two test sets are not two tables'

accepted eval "$taught_model --count 20" <<'END'
--batch-size 3 --norm max --accept-trailing --accept-loose --no-accept-zero --no-classic-inverse --precision f32 --threads 1 --verbose --quiet
--min-size 1 --max-size 2 --rectangular
--method beam --beam-width 2 --length-penalty 0.5 --grammar
END
accepted eval "inverse/model.safetensors --count 20" <<'END'
--classic-inverse
END
accepted eval "mixture/model.safetensors --count 20" <<'END'
--accept-zero
--distribution laplace
--task eigenvectors
END
accepted eval "eigenvalues/model.safetensors --count 20" <<'END'
--noise 0.1 --symmetric-noise --no-canonical
--no-equilibrate
END
refused eval "$taught_model --count 4" <<'END'
--distribution laplace | --distribution has no effect: only symmetric matrices have a spectrum
--classic-inverse | --classic-inverse has no effect: the model inverts nothing
--accept-zero | --accept-zero has no effect: the model's answers hold no vectors
--beam-width 3 | --beam-width has no effect: it belongs to --method beam
--method sample --length-penalty 1 | --length-penalty has no effect: it belongs to --method beam
--temperature 2 | --temperature has no effect: it belongs to --method sample
--no-average | --average has no effect: --candidates is 1
--candidates 2 --accept-trailing | --candidates chooses among complete matrices
--refine 2 | --refine has no effect: answers of this task are not refined
--method beam --decode-seed 2 | --decode-seed has no effect: it belongs to --method sample
--grammar --accept-trailing | --accept-trailing has no effect: with --grammar
--size 3 --max-size 4 --min-size 1 | --size has no effect: sizes are drawn
--size 3 --cols 2 | --size stands for both
--data examples.jsonl --size 3 | --size has no effect: --data brings the examples
--data examples.jsonl --min-size 2 --max-size 3 | --min-size has no effect: --data brings the examples
--task svd | the model has no task 'svd'; it has transpose
END
for weighted in add:junk add: add:-1 add:nan matvec,add:inf; do
  expect 2 sample --size 2 --count 1 --task $weighted
  says err "no task 'add:"
done

# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --output-encoding b1999 --out b1999
refused eval 'b1999/model.safetensors --count 4' <<'END'
--accept-loose | --accept-loose has no effect: it belongs to output in p10 or p1000
END

# ---- solve ----

printf '1 2\n3 4\n' >input
effects solve "$taught_model --tolerance 1e9" <<'END'
--json
END
accepted solve "$taught_model --tolerance 1e9" <<'END'
--output answers.npy
--no-scaling --grammar --max-tokens 30 --task transpose --precision f32 --threads 1 --verbose --no-compare
--method beam --beam-width 2 --length-penalty 0.5
--method sample --temperature 0.01 --decode-seed 9
--fallback
END
printf '1 2\n2 4\n' >input
accepted solve eigenvalues/model.safetensors <<'END'
--compare --tolerance 1e9
--tolerance 1e9
--refine 30 --tolerance 1e9
--fallback --tolerance 0.1
END
expect 0 train --task inverse --size 2 --layers 1 --width 16 --heads 2 --batch-size 4 --examples 8 \
  --validate-every 0 --out taught-inverse
printf '2 1\n1 3\n' >input
effects solve 'taught-inverse/model.safetensors input --fallback' <<'END'
--refine 3 --certify-tolerance 1e-9 --json
END
accepted solve 'taught-inverse/model.safetensors input --fallback' <<'END'
--candidates 3
--candidates 3 --no-average
END
refused solve taught-inverse/model.safetensors <<'END'
--no-average | --average has no effect: --candidates is 1
--certify-tolerance 1e-9 | --certify-tolerance has no effect
END
refused solve "$taught_model" <<'END'
--refine 3 | --refine has no effect: answers of this task are not refined
--compare | --compare has no effect: the task has a residual of its own
--beam-width 3 | --beam-width has no effect
--temperature 3 | --temperature has no effect
--quiet | unknown option '--quiet'
END
rm input

# ---- info, bench, plot ----

effects info "$taught_model" <<'END'
--json
--verbose
END
accepted info '' <<'END'
--threads 1 --precision f32
END
effects info '' <<'END'
--list
END
refused info '--list' <<'END'
--threads 2 | --threads has no effect on a list of names
--precision f32 | --precision has no effect on a list of names
END
refused info "$taught_model" <<'END'
--threads 1 | --threads has no effect on what a model's file holds
--precision f32 | --precision has no effect on what a model's file holds
--list | --list lists the models that are known by name
--quiet | unknown option '--quiet'
END
accepted bench '--width 16 --repeats 1 --seconds 0 --no-decoding' <<'END'
--preset quickstart --layers 1 --width 8 --heads 2 --loops 1 --no-matrix-positions --norm post --activation relu --positions learned
--preset quickstart --encoder-layers 1 --encoder-width 8 --encoder-heads 1 --encoder-loops 1 --decoder-layers 1 --decoder-heads 1
--architecture encoder --layers 1 --width 8 --heads 2 --size 2 --query-per-number
--architecture decoder --layers 1 --width 8 --heads 2 --size 2 --ffn hashed --ffn-hash-bits 2
--architecture lstm --layers 1 --width 8 --heads 2 --size 2 --encoder-attention
--layers 2 --loops 2 --width 8 --heads 2 --size 2 --norm-kind rms --attention-dropout 0.1 --copy-gate --encoder-loop-layer 1 --decoder-loop-layer 2
--decoder-width 16 --task product --transform log1p --size 2 --decoder-loops 1 --ffn-factor 1 --ffn gated --no-tied --encoding fp15 --factored --factored-head --cross-query-from-input --max-positions 40 --init fourier --dropout 0.1 --model-seed 2 --optimizer muon --learning-rate 1e-3 --muon-learning-rate 0.1 --muon-momentum 0.5
--task eigenvalues --rows 2 --cols 2 --distribution laplace --structure integer --coefficients gaussian --range 2 --noise 0.1 --symmetric-noise --canonical --triangle --digits 3 --fourier
--task inverse --size 2 --canonical --equilibrate
--task product --scratchpad --min-size 2 --max-size 2 --rectangular --input-encoding p10 --output-encoding p10 --input-digits 4 --output-digits 4 --schedule cosine --period 9 --period-multiplier 2 --shrink 0.5 --floor 0.1 --warmup 1 --beta1 0.5 --beta2 0.5 --epsilon 1e-6 --clip-norm 1 --ema-decay 0.9
--size 2 --optimizer adamw --weight-decay 0.1 --batch-size 2 --repeats 2 --seconds 0 --no-decoding --json --precision f32 --threads 1 --verbose
END
refused bench '--size 2' <<'END'
--accumulation 2 | unknown option '--accumulation'
--validate-every 2 | unknown option '--validate-every'
--sign-bias 0.5 | unknown option '--sign-bias'
--muon-momentum 0.5 | --muon-momentum has no effect
--period 5 | --period has no effect
--quiet | unknown option '--quiet'
END
effects convert "$taught_model converted" <<'END'
--storage bf16
--storage f16
--json
END
accepted convert "$taught_model converted" <<'END'
--threads 1 --verbose
END
refused convert "$taught_model converted" <<'END'
--precision f32 | unknown option '--precision'
END
covered plot --output --log --title # test_runs.sh
covered train --fast-reduce # tests/mpi
covered train --split-optimizer # tests/mpi
covered train --rank-timeout # tests/mpi

# Whoever adds an option adds it to a table above.
for command in sample train eval solve info bench plot convert; do
  expect 0 $command --help
  sed -n 's/^  --\([a-z0-9-]*\).*/\1/p' out | while read -r option; do
    grep -qx -e "$option" covered.$command || echo "$option"
  done >missing
  while read -r option; do
    problem "lat $command --$option is in no table of $0"
  done <missing
done

finish
