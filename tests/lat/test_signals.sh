#!/bin/sh
# Ctrl-C and SIGTERM write a checkpoint and stop; the resumed run is the straight one.
. "$(dirname "$0")/harness.sh"

options='--task transpose --size 2 --layers 1 --width 16 --heads 2 --batch-size 4 --validate-every 0 --seed 3'

interrupted() { # SIGNAL DIR
  # shellcheck disable=SC2086
  "$lat" train $options --examples 100000000 --out "$2" >out 2>err &
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

# A shell starts background jobs with SIGINT ignored; a program that was told to ignore it
# all the same catches it here, since it installs its handler anew.
for signal in INT TERM; do
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

finish
