#!/bin/sh
# Breaks the runtime and the policies in one place after the other, in a copy of the tree, and says which break no unit
# test noticed. Prints `caught NAME` or `SURVIVED NAME`; fails when the tests fail without a mutant, or a mutant no longer fits.
#   mutants.sh [NAME...]
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
cargo=${CARGO:-cargo}
copy=${MUTANTS_DIR:-$root/target/mutants}
wanted=" $* "
caught=0
survived=0
unfit=0

mkdir -p "$copy/tree" || exit 1
rm -rf "$copy/tree/src" "$copy/tree/sandbox"
cp -r "$root/src" "$root/sandbox" "$root/Cargo.toml" "$root/Cargo.lock" "$root/build.rs" "$copy/tree/" || exit 1
cd "$copy/tree" || exit 1

run_tests() {
  # A mutant may hang: that is noticed too.
  CARGO_TARGET_DIR="$copy/target" timeout 240 "$cargo" test --locked --quiet --lib >"$copy/log" 2>&1
}

# mutant NAME FILE FROM TO: the first line that holds FROM gets TO in its place.
mutant() {
  case $wanted in '  ' | *" $1 "*) ;; *) return ;; esac
  if ! grep -qF -- "$3" "src/$2"; then
    printf 'unfit %s: src/%s no longer holds what was to be broken\n' "$1" "$2"
    unfit=$((unfit + 1))
    return
  fi
  cp "src/$2" "$copy/original"
  FROM=$3 TO=$4 awk '
    !done && (at = index($0, ENVIRON["FROM"])) {
      $0 = substr($0, 1, at - 1) ENVIRON["TO"] substr($0, at + length(ENVIRON["FROM"])); done = 1
    }
    { print }' "$copy/original" >"src/$2"
  if run_tests; then
    printf 'SURVIVED %s\n' "$1"
    survived=$((survived + 1))
  elif grep -q 'could not compile' "$copy/log"; then
    printf 'unfit %s: does not compile\n' "$1"
    unfit=$((unfit + 1))
  else
    printf 'caught %s\n' "$1"
    caught=$((caught + 1))
  fi
  cp "$copy/original" "src/$2"
}

run_tests || { printf 'the tests fail without a mutant\n'; tail -20 "$copy/log"; exit 1; }

mutant begin-what-is-decided runtime/slots.rs 'let open = state.generation == generation && state.phase == Phase::Pending;' 'let open = state.generation == generation;'
mutant decide-twice runtime/slots.rs 'open.then_some(State { phase: Phase::Decided, ..state })' '(open || state.phase == Phase::Decided).then_some(State { phase: Phase::Decided, ..state })'
mutant lend-twice runtime/slots.rs 'state.phase == Phase::Pending && !state.lent;' 'state.phase == Phase::Pending;'
mutant free-under-a-reader runtime/slots.rs '(there && state.readers == 0)' '(there)'
mutant generation-stays runtime/slots.rs 'generation: self.generation.wrapping_add(1),' 'generation: self.generation,'
mutant no-interrupt runtime/worker.rs 'if job != 0 && !is_pending(Key::from_bits(job))' 'if job > u64::MAX - 1'
mutant resend-past-the-limit runtime/worker.rs '_ if is_last => Resend::Never,' ''
mutant panic-keeps-the-line runtime/worker.rs 'self.line = self.runtime.transport.open();' ''
mutant send-what-was-cancelled runtime/worker.rs '} else if !self.runtime.slots.begin(key) &&' '} else if self.runtime.slots.begin(key) &&'
mutant refused-was-sent runtime/slots.rs 'Some((header.accepted, state.begun))' 'Some((header.accepted, true))'
mutant never-full runtime/free_list.rs '(fresh < self.capacity).then_some(fresh + 1)' '(fresh <= self.capacity).then_some(fresh + 1)'
mutant no-deadlines runtime/schedule.rs 'deadline.at <= now' 'deadline.at < 0'
mutant imports-first runtime/schedule.rs '(background_turn || self.interactive.is_empty())' 'true'
mutant imports-starve runtime/schedule.rs '(background_turn || self.interactive.is_empty())' 'self.interactive.is_empty()'
mutant followers-forgotten runtime/settle.rs 'self.answer(follower, outcome.shared());' ''
mutant closed-accepts runtime/mod.rs 'if self.closed.load(Ordering::Acquire) {' 'if false {'
mutant hold-without-end runtime/settle.rs 'if self.trash.held_bytes() > self.settings.max_held_bytes {' 'if false {'
mutant one-log-line-is-two runtime/log.rs 'if character.is_control()' 'if false'
mutant enter-what-goes handles/mod.rs '(word & LIVE != 0 && is_meant(word))' '(is_meant(word))'
mutant any-generation handles/mod.rs 'word >> GENERATION_SHIFT == u64::from(handle.generation)' 'word > 0'
mutant freed-under-a-call handles/mod.rs 'before & INSIDE == 1' 'before & INSIDE >= 1'
mutant retry-writes policy/retry.rs 'attempted.sent == Sent::Never || attempted.repeatable' 'true'
mutant retry-for-ever policy/retry.rs 'attempted.attempts >= self.max_attempts' 'false'
mutant retry-past-the-deadline policy/retry.rs '(wait < left).then_some(wait)' 'Some(wait)'
mutant no-jitter policy/retry.rs 'longest.mul_f64(random.clamp(0.0, 1.0))' 'longest'
mutant budget-without-end policy/retry.rs '(saved >= Self::RETRY)' '(saved >= 0)'
mutant circuit-never-opens policy/breaker.rs 'if failures < self.policy.threshold {' 'if true {'
mutant probes-all-at-once policy/breaker.rs 'open.probing || now < open.next_probe' 'now < open.next_probe'
mutant success-does-not-close policy/breaker.rs 'self.is_open.store(0, Ordering::Relaxed);' ''
mutant rate-without-limit policy/rate.rs 'self.tokens >= 1.0 + kept' 'true'
mutant rate-forgets-429 policy/rate.rs 'self.closed_until = Some(until);' ''
mutant cache-never-ages policy/cache.rs 'let goodness = if age < fresh_for {' 'let goodness = if true {'
mutant cache-ignores-writes policy/cache.rs 'Some(own || since(writes.anything))' 'Some(false)'
mutant nobody-stays-nobody policy/cache.rs 'None => since(writes.created),' 'None => false,'
mutant retry-after-without-cap policy/retry_after.rs 'wait.min(LONGEST)' 'wait'
mutant floodgate-is-java policy/identity.rs '(0, xuid) => Ok(Identity::XuidBits(xuid)),' '(0, _) => Ok(Identity::Java(uuid)),'
mutant offline-is-java policy/identity.rs 'rules.offline_by_name && is_made_from_a_name(uuid)' 'false'

printf 'mutants: %s caught, %s survived, %s unfit\n' "$caught" "$survived" "$unfit"
[ "$unfit" -eq 0 ]
