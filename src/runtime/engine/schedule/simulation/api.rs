//! The API as the simulation's exchanges meet it: customers with versions, a rate limit, and faults.

use std::time::Duration;

use fastrand::Rng;

use super::At;
use crate::operations::HttpRequest;

/// A customer of the simulated store. Version 0: does not exist yet; every write makes the next version.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Player {
    pub(super) version: u64,
    /// The version the client is known to have been told of.
    pub(super) known: u64,
}

/// What a request asks the API for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Look(usize),
    Create(usize),
    Update(usize),
    Mint(usize),
    List,
    Other,
}

/// How the API behaves towards every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Healthy,
    Hangs,
    Refuses,
    Fails,
    Html,
}

/// What becomes of one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Answer,
    /// Answered with a body that is much larger than most.
    Large,
    /// Never answered.
    Lost,
    Reset,
    Refused,
    Status(u16),
    Html,
    /// A kept connection had died.
    Dead,
    /// This machine lacked something.
    Local,
}

impl How {
    /// Whether the API is to blame for it.
    pub(super) fn is_outage(self) -> bool {
        match self {
            Self::Lost | Self::Reset | Self::Refused | Self::Html => true,
            Self::Status(status) => status >= 500,
            Self::Answer | Self::Large | Self::Dead | Self::Local => false,
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Fate {
    pub(super) how: How,
    /// When the API acts on it, if it does, and when the exchange ends by itself, if it does.
    pub(super) handled: Option<Duration>,
    pub(super) ends: Option<Duration>,
}

/// The chance of each fault, for every exchange.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Faults {
    pub(super) lost: f64,
    pub(super) reset: f64,
    pub(super) server: f64,
    pub(super) html: f64,
    pub(super) dead: f64,
    pub(super) local: f64,
    pub(super) large: f64,
}

/// A token bucket.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bucket {
    pub(super) per_second: f64,
    pub(super) burst: f64,
    tokens: f64,
    filled: At,
}

impl Bucket {
    pub(super) fn new(per_second: f64, burst: f64) -> Self {
        Self { per_second, burst, tokens: burst, filled: At::ZERO }
    }

    /// Takes one. False when that was too much.
    pub(super) fn take(&mut self, now: At) -> bool {
        let passed = (now - self.filled).as_secs_f64();
        self.filled = now;
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst);
        let enough = self.tokens >= 1.0 - 1e-6;
        if enough {
            self.tokens -= 1.0;
        }
        enough
    }
}

/// An answer, ready to be sent.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) retry_after: Option<u64>,
    /// Which version of which customer a write made.
    pub(super) made: Option<(usize, u64)>,
}

pub(super) struct Api {
    pub(super) players: Vec<Player>,
    pub(super) mode: Mode,
    pub(super) faults: Faults,
    pub(super) latency: Duration,
    pub(super) limit: Option<Bucket>,
    pub(super) says_retry_after: bool,
    /// The next so many exchanges are lost.
    pub(super) lose_next: u32,
    pub(super) large: usize,
}

/// The id of the first customer; the others' follow.
const FIRST_ID: usize = 1_000;

pub(super) fn id_of(player: usize) -> String {
    (FIRST_ID + player).to_string()
}

pub(super) fn name_of(player: usize) -> String {
    format!("n{player}")
}

impl Api {
    pub(super) fn new(players: usize, latency: Duration) -> Self {
        Self {
            players: vec![Player { version: 1, known: 0 }; players],
            mode: Mode::Healthy,
            faults: Faults::default(),
            latency,
            limit: None,
            says_retry_after: true,
            lose_next: 0,
            large: 20_000,
        }
    }

    /// What a request that is sent asks for.
    pub(super) fn read(request: &HttpRequest) -> Call {
        let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let number = |text: &str| text.parse::<usize>().ok();
        if let Some(name) = query.strip_prefix("name=n") {
            return number(name).map_or(Call::Other, Call::Look);
        }
        let Some((_, customer)) = path.split_once("/customers") else { return Call::Other };
        let mut parts = customer.split('/').skip(1);
        let player = parts.next().and_then(number).map(|id| id - FIRST_ID);
        match (request.method, player, parts.next()) {
            ("POST", Some(player), Some("tokens")) => Call::Mint(player),
            ("PATCH", Some(player), None) => Call::Update(player),
            ("GET", Some(player), None) => Call::Look(player),
            ("GET", None, None) => Call::List,
            ("POST", None, None) => {
                let body = request.body.as_ref().map(|body| String::from_utf8_lossy(body).into_owned());
                let name = body.as_deref().and_then(|body| body.split("\"name\":\"n").nth(1));
                let player = name.and_then(|name| number(name.split('"').next()?));
                player.map_or(Call::Other, Call::Create)
            }
            _ => Call::Other,
        }
    }

    /// What becomes of an exchange that begins.
    pub(super) fn draw(&mut self, random: &mut Rng) -> Fate {
        // Some answers take much longer than most.
        let latency = self.latency.mul_f64(0.5 - (1.0 - random.f64()).max(1e-3).ln() / 2.0);
        let soon = Duration::from_micros(random.u64(50..2_000));
        let mut how = match self.mode {
            Mode::Healthy => How::Answer,
            Mode::Hangs => How::Lost,
            Mode::Refuses => How::Refused,
            Mode::Fails => How::Status(503),
            Mode::Html => How::Html,
        };
        if how == How::Answer {
            let faults = self.faults;
            let mut draw = random.f64();
            for (chance, fault) in [
                (faults.lost, How::Lost),
                (faults.reset, How::Reset),
                (faults.server, How::Status(if random.bool() { 500 } else { 503 })),
                (faults.html, How::Html),
                (faults.dead, How::Dead),
                (faults.local, How::Local),
                (faults.large, How::Large),
            ] {
                if draw < chance {
                    how = fault;
                    break;
                }
                draw -= chance;
            }
        }
        if self.lose_next > 0 {
            self.lose_next -= 1;
            how = How::Lost;
        }
        let acted = random.bool();
        match how {
            How::Answer | How::Large => Fate { how, handled: Some(latency / 2), ends: Some(latency) },
            How::Status(_) | How::Html => {
                Fate { how, handled: acted.then_some(latency / 2), ends: Some(latency) }
            }
            How::Lost => Fate { how, handled: acted.then_some(latency), ends: None },
            How::Reset => Fate { how, handled: acted.then_some(latency / 2), ends: Some(latency) },
            How::Refused | How::Dead | How::Local => Fate { how, handled: None, ends: Some(soon) },
        }
    }

    /// Acts on a request.
    pub(super) fn handle(&mut self, call: Call, how: How, now: At) -> Response {
        let says_retry_after = self.says_retry_after;
        if let Some(limit) = &mut self.limit
            && !limit.take(now)
        {
            let body = error(429, "too many requests");
            return Response { status: 429, body, retry_after: says_retry_after.then_some(1), made: None };
        }
        let mut made = None;
        let (status, mut body) = match call {
            Call::Look(player) => match self.players.get(player) {
                Some(found) if found.version > 0 => (200, self.customer(player, how)),
                _ => (404, error(404, "no such customer")),
            },
            Call::Create(player) => {
                let created = &mut self.players[player];
                if created.version == 0 {
                    created.version = 1;
                    made = Some((player, 1));
                    (201, self.customer(player, how))
                } else {
                    (409, error(409, "exists"))
                }
            }
            Call::Update(player) => {
                let updated = &mut self.players[player];
                if updated.version > 0 {
                    updated.version += 1;
                    made = Some((player, updated.version));
                    (200, self.customer(player, how))
                } else {
                    (404, error(404, "no such customer"))
                }
            }
            Call::Mint(player) if self.players[player].version > 0 => {
                (200, format!(r#"{{"token":"token{player}"}}"#))
            }
            Call::Mint(_) => (404, error(404, "no such customer")),
            Call::List => (200, format!("[{}]", self.customer(0, how))),
            Call::Other => (200, "{}".to_owned()),
        };
        let status = match how {
            How::Status(status) => {
                body = error(status, "failed");
                status
            }
            How::Html => {
                body = "<html>Bad gateway</html>".to_owned();
                502
            }
            _ => status,
        };
        let retry_after =
            (status == 503 && says_retry_after && now.as_millis().is_multiple_of(7)).then_some(2);
        Response { status, body, retry_after, made }
    }

    fn customer(&self, player: usize, how: How) -> String {
        let padding = if how == How::Large { "x".repeat(self.large) } else { String::new() };
        written(player, self.players[player].version, &padding)
    }
}

/// A customer as the API writes it.
pub(super) fn written(player: usize, version: u64, padding: &str) -> String {
    let id = id_of(player);
    format!(r#"{{"id":"{id}","name":"n{player}","metadata":{{"a":"{version}","z":"{padding}"}}}}"#)
}

/// What an answer says without one of its own: failed before the API acted on it.
pub(super) fn error(status: u16, message: &str) -> String {
    format!(r#"{{"status":{status},"code":"simulated","message":"{message}"}}"#)
}
