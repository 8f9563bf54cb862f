# Sourced by the suites that are shell scripts. The script sets `suite`, its name, and `root`, the top of the tree; it gets:
#
#   here                  its own folder
#   lib                   where libpaynow_bridge.so is       PAYNOW_LIB_DIR      (target/release)
#   static                the static library                 PAYNOW_STATIC_LIB   (libpaynow_bridge.a in $lib)
#   include               where the headers are              PAYNOW_INCLUDE_DIR  (include)
#   sandbox               the sandbox program                PAYNOW_SANDBOX_BIN  (target/release/paynow-sandbox)
#   out                   for programs and their output      TEST_OUT            (target/tests-$suite)
#   cc, cxx               the compilers                      CC, CXX             (cc, c++)
#
# T=name runs one test: those whose names, as they are printed, hold `name`. What such a test needs still runs, but is not
# counted unless it fails. With CI=true a skip is a failure.

here=$root/tests/$suite
# A path that no longer depends on the current directory.
absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s/%s\n' "$(pwd)" "$1" ;; esac; }
lib=$(absolute "${PAYNOW_LIB_DIR:-$root/target/release}")
library=$lib/libpaynow_bridge.so
static=$(absolute "${PAYNOW_STATIC_LIB:-$lib/libpaynow_bridge.a}")
include=$(absolute "${PAYNOW_INCLUDE_DIR:-$root/include}")
sandbox=$(absolute "${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}")
cc=${CC:-cc}
cxx=${CXX:-c++}
out=$(absolute "${TEST_OUT:-$root/target/tests-$suite}")
T=${T:-}
mkdir -p "$out" || exit 1

. "$root/sandbox/start.sh"
. "$root/tests/redis.sh"

# --- counting ---

passed=0
failed=0
skipped=0
selected() { case $1 in *"$T"*) ;; *) return 1 ;; esac; }
ok() { ! selected "$1" || { printf 'ok %s\n' "$1"; passed=$((passed + 1)); }; }
fail() { printf 'FAIL %s: %s\n' "$1" "$2"; failed=$((failed + 1)); }
skip() { ! selected "$1" || { printf 'skip %s: %s\n' "$1" "$2"; skipped=$((skipped + 1)); }; }
die() { fail "$1" "$2"; finish; }

# wants GROUP: whether tests of that group, whose names begin with it, are to run.
wants() { selected "$1" || case $T in "$1"[./-]*) ;; *) return 1 ;; esac; }

# Ends the script with the line that tests/run.sh adds up.
finish() {
  if [ -n "$T" ] && [ $((passed + failed + skipped)) -eq 0 ]; then
    fail "$suite" "no test is named $T"
  fi
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

# --- what is tested ---

# needs FILE...: ends the suite when one of them was not built.
needs() {
  for needed in "$@"; do
    [ -e "$needed" ] || die setup "$needed is missing: build it first"
  done
}

# At run time the library is looked for by its soname, which a build does not leave behind. It is found in $out then.
link_soname() { ln -sf "$library" "$out/libpaynow_bridge.so.0"; }

sandbox_or_die() { start_sandbox "$sandbox" "$out" || die sandbox 'does not start'; }
redis_or_die() { start_redis "$out" || die redis 'does not start'; }

# --- test programs, which print `ok NAME`, `FAIL NAME: why` or `skip NAME: why` for each of their tests ---

# tests_of FILE...: the tests that they define. (PROMISED: tests/c/promised.c)
tests_of() { cat "$@" | sed -n 's/^TEST(\([^)]*\)).*/\1/p; s/^PROMISED[A-Z_]*(\([^,]*\),.*/in_\1/p'; }

# run_program NAME COMMAND...: runs it, shows what it prints and counts that. Leaves it in $out/NAME.txt and .stderr.
run_program() {
  program_name=$1
  shift
  { "$@" 2>"$out/$program_name.stderr" 8>&- 9>&-; echo $? >"$out/$program_name.status"; } | tee "$out/$program_name.txt"
  count_program "$program_name"
}

count_program() {
  program_status=$(cat "$out/$1.status")
  program_failed=$(grep -c '^FAIL ' "$out/$1.txt")
  passed=$((passed + $(grep -c '^ok ' "$out/$1.txt")))
  failed=$((failed + program_failed))
  skipped=$((skipped + $(grep -c '^skip ' "$out/$1.txt")))
  [ "$program_status" -eq 0 ] && [ "$program_failed" -eq 0 ] && return
  tail -n 40 "$out/$1.stderr" >&2
  # A crash, or an error of what it runs under, is a failure beyond those of its tests.
  if [ "$program_failed" -eq 0 ] || [ "$program_status" -gt 2 ]; then
    fail "$1" "ended with status $program_status: $(tail -n 3 "$out/$1.stderr" | tr '\n' ' ')"
  fi
}
