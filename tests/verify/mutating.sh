# Breaks one line after the other in a copy of the tree, for the scripts that say which breaks no test noticed. Sourced; wants
# root, cargo, copy (a directory), wanted (names between blanks, or one blank for all), build (builds the tests) and try (runs
# them, output to $copy/log). While a mutant is tried, near is the module that it broke.

caught=0
survived=0
unfit=0
near=

# copy_tree: all of it, for tests read what other languages and the guides say, and a workspace is whole or none.
copy_tree() {
  rm -rf "$copy/tree"
  mkdir -p "$copy/tree" || exit 1
  tar -C "$root" --exclude=./.git --exclude=target --exclude=node_modules -cf - . | tar -C "$copy/tree" -xf - || exit 1
  cd "$copy/tree" || exit 1
}

# mutant NAME FILE FROM TO: the first line of src/FILE that holds FROM gets TO in its place.
mutant() {
  case $wanted in '  ' | *" $1 "*) ;; *) return ;; esac
  if ! grep -qF -- "$3" "src/$2"; then
    printf 'unfit %s: src/%s no longer holds what was to be broken\n' "$1" "$2"
    unfit=$((unfit + 1))
    return
  fi
  near=$(dirname -- "$2" | sed 's|^\.$||; s|/|::|g')
  cp "src/$2" "$copy/original"
  FROM=$3 TO=$4 awk '
    !done && (at = index($0, ENVIRON["FROM"])) {
      $0 = substr($0, 1, at - 1) ENVIRON["TO"] substr($0, at + length(ENVIRON["FROM"])); done = 1
    }
    { print }' "$copy/original" >"src/$2"
  # Built without the limit: only the tests may hang, and a hang is noticed too.
  if ! build >"$copy/log" 2>&1; then
    printf 'unfit %s: does not compile\n' "$1"
    unfit=$((unfit + 1))
  elif try; then
    printf 'SURVIVED %s\n' "$1"
    survived=$((survived + 1))
  else
    printf 'caught %s by%s\n' "$1" "$(noticed_by)"
    caught=$((caught + 1))
  fi
  cp "$copy/original" "src/$2"
}

# until_one_fails SECONDS COMMAND...: runs the tests until one fails, or the time runs out: of a broken rule many tests may hang.
until_one_fails() {
  timeout "$@" >"$copy/log" 2>&1 &
  running=$!
  while kill -0 "$running" 2>/dev/null; do
    # It passes a signal on to the tests.
    if grep -q '^test .* FAILED$' "$copy/log"; then kill "$running" 2>/dev/null; fi
    sleep 1
  done
  wait "$running"
}

# The tests that failed, or the time that ran out.
noticed_by() {
  by=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p; s/^    \([a-z_]*::.*\)$/\1/p' "$copy/log" | sed 's/.*:://' | sort -u | head -n 4 | tr -s '\n ' ' ')
  printf ' %s' "${by:-a hang}"
}
