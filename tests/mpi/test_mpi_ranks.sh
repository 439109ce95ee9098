#!/bin/sh
# lat train under an MPI launcher: the same bits at any number of ranks, one decision for all.
#   test_mpi_ranks.sh LAT LAUNCHER [PROGRAM]
# With PROGRAM, which calls the library, all of it; without, what another MPI may do otherwise. MORE=1 in the
# environment: at length, with 20 ranks killed.
. "$(dirname "$0")/../lat/harness.sh"
launcher=$2
program=${3-}
more=${MORE-}

oversubscribe=
if "$launcher" --version 2>&1 | grep -q 'Open MPI\|OpenRTE'; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
  oversubscribe=--oversubscribe
fi

# Each rank's process leaves its number behind; ranks differ where the test wants it.
cat >rank.sh <<'END'
rank=${OMPI_COMM_WORLD_RANK-${PMI_RANK-0}}
echo $$ >pid.$rank.new && mv pid.$rank.new pid.$rank
lat=$1
shift
[ "${DIFFER-}" != rate ] || set -- "$@" --learning-rate "0.$((1 + rank))"
[ "${DIFFER-}" != option ] || [ "$rank" = 0 ] || set -- "$@" --heads 3
exec "$lat" "$@"
END

options='--task transpose --size 2 --layers 1 --width 16 --heads 2 --batch-size 8 --validate-every 64
  --validate-count 130 --checkpoint-every 16 --report-every 1 --model-seed 3 --precision f32 --optimizer muon'

launch() { # RANKS CODE ARGUMENT...
  ranks=$1
  wanted=$2
  shift 2
  rm -f pid.*
  # shellcheck disable=SC2086
  timeout 60 "$launcher" $oversubscribe -n "$ranks" sh rank.sh "$lat" train $options "$@" </dev/null >out 2>err
  code=$?
  said="$ranks ranks: lat train $*"
  [ $code -eq "$wanted" ] || problem "$said: exit $code, not $wanted: $(head -c 600 err)"
}

same() { # the checkpoints of two runs
  cmp -s "$1/checkpoint.safetensors" "$2/checkpoint.safetensors" || problem "the runs $1 and $2 differ"
}

# shellcheck disable=SC2086
expect 0 train $options --examples 128 --shards 8 --threads 1 --quiet --out alone
for ranks in 3 ${program:+2} ${more:+1 4 8}; do
  # shellcheck disable=SC2046
  launch "$ranks" 0 $([ "$ranks" = 3 ] || echo --split-optimizer) --examples 128 --threads $((1 + ranks % 2)) --out "ranks$ranks"
  same alone "ranks$ranks"
done

# Wide enough for layers whose sums begin while the backward pass goes on.
wide='--width 128 --layers 2 --examples 24'
# shellcheck disable=SC2086
expect 0 train $options $wide --shards 8 --threads 1 --quiet --out wide
for ranks in 2 ${program:+3}; do
  # shellcheck disable=SC2086
  launch "$ranks" 0 $wide --threads 1 --out "wide$ranks"
  same wide "wide$ranks"
done
# shellcheck disable=SC2086
launch 2 0 $wide --fast-reduce --threads 1 --out widefast
# The same where ranks have the gradients of their own part alone, summed layer by layer, or by one call of MPI.
# shellcheck disable=SC2086
expect 0 train $options $wide --optimizer adamw --shards 8 --threads 1 --quiet --out adamw
for ranks in 2 3; do
  # shellcheck disable=SC2086
  launch "$ranks" 0 $wide --optimizer adamw --split-optimizer --threads 1 --out "split$ranks"
  same adamw "split$ranks"
done
# shellcheck disable=SC2086
launch 2 0 $wide --optimizer adamw --fast-reduce --threads 1 --out adamwfast
# shellcheck disable=SC2086
launch 2 0 $wide --optimizer adamw --fast-reduce --split-optimizer --threads 1 --out adamwsplit
same adamwfast adamwsplit
# shellcheck disable=SC2086
launch 3 0 $wide --optimizer adamw --fast-reduce --threads 1 --out three
# shellcheck disable=SC2086
launch 3 0 $wide --optimizer adamw --fast-reduce --split-optimizer --rank-timeout 50 --threads 1 --out threesplit
same three threesplit
# shellcheck disable=SC2086
launch 2 0 $wide --rank-timeout 50 --threads 1 --out limited
same wide limited

# Starts a run without an end, and waits until it is under way.
begin() { # RANKS DIRECTORY ARGUMENT...
  ranks=$1
  run=$2
  shift 2
  rm -f pid.*
  # shellcheck disable=SC2086
  "$launcher" $oversubscribe -n "$ranks" sh rank.sh "$lat" train $options --threads 1 --out "$run" "$@" </dev/null >out 2>err &
  job=$!
  tries=0
  while [ ! -s "$run/log.jsonl" ] && [ $tries -lt 300 ]; do
    sleep 0.05
    tries=$((tries + 1))
  done
}

# A run that was ended early, resumed by another number of ranks, is the straight one.
resumed_is_straight() { # DIRECTORY RANKS ARGUMENT...
  run=$1
  ranks=$2
  shift 2
  # shellcheck disable=SC2086
  expect 0 train $options --resume --examples 1 --quiet --threads 1 --out "$run"
  total=$(($(sed -n 's/.*: \([0-9]*\) examples in.*/\1/p' out) + 24))
  launch "$ranks" 0 --resume --examples $total --threads 1 --out "$run" "$@"
  # shellcheck disable=SC2086
  expect 0 train $options --examples $total --shards 8 --threads 1 --quiet --out "straight-$run"
  same "$run" "straight-$run"
}

# The warning of a scheduler to one rank stops all, with a checkpoint.
begin 2 stopped
kill -USR1 "$(cat pid.1)"
wait $job
code=$?
said='lat train, SIGUSR1'
[ $code -eq 1 ] || problem "$said: exit $code, not 1: $(head -c 600 err)"
says err 'stopped by a signal; the checkpoint is written'
[ "$(grep -c 'stopped by a signal' err)" -eq 1 ] || problem "$said: told more than once"
resumed_is_straight stopped 3

# A rank that dies ends the job; the last checkpoint is good.
kills=0
[ -z "$program" ] || kills=1
[ -z "$more" ] || kills=20
while [ $kills -gt 0 ]; do
  rm -rf killed straight-killed
  begin 2 killed
  [ -z "$more" ] || sleep "0.$(awk -v n="$kills" 'BEGIN { srand(n); printf "%03d", rand() * 500 }')"
  kill -KILL "$(cat pid.$((kills % 2)))"
  wait $job && problem 'a job that lost a rank ended well'
  resumed_is_straight killed 1
  kills=$((kills - 1))
done

# A rank that stands still, as one whose machine is gone: with a limit of time the others end the job. The sums are the same.
begin 2 stuck --rank-timeout 2
kill -STOP "$(cat pid.1)"
tries=0
while kill -0 $job 2>/dev/null && [ $tries -lt 300 ]; do
  sleep 0.1
  tries=$((tries + 1))
done
kill -KILL "$(cat pid.1)" 2>/dev/null # stopped processes do not heed a launcher's SIGTERM
wait $job && problem 'a job whose rank stood still ended well'
said='lat train --rank-timeout 2'
says err 'no answer of the other ranks in 2 seconds'
[ $tries -lt 300 ] || problem "$said: the job did not end"
resumed_is_straight stuck 2 --rank-timeout 60

# Ranks that differ are named, once, before the first update.
export DIFFER=rate
launch 2 2 --out differs
says err 'rank 1: run.optimizer.learning_rate 0.2'
[ "$(grep -c 'differs from' err)" -eq 1 ] || problem "$said: told more than once"
DIFFER=option
launch 2 2 --out differs
says err 'heads 3'
unset DIFFER
[ ! -e differs ] || problem 'refused ranks left files'

if [ -z "$program" ]; then
  finish
  exit
fi
launch 2 0 --examples 64 --fast-reduce --threads 1 --out fast
launch 2 2 --examples 64 --shards 1 --out one-shard
says err '2 ranks are more than the 1 shards'

for ranks in 1 2; do
  # shellcheck disable=SC2086
  timeout 60 "$launcher" $oversubscribe -n $ranks "$program" >out 2>err || problem "$program: $(head -c 600 err)"
done
finish
