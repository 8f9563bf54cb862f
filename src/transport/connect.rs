//! Connecting to whichever of a host's addresses answers first (RFC 8305).
//!
//! Addresses of both families are tried in turn, the one that worked last first. While one has not answered, the
//! next is tried beside it: a family that leads nowhere costs a quarter of a second once, and nothing after that.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::{Domain, Protocol, Socket, Type};

use super::interrupt::Interrupter;
use super::local;

/// How long an attempt stays alone ("Connection Attempt Delay").
const STAGGER: Duration = Duration::from_millis(250);
/// How often a wait looks whether it is still wanted, where shutting a socket down does not end it.
const SLICE: Duration = Duration::from_millis(50);

/// The address that worked last, for all connections of a client.
#[derive(Debug, Default)]
pub(super) struct Preferred(Mutex<Option<SocketAddr>>);

impl Preferred {
    pub(super) fn get(&self) -> Option<SocketAddr> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, address: SocketAddr) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(address);
    }
}

/// The order in which addresses are tried: the one that worked last, then the families in turn, beginning with the
/// family that did not work last, or with the one the resolver prefers.
pub(super) fn in_order(addresses: &[SocketAddr], preferred: Option<SocketAddr>) -> Vec<SocketAddr> {
    let mut ordered: Vec<_> = preferred.filter(|address| addresses.contains(address)).into_iter().collect();
    let rest = || addresses.iter().copied().filter(|address| Some(*address) != preferred);
    let first_is_v6 = match (ordered.first(), addresses.first()) {
        (Some(tried), _) => !tried.is_ipv6(),
        (None, first) => first.is_some_and(SocketAddr::is_ipv6),
    };
    let mut one = rest().filter(|address| address.is_ipv6() == first_is_v6);
    let mut other = rest().filter(|address| address.is_ipv6() != first_is_v6);
    loop {
        let pair = (one.next(), other.next());
        if pair == (None, None) {
            return ordered;
        }
        ordered.extend(pair.0);
        ordered.extend(pair.1);
    }
}

/// What connecting needs of the world.
trait Network {
    type Attempt;

    /// Time since some fixed moment.
    fn now(&self) -> Duration;

    /// Begins to connect to an address.
    fn begin(&mut self, address: SocketAddr) -> io::Result<Self::Attempt>;

    /// Waits until one of the attempts has ended, and says which and how; `None` when it is `until`. An error means
    /// that no request wants the connection any more.
    fn wait(
        &mut self,
        attempts: &[(SocketAddr, Self::Attempt)],
        until: Duration,
    ) -> io::Result<Option<(usize, io::Result<()>)>>;
}

/// Tries the addresses in the order given; the first that can be connected to wins.
fn race<N: Network>(
    network: &mut N,
    addresses: &[SocketAddr],
    patience: Duration,
) -> io::Result<(SocketAddr, N::Attempt)> {
    let deadline = network.now() + patience;
    let mut waiting = addresses.iter().copied().peekable();
    let mut running = Vec::new();
    let mut next_at = Duration::ZERO;
    let mut failure = None;
    loop {
        let now = network.now();
        if now >= deadline {
            let late = io::Error::new(io::ErrorKind::TimedOut, "no address answered in time");
            return Err(late);
        }
        if now >= next_at
            && let Some(address) = waiting.next()
        {
            match network.begin(address) {
                Ok(attempt) => {
                    running.push((address, attempt));
                    next_at = now + STAGGER;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
                Err(error) => note(&mut failure, error),
            }
            continue;
        }
        if running.is_empty() {
            let none = || io::Error::new(io::ErrorKind::AddrNotAvailable, "the host has no usable address");
            return Err(failure.unwrap_or_else(none));
        }
        let until = if waiting.peek().is_some() { next_at.min(deadline) } else { deadline };
        match network.wait(&running, until)? {
            Some((index, Ok(()))) => return Ok(running.swap_remove(index)),
            Some((index, Err(error))) => {
                running.swap_remove(index);
                note(&mut failure, error);
                // What is known to fail is waited for no longer.
                next_at = now;
            }
            None => {}
        }
    }
}

/// Keeps the failure that says most: the network's word counts for more than this machine's lack.
fn note(failure: &mut Option<io::Error>, error: io::Error) {
    let says_more = failure.as_ref().is_none_or(|known| local::lack(known).is_some());
    if says_more || local::lack(&error).is_none() {
        *failure = Some(error);
    }
}

/// Opens a blocking TCP connection to one of the addresses. Interrupting ends it at any time.
pub(super) fn connect(
    interrupter: &Interrupter,
    addresses: &[SocketAddr],
    patience: Duration,
) -> io::Result<(SocketAddr, Arc<Socket>)> {
    interrupter.detach();
    let mut sockets = Sockets { interrupter, begun: Instant::now() };
    let (address, socket) = race(&mut sockets, addresses, patience)?;
    // The others are closed with this.
    interrupter.detach();
    if !interrupter.attach(&socket) {
        return Err(io::Error::from(io::ErrorKind::Interrupted));
    }
    socket.set_nonblocking(false)?;
    socket.set_tcp_nodelay(true)?;
    Ok((address, socket))
}

struct Sockets<'a> {
    interrupter: &'a Interrupter,
    begun: Instant,
}

impl Network for Sockets<'_> {
    type Attempt = Arc<Socket>;

    fn now(&self) -> Duration {
        self.begun.elapsed()
    }

    fn begin(&mut self, address: SocketAddr) -> io::Result<Arc<Socket>> {
        let socket = Arc::new(open(Domain::for_address(address)).map_err(local::mark)?);
        socket.set_nonblocking(true)?;
        if !self.interrupter.attach(&socket) {
            return Err(io::Error::from(io::ErrorKind::Interrupted));
        }
        match socket.connect(&address.into()) {
            Ok(()) => Ok(socket),
            Err(error) if is_under_way(&error) => Ok(socket),
            Err(error) => Err(local::mark(error)),
        }
    }

    fn wait(
        &mut self,
        attempts: &[(SocketAddr, Arc<Socket>)],
        until: Duration,
    ) -> io::Result<Option<(usize, io::Result<()>)>> {
        let mut watched: Vec<_> =
            attempts.iter().map(|(_, socket)| PollFd::new(&**socket, PollFlags::OUT)).collect();
        loop {
            if self.interrupter.is_interrupted() {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            let Some(left) = until.checked_sub(self.now()).filter(|left| !left.is_zero()) else {
                return Ok(None);
            };
            let slice = Timespec::try_from(left.min(SLICE)).map_err(io::Error::other)?;
            match poll(&mut watched, Some(&slice)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(local::mark(error.into())),
            }
            if self.interrupter.is_interrupted() {
                continue;
            }
            let ended = watched.iter().position(|socket| !socket.revents().is_empty());
            if let Some(index) = ended {
                return Ok(Some((index, outcome(&attempts[index].1))));
            }
        }
    }
}

/// How an attempt ended.
fn outcome(socket: &Socket) -> io::Result<()> {
    match socket.take_error()? {
        Some(error) => Err(local::mark(error)),
        None => socket.peer_addr().map(|_| ()),
    }
}

#[cfg(unix)]
fn is_under_way(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR))
}

#[cfg(not(unix))]
fn is_under_way(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Opens a socket, closed on exec, that is none of the standard streams: a host that closed those may still print to
/// them.
#[cfg(unix)]
fn open(domain: Domain) -> io::Result<Socket> {
    use std::os::fd::AsRawFd;

    const FIRST: std::os::fd::RawFd = libc::STDERR_FILENO + 1;
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    if socket.as_raw_fd() >= FIRST {
        return Ok(socket);
    }
    Ok(rustix::io::fcntl_dupfd_cloexec(&socket, FIRST)?.into())
}

#[cfg(not(unix))]
fn open(domain: Domain) -> io::Result<Socket> {
    Socket::new(domain, Type::STREAM, Some(Protocol::TCP))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::net::TcpListener;

    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn v4(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 443))
    }

    fn v6(last: u16) -> SocketAddr {
        SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, last], 443))
    }

    /// What becomes of an attempt: how long after its begin it ends, and how. Addresses not named never answer.
    enum Fate {
        Answers(Duration),
        Fails(Duration, io::ErrorKind),
        CannotBegin(i32),
    }

    /// A network in which time passes only while it is waited for.
    #[derive(Default)]
    struct Simulated {
        now: Duration,
        fates: HashMap<SocketAddr, Fate>,
        begun: Vec<(SocketAddr, Duration)>,
        interrupted_at: Option<Duration>,
    }

    impl Simulated {
        fn with(fates: impl IntoIterator<Item = (SocketAddr, Fate)>) -> Self {
            Self { fates: fates.into_iter().collect(), ..Self::default() }
        }
    }

    impl Network for Simulated {
        type Attempt = Duration;

        fn now(&self) -> Duration {
            self.now
        }

        fn begin(&mut self, address: SocketAddr) -> io::Result<Duration> {
            self.begun.push((address, self.now));
            match self.fates.get(&address) {
                Some(Fate::CannotBegin(code)) => Err(local::mark(io::Error::from_raw_os_error(*code))),
                _ => Ok(self.now),
            }
        }

        fn wait(
            &mut self,
            attempts: &[(SocketAddr, Duration)],
            until: Duration,
        ) -> io::Result<Option<(usize, io::Result<()>)>> {
            let ends = attempts.iter().enumerate().filter_map(|(index, (address, begun))| {
                match self.fates.get(address)? {
                    Fate::Answers(after) => Some((*begun + *after, index, None)),
                    Fate::Fails(after, kind) => Some((*begun + *after, index, Some(*kind))),
                    Fate::CannotBegin(_) => None,
                }
            });
            let first = ends.min_by_key(|(at, ..)| *at).filter(|(at, ..)| *at <= until);
            let at = first.map_or(until, |(at, ..)| at);
            if let Some(interrupted) = self.interrupted_at.filter(|interrupted| *interrupted <= at) {
                self.now = interrupted;
                return Err(io::ErrorKind::Interrupted.into());
            }
            self.now = at.max(self.now);
            Ok(first.map(|(_, index, failed)| (index, failed.map_or(Ok(()), |kind| Err(kind.into())))))
        }
    }

    #[test]
    fn families_take_turns_and_what_worked_goes_first() {
        let addresses = [v6(1), v6(2), v6(3), v4(1), v4(2)];
        assert_eq!(in_order(&addresses, None), [v6(1), v4(1), v6(2), v4(2), v6(3)]);
        assert_eq!(in_order(&addresses, Some(v4(2))), [v4(2), v6(1), v4(1), v6(2), v6(3)]);
        assert_eq!(
            in_order(&addresses, Some(v4(9))),
            in_order(&addresses, None),
            "no longer an address of the host"
        );
        assert_eq!(in_order(&[v4(1), v6(1)], None), [v4(1), v6(1)]);
        assert!(in_order(&[], Some(v4(1))).is_empty());
    }

    #[test]
    fn a_black_hole_costs_one_stagger() {
        for holes in 1..=3 {
            let mut addresses: Vec<_> = (1..=holes).map(v6).collect();
            addresses.push(v4(1));
            let mut network = Simulated::with([(v4(1), Fate::Answers(20 * MS))]);
            let ordered = in_order(&addresses, None);
            let (winner, _) = race(&mut network, &ordered, 3_000 * MS).unwrap();
            assert_eq!((winner, network.now), (v4(1), STAGGER + 20 * MS), "{holes} black holes");
        }
        // A short patience is not halved away either.
        let mut network = Simulated::with([(v4(1), Fate::Answers(20 * MS))]);
        let ordered = in_order(&[v6(1), v6(2), v6(3), v4(1)], None);
        assert!(race(&mut network, &ordered, 300 * MS).is_ok());
    }

    #[test]
    fn a_slow_first_address_may_still_win() {
        let mut network =
            Simulated::with([(v6(1), Fate::Answers(300 * MS)), (v4(1), Fate::Answers(200 * MS))]);
        let (winner, begun) = race(&mut network, &[v6(1), v4(1)], 3_000 * MS).unwrap();
        assert_eq!((winner, begun, network.now), (v6(1), Duration::ZERO, 300 * MS));
        assert_eq!(network.begun, [(v6(1), Duration::ZERO), (v4(1), STAGGER)]);
    }

    #[test]
    fn what_fails_is_followed_at_once() {
        let refused = || Fate::Fails(5 * MS, io::ErrorKind::ConnectionRefused);
        let mut network = Simulated::with([
            (v6(1), refused()),
            (v4(1), Fate::CannotBegin(libc_code())),
            (v6(2), Fate::Answers(MS)),
        ]);
        let (winner, _) = race(&mut network, &[v6(1), v4(1), v6(2)], 3_000 * MS).unwrap();
        assert_eq!((winner, network.now), (v6(2), 6 * MS));
    }

    /// No descriptor left.
    fn libc_code() -> i32 {
        if cfg!(unix) { 24 } else { 10024 }
    }

    #[test]
    fn all_that_fails_is_one_failure() {
        let refused = || Fate::Fails(5 * MS, io::ErrorKind::ConnectionRefused);
        let mut network = Simulated::with([(v6(1), Fate::CannotBegin(libc_code())), (v4(1), refused())]);
        let error = race(&mut network, &[v6(1), v4(1)], 3_000 * MS).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "the network's word");
        let mut network = Simulated::with([(v4(1), refused()), (v6(1), Fate::CannotBegin(libc_code()))]);
        let error = race(&mut network, &[v4(1), v6(1)], 3_000 * MS).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused, "in whatever order");
        let mut network = Simulated::with([(v4(1), Fate::CannotBegin(libc_code()))]);
        let error = race(&mut network, &[v4(1)], 3_000 * MS).unwrap_err();
        assert!(local::lack(&error).is_some(), "{error}");
        let error = race(&mut Simulated::default(), &[], 3_000 * MS).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrNotAvailable);
    }

    #[test]
    fn patience_is_for_all_addresses_together() {
        let mut network = Simulated::default();
        let addresses: Vec<_> = (1..=16).map(v4).collect();
        let error = race(&mut network, &addresses, 1_000 * MS).unwrap_err();
        assert_eq!((error.kind(), network.now), (io::ErrorKind::TimedOut, 1_000 * MS));
        assert_eq!(network.begun.len(), 4);
    }

    #[test]
    fn interrupting_ends_it_at_any_time() {
        for at in [0, 100, 250, 400] {
            let mut network = Simulated { interrupted_at: Some(at * MS), ..Simulated::default() };
            let error = race(&mut network, &[v6(1), v4(1)], 3_000 * MS).unwrap_err();
            assert_eq!((error.kind(), network.now), (io::ErrorKind::Interrupted, at * MS));
        }
    }

    #[test]
    fn real_sockets_connect_and_block_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let there = listener.local_addr().unwrap();
        // Bound but not listening: refused.
        let silent = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        silent.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
        let refused = silent.local_addr().unwrap().as_socket().unwrap();
        let interrupter = Interrupter::default();
        interrupter.begin(1);
        let (winner, socket) = connect(&interrupter, &[refused, there], 60_000 * MS).unwrap();
        assert_eq!(winner, there);
        assert!(!socket.nonblocking().unwrap());
        let error = connect(&interrupter, &[refused], 60_000 * MS).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        interrupter.interrupt(1);
        let error = connect(&interrupter, &[there], 60_000 * MS).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
    }
}
