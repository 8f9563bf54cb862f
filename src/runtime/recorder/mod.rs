//! The flight recorder: how each of the last requests went.
//!
//! A ring of records in memory that is set aside when the client is made. The schedule tells it what happens, under its lock and
//! on threads of the library; no host's thread writes here. It keeps no argument of a request: what was asked is a number that
//! tells equal questions from others, and nothing else.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use super::mailbox::{Key, Outcome, Priority, Source};
use crate::operations::{OperationId, Sent, Status};
use crate::room::{self, NoMemory};

/// How many requests are remembered.
pub(crate) const RECORDS: usize = 1_024;
/// Attempts of a request that are kept: the first ones, and in the last place the last.
const ATTEMPTS: usize = 6;
/// Polls that are heard of at a time.
pub(in crate::runtime) const POLLS: usize = 8;

/// Which record a request has, counted from 1; 0 for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::runtime) struct Entry(u64);

impl Entry {
    pub(in crate::runtime) const NONE: Self = Self(0);
}

/// A time after the request was submitted, in microseconds. What takes longer than 71 minutes takes that long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct After(u32);

impl After {
    const NEVER: Self = Self(u32::MAX);

    fn new(time: Duration) -> Self {
        Self(u32::try_from(time.as_micros()).map_or(u32::MAX - 1, |micros| micros.min(u32::MAX - 1)))
    }

    /// `None` for what has not happened.
    pub(crate) fn microseconds(self) -> Option<u32> {
        (self != Self::NEVER).then_some(self.0)
    }
}

/// How one attempt went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) began: After,
    pub(crate) ended: After,
    pub(crate) http_status: u16,
    /// Of the step that was sent.
    pub(crate) operation: OperationId,
    /// Only once it has ended.
    pub(crate) status: Status,
    pub(crate) sent: Sent,
}

/// What the network of servers said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    Known,
    Unusable,
    Go,
    Again,
    Refused,
    Nothing,
}

/// What became of a request when the library found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// It got in line, to be asked.
    Asked,
    /// It waited for the answer to another's question.
    Joined,
    /// It ended at once: answered from memory, or refused.
    AtOnce,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// It has not.
    Open,
    /// The host ended it: cancelled, or shut down.
    ByHost,
    ByUs {
        status: Status,
        source: Source,
        sent: Sent,
        http_status: u16,
    },
}

/// How one request went.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    /// Counted from 1 since the client was made, in the order they were found.
    pub(crate) number: u64,
    key: Key,
    /// When it was submitted, in microseconds after the recorder was made.
    pub(crate) submitted: u64,
    pub(crate) patience: After,
    pub(crate) found: After,
    pub(crate) said_at: After,
    pub(crate) ended: After,
    pub(crate) collected: After,
    /// The same for equal questions, and for no other as a rule.
    pub(crate) question: u32,
    /// The number of the request whose answer it waited for, 0 for none.
    pub(crate) joined: u64,
    pub(crate) operation: OperationId,
    pub(crate) priority: Priority,
    pub(crate) way: Way,
    pub(crate) end: End,
    /// What the network said last, and how often it was asked.
    pub(crate) said: Option<Said>,
    pub(crate) consulted: u16,
    /// How many attempts there were.
    pub(crate) tried: u16,
    attempts: [Attempt; ATTEMPTS],
}

/// As much as is promised for all of them.
const _: () = assert!(RECORDS * size_of::<Record>() <= 256 * 1024 - RECORDS * size_of::<u64>());

impl Record {
    /// How many of its attempts are kept.
    fn kept(&self) -> usize {
        usize::from(self.tried).min(ATTEMPTS)
    }

    /// Its attempts, the first ones and the last.
    pub(crate) fn attempts(&self) -> &[Attempt] {
        &self.attempts[..self.kept()]
    }
}

/// What a request is when it is found.
pub(in crate::runtime) struct Arrival<'a> {
    pub(in crate::runtime) key: Key,
    pub(in crate::runtime) operation: OperationId,
    pub(in crate::runtime) priority: Priority,
    /// What is sent first: it is told from others, and not kept.
    pub(in crate::runtime) target: &'a str,
    pub(in crate::runtime) body: &'a [u8],
    pub(in crate::runtime) submitted: Instant,
    pub(in crate::runtime) deadline: Instant,
}

/// How far a client's requests came.
#[derive(Debug)]
pub(in crate::runtime) struct Recorder {
    made: Instant,
    /// A ring: the record of number `n` is in the place of `n - 1`. Empty and without room when nothing is recorded.
    records: Vec<Record>,
    room: usize,
    /// How many were recorded so far.
    count: u64,
    /// Requests that have ended and were not seen collected, in that order.
    uncollected: VecDeque<u64>,
    /// Keyed at random, so that what was asked cannot be found out by trying.
    hasher: RandomState,
}

/// A copy of what is recorded.
#[derive(Debug)]
pub(crate) struct Recorded {
    /// How many requests there were, those that are forgotten included.
    pub(crate) count: u64,
    /// How old the recorder is.
    pub(crate) age: Duration,
    /// The earliest first.
    pub(crate) records: Vec<Record>,
}

impl Recorder {
    /// One that records nothing.
    pub(in crate::runtime) fn off(now: Instant) -> Self {
        Self {
            made: now,
            records: Vec::new(),
            room: 0,
            count: 0,
            uncollected: VecDeque::new(),
            hasher: RandomState::new(),
        }
    }

    pub(in crate::runtime) fn on(now: Instant) -> Result<Self, NoMemory> {
        let mut recorder = Self { records: room::list(RECORDS)?, room: RECORDS, ..Self::off(now) };
        recorder.uncollected.try_reserve_exact(RECORDS)?;
        Ok(recorder)
    }

    pub(in crate::runtime) fn is_on(&self) -> bool {
        self.room > 0
    }

    /// A request was found.
    pub(in crate::runtime) fn arrived(&mut self, arrival: &Arrival<'_>, now: Instant) -> Entry {
        if !self.is_on() {
            return Entry::NONE;
        }
        self.count += 1;
        let since = |later: Instant| After::new(later.saturating_duration_since(arrival.submitted));
        let submitted = arrival.submitted.saturating_duration_since(self.made).as_micros();
        let attempt = Attempt {
            began: After::NEVER,
            ended: After::NEVER,
            http_status: 0,
            operation: arrival.operation,
            status: Status::Ok,
            sent: Sent::Never,
        };
        let record = Record {
            number: self.count,
            key: arrival.key,
            submitted: u64::try_from(submitted).unwrap_or(u64::MAX),
            patience: since(arrival.deadline),
            found: since(now),
            said_at: After::NEVER,
            ended: After::NEVER,
            collected: After::NEVER,
            question: self.hasher.hash_one((arrival.operation as u32, arrival.target, arrival.body)) as u32,
            joined: 0,
            operation: arrival.operation,
            priority: arrival.priority,
            way: Way::Asked,
            end: End::Open,
            said: None,
            consulted: 0,
            tried: 0,
            attempts: [attempt; ATTEMPTS],
        };
        // There is room for all.
        match self.records.get_mut(Self::place(self.count)) {
            Some(oldest) => *oldest = record,
            None => self.records.push(record),
        }
        Entry(self.count)
    }

    fn place(number: u64) -> usize {
        (number.wrapping_sub(1) % RECORDS as u64) as usize
    }

    /// The record, unless a later one has taken its place.
    fn record(&mut self, entry: Entry) -> Option<&mut Record> {
        self.records.get_mut(Self::place(entry.0)).filter(|record| record.number == entry.0)
    }

    /// Tells the record of a request what happened to it `now`.
    fn tell(&mut self, entry: Entry, now: Instant, tell: impl FnOnce(&mut Record, After)) {
        let made = self.made;
        if let Some(record) = self.record(entry) {
            let submitted = made + Duration::from_micros(record.submitted);
            tell(record, After::new(now.saturating_duration_since(submitted)));
        }
    }

    /// It waits for the answer to another's question.
    pub(in crate::runtime) fn joined(&mut self, entry: Entry, leader: Entry) {
        if let Some(record) = self.record(entry) {
            record.way = Way::Joined;
            record.joined = leader.0;
        }
    }

    /// The network of servers was asked about it.
    pub(in crate::runtime) fn consulted(&mut self, entry: Entry, said: Said, now: Instant) {
        self.tell(entry, now, |record, at| {
            record.said = Some(said);
            record.said_at = at;
            record.consulted = record.consulted.saturating_add(1);
        });
    }

    /// An attempt begins.
    pub(in crate::runtime) fn sent(&mut self, entry: Entry, operation: OperationId, now: Instant) {
        self.tell(entry, now, |record, began| {
            record.tried = record.tried.saturating_add(1);
            let place = record.kept() - 1;
            record.attempts[place] =
                Attempt { began, ended: After::NEVER, operation, ..record.attempts[place] };
        });
    }

    /// The attempt ended.
    pub(in crate::runtime) fn returned(&mut self, entry: Entry, outcome: &Outcome, sent: Sent, now: Instant) {
        let (status, http_status) = (outcome.status, outcome.http_status);
        self.tell(entry, now, |record, ended| {
            let last = record.kept().checked_sub(1).and_then(|place| record.attempts.get_mut(place));
            if let Some(attempt) = last {
                *attempt = Attempt { ended, status, http_status, sent, ..*attempt };
            }
        });
    }

    /// It ended.
    pub(in crate::runtime) fn ended(&mut self, entry: Entry, outcome: &Outcome, now: Instant) {
        let Outcome { status, source, sent, http_status, .. } = *outcome;
        self.tell(entry, now, |record, ended| {
            record.ended = ended;
            record.end = End::ByUs { status, source, sent, http_status };
        });
        if entry != Entry::NONE {
            if self.uncollected.len() == self.room {
                self.uncollected.pop_front();
            }
            self.uncollected.push_back(entry.0);
        }
    }

    /// The same for one that was found and ended in one.
    pub(in crate::runtime) fn ended_at_once(&mut self, entry: Entry, outcome: &Outcome, now: Instant) {
        if let Some(record) = self.record(entry) {
            record.way = Way::AtOnce;
        }
        self.ended(entry, outcome, now);
    }

    /// The host ended it. When that was is not known.
    pub(in crate::runtime) fn withdrawn(&mut self, entry: Entry) {
        if let Some(record) = self.record(entry) {
            record.end = End::ByHost;
        }
    }

    /// The host ended it at the very moment it was to be answered.
    pub(in crate::runtime) fn lost(&mut self, key: Key) {
        let last = self.count;
        let found = (0..self.records.len() as u64).find_map(|back| {
            let entry = Entry(last - back);
            self.record(entry).is_some_and(|record| record.key == key).then_some(entry)
        });
        if let Some(entry) = found {
            self.withdrawn(entry);
        }
    }

    /// The host collected: when it polled, the earliest first, or at some time before `now` where a thread of it waits.
    pub(in crate::runtime) fn collected(&mut self, polls: &[Instant], waits: bool, now: Instant) {
        while let Some(number) = self.uncollected.front().copied() {
            let made = self.made;
            let Some(record) =
                self.record(Entry(number)).filter(|record| matches!(record.end, End::ByUs { .. }))
            else {
                self.uncollected.pop_front();
                continue;
            };
            let submitted = made + Duration::from_micros(record.submitted);
            let ended = submitted + Duration::from_micros(record.ended.0.into());
            let collected = polls.iter().copied().find(|poll| *poll >= ended).or(waits.then_some(now));
            let Some(collected) = collected else { break };
            record.collected = After::new(collected.saturating_duration_since(submitted));
            self.uncollected.pop_front();
        }
    }

    /// Copies what is recorded into a list that has room for it.
    pub(in crate::runtime) fn copy_into(&self, mut records: Vec<Record>, now: Instant) -> Recorded {
        let oldest = Self::place(self.count + 1) % self.records.len().max(1);
        let (late, early) = self.records.split_at(if self.records.len() < RECORDS { 0 } else { oldest });
        for record in early.iter().chain(late).take(records.capacity()) {
            records.push(*record);
        }
        Recorded { count: self.count, age: now.saturating_duration_since(self.made), records }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::model::Text;
    use crate::operations::Decoded;
    use crate::room::counting::{counts, each_refused};

    const MILLI: Duration = Duration::from_millis(1);

    fn arrive(recorder: &mut Recorder, key: u64, target: &str, now: Instant) -> Entry {
        let arrival = Arrival {
            key: Key::from_bits(key),
            operation: OperationId::GetCustomer,
            priority: Priority::Interactive,
            target,
            body: b"",
            submitted: now,
            deadline: now + 1_000 * MILLI,
        };
        recorder.arrived(&arrival, now + 2 * MILLI)
    }

    fn answered() -> Outcome {
        Outcome { sent: Sent::Answered, ..Outcome::answered(Decoded::ok(), 200, Text::from("")) }
    }

    fn all(recorder: &Recorder) -> Vec<Record> {
        recorder.copy_into(room::list(RECORDS).unwrap(), recorder.made).records
    }

    fn micros(time: After) -> Option<u32> {
        time.microseconds()
    }

    #[test]
    fn a_request_is_followed_from_its_submission_until_it_is_collected() {
        let start = Instant::now();
        let mut recorder = Recorder::on(start).unwrap();
        let now = start + 7 * MILLI;
        let entry = arrive(&mut recorder, 5, "/a", now);
        recorder.consulted(entry, Said::Again, now + 3 * MILLI);
        recorder.consulted(entry, Said::Go, now + 4 * MILLI);
        recorder.sent(entry, OperationId::LookupCustomer, now + 5 * MILLI);
        let refused = Outcome { http_status: 503, ..Outcome::without_answer(Status::Server) };
        recorder.returned(entry, &refused, Sent::Answered, now + 10 * MILLI);
        recorder.sent(entry, OperationId::GetCustomer, now + 20 * MILLI);
        assert_eq!(micros(all(&recorder)[0].attempts()[1].ended), None, "it is under way");
        recorder.returned(entry, &answered(), Sent::Answered, now + 30 * MILLI);
        recorder.ended(entry, &answered(), now + 31 * MILLI);
        recorder.collected(&[now + 30 * MILLI], false, now + 32 * MILLI);
        assert_eq!(micros(all(&recorder)[0].collected), None, "that poll was before");
        recorder.collected(&[now + 33 * MILLI, now + 83 * MILLI], false, now + 100 * MILLI);

        let record = all(&recorder)[0];
        assert_eq!((record.number, record.submitted, record.joined), (1, 7_000, 0));
        assert_eq!(micros(record.patience), Some(1_000_000));
        assert_eq!(
            [record.found, record.said_at, record.ended, record.collected].map(micros),
            [2_000, 4_000, 31_000, 33_000].map(Some)
        );
        assert_eq!((record.said, record.consulted, record.way), (Some(Said::Go), 2, Way::Asked));
        let attempts: Vec<_> = record
            .attempts()
            .iter()
            .map(|attempt| {
                (micros(attempt.began), micros(attempt.ended), attempt.operation, attempt.http_status)
            })
            .collect();
        assert_eq!(
            attempts,
            [
                (Some(5_000), Some(10_000), OperationId::LookupCustomer, 503),
                (Some(20_000), Some(30_000), OperationId::GetCustomer, 200)
            ]
        );
        let ended =
            End::ByUs { status: Status::Ok, source: Source::Network, sent: Sent::Answered, http_status: 200 };
        assert_eq!(record.end, ended);
    }

    #[test]
    fn of_many_attempts_the_first_ones_and_the_last_are_kept() {
        let start = Instant::now();
        let mut recorder = Recorder::on(start).unwrap();
        let entry = arrive(&mut recorder, 5, "/a", start);
        for attempt in 0..20 {
            recorder.sent(entry, OperationId::GetCustomer, start + attempt * MILLI);
            let outcome = Outcome { http_status: attempt as u16, ..Outcome::without_answer(Status::Server) };
            recorder.returned(entry, &outcome, Sent::Answered, start + attempt * MILLI);
        }
        let record = all(&recorder)[0];
        assert_eq!(record.tried, 20);
        let kept: Vec<_> = record.attempts().iter().map(|attempt| attempt.http_status).collect();
        assert_eq!(kept, [0, 1, 2, 3, 4, 19]);
    }

    #[test]
    fn the_ring_keeps_the_last_and_what_is_told_of_others_is_lost() {
        let start = Instant::now();
        let mut recorder = Recorder::on(start).unwrap();
        let mut entries = Vec::new();
        for number in 0..RECORDS as u64 + 10 {
            entries.push(arrive(&mut recorder, number, "/a", start));
            let numbers: Vec<u64> = all(&recorder).iter().map(|record| record.number).collect();
            let first = (number + 1).saturating_sub(RECORDS as u64) + 1;
            assert!(numbers.iter().copied().eq(first..=number + 1));
        }
        recorder.withdrawn(entries[0]);
        recorder.ended(entries[1], &answered(), start);
        recorder.collected(&[start + MILLI], true, start + MILLI);
        let open = |record: &Record| record.end == End::Open && micros(record.collected).is_none();
        assert!(all(&recorder).iter().all(open));
        recorder.lost(Key::from_bits(RECORDS as u64));
        recorder.lost(Key::from_bits(0));
        let by_host: Vec<u64> =
            all(&recorder).iter().filter(|record| !open(record)).map(|record| record.number).collect();
        assert_eq!(by_host, [RECORDS as u64 + 1]);
    }

    #[test]
    fn a_thread_that_waits_has_collected_what_ended() {
        let start = Instant::now();
        let mut recorder = Recorder::on(start).unwrap();
        for number in 0..3 {
            let entry = arrive(&mut recorder, number, "/a", start);
            if number != 1 {
                recorder.ended(entry, &answered(), start + MILLI);
            }
        }
        recorder.collected(&[], true, start + 5 * MILLI);
        let collected: Vec<_> = all(&recorder).iter().map(|record| micros(record.collected)).collect();
        assert_eq!(collected, [Some(5_000), None, Some(5_000)]);
    }

    #[test]
    fn equal_questions_are_told_from_others_and_no_two_clients_number_them_alike() {
        let start = Instant::now();
        let mut recorders = [Recorder::on(start).unwrap(), Recorder::on(start).unwrap()];
        let questions = recorders.each_mut().map(|recorder| {
            for target in ["/a", "/b", "/a"] {
                arrive(recorder, 1, target, start);
            }
            let records = all(recorder);
            assert_eq!(records[0].question, records[2].question);
            assert_ne!(records[0].question, records[1].question);
            records[0].question
        });
        assert_ne!(questions[0], questions[1]);
    }

    #[test]
    fn what_takes_very_long_takes_as_long_as_can_be_told() {
        let start = Instant::now();
        let mut recorder = Recorder::on(start).unwrap();
        let entry = arrive(&mut recorder, 1, "/a", start);
        recorder.ended(entry, &answered(), start + Duration::from_secs(86_400));
        assert_eq!(micros(all(&recorder)[0].ended), Some(u32::MAX - 1));
    }

    #[test]
    fn nothing_is_allocated_but_at_the_start() {
        assert_eq!(each_refused(1, || Recorder::on(Instant::now())), 2);
        let start = Instant::now();
        let mut recorder = Recorder::on(start).unwrap();
        let outcome = answered();
        let before = counts().allocations;
        for number in 0..3 * RECORDS as u64 {
            let entry = arrive(&mut recorder, number, "/a", start);
            recorder.sent(entry, OperationId::GetCustomer, start);
            recorder.returned(entry, &outcome, Sent::Answered, start);
            recorder.ended(entry, &outcome, start);
        }
        assert_eq!(counts().allocations, before);
    }

    #[test]
    fn one_that_is_off_records_nothing() {
        let start = Instant::now();
        let mut recorder = Recorder::off(start);
        let entry = arrive(&mut recorder, 1, "/a", start);
        recorder.sent(entry, OperationId::GetCustomer, start);
        recorder.ended(entry, &answered(), start);
        recorder.collected(&[start], true, start);
        recorder.lost(Key::from_bits(1));
        let recorded = recorder.copy_into(Vec::new(), start);
        assert_eq!((entry, recorded.count, recorded.records.len()), (Entry::NONE, 0, 0));
    }
}
