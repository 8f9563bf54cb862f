#!/bin/sh
# Breaks the runtime and the policies in one place after the other, in a copy of the tree, and says which break no unit
# test noticed. Prints `caught NAME` or `SURVIVED NAME`; fails when the tests fail without a mutant, a mutant survives, or one no
# longer fits.
#   mutants.sh [NAME...]
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
cargo=${CARGO:-cargo}
copy=${MUTANTS_DIR:-$root/target/mutants}
wanted=" $* "
export CARGO_TARGET_DIR="$copy/target"
export SIMULATION_SEEDS="${MUTANTS_SEEDS:-300}"
. "$here/mutating.sh"
build() { "$cargo" test --locked --quiet --lib --no-run; }
# The tests beside what was broken first: nearly always one of them fails, and soon.
try() {
  if [ -n "$near" ]; then until_one_fails 240 "$cargo" test --locked --lib "$near" || return 1; fi
  until_one_fails 240 "$cargo" test --locked --lib
}

copy_tree
build
try || { printf 'the tests fail without a mutant\n'; tail -20 "$copy/log"; exit 1; }

mutant begin-what-is-decided runtime/mailbox/slots.rs 'state.is_pending(generation).then_some(State { begun: true, ..state })' '(state.generation == generation).then_some(State { begun: true, ..state })'
mutant decide-twice runtime/mailbox/slots.rs 'state.is_pending(generation).then_some(decided)' '(state.is_pending(generation) || state.phase == Phase::Decided).then_some(decided)'
mutant lend-twice runtime/mailbox/state.rs 'self.phase == Phase::Pending && self.filled && !self.lent' 'self.phase == Phase::Pending && self.filled'
mutant free-under-a-reader runtime/mailbox/slots.rs 'state.is_collected(generation) && state.readers == 0' 'state.is_collected(generation)'
mutant generation-stays runtime/mailbox/state.rs 'generation: self.generation.wrapping_add(1),' 'generation: self.generation,'
mutant notice-stays-noted runtime/mailbox/slots.rs 'State { noted: false, lent:' 'State { lent:'
mutant cancel-is-not-noted runtime/mailbox/ending.rs 'self.slots.decide(key, true)' 'self.slots.decide(key, false)'
mutant publish-when-sealed runtime/mailbox/holds.rs '(!state.sealed).then(|| pending(state))' '(state.generation < u32::MAX).then(|| pending(state))'
mutant unseal runtime/mailbox/state.rs '            phase: Phase::Free,' '            phase: Phase::Free, sealed: false,'
mutant close-leaves-the-fresh runtime/mailbox/free_list.rs 'self.fresh.fetch_or(CLOSED,' 'self.fresh.fetch_or(0,'
mutant zombie-is-forgotten runtime/mailbox/slots.rs 'if before.wants_cleaning() {' 'if false {'
mutant lent-zombie-is-forgotten runtime/mailbox/holds.rs 'if before.phase == Phase::Zombie {' 'if false {'
mutant free-under-the-engine runtime/mailbox/slots.rs 'before.filled && !before.lent && !before.heavy' 'before.filled && !before.heavy'
mutant heavy-on-the-host runtime/mailbox/slots.rs 'before.filled && !before.lent && !before.heavy' 'before.filled && !before.lent'
mutant chain-reversed runtime/mailbox/chain.rs 'taken.last = newest;' 'taken.last = first;'
mutant chain-forgets-the-rest runtime/mailbox/chain.rs 'if taken.last == END {' 'if true {'
mutant lines-upside-down runtime/mailbox/log.rs 'self.waiting.take_all().earliest_first()' 'self.waiting.take_all()'
mutant held-counts-each-holder runtime/mailbox/trash.rs 'if content.hold() {' 'if { content.hold(); true } {'
mutant what-was-held-up-is-lost runtime/mailbox/collecting.rs 'if self.settled.load(Ordering::Acquire) { self.slots.used() } else { 0 }' '0'
mutant refused-was-sent runtime/mailbox/slots.rs '(header, slot.state().begun)' '(header, true)'
mutant never-full runtime/mailbox/free_list.rs '(fresh < self.capacity).then_some(fresh + 1)' '(fresh <= self.capacity).then_some(fresh + 1)'
mutant closed-accepts runtime/mailbox/submitting.rs '} else if self.is_closed() {' '} else if false {'
mutant one-log-line-is-two runtime/mailbox/log.rs 'if character.is_control()' 'if false'
mutant lines-without-limit runtime/lines.rs 'self.said < BURST' 'self.said < u32::MAX'
mutant the-last-line-is-lost runtime/lines.rs 'self.waiting = true;' ''
mutant submits-teach-nothing runtime/engine/rhythm/mod.rs 'self.offsets.learn(share);' ''
mutant shorter-ticks-unseen runtime/engine/rhythm/period.rs 'if polls.more && ticks.is_single {' 'if false {'
mutant a-late-tick-is-not-awaited runtime/engine/rhythm/mod.rs '/ BACK_OFF).clamp(LATE, IDLE);' '/ BACK_OFF).clamp(IDLE, IDLE);'
mutant no-survey runtime/engine/rhythm/period.rs 'now >= rest).then(Survey::default);' 'now >= rest).then(Survey::default).filter(|_| false);'
mutant no-interrupt runtime/engine/seats.rs 'if work != 0 && is_hung(work) {' 'if work == u64::MAX {'
mutant panic-keeps-the-connection runtime/engine/worker.rs 'self.connection = self.engine.transport.open();' ''
mutant send-what-was-cancelled runtime/engine/worker.rs 'if !self.engine.begin(work, leader) {' 'self.engine.begin(work, leader); if false {'
mutant no-deadlines runtime/engine/schedule/queues.rs '(*deadline <= now).then_some(*slot)' '(*deadline < *deadline && now == now).then_some(*slot)'
mutant imports-first runtime/engine/schedule/queues.rs '(self.taken + 1).is_multiple_of(BACKGROUND_SHARE)' 'true'
mutant imports-starve runtime/engine/schedule/queues.rs '(self.taken + 1).is_multiple_of(BACKGROUND_SHARE)' 'false'
mutant followers-forgotten runtime/engine/schedule/mod.rs 'self.answer(*slot, outcome.shared(), now);' 'let _ = slot;'
mutant hold-without-end runtime/engine/schedule/sending.rs '(taken == 0 || taken.saturating_add(bytes) <= self.max_held_bytes)' '(taken < usize::MAX)'
mutant enter-what-goes handles/mod.rs '(word & LIVE != 0 && is_meant(word))' '(is_meant(word))'
mutant any-generation handles/mod.rs 'word >> GENERATION_SHIFT == u64::from(handle.generation)' 'word > 0'
mutant freed-under-a-call handles/mod.rs 'before & INSIDE == 1' 'before & INSIDE >= 1'
mutant retry-writes policy/retry.rs 'attempted.sent == Sent::Never || attempted.repeatable' 'true'
mutant retry-for-ever policy/retry.rs 'attempted.attempts >= self.max_attempts' 'false'
mutant retry-past-the-deadline policy/retry.rs '(wait < left).then_some(wait)' 'Some(wait)'
mutant no-jitter policy/retry.rs 'longest.mul_f64(random.clamp(0.0, 1.0))' 'longest'
mutant budget-without-end policy/retry.rs 'self.saved.checked_sub(Self::RETRY)' 'self.saved.checked_sub(0)'
mutant circuit-never-opens policy/breaker.rs 'if self.failures < self.policy.threshold {' 'if true {'
mutant probes-all-at-once policy/breaker.rs 'Some(probe) => now < probe.until,' 'Some(_) => false,'
mutant success-does-not-close policy/breaker.rs 'let open = self.open.take()?;' 'let open = self.open.as_ref()?;'
mutant rate-without-limit policy/rate.rs 'self.configured.as_ref().is_none_or(|bucket| bucket.tokens >= bucket.needed(0, interactive))' 'true'
mutant rate-forgets-429 policy/rate.rs 'self.closed_until = Some(now + asked.max(learnt.patience));' ''
mutant cache-never-ages policy/cache/mod.rs 'if age < fresh_for {' 'if true {'
mutant cache-ignores-writes policy/cache/mod.rs 'if entry.is_overtaken.load(Ordering::Acquire)' 'if false'
mutant unknown-stays-unknown policy/cache/mod.rs 'let created = if has_customer { NEVER } else { self.created.load(Ordering::Acquire) };' 'let created = NEVER;'
mutant retry-after-without-cap transport/retry_after.rs 'wait.min(LONGEST)' 'wait'
mutant ready-without-end policy/warmth.rs 'if is_in_use { self.wanted } else { 0 }' 'self.wanted'
mutant failures-at-one-pace policy/warmth.rs 'self.failures += 1;' ''
mutant handshakes-without-limit policy/warmth.rs 'self.begun += 1;' ''
mutant a-crowd-goes-unnoticed policy/limiter/mod.rs '.clamp(0.5, 1.0);' '.clamp(1.0, 1.0);'
mutant slow-is-taken-for-busy policy/limiter/mod.rs '} else if self.long >= held.limit as usize {' '} else if false {'
mutant limit-outlasts-quiet policy/limiter/mod.rs 'if now.saturating_duration_since(self.last_begun) >= QUIET {' 'if false {'
mutant told-of-work-without-memory runtime/engine/schedule/sending.rs 'let next = if self.lacks_memory { None } else' 'let next = if false { None } else'
mutant opened-though-one-is-idle transport/pool.rs 'if let Some(mut kept) = state.idle.pop() {' 'if let Some(mut kept) = state.idle.pop().filter(|_| false) {'
mutant given-back-though-given-up transport/http.rs '.filter(|_| !self.line.progress.is_retired())' ''
mutant floodgate-is-java policy/identity.rs '(0, xuid) => Ok(Identity::XuidBits(xuid)),' '(0, _) => Ok(Identity::Java(uuid)),'
mutant bucket-of-the-next runtime/metrics/mod.rs 'Duration::from_micros(*bound) < time' 'Duration::from_micros(*bound) <= time'
mutant recorded-for-another runtime/recorder/mod.rs '.filter(|record| record.number == entry.0)' '.filter(|_| true)'
mutant recorded-out-of-order runtime/recorder/mod.rs 'early.iter().chain(late)' 'late.iter().chain(early)'
mutant collected-before-it-ended runtime/recorder/mod.rs '.find(|poll| *poll >= ended)' '.find(|_| true)'
mutant question-is-the-same runtime/recorder/mod.rs '(arrival.operation as u32, arrival.target, arrival.body)' '(arrival.operation as u32, arrival.body)'
mutant offline-is-java policy/identity.rs 'rules.offline_by_name && is_made_from_a_name(uuid)' 'false'

printf 'mutants: %s caught, %s survived, %s unfit\n' "$caught" "$survived" "$unfit"
[ $((survived + unfit)) -eq 0 ]
