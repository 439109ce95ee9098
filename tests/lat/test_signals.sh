#!/bin/sh
# Ctrl-C, SIGTERM and SIGHUP write a checkpoint and stop; the resumed run is the straight one. What was
# ignored when the command began stays ignored.
. "$(dirname "$0")/harness.sh"

options='--task transpose --size 2 --layers 1 --width 16 --heads 2 --batch-size 4 --validate-every 0 --seed 3'

interrupted() { # SIGNAL DIR
  # shellcheck disable=SC2086
  env --default-signal="$1" "$lat" train $options --examples 100000000 --out "$2" >out 2>err &
  pid=$!
  tries=0
  while [ ! -s "$2/log.jsonl" ] && [ $tries -lt 300 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -"$1" $pid
  wait $pid
  code=$?
  said="lat train, $1"
  [ $code -eq 1 ] || problem "$said: exit $code, not 1: $(cat err)"
  says err 'the checkpoint is written'
  says out "$2: "
}

# A shell starts background jobs with SIGINT ignored, which env undoes.
for signal in INT TERM HUP; do
  interrupted $signal run-$signal
  examples=$(sed -n 's/.*: \([0-9]*\) examples in.*/\1/p' out)
  total=$((examples + 400))
  # shellcheck disable=SC2086
  expect 0 train $options --quiet --examples $total --out run-$signal --resume
  # shellcheck disable=SC2086
  expect 0 train $options --quiet --examples $total --out straight-$signal
  cmp -s run-$signal/model.safetensors straight-$signal/model.safetensors ||
    problem "stopped by $signal and resumed is not the straight run"
done

# Ignored: the run goes on to its own end.
for signal in INT TERM HUP; do
  # shellcheck disable=SC2086
  env --ignore-signal=$signal "$lat" train $options --minutes 0.03 --out ignored-$signal >out 2>err &
  pid=$!
  tries=0
  while [ ! -s ignored-$signal/log.jsonl ] && [ $tries -lt 300 ]; do
    sleep 0.1
    tries=$((tries + 1))
  done
  kill -$signal $pid
  wait $pid
  code=$?
  said="lat train, $signal ignored"
  [ $code -eq 0 ] || problem "$said: exit $code, not 0: $(cat err)"
done

# A reader of the progress that leaves does not end the run; a result that cannot be written does not
# pass for one that was.
# shellcheck disable=SC2086
{ "$lat" train $options --examples 4000 --validate-every 400 --validate-count 4 --out piped 2>&1 >out; echo $? >code; } | true
[ "$(cat code)" = 0 ] || problem "lat train into a pipe without a reader: exit $(cat code)"
[ -s piped/model.safetensors ] || problem 'a run whose reader left has no model'

# Closed streams: what is printed goes nowhere, least of all into the run's files.
# shellcheck disable=SC2086
"$lat" train $options --examples 400 --out closed >&- 2>err
[ $? -eq 1 ] || problem 'a closed standard output went unnoticed'
said='lat train >&-'
says err 'standard output could not be written'
# shellcheck disable=SC2086
"$lat" train $options --examples 400 --out straight <&- >out 2>&-
[ $? -eq 0 ] || problem 'a closed standard error is an error'
cmp -s closed/model.safetensors straight/model.safetensors || problem 'what was printed went into the run'

# A full disk, in every subcommand.
model=closed/model.safetensors
printf '1 2\n3 4\n' >matrix
for command in 'sample --task transpose' "eval $model --count 4" "solve $model matrix --tolerance 1e9" "info $model" \
  "info $model --json" 'info --list' "convert $model converted" "convert $model converted --json" \
  info 'bench --size 2 --layers 1 --width 16 --heads 2 --repeats 1 --seconds 0 --no-decoding' \
  "train $options --examples 4 --out full --quiet" --version --help 'plot --help'; do
  [ -w /dev/full ] || break
  # shellcheck disable=SC2086
  "$lat" $command >/dev/full 2>err
  code=$?
  said="lat $command >/dev/full"
  [ $code -eq 1 ] || problem "$said: exit $code"
  says err 'standard output could not be written'
done

finish
