# For demo.sh and test.sh: finds the tools, builds server and clients, and starts the sandbox.
#
#   PAYNOW_LIB_DIR      where libpaynow_bridge.so is   ../../target/release
#   PAYNOW_SANDBOX_BIN  the sandbox                    ../../target/release/paynow-sandbox
#   PAYNOW_OUT          for logs                       ../../target/minestom
#   JAVA_HOME_25        the JDK                        /usr/lib/jvm/*25*
#   MVN, MVN_OPTIONS    Maven, and options for it      mvn
#   PAYNOW_API_BASE, PAYNOW_API_KEY, PAYNOW_STORE_ID   a sandbox that runs already
# shellcheck shell=sh

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
lib=${PAYNOW_LIB_DIR:-$root/target/release}/libpaynow_bridge.so
. "$root/sandbox/start.sh"
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
out=${PAYNOW_OUT:-$root/target/minestom}
mvn=${MVN:-mvn}
oldest_node=20

# Says what is missing to build and run this, or nothing.
missing_tool() {
  jdk=${JAVA_HOME_25:-}
  for home in /usr/lib/jvm/*25*; do
    [ -n "$jdk" ] && break
    [ -x "$home/bin/javac" ] && jdk=$home
  done
  if [ ! -x "$jdk/bin/javac" ]; then
    missing='no JDK 25'
  elif ! command -v "$mvn" >/dev/null; then
    missing='no Maven'
  elif ! command -v npm >/dev/null || ! command -v node >/dev/null; then
    missing='no Node.js with npm'
  elif [ "$(node -p 'process.versions.node.split(".")[0]')" -lt "$oldest_node" ]; then
    missing="no Node.js $oldest_node"
  else
    missing=
  fi
}

# logged WHAT COMMAND...: its output is shown only when it fails.
logged() {
  what=$1
  shift
  if ! "$@" >"$out/build.log" 2>&1; then
    printf '%s does not work:\n' "$what" >&2
    tail -n 40 "$out/build.log" >&2
    return 1
  fi
}

build() {
  mkdir -p "$out"
  # shellcheck disable=SC2086 # options, if any, are words
  logged 'Building the server' env "JAVA_HOME=$jdk" "$mvn" -B -ntp -f "$here/with-api.xml" ${MVN_OPTIONS:-} package \
    -Dmaven.test.skip=true "-Dpaynow.native=$lib" || return 1
  if ! cmp -s "$here/clients/package-lock.json" "$here/clients/node_modules/.installed-lock"; then
    # minecraft-protocol asks for a newer Node.js than it needs: --force.
    (cd "$here/clients" && logged 'Installing the clients' npm ci --force --ignore-scripts --no-audit --no-fund) || return 1
    cp "$here/clients/package-lock.json" "$here/clients/node_modules/.installed-lock"
  fi
  JAVA=$jdk/bin/java
  SERVER_JAR=$here/target/minestom-server.jar
  export JAVA SERVER_JAR
}

# A sandbox, unless one is named that runs already.
ensure_sandbox() {
  [ -n "${PAYNOW_API_BASE:-}" ] || start_sandbox "$sandbox" "$out"
}
