#!/bin/sh
# Training and evaluating on files of examples: what lat sample writes is read back, all else is refused with
# the number of its line.
. "$(dirname "$0")/harness.sh"
sanitizer=${2-}

tiny='--layers 1 --width 16 --heads 2 --batch-size 4 --learning-rate 1e-2 --threads 1'

expect 0 sample --task transpose --size 2 --count 20 --stream 2 --json
mv out test.jsonl
expect 0 sample --task transpose --size 2 --count 12 --json
mv out some.jsonl

# shellcheck disable=SC2086
expect 0 train --task transpose --size 2 $tiny --examples 8 --data some.jsonl --validation-data test.jsonl --out run
grep -q '"data": "/.*/some.jsonl"' run/options.json || problem 'options.json does not keep the file of examples'
mkdir elsewhere
cd elsewhere
expect 0 train --resume --out ../run --examples 16
cd ..
mv some.jsonl gone.jsonl
cp test.jsonl some.jsonl
expect 2 train --resume --out run --examples 24
says err "trainer.source"
mv gone.jsonl some.jsonl

# The same examples, drawn and read.
expect 0 eval run --count 20 --json
sed 's/"examples_per_second":[^,}]*//' out >drawn
expect 0 eval run --data test.jsonl --json
sed 's/"examples_per_second":[^,}]*//' out >read
cmp drawn read || problem 'what is read is not what was drawn'
expect 0 eval run --data test.jsonl --count 5
says out '5'

# Several operands, several tasks, canonical forms.
expect 0 sample --task eigenvectors,add --size 2 --count 6 --json
mv out mixed.jsonl
# shellcheck disable=SC2086
expect 0 train --task eigenvectors,add --size 2 $tiny --examples 8 --data mixed.jsonl --validate-every 0 --out mixed
expect 0 sample --task eigenvalues --size 2 --canonical --count 3 --json
mv out canonical.jsonl
expect 0 sample --task inverse --size 2 --canonical --equilibrate --count 200 --json
mv out equilibrated.jsonl
expect 0 train --task inverse --size 2 --canonical --equilibrate $tiny --examples 4 --data equilibrated.jsonl --validate-every 0 --out equilibrated
# shellcheck disable=SC2086
expect 0 train --task eigenvalues --size 2 --canonical $tiny --examples 4 --data canonical.jsonl --validate-every 0 --out canonical
expect 0 sample --task svd --rows 2 --cols 3 --canonical --count 8 --json
mv out wide.jsonl
# shellcheck disable=SC2086
expect 0 train --task svd --rows 2 --cols 3 --canonical $tiny --examples 4 --data wide.jsonl --validate-every 0 --out wide
expect 0 eval wide --data wide.jsonl --candidates 2
sed 's/,"task":"add"//' mixed.jsonl >untold.jsonl
expect 1 eval mixed/model.safetensors --data untold.jsonl
says err '"task" does not say'
adds=$(grep -c '"task":"add"' mixed.jsonl)
expect 0 eval mixed/model.safetensors --data mixed.jsonl --task add --json
says out "\"count\":$adds,"
grep -v '"task":"add"' mixed.jsonl >others.jsonl
expect 1 eval mixed/model.safetensors --data others.jsonl --task add
says err 'there is no example of task add in it'

# bad TEXT MESSAGE: a file whose second line is TEXT. A sanitizer, which makes every start slow, sees the first.
bad() {
  [ -z "$sanitizer" ] || [ ! -e bad.jsonl ] || return 0
  { echo; printf '%s\n' "$1"; } >bad.jsonl
  expect 1 eval "${3-run}" --data bad.jsonl
  says err "bad.jsonl:2: $2"
  silent out
}
bad '{"input": [[1, 2], [3, 4]]' 'column'
bad '[[1, 2], [3, 4]]' 'no JSON object'
bad '{"input": [[1, 2], [3]], "output": [[1, 3], [2, 4]]}' 'input[0]: row 2 is no list of 2 numbers'
bad '{"input": [[1, "x"], [3, 4]], "output": [[1, 3], [2, 4]]}' 'input[0]: row 1, column 2 is no number'
bad '{"input": [[1, 2], [3, 4]], "output": [[1, 3]]}' ''
bad '{"operands": [], "output": [[1]]}' '"operands" is no list of 1 matrices'
bad '{"input": [[1e999, 2], [3, 4]], "output": [[1, 3], [2, 4]]}' 'column'
bad '{"input": [[1e300, 2], [3, 4]], "output": [[1, 3], [2, 4]]}' 'the value in row 1, column 1 has no token in p1000'
bad '{"task": "add", "input": [[1]], "output": [[1]]}' "task 'add' is none of the model"
bad '{"task": 7, "input": [[1]], "output": [[1]]}' '"task" does not say'
bad '{"input": [[1, 2], [3, 4]]}' 'neither "results" nor "output" is there'
bad '{"input": [[1, 5], [5, 2]], "output": [[7.5], [-4]]}' 'the input is not in canonical form' canonical
expect 1 eval run --data /dev/null
says err 'there is no example in it'
expect 1 eval run --data absent.jsonl
says err 'absent.jsonl: No such file'
expect 1 eval run --data run/model.safetensors
says err 'model.safetensors:1: column'
# shellcheck disable=SC2086
expect 1 train --task add --size 2 $tiny --examples 4 --data test.jsonl --out none
says err 'test.jsonl:1: '
[ ! -e none ] || problem 'a run was begun without its examples'
finish
