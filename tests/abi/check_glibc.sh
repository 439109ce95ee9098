#!/bin/sh
# Versions of glibc that the shared library asks for, with the functions behind them. One that is younger than 2.17 is
# listed here, or fails: a new one may shut out older systems. Which version a function has is that of the machine that
# builds: a library built on Debian 11 asks for 2.29 at most.
#   check_glibc.sh LIBRARY
set -eu
known='exp expf log logf log2 log2f pow powf hypot fmod
dladdr fstat lstat stat pthread_sigmask pthread_create pthread_join pthread_once pthread_mutex_trylock
pthread_barrier_init pthread_barrier_wait pthread_barrier_destroy
__isoc23_strtol __isoc23_strtoll __isoc23_strtoul __isoc23_strtoull __isoc23_sscanf'

found=$(LC_ALL=C readelf --dyn-syms -W "$1" | sed -n 's/.* UND \([^@ ]*\)@GLIBC_\([0-9.A-Z]*\).*/\2 \1/p' | sort -uV)
test -n "$found"
echo "$found" | awk '{ names[$1] = names[$1] " " $2; if (!($1 in seen)) { order[++n] = $1; seen[$1] = 1 } }
  END { for (i = 1; i <= n; ++i) print "glibc " order[i] ":" names[order[i]] }'
echo "$found" | awk -v known="$known" '
  BEGIN { count = split(known, list); for (i = 1; i <= count; ++i) is_known[list[i]] = 1 }
  $1 == "PRIVATE" { print $2 " is private to glibc"; bad = 1; next }
  { split($1, part, ".") }
  (part[1] > 2 || part[2] > 17) && !($2 in is_known) { print $2 " needs glibc " $1 " and is not listed"; bad = 1 }
  END { exit bad }'
