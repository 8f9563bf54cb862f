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

ready=$out/ready.json
rm -f "$ready"
mkfifo "$out/leash.$$"
"$sandbox" --listen 127.0.0.1:0 --quiet --exit-with-stdin --ready-file "$ready" <"$out/leash.$$" &
exec 9>"$out/leash.$$"
rm -f "$out/leash.$$"
trap 'exec 9>&-' EXIT
tries=0
while [ ! -s "$ready" ]; do
  tries=$((tries + 1))
  [ "$tries" -lt 200 ] || { echo 'the sandbox does not start'; exit 1; }
  sleep 0.1
done
member() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$ready"; }
SANDBOX_BASE=$(member base) SANDBOX_KEY=$(member api_key) SANDBOX_STORE=$(member store_id)
export SANDBOX_BASE SANDBOX_KEY SANDBOX_STORE SANDBOX_PROGRAM="$sandbox"
SOAK_MINUTES=${1:-30} "$out/soak"
