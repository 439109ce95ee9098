#!/bin/sh
# A public header compiles alone, without a warning.
#   check_header.sh HEADER INCLUDE_DIRECTORY COMPILER FLAGS...
set -eu
header=$1
include=$2
shift 2
echo "#include <lat/$header>" | "$@" -I"$include" -pedantic -Wall -Wextra -Wconversion -Wshadow -Werror \
  -fsyntax-only -
