#!/bin/sh
# Objects use symbols of their own layer and of those before it, whatever their sources include. Three are an
# exception: a context, which everything is made in, chooses its kernels (base/context_impl.h declares them).
#   check_object_layers.sh SOURCE_DIRECTORY OBJECT_DIRECTORY
set -eu
layers=$(sed -n 's/^foreach(layer \(.*\))$/\1/p' "$1/lib/CMakeLists.txt")
test -n "$layers"
cd "$2"
upward=$(find . -name '*.o' -exec nm -A {} + | awk -v layers="$layers" '
  BEGIN { count = split(layers, layer, " "); for (i = 1; i <= count; ++i) order[layer[i]] = i }
  $NF !~ /^lati?_/ { next }
  { split($1, path, "/"); file = $1; sub(/^\.\//, "", file); sub(/\.o:.*/, "", file) }
  !(path[2] in order) { print "no layer: " file; next }
  $(NF - 1) == "U" { uses[file " " $NF] = path[2]; next }
  $(NF - 1) ~ /^[A-Z]$/ { defined[$NF] = path[2] }
  END {
    for (use in uses) {
      split(use, part, " ")
      if (part[2] in defined && order[defined[part[2]]] > order[uses[use]]) print use, defined[part[2]]
    }
  }' | LC_ALL=C sort)
expected='base/context.c lati_backend_name compute
base/context.c lati_backend_select compute
base/version.c lati_gemm_description compute'
[ "$upward" = "$expected" ] && exit 0
echo 'objects that use symbols of layers after their own (file, symbol, layer), expected and found:'
printf '%s\n--\n%s\n' "$expected" "$upward"
exit 1
