#!/bin/sh
# Builds the Debian packages of a copy of the sources; they lie beside the copy. In less time than what is shipped is built:
# without optimisation, the quick tests and the manual.
#   build_packages.sh SOURCE_DIRECTORY COPY
set -eu
profiles='nocheck nodoc'
command -v mpicc >/dev/null || profiles="$profiles pkg.lat.nompi"
mkdir -p "$2"
tar -C "$1" --exclude='./build*' --exclude=./.git --exclude=./runs -c . | tar -C "$2" -x
cd "$2"
DEB_BUILD_OPTIONS="nocheck noopt noautodbgsym parallel=$(nproc)" DEB_BUILD_PROFILES=$profiles \
  dpkg-buildpackage -b -us -uc -d >../log 2>&1 || {
  cat ../log
  exit 1
}
