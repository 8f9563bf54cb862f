#!/bin/sh
# Runs every fuzz target for so many seconds, on what was found before (corpus/) and whatever it makes of that.
#   run.sh SECONDS [TARGET...]
# FUZZ_JOBS     how many compilers at once        (cargo's own choice)
# FUZZ_CORPUS   where new inputs go               (target/corpus, so that the committed corpus stays small)
# FUZZ_SANITIZER  address or none                 (address where it links, none otherwise)
#
# `cargo fuzz run TARGET` works too. This does the same without being installed, and with a stable compiler.
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here" || exit 1
seconds=${1:-30}
[ $# -gt 0 ] && shift
targets=${*:-c_abi decode headers identity}
cargo=${CARGO:-cargo}
out=$here/target
corpus=${FUZZ_CORPUS:-$out/corpus}
passed=0
failed=0
skipped=0

finish() {
  if [ "$skipped" -gt 0 ]; then
    printf 'fuzz: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
  else
    printf 'fuzz: %s passed, %s failed\n' "$passed" "$failed"
  fi
  [ "$failed" -eq 0 ]
  exit
}

skip_all() {
  for target in $targets; do
    printf 'skip fuzz-%s: %s\n' "$target" "$1"
    skipped=$((skipped + 1))
  done
  finish
}

command -v "$cargo" >/dev/null 2>&1 || skip_all 'there is no cargo'
command -v "${CXX:-c++}" >/dev/null 2>&1 || skip_all 'there is no C++ compiler, which libFuzzer is made with'
host=$(rustc -vV 2>/dev/null | sed -n 's/^host: //p')
[ -n "$host" ] || skip_all 'there is no rustc'
case $host in *-linux-gnu) ;; *) skip_all "libFuzzer is not set up for $host" ;; esac

# What tells the fuzzer how far an input got. Without a sanitizer a stable compiler has all of it.
coverage='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
  -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing'
build() {
  # --target keeps the flags away from build scripts.
  # shellcheck disable=SC2086 # words
  env RUSTC_BOOTSTRAP="$2" RUSTFLAGS="$(echo $coverage $1)" "$cargo" build --locked --release --bins --target "$host" \
    ${FUZZ_JOBS:+-j$FUZZ_JOBS} >"$out/build.log" 2>&1
}
mkdir -p "$out" "$corpus" || exit 1
sanitizer=${FUZZ_SANITIZER:-address}
if [ "$sanitizer" = none ] || ! build '-Zsanitizer=address' 1; then
  [ "$sanitizer" = none ] || printf 'skip fuzz-address-sanitizer: this compiler does not link it\n'
  sanitizer=none
  build '' 0 || { cat "$out/build.log"; printf 'FAIL fuzz: the targets do not build\n'; failed=1; finish; }
fi

for target in $targets; do
  log=$out/$target.log
  mkdir -p "$corpus/$target" "$out/artifacts/$target" "corpus/$target"
  # Leaks are counted by valgrind on the C suites; here each thread that ends late would be one.
  if env ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}" "${CARGO_TARGET_DIR:-$out}/$host/release/$target" "$corpus/$target" "corpus/$target" \
    -max_total_time="$seconds" -max_len=2048 -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$out/artifacts/$target/" >"$log" 2>&1; then
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    cover=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$log" | tail -n 1)
    printf 'ok fuzz-%s: %s executions in %s s, %s edges, sanitizer %s\n' "$target" "$executions" "$seconds" "$cover" "$sanitizer"
    passed=$((passed + 1))
  else
    tail -n 40 "$log"
    printf 'FAIL fuzz-%s: see %s\n' "$target" "$log"
    failed=$((failed + 1))
  fi
done
finish
