# Sourced by the suites that are shell scripts: counting, and the closing line that tests/run.sh adds up. The script sets
# `suite`, its name in that line, and `out`, a folder for what tests print.

passed=0
failed=0
skipped=0
ok() { printf 'ok %s\n' "$1"; passed=$((passed + 1)); }
fail() { printf 'FAIL %s: %s\n' "$1" "$2"; failed=$((failed + 1)); }
skip() { printf 'skip %s: %s\n' "$1" "$2"; skipped=$((skipped + 1)); }
die() { fail "$1" "$2"; finish; }

# Ends the script. With CI=true a skip is a failure.
finish() {
  if [ "$skipped" -gt 0 ] && [ "${CI:-}" = true ]; then
    printf 'CI allows no skip\n'
    failed=$((failed + skipped))
    skipped=0
  fi
  if [ "$skipped" -gt 0 ]; then
    printf '%s: %s passed, %s failed, %s skipped\n' "$suite" "$passed" "$failed" "$skipped"
  else
    printf '%s: %s passed, %s failed\n' "$suite" "$passed" "$failed"
  fi
  [ "$failed" -eq 0 ] && [ $((passed + skipped)) -gt 0 ]
  exit
}

# check NAME COMMAND...: passes when the command succeeds, and says what it printed when it does not.
check() {
  check_name=$1
  shift
  if "$@" >"$out/check.txt" 2>&1; then
    ok "$check_name"
  else
    fail "$check_name" "$(tail -n 20 "$out/check.txt" | tr '\n' ' ')"
    return 1
  fi
}
