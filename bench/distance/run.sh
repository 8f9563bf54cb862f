#!/bin/sh
# Measures the time to an answer over TLS 1.3 and a distance of 20, 40 and 120 ms, and prints it as Markdown on standard output; what it is doing
# goes to standard error. About 4 minutes, in Java 5. Needs nginx and openssl (Debian: nginx-light, openssl), and for the plots gnuplot (gnuplot-nox).
#   run.sh [--quick | --long] [--java COMMAND...]
# --long              adds a look-up after 10 minutes of quiet
# --java COMMAND...   measures the Java peers in place of those in C; see bench/java/run.sh
# PAYNOW_LIB_DIR, PAYNOW_INCLUDE_DIR, PAYNOW_SANDBOX_BIN, BENCH_OUT, BENCH_PLOTS   as for bench/run.sh
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
. "$root/bench/setup.sh"
plots=${BENCH_PLOTS:-${BENCH_OUT:-$root/target/bench}/plots}
plot=answer
about=$here/about.md
case " $* " in *" --java "*) plot=answer-java about=$here/about-java.md ;; esac
skip() {
  say "$*: the time to an answer is not measured"
  sed 3q "$about"
  printf 'Not measured: %s.\n' "$*"
  exit 0
}

nginx=$(PATH="$PATH:/usr/sbin:/sbin" command -v nginx) || skip "nginx is not installed (Debian: nginx-light)"
command -v openssl >/dev/null || skip "openssl is not installed"

begin "${BENCH_OUT:-$root/target/bench}/distance"

# ---- an authority of its own, and a server it vouches for ----

new_key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1" 2>/dev/null; }
new_key "$out/ca.key"
new_key "$out/server.key"
openssl req -x509 -new -key "$out/ca.key" -days 2 -subj '/CN=The authority of the benchmark' -out "$out/ca.pem"
openssl req -new -key "$out/server.key" -subj '/CN=127.0.0.1' -out "$out/server.csr"
printf 'subjectAltName = IP:127.0.0.1\nbasicConstraints = CA:FALSE\n' >"$out/server.ext"
openssl x509 -req -in "$out/server.csr" -CA "$out/ca.pem" -CAkey "$out/ca.key" -set_serial 1 -days 2 -extfile "$out/server.ext" -out "$out/server.pem" \
  2>/dev/null
# libcurl reads the system's authorities too, as it does in a game, and as the bridge does.
system=/etc/ssl/certs/ca-certificates.crt
[ -r "$system" ] || system=/dev/null
cat "$out/ca.pem" "$system" >"$out/ca-bundle.pem"

# ---- programs ----

# shellcheck disable=SC2086 # the flags are words
"$cc" $c_flags "$here/proxy.c" -o "$out/proxy"
# shellcheck disable=SC2086
"$cc" $c_flags -I"$include" "$here/ask_bridge.c" -o "$out/ask_bridge" -L"$lib" -lpaynow_bridge -Wl,-rpath,"$out"
rm -f "$out/ask_curl"
if printf '#include <curl/curl.h>\n' | "$cc" -E -x c - >/dev/null 2>&1; then
  # shellcheck disable=SC2086
  "$cc" $c_flags "$here/ask_curl.c" -o "$out/ask_curl" -lcurl
else
  say "libcurl4-openssl-dev is not installed: the libcurl columns are left out"
fi
"$cxx" -std=c++17 -O2 -Wall -Wextra -Wpedantic -Werror "$here/report.cpp" -o "$out/report"

# ---- the run ----

cat "$about"
printf -- '- Server: %s, the sandbox behind it without a latency of its own\n' "$("$nginx" -v 2>&1 | sed 's/.*: //')"
"$out/report" "$out" "$sandbox" "$nginx" "$@"
if [ "$plot" = answer ]; then
  sh "$root/bench/plots/draw.sh" answer "$plots" single="$out/answer.dat" bursts="$out/burst.dat"
else
  sh "$root/bench/plots/draw.sh" answer-java "$plots" bursts="$out/burst.dat"
fi
