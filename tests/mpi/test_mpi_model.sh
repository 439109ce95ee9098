#!/bin/sh
# The time of an update on two ranks against docs/scaling.md, with messages that our own network delays:
#   T(2) = T without delay + 3 a + 4 n / b, within 15 %.
#   test_mpi_model.sh LAT LAUNCHER SLOW_NETWORK
. "$(dirname "$0")/../lat/harness.sh"
launcher=$2
slow=$3
updates=6
a=60000 # microseconds
b=0.5   # megabytes a second

oversubscribe=
if "$launcher" --version 2>&1 | grep -q 'Open MPI\|OpenRTE'; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
  oversubscribe=--oversubscribe
fi

seconds() { # DIRECTORY ENVIRONMENT...; of the run
  directory=$1
  shift
  # shellcheck disable=SC2086
  timeout 100 "$launcher" $oversubscribe -n 2 env "$@" "$lat" train --task transpose --size 2 --layers 1 --width 16 \
    --heads 2 --batch-size 8 --examples $((8 * updates)) --validate-every 0 --threads 1 --quiet --json \
    --out "$directory" </dev/null 2>err | sed -n 's/.*"seconds": *\([0-9.e-]*\).*/\1/p'
}

said='lat train with a slow network'
plain=$(seconds plain A=1)
delayed=$(seconds delayed LD_PRELOAD="$slow" SLOW_LATENCY=$a SLOW_BANDWIDTH=$b)
n=$("$lat" info plain/model.safetensors --json | sed -n 's/.*"parameters": *\([0-9]*\).*/\1/p')
cmp -s plain/checkpoint.safetensors delayed/checkpoint.safetensors || problem "$said: another checkpoint"
awk -v plain="$plain" -v delayed="$delayed" -v n="$n" -v updates=$updates -v a=$a -v b=$b 'BEGIN {
  expected = plain / updates + 3 * a * 1e-6 + 4 * n / (b * 1e6)
  measured = delayed / updates
  printf "%d parameters; an update: %.4f s, delayed %.4f s, by the model %.4f s\n", n, plain / updates, measured, expected
  exit !(n > 0 && measured > 0.85 * expected && measured < 1.15 * expected)
}' || problem "$said: not within 15 %: $(head -c 300 err)"
finish
