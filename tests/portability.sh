#!/bin/sh
# The library in other releases of Debian, each in a folder that debootstrap makes: builds it, runs the quick
# tests and the quick start's first update. Needs root and Debian's archive.
#   sh tests/portability.sh FOLDER [RELEASE...]      bullseye bookworm trixie
# A folder that is there already is used again. Prints a row for each release; logs lie beside the folders.
set -eu
folder=${1:?'usage: portability.sh FOLDER [RELEASE...]'}
shift
[ $# -gt 0 ] || set -- bullseye bookworm trixie
source=$(cd "$(dirname "$0")/.." && pwd)
packages=build-essential,cmake,ninja-build,pkg-config,libblis-serial-dev,liblapack-dev,libjansson-dev,librandom123-dev,check,gfortran,python3,file

command -v debootstrap >/dev/null || {
  echo 'portability.sh: debootstrap is not installed' >&2
  exit 1
}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

run_in() { # run_in RELEASE COMMAND
  unshare --mount --pid --fork --root="$folder/$1" --mount-proc env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 sh -ec "$2"
}

last_word() { # last_word RELEASE COMMAND: the version in the first line of what a program says
  run_in "$1" "$2" | sed '1!d;s/.* //'
}

# Left out are checks of packages and of texts, which belong to the release that the project is developed on.
# As a condition it is not ended by `set -e`, so that each step says what a failure means.
check_release() {
  root=$folder/$1
  [ -x "$root/usr/bin/cmake" ] || debootstrap --variant=minbase --include="$packages" "$1" "$root" || return 1
  rm -rf "$root/src"
  mkdir -p "$root/src"
  (cd "$source" && git ls-files -z | tar -c --null -T - -f -) | tar -x -C "$root/src" || return 1
  run_in "$1" 'cmake -S /src -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release
    cmake --build /build
    cd /build
    ctest -L quick -E "^(abi|docs|install|languages_python)" --output-on-failure -j "$(nproc)"
    rm -rf /tmp/run
    examples/lat/lat train --preset quickstart --examples 64 --validate-every 0 --quiet --out /tmp/run'
}

printf '%-10s %-8s %-8s %-8s %s\n' release gcc CMake BLIS outcome
failures=0
for release; do
  if check_release "$release" >"$folder/$release.log" 2>&1; then
    outcome=$(sed -n 's/^\([0-9]*%\) tests passed, \([0-9]*\) tests failed out of \([0-9]*\).*/\1 of \3 tests/p' "$folder/$release.log")
  else
    outcome="failed: see $folder/$release.log"
    failures=1
  fi
  printf '%-10s %-8s %-8s %-8s %s\n' "$release" "$(last_word "$release" 'gcc -dumpfullversion')" \
    "$(last_word "$release" 'cmake --version')" \
    "$(run_in "$release" 'dpkg-query -W -f "\${Version}" libblis-serial-dev')" "$outcome"
done
exit "$failures"
