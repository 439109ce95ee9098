#!/bin/sh
# The library's interface is the committed one, to the letter: an addition is a difference too.
#   check_abidiff.sh SOURCE_DIRECTORY BUILD_DIRECTORY CMAKE C_COMPILER GENERATOR
set -eu
source=$1
build=$2
cmake=$3
cc=$4
generator=$5
. "$source/tests/abi/abi_tools.sh"
baseline=$source/tests/abi/liblat.abi

if grep -nE "='/|comp-dir|filepath" "$baseline"; then
  echo 'the lines above of liblat.abi hold paths of a machine'
  exit 1
fi
build_debug "$source" "$build"
if ! compare_abi "$baseline" "$build/lib/liblat.so" "$source/include" "$build/liblat.abi"; then
  cat <<'END'
The interface differs from tests/abi/liblat.abi. If it is meant to, and docs/abi.md allows it, commit with it
the result of
    sh tests/abi/update.sh
END
  exit 1
fi
