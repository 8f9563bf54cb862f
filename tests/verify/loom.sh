#!/bin/sh
# The concurrent core under the model checker (each model.rs in src): every
# order its steps can take, and says how many those were.
#   loom.sh [TEST]
# LOOM_MAX_PREEMPTIONS  context switches against a thread's will, in place of what each test says
# VERIFY_DIR            where it is built              (target/verify)
# VERIFY_JOBS           how many compilers at once     (cargo's own choice)
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
cd "$root" || exit 1
out=${VERIFY_DIR:-$root/target/verify}
cargo=${CARGO:-cargo}
mkdir -p "$out" || exit 1
if ! command -v "$cargo" >/dev/null 2>&1; then
  printf 'skip loom: there is no cargo\n'
  exit 0
fi

# Optimised, because some tests take more than a million orders.
# shellcheck disable=SC2086 # words
env RUSTFLAGS='--cfg loom' CARGO_PROFILE_DEV_OPT_LEVEL=2 CARGO_TARGET_DIR="$out/loom" \
  "$cargo" test --locked --lib ${VERIFY_JOBS:+-j$VERIFY_JOBS} "::model::${1:-}" -- --nocapture --test-threads=1 \
  >"$out/loom.log" 2>&1
status=$?
sed -n 's/^.*explored /  /p' "$out/loom.log"
orders=$(sed -n 's/^.*explored .*: \([0-9]*\) orders.*/\1/p' "$out/loom.log" | awk '{ n += $1 } END { printf "%d", n }')
tests=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$out/loom.log")
if [ "$status" -eq 0 ] && [ "${tests:-0}" -gt 0 ]; then
  printf 'ok loom: %s tests, %s orders explored\n' "$tests" "$orders"
else
  grep -E -A 8 'panicked|^error' "$out/loom.log" | head -n 60
  printf 'FAIL loom: see %s\n' "$out/loom.log"
  exit 1
fi
