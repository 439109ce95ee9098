#!/bin/sh
# same_as_readme.sh README PROGRAM: passes when the README's first block of C is the program's source.
shown=$(mktemp)
awk '/^```c$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' "$1" >"$shown"
diff -u "$2" "$shown"
status=$?
rm -f "$shown"
exit "$status"
