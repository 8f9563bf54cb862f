#!/bin/sh
# The server of this directory with real clients in it, end to end. The settings are in prepare.sh. Without the tools it
# is skipped.
set -eu

# shellcheck source=prepare.sh
. "$(dirname -- "$0")/prepare.sh"

missing_tool
if [ -n "$missing" ]; then
  printf 'skip minestom: %s\nminestom: 0 passed, 0 failed, 1 skipped\n' "$missing"
  exit 0
fi
# A sandbox of its own: requests are counted.
unset PAYNOW_API_BASE
if ! build || ! ensure_sandbox; then
  printf 'FAIL minestom: cannot be built or started\nminestom: 0 passed, 1 failed\n'
  exit 1
fi
node "$here/clients/test.js" 9>&-
