# What the benchmarks in C share. Sourced; wants root. Gives lib, include, sandbox, cc, cxx, c_flags, say and begin.

lib=${PAYNOW_LIB_DIR:-$root/target/release}
include=${PAYNOW_INCLUDE_DIR:-$root/include}
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
cc=${CC:-cc}
cxx=${CXX:-c++}
c_flags='-std=c11 -O2 -Wall -Wextra -Wpedantic -Werror -pthread'

say() { printf 'bench: %s\n' "$*" >&2; }

[ "$(uname -s)" = Linux ] || { say "measures on Linux only"; exit 1; }
[ -e "$lib/libpaynow_bridge.so" ] || { say "no libpaynow_bridge.so in $lib: build it first"; exit 1; }
[ -x "$sandbox" ] || { say "no sandbox at $sandbox: build it first"; exit 1; }

# begin FOLDER: makes the folder for programs and results, which is out from there on.
begin() {
  mkdir -p "$1"
  lib=$(CDPATH='' cd -- "$lib" && pwd)
  out=$(CDPATH='' cd -- "$1" && pwd)
  # At run time the library is looked for by its soname, which a build does not leave behind.
  ln -sf "$lib/libpaynow_bridge.so" "$out/libpaynow_bridge.so.0"
}
