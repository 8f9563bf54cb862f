#!/bin/sh
# The C and C++ suites under valgrind and under AddressSanitizer with UBSan, the Rust ones under sanitizers and Miri, the
# concurrent core under the model checker, the unit tests in 32 bits, a hundred faults of a Redis, an import that is killed
# fifty times, a real Prometheus, the sandbox's page in a browser, packages for Conan, a release that is built twice, a million
# seeds of the simulation and its mutants, a million random calls, the advisories, and the mutants. A tool that is missing is a
# skip by name.
#   full.sh [PART...]   all of them without an argument; they need what `make lib static sandbox` builds
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
cd "$root" || exit 1
passed=0
failed=0
skipped=0
started=$(date +%s)
wanted=" $* "

is_wanted() {
  case $wanted in "  " | *" $1 "*) return 0 ;; *) return 1 ;; esac
}

# skip NAME REASON
skip() {
  is_wanted "$1" || return 0
  printf 'skip %s: %s\n' "$1" "$2"
  skipped=$((skipped + 1))
}

# part NAME COMMAND...: shows the closing line of a suite and the time it took, and all of it when it fails.
part() {
  name=$1
  shift
  is_wanted "$name" || return 0
  log=target/test-results/$name.log
  since=$(date +%s)
  if "$@" >"$log" 2>&1; then
    grep '^skip ' "$log"
    printf 'ok %s: %s (%s s)\n' "$name" "$(tail -n 1 "$log")" "$(($(date +%s) - since))"
    passed=$((passed + 1))
  else
    cat "$log"
    printf 'FAIL %s: %s\n' "$name" "$(tail -n 1 "$log")"
    failed=$((failed + 1))
  fi
}

mkdir -p target/test-results
if command -v valgrind >/dev/null; then
  # Children of a fork end without freeing what their parent made. A test has 255 clients, and a client two threads.
  memcheck='valgrind -q --max-threads=1000 --error-exitcode=99 --leak-check=full --child-silent-after-fork=yes --fair-sched=yes'
  part valgrind-c env CI= TEST_UNDER_VALGRIND=1 TEST_WRAPPER="$memcheck" TEST_OUT=target/tests-c-valgrind sh tests/c/run.sh
  part valgrind-cpp env CI= TEST_UNDER_VALGRIND=1 TEST_WRAPPER="$memcheck" TEST_OUT=target/tests-cpp-valgrind sh tests/cpp/run.sh
else
  skip valgrind-c 'valgrind is not installed'
  skip valgrind-cpp 'valgrind is not installed'
fi
sanitize='-fsanitize=address,undefined -fno-omit-frame-pointer'
part sanitizers-c env TEST_CFLAGS="$sanitize" TEST_OUT=target/tests-c-sanitized \
  sh tests/c/run.sh operations players answers errors dns handles delivery promise threads logging limits \
  retry rate circuit cache sharing peek ensure configuration network pages bulk metrics dump
part sanitizers-cpp env TEST_CXXFLAGS="$sanitize -g -Wno-maybe-uninitialized" TEST_OUT=target/tests-cpp-sanitized sh tests/cpp/run.sh
part misuse env TEST_MISUSE_CALLS=1000000 sh tests/c/run.sh misuse
part sanitizers-rust sh tests/verify/sanitizers.sh
# With half the addresses and half the word.
narrow=i686-unknown-linux-gnu
if rustup target list --installed 2>/dev/null | grep -qx "$narrow" && echo 'int main(void) { return 0; }' | cc -m32 -x c -o /dev/null - 2>/dev/null; then
  part narrow "${CARGO:-cargo}" test --locked --lib --target "$narrow"
else
  skip narrow "needs a standard library for $narrow and gcc-multilib"
fi
if command -v prometheus >/dev/null; then
  part prometheus env PROMETHEUS=prometheus "${CARGO:-cargo}" test --locked --test metrics
else
  skip prometheus 'prometheus is not installed'
fi
part network env NETWORK_FAULTS=100 "${CARGO:-cargo}" test --locked --lib network::
part cli-import env IMPORT_KILLS=50 "${CARGO:-cargo}" test --locked --workspace --test command_line killed_at_random
part simulation env SIMULATION_SEEDS=1000000 sh tests/verify/simulation.sh
part loom sh tests/verify/loom.sh
# The sandbox's page, driven in a real browser.
browser=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -n "$browser" ] && command -v python3 >/dev/null; then
  part browser python3 sandbox/tests/browser.py "$browser" target/release/paynow-sandbox
else
  skip browser 'needs chromium and python3'
fi
if command -v cmake >/dev/null && python3 -m venv --help >/dev/null 2>&1; then
  part conan sh packaging/conan/test.sh
else
  skip conan 'needs cmake and python3 with venv'
fi
if command -v mvn >/dev/null && command -v java >/dev/null && command -v zip >/dev/null && python3 -m venv --help >/dev/null 2>&1; then
  part reproducible sh packaging/twice.sh
else
  skip reproducible 'needs Maven, Java, zip and python3 with venv'
fi
part advisories sh tests/verify/deny.sh advisories
part mutants sh tests/verify/mutants.sh
printf 'full: %s parts passed, %s failed, %s skipped in %s s\n' "$passed" "$failed" "$skipped" "$(($(date +%s) - started))"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
