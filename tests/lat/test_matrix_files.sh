#!/bin/sh
# Matrices from files: every format, and files that are refused with the place named.
. "$(dirname "$0")/harness.sh"

# shellcheck disable=SC2086
expect 0 train --task transpose --rows 2 --cols 3 $taught --out run
model=run/model.safetensors

# The tolerance lets any answer pass: here it is the reading that is tested. The problem is shown
# by its shape alone, so the numbers are checked by what the model is told: answers must agree.
solves() {
  expect 0 solve $model --tolerance 1e9 "$@"
  cat out >answer
}
same() {
  solves "$@"
  cmp -s answer reference || problem "$said: another matrix was read"
}

printf '1 2 3\n4 5 6\n' >plain.txt
solves plain.txt
mv answer reference
lines=$(wc -l <reference)
[ "$lines" -eq 3 ] || problem "an answer of $lines rows"
same plain.txt
printf '9 2 3\n4 5 6\n' >other.txt
solves other.txt
cmp -s answer reference && problem 'another matrix gives the same answer: the tests above are blind'

cp plain.txt input
same
same -
rm input
cp plain.txt ./-dash.txt
same ./-dash.txt
same -- ./-dash.txt
printf '1,2,3\r\n4, 5 ,6\r\n' >rows.csv
same rows.csv
cat >array.mtx <<'END'
%%MatrixMarket matrix array integer general
2 3
1
4
2
5
3
6
END
same array.mtx

# Refused, with the place. Exit code 1: the command line was right.
refuses() { # TEXT FILE
  expect 1 solve $model "$2"
  says err "$1"
  silent out
}
refuses 'no-such-file: No such file' no-such-file
refuses 'Is a directory' .
printf '1 2 3\n4 x 6\n' >bad
refuses "bad:2: 'x' is not a finite number" bad

# Matrices that the task does not take.
printf '1 2\n3 4\n5 6\n7 8\n' >tall.txt
refuses 'lat: ' tall.txt
# shellcheck disable=SC2086
expect 0 train --task eigenvalues --size 2 $taught --out symmetric
model=symmetric/model.safetensors
printf '1 2\n3 4\n' >skew.txt
refuses 'symmetric' skew.txt
cat >symmetric.mtx <<'END'
%%MatrixMarket matrix coordinate real symmetric
2 2 3
1 1 1
2 1 2
2 2 5
END
printf '1 2\n2 5\n' >symmetric.txt
expect 1 solve $model symmetric.mtx
says err 'NOT right within the tolerance'
cp out reference
expect 1 solve $model symmetric.txt
cmp -s out reference || problem 'a symmetric file was read otherwise'
expect 0 solve $model symmetric.txt --compare --tolerance 1e9
cat >pattern-symmetric.mtx <<'END'
%%MatrixMarket matrix coordinate pattern symmetric
2 2 2
1 1
2 1
END
printf '1 1\n1 0\n' >pattern.txt
expect 1 solve $model pattern.txt
cp out other
expect 1 solve $model pattern-symmetric.mtx
cmp -s out other || problem 'a symmetric pattern was read otherwise'
cat >symmetric-array.mtx <<'END'
%%MatrixMarket matrix array real symmetric
2 2
1
2
5
END
expect 1 solve $model symmetric-array.mtx
cmp -s out reference || problem 'a symmetric array was read otherwise'

finish
