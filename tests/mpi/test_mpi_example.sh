#!/bin/sh
# An example on two ranks: it ends well, and rank 0 says once that there were two.
#   test_mpi_example.sh LAUNCHER PROGRAM... (without its arguments, which are a folder and a number of examples)
set -eu
launcher=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if "$launcher" --version 2>&1 | grep -q 'Open MPI\|OpenRTE'; then
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
  set -- --oversubscribe -n 2 "$@"
else
  set -- -n 2 "$@"
fi
timeout 100 "$launcher" "$@" "$work/run" 640 >"$work/out" 2>&1 </dev/null || {
  cat "$work/out"
  exit 1
}
cat "$work/out"
[ "$(grep -c '^2 ranks, 640 examples' "$work/out")" -eq 1 ]
[ -s "$work/run/model.safetensors" ]
