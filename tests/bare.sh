#!/bin/sh
# Installs a wheel or Debian packages in a bare release of Debian, a folder that debootstrap makes with python3 and
# nothing else, and uses them there. Needs root and Debian's archive.
#   sh tests/bare.sh FOLDER RELEASE WHEEL          sh tests/bare.sh FOLDER RELEASE PACKAGE.deb...
# The folder's root is made again each time; what it is made of is kept beside it.
set -eu
[ $# -ge 3 ] || {
  echo 'usage: bare.sh FOLDER RELEASE WHEEL | bare.sh FOLDER RELEASE PACKAGE.deb...' >&2
  exit 2
}
folder=$1
release=$2
shift 2
source=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
pristine=$folder/bare-$release
root=$folder/used-$release

command -v debootstrap >/dev/null || {
  echo 'bare.sh: debootstrap is not installed' >&2
  exit 1
}
[ -e "$pristine/usr/bin/python3" ] ||
  debootstrap --variant=minbase --include=python3 "$release" "$pristine" >"$folder/bare-$release.log"
rm -rf "$root"
cp -a "$pristine" "$root"
mkdir "$root/new"
cp "$@" "$source/tests/install/wheel_program.py" "$root/new"

run_in() { # run_in COMMAND
  unshare --mount --pid --fork --root="$root" --mount-proc env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive sh -euc "$1"
}

case $1 in
*.whl)
  # shellcheck disable=SC2016 # the chroot's shell expands it
  run_in 'python3 -m zipfile -e /new/*.whl /opt/wheel
    PYTHONPATH=/opt/wheel python3 -B /new/wheel_program.py /opt/wheel'
  ;;
*)
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  # shellcheck disable=SC2016
  run_in 'apt-get update -q >/new/log 2>&1
    apt-get install -q -y --no-install-recommends /new/*.deb >/new/log 2>&1 || { cat /new/log; exit 1; }
    dpkg-query -W -f "\${binary:Package} \${Version}\n" "*lat*" 2>/dev/null | grep -E "^(lib)?lat[-1 ]" || true
    lat --version
    if [ -e /usr/share/lat/models/eigenvalues-5x5.safetensors ]; then
      printf "2 1 0 0 0\n1 3 1 0 0\n0 1 4 1 0\n0 0 1 5 1\n0 0 0 1 6\n" >/new/matrix.txt
      lat solve eigenvalues-5x5 /new/matrix.txt --refine 30
    fi
    apt-get purge -q -y "*lat-*" liblat1 >/new/log 2>&1
    test -z "$(find /usr/bin /usr/lib /usr/include /usr/share -path "*/lat/*" -o -name "liblat*" -o -name lat)"'
  ;;
esac
