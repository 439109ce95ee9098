#!/bin/sh
# Includes look up the list of layers only, the examples see public headers only, one file sees
# blis.h, and no two files share a name.
#   check_layers.sh SOURCE_DIRECTORY
set -eu
cd "$1"
failed=0

report() { # report TITLE LINES
  if [ -n "$2" ]; then
    printf '%s:\n%s\n' "$1" "$2"
    failed=1
  fi
}

layers=$(sed -n 's/^foreach(layer \(.*\))$/\1/p' lib/CMakeLists.txt)
test -n "$layers"
seen=
for layer in $layers; do
  seen=${seen:+$seen|}$layer
  report "$layer/ includes what comes after it" \
    "$(grep -rnE '^ *# *include "' "lib/$layer" | grep -Ev "\"($seen)/[a-z0-9_]+\.[ch]\"" || true)"
done

report 'library files outside the layers' \
  "$(find lib -name '*.[ch]' | grep -Ev "^lib/($seen|mpi)/[a-z0-9_]+\.[ch]$" || true)"
report 'lib/mpi/ includes internal headers other than its own' \
  "$(grep -rnE '^ *# *include "' lib/mpi --include='*.[ch]' | grep -Ev '"mpi/[a-z0-9_]+\.h"' || true)"
report 'examples that include internal headers' \
  "$(grep -rnE "^ *# *include [\"<](\.\./)*(lib/)?($seen)/" examples || true)"
report 'blis.h outside blas_blis.c' "$(grep -rlE '# *include <(blis|cblas)\.h>' lib | grep -vx lib/compute/blas_blis.c || true)"
report 'file names used twice' \
  "$(find lib examples tests -name '*.[ch]' | sed 's|.*/||' | sort | uniq -d)"
exit $failed
