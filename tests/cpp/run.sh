#!/bin/sh
# Tests include/paynow_bridge.hpp: through the built shared library, and once through the static one.
#   [T=NAME] run.sh
# Beside the variables of tests/suite.sh:
# TEST_CXXFLAGS       more flags for every program, say -fsanitize=address,undefined -Wno-maybe-uninitialized
#                     (GCC finds more to warn of in its own headers when it instruments them)
# TEST_WRAPPER        is put before every program, such as valgrind --error-exitcode=1
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
suite=cpp
. "$root/tests/suite.sh"
wrapper=${TEST_WRAPPER:-}
extra=${TEST_CXXFLAGS:-}
warnings='-Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion'
# What the library needs of the system when it is linked statically, and what keeps its symbols inside.
static_flags='-Wl,--gc-sections -Wl,--exclude-libs,ALL -Wl,-z,nodelete -lgcc_s -lutil -lrt -lpthread -lm -ldl -lc'

# shellcheck disable=SC2086 # flags and wrappers are lists of words
compile() {
  "$cxx" $warnings $extra -pthread -I"$include" "$@"
}
link() {
  compile "$@" -L"$lib" -lpaynow_bridge -Wl,-rpath,"$lib" -Wl,-rpath,"$out"
}
# shellcheck disable=SC2086
run() { $wrapper "$@"; }

needs "$library" "$include/paynow_bridge.hpp" "$sandbox"
link_soname
sandbox_or_die
redis_or_die

# The header by itself, in every way it may be compiled.
printf '#include <paynow_bridge.hpp>\n' >"$out/alone.cpp"
compilers=$cxx
# A second opinion where there is one.
if command -v clang++ >/dev/null 2>&1 && [ "$(command -v "$cxx")" != "$(command -v clang++)" ]; then
  compilers="$compilers clang++"
fi
wants header || compilers=
for compiler in $compilers; do
  # 2b: C++23, as older compilers call it.
  for standard in 17 20 2b; do
    for mode in '' '-fno-exceptions -fno-rtti'; do
      # shellcheck disable=SC2086
      check "header/$compiler c++$standard${mode:+ $mode}" "$compiler" -std=c++$standard $warnings -Wold-style-cast \
        -Wsign-conversion $mode -I"$include" -fsyntax-only "$out/alone.cpp"
    done
  done
done

# The examples in its comments, each in a function of its own.
{
  printf '#include <paynow_bridge.hpp>\n\nvoid report(const std::string&);\nvoid greet(const std::optional<paynow::Customer>&);\n'
  printf 'void note(std::string_view);\nvoid first();\nvoid first() {\n'
  sed -n '/CONVENTIONS/q; s/^ \*     //p' "$include/paynow_bridge.hpp"
  printf '}\nvoid walk(const paynow::Client& client);\nvoid walk(const paynow::Client& client) {\n'
  sed -n 's|^///     ||p' "$include/paynow_bridge.hpp"
  printf '}\n'
} >"$out/examples.cpp"
for compiler in $compilers; do
  for standard in 17 20 2b; do
    # shellcheck disable=SC2086
    check "header/examples $compiler c++$standard" "$compiler" -std=c++$standard $warnings -I"$include" -fsyntax-only "$out/examples.cpp"
  done
  # An older one is told what is needed, and nothing else.
  says_what_it_needs() {
    ! "$compiler" -std=c++14 -I"$include" -fsyntax-only "$out/alone.cpp" 2>"$out/old.txt" || return 1
    cat "$out/old.txt"
    grep -q 'needs C++17' "$out/old.txt" && [ "$(grep -c ': error: ' "$out/old.txt")" -eq 1 ]
  }
  check "header/needs-c++17 $compiler" says_what_it_needs
done

# The tests in C++17 with exceptions, and in C++20 without them: NAME FLAGS...
sources="$here/operations.cpp $here/players.cpp $here/batches.cpp $here/refusals.cpp $here/network.cpp $here/lifetimes.cpp \
  $here/metrics.cpp $root/examples/cpp-server/metrics.cpp"
# shellcheck disable=SC2086 # sources are words
in_mode() {
  mode=$1
  shift
  {
    printf 'builds\n'
    case " $* " in
      *' -fno-exceptions '*)
        needs_exceptions=$(sed -n '/^#if PAYNOW_HPP_EXCEPTIONS/,/^#endif/p' "$here/lifetimes.cpp" | tests_of -)
        tests_of $sources | grep -vxF "${needs_exceptions:-/}"
        ;;
      *) tests_of $sources ;;
    esac
  } | sed "s|^|$mode/|" | grep -F -- "$T" >"$out/$mode.wanted" || return
  if check "$mode/builds" link "$@" "$here/harness.cpp" $sources -o "$out/suite-$mode"; then
    TEST_SAID=$out/$mode.said
    export TEST_SAID
    rm -f "$TEST_SAID"
    run_program "$mode" $wrapper "$out/suite-$mode" "$mode" ${T:+"$T"}
    # A program that crashes prints fewer lines than it has tests.
    ran=$(grep -c "^[okFAILsip]* $mode/" "$out/$mode.txt")
    defined=$(grep -cv '/builds$' "$out/$mode.wanted")
    [ "$ran" -eq "$defined" ] || fail "$mode/all-ran" "$ran of $defined: $(tail -n 3 "$out/$mode.stderr" | tr '\n' ' ')"
  fi
}
in_mode exceptions -std=c++17 -O1
in_mode no-exceptions -std=c++20 -O1 -fno-exceptions -fno-rtti

if wants abi && check abi/builds link -std=c++17 "$here/abi_mismatch.cpp" -o "$out/abi_mismatch"; then
  check abi/mismatch-is-refused run "$out/abi_mismatch"
fi

if ! wants static-library; then
  :
elif [ ! -e "$static" ]; then
  skip static-library "$static is missing"
# shellcheck disable=SC2086
elif check static-library/links compile -std=c++17 -rdynamic "$here/static_link.cpp" "$static" $static_flags -o "$out/static_link"; then
  check static-library/looks-a-player-up run "$out/static_link"
  if [ "$(cat "$out/check.txt")" != 421621336637440000 ] && [ -z "$wrapper" ]; then
    fail static-library/answer "$(head -n 1 "$out/check.txt")"
  fi
  # -rdynamic exports everything a program has; the library's own functions must not be among it.
  nm -D --defined-only "$out/static_link" | awk '{ print $3 }' | grep -E '^(paynow_|Java_|JNI_On|rust_|_R|_ZN.*17h[0-9a-f]{16}E)' >"$out/exports"
  if [ -s "$out/exports" ]; then
    fail static-library/exports-nothing "$(head -n 3 "$out/exports" | tr '\n' ' ')"
  else
    ok static-library/exports-nothing
  fi
fi

# What the README shows.
examples=$root/examples/readme
if wants readme && check readme/cpp-builds link -std=c++17 "$examples/lookup.cpp" -o "$out/readme-cpp"; then
  check readme/cpp-finds-notch sh -c "$wrapper \"$out/readme-cpp\" | grep 421621336637440000"
fi
# shellcheck disable=SC2086
if wants readme && check readme/c-builds "$cc" -std=c11 -Wall -Wextra -Wpedantic -Werror -I"$include" "$examples/lookup.c" \
  -L"$lib" -lpaynow_bridge -Wl,-rpath,"$lib" -Wl,-rpath,"$out" -o "$out/readme-c"; then
  check readme/c-finds-notch sh -c "$wrapper \"$out/readme-c\" | grep 421621336637440000"
fi

stop_redis
stop_sandbox
finish
