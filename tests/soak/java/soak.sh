#!/bin/sh
# So many requests (1,000,000) of every kind through the Java API, with faults and cancels: see Soak.java.
#   soak.sh [REQUESTS]
# PAYNOW_LIB_DIR      where libpaynow_bridge.so is   (target/release)
# PAYNOW_SANDBOX_BIN  the sandbox program            (target/release/paynow-sandbox)
# JAVA_HOME           the JDK, 17 or newer           (that of `java`)
# MVN, MVN_OPTIONS    Maven, which compiles the API    (mvn)
# SOAK_JAVA_OPTIONS   more options for the JVM, such as -Xcheck:jni
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../../.." && pwd)
lib=$(CDPATH='' cd -- "${PAYNOW_LIB_DIR:-$root/target/release}" && pwd)
sandbox=${PAYNOW_SANDBOX_BIN:-$root/target/release/paynow-sandbox}
out=${SOAK_JAVA_OUT:-$root/target/soak-java}
bin=${JAVA_HOME:+$JAVA_HOME/bin/}

[ -e "$lib/libpaynow_bridge.so" ] || { echo "no libpaynow_bridge.so in $lib: build it first"; exit 1; }
[ -x "$sandbox" ] || { echo "no sandbox at $sandbox: build it first"; exit 1; }

rm -rf "$out"
mkdir -p "$out/classes"
# shellcheck disable=SC2086 # options, if any, are words
"${MVN:-mvn}" -B -ntp -q -f "$root/java-shim/pom.xml" ${MVN_OPTIONS:-} -pl api,sandbox -am compile
classes=$root/java-shim/api/target/classes:$root/java-shim/sandbox/target/classes
"${bin}javac" --release 17 -nowarn -cp "$classes" -d "$out/classes" "$here/Soak.java"

native=
if "${bin}java" --enable-native-access=ALL-UNNAMED -version >/dev/null 2>&1; then native=--enable-native-access=ALL-UNNAMED; fi
# A heap whose every page is there from the start, a compiler that needs little memory, two malloc arenas instead of one for each
# thread, and large blocks always given back: what then still grows is held by somebody.
# shellcheck disable=SC2086 # options are words
MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=65536 MALLOC_TRIM_THRESHOLD_=65536 PAYNOW_SANDBOX_BIN=$sandbox exec "${bin}java" $native -Xms128m -Xmx128m -XX:+AlwaysPreTouch -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
  ${SOAK_JAVA_OPTIONS:-} "-Dpaynowbridge.library.path=$lib/libpaynow_bridge.so" -cp "$out/classes:$classes" Soak "${1:-1000000}"
