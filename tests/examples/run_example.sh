#!/bin/sh
# run_example.sh STATUS PATTERN PROGRAM [ARGUMENT...]: passes when the program ends with STATUS and
# some line of its output matches the extended regular expression PATTERN.
expected=$1
pattern=$2
shift 2
output=$("$@" 2>&1)
status=$?
printf '%s\n' "$output"
if [ "$status" -ne "$expected" ]; then
  echo "exit status $status, not $expected"
  exit 1
fi
if ! printf '%s\n' "$output" | grep -Eq "$pattern"; then
  echo "no line matches: $pattern"
  exit 1
fi
