#!/bin/sh
# The Rust tests under AddressSanitizer and ThreadSanitizer, those of the concurrent core under Miri. What this compiler
# cannot do is a skip by name.
#   sanitizers.sh [address] [thread] [miri]
# CARGO            a cargo whose compiler has rust-src (for thread) and miri. With rustup the nightly toolchain is taken when
#                  it has them: rustup toolchain install nightly --component miri,rust-src
# PAYNOW_SANDBOX_BIN  the sandbox program, for the tests over real sockets (target/release/paynow-sandbox)
# VERIFY_DIR       where everything is built            (target/verify)
# VERIFY_JOBS      how many compilers at once           (cargo's own choice)
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
cd "$root" || exit 1
out=${VERIFY_DIR:-$root/target/verify}
cargo=${CARGO:-cargo}
wanted=${*:-address thread miri}
passed=0
failed=0
skipped=0
mkdir -p "$out" || exit 1

skip() {
  printf 'skip %s: %s\n' "$1" "$2"
  skipped=$((skipped + 1))
}

# check NAME COMMAND...: passes when tests ran and nothing was reported.
check() {
  name=$1
  shift
  if "$@" >"$out/$name.log" 2>&1 && ran=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$out/$name.log" | awk '{ n += $1 } END { print n + 0 }') &&
    [ "$ran" -gt 0 ] && ! grep -qE 'WARNING: ThreadSanitizer|ERROR: (Address|Leak)Sanitizer' "$out/$name.log"; then
    printf 'ok %s: %s tests, nothing found\n' "$name" "$ran"
    passed=$((passed + 1))
  else
    grep -E -m1 -A 40 'Sanitizer|^error|panicked|FAILED' "$out/$name.log" || tail -n 40 "$out/$name.log"
    printf 'FAIL %s: see %s\n' "$name" "$out/$name.log"
    failed=$((failed + 1))
  fi
}

if [ -z "${CARGO:-}${RUSTUP_TOOLCHAIN:-}" ] && rustup run nightly cargo miri --version >/dev/null 2>&1; then
  RUSTUP_TOOLCHAIN=nightly
  export RUSTUP_TOOLCHAIN
fi

# Beside a rustc of its own a toolchain has a cargo; with rustup both follow RUSTUP_TOOLCHAIN.
rustc=$(dirname -- "$(command -v "$cargo" || printf /none/cargo)")/rustc
[ -x "$rustc" ] || rustc=rustc
# So that what cargo starts is of the same toolchain.
PATH=$(dirname -- "$rustc"):$PATH
export PATH
host=$("$rustc" -vV 2>/dev/null | sed -n 's/^host: //p')
sysroot=$("$rustc" --print sysroot 2>/dev/null)
runtimes=$(find "$sysroot/lib/rustlib/$host/lib" -name 'librustc*_rt.*' 2>/dev/null)
jobs=${VERIFY_JOBS:+-j$VERIFY_JOBS}
PAYNOW_SANDBOX_BIN=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
export PAYNOW_SANDBOX_BIN
suites=--lib
if [ -x "$PAYNOW_SANDBOX_BIN" ]; then
  suites='--lib --test contract --test network'
else
  skip contract 'the sandbox is not built (make sandbox), so only the unit tests run'
fi

# Sanitizers are a matter of nightly compilers; a stable one does the same when told to.
tests() {
  flags=$1
  directory=$2
  shift 2
  # shellcheck disable=SC2086 # words
  env RUSTC_BOOTSTRAP=1 RUSTFLAGS="$flags" CARGO_TARGET_DIR="$out/$directory" "$cargo" test --locked $suites --target "$host" $jobs "$@"
}

# Tests that compare what we count with what the C library's allocator takes: a sanitizer brings one of its own, and Miri would
# take hours for their megabytes of JSON.
allocator=the_allocator
for sanitizer in $wanted; do
  case $sanitizer in
    address)
      case $runtimes in
        *asan*) check address tests '-Zsanitizer=address' asan -- --skip "$allocator" ;;
        *) skip address 'the compiler brings no AddressSanitizer' ;;
      esac
      ;;
    thread)
      # The standard library must be built with it too: otherwise its locks and threads are invisible, and what they
      # protect looks like a race.
      case $runtimes in
        *tsan*)
          if [ -f "$sysroot/lib/rustlib/src/rust/library/Cargo.lock" ]; then
            check thread tests '-Zsanitizer=thread' tsan -Zbuild-std -- --skip "$allocator"
          else
            skip thread 'the compiler has no rust-src, which the standard library must be built from'
          fi
          ;;
        *) skip thread 'the compiler brings no ThreadSanitizer' ;;
      esac
      ;;
    miri)
      if [ -x "$sysroot/bin/miri" ] && "$cargo" miri --version >/dev/null 2>&1; then
        # The concurrent core and what is unsafe beside it. What calls the system (threads' signals, sockets) is none of
        # Miri's, and the test with thousands of requests would take it hours.
        check miri env CARGO_TARGET_DIR="$out/miri" MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-many-seeds=0..4" \
          "$cargo" miri test --locked --lib $jobs -- \
          runtime::mailbox:: handles:: ffi::input:: ffi::boundary:: model::text:: \
          --skip many_threads_decide_each_request_once --skip threads_never_share_an_index \
          --skip many_threads_lose_and_double_nothing --skip "$allocator"
      else
        skip miri 'the compiler has no miri'
      fi
      ;;
    *) printf 'FAIL %s: there is no such sanitizer\n' "$sanitizer"; failed=$((failed + 1)) ;;
  esac
done

if [ "$skipped" -gt 0 ]; then
  printf 'sanitizers: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
else
  printf 'sanitizers: %s passed, %s failed\n' "$passed" "$failed"
fi
[ "$failed" -eq 0 ]
