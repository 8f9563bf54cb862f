#!/bin/sh
# Plays servers of a network, each a process of its own, against the sandbox and a Redis, and prints what it took as Markdown on standard output; what it
# is doing goes to standard error. About 12 minutes, with --quick two. Needs redis-server, and for the plot gnuplot (gnuplot-nox).
#   run.sh [--quick] [--only hop|rush|leader|faults|idle|change]
# TEST_REDIS_SERVER   another program than redis-server
# PAYNOW_LIB_DIR, PAYNOW_INCLUDE_DIR, PAYNOW_SANDBOX_BIN, BENCH_OUT, BENCH_PLOTS   as for bench/run.sh
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
. "$root/bench/setup.sh"
redis=$(PATH="$PATH:/usr/sbin:/sbin" command -v "${TEST_REDIS_SERVER:-redis-server}") || { say "redis-server is not installed"; exit 1; }
out=${BENCH_OUT:-$root/target/bench}/network
plots=${BENCH_PLOTS:-${BENCH_OUT:-$root/target/bench}/plots}
rm -rf "$out"
begin "$out"

# shellcheck disable=SC2086 # the flags are words
"$cc" $c_flags "$here/../distance/proxy.c" -o "$out/proxy"
# shellcheck disable=SC2086
"$cc" $c_flags -I"$include" "$here/server.c" -o "$out/server" -L"$lib" -lpaynow_bridge -Wl,-rpath,"$out"
"$cxx" -std=c++17 -O2 -Wall -Wextra -Wpedantic -Werror "$here/report.cpp" -o "$out/report"

# The servers log in as operators are told to set it up; the benchmark itself is the default user.
BENCH_REDIS_PASSWORD=pnpw_redis_of_the_benchmark
export BENCH_REDIS_PASSWORD
{
  printf 'user default on nopass ~* &* +@all\n'
  sed -n "s/^user paynow on >PASSWORD/user paynow on >$BENCH_REDIS_PASSWORD/p" "$root/docs/network.md"
} >"$out/users.acl"

"$out/report" "$out" "$sandbox" "$redis" "$@"
sh "$here/../plots/draw.sh" network "$plots" rates="$out/rates.dat" times="$out/times.dat"
