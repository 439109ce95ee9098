#!/bin/sh
# The library leaves its host's process as it was; and what BLIS does all the same is what docs/abi.md
# says: where this test fails because BLIS has become better, that page has to follow.
#   check_host.sh HOST_PROGRAM
set -eu
unset BLIS_ARCH_TYPE BLIS_ARCH_DEBUG
"$1"
BLIS_NUM_THREADS=8 OMP_NUM_THREADS=8 "$1"

status=0
(BLIS_ARCH_TYPE=99 "$1") >/dev/null 2>&1 || status=$?
test "$status" -eq 134
status=0
BLIS_ARCH_DEBUG=1 "$1" >/dev/null 2>&1 || status=$?
test "$status" -eq 1
