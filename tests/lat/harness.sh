# What the scripts share. Sourced with the command's path in $1: $lat runs it, in a fresh folder
# that goes at the end.
set -u
lat=$1
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/lat-test-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch" || exit 1
failures=0

problem() {
  failures=$((failures + 1))
  printf 'FAILED: %s\n' "$*" >&2
}

# expect CODE ARGUMENT...: runs the command; its output is left in files out and err.
expect() {
  wanted=$1
  shift
  if [ -e input ]; then
    "$lat" "$@" <input >out 2>err
  else
    "$lat" "$@" </dev/null >out 2>err
  fi
  code=$?
  said="lat $*"
  [ $code -eq "$wanted" ] || problem "$said: exit $code, not $wanted: $(head -c 300 err)"
}

# says out|err TEXT: the last command's output holds the text.
says() {
  grep -qF -e "$2" "$1" || problem "$said: no '$2' in std$1: $(head -c 300 "$1")"
}

silent() {
  [ ! -s "$1" ] || problem "$said: unexpected std$1: $(head -c 300 "$1")"
}

# lines N: the last command printed N lines on standard output.
lines() {
  [ "$(wc -l <out)" -eq "$1" ] || problem "$said: $(wc -l <out) lines, not $1"
}

finish() {
  [ $failures -eq 0 ] || printf '%d failures\n' "$failures" >&2
  [ $failures -eq 0 ]
}

# A model small enough to be trained in an instant: it has learned nothing, or (taught) the shape of
# an answer.
tiny='--layers 1 --width 16 --heads 2 --batch-size 4 --validate-every 0 --examples 8 --quiet'
taught='--layers 1 --width 32 --heads 2 --batch-size 8 --encoding p10 --learning-rate 5e-3 --validate-every 0
  --examples 2400 --quiet'
