#!/bin/sh
# Builds the libraries, the command and the Debian packages in two folders, in other time zones, and compares the bytes.
# Those of the first are left in FOLDER.
#   check_reproducible.sh SOURCE_DIRECTORY FOLDER
set -eu
source=$1
folder=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=1700000000 CCACHE_DISABLE=1
umask 022 # of the folders in packages

build_in() { # build_in FOLDER TIME_ZONE
  TZ=$2 sh "$source/tests/install/build_packages.sh" "$source" "$work/$1"
}
build_in first/lat UTC
build_in a/folder/of/another/name/lat Asia/Tokyo

differ=0
compare() { # compare FILE...
  for file; do
    cmp "$work/first/$file" "$file" || differ=1
  done
}
cd "$work/a/folder/of/another/name"
compare *.deb lat/obj-*/lib/liblat.so.? lat/obj-*/lib/liblat.a lat/obj-*/examples/lat/lat
sha256sum ./*.deb
mkdir -p "$folder"
mv "$work"/first/*.deb "$folder"
exit "$differ"
