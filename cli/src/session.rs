//! A client of the library, asked one thing at a time.

use std::time::Duration;

use paynow_bridge::{
    Call, Client, ClientBuilder, Completion, Customer, InvalidArgument, LookupKey, Player, PlayerKey,
    RequestId, Stats, Status, SubmitError,
};

use crate::exit::{Ended, Failure};
use crate::interrupt;

/// How many are looked up at a time: fewer than a client's requests, and more than its workers.
const AT_ONCE: usize = 16;

/// A client, and how long each request may take.
pub struct Session {
    client: Client,
}

impl Session {
    pub fn open(builder: ClientBuilder) -> Result<Self, Failure> {
        Ok(Self { client: builder.build()? })
    }

    pub fn stats(&self) -> Stats {
        self.client.stats()
    }

    /// Asks something that changes nothing.
    pub fn read<T>(
        &self,
        submit: impl FnOnce(&Client, &Call) -> Result<RequestId, SubmitError>,
        read: impl FnOnce(&Completion<'_>) -> T,
    ) -> Result<T, Failure> {
        self.ask(false, submit, read)
    }

    /// Asks for a change.
    pub fn change<T>(
        &self,
        submit: impl FnOnce(&Client, &Call) -> Result<RequestId, SubmitError>,
        read: impl FnOnce(&Completion<'_>) -> T,
    ) -> Result<T, Failure> {
        self.ask(true, submit, read)
    }

    fn ask<T>(
        &self,
        changes: bool,
        submit: impl FnOnce(&Client, &Call) -> Result<RequestId, SubmitError>,
        read: impl FnOnce(&Completion<'_>) -> T,
    ) -> Result<T, Failure> {
        if interrupt::was_asked() {
            return Err(Failure::Interrupted("Interrupted before anything was asked.".to_owned()));
        }
        let request = submit(&self.client, &Call::default())?;
        let mut was_cancelled = false;
        loop {
            let next = self.client.next(interrupt::STEP);
            let Some(completion) = next.map_err(|error| Failure::Machine(error.to_string()))? else {
                // A change that is under way is better awaited: its deadline is near, and cancelling would leave it unknown.
                if !changes && interrupt::was_asked() && !was_cancelled {
                    was_cancelled = self.client.cancel(request);
                }
                continue;
            };
            return match completion.status() {
                Status::Ok => Ok(read(&completion)),
                Status::Cancelled => {
                    Err(Failure::Interrupted("Interrupted. Nothing was changed.".to_owned()))
                }
                status => {
                    debug_assert!(status != Status::Shutdown && completion.id() == request);
                    Err(Failure::Request(Box::new(Ended::new(&completion, changes))))
                }
            };
        }
    }

    /// The customer with this key.
    pub fn lookup(&self, key: LookupKey<'_>) -> Result<Option<Customer>, Failure> {
        self.read(|client, call| client.lookup_customer(key, call), |done| done.customer().cloned())
    }

    /// The customer with this id.
    pub fn get(&self, id: &str) -> Result<Option<Customer>, Failure> {
        self.read(|client, call| client.get_customer(id, call), |done| done.customer().cloned())
    }

    /// What a player is known by.
    pub fn player_key<'a>(&self, player: &Player<'a>) -> Result<PlayerKey<'a>, InvalidArgument> {
        self.client.player_key(player)
    }

    /// Looks players up, several at a time. The answers come in any order, each with the place of its player; those to a
    /// player that PayNow does not want to hear of say why.
    pub fn lookup_players(
        &self,
        players: &[Player<'_>],
        call: &Call,
        mut answer: impl FnMut(usize, Result<Option<&Customer>, &Ended>),
    ) -> Result<(), Failure> {
        let mut waiting = players.iter().enumerate();
        let mut under_way = 0;
        let mut failed = None;
        loop {
            while failed.is_none() && under_way < AT_ONCE {
                if interrupt::was_asked() {
                    failed = Some(Failure::Interrupted("Interrupted. Nothing was changed.".to_owned()));
                    break;
                }
                let Some((place, player)) = waiting.next() else { break };
                match self.client.lookup_player(player, &Call { tag: place as u64, ..*call }) {
                    Ok(_) => under_way += 1,
                    Err(error) => failed = Some(error.into()),
                }
            }
            if under_way == 0 {
                return failed.map_or(Ok(()), Err);
            }
            let next = self.client.next(interrupt::STEP);
            let Some(done) = next.map_err(|error| Failure::Machine(error.to_string()))? else { continue };
            under_way -= 1;
            let place = usize::try_from(done.tag()).unwrap_or(usize::MAX);
            match done.status() {
                Status::Ok => answer(place, Ok(done.customer())),
                Status::Api => answer(place, Err(&Ended::new(&done, false))),
                _ => failed = Some(Failure::Request(Box::new(Ended::new(&done, false)))),
            }
        }
    }

    /// What the library had to say.
    pub fn log(&self) -> Vec<String> {
        let mut lines = Vec::new();
        self.client.deliver_log(|line| lines.push(format!("{:?}: {}", line.level, line.text)));
        lines
    }

    /// Waits until something is so, for as long as that.
    pub fn wait_until(&self, time: Duration, is_so: impl Fn(&Stats) -> bool) -> bool {
        let until = std::time::Instant::now() + time;
        loop {
            if is_so(&self.client.stats()) {
                return true;
            }
            if std::time::Instant::now() >= until || !interrupt::pause(Duration::from_millis(10)) {
                return false;
            }
        }
    }
}
