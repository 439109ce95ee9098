#!/bin/sh
# The library in other releases of Debian and by other compilers, each release in a folder that debootstrap makes: builds
# it, runs the quick tests and the quick start's first updates. Needs root and Debian's archive.
#   sh tests/portability.sh FOLDER [RELEASE[:COMPILER]...]      bullseye bookworm trixie
# COMPILER is the name of a package that brings a command of this name, such as gcc-11 or clang-16; without one the
# release's gcc. arm64, ppc64el, riscv64 and s390x compile for such machines by the release's cross compiler and run the
# tests' programs in qemu.
# A folder that is there already is used again; JOBS=1 uses one processor. Prints a row for each argument; logs lie
# beside the folders.
set -eu
folder=${1:?'usage: portability.sh FOLDER [RELEASE[:COMPILER]...]'}
shift
[ $# -gt 0 ] || set -- bullseye bookworm trixie
source=$(cd "$(dirname "$0")/.." && pwd)
libraries='libblis-serial-dev liblapack-dev libjansson-dev check'
packages="build-essential cmake ninja-build pkg-config $libraries librandom123-dev gfortran python3 file"

command -v debootstrap >/dev/null || {
  echo 'portability.sh: debootstrap is not installed' >&2
  exit 1
}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
jobs=${JOBS:-$(nproc)}

run_in() { # run_in RELEASE COMMAND
  unshare --mount --pid --fork --root="$folder/$1" --mount-proc env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -ec "$2"
}

last_word() { # last_word RELEASE COMMAND: the version in the first line of what a program says
  run_in "$1" "$2" | sed '1!d;s/.* //'
}

install_in() { # install_in RELEASE 'PACKAGE...'
  cp /etc/resolv.conf "$folder/$1/etc/resolv.conf"
  run_in "$1" "dpkg -s $2 >/dev/null 2>&1 || { apt-get update -q -o Acquire::Check-Valid-Until=false; apt-get install -q -y --no-install-recommends $2; }"
}

# Left out are checks of packages and of texts, which belong to the release that the project is developed on.
# As a condition it is not ended by `set -e`, so that each step says what a failure means.
check_release() { # check_release RELEASE COMPILER
  root=$folder/$1
  [ -x "$root/usr/bin/cmake" ] ||
    debootstrap --variant=minbase --include="$(echo "$packages" | tr ' ' ,)" "$1" "$root" || return 1
  options="-DCMAKE_C_COMPILER=$2" skipped='^(abi|docs|install|languages_python)' lookup='' emulator=''
  case $2 in
  gcc) ;;
  arm64 | ppc64el | riscv64 | s390x)
    processor=$(echo "$2" | sed 's/arm64/aarch64/;s/ppc64el/ppc64le/') # as the kernel calls it
    target=$(echo "$processor" | sed 's/^ppc/powerpc/')-linux-gnu
    run_in "$1" "dpkg --add-architecture $2" || return 1
    install_in "$1" "gcc-$target libc6-dev-$2-cross qemu-user-static$(
      echo " $libraries" | sed "s/ [^ ]*/&:$2/g")" || return 1
    emulator=/usr/bin/qemu-$processor-static
    options="-DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=$processor -DCMAKE_C_COMPILER=$target-gcc \
      -DCMAKE_CROSSCOMPILING_EMULATOR=$emulator -DLAT_CXX=OFF -DLAT_FORTRAN=OFF -DLAT_PYTHON=OFF -DLAT_MPI=OFF -DLAT_INSTALL=OFF"
    lookup="export PKG_CONFIG_LIBDIR=/usr/lib/$target/pkgconfig CK_TIMEOUT_MULTIPLIER=20" # qemu is slow
    skipped="$skipped|^(lat|example|models|languages|fuzz|bench)" # scripts, which start programs without qemu
    ;;
  *) install_in "$1" "$2" || return 1 ;;
  esac
  rm -rf "$root/src" "$root/build"
  mkdir -p "$root/src"
  (cd "$source" && git ls-files -z | tar -c --null -T - -f -) | tar -x -C "$root/src" || return 1
  run_in "$1" "$lookup
    cmake -S /src -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release $options
    cmake --build /build --parallel $jobs
    cd /build
    ctest -L quick -E '$skipped' --output-on-failure --parallel $jobs
    rm -rf /tmp/run
    $emulator examples/lat/lat train --preset quickstart --examples 64 --validate-every 0 --quiet --out /tmp/run"
}

printf '%-10s %-24s %-8s %-8s %s\n' release compiler CMake BLIS outcome
failures=0
for argument; do
  release=${argument%%:*} compiler=gcc
  [ "$release" = "$argument" ] || compiler=${argument#*:}
  log=$folder/$(echo "$argument" | tr : -).log
  if check_release "$release" "$compiler" >"$log" 2>&1; then
    outcome=$(sed -n 's/^\([0-9]*%\) tests passed, \([0-9]*\) tests failed out of \([0-9]*\).*/\1 of \3 tests/p' "$log")
  else
    outcome="failed: see $log"
    failures=1
  fi
  printf '%-10s %-24s %-8s %-8s %s\n' "$release" "$(sed -n 's/^-- The C compiler identification is //p' "$log" | sed 's/^GNU/gcc/;s/^Clang/clang/')$(
    case $compiler in arm64 | ppc64el | riscv64 | s390x) echo ", $compiler" ;; esac)" "$(last_word "$release" 'cmake --version')" \
    "$(run_in "$release" "dpkg-query -W -f '\${Version}\n' libblis-serial-dev" | sed 1q)" "$outcome"
done
exit "$failures"
