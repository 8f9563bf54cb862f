#!/bin/sh
# Measures the Java API beside what plugins use today and prints the figures as Markdown on standard output; what it is doing goes
# to standard error. About half an hour.
#   run.sh
# BENCH_QUICK=1       one short run of each: shows that everything runs
# BENCH_SCENE         one scene alone: submit, complete, calls, peek, scoreboard, wire or load
# PAYNOW_LIB_DIR      where libpaynow_bridge.so is   (target/release)
# BENCH_JAVA_OUT      programs and raw results       (target/bench-java)
# BENCH_PLOTS         the plots, as SVG              (target/bench-java/plots)
# PAYNOW_INCLUDE_DIR, PAYNOW_SANDBOX_BIN   for the time to an answer, as for bench/run.sh
# JAVA_HOME_17, JAVA_HOME_25   the JDKs; without them that of `java` alone
# MVN, MVN_OPTIONS    Maven, which fetches the peers (mvn)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
out=${BENCH_JAVA_OUT:-$root/target/bench-java}

say() { printf 'bench: %s\n' "$*" >&2; }

[ "$(uname -s)" = Linux ] || { say "measures on Linux only"; exit 1; }
lib=$(CDPATH='' cd -- "${PAYNOW_LIB_DIR:-$root/target/release}" && pwd)/libpaynow_bridge.so
[ -e "$lib" ] || { say "no $lib: build it first"; exit 1; }

# shellcheck disable=SC2086 # there are none where a variable is not set
set -- ${JAVA_HOME_17:+"$JAVA_HOME_17"} ${JAVA_HOME_25:+"$JAVA_HOME_25"}
[ $# -gt 0 ] || set -- "$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p')"

rm -rf "$out"
mkdir -p "$out/classes"
out=$(CDPATH='' cd -- "$out" && pwd)
"${CC:-cc}" -std=c11 -O2 -Wall -Wextra -Wpedantic -Werror "$here/../server.c" -o "$out/server"
# shellcheck disable=SC2086 # options, if any, are words
"${MVN:-mvn}" -B -ntp -q -f "$here/pom.xml" ${MVN_OPTIONS:-} dependency:copy-dependencies "-DoutputDirectory=$out/peers" >&2
find "$root/java-shim/api/src/main/java" "$root/java-shim/common/src/main/java" -name '*.java' ! -name module-info.java >"$out/sources"
cp -R "$root/java-shim/common/src/main/resources/." "$out/classes/"
"$1/bin/javac" --release 17 -Xlint:-options -nowarn -cp "$out/peers/*" -d "$out/classes" "@$out/sources" "$here"/src/*.java

"$1/bin/java" -cp "$out/classes" Report "$out" "$lib" "${BENCH_QUICK:-0}" "${BENCH_SCENE:-}" "$@"
[ -z "${BENCH_SCENE:-}" ] || exit 0

sh "$here/../plots/draw.sh" cost-java "${BENCH_PLOTS:-$out/plots}" data="$out/cost.dat"

# ---- the time to an answer, on the first JDK ----

quick=
[ "${BENCH_QUICK:-0}" = 0 ] || quick=--quick
access=
[ "$(sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release")" -lt 24 ] || access=--enable-native-access=ALL-UNNAMED
# shellcheck disable=SC2086 # none or one
PAYNOW_LIB_DIR=$(dirname -- "$lib") BENCH_OUT=$out exec sh "$here/../distance/run.sh" $quick --java \
  "$1/bin/java" $access -Xmx256m "-Dpaynowbridge.library.path=$lib" -cp "$out/classes:$out/peers/*" Distance
