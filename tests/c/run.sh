#!/bin/sh
# Tests the built library through its C face, over real sockets, against the sandbox.
#   [T=NAME] run.sh [PROGRAM...]    all programs, or those that are named; their tests, or those whose names hold NAME
# Beside the variables of tests/suite.sh:
# TEST_CFLAGS         further compiler flags, such as -fsanitize=address
# TEST_WRAPPER        what each program runs under, such as
#                     valgrind -q --error-exitcode=99 --leak-check=full --child-silent-after-fork=yes
# TEST_UNDER_VALGRIND set: what an emulated processor cannot do is skipped, and loads are smaller
# TEST_MISUSE_CALLS   how many random calls misuse makes
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
suite=c
. "$root/tests/suite.sh"
programs=${*:-operations players answers errors dns bad_input handles delivery promise nowait promised threads fork logging limits lacks misuse metrics dump
  retry rate circuit cache sharing peek ensure configuration network pages bulk secrets hostile}

needs "$library" "$sandbox"
header=$include/paynow_bridge.h
link_soname

# --- the header ---

warnings='-Wall -Wextra -Wpedantic -Werror'
compiles_alone() {
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
}
if wants header; then compiles_alone; fi

# The names of functions stand at the start of a line or behind their type, before an opening parenthesis.
declared() { sed 's@//.*@@' "$header" | grep -o '\bpaynow_[a-z0-9_]*(' | tr -d '(' | sort -u; }
# What the header promises of each function: a line with its name, and all of its comment.
documented() {
  awk '
    /^ *\/\// { sub(/^ *\/\/ ?/, ""); comment = comment " " $0; next }
    /^#/ || /^typedef/ || /^ *$/ { comment = ""; next }
    match($0, /(^|[ *])paynow_[a-z0-9_]+\(/) && !/^ / {
      name = substr($0, RSTART, RLENGTH - 1); sub(/^[ *]/, "", name); print name comment; comment = ""
    }' "$header"
}
# Those that promise it themselves, and those that refer to one that does.
promising() {
  awk '
    { comments[$1] = $0; promises[$1] = /never (waits|blocks)|no system call/ }
    END {
      do {
        found = 0
        for (name in comments) {
          rest = comments[name]
          while (!promises[name] && match(rest, /as paynow_[a-z0-9_]+|^[a-z0-9_]+ paynow_[a-z0-9_]+ for /)) {
            other = substr(rest, RSTART, RLENGTH); rest = substr(rest, RSTART + RLENGTH)
            sub(/ for $/, "", other); sub(/.* /, "", other)
            if (promises[other]) promises[name] = found = 1
          }
        }
      } while (found)
      for (name in promises) if (promises[name]) print name
    }' "$1" | sort
}
# A function that neither promises it nor is one of these five would escape unseen.
may_wait='paynow_client_create paynow_client_destroy paynow_client_dump paynow_client_set_api_key paynow_client_shutdown'
every_promise_is_tested() {
  declared >"$out/declared.txt"
  documented >"$out/documented.txt"
  cut -d' ' -f1 "$out/documented.txt" | sort | diff - "$out/declared.txt" || return 1
  promising "$out/documented.txt" >"$out/promising.txt"
  sed -n 's/^PROMISED[A-Z_]*(\([a-z0-9_]*\),.*/\1/p' "$here/promised.c" | sort >"$out/promised.txt"
  # shellcheck disable=SC2086 # names are words
  printf '%s\n' $may_wait | sort >"$out/may-wait.txt"
  if comm -23 "$out/promising.txt" "$out/promised.txt" | grep .; then
    echo 'promised in the header and not tested in promised.c'
    return 1
  fi
  if sort "$out/promised.txt" "$out/may-wait.txt" | comm -13 - "$out/declared.txt" | grep .; then
    echo 'without a promise that this check finds, and not tested in promised.c'
    return 1
  fi
  if comm -12 "$out/promising.txt" "$out/may-wait.txt" | grep .; then
    echo 'promised, although it may wait'
    return 1
  fi
}
if wants header; then check header.every_promise_is_tested every_promise_is_tested; fi

# --- what the library exports and needs ---

exported() { nm -D --defined-only "$library" | awk 'NF == 3 { print $3 }' | sed 's/@.*//' | sort -u; }
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

if ! wants exports; then
  :
elif command -v nm >/dev/null 2>&1 && command -v readelf >/dev/null 2>&1; then
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

sandbox_or_die
redis_or_die
SANDBOX_BASE=$PAYNOW_API_BASE SANDBOX_KEY=$PAYNOW_API_KEY SANDBOX_STORE=$PAYNOW_STORE_ID
export SANDBOX_BASE SANDBOX_KEY SANDBOX_STORE
# What hostile preloads.
TEST_ALLOCATOR=$out/other_malloc.so
export TEST_ALLOCATOR
# shellcheck disable=SC2086
"$cc" -std=c11 -O1 $warnings -fno-builtin -fPIC -shared -pthread "$here/other_malloc.c" -o "$TEST_ALLOCATOR" ||
  die other_malloc 'does not compile'
# The programs say themselves what they are configured with.
unset PAYNOW_API_BASE PAYNOW_API_KEY PAYNOW_STORE_ID

for program in $programs; do
  # Only what T asks for is compiled.
  tests_of "$here/$program.c" | sed "s/^/$program./" | grep -qF -- "$T" || continue
  # shellcheck disable=SC2086
  if "$cc" $flags -I"$include" "$here/$program.c" "$out/harness.o" -o "$out/$program" -L"$lib" -lpaynow_bridge \
    -Wl,-rpath,"$out"; then
    TEST_SAID=$out/$program.said
    export TEST_SAID
    rm -f "$TEST_SAID"
    # shellcheck disable=SC2086
    run_program "$program" ${TEST_WRAPPER:-} "$out/$program" ${T:+"$T"}
  else
    fail "$program" 'does not compile'
  fi
done

stop_redis
stop_sandbox
finish
