#!/bin/sh
# Draws chat.png, what a client receives in chat: chat.sh. Run by hand, after `make lib sandbox`; needs chromium beside what `make demo` needs.
set -eu

# shellcheck source=prepare.sh
. "$(dirname -- "$0")/prepare.sh"

missing_tool
if [ -n "$missing" ]; then
  printf 'This needs a JDK 25 (JAVA_HOME_25), Maven and Node.js %s, and there is %s.\n' "$oldest_node" "$missing" >&2
  exit 2
fi
build
ensure_sandbox
node "$here/clients/chat.js" >"$out/chat.html" 9>&-
logged 'Drawing the page' chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=900,396 \
  --screenshot="$here/chat.png" "file://$out/chat.html"
