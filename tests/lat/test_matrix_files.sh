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

printf '# header\n\n 1.0e0\t2 3.   # first\n\n4 5 6' >comments.txt
same comments.txt
printf '1,2,3\r\n4, 5 ,6\r\n' >rows.csv
same rows.csv
cp plain.txt input
same
same -
rm input
cp plain.txt ./-dash.txt
same ./-dash.txt
same -- ./-dash.txt

cat >general.mtx <<'END'
%%MatrixMarket matrix coordinate real general
% a comment

2 3 6
1 1 1
2 3 6.0
1 2 2
1 3 3

2 1 4
2 2 5
END
same general.mtx
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

# .npy, version 1: f8, f4, i8, i4, both orders; version 2.
npy() { # VERSION DESCR ORDER SHAPE
  header="{'descr': '$2', 'fortran_order': $3, 'shape': $4, }"
  printf '\223NUMPY'
  if [ "$1" = 1 ]; then
    printf '\001\000\166\000'
  else
    printf '\002\000\166\000\000\000'
  fi
  printf '%-117s\n' "$header"
}
i4() { printf '\001\000\000\000\002\000\000\000\003\000\000\000\004\000\000\000\005\000\000\000\006\000\000\000'; }
i8() {
  for n in 1 2 3 4 5 6; do
    printf "\\00$n\\000\\000\\000\\000\\000\\000\\000"
  done
}
f4() { # 1 .. 6
  printf '\000\000\200\077\000\000\000\100\000\000\100\100\000\000\200\100\000\000\240\100\000\000\300\100'
}
f8() { # column by column: 1 4 2 5 3 6
  printf '\000\000\000\000\000\000\360\077\000\000\000\000\000\000\020\100'
  printf '\000\000\000\000\000\000\000\100\000\000\000\000\000\000\024\100'
  printf '\000\000\000\000\000\000\010\100\000\000\000\000\000\000\030\100'
}
{ npy 1 '<i4' False '(2, 3)' && i4; } >i4.npy
same i4.npy
{ npy 2 '<i8' False '(2, 3)' && i8; } >i8.npy
same i8.npy
{ npy 1 '<f4' False '(2, 3)' && f4; } >f4.npy
same f4.npy
{ npy 1 '<f8' True '(2, 3)' && f8; } >f8.npy
same f8.npy

# Refused, with the place. Exit code 1: the command line was right.
refuses() { # TEXT FILE
  expect 1 solve $model "$2"
  says err "$1"
  silent out
}
text() { # TEXT CONTENT
  printf '%b' "$2" >bad
  refuses "$1" bad
}
refuses 'no-such-file: No such file' no-such-file
refuses 'Is a directory' .
text 'bad: no numbers' ''
text 'bad: no numbers' '# only\n\n'
text "bad:2: 'x' is not a finite number" '1 2 3\n4 x 6\n'
text "bad:1: '1;2;3' is not a finite number" '1;2;3\n'
text "bad:1: '2x' is not a finite number" '1 2x 3\n'
text "bad:2: 'nan' is not a finite number" '1 2 3\n4 nan 6\n'
text "bad:1: '-inf' is not a finite number" '-inf 2 3\n'
text "bad:1: '1e999' is not a finite number" '1e999 2 3\n'
text 'bad:2: an empty field' '1,2,3\n4,,6\n'
text 'bad:1: an empty field' '1,2,3,\n'
text 'bad:3: 2 numbers, the rows above have 3' '1 2 3\n\n4 5\n'
text 'byte 5 is 0' '1 2 3\0'
i=0
while [ $i -le 100 ]; do
  printf '1 ' >>wide
  printf '1\n' >>tall
  i=$((i + 1))
done
refuses 'wide:1: more than 100 columns' wide
refuses 'tall:101: more than 100 rows' tall
head -c 5000000 /dev/zero | tr '\0' '\n' >huge
refuses 'huge: more than 4194304 bytes' huge

market() { # TEXT CONTENT behind the banner
  printf '%%%%MatrixMarket matrix %b' "$2" >bad.mtx
  refuses "bad.mtx:$1" bad.mtx
}
market '1: expected coordinate or array' 'sparse real general\n'
market '1: expected real or integer' 'coordinate complex general\n'
market '1: expected real or integer' 'coordinate pattern general\n'
market '1: expected general, symmetric' 'array real hermitian\n'
market '3: the file ends before its sizes' 'array real general\n% only\n'
market '2: expected sizes' 'array real general\n0 3\n'
market '2: expected sizes' 'array real general\n2 1000000000000\n'
market '2: expected sizes' 'array real general\n2\n3\n1\n'
market '2: expected sizes' 'coordinate real general\n2 3\n'
market '2: expected sizes' 'coordinate real general\n2 3 7\n'
market '2: a symmetric matrix of 2 rows and 3 columns' 'array real symmetric\n2 3\n'
market '3: expected a row of 1..2' 'coordinate real general\n2 3 1\n3 1 5\n'
market '3: expected a row of 1..2' 'coordinate real general\n2 3 1\n1 0 5\n'
market '4: entry 1, 1 appears twice' 'coordinate real general\n2 3 2\n1 1 5\n1 1 5\n'
market '4: entry 1, 2 appears twice' 'coordinate real symmetric\n2 2 2\n2 1 5\n1 2 5\n'
market '3: expected one finite number' 'coordinate real general\n2 3 1\n1 1\n'
market '3: expected one finite number' 'coordinate real general\n2 3 1\n1 1 nan\n'
market '3: expected one finite number' 'array real general\n2 3\n1 2 3\n'
market '4: the file ends before its last entry' 'coordinate real general\n2 3 2\n1 1 5\n'
market '4: the file ends before its last entry' 'array real general\n2 3\n1\n'
market '4: more entries' 'coordinate real general\n2 3 1\n1 1 5\n1 2 5\n'
market '3: a skew-symmetric matrix has no diagonal' 'coordinate real skew-symmetric\n2 2 1\n1 1 5\n'

head -c 9 i4.npy >short.npy
refuses 'ends within its .npy header' short.npy
head -c 100 i4.npy >short.npy
refuses 'a .npy header of 118 bytes in a file of 100' short.npy
head -c 140 i4.npy >short.npy
refuses '12 bytes of data, a 2 x 3 matrix has 24' short.npy
{ cat i4.npy && printf x; } >long.npy
refuses '25 bytes of data' long.npy
{ npy 1 '>f8' False '(2, 3)' && f8; } >bad.npy
refuses "numbers of type '>f8'" bad.npy
{ npy 1 '<c16' False '(2, 3)' && f8; } >bad.npy
refuses "numbers of type '<c16'" bad.npy
for shape in '(6,)' '()' '(2, 3, 1)' '(0, 3)' '(2, 101)' '(99999999999999999999, 3)' '(-2, 3)' '(2, 3'; do
  { npy 1 '<i4' False "$shape" && i4; } >bad.npy
  refuses 'two dimensions of 1..100' bad.npy
done
{ npy 1 '<i4' Maybe '(2, 3)' && i4; } >bad.npy
refuses 'neither True nor False' bad.npy
printf '\223NUMPY\003\000\001\000\000\000 ' >bad.npy
refuses '.npy version 3' bad.npy
printf '\223NUMPY\001\000\377\377' >bad.npy
refuses 'a .npy header of 65535 bytes' bad.npy
printf '\223NUMPY\001\000\002\000{}' >bad.npy
refuses 'without descr' bad.npy
{ npy 1 '<f8' False '(1, 1)' && printf '\000\000\000\000\000\000\370\177'; } >bad.npy
refuses 'row 1, column 1 is not finite' bad.npy

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
says err 'unknown'
cp out reference
expect 1 solve $model symmetric.txt
cmp -s out reference || problem 'a symmetric file was read otherwise'
expect 0 solve $model symmetric.txt --compare --tolerance 1e9
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
