#!/bin/sh
# Runs the simulation of the rules over many seeds, then breaks one rule after the other in a copy of the tree and says
# which break the simulation did not notice. Prints `caught NAME`; fails when a seed fails, a break survives, or no
# longer fits.
#   simulation.sh [seeds|mutants [NAME...]]     both without an argument; SIMULATION_SEEDS, 10,000 by default
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
cargo=${CARGO:-cargo}
what=${1:-all}
[ $# -gt 0 ] && shift
wanted=" $* "

# Our code is optimised, its assertions stay on; the dependencies are those of the other tests.
export CARGO_PROFILE_DEV_OPT_LEVEL=1

if [ "$what" != mutants ]; then
  cd "$root" || exit 1
  SIMULATION_SEEDS=${SIMULATION_SEEDS:-10000} "$cargo" test --locked --quiet --lib simulation || exit 1
fi
[ "$what" = seeds ] && exit 0

copy=${MUTANTS_DIR:-$root/target/simulation-mutants}
export CARGO_TARGET_DIR="$copy/target"
export SIMULATION_SEEDS="${MUTANTS_SEEDS:-3000}"
. "$here/mutating.sh"
build() { "$cargo" test --locked --quiet --lib --no-run; }
try() { until_one_fails 300 "$cargo" test --locked --lib simulation; }
copy_tree

rules=runtime/engine/schedule
mutant told-of-work-it-does-not-get $rules/sending.rs 'let has_room = next.is_some_and(|(_, id)| self.room_for(id, held).is_some());' 'let has_room = next.is_some();'
mutant sent-for-one-that-is-over $rules/sending.rs 'if self.has_lost_its_place(id, now) || self.expire_over(id, now)? {' 'if self.has_lost_its_place(id, now) {'
mutant no-room-needed $rules/sending.rs '(taken == 0 || taken.saturating_add(bytes) <= self.max_held_bytes)' '(taken < usize::MAX)'
mutant rate-not-taken $rules/sending.rs 'self.rate.take(now);' ''
mutant place-for-ever $rules/sending.rs 'self.limiter.end(pass, took, now);' 'let _ = (pass, took);'
mutant hung-holds-a-place policy/limiter/mod.rs 'self.long += std::mem::take(&mut self.young[parity(self.step + 1)]).own;' ''
mutant asked-only-when-more-may-be-sent $rules/sending.rs 'self.ready.placed.len() < self.max_workers || self.limiter.places(now) > 0' 'self.limiter.places(now) > 0'
mutant places-asked-for-without-end $rules/sending.rs 'self.ready.placed.len() < self.max_workers || self.limiter.places(now) > 0' 'true'
mutant left-probe-not-given-back $rules/sending.rs 'self.health.breaker.abandoned(sent.admission, now);' ''
mutant waits-out-an-import $rules/admission.rs '&& (due >= deadline' '&& (false'
mutant priority-not-inherited $rules/admission.rs 'if priority == Priority::Interactive && work.priority == Priority::Background {' 'if false {'
mutant joins-what-is-lost $rules/admission.rs 'if overdue {' 'if false {'
mutant one-epoch-for-ever $rules/admission.rs 'self.memory.epoch(), question.target' '0, question.target'
mutant nothing-refused-near-the-limit $rules/consulting.rs '(!wait.is_zero() && !late.is_zero())' '(false)'
mutant followers-of-the-lost-wait $rules/deadlines.rs 'work.is_hung(now) || others_wait' 'work.is_hung(now) || false'
mutant ended-stays-in-line $rules/mod.rs 'Stage::Later(due) => self.later.remove(due, id),' 'Stage::Later(_) => {}'
mutant set-aside-for-ever $rules/finishing.rs 'self.set_aside -= sent.bytes;' ''
mutant dead-connection-blames-the-api $rules/finishing.rs 'is_local || died_idle)' 'is_local)'
mutant local-lack-blames-the-api $rules/finishing.rs 'is_local || died_idle)' 'died_idle)'
mutant an-earlier-answer-counts $rules/finishing.rs 'let answered = outcome.sent == Sent::Answered;' 'let answered = outcome.sent.max(flight.step_sent) == Sent::Answered;'
mutant cancel-blames-the-api $rules/finishing.rs 'Ended::Interrupted if now >= sent.limit => Verdict::CutOff,' 'Ended::Interrupted => Verdict::CutOff,'
mutant writes-are-repeated policy/retry.rs 'attempted.sent == Sent::Never || attempted.repeatable' 'true'
mutant one-attempt-too-many policy/retry.rs 'attempted.attempts >= self.max_attempts' 'attempted.attempts > self.max_attempts'
mutant imports-have-every-turn $rules/queues.rs '.is_multiple_of(BACKGROUND_SHARE)' '.is_multiple_of(2)'
mutant imports-have-no-turn $rules/queues.rs '.is_multiple_of(BACKGROUND_SHARE)' '.is_multiple_of(u32::MAX)'
mutant own-writes-unseen policy/cache/mod.rs 'if entry.is_overtaken.load(Ordering::Acquire)' 'if false'
mutant lease-without-end policy/breaker.rs 'Some(probe) => now < probe.until,' 'Some(_) => true,'
mutant network-not-asked $rules/consulting.rs 'if self.has_network { Way::Unasked }' 'if false { Way::Unasked }'
mutant place-used-long-after $rules/consulting.rs 'Way::Placed { until } if until < now' 'Way::Placed { until } if until < now && false'
mutant place-used-before $rules/admission.rs '&& !matches!(work.way, Way::Placed { .. })' '&& true'
mutant repeated-without-a-place $rules/finishing.rs 'self.take_back(id, flight, Stage::Later(due), self.first_way());' 'self.take_back(id, flight, Stage::Later(due), Way::Placed { until: due });'
mutant own-writes-unseen-in-the-network $rules/consulting.rs 'let age = self.memory.age_of(&outcome, asked_at, now);' 'let age = Some(Age::Fresh);'
mutant claim-never-given-up $rules/mod.rs 'let claim = self.discard(request.work).and_then(|work| work.claim);' 'let claim = self.discard(request.work).and(None);'
mutant claim-given-up-twice $rules/deadlines.rs 'let claim = work.claim.take();' 'let claim = work.claim;'
mutant asked-without-room $rules/consulting.rs 'let bytes = if consultation.has_question { bytes } else { 0 };' 'let bytes = 0 * bytes;'
mutant lone-work-stays-alone $rules/consulting.rs 'while let Some(id) = self.ready.local.any() {' 'while let Some(id) = None::<WorkId> {'

printf 'simulation mutants: %s caught, %s survived, %s unfit\n' "$caught" "$survived" "$unfit"
[ $((survived + unfit)) -eq 0 ]
