#!/bin/sh
# Writes a C file that calls every public function with NULL in place of each pointer, one at a time.
# What a call gets otherwise is null_world.h's: VALUE_type for a pointer to the type, OUT(type) for an
# output handle, TEXT for room for a text.
#   null_calls.sh COMPILER INCLUDE_DIRECTORY OPTIONAL_POINTERS OUTPUT
set -eu

declarations() { # one a line: RESULT NAME(PARAMETERS)
  "$1" -E -P -I"$2" "$2/lat/lat.h" | tr '\n;' ' \n' | grep 'visibility("default")' |
    sed -e 's/__attribute__((\([a-z_]*\|visibility("default")\)))//g' -e 's/  */ /g' -e 's/^ //'
}

declarations "$1" "$2" | LC_ALL=C sort -t '(' -k 1 | awk -v optional_file="$3" '
  # The value of a parameter: a type of the world, or a number.
  function value(type) {
    if (type !~ /\*/) {
      return parameter == "letter" || type ~ /double/ ? "0" : parameter ~ /size|capacity/ ? "4096" : "1"
    }
    if (type ~ /^char \*$/) {
      return "TEXT"
    }
    base = type
    gsub(/const |\*|const$| /, "", base)
    if (type ~ /^lat_[a-z]* \*\*$/) {
      return "OUT(" base ")"
    }
    return (type ~ /\*.*\*/ ? "VALUES_" : "VALUE_") base
  }
  BEGIN {
    while ((getline line < optional_file) > 0) {
      if (line !~ /^#/) {
        optional[line] = 1
      }
    }
    print "#include \"null_world.h\"\n"
  }
  {
    open = index($0, "(")
    head = substr($0, 1, open - 1)
    match(head, /lat_[a-z0-9_]*$/)
    name = substr(head, RSTART)
    result = substr(head, 1, RSTART - 1)
    kind = result ~ /lat_status/ ? "STATUS" : result ~ /^void $/ ? "NOTHING" : "GETTER"
    count = split(substr($0, open + 1, length($0) - open - 1), parameters, ", *")
    body = ""
    for (i = 1; i <= count; ++i) {
      match(parameters[i], /[a-z0-9_]+ *$/)
      names[i] = parameter = substr(parameters[i], RSTART)
      types[i] = substr(parameters[i], 1, RSTART - 1)
      values[i] = value(types[i])
    }
    for (i = 1; i <= count; ++i) {
      if (types[i] !~ /\*/) {
        continue
      }
      arguments = before = after = ""
      for (j = 1; j <= count; ++j) {
        arguments = arguments (j > 1 ? ", " : "") (j == i ? "NULL" : values[j])
        if (j != i && values[j] ~ /^OUT/) {
          before = "  SET_" values[j] ";\n"
          after = "  CHECK_" values[j] ";\n"
        }
      }
      key = name " " names[i]
      call = (key in optional) ? "OPTIONAL" : kind
      used[key] = 1
      body = body before "  " call "(\"" names[i] "\", " name "(" arguments "));\n" after
    }
    if (body != "") {
      print "static void call_" name "(null_world *world) {\n  (void)world;\n" body "}\n"
    }
    table = table "    {\"" name "\", " (body == "" ? "NULL" : "call_" name) "},\n"
  }
  END {
    for (key in optional) {
      if (!(key in used)) {
        print "#error \"no such pointer: " key "\""
      }
    }
    print "const null_call null_calls[] = {\n" table "    {NULL, NULL}};"
  }' >"$4"
