#!/bin/sh
# Builds the Debian packages twice (check_reproducible.sh), looks into them, installs them below a scratch folder
# against the machine's list of packages, uses them from there, and removes them. The machine stays as it is.
#   check_packages.sh SOURCE_DIRECTORY VERSION CMAKE C_COMPILER
set -eu
source=$1
version=$2
cmake=$3
cc=$4
here=$source/tests/install
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cd "$source"
sh "$here/check_reproducible.sh" "$source" "$work/debs"
architecture=$(dpkg --print-architecture)
libdir=lib/$("$cc" -print-multiarch)
n=$(echo "$work"/debs/liblat[0-9]*.deb | sed 's|.*/liblat\([0-9]*\)_.*|\1|')
package() { # package NAME
  case $1 in
  lat-models) echo "$work/debs/$1_${version}_all.deb" ;;
  *) echo "$work/debs/$1_${version}_$architecture.deb" ;;
  esac
}

# Files and fields.
headers=$(cd include/lat && ls -- * | grep -vx 'mpi\.h')
models=$(cd examples/models && ls -- MANIFEST.json *.safetensors)
for name in "liblat$n" liblat-dev lat-tools lat-models; do
  dpkg-deb --fsys-tarfile "$(package "$name")" | tar -t | sed -n "s|^\./\(.*[^/]\)$|$name \1|p"
done | LC_ALL=C sort >"$work/found"
sed -e '/^#/d' -e "s|LIBDIR|$libdir|" -e "s|VERSION|$version|" -e "s|liblatN|liblat$n|g" -e "s|\.so\.N|.so.$n|" \
  "$here/package_files.txt" | while read -r name file; do
  case $file in
  *HEADERS) for header in $headers; do echo "$name usr/include/lat/$header"; done ;;
  *MODELS) for model in $models; do echo "$name usr/share/lat/models/$model"; done ;;
  *) echo "$name $file" ;;
  esac
done | LC_ALL=C sort >"$work/wanted"
echo 'files of package_files.txt (-) against those of the packages (+):'
diff -u "$work/wanted" "$work/found"

field() { # field PACKAGE FIELD PATTERN
  value=$(dpkg-deb -f "$(package "$1")" "$2")
  if ! echo "$value" | grep -qE -- "$3"; then
    echo "$1: $2 is '$value', which has no '$3'"
    exit 1
  fi
}
field "liblat$n" Section '^libs$'
field "liblat$n" Depends 'libc6 \(>= .*libjansson4.*liblapack3'
field "liblat$n" Description '^transformers that learn linear algebra \(shared library\)$'
field liblat-dev Section '^libdevel$'
field liblat-dev Depends "^libblis-serial-dev, libjansson-dev, liblapack-dev, liblat$n \(= $version\), libgfortran-[0-9]+-dev$"
field lat-models Section '^math$'
field lat-models Architecture '^all$'
field lat-tools Recommends '^lat-models$'
field lat-tools Section '^math$'
field lat-tools Depends "liblat$n \(= $version\)"
field lat-tools Depends 'libc6 \(>= '
if command -v lintian >/dev/null; then
  # Whoever builds packages for others names a maintainer.
  lintian --allow-root --fail-on error,warning --suppress-tags bogus-mail-host,bogus-mail-host-in-debian-changelog \
    "$work"/debs/*.deb
fi
dpkg-deb -I "$(package "liblat$n")" shlibs | grep -x "liblat $n liblat$n (>= $version)"
dpkg-deb -I "$(package "liblat$n")" triggers | grep -x 'activate-noawait ldconfig'

# Installed by dpkg, which checks dependencies against a copy of the machine's list.
root=$work/root
mkdir -p "$root" "$work/admin/info" "$work/admin/updates" "$work/admin/triggers"
cp /var/lib/dpkg/status "$work/admin/status"
for file in arch info/format; do
  if [ -e "/var/lib/dpkg/$file" ]; then cp "/var/lib/dpkg/$file" "$work/admin/$file"; fi
done
: >"$work/admin/available"
run_dpkg() {
  if ! dpkg --admindir="$work/admin" --instdir="$root" --log=/dev/null --force-not-root,bad-path,script-chrootless \
    "$@" >"$work/dpkg.log" 2>&1; then
    grep -v 'files list file' "$work/dpkg.log"
    exit 1
  fi
}
run_dpkg --install "$(package "liblat$n")" "$(package liblat-dev)" "$(package lat-tools)" "$(package lat-models)"

usr=$root/usr
export LD_LIBRARY_PATH="$usr/$libdir"
"$usr/bin/lat" --version | grep -F "$version"
"$usr/bin/lat" sample --task inverse --size 2 --count 1 --seed 1 >/dev/null
# The root is a folder of its own, so the library finds the models by its own place.
"$usr/bin/lat" info transpose-5x5 | grep -F 'name=transpose '
if readelf -d "$usr/bin/lat" "$usr/$libdir/liblat.so.$n" | grep -E 'RPATH|RUNPATH'; then
  echo 'the lines above tie the packages to a folder'
  exit 1
fi
# shellcheck disable=SC2046 # flags are words
(
  export PKG_CONFIG_PATH="$usr/$libdir/pkgconfig"
  "$cc" "$here/consumer.c" $(pkg-config --cflags --libs lat) -o "$work/consumer"
)
"$work/consumer"
"$cmake" -S "$here/package" -B "$work/build" -DCMAKE_C_COMPILER="$cc" -DCMAKE_PREFIX_PATH="$usr" >/dev/null
"$cmake" --build "$work/build" >/dev/null
"$work/build/consumer_lat"
"$work/build/consumer_static"

run_dpkg --purge lat-tools lat-models liblat-dev "liblat$n"
test -z "$(find "$root" -name '*lat*')"
