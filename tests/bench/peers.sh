#!/bin/sh
# lat beside PyTorch, BLIS and OpenBLAS on this machine; for people, not run by ctest.
#   sh tests/bench/peers.sh --lat BUILD/examples/lat/lat [--output docs/results/speed.md]
# Needs python3-torch; libopenblas0-pthread and libblis4 where they are to be compared (peers.py
# --help). Takes minutes; nothing else should run.
set -eu
OMP_NUM_THREADS=${LAT_THREADS:-2}
OMP_WAIT_POLICY=PASSIVE # threads that wait must not hold the processors while others are measured
export OMP_NUM_THREADS OMP_WAIT_POLICY
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/peers.py" --threads "$OMP_NUM_THREADS" "$@"
