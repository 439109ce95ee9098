#!/bin/sh
# Files that the command writes: links are followed, what is there is kept until all is written, and files of similar
# names are left alone.
. "$(dirname "$0")/harness.sh"

# shellcheck disable=SC2086
expect 0 train --task transpose --rows 2 --cols 3 $taught --out run
model=run/model.safetensors
printf '1 2 3\n4 5 6\n' >plain.txt
same() { # same FILE: it holds what answers were
  cmp -s "$1" reference || problem "$said: not the answer in $1"
}
mode_of() {
  find "$1" -prune -printf %m
}

# The tolerance lets any answer pass.
writes() { # writes FILE
  expect 0 solve $model plain.txt --tolerance 1e9 -o "$1"
}
writes reference.npy
mv reference.npy reference

mkdir other
: >other/target.npy
chmod 600 other/target.npy
ln -s other/target.npy link.npy
writes link.npy
[ -L link.npy ] || problem 'a link was replaced'
same other/target.npy
[ "$(mode_of other/target.npy)" = 600 ] || problem "mode $(mode_of other/target.npy) in place of 600"
ln -s link.npy further.npy
: >other/target.npy
writes further.npy
same other/target.npy
ln -s other/new.npy dangling.npy
writes dangling.npy
[ -L dangling.npy ] || problem 'a dangling link was replaced'
same other/new.npy
[ "$(mode_of other/new.npy)" = "$(mode_of reference)" ] || problem 'a new file has another mode'

echo precious >user.npy.tmp
writes user.npy
says user.npy.tmp precious
same user.npy
name=$(printf '%0251d' 7).npy
writes "$name"
same "$name"

# Standard output that is a file is written to, not replaced.
ln -s /dev/stdout standard.npy
"$lat" solve $model plain.txt --tolerance 1e9 -o standard.npy >through 2>err
[ -L standard.npy ] || problem 'a link to standard output was replaced'
same through
mkfifo pipe.npy
cat pipe.npy >through &
writes pipe.npy
wait $!
same through
ln -s loop.npy loop.npy
expect 1 solve $model plain.txt --tolerance 1e9 -o loop.npy
grep -Eq "loop.npy: (Too many levels of symbolic links|Symbolic link loop)" err ||
  problem "no message about links that form a loop: $(cat err)"
expect 1 solve $model plain.txt --tolerance 1e9 -o missing/x.npy
says err 'missing/x.npy: No such file or directory'
mkdir folder.npy
expect 1 solve $model plain.txt --tolerance 1e9 -o folder.npy
says err 'folder.npy: Is a directory'

# Predictions, and the options of a run.
ln -s other/predictions lines
expect 0 eval $model --count 8 --quiet --predictions lines
[ -L lines ] || problem 'a link was replaced by predictions'
[ "$(wc -l <other/predictions)" -eq 8 ] || problem 'the predictions are not behind the link'
(
  ulimit -f 1
  "$lat" eval $model --count 32 --quiet --predictions limited >out 2>err
  echo $? >code
)
[ "$(cat code)" = 1 ] || problem "predictions beyond the limit: exit $(cat code)"
says err 'limited could not be written: File too large'
[ ! -e limited ] || problem 'a part of the predictions was left'
expect 1 eval $model --count 8 --quiet --predictions /dev/full
says err '/dev/full could not be written: No space left on device'

mkdir kept
echo '{}' >other/options
ln -s ../other/options kept/options.json
# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --out kept
[ -L kept/options.json ] || problem 'a link was replaced by the options'
says other/options '"examples"'

left=$(find . -name '.lat-*' -o -name '*.tmp' ! -name user.npy.tmp)
[ -z "$left" ] || problem "left behind: $left"
finish
