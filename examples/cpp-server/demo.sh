#!/bin/sh
# Builds the game server of this directory and runs it: against the sandbox, which is started for it, or against
# the store that PAYNOW_API_BASE, PAYNOW_API_KEY and PAYNOW_STORE_ID name.
#
#   PAYNOW_LIB_DIR      where libpaynow_bridge.so is   ../../target/release
#   PAYNOW_INCLUDE_DIR  where the headers are          ../../include
#   PAYNOW_SANDBOX_BIN  the sandbox                    ../../target/release/paynow-sandbox
#   PAYNOW_OUT          where to build                 ../../target/demo
#   CXX                 the compiler                   c++
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
lib=${PAYNOW_LIB_DIR:-$root/target/release}
include=${PAYNOW_INCLUDE_DIR:-$root/include}
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
out=${PAYNOW_OUT:-$root/target/demo}

mkdir -p "$out"
"${CXX:-c++}" -std=c++17 -O2 -Wall -Wextra -pthread -I"$include" "$here"/*.cpp -o "$out/cpp-server" \
  -L"$lib" -lpaynow_bridge -Wl,-rpath,"$lib" -Wl,-rpath,"$out"
# The program looks for the library by its soname, which a build directory does not have.
ln -sf "$lib/libpaynow_bridge.so" "$out/libpaynow_bridge.so.0"

if [ -z "${PAYNOW_API_BASE:-}" ]; then
  . "$root/sandbox/start.sh"
  start_sandbox "$sandbox" "$out"
fi

"$out/cpp-server" 9>&-
