#!/bin/sh
# Loads the engines' examples the way the engines do, through interfaces of our own, and ticks them against the sandbox.
#   run.sh
# PAYNOW_STATIC_LIB     the static library             (target/release/libpaynow_bridge.a)
# PAYNOW_STATIC_LIB_32  the same for i686; without it there are no 32-bit programs
# TEST_LUAJIT_32        a tree with LuaJIT for i686, as its Debian package would be unpacked
# PAYNOW_INCLUDE_DIR    where the headers are          (include)
# PAYNOW_SANDBOX_BIN    the sandbox program            (target/release/paynow-sandbox)
# TEST_OUT              programs and output            (target/tests-engines)
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
static=${PAYNOW_STATIC_LIB:-$root/target/release/libpaynow_bridge.a}
static32=${PAYNOW_STATIC_LIB_32:-}
include=${PAYNOW_INCLUDE_DIR:-$root/include}
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
out=${TEST_OUT:-$root/target/tests-engines}
cxx=${CXX:-c++}
examples=$root/examples

suite=engines
. "$root/tests/suite.sh"
. "$root/sandbox/start.sh"

mkdir -p "$out/sourcemod/configs" || exit 1
out=$(CDPATH='' cd -- "$out" && pwd)
for needed in "$static" "$include/paynow_bridge.hpp" "$sandbox"; do
  if [ ! -e "$needed" ]; then
    fail setup "$needed is missing: build it first"
    finish
  fi
done
static=$(CDPATH='' cd -- "$(dirname -- "$static")" && pwd)/$(basename -- "$static")
include=$(CDPATH='' cd -- "$include" && pwd)

start_sandbox "$sandbox" "$out" || die sandbox "does not start"
unset PAYNOW_API_KEY_FILE

# --- what is looked at in each binary ---

exports() {
  seen=$(nm -D --defined-only "$1" | awk 'NF == 3 { print $3 }' | sort | tr '\n' ' ')
  printf 'it exports %s' "$seen"
  [ "$seen" = "$2 " ]
}
# Neither a library of the game nor a C++ runtime, of which games bring old ones.
needs_only_the_c_library() {
  ! readelf -d "$1" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
    grep -v -e '^libc\.so' -e '^libm\.so' -e '^libpthread\.so' -e '^libdl\.so' -e '^ld-linux'
}
stays_loaded() { readelf -d "$1" | grep -q 'FLAGS_1.*NODELETE'; }
# A text relocation or an executable stack is what hardened servers refuse.
is_clean() {
  readelf -d "$1" >"$out/dynamic.txt" && ! grep -q TEXTREL "$out/dynamic.txt" && readelf -lW "$1" | grep -q 'GNU_STACK.* RW '
}

# Builds an example as its README says and looks at it: NAME BITS EXPORTS FILE [VARIABLE=VALUE...]
build() {
  example=$1 bits=$2 wanted=$3 binary=$4
  shift 4
  library=$static
  [ "$bits" = 32 ] && library=$static32
  check "$example/builds-$bits" make -B -C "$examples/$example" CXX="$cxx" ARCH="$bits" OUT="$out/$example-$bits" \
    PAYNOW_STATIC_LIB="$library" PAYNOW_INCLUDE_DIR="$include" "$@" || return 1
  binary=$out/$example-$bits/$binary
  check "$example/exports-$bits" exports "$binary" "$wanted"
  check "$example/needs-only-the-c-library-$bits" needs_only_the_c_library "$binary"
  check "$example/stays-loaded-$bits" stays_loaded "$binary"
  check "$example/is-clean-$bits" is_clean "$binary"
}

# Compiles a program of this folder: NAME BITS [ARGUMENT...]
program() {
  name=$1 bits=$2
  shift 2
  check "$name/builds-$bits" "$cxx" -std=c++17 -O1 -g -Wall -Wextra -Werror -m"$bits" -pthread -I"$here" \
    -I"$here/sourcemod/public" -I"$examples/source-vsp" -I"$examples/gmod-module" -isystem "$include" \
    "$here/$name.cpp" -o "$out/$name-$bits" "$@" -ldl
}

# Runs one, and counts its lines: NAME BITS [ARGUMENT...]
run() {
  name=$1-$2
  log=$out/$name.log
  shift 2
  timeout 300 "$out/$name" "$@" 9>&- >"$log" 2>"$log.stderr"
  status=$?
  # Names tell the two widths apart.
  grep -E '^(ok|FAIL) ' "$log" | if [ "${name##*-}" = 32 ]; then sed -E 's/^(ok|FAIL) /&32-bit-/'; else cat; fi
  passed=$((passed + $(grep -c '^ok ' "$log")))
  complaints=$(grep -c '^FAIL ' "$log")
  failed=$((failed + complaints))
  if [ "$status" -ne 0 ] && [ "$complaints" -eq 0 ]; then
    fail "$name" "ended with status $status: $(tail -n 3 "$log.stderr" | tr '\n' ' ')"
  elif [ "$status" -gt 2 ]; then
    fail "$name" "ended with status $status"
  fi
}

# --- both widths ---

# The flags to compile and link with LuaJIT: BITS.
luajit() {
  if [ "$1" = 32 ] && [ -n "${TEST_LUAJIT_32:-}" ]; then
    printf '%s\n' "-I$TEST_LUAJIT_32/usr/include/luajit-2.1 -L$TEST_LUAJIT_32/usr/lib/i386-linux-gnu -l:libluajit-5.1.a -lm"
  else
    pkg-config --cflags --libs luajit 2>/dev/null
  fi
}

all() {
  bits=$1
  if build source-vsp "$bits" CreateInterface paynow_vsp.so && program source_host "$bits" &&
    check tier0/builds-"$bits" "$cxx" -std=c++17 -O1 -Wall -Wextra -Werror -m"$bits" -fPIC -shared \
      -Wl,-soname,libtier0_srv.so "$here/tier0.cpp" -o "$out/libtier0_srv-$bits.so"; then
    run source_host "$bits" "$out/source-vsp-$bits/paynow_vsp.so" "$out/libtier0_srv-$bits.so"
  fi
  if build sourcemod-ext "$bits" GetSMExtAPI paynow.ext.so SOURCEMOD_DIR="$here/sourcemod" &&
    program sourcemod_host "$bits"; then
    run sourcemod_host "$bits" "$out/sourcemod-ext-$bits/paynow.ext.so" "$out/sourcemod"
  fi
  module=gmsv_paynow_linux.dll
  [ "$bits" = 64 ] && module=gmsv_paynow_linux64.dll
  if build gmod-module "$bits" 'gmod13_close gmod13_open' "$module"; then
    # shellcheck disable=SC2046 # the flags are words
    if ! luajit "$bits" >/dev/null || ! "$cxx" -m"$bits" "$out/empty.cpp" -o "$out/empty" $(luajit "$bits") 2>/dev/null; then
      skip "gmod-$bits-bit" "there is no LuaJIT of that width to link with (Debian: libluajit-5.1-dev); the module was built and looked at"
    else
      # shellcheck disable=SC2046 # the flags are words
      if program gmod_host "$bits" $(luajit "$bits"); then
        run gmod_host "$bits" "$out/gmod-module-$bits/$module" "$here/gmod_script.lua"
      fi
    fi
  fi
}

printf 'int main() { return 0; }\n' >"$out/empty.cpp"
if program steam_id_test 64; then run steam_id_test 64; fi
all 64

if [ -z "$static32" ] || [ ! -e "$static32" ]; then
  printf '32-bit programs are left out: PAYNOW_STATIC_LIB_32 names no library for i686\n'
elif ! "$cxx" -m32 "$out/empty.cpp" -o "$out/empty" 2>/dev/null || ! "$out/empty"; then
  skip 32-bit "$cxx -m32 makes no program that runs here (Debian: g++-multilib, libc6-i386)"
else
  static32=$(CDPATH='' cd -- "$(dirname -- "$static32")" && pwd)/$(basename -- "$static32")
  all 32
fi

stop_sandbox
finish
