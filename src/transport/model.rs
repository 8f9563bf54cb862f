//! "None is opened while one is idle", and "who is interrupted is whom it is meant for", in every order the steps of the
//! threads can take. Run by `tests/verify/loom.sh`.

use std::mem::MaybeUninit;
use std::sync::Arc;

use loom::thread;
use socket2::{Domain, SockRef, Socket, Type};

use super::interrupt::Interrupter;
use super::pool::{Idle, Place, Pool, Taken};
use crate::sync::{AtomicBool, AtomicUsize, Ordering, explore};

/// A real socket: whether it was shut down can be seen.
struct Fake {
    socket: Arc<Socket>,
    _peer: Arc<Socket>,
    _place: Place,
}

impl Fake {
    fn new(place: Place) -> Self {
        let (socket, peer) = Socket::pair(Domain::UNIX, Type::STREAM, None).unwrap();
        Self { socket: Arc::new(socket), _peer: Arc::new(peer), _place: place }
    }
}

impl Idle for Fake {
    fn is_open(&mut self) -> bool {
        let mut byte = [MaybeUninit::<u8>::uninit()];
        let seen =
            SockRef::from(&*self.socket).recv_with_flags(&mut byte, libc::MSG_PEEK | libc::MSG_DONTWAIT);
        matches!(seen, Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    }
}

/// One worker's exchange, as `lending.rs` does it: takes a connection or opens one, works, and puts it back. Says whether
/// the connection was cut under it.
fn exchange(pool: &Pool<Fake>, interrupter: &Interrupter, call: u64, opened: &AtomicUsize) -> bool {
    interrupter.begin(call);
    let mut wire = match pool.take(|| false) {
        Taken::Idle(kept) => kept.wire,
        Taken::Open(place) => {
            opened.fetch_add(1, Ordering::Relaxed);
            Fake::new(place)
        }
    };
    let may_begin = interrupter.attach(&wire.socket);
    let is_cut = !wire.is_open();
    interrupter.detach();
    if may_begin && !is_cut {
        pool.put(wire);
    }
    interrupter.end();
    is_cut
}

#[test]
fn an_interruption_reaches_the_worker_it_is_meant_for_and_no_connection_it_gave_back() {
    explore("interrupted while another takes the connection", 3, || {
        let pool = Arc::new(Pool::default());
        let opened = Arc::new(AtomicUsize::new(0));
        let (first, second) = (Arc::new(Interrupter::default()), Arc::new(Interrupter::default()));
        assert!(!exchange(&pool, &first, 1, &opened));
        let timer = {
            let first = Arc::clone(&first);
            thread::spawn(move || first.interrupt(2))
        };
        let other = {
            let (pool, second, opened) = (Arc::clone(&pool), Arc::clone(&second), Arc::clone(&opened));
            thread::spawn(move || exchange(&pool, &second, 3, &opened))
        };
        exchange(&pool, &first, 2, &opened);
        timer.join().unwrap();
        assert!(!other.join().unwrap(), "cut by an interruption that was meant for another");
        assert!(!second.is_interrupted());
    });
}

#[test]
fn none_is_opened_while_one_is_idle() {
    explore("taken while another is put back", 3, || {
        let pool = Arc::new(Pool::default());
        let opened = Arc::new(AtomicUsize::new(0));
        let answered = Arc::new(AtomicBool::new(false));
        let other = {
            let (pool, opened, answered) = (Arc::clone(&pool), Arc::clone(&opened), Arc::clone(&answered));
            thread::spawn(move || {
                exchange(&pool, &Interrupter::default(), 1, &opened);
                answered.store(true, Ordering::Release);
            })
        };
        let is_after = answered.load(Ordering::Acquire);
        exchange(&pool, &Interrupter::default(), 2, &opened);
        other.join().unwrap();
        let opened = opened.load(Ordering::Relaxed);
        assert!(opened == 1 || opened == 2 && !is_after, "one was opened though one was idle");
        assert_eq!(
            (pool.open() as usize, pool.idle() as usize),
            (opened, opened),
            "one is lost, or is there twice"
        );
    });
}
