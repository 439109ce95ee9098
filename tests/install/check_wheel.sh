#!/bin/sh
# Builds a wheel of an installation, unpacks it into a bare folder, and solves there. The checker
# has to refuse what was altered, and two builds have to be of the same bytes.
#   check_wheel.sh BUILD_DIRECTORY CMAKE PYTHON
set -eu
build=$1
cmake=$2
python=$3
here=$(cd "$(dirname "$0")" && pwd)
tool=$here/../../python/wheel.py
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SOURCE_DATE_EPOCH=1700000000

"$cmake" --install "$build" --prefix "$work/prefix" >/dev/null
mkdir "$work/first" "$work/second" "$work/bad" "$work/bare"
wheel=$("$python" -B "$tool" build "$work/prefix" "$work/first")
name=${wheel##*/}
echo "$name: $(wc -c <"$wheel") bytes"
"$python" -B "$tool" check "$wheel"
mv "$work/prefix" "$work/elsewhere"
cmp "$wheel" "$("$python" -B "$tool" build "$work/elsewhere" "$work/second")"

"$python" -m zipfile -e "$wheel" "$work/bare"
env -i PATH=/usr/bin PYTHONPATH="$work/bare" "$python" -B "$here/wheel_program.py" "$work/bare"

# refuse NAME MESSAGE: a wheel of the bare folder's files by that name
refuse() {
  rm -f "$work/bad"/*
  (cd "$work/bare" && "$python" -m zipfile -c "$work/bad/$1" lat lat-*.dist-info)
  if "$python" -B "$tool" check "$work/bad/$1" 2>"$work/message"; then
    echo "not refused: $2"
    exit 1
  fi
  grep -e "$2" "$work/message" || {
    cat "$work/message"
    exit 1
  }
}
refuse "$(echo "$name" | sed 's/manylinux_[0-9]*_[0-9]*/manylinux_2_5/')" 'WHEEL has not the tag'
sed -i 's/manylinux_[0-9]*_[0-9]*/manylinux_2_5/' "$work/bare"/lat-*/WHEEL
refuse "$name" 'WHEEL is not the file that RECORD lists'
# altered NAME MESSAGE: as refuse, with a RECORD of the altered files
altered() {
  rm -f "$work/bare"/lat-*/RECORD
  "$python" -B - "$tool" "$work/bare" <<'END'
import importlib.util
import pathlib
import sys

spec = importlib.util.spec_from_file_location("wheel", sys.argv[1])
wheel = importlib.util.module_from_spec(spec)
spec.loader.exec_module(wheel)
root = pathlib.Path(sys.argv[2])
members = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.glob("**/*") if path.is_file()}
info = next(root.glob("lat-*.dist-info"))
(info / "RECORD").write_bytes(wheel.record(members, f"{info.name}/RECORD"))
END
  refuse "$@"
}
altered "$(echo "$name" | sed 's/manylinux_[0-9]*_[0-9]*/manylinux_2_5/')" 'the tag is manylinux_2_5_.*the libraries need manylinux_2_'
sed -i "s/^Tag: .*/Tag: $(echo "$name" | sed 's/^lat-[^-]*-//;s/\.whl$//')/" "$work/bare"/lat-*/WHEEL
jansson=$(find "$work/bare/lat" -name 'libjansson*')
mv "$jansson" "$work/jansson"
altered "$name" 'liblat.so.1 needs libjansson-'
mv "$work/jansson" "$jansson"
patchelf --set-rpath /usr/lib "$jansson"
altered "$name" 'looks for libraries elsewhere'
