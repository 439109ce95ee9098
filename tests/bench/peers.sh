#!/bin/sh
# lat beside PyTorch, BLIS and OpenBLAS on this machine; for people, not run by ctest.
#   sh tests/bench/peers.sh --lat BUILD/examples/lat/lat [--output docs/results/speed.md]
# Needs python3-torch (sh cmake/dependencies.sh bench); libopenblas0-pthread and libblis4-pthread where
# they are to be compared (--help). Takes a quarter of an hour; nothing else should run. PYTHON: another
# interpreter.
set -eu
exec "${PYTHON:-/usr/bin/python3}" "$(dirname "$0")/peers.py" "$@"
