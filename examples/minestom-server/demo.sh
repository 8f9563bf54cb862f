#!/bin/sh
# Five Minecraft clients in a server with a store: what they read in chat, and what a store that hangs does to the ticks.
# The settings are in prepare.sh.
set -eu

# shellcheck source=prepare.sh
. "$(dirname -- "$0")/prepare.sh"

missing_tool
if [ -n "$missing" ]; then
  printf 'This demo needs a JDK 25 (JAVA_HOME_25), Maven and Node.js %s, and there is %s.\n' "$oldest_node" "$missing" >&2
  exit 2
fi
printf 'Building (the first time this downloads the server and the clients) ...\n\n'
build
ensure_sandbox
node "$here/clients/demo.js" 9>&-
