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
  ready=$out/ready.json
  pipe=$out/sandbox-stdin
  rm -f "$ready" "$pipe"
  # The sandbox ends with this script, however that ends: its standard input is a pipe only the script holds.
  mkfifo "$pipe"
  "$sandbox" --listen 127.0.0.1:0 --ready-file "$ready" --exit-with-stdin --quiet <"$pipe" >"$out/sandbox.log" 2>&1 &
  pid=$!
  exec 9>"$pipe"
  rm -f "$pipe"
  trap 'exec 9>&-; rm -f "$ready"' EXIT
  tries=0
  while [ ! -s "$ready" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 300 ] || ! kill -0 "$pid" 2>/dev/null; then
      echo "The sandbox does not start:" >&2
      cat "$out/sandbox.log" >&2
      exit 1
    fi
    sleep 0.1
  done
  member() { sed -n "s/.*\"$1\": *\"\([^\"]*\)\".*/\1/p" "$ready"; }
  PAYNOW_API_BASE=$(member base)
  PAYNOW_API_KEY=$(member api_key)
  PAYNOW_STORE_ID=$(member store_id)
  export PAYNOW_API_BASE PAYNOW_API_KEY PAYNOW_STORE_ID
fi

"$out/cpp-server" 9>&-
