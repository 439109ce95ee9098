#!/bin/sh
# options.sh update|check LAT: writes the list of all options, made of what `lat COMMAND --help` prints, into
# docs/options.md and into the section OPTIONS of docs/lat.1, or says whether both have it.
set -eu
action=$1
lat=$2
docs=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/lat-docs-XXXXXX")
trap 'rm -rf "$scratch"' EXIT

# A line of fields with tabs between: group, the commands that have it, option, argument, meaning. Groups come in
# the order in which the commands show them.
for command in sample train eval solve info bench plot convert; do
  "$lat" "$command" --help | sed "s/^/$command /"
done | awk '
  { command = $1; line = substr($0, length($1) + 2) }
  line ~ /^[A-Z][A-Za-z ]*:$/ {
    group = substr(line, 1, length(line) - 1)
    if (!(group in commands)) { order[++groups] = group; first[group] = command }
    commands[group] = commands[group] (first[group] == command ? "" : ", ") command
    next
  }
  line ~ /^  --/ && group != "" {
    line = substr(line, 5)
    space = index(line, " ")
    name = substr(line, 1, space - 1)
    line = substr(line, space + 1)
    argument = ""
    if (line !~ /^ /) { argument = line; sub(/ .*/, "", argument); line = substr(line, length(argument) + 1) }
    sub(/^ */, "", line)
    rows[group, command] = rows[group, command] name "\t" argument "\t" line "\n"
    next
  }
  line !~ /^  --/ { group = "" }
  END {
    for (i = 1; i <= groups; ++i) {
      group = order[i]
      count = split(commands[group], command_of, ", ")
      for (j = 2; j <= count; ++j) {
        if (rows[group, command_of[j]] != rows[group, first[group]]) {
          print group " has other options in " command_of[j] " than in " first[group] >"/dev/stderr"
          exit 1
        }
      }
      count = split(rows[group, first[group]], row, "\n")
      for (j = 1; j < count; ++j) printf "%s\t%s\t%s\n", group, commands[group], row[j]
    }
  }' >"$scratch/options"
[ -s "$scratch/options" ]

{
  cat <<'PAGE'
# Options {#options}

All options of the command `lat`, by what they are of, with their defaults in parentheses. A flag `--NAME` is undone by
`--no-NAME`. This page is made by `sh docs/options.sh update build/release/examples/lat/lat`.
PAGE
  awk -F '\t' '
    function cell(text) { gsub(/\|/, "\\|", text); gsub(/</, "\\&lt;", text); return text }
    $1 != group { group = $1; printf "\n## %s\n\nOf %s.\n\n| option | meaning |\n|---|---|\n", $1, $2 }
    { printf "| `--%s%s%s` | %s |\n", $3, $4 != "" ? " " : "", cell($4), cell($5) }' "$scratch/options"
} >"$scratch/options.md"

awk -F '\t' '
  function escape(text) { gsub(/\\/, "\\e", text); return text ~ /^[.\047]/ ? "\\&" text : text }
  BEGIN { print ".Sh OPTIONS"; print "Defaults stand in parentheses." }
  $1 != group {
    if (group != "") print ".El"
    group = $1
    printf ".Ss %s\nOf %s.\n.Bl -tag -width Ds -compact\n", $1, $2
  }
  { printf ".It Fl Fl %s%s%s\n%s\n", $3, $4 != "" ? " Ar " : "", $4, escape($5) }
  END { print ".El" }' "$scratch/options" >"$scratch/section"
awk -v section="$scratch/section" '
  /^\.Sh / { inside = $2 == "OPTIONS" }
  inside { next }
  /^\.Sh ENVIRONMENT/ { while ((getline line <section) > 0) print line }
  { print }' "$docs/lat.1" >"$scratch/lat.1"

for file in options.md lat.1; do
  if [ "$action" = update ]; then
    cmp -s "$scratch/$file" "$docs/$file" || cp "$scratch/$file" "$docs/$file"
  elif ! diff -u "$docs/$file" "$scratch/$file"; then
    echo "docs/$file has not the options that lat has: sh docs/options.sh update $lat" >&2
    exit 1
  fi
done
