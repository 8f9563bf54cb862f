#!/bin/sh
# Mixed load with faults for so many minutes (30), through the built library: see soak.c.
#   soak.sh [MINUTES]
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
lib=$(CDPATH='' cd -- "${PAYNOW_LIB_DIR:-$root/target/release}" && pwd)
include=${PAYNOW_INCLUDE_DIR:-$root/include}
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
out=$root/target/soak
mkdir -p "$out"
ln -sf "$lib/libpaynow_bridge.so" "$out/libpaynow_bridge.so.0"
"${CC:-cc}" -std=gnu11 -O1 -g -Wall -Wextra -Werror -pthread -I"$include" "$here/soak.c" "$root/tests/c/harness.c" -o "$out/soak" \
  "$lib/libpaynow_bridge.so" -Wl,-rpath,"$out"

. "$root/sandbox/start.sh"
start_sandbox "$sandbox" "$out"
SANDBOX_BASE=$PAYNOW_API_BASE SANDBOX_KEY=$PAYNOW_API_KEY SANDBOX_STORE=$PAYNOW_STORE_ID
export SANDBOX_BASE SANDBOX_KEY SANDBOX_STORE SANDBOX_PROGRAM="$sandbox"
SOAK_MINUTES=${1:-30} "$out/soak"
