//! The link over real sockets: against a server that does what a test tells it, and against real ones.

mod fake;
mod hostile;
mod servers;

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded as channel};

use super::*;
use crate::network::settings::Address;

/// Longer than anything a test waits for takes.
const FOREVER: Duration = Duration::from_secs(60);

/// What the events of a link were told.
#[derive(Debug, PartialEq)]
enum Told {
    Up,
    Down(String),
    Push(Vec<u8>, Vec<u8>),
    Tick,
    Answered(u32, Result<Vec<Reply>, LinkError>),
}

struct Teller(Sender<Told>);

impl LinkEvents for Teller {
    fn up(&self) {
        let _ = self.0.send(Told::Up);
    }

    fn down(&self, why: &str) {
        let _ = self.0.send(Told::Down(why.to_owned()));
    }

    fn push(&self, channel: &[u8], payload: &[u8]) {
        let _ = self.0.send(Told::Push(channel.to_vec(), payload.to_vec()));
    }

    fn tick(&self) {
        let _ = self.0.send(Told::Tick);
    }

    fn answered(&self, tag: u32, answer: Result<Vec<Reply>, LinkError>) {
        let _ = self.0.send(Told::Answered(tag, answer));
    }
}

/// A link, and what its events were told.
struct Tested {
    link: Link,
    told: Receiver<Told>,
}

fn settings(ports: &[u16]) -> LinkSettings {
    LinkSettings {
        addresses: ports.iter().map(|&port| Address { host: "127.0.0.1".to_owned(), port }).collect(),
        tls: None,
        user: None,
        password: None,
        database: 0,
        sentinel_name: None,
        // Long enough on a machine that is busy with other tests.
        timeout: Duration::from_secs(1),
        probe: b"paynowbridge:{1}:probe".to_vec(),
        channels: vec![b"paynowbridge:{1}:changes".to_vec()],
    }
}

impl Tested {
    fn start(settings: LinkSettings) -> Self {
        let (teller, told) = channel();
        Self { link: Link::start(settings, Box::new(Teller(teller))).unwrap(), told }
    }

    /// Starts it, and waits until it is up.
    #[track_caller]
    fn up(settings: LinkSettings) -> Self {
        let tested = Self::start(settings);
        tested.until_up();
        tested
    }

    /// What is told next, other than that time passes.
    #[track_caller]
    fn next(&self) -> Told {
        loop {
            match self.told.recv_timeout(FOREVER).expect("something is told") {
                Told::Tick => {}
                told => return told,
            }
        }
    }

    #[track_caller]
    fn next_is_down(&self) -> String {
        match self.next() {
            Told::Down(why) => why,
            other => panic!("expected that it is down, not {other:?}"),
        }
    }

    /// Waits until it is up, whatever else is told before.
    #[track_caller]
    fn until_up(&self) {
        while self.next() != Told::Up {}
    }

    #[track_caller]
    fn ask(&self, command: &[&[u8]]) -> Reply {
        match self.try_ask(command) {
            Ok(reply) => reply,
            Err(error) => {
                panic!("{:?}: {error}, {:?}", String::from_utf8_lossy(command[0]), self.link.state())
            }
        }
    }

    fn try_ask(&self, command: &[&[u8]]) -> Result<Reply, LinkError> {
        self.link.call(&Commands::new().add(command), FOREVER).map(|mut replies| replies.remove(0))
    }

    fn error_kind(&self, command: &[&[u8]]) -> Option<ReplyErrorKind> {
        self.ask(command).error().map(|error| error.kind)
    }
}

fn simple(text: &str) -> Reply {
    Reply::Simple(text.as_bytes().to_vec())
}

fn bulk(text: &str) -> Reply {
    Reply::Bulk(text.as_bytes().to_vec())
}
