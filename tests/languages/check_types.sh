#!/bin/sh
# Types of the Python package, by mypy: its stubs against its code, the code against itself, the examples and a program
# in types against the stubs. Exits with 77, skipped, where Debian's mypy is missing (cmake/dependencies.sh ci).
#   LAT_LIBRARY=LIBRARY PYTHONPATH=SOURCE/python check_types.sh SOURCE
set -eu
source=$1
for tool in mypy stubtest; do
  command -v $tool >/dev/null || { echo "no $tool"; exit 77; }
done
cache=$(mktemp -d)
trap 'rm -rf "$cache"' EXIT
export MYPYPATH="$source/python"

cd "$source/tests/languages"
stubtest lat --mypy-config-file mypy.ini --allowlist stubtest_allowed.txt
for files in ../../python/lat ../../examples/python '--strict typed_program.py'; do
  # shellcheck disable=SC2086 # an option and a file
  mypy --config-file mypy.ini --cache-dir "$cache" $files
done
