#!/bin/sh
# Every format of matrix files, as many programs write them, and files that are refused with the place
# named. The command is read_matrix, which prints what it read.
. "$(dirname "$0")/harness.sh"

printf '1 2 3\n4 5 6\n' >reference
same() {
  expect 0 "$1"
  cmp -s out reference || problem "$said: another matrix was read: $(cat out)"
}

printf '# header\n\n 1.0e0\t2 3.   # first\n# second\n4 5 6' >comments.txt
same comments.txt
printf '1,2,3\r\n4, 5 ,6\r\n' >rows.csv
same rows.csv

# Bytes as printf %b has them.
reads() {
  printf '%b' "$1" >good
  same good
}
reads '1\t2\t3\n4\t5\t6'
reads ' 1,2 , 3 \n4\t,5,6\n'
reads '1 2 3\r4 5 6\r'
reads '1 2 3\r\n4 5 6'
reads '\r\n1 2 3\r4 5 6\n\r\n'
reads '# one\r1 2 3 #two\r4 5 6'
reads '\0357\0273\02771,2,3\r\n4,5,6\r\n'
reads '\0357\0273\0277# comment\n1 2 3\n4 5 6\n'
reads '1,2,3,\n4,5,6,\n'
reads '1 ,2 ,3 , # first\n4,5,6,#second\n'
reads '"1","2","3"\n"4","5","6"\n'
reads '"1" "2.0" "3"\n"4" "5" "6e0"\n'
reads '"1","2","3",\r\n"4","5","6",\r\n'
reads '1.0D+00 20.0d-1 .3D1\n4D0 5.D+0 +6.0d00\n'

# Several matrices have empty lines between them, and .npy stacks three dimensions.
printf '1 2 3\n4 5 6\n\n7 8\n' >several
printf '\n\n1,2,3\r\n4,5,6\r\n\r\n \t\r\n# the second\n7,8\n\n' >good
expect 0 good
cmp -s out several || problem "$said: other matrices were read: $(cat out)"

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
sed 's/$/\r/' general.mtx >crlf.mtx
same crlf.mtx
tr '\n' '\r' <general.mtx >cr.mtx
same cr.mtx
{ printf '\357\273\277' && cat array.mtx; } >marked.mtx
same marked.mtx
cat >capitals.mtx <<'END'
%%MATRIXMARKET  MATRIX    Coordinate    Real General

 % free format

   2  3         7

1 1                  1.0D+00
1   2   .2E1
 1 3  3.
   2     3             2.5
  2 1 4
2 2  5
2 3  3.5
END
same capitals.mtx
sed 's/real/unsigned-integer/' general.mtx >unsigned.mtx
same unsigned.mtx

# .npy: versions 1 to 3, every type in either byte order, both orders of entries, headers as other
# programs than numpy write them.
octal() { # NUMBER of 0..255, as printf has a byte
  byte="\\$(($1 / 64))$(($1 / 8 % 8))$(($1 % 8))"
}
raw_npy() { # VERSION HEADER [LENGTH, a multiple of 64, of all that is before the data]
  length=$((${3:-128} - ($1 == 1 ? 10 : 12)))
  octal $((length % 256))
  low=$byte
  octal $((length / 256))
  printf "\223NUMPY\\$1\\0$low$byte"
  [ "$1" = 1 ] || printf '\000\000'
  printf "%-$((length - 1))s\n" "$2"
}
npy() { # VERSION DESCR ORDER SHAPE
  raw_npy "$1" "{'descr': '$2', 'fortran_order': $3, 'shape': $4, }"
}
# values DESCR NUMBER...: integers of 0..255 as that type has them, in whatever byte order.
values() {
  big=0
  case $1 in '>'*) big=1 ;; esac
  type=${1#[<>|=]}
  width=${type#[iu]}
  shift
  for number; do
    octal "$number"
    zeros=
    place=1
    while [ $place -lt "$width" ]; do
      zeros="$zeros\\0"
      place=$((place + 1))
    done
    [ $big = 1 ] && printf "$zeros$byte" || printf "$byte$zeros"
  done
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

for type in '<i8' '>i8' '<i4' '>i4' '<i2' '>i2' '|i1' '<u8' '>u8' '<u4' '>u4' '<u2' '>u2' '|u1' 'i1' '=u1'; do
  { npy 1 "$type" False '(2, 3)' && values "$type" 1 2 3 4 5 6; } >any.npy
  same any.npy
done
{ npy 3 '<f2' False '(2, 3)' && printf '\000\074\000\100\000\102\000\104\000\105\000\106'; } >f2.npy
same f2.npy
{ npy 1 '>f2' False '(2, 3)' && printf '\074\000\100\000\102\000\104\000\105\000\106\000'; } >f2.npy
same f2.npy
{
  npy 1 '>f4' False '(2, 3)'
  printf '\077\200\000\000\100\000\000\000\100\100\000\000\100\200\000\000\100\240\000\000\100\300\000\000'
} >f4.npy
same f4.npy
{
  npy 1 '>f8' False '(2, 3)'
  printf '\077\360\000\000\000\000\000\000\100\000\000\000\000\000\000\000\100\010\000\000\000\000\000\000'
  printf '\100\020\000\000\000\000\000\000\100\024\000\000\000\000\000\000\100\030\000\000\000\000\000\000'
} >f8.npy
same f8.npy
for version in 1 2 3; do
  for length in 128 4096 65472; do
    { raw_npy $version "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }" $length && f8; } >padded.npy
    same padded.npy
  done
done
for header in "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3, ), }" \
  "{'descr':'<f8','fortran_order':True,'shape':(2,3,),}" "{'shape':(2,3),'fortran_order':True,'descr':'<f8'}" \
  "{\"descr\": \"<f8\", \"fortran_order\": True, \"shape\": (2L, 3L)}" \
  " { 'descr' : 'f8' , 'fortran_order' : True , 'shape' : ( 2 , 3 ) } " \
  "{'descr': 'float64', 'fortran_order': True, 'shape': (2, 3)}"; do
  { raw_npy 1 "$header" && f8; } >header.npy
  same header.npy
done

# Signs, halves and truth values.
twin() { # FILE TEXT
  printf '%b' "$2" >twin.txt
  expect 0 "$1"
  cmp -s out twin.txt || problem "$1: not read as $2 but as $(cat out)"
}
{ npy 1 '|b1' False '(2, 3)' && printf '\001\000\001\000\377\000'; } >bool.npy
twin bool.npy '1 0 1\n0 1 0\n'
{ npy 1 '|i1' False '(2, 3)' && printf '\371\002\003\004\005\006'; } >negative.npy
twin negative.npy '-7 2 3\n4 5 6\n'
{ npy 1 '<i2' False '(2, 3)' && printf '\371\377\002\000\003\000\004\000\005\000\006\000'; } >negative.npy
twin negative.npy '-7 2 3\n4 5 6\n'
{ npy 1 '|u1' False '(2, 3)' && printf '\371\002\003\004\005\006'; } >unsigned.npy
twin unsigned.npy '249 2 3\n4 5 6\n'
{ npy 1 '<f2' False '(2, 3)' && printf '\200\307\000\070\001\000\377\173\000\200\146\056'; } >half.npy
twin half.npy '-7.5 0.5 5.9604644775390625e-08\n65504 -0 0.0999755859375\n'
cat >pattern.mtx <<'END'
%%MatrixMarket matrix coordinate pattern general
2 3 2
1 3
2 1
END
twin pattern.mtx '0 0 1\n1 0 0\n'
cat >hermitian.mtx <<'END'
%%MatrixMarket matrix coordinate real hermitian
2 2 2
1 1 3
2 1 5
END
twin hermitian.mtx '3 5\n5 0\n'

# Refused, with the place.
refuses() { # TEXT FILE
  expect 1 "$2"
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
text "bad:1: '1;2;3' is not a finite number; numbers are separated by blanks or commas" '1;2;3\n'
text "bad:1: '5;2' is not a finite number; numbers are separated" '1,5;2,5;3,5\n'
text "bad:1: '1.#INF' is not a finite number" '3 2 1.#INF\n4 5 6\n'
text "bad:2: '-1.#IND' is not a finite number" '1,2,3\n4,5,-1.#IND\n'
text "bad:2: '1.#QNAN' is not a finite number" '1 2 3\n1.#QNAN 5 6\n'
text "bad:1: '3#' is not a finite number; a comment needs a blank before its #" '1 2 3# three\n4 5 6\n'
text 'bad:1: both blanks and commas separate numbers; decimals have a point' '1,5\t2,5\n3,5\t4,5\n'
text 'bad:1: both blanks and commas' '1, 2 3\n'
text 'bad:4: both blanks and commas' '1\t2\n3\t4\n\n1,5\n2,5\n'
text 'bad:1: both blanks and commas' '1,5 2\n'
text 'bad:2: both blanks and commas' '1 2\n3,4\n'
text 'bad:2: both blanks and commas' '1\t2\n3,5\t4,5\n'
text 'bad:1: both blanks and commas' '1 2 3,\n4 5 6,\n'
text "bad:1: '\"1,5\"' is not a finite number; decimals have a point" '"1,5","2,5"\n'
text "bad:1: '\"2' is not a finite number" '"1" "2\n'
text "bad:1: '\"\"' is not a finite number" '"","2"\n'
text 'bad:1: some numbers are in quotes, some not' '"1",2\n'
text 'bad:2: some numbers are in quotes, some not' '1,2\n"3","4"\n'
text "bad:1: '1D' is not a finite number" '1D 2\n'
text "bad:1: '1e5d3' is not a finite number" '1e5d3 2\n'
text "bad:1: '1d999' is not a finite number" '1d999 2\n'
text 'UTF-16 text (byte order mark FF FE); save it as UTF-8' '\0377\03761\0 \02\0\n\0'
text 'UTF-16 text (byte order mark FE FF); save it as UTF-8' '\0376\0377\01\0 \02\0\n'
text 'compressed by gzip' '\0037\0213\0010'
text 'a zip archive, as .npz' 'PK\03\04'
text 'is not a finite number (byte E2 does not belong to one)' '\0342\0210\02227.5 2\n'
text 'is not a finite number (byte C2 does not belong to one)' '1\0302\02402 3\n'
text "bad:2: '2x' is not a finite number" '1\r2x\r3\r'

# What comes from the file and its name is printed as text: no control characters, no half characters.
text "bad:1: '?]0;owned??[31mRED' is not a finite number" '1 2 \033]0;owned\007\033[31mRED 3\n'
text "bad:1: '?9?x' is not a finite number" '\01779\0177x\n'
text "bad:1: '??x' is not a finite number" '\0302\0233x\n'
text "bad:1: '?' is not a finite number" '\0300\n'
text "bad:1: 'xÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ' is not a finite number" '1 xÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ 3\n'
name=$(printf 'Ä\033[2J\303')
printf 'x\n' >"$name"
refuses "lat: Ä?[2J?:1: 'x' is not a finite number" "$name"
refuses 'lat: no?such: No such file' "$(printf 'no\233such')"
text "bad:1: '2x' is not a finite number" '1 2x 3\n'
text "bad:2: 'nan' is not a finite number" '1 2 3\n4 nan 6\n'
text "bad:1: '-inf' is not a finite number" '-inf 2 3\n'
text "bad:1: '1e999' is not a finite number" '1e999 2 3\n'
text 'bad:2: an empty field' '1,2,3\n4,,6\n'
text 'bad:1: an empty field' ',1,2\n'
text 'bad:1: an empty field' ',\n'
text 'bad:1: an empty field' '1,,\n'
text 'bad:2: no comma ends this row' '1,2,3,\n4,5,6\n'
text 'bad:2: a comma ends this row' '1,2,3\n4,5,6,\n'
text 'bad:3: 2 numbers, the rows above have 3' '1 2 3\n#\n4 5\n'
text 'byte 5 is 0' '1 2 3\0'
i=0
while [ $i -le 100 ]; do
  printf '1 ' >>wide
  printf '1\n' >>tall
  i=$((i + 1))
done
refuses 'wide:1: more than 100 columns' wide
refuses 'tall:101: more than 100 rows' tall
truncate -s 68000000 huge
refuses 'huge: more than 67108864 bytes' huge

market() { # TEXT CONTENT behind the banner
  printf '%%%%MatrixMarket matrix %b' "$2" >bad.mtx
  refuses "bad.mtx:$1" bad.mtx
}
market '3: expected a row of 1..5, a column of 1..5' 'coordinate real general\n5 5 2\n1 2.5\n2 3.25\n'
market '3: expected a row of 1..5, a column of 1..5' 'coordinate real general\n5 5 1\n1 2-5\n'
market '1: expected coordinate or array' 'sparse real general\n'
market "1: expected coordinate or array, not '?[2J'" '\033[2J real general\n'
market "1: expected real, integer or pattern, not 'complex'" 'coordinate complex general\n'
market "1: expected real or integer, not 'pattern'" 'array pattern general\n'
market "1: expected general, symmetric, hermitian or skew-symmetric, not 'orthogonal'" 'array real orthogonal\n'
market '3: the file ends before its sizes' 'array real general\n% only\n'
market '2: expected sizes' 'array real general\n0 3\n'
market '2: expected sizes' 'array real general\n2 1000000000000\n'
market '2: expected sizes' 'array real general\n2\n3\n1\n'
market '2: expected sizes' 'coordinate real general\n2 3\n'
market '2: expected sizes' 'coordinate real general\n2 3 99999999\n'
market '3: the file ends before its last entry' 'coordinate real general\n2 3 7\n'
market '2: a symmetric matrix of 2 rows and 3 columns' 'array real symmetric\n2 3\n'
market '3: expected a row of 1..2' 'coordinate real general\n2 3 1\n3 1 5\n'
market '3: expected a row of 1..2' 'coordinate real general\n2 3 1\n1 0 5\n'
market '4: entries 1, 2 and 2, 1 of a symmetric matrix' 'coordinate real symmetric\n2 2 2\n2 1 5\n1 2 5\n'
market '4: the sum of entries 1, 1 is not finite' 'coordinate real general\n2 3 2\n1 1 1e308\n1 1 1e308\n'
market '3: expected row and column alone' 'coordinate pattern general\n2 3 1\n1 1 5\n'
market '3: expected a row of 1..2' 'coordinate pattern general\n2 3 1\n1\n'
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
for type in '<f16' '|S8' '|O' '<M8[s]' '<i3' '<f' '' '<U1' '|b8' '<c8'; do
  { npy 1 "$type" False '(2, 3)' && f8; } >bad.npy
  refuses "numbers of type '$type'" bad.npy
done
refuses 'bool, i1 to i8, u1 to u8, f2, f4 and f8 can be read' bad.npy
{ npy 1 '<f16' False '(2, 3)' && f8; } >bad.npy
refuses 'longdouble, which differs between machines' bad.npy
{ raw_npy 1 "{'descr': [('x', '<f8'), ('y', '<f8')], 'fortran_order': False, 'shape': (2, 3)}" && f8; } >bad.npy
refuses "numbers of type [('x', '<f8'), ('y', '<f8')]" bad.npy
{ npy 1 "$(printf '\033[2J')" False '(2, 3)' && f8; } >bad.npy
refuses "numbers of type '?[2J'" bad.npy
{ npy 1 '<c16' False '(2, 3)' && f8; } >bad.npy
refuses "numbers of type '<c16'" bad.npy
for shape in '(6,)' '(6)' '()' '(,)' '(2 3)' '(2,,3)' '(2, 3)x' '[2, 3]' 'None' '(2, 3, 1, 1)' '(0, 3)' '(0, 2, 3)' '(1, 2, 101)' '(2, 101)' '(99999999999999999999, 3)' '(-2, 3)'; do
  { npy 1 '<i4' False "$shape" && i4; } >bad.npy
  refuses 'two dimensions of 1..100' bad.npy
done
{ npy 1 '<i4' False '(6,)' && i4; } >bad.npy
refuses 'shape (6,); two dimensions of 1..100 can be read, or a stack in three: reshape a vector to (n, 1) or (1, n)' bad.npy
{ npy 1 '<i4' Trueish '(2, 3)' && i4; } >bad.npy
refuses 'neither True nor False' bad.npy
{ npy 1 '<i4' Maybe '(2, 3)' && i4; } >bad.npy
refuses 'neither True nor False' bad.npy
printf '\223NUMPY\004\000\001\000\000\000 ' >bad.npy
refuses '.npy version 4' bad.npy
printf '\223NUMPY\001\000\377\377' >bad.npy
refuses 'a .npy header of 65535 bytes' bad.npy
printf '\223NUMPY\001\000\002\000{}' >bad.npy
refuses 'without descr' bad.npy
for header in '' 'descr' "{'descr': '<i4', 'fortran_order': False}" "{'descr': '<i4'" "{'descr" "{'descr': " \
  "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), 'more': 1}" "{'descr':,'fortran_order':False,'shape':(2,3)}" \
  "{'fortran_order': False, 'shape': (2, 3), 'descr':}" "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3)} x"; do
  { raw_npy 1 "$header" && i4; } >bad.npy
  refuses 'without descr' bad.npy
done
{ npy 1 '<f8' False '(1, 1)' && printf '\000\000\000\000\000\000\370\177'; } >bad.npy
refuses 'row 1, column 1 is not finite' bad.npy

for order in False True; do
  { npy 1 '<i4' $order '(1, 2, 3)' && i4; } >stack.npy
  expect 0 stack.npy
  lines 2
  { npy 1 '<i4' $order '(3, 1, 2)' && i4; } >stack.npy
  expect 0 stack.npy
  lines 5
done

finish
