#!/bin/sh
# Runs every suite, or those that are named, and ends with what each counted, its time, and one line for all of them.
#   [T=NAME] run.sh [SUITE...]    lint rust cli valkey simulation abi c counted cpp java minestom packages
#                                 engines hosts fuzz
# T=NAME runs one test of one suite. With CI=true a skip is a failure.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root" || exit 1
out=target/test-results
mkdir -p "$out"

all='lint rust cli valkey simulation abi c counted cpp java minestom packages engines hosts fuzz'
suites=${*:-$all}
T=${T:-}
if [ -n "$T" ] && [ $# -ne 1 ]; then
  printf 'T runs one test of one suite, such as: make test-c T=%s\n' "$T" >&2
  exit 2
fi
cargo=${CARGO:-cargo}
make=${MAKE:-make}
passed=0
failed=0
skipped=0
logs=

say() { printf '\n== %s\n' "$*"; }

# record NAME PASSED FAILED SKIPPED BEGIN: a line of the closing table, BEGIN being when it began.
: >"$out/table"
record() {
  passed=$((passed + $2))
  failed=$((failed + $3))
  skipped=$((skipped + $4))
  printf '%-10s %4d passed %3d failed %3d skipped %5d s\n' "$1" "$2" "$3" "$4" "$(($(date +%s) - $5))" >>"$out/table"
}

# A step that passes or fails as a whole.
step() {
  name=$1
  shift
  say "$name"
  begin=$(date +%s)
  if "$@"; then
    record "$name" 1 0 0 "$begin"
  else
    printf 'FAIL %s\n' "$name"
    record "$name" 0 1 0 "$begin"
  fi
}

# The closing lines of suites and of cargo test: their first three numbers passed, failed and were skipped.
closing='^test result: \|^[a-z]*: [0-9]* passed, [0-9]* failed'

# A suite that prints how many of its tests passed.
suite() {
  name=$1
  shift
  log=$out/$name.log
  logs="$logs $log"
  say "$name"
  begin=$(date +%s)
  # What tests that passed have printed is for the log alone.
  { "$@" 2>&1; echo $? >"$log.status"; } | tee "$log" |
    awk '/^successes:$/ { hidden = 1 } /^(failures:|test result:)/ { hidden = 0 } !hidden { print; fflush() }'
  status=$(cat "$log.status")
  counts=$(grep "$closing" "$log" | sed 's/[^0-9 ]//g' | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
  # shellcheck disable=SC2086 # three words
  set -- $counts
  wrong=$2
  if [ $(($1 + $2 + $3)) -eq 0 ] && [ -n "$T" ]; then
    printf 'FAIL %s: no test is named %s\n' "$name" "$T"
    wrong=1
  elif [ $(($1 + $2 + $3)) -eq 0 ] || { [ "$status" -ne 0 ] && [ "$wrong" -eq 0 ]; }; then
    printf 'FAIL %s ended with status %s\n' "$name" "$status"
    wrong=$((wrong + 1))
  fi
  record "$name" "$1" "$wrong" "$3" "$begin"
}

# On the JDKs that are named or found.
find_jdks() {
  if [ -z "${JAVA_HOME_17:-}" ]; then
    JAVA_HOME_17=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p')
  fi
  if [ -z "${JAVA_HOME_25:-}" ]; then
    for home in /usr/lib/jvm/*25*; do
      [ -x "$home/bin/javac" ] && JAVA_HOME_25=$home && break
    done
  fi
  export JAVA_HOME_17 JAVA_HOME_25
}
with_java() {
  if command -v mvn >/dev/null && command -v javac >/dev/null; then
    find_jdks
    "$@"
  else
    printf 'skip %s: no JDK or no Maven\n%s: 0 passed, 0 failed, 1 skipped\n' "$name" "$name"
  fi
}
java_tests() {
  # A module without such a test is not a failure. What ends in IT needs the jar, which is not there yet when the others run.
  MVN_OPTIONS="${MVN_OPTIONS:-}${T:+ -Dtest=$T,!*IT -Dsurefire.failIfNoSpecifiedTests=false}${T:+ -Dit.test=$T -Dfailsafe.failIfNoSpecifiedTests=false}"
  export MVN_OPTIONS
  sh java-shim/test.sh
}

# run_suite NAME: every way to run a suite comes here.
run_suite() {
  case $1 in
    lint) suite lint "$make" --no-print-directory lint ;;
    rust) suite rust "$cargo" test --locked --workspace --no-fail-fast ${T:+"$T"} -- --show-output ;;
    # With the features of the whole workspace, so that nothing is built twice.
    cli) suite cli "$cargo" test --locked --workspace --no-fail-fast --bin pnb --test command_line ${T:+"$T"} -- --show-output ;;
    simulation) suite simulation sh tests/verify/simulation.sh seeds ;;
    abi | c | counted | cpp | packages | engines | hosts | valkey) suite "$1" sh "tests/$1/run.sh" ;;
    java) suite java with_java java_tests ;;
    minestom) suite minestom with_java sh examples/minestom-server/test.sh ;;
    fuzz) suite fuzz sh fuzz/run.sh 30 ${T:+"$T"} ;;
    *)
      printf 'There is no suite %s. There are: %s\n' "$1" "$all" >&2
      exit 2
      ;;
  esac
}

# What the suites test is built once, whichever of them run.
[ $# -gt 0 ] || step build "$make" --no-print-directory lib static sandbox
for each in $suites; do run_suite "$each"; done

# What any of them printed, or had the library say, holds no credential.
# shellcheck disable=SC2086 # names
T= suite secrets sh tests/secrets.sh $suites

say 'all'
if [ "$skipped" -gt 0 ]; then
  # shellcheck disable=SC2086 # files
  grep -h '^skip ' $logs
  if [ "${CI:-}" = true ]; then
    printf 'CI allows no skip\n'
    failed=$((failed + skipped))
    skipped=0
  fi
fi
cat "$out/table"
if [ "$skipped" -gt 0 ]; then
  printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
else
  printf '%s passed, %s failed\n' "$passed" "$failed"
fi
[ "$failed" -eq 0 ]
