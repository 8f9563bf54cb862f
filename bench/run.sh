#!/bin/sh
# Builds and runs the benchmarks and prints the figures as Markdown on standard output; what it is doing goes to standard error.
#   run.sh [--quick | --long]       --long is for the time to an answer, see bench/distance/run.sh
# PAYNOW_LIB_DIR      where libpaynow_bridge.so is   (target/release)
# PAYNOW_INCLUDE_DIR  where paynow_bridge.h is       (include)
# PAYNOW_SANDBOX_BIN  the sandbox program            (target/release/paynow-sandbox)
# BENCH_OUT           programs and raw results       (target/bench)
# BENCH_PLOTS         the plots, as SVG              (target/bench/plots)
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(dirname -- "$here")
. "$here/setup.sh"
begin "${BENCH_OUT:-$root/target/bench}"
plots=${BENCH_PLOTS:-$out/plots}
rm -f "$out"/*.dat

# shellcheck disable=SC2086 # the flags are words
"$cc" $c_flags "$here/bench_empty.c" -o "$out/bench_empty"
# shellcheck disable=SC2086
"$cc" $c_flags "$here/server.c" -o "$out/server"
# shellcheck disable=SC2086
"$cc" $c_flags -I"$include" "$here/bench_bridge.c" -o "$out/bench_bridge" -L"$lib" -lpaynow_bridge -Wl,-rpath,"$out"
rm -f "$out/bench_curl"
if printf '#include <curl/curl.h>\n' | "$cc" -E -x c - >/dev/null 2>&1; then
  # shellcheck disable=SC2086
  "$cc" $c_flags "$here/bench_curl.c" -o "$out/bench_curl" -lcurl
else
  say "libcurl4-openssl-dev is not installed: the libcurl columns are left out"
fi
"$cxx" -std=c++17 -O2 -Wall -Wextra -Wpedantic -Werror "$here/report.cpp" -o "$out/report"

quick=
case " $* " in *" --quick "*) quick=--quick ;; esac
# shellcheck disable=SC2086 # none or one
"$out/report" "$out" "$sandbox" $quick
sh "$here/distance/run.sh" "$@"
sh "$here/plots/draw.sh" cost "$plots" data="$out/cost.dat"
sh "$here/plots/draw.sh" outage "$plots" ours="$out/outage-bridge.dat" theirs="$out/outage-curl.dat"
