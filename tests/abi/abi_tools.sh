# Sourced by the scripts beside it, which set `cmake`, `cc` and `generator`.

# A library with debug information, for abidw: build_debug SOURCE_DIRECTORY BUILD_DIRECTORY
build_debug() {
  "$cmake" -S "$1" -B "$2" -G "$generator" -DCMAKE_C_COMPILER="$cc" -DCMAKE_BUILD_TYPE=Debug -DLAT_OPTIMIZE_KERNELS=OFF -DCMAKE_C_FLAGS=-w \
    -DLAT_BUILD_TESTS=OFF -DLAT_BUILD_EXAMPLES=OFF -DLAT_INSTALL=OFF >/dev/null
  "$cmake" --build "$2" --target lat_shared --parallel "$(nproc)" >/dev/null
}

# The interface of a library, without a path of this machine: write_abi LIBLAT_SO INCLUDE_DIRECTORY
write_abi() {
  abidw --exported-interfaces-only --headers-dir "$2/lat" --drop-private-types --no-comp-dir-path \
    --no-show-locs --no-corpus-path --no-elf-needed "$1" | sed "s|path='[^']*/lib/|path='lib/|"
}

# Prints what differs, fails if anything does: compare_abi BASELINE LIBLAT_SO INCLUDE_DIRECTORY ABI_OUT
# Both sides are written alike: told of headers here, abidiff would take every type of a baseline, which
# knows no files, for a private one and see nothing.
compare_abi() {
  write_abi "$2" "$3" >"$4"
  abidiff --harmless "$1" "$4"
}
