//! Creating those who are not customers yet, in pieces.
//!
//! Contract: each piece is in the journal before it is sent. What is surely not created is sent again after a while; what may have
//! been created stays open, and is looked up before it is sent again, in smaller pieces: one player that PayNow does not want
//! does not keep the others out.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use paynow_bridge::{BULK_LIMIT, Bulk, BulkOutcome, Call, CustomerFields, Status};

use super::existing::id_of;
use super::fields::Fields;
use super::journal::{Journal, Outcome, Reasons};
use super::keys::{Keys, State};
use super::progress::Progress;
use super::source::Record;
use crate::exit::{Ended, Failure};
use crate::interrupt;
use crate::session::Session;

/// Most bytes of texts in one piece.
const LARGEST: usize = 256 * 1024;
/// How often something that is surely not done is tried.
const MOST_TRIES: u32 = 6;
/// After how many pieces in a row of which nothing is known it gives up.
const MOST_UNCERTAIN: u32 = 3;
/// Longest that is waited before it tries again.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// A way through the file.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Whose turn it is.
    pub state: State,
    /// How many go together.
    pub size: usize,
    /// Whether each is looked up before.
    pub look_up: bool,
}

pub const ROUNDS: [Round; 3] = [
    Round { state: State::Wanted, size: BULK_LIMIT, look_up: false },
    Round { state: State::Open, size: BULK_LIMIT / 10, look_up: true },
    Round { state: State::Open, size: 1, look_up: true },
];

/// A player whose turn it is.
struct Wanted {
    place: usize,
    record: Record,
}

pub struct Creating<'a> {
    pub session: &'a Session,
    pub call: Call,
    pub tags: &'a BTreeMap<String, String>,
    pub keys: &'a mut Keys,
    pub reasons: &'a mut Reasons,
    pub journal: &'a mut Journal,
    pub progress: Progress,
    /// Until when something that is open may still be on its way.
    pub settled_at: Option<Instant>,
    /// How long that is at most.
    pub settling: Duration,
    piece: Vec<Wanted>,
    bytes: usize,
    uncertain: u32,
}

/// What is to be done after a piece failed.
enum Verdict {
    /// Nothing more can be done.
    Stop,
    /// Surely nothing was created: again, after a while.
    Again(Duration),
    /// PayNow does not want one of them, or cannot be asked so much at once.
    Refused,
    /// Some may be created.
    Uncertain,
}

impl<'a> Creating<'a> {
    #[expect(clippy::too_many_arguments, reason = "what an import is made of")]
    pub fn new(
        session: &'a Session,
        call: Call,
        settling: Duration,
        tags: &'a BTreeMap<String, String>,
        keys: &'a mut Keys,
        reasons: &'a mut Reasons,
        journal: &'a mut Journal,
        progress: Progress,
    ) -> Self {
        Self {
            session,
            call,
            tags,
            keys,
            reasons,
            journal,
            progress,
            settled_at: None,
            settling,
            piece: Vec::new(),
            bytes: 0,
            uncertain: 0,
        }
    }

    /// Before a round: what is open may still be on its way.
    pub fn settle(&mut self, round: Round) -> Result<(), Failure> {
        self.keys.forget_met();
        if !round.look_up {
            return Ok(());
        }
        let left = self.settled_at.map(|at| at.saturating_duration_since(Instant::now()));
        if let Some(left) = left.filter(|left| !left.is_zero()) {
            self.progress.note(&format!(
                "Of some it is not known whether they were created; they are looked up in {} s.",
                left.as_secs() + 1
            ));
            if !interrupt::pause(left) {
                return Err(interrupted());
            }
        }
        Ok(())
    }

    /// Takes a player whose turn it is in this round.
    pub fn take(&mut self, round: Round, place: usize, record: Record) -> Result<(), Failure> {
        if self.keys.state(place) != round.state || !self.keys.meet(place) {
            return Ok(());
        }
        self.bytes += record.size();
        self.piece.push(Wanted { place, record });
        if self.piece.len() == round.size || self.bytes > LARGEST { self.flush(round) } else { Ok(()) }
    }

    /// Sends those who were taken.
    pub fn flush(&mut self, round: Round) -> Result<(), Failure> {
        let mut piece = std::mem::take(&mut self.piece);
        self.bytes = 0;
        if round.look_up {
            self.look_up(&mut piece)?;
        }
        if piece.is_empty() {
            return Ok(());
        }
        if interrupt::was_asked() {
            return Err(interrupted());
        }
        self.journal.begin(piece.iter().map(|wanted| self.keys.key(wanted.place)))?;
        for tries in 1.. {
            let ended = match self.send(&piece) {
                Ok(outcomes) => {
                    self.uncertain = 0;
                    return self.end(&piece, &outcomes);
                }
                Err(Failure::Request(ended)) => ended,
                Err(failure) => {
                    // It was not sent.
                    if matches!(failure, Failure::Interrupted(_) | Failure::Usage(_)) {
                        self.journal.undone()?;
                    }
                    return Err(failure);
                }
            };
            match verdict(&ended, tries) {
                Verdict::Again(wait) if tries < MOST_TRIES => {
                    self.progress.note(&format!(
                        "{}; trying again in {} s.",
                        ended.message(),
                        wait.as_secs().max(1)
                    ));
                    if !interrupt::pause(wait) {
                        self.journal.undone()?;
                        return Err(interrupted());
                    }
                }
                Verdict::Stop | Verdict::Again(_) => {
                    self.journal.undone()?;
                    return Err(Failure::Request(ended));
                }
                Verdict::Refused if piece.len() == 1 => return self.refused(&piece, &ended),
                Verdict::Refused => {
                    self.uncertain = 0;
                    return self.all_open(&piece);
                }
                Verdict::Uncertain => {
                    self.settled_at = Some(Instant::now() + self.settling);
                    self.all_open(&piece)?;
                    self.uncertain += 1;
                    if self.uncertain == MOST_UNCERTAIN {
                        return Err(Failure::Request(ended));
                    }
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn all_open(&mut self, piece: &[Wanted]) -> Result<(), Failure> {
        let outcomes: Vec<_> = piece.iter().map(|_| Outcome::Open).collect();
        self.end(piece, &outcomes)
    }

    /// Keeps what became of a piece.
    fn end(&mut self, piece: &[Wanted], outcomes: &[Outcome]) -> Result<(), Failure> {
        self.journal.end(outcomes)?;
        let mut done = 0;
        for (wanted, outcome) in piece.iter().zip(outcomes) {
            let (state, number) = match outcome {
                Outcome::Created(id) => (State::Created, *id),
                Outcome::Open => (State::Open, 0),
                Outcome::Refused(reason) => (State::Refused, self.reasons.number(reason)),
            };
            done += u64::from(state != State::Open);
            self.keys.set(wanted.place, state, number);
        }
        self.progress.add(done);
        Ok(())
    }

    /// PayNow refused one player by itself.
    fn refused(&mut self, piece: &[Wanted], ended: &Ended) -> Result<(), Failure> {
        self.uncertain = 0;
        if ended.status() == Status::Conflict {
            // Another program was first.
            let mut found = None;
            self.session.lookup_players(&[piece[0].record.player()], &self.call, |_, customer| {
                found = customer.ok().flatten().map(id_of);
            })?;
            if let Some(id) = found {
                self.journal.undone()?;
                self.keys.set(piece[0].place, State::Existed, id);
                self.progress.add(1);
                return Ok(());
            }
        }
        self.end(piece, &[Outcome::Refused(ended.message().to_owned())])
    }

    /// Looks each up, and takes those out of the piece of whom it is known then.
    fn look_up(&mut self, piece: &mut Vec<Wanted>) -> Result<(), Failure> {
        let mut became: Vec<Option<Outcome>> = piece.iter().map(|_| None).collect();
        let players: Vec<_> = piece.iter().map(|wanted| wanted.record.player()).collect();
        let looked = self.session.lookup_players(&players, &self.call, |place, found| {
            became[place] = match found {
                Ok(customer) => customer.map(|customer| Outcome::Created(id_of(customer))),
                Err(ended) => Some(Outcome::Refused(ended.message().to_owned())),
            };
        });
        drop(players);
        let found = piece.iter().zip(&became).filter_map(|(wanted, became)| match became {
            Some(Outcome::Created(id)) => Some((self.keys.key(wanted.place), *id)),
            _ => None,
        });
        self.journal.found(found)?;
        let mut became = became.into_iter();
        let (keys, reasons, progress) = (&mut *self.keys, &mut *self.reasons, &mut self.progress);
        piece.retain(|wanted| {
            let (state, number) = match became.next().flatten() {
                Some(Outcome::Created(id)) => (State::Created, id),
                Some(Outcome::Refused(reason)) => (State::Refused, reasons.number(&reason)),
                _ => return true,
            };
            keys.set(wanted.place, state, number);
            progress.add(1);
            false
        });
        looked
    }

    /// Sends a piece, and says what became of each of it.
    fn send(&self, piece: &[Wanted]) -> Result<Vec<Outcome>, Failure> {
        let mut texts = Vec::with_capacity(piece.len());
        for wanted in piece {
            let key = self.session.player_key(&wanted.record.player())?;
            texts.push(Fields::new(key, &wanted.record, self.tags));
        }
        let fields: Vec<CustomerFields<'_>> = texts.iter().map(Fields::borrowed).collect();
        if let [fields] = &fields[..] {
            return self.session.change(
                |client, _| client.create_customer(fields, &self.call),
                |done| {
                    let created = done.customer().map(id_of);
                    vec![created.map_or(Outcome::Open, Outcome::Created)]
                },
            );
        }
        let mut bulk = Bulk::new(&fields);
        self.session.change(
            |client, _| client.bulk_create_customers(&fields, &self.call),
            |done| {
                let became = bulk.accept(done.status(), done.sent(), done.customers());
                let outcome = |became| match became {
                    BulkOutcome::Created(place) => Outcome::Created(id_of(&done.customers()[place])),
                    BulkOutcome::Failed(_) | BulkOutcome::Unknown => Outcome::Open,
                };
                became.into_iter().map(outcome).collect()
            },
        )
    }
}

pub fn interrupted() -> Failure {
    Failure::Interrupted(String::new())
}

fn verdict(ended: &Ended, tries: u32) -> Verdict {
    // By the library's rule for a bulk.
    let one = [CustomerFields::default()];
    let became = Bulk::new(&one).accept(ended.status(), ended.sent(), &[]);
    match (became.first(), ended.status()) {
        (Some(BulkOutcome::Failed(_)), Status::Unauthorized | Status::Forbidden) => Verdict::Stop,
        (Some(BulkOutcome::Failed(_)), _) => {
            let wait = ended.retry_after().unwrap_or(Duration::from_secs(1 << tries.min(6)));
            Verdict::Again(wait.clamp(Duration::from_secs(1), LONGEST_WAIT))
        }
        (_, Status::NotFound | Status::Conflict | Status::Api) => Verdict::Refused,
        _ => Verdict::Uncertain,
    }
}
