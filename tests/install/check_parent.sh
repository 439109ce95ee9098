#!/bin/sh
# Builds lat as a part of projects that set what projects set for themselves.
#   check_parent.sh HOW SOURCE_DIRECTORY BUILD_DIRECTORY CMAKE C_COMPILER
# HOW: diamond, kernels, options, sanitizer. BUILD_DIRECTORY: a build of lat, to be installed.
set -eu
how=$1
source=$2
build=$3
cmake=$4
cc=$5
here=$source/tests/install
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# No other language is needed, and none is looked for.
export CXX=/nonexistent FC=/nonexistent

configure() { # configure PROJECT OPTIONS...
  project=$1
  shift
  "$cmake" -S "$here/$project" -B "$work/$project" -DLAT_SOURCE="$source" -DCMAKE_C_COMPILER="$cc" "$@" >"$work/log" 2>&1 ||
    { cat "$work/log" && exit 1; }
}
make_project() { # make_project PROJECT ARGUMENTS...
  project=$1
  shift
  "$cmake" --build "$work/$project" --parallel 2 "$@" >"$work/log" 2>&1 || { tail -50 "$work/log" && exit 1; }
}
install_lat() {
  "$cmake" --install "$build" --prefix "$work/prefix" >/dev/null
}
# The commands that compile a file of lib/compute, or others of lib.
commands_of() { # commands_of COMMANDS_JSON PATTERN
  grep '"command"' "$1" | grep -E "lib/$2\.c\"?,?$"
}

case $how in
diamond)
  install_lat
  configure parent -DCMAKE_PREFIX_PATH="$work/prefix"
  configure twice
  rm -r "$work/twice"
  configure twice -DFIND_FIRST=ON -DCMAKE_PREFIX_PATH="$work/prefix"
  make_project twice
  "$work/twice/consumer"
  ;;
kernels)
  install_lat
  for type in '' Debug MinSizeRel; do
    configure parent -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE="$type" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
    commands=$work/parent/compile_commands.json
    test "$(commands_of "$commands" 'compute/[a-z0-9_]*' | wc -l)" -ge 20
    if commands_of "$commands" 'compute/[a-z0-9_]*' | grep -vE -- ' -O3 (-o|-c) '; then
      echo "kernels above are compiled without -O3 with the build type '$type'"
      exit 1
    fi
    if commands_of "$commands" 'base/[a-z0-9_]*' | grep -E -- ' -O3 '; then
      echo "files above are compiled otherwise than the build type '$type' says"
      exit 1
    fi
  done
  configure parent -DCMAKE_BUILD_TYPE=Debug -DLAT_OPTIMIZE_KERNELS=OFF
  if commands_of "$commands" 'compute/[a-z0-9_]*' | grep -E -- ' -O3 '; then
    exit 1
  fi
  ;;
options)
  # Blanks in every path, an absolute library folder, and options that many projects set.
  install_lat
  mkdir "$work/the source"
  (cd "$source" && cp -R CMakeLists.txt ./*.pc.in cmake include lib python "$work/the source")
  mkdir "$work/the source/examples"
  cp -R "$source/examples/models" "$work/the source/examples"
  configure parent -DCMAKE_PREFIX_PATH="$work/prefix" -DLAT_SOURCE="$work/the source" \
    -DCMAKE_INSTALL_PREFIX="$work/the prefix" -DCMAKE_INSTALL_LIBDIR="$work/the libraries/lib" \
    -DBUILD_SHARED_LIBS=OFF -DCMAKE_UNITY_BUILD=ON \
    -DCMAKE_C_STANDARD=90 -DCMAKE_POSITION_INDEPENDENT_CODE=OFF -DCMAKE_C_VISIBILITY_PRESET=hidden \
    -DCMAKE_C_FLAGS='-Ofast -Werror -Wcast-qual -Wdouble-promotion -Wswitch-enum'
  make_project parent
  "$work/parent/consumer_lat"
  "$work/parent/consumer_shared"
  "$cmake" --install "$work/parent" >/dev/null
  rm -r "$work/parent"
  "$work/the prefix/bin/consumer_shared"
  configure user -DCMAKE_PREFIX_PATH="$work/the prefix;$work/the libraries"
  make_project user
  "$work/user/user"

  export PKG_CONFIG_PATH="$work/the libraries/lib/pkgconfig"
  eval "$cc" "$here/consumer.c" "$(pkg-config --cflags --libs lat)" -o "$work/consumer"
  LD_LIBRARY_PATH="$work/the libraries/lib" "$work/consumer"
  ;;
sanitizer)
  # A sanitizer in the flags of a project; clang leaves its symbols to the program.
  install_lat
  case $(command -v clang) in '') compiler=$cc ;; *) compiler=$(command -v clang) ;; esac
  case $(command -v ninja) in '') set -- -DCMAKE_BUILD_TYPE=Debug ;; *) set -- -G 'Ninja Multi-Config' ;; esac
  configure parent -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_C_COMPILER="$compiler" \
    -DCMAKE_C_FLAGS=-fsanitize=address -DLAT_OPTIMIZE_KERNELS=OFF "$@"
  make_project parent --config Debug
  find "$work/parent" -type f -name 'consumer_*' -perm -u+x | sort >"$work/programs"
  test "$(wc -l <"$work/programs")" -eq 2
  while read -r program; do
    ASAN_OPTIONS=detect_leaks=0 "$program"
  done <"$work/programs"
  ;;
*)
  echo "unknown way: $how" >&2
  exit 2
  ;;
esac
