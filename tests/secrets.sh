#!/bin/sh
# Looks for credentials in what suites left behind: what they and the programs they start printed, and what they had the
# library say (log lines, errors, messages).
#   secrets.sh SUITE...
#
# The credentials of all tests are canaries: keys, those before and after a rotation too, begin with pnapi_, the passwords of
# proxies and of a Redis with pnpw_, and the sandbox mints tokens that begin with pnct_. That this check finds each of them is tested first.
set -u

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root" || exit 1
results=target/test-results
trial=$results/secrets.trial
mkdir -p "$results"
passed=0
failed=0

# A user name in front of a password that begins with pnpw_ is sent in Base64.
encoded=dXNlcjpwbnB3X
canaries="pnapi_[A-Za-z0-9_]{3}|pnct_[A-Za-z0-9_-]{3}|pnpw_[A-Za-z0-9]|$encoded"

# Whether none of the files that are named on standard input holds one; those that do are shown with their lines.
free_of_canaries() { ! tr '\n' '\0' | xargs -0 -r grep -nHaE "$canaries" /dev/null | cut -c 1-300 | grep .; }

ok() { printf 'ok secrets.%s\n' "$1"; passed=$((passed + 1)); }
fail() { printf 'FAIL secrets.%s: %s\n' "$1" "$2"; failed=$((failed + 1)); }

# finds NAME TEXT: that the check does not pass over the text.
finds() {
  printf '12:00:00 [INFO] paynow: all is well\n%s\n' "$2" >"$trial"
  if echo "$trial" | free_of_canaries >/dev/null; then fail "finds_$1" 'is passed over'; else ok "finds_$1"; fi
  rm -f "$trial"
}

# The files of a suite. What its tests hand to a program (its settings, its key file) is not among them.
files_of() {
  echo "$results/$1.log"
  case $1 in
    java) find java-shim/target java-shim/*/target/surefire-reports examples/paper-plugin/target/surefire-reports \
      -type f \( -name '*.log' -o -name '*.txt' -o -name '*.xml' -o -name '*.dump*' \) ;;
    minestom) find target/minestom -maxdepth 2 -type f -name '*.log' ;;
    fuzz) find fuzz/target target/fuzz -maxdepth 2 -type f -name '*.log' ;;
    *) find "target/tests-$1" -type f \( -name '*.log' -o -name '*.txt' -o -name '*.stderr' -o -name '*.said' \) ;;
  esac 2>/dev/null
}

finds a_key 'APIKey pnapi_sandbox_4f8a1c2e9b7d'
finds a_key_after_a_rotation '{"message":"no: pnapi_old_key"}'
finds a_token 'Customer("pnct_T0KEN0fATest")'
finds a_password 'proxy http://user:pnpw_secret@127.0.0.1:3128'
finds an_encoded_password "proxy-authorization: Basic $(printf 'user:pnpw_secret' | base64)"
printf 'customer token pnct_… of the key pnapi_…\n' >"$trial"
if echo "$trial" | free_of_canaries; then ok passes_over_placeholders; else fail passes_over_placeholders 'are taken for credentials'; fi
rm -f "$trial"

for suite in "$@"; do
  if [ ! -s "$results/$suite.log" ]; then
    fail "in_$suite" 'it has left nothing behind'
  elif files_of "$suite" | free_of_canaries; then ok "in_$suite"; else fail "in_$suite" 'a credential was printed'; fi
done

printf 'secrets: %s passed, %s failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
