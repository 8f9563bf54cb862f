#!/bin/sh
# Tests the built library through its C face, over real sockets, against the sandbox.
#   run.sh [PROGRAM...]    all programs, or those that are named
# PAYNOW_LIB_DIR      where libpaynow_bridge.so is   (target/release)
# PAYNOW_INCLUDE_DIR  where paynow_bridge.h is       (include)
# PAYNOW_SANDBOX_BIN  the sandbox program            (target/release/paynow-sandbox)
# TEST_OUT            programs and output            (target/tests-c)
# TEST_CFLAGS         further compiler flags, such as -fsanitize=address
# TEST_WRAPPER        what each program runs under, such as
#                     valgrind -q --error-exitcode=99 --leak-check=full --child-silent-after-fork=yes
# TEST_UNDER_VALGRIND set: what an emulated processor cannot do is skipped, and loads are smaller
# TEST_MISUSE_CALLS   how many random calls misuse makes
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
lib=${PAYNOW_LIB_DIR:-$root/target/release}
include=${PAYNOW_INCLUDE_DIR:-$root/include}
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
out=${TEST_OUT:-$root/target/tests-c}
cc=${CC:-cc}
cxx=${CXX:-c++}
programs=${*:-operations players policies answers errors dns bad_input handles delivery promise nowait threads fork logging limits misuse}

suite=c
. "$root/tests/suite.sh"
. "$root/sandbox/start.sh"

mkdir -p "$out" || exit 1
out=$(CDPATH='' cd -- "$out" && pwd)
[ -e "$lib/libpaynow_bridge.so" ] || die setup "there is no libpaynow_bridge.so in $lib: build it first"
[ -x "$sandbox" ] || die setup "there is no sandbox at $sandbox: build it first"
lib=$(CDPATH='' cd -- "$lib" && pwd)
library=$lib/libpaynow_bridge.so
header=$include/paynow_bridge.h
# At run time the library is looked for by its soname, which a build does not leave behind.
ln -sf "$library" "$out/libpaynow_bridge.so.0"

# --- the header ---

warnings='-Wall -Wextra -Wpedantic -Werror'
printf '#include <paynow_bridge.h>\n' >"$out/alone.c"
for standard in c99 c11 c17; do
  # shellcheck disable=SC2086 # the flags are words
  check "header.compiles_alone_as_$standard" "$cc" -std=$standard $warnings -I"$include" -fsyntax-only -x c "$out/alone.c"
done
if command -v "$cxx" >/dev/null 2>&1; then
  # shellcheck disable=SC2086
  check header.compiles_alone_as_c++17 "$cxx" -std=c++17 $warnings -I"$include" -fsyntax-only -x c++ "$out/alone.c"
else
  skip header.compiles_alone_as_c++17 "there is no $cxx"
fi

# --- what the library exports and needs ---

exported() { nm -D --defined-only "$library" | awk 'NF == 3 { print $3 }' | sed 's/@.*//' | sort -u; }
# The names of functions stand at the start of a line or behind their type, before an opening parenthesis.
declared() { sed 's@//.*@@' "$header" | grep -o '\bpaynow_[a-z0-9_]*(' | tr -d '(' | sort -u; }
nothing_else_is_exported() { ! exported | grep -v -e '^paynow_' -e '^Java_' -e '^JNI_On'; }
# Functions exported and not declared, and the other way round.
header_and_exports_agree() {
  exported | grep '^paynow_' >"$out/exported.txt"
  declared >"$out/declared.txt"
  [ -s "$out/declared.txt" ] && diff "$out/declared.txt" "$out/exported.txt"
}
soname() { readelf -d "$library" | grep SONAME; readelf -d "$library" | grep -q 'SONAME.*\[libpaynow_bridge\.so\.0\]'; }
nodelete() { readelf -d "$library" | grep FLAGS; readelf -d "$library" | grep -q 'FLAGS_1.*NODELETE'; }
# Only what every C program has loaded already; libraries beyond that must be linked in.
needs_only_the_c_library() {
  ! readelf -d "$library" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
    grep -v -e '^libc\.so' -e '^libm\.so' -e '^libgcc_s\.so' -e '^libpthread\.so' -e '^libdl\.so' -e '^librt\.so' \
      -e '^ld-linux' -e '^ld-musl' -e '^libc\.musl'
}
stack_is_not_executable() { readelf -lW "$library" | grep GNU_STACK; readelf -lW "$library" | grep -q 'GNU_STACK.* RW '; }

if command -v nm >/dev/null 2>&1 && command -v readelf >/dev/null 2>&1; then
  check exports.only_what_hosts_look_for nothing_else_is_exported
  check exports.agree_with_the_header header_and_exports_agree
  check exports.soname soname
  check exports.stays_loaded nodelete
  check exports.needs_only_the_c_library needs_only_the_c_library
  check exports.stack_is_not_executable stack_is_not_executable
else
  skip exports "there is no nm or readelf"
fi

# --- the programs ---

flags="-std=c11 -O1 -g $warnings -pthread ${TEST_CFLAGS:-}"
# shellcheck disable=SC2086
"$cc" $flags -I"$include" -c "$here/harness.c" -o "$out/harness.o" || die harness "does not compile"

start_sandbox "$sandbox" "$out" || die sandbox "does not start"
SANDBOX_BASE=$PAYNOW_API_BASE SANDBOX_KEY=$PAYNOW_API_KEY SANDBOX_STORE=$PAYNOW_STORE_ID
export SANDBOX_BASE SANDBOX_KEY SANDBOX_STORE
# The programs say themselves what they are configured with.
unset PAYNOW_API_BASE PAYNOW_API_KEY PAYNOW_STORE_ID

for program in $programs; do
  # shellcheck disable=SC2086
  if ! "$cc" $flags -I"$include" "$here/$program.c" "$out/harness.o" -o "$out/$program" -L"$lib" -lpaynow_bridge \
    -Wl,-rpath,"$out"; then
    fail "$program" "does not compile"
    continue
  fi
  # shellcheck disable=SC2086
  { ${TEST_WRAPPER:-} "$out/$program" 9>&-; echo $? >"$out/$program.status"; } | tee "$out/$program.txt"
  status=$(cat "$out/$program.status")
  count() { grep -c "^$1 " "$out/$program.txt"; }
  here_failed=$(count FAIL)
  passed=$((passed + $(count ok)))
  failed=$((failed + here_failed))
  skipped=$((skipped + $(count skip)))
  # A crash, or a complaint of what it runs under, is a failure beyond those of its tests.
  if [ "$status" -ne 0 ] && [ "$here_failed" -eq 0 ]; then
    fail "$program" "ended with status $status"
  elif [ "$status" -gt 2 ]; then
    fail "$program" "ended with status $status"
  fi
done

stop_sandbox
finish
