#!/bin/sh
# Manners of our own objects: global names begin with lat_ or lati_; nothing is called that prints,
# ends the process, reads the environment or sets handlers; what is writable is on the list.
#   check_symbols.sh LIBLAT_A
set -eu
here=$(dirname "$0")
failed=0

report() { # report TITLE NAMES
  if [ -n "$2" ]; then
    printf '%s:\n%s\n' "$1" "$2"
    failed=1
  fi
}

names=$(nm -g --defined-only "$1" | sed -n 's/^[0-9a-f]* [A-Z] //p')
test -n "$names"
report 'global names without lat_ or lati_' "$(echo "$names" | grep -Ev '^lati?_' || true)"

forbidden='v?printf|v?dprintf|puts|putchar|putc|perror|stdout|stderr|stdin|fputs|psignal|syslog'
forbidden="$forbidden|exit|_exit|_Exit|quick_exit|abort|atexit|raise|kill"
forbidden="$forbidden|getenv|secure_getenv|setenv|putenv|unsetenv|environ|system|popen"
forbidden="$forbidden|v?fprintf|v?fork|exec[lv].*|setrlimit|sched_setaffinity|fesetround|feenableexcept|mallopt"
forbidden="$forbidden|signal|sigaction|setlocale|srand|rand|random|xerbla_|openblas.*|omp_.*"
report 'forbidden references' \
  "$(nm -u "$1" | sed -n 's/^ *U //p' | sort -u | grep -Ex "(__)?($forbidden)(_chk)?" || true)"

# Constant tables with pointers lie in .data.rel.ro, which the loader makes read-only.
report 'writable data that writable.txt does not list' \
  "$(objdump -t "$1" | awk '$0 ~ / O / && $(NF-2) ~ /^\.(data|bss|tdata|tbss)/ &&
                            $(NF-2) !~ /^\.data\.rel\.ro/ { print $NF }' | sort -u |
    grep -Fvx "$(sed -e '/^#/d' -e 's/ .*//' "$here/writable.txt")" || true)"
exit $failed
