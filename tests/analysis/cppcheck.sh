#!/bin/sh
# Static analysis of the library, the command and the examples: any finding fails.
set -eu
cd "$(dirname "$0")/../.."

# Kernels for other processors are left out with the macros of theirs that are not defined here.
exec cppcheck --quiet --error-exitcode=1 -j "$(nproc)" --std=c11 --platform=unix64 \
  --enable=warning,performance,portability --suppressions-list=tests/analysis/suppressions.txt \
  -D__x86_64__ -Iinclude -Ilib lib examples/*.c examples/lat
