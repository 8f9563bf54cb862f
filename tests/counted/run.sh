#!/bin/sh
# Counts what a call on the tick thread costs: instructions, and the cache lines of code and of data that it touches. No time
# is measured, so it comes out the same on a busy machine. Fails above the limits below, which are to go down, not up.
#   [T=NAME] run.sh
# Beside the variables of tests/suite.sh:
# VALGRIND             whose tool lackey writes down every access                    (valgrind)
#
# What was counted is printed beside the limits. What a call touches, line by line: count.awk with -v show=NAME.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
suite=counted
. "$root/tests/suite.sh"
valgrind=${VALGRIND:-valgrind}

# NAME INSTRUCTIONS LINES_OF_CODE LINES_OF_DATA, in the order of calls.c: lookups by a Minecraft UUID, a poll that finds
# nothing, and what Java calls once a tick. What they take, and a few instructions and lines of code more for another compiler or
# C library.
limits='
submit                 430  44  23
submit_with_call       465  46  26
poll_of_nothing        115  18  15
java_lookup_uuid       415  42  20
java_lookup_player     425  42  20
java_tick              150  16  10
'

if ! command -v "$valgrind" >/dev/null; then
  skip counted 'there is no valgrind'
  finish
fi
# The limits are those of this processor's instructions.
if [ "$(uname -m)" != x86_64 ]; then
  skip counted 'the limits are for x86-64'
  finish
fi
needs "$library"
link_soname

# Not position-independent, so that the marks are where nm says.
"$cc" -std=c11 -O1 -g -Wall -Wextra -Wpedantic -Werror -fno-pie -no-pie -I"$include" "$here/calls.c" -o "$out/calls" -L"$lib" \
  -lpaynow_bridge -ldl -Wl,-rpath,"$out" || die counted 'calls.c does not compile'

names=$(printf '%s' "$limits" | awk 'NF { print $1 }')
count() {
  rm -f "$out/trace"
  "$valgrind" -q --tool=lackey --trace-mem=yes --log-file="$out/trace" "$out/calls" >"$out/calls.txt" 2>"$out/calls.stderr" ||
    return 1
  marks=$(nm "$out/calls" | awk '$3 == "marks" { print $1 }')
  # Of some hundred megabytes only what lies between two marks.
  mark=$(printf '%s' "$marks" | sed 's/^0*//; s/.$//')
  LC_ALL=C sed -n "/^ S 0*${mark}[02468ace],/,/^ S 0*${mark}[13579bdf],/p" "$out/trace" |
    awk -v marks="$marks" -v names="$names" -f "$here/count.awk" >"$out/counts.txt" || return 1
  rm -f "$out/trace"
}
count || die counted "nothing was counted: $(cat "$out/calls.txt" "$out/calls.stderr" | tr '\n' ' ')"

# check_limit NAME INSTRUCTIONS CODE DATA: compares with what was counted.
check_limit() {
  counts=$(awk -v name="$1" '$1 == name { print $2, $3, $4 }' "$out/counts.txt")
  if [ -z "$counts" ]; then
    case $1 in
      java_*) if grep -q '^skip java' "$out/calls.txt"; then skip "counted.$1" 'the library was built without the Java face'; return; fi ;;
    esac
    fail "counted.$1" 'it was not counted'
    return
  fi
  printf '%-20s %s of %s instructions, %s of %s lines of code, %s of %s lines of data\n' "$1" $(
    printf '%s %s\n' "$counts" "$2 $3 $4" | awk '{ print $1, $4, $2, $5, $3, $6 }'
  )
  if printf '%s %s\n' "$counts" "$2 $3 $4" | awk '{ exit !($1 <= $4 && $2 <= $5 && $3 <= $6) }'; then
    ok "counted.$1"
  else
    fail "counted.$1" 'it costs more than its limit'
  fi
}

# That the counting counts: a trace of which the result is known.
counts_what_is_known() {
  cat >"$out/known" <<'EOF'
I  00001000,4
 S 00404040,1
I  00001ffe,4
 L 00005000,8
I  00002002,2
 M 0000503c,8
I  00002004,3
 S 00404041,1
I  00002007,3
 L 00009000,8
EOF
  [ "$(awk -v marks=404040 -v names=known -f "$here/count.awk" "$out/known")" = 'known 2 2 2' ]
}
check counted.counts_what_is_known counts_what_is_known

while read -r name instructions code data; do
  [ -z "$name" ] || check_limit "$name" "$instructions" "$code" "$data"
done <<EOF
$limits
EOF
finish
