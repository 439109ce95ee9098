#!/bin/sh
# Every public function is called by the tests of memory that runs out. Those that free, and those
# that fill a structure with its defaults, return no status.
#   check_every_function.sh LAT_MAP
set -eu
here=$(dirname "$0")
missing=
for name in $(sed -n 's/^ *\(lat_[a-z0-9_]*\);$/\1/p' "$1" | grep -Ev '_(free|init_sized)$'); do
  if ! grep -qw "$name" "$here/test_memory_faults.c" "$here/fault_world.c"; then
    missing="$missing $name"
  fi
done
if [ -n "$missing" ]; then
  echo "not called by test_memory_faults:$missing"
  exit 1
fi
