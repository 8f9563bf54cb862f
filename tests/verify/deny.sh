#!/bin/sh
# What the library and the command line are made of: licences, bans, sources, duplicates (deny.toml).
#   deny.sh [advisories]   the advisories instead, where their database, a Git repository, can be had
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
cd "$root" || exit 1
cargo=${CARGO:-cargo}

skip() {
  printf 'skip %s: %s\ndeny: 0 passed, 0 failed, 1 skipped\n' "$1" "$2"
  exit 0
}

if ! "$cargo" deny --version >/dev/null 2>&1; then
  skip deny 'there is no cargo-deny (cargo install --locked cargo-deny)'
fi
passed=0
failed=0
for made in Cargo.toml cli/Cargo.toml; do
  if [ "${1:-}" = advisories ]; then
    answer=$("$cargo" deny --manifest-path "$made" --config deny.toml check advisories 2>&1)
    status=$?
    case $answer in
      *'failed to fetch'* | *'unable to access'* | *'failed to clone'*) skip advisories 'their database could not be fetched' ;;
    esac
  else
    answer=$("$cargo" deny --manifest-path "$made" --config deny.toml check licenses bans sources 2>&1)
    status=$?
  fi
  printf '%s: %s\n' "$made" "$answer"
  if [ "$status" -eq 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
printf 'deny: %s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
