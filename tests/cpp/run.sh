#!/bin/sh
# Tests include/paynow_bridge.hpp: through the built shared library, and once through the static one.
#
#   PAYNOW_LIB_DIR      where libpaynow_bridge.so is      ../../target/release
#   PAYNOW_STATIC_LIB   the static library                ../../target/release/libpaynow_bridge.a
#   PAYNOW_INCLUDE_DIR  where the headers are             ../../include
#   PAYNOW_SANDBOX_BIN  the sandbox                       ../../target/release/paynow-sandbox
#   TEST_OUT            where to build                    ../../target/tests-cpp
#   CC, CXX             compilers                         cc, c++
#   TEST_CXXFLAGS       more flags for every program, say -fsanitize=address,undefined -Wno-maybe-uninitialized
#                       (GCC finds more to warn of in its own headers when it instruments them)
#   TEST_WRAPPER        stands before every program, say valgrind --error-exitcode=1
#
# With CI=true a skip is a failure.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
lib=${PAYNOW_LIB_DIR:-$root/target/release}
static=${PAYNOW_STATIC_LIB:-$root/target/release/libpaynow_bridge.a}
include=${PAYNOW_INCLUDE_DIR:-$root/include}
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
out=${TEST_OUT:-$root/target/tests-cpp}
cc=${CC:-cc}
cxx=${CXX:-c++}
wrapper=${TEST_WRAPPER:-}
extra=${TEST_CXXFLAGS:-}
warnings='-Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion'
# What the library needs of the system when it is linked statically, and what keeps its symbols inside.
static_flags='-Wl,--gc-sections -Wl,--exclude-libs,ALL -Wl,-z,nodelete -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc'

mkdir -p "$out" || exit 1
log=$out/log
results=$out/results
: >"$results"

ok() { printf 'ok %s\n' "$1" | tee -a "$results"; }
bad() { printf 'FAIL %s: %s\n' "$1" "$2" | tee -a "$results"; }
skip() {
  if [ "${CI:-}" = true ]; then
    bad "$1" "$2 (CI allows no skip)"
  else
    printf 'skip %s: %s\n' "$1" "$2" | tee -a "$results"
  fi
}

# check NAME COMMAND...: passes when the command does; what it printed is shown when it does not.
check() {
  name=$1
  shift
  if "$@" >"$log" 2>&1; then
    ok "$name"
  else
    bad "$name" "$(head -n 5 "$log" | tr '\n' ' ')"
    return 1
  fi
}

# shellcheck disable=SC2086 # flags and wrappers are lists of words
compile() {
  "$cxx" $warnings $extra -pthread -I"$include" "$@"
}
link() {
  compile "$@" -L"$lib" -lpaynow_bridge -Wl,-rpath,"$lib" -Wl,-rpath,"$out"
}
# shellcheck disable=SC2086
run() { $wrapper "$@"; }

finish() {
  passed=$(grep -c '^ok ' "$results")
  failed=$(grep -c '^FAIL ' "$results")
  skipped=$(grep -c '^skip ' "$results")
  if [ "$skipped" -gt 0 ]; then
    printf 'cpp: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
  else
    printf 'cpp: %s passed, %s failed\n' "$passed" "$failed"
  fi
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

for needed in "$lib/libpaynow_bridge.so" "$include/paynow_bridge.hpp" "$sandbox"; do
  if [ ! -e "$needed" ]; then
    bad setup "$needed is missing"
    finish
  fi
done
# The program looks for the library by its soname, which a build directory does not have.
ln -sf "$lib/libpaynow_bridge.so" "$out/libpaynow_bridge.so.0"

. "$root/sandbox/start.sh"
if ! start_sandbox "$sandbox" "$out"; then
  bad setup 'the sandbox does not start'
  finish
fi

# The header by itself, in every way it may be compiled.
printf '#include <paynow_bridge.hpp>\n' >"$out/alone.cpp"
compilers=$cxx
# A second opinion where there is one.
if command -v clang++ >/dev/null 2>&1 && [ "$(command -v "$cxx")" != "$(command -v clang++)" ]; then
  compilers="$compilers clang++"
fi
for compiler in $compilers; do
  for standard in 17 20; do
    for mode in '' '-fno-exceptions -fno-rtti'; do
      # shellcheck disable=SC2086
      check "header/$compiler c++$standard${mode:+ $mode}" "$compiler" -std=c++$standard $warnings -Wold-style-cast \
        -Wsign-conversion $mode -I"$include" -fsyntax-only "$out/alone.cpp"
    done
  done
done

# One suite, with exceptions in C++17 and without them in C++20.
suite() {
  prefix=$1
  shift
  set -- "$@" "$here/harness.cpp" "$here/operations.cpp" "$here/players.cpp" "$here/batches.cpp" "$here/refusals.cpp" \
    "$here/lifetimes.cpp"
  if check "$prefix/builds" link "$@" -o "$out/suite-$prefix"; then
    run "$out/suite-$prefix" "$prefix" 2>"$out/$prefix.stderr" | tee -a "$results"
    # A suite that crashed has printed fewer lines than it has tests, and no line says why.
    ran=$(grep -c "^[okFAIL]* $prefix/" "$results")
    defined=$(cat "$here/operations.cpp" "$here/players.cpp" "$here/batches.cpp" "$here/refusals.cpp" "$here/lifetimes.cpp" |
      grep -c '^TEST(')
    without=0
    case " $* " in
      *' -fno-exceptions '*) without=$(sed -n '/^#if PAYNOW_HPP_EXCEPTIONS/,/^#endif/p' "$here/lifetimes.cpp" | grep -c '^TEST(') ;;
    esac
    # The line for the build is one of those counted.
    if [ "$ran" -ne $((defined - without + 1)) ]; then
      bad "$prefix/all-ran" "$((ran - 1)) of $((defined - without)): $(tail -n 3 "$out/$prefix.stderr" | tr '\n' ' ')"
    fi
    if [ -n "$wrapper" ]; then tail -n 20 "$out/$prefix.stderr"; fi
  fi
}
suite exceptions -std=c++17 -O1
suite no-exceptions -std=c++20 -O1 -fno-exceptions -fno-rtti

if check abi/builds link -std=c++17 "$here/abi_mismatch.cpp" -o "$out/abi_mismatch"; then
  check abi/mismatch-is-refused run "$out/abi_mismatch"
fi

if [ ! -e "$static" ]; then
  skip static-library "$static is missing"
# shellcheck disable=SC2086
elif check static-library/links compile -std=c++17 -rdynamic "$here/static_link.cpp" "$static" $static_flags -o "$out/static_link"; then
  check static-library/looks-a-player-up run "$out/static_link"
  if [ "$(cat "$log")" != 421621336637440000 ] && [ -z "$wrapper" ]; then
    bad static-library/answer "$(head -n 1 "$log")"
  fi
  # -rdynamic exports everything a program has; the library's own functions must not be among it.
  nm -D --defined-only "$out/static_link" | awk '{ print $3 }' | grep -E '^(paynow_|Java_|JNI_On|rust_|_R|_ZN.*17h[0-9a-f]{16}E)' >"$out/exports"
  if [ -s "$out/exports" ]; then
    bad static-library/exports-nothing "$(head -n 3 "$out/exports" | tr '\n' ' ')"
  else
    ok static-library/exports-nothing
  fi
fi

# What the README shows.
examples=$root/examples/readme
if check readme/cpp-builds link -std=c++17 "$examples/lookup.cpp" -o "$out/readme-cpp"; then
  check readme/cpp-finds-notch sh -c "$wrapper \"$out/readme-cpp\" | grep 421621336637440000"
fi
# shellcheck disable=SC2086
if check readme/c-builds "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$include" "$examples/lookup.c" \
  -L"$lib" -lpaynow_bridge -Wl,-rpath,"$lib" -Wl,-rpath,"$out" -o "$out/readme-c"; then
  check readme/c-finds-notch sh -c "$wrapper \"$out/readme-c\" | grep 421621336637440000"
fi

finish
