//! A server that answers as Redis would, except where a test says otherwise.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crate::threads;

/// One connection to the server.
pub(super) struct Peer {
    /// How many connections came before it.
    pub(super) number: usize,
    stream: TcpStream,
}

impl Peer {
    pub(super) fn write(&mut self, bytes: &[u8]) {
        // The other side may be gone.
        let _ = self.stream.write_all(bytes);
    }

    /// Answers as a Redis would that has nothing stored.
    pub(super) fn usual(&mut self, command: &[Vec<u8>]) {
        self.answer(command, "master");
    }

    /// The same, as a master or a replica.
    pub(super) fn answer(&mut self, command: &[Vec<u8>], role: &str) {
        let answer = match &*command[0] {
            b"HELLO" => format!(
                "%4\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n\
                 $4\r\nrole\r\n${}\r\n{role}\r\n",
                role.len()
            ),
            b"SUBSCRIBE" => {
                let channel = String::from_utf8_lossy(&command[1]).into_owned();
                format!(">3\r\n$9\r\nsubscribe\r\n${}\r\n{channel}\r\n:1\r\n", channel.len())
            }
            b"EXISTS" => ":0\r\n".to_owned(),
            b"PING" => "+PONG\r\n".to_owned(),
            b"ECHO" => {
                let word = String::from_utf8_lossy(&command[1]).into_owned();
                format!("${}\r\n{word}\r\n", word.len())
            }
            _ => "+OK\r\n".to_owned(),
        };
        self.write(answer.as_bytes());
    }
}

type Answer = dyn Fn(&mut Peer, &[Vec<u8>]) -> bool + Send + Sync;

/// A server on loopback. Its threads end with the process.
pub(super) struct Fake {
    pub(super) port: u16,
    accepted: Arc<AtomicUsize>,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Fake {
    /// `answer` is told of each command; when it returns false the connection is closed.
    pub(super) fn start(answer: impl Fn(&mut Peer, &[Vec<u8>]) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepted = Arc::<AtomicUsize>::default();
        let streams = Arc::<Mutex<Vec<TcpStream>>>::default();
        let (counted, kept) = (Arc::clone(&accepted), Arc::clone(&streams));
        let answer: Arc<Answer> = Arc::new(answer);
        threads::spawn("test", move || {
            for stream in listener.incoming().flatten() {
                kept.lock().unwrap().push(stream.try_clone().unwrap());
                let number = counted.fetch_add(1, Ordering::SeqCst);
                let answer = Arc::clone(&answer);
                threads::spawn("test", move || serve(stream, number, &*answer)).unwrap();
            }
        })
        .unwrap();
        Self { port, accepted, streams }
    }

    /// How many connections came.
    pub(super) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }

    /// Sends this over every connection there is, asked or not.
    pub(super) fn send_to_all(&self, bytes: &[u8]) {
        for mut stream in &*self.streams.lock().unwrap() {
            let _ = stream.write_all(bytes);
        }
    }

    /// Cuts every connection there is.
    pub(super) fn cut_all(&self) {
        for stream in self.streams.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn serve(stream: TcpStream, number: usize, answer: &Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut peer = Peer { number, stream };
    while let Some(command) = read(&mut reader) {
        if !answer(&mut peer, &command) {
            break;
        }
    }
    let _ = peer.stream.shutdown(Shutdown::Both);
}

/// One command; `None` when the other side has closed.
fn read(reader: &mut BufReader<TcpStream>) -> Option<Vec<Vec<u8>>> {
    let mut number = |mark: &str| -> Option<usize> {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        line.trim_end().strip_prefix(mark)?.parse().ok()
    };
    let count = number("*")?;
    let mut words = Vec::new();
    for _ in 0..count {
        let length = {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            line.trim_end().strip_prefix('$')?.parse::<usize>().ok()?
        };
        let mut word = vec![0; length + 2];
        reader.read_exact(&mut word).ok()?;
        word.truncate(length);
        words.push(word);
    }
    Some(words)
}
