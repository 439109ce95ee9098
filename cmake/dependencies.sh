#!/bin/sh
# Installs the Debian packages that are missing, if it may; otherwise names them and fails.
#   dependencies.sh [build] [test] [docs] [fuzz] [musl] [ci] [bench] [interchange] [mpi] [wheel]     build
set -eu

packages() {
  case $1 in
  build)
    echo build-essential cmake pkg-config libblis-serial-dev liblapack-dev libjansson-dev librandom123-dev
    ;;
  test) echo check binutils g++ gfortran python3 abigail-tools debhelper dpkg-dev file patchelf ;;
  docs) echo doxygen doxygen-awesome-css ;;
  fuzz) echo clang libclang-rt-14-dev ;;
  musl) echo musl-tools ;;
  ci) echo clang valgrind cppcheck gcovr mypy python3-numpy ;;
  bench) echo python3 python3-torch ;;
  interchange) echo python3 python3-numpy python3-onnx python3-torch ;;
  wheel) echo binutils patchelf python3 ;;
  mpi) echo libopenmpi-dev openmpi-bin libmpich-dev mpich ;;
  *)
    echo "dependencies.sh: no such group: $1 (build, test, docs, fuzz, musl, ci, bench, interchange, mpi, wheel)" >&2
    exit 2
    ;;
  esac
}

wanted=
for group in "${@:-build}"; do
  list=$(packages "$group")
  wanted="$wanted $list"
done

if ! command -v dpkg-query >/dev/null; then
  echo "Not a Debian system; make sure that the equivalents of these are there:$wanted"
  exit 0
fi

missing=
for package in $wanted; do
  if ! dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed'; then
    missing="$missing $package"
  fi
done
if [ -z "$missing" ]; then
  exit 0
fi

refuse() {
  echo "Missing Debian packages:$missing" >&2
  echo "$1; install them with: apt-get install$missing" >&2
  exit 1
}

as_root=
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || refuse 'Not root, and there is no sudo'
  as_root=sudo
  # Without a terminal nobody can type a password.
  [ -t 0 ] || as_root='sudo -n'
  $as_root true || refuse 'sudo is not allowed here'
fi
echo "Installing:$missing"
# shellcheck disable=SC2086 # lists of words
{
  $as_root apt-get update -q &&
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
} || refuse 'apt-get failed'
