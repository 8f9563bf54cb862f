#!/bin/sh
# The Java API and the server plugin with the libraries of all targets inside, as dist.sh laid them out: into target/dist.
# Each jar is tried on this machine: the program the README shows looks a customer up with it.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
dist=$root/target/dist
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}

# What an earlier build put beside the classes would come along.
rm -rf "$root/java-shim/api/target/classes/dev/paynowbridge/natives"
"${MVN:-mvn}" -B -ntp -q -f "$root/java-shim/pom.xml" package -DskipTests -Dpaynow.natives="$dist/natives"

. "$root/sandbox/start.sh"
start_sandbox "$sandbox" "$dist"
for module in api paper; do
  for jar in "$root/java-shim/$module/target/paynow-bridge-$module"-*.jar; do
    java -cp "$jar" "$root/examples/readme/Lookup.java" 2>&1 | grep -q '^Notch is 421621336637440000$' ||
      { printf '%s does not find Notch\n' "${jar##*/}"; exit 1; }
    cp "$jar" "$dist/"
    printf '%s: finds Notch\n' "${jar##*/}"
  done
done
stop_sandbox
