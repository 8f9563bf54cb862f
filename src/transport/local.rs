//! Failures of this machine: what it lacks says nothing about the API.

use std::fmt;
use std::io;

/// What this machine lacks, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lack(&'static str);

impl fmt::Display for Lack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl std::error::Error for Lack {}

const DESCRIPTORS: Lack = Lack(
    "this process has no file descriptor left: find out what keeps so many open, or raise the limit (ulimit -n)",
);
const ALL_DESCRIPTORS: Lack =
    Lack("this machine has no file descriptor left: raise the limit of the system (fs.file-max)");
const MEMORY: Lack = Lack("this machine has no memory left for it: free some");
const PERMISSION: Lack = Lack(
    "this machine does not let this process open connections: check its firewall, container or security policy",
);
const PORTS: Lack = Lack(
    "this machine has no free port or address to connect from: close connections, or widen the range of local ports \
     (net.ipv4.ip_local_port_range)",
);
const THREADS: Lack =
    Lack("this machine starts no more threads: raise the limit of threads (ulimit -u, or pids.max)");

/// Whether an error of a socket in use means lack: whatever the socket was doing.
fn while_talking(code: i32) -> Option<Lack> {
    Some(match code {
        codes::PROCESS_DESCRIPTORS => DESCRIPTORS,
        codes::SYSTEM_DESCRIPTORS => ALL_DESCRIPTORS,
        codes::BUFFERS | codes::MEMORY => MEMORY,
        _ => return None,
    })
}

/// The same while a socket is made or connected, where more errors are this machine's own.
fn while_connecting(code: i32) -> Option<Lack> {
    while_talking(code).or(match code {
        codes::ACCESS | codes::NOT_PERMITTED => Some(PERMISSION),
        codes::NO_LOCAL_ADDRESS => Some(PORTS),
        _ => None,
    })
}

#[cfg(unix)]
mod codes {
    pub(super) const PROCESS_DESCRIPTORS: i32 = libc::EMFILE;
    pub(super) const SYSTEM_DESCRIPTORS: i32 = libc::ENFILE;
    pub(super) const BUFFERS: i32 = libc::ENOBUFS;
    pub(super) const MEMORY: i32 = libc::ENOMEM;
    pub(super) const ACCESS: i32 = libc::EACCES;
    pub(super) const NOT_PERMITTED: i32 = libc::EPERM;
    pub(super) const NO_LOCAL_ADDRESS: i32 = libc::EADDRNOTAVAIL;
}

#[cfg(not(unix))]
mod codes {
    pub(super) const PROCESS_DESCRIPTORS: i32 = 10024; // WSAEMFILE
    pub(super) const SYSTEM_DESCRIPTORS: i32 = 4; // ERROR_TOO_MANY_OPEN_FILES
    pub(super) const BUFFERS: i32 = 10055; // WSAENOBUFS
    pub(super) const MEMORY: i32 = 8; // ERROR_NOT_ENOUGH_MEMORY
    pub(super) const ACCESS: i32 = 10013; // WSAEACCES
    pub(super) const NOT_PERMITTED: i32 = 5; // ERROR_ACCESS_DENIED
    pub(super) const NO_LOCAL_ADDRESS: i32 = 10048; // WSAEADDRINUSE: the ports have run out
}

/// Marks an error from making or connecting a socket as lack, if it is one.
pub(super) fn mark(error: io::Error) -> io::Error {
    match error.raw_os_error().and_then(while_connecting) {
        Some(lack) => io::Error::new(error.kind(), lack),
        None => error,
    }
}

/// Marks the error of a thread that could not be started.
pub(super) fn no_thread(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), THREADS)
}

/// What the machine lacks, if that is what the error says.
pub(super) fn lack(error: &io::Error) -> Option<Lack> {
    match error.get_ref() {
        Some(inner) => {
            inner.downcast_ref::<Lack>().copied().or_else(|| inner.downcast_ref::<io::Error>().and_then(lack))
        }
        None => error.raw_os_error().and_then(while_talking),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn lack_is_told_from_what_the_network_says() {
        let raw = io::Error::from_raw_os_error;
        for code in [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM] {
            assert!(lack(&raw(code)).is_some(), "{code}");
            assert!(lack(&mark(raw(code))).is_some(), "{code}");
            assert!(lack(&io::Error::other(raw(code))).is_some(), "{code}, wrapped");
        }
        for code in [libc::EACCES, libc::EPERM, libc::EADDRNOTAVAIL] {
            assert!(lack(&mark(raw(code))).is_some(), "{code}");
            assert!(lack(&raw(code)).is_none(), "{code} on an established connection");
        }
        for code in [libc::ECONNREFUSED, libc::ETIMEDOUT, libc::ENETUNREACH, libc::EHOSTUNREACH] {
            assert!(lack(&mark(raw(code))).is_none(), "{code}");
        }
        assert!(mark(raw(libc::EMFILE)).to_string().contains("ulimit -n"));
        assert!(lack(&no_thread(&raw(libc::EAGAIN))).unwrap().to_string().contains("thread"));
    }
}
