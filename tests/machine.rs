//! What a client makes of the machine it runs on: descriptors that have run out, standard streams that are closed, an
//! environment that changes. One test, because all of it is the whole process's.

#![cfg(target_os = "linux")]

mod support;

use std::ffi::{CStr, c_char};
use std::fs::File;
use std::sync::{Mutex, OnceLock};
use std::thread::ThreadId;
use std::time::Instant;

use paynow_bridge::{Call, Client, LogLevel, LookupKey, Status};
use support::{FOREVER, Sandbox};

/// Which thread asked for which variable.
static ASKED: Mutex<Vec<(ThreadId, String)>> = Mutex::new(Vec::new());

type Getenv = unsafe extern "C" fn(*const c_char) -> *mut c_char;

/// Replaces the C library's own for everything in this process that is linked with it.
///
/// # Safety
///
/// As for `getenv`: the name ends in NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn getenv(name: *const c_char) -> *mut c_char {
    static REAL: OnceLock<Getenv> = OnceLock::new();
    let real = REAL.get_or_init(|| {
        // SAFETY: the name ends in NUL, and what it names in the C library is a function of this type.
        unsafe {
            let found = libc::dlsym(libc::RTLD_NEXT, c"getenv".as_ptr());
            assert!(!found.is_null());
            std::mem::transmute::<*mut libc::c_void, Getenv>(found)
        }
    });
    // SAFETY: the caller's promise.
    let asked = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
    if let Ok(mut all) = ASKED.lock() {
        all.push((std::thread::current().id(), asked));
    }
    // SAFETY: the caller's promise.
    unsafe { real(name) }
}

/// Looks a player up: how it ended, and what is said about it.
fn look_up(client: &Client) -> (Status, String) {
    client.lookup_customer(LookupKey::Name("a"), &Call::default()).unwrap();
    let completion = client.next(FOREVER).unwrap().unwrap();
    (completion.status(), completion.message().unwrap_or_default().to_owned())
}

/// Keeps every descriptor there is until the value is dropped.
fn take_all_descriptors() -> Vec<File> {
    let limit = libc::rlimit { rlim_cur: 64, rlim_max: 64 };
    // SAFETY: the limit is a valid one, and only read.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) }, 0);
    let mut taken = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        taken.push(file);
    }
    taken
}

#[test]
fn what_is_this_machines_own() {
    let sandbox = Sandbox::start();
    let here = std::thread::current().id();
    // What the test's own runner asked for.
    ASKED.lock().unwrap().clear();

    // A closed standard stream stays closed, whatever connects: what a host prints must not go to the API.
    // SAFETY: nothing in this process reads its standard input.
    assert_eq!(unsafe { libc::close(0) }, 0);
    let client = sandbox.builder().max_attempts(1).build().unwrap();
    assert_eq!(look_up(&client).0, Status::Ok);
    assert!(std::fs::read_link("/proc/self/fd/0").is_err(), "a kept connection is the standard input");
    drop(client);

    // Only the thread that makes a client looks at the environment: any other may meet a host that changes it.
    let asked = std::mem::take(&mut *ASKED.lock().unwrap());
    assert!(asked.iter().any(|(thread, name)| *thread == here && name == "SSL_CERT_FILE"), "{asked:?}");
    let secure = Client::builder("1").api_key("k").api_base("https://127.0.0.1:9").max_attempts(1);
    assert_eq!(look_up(&secure.build().unwrap()).0, Status::Connect);
    let elsewhere: Vec<_> = asked
        .into_iter()
        .chain(std::mem::take(&mut *ASKED.lock().unwrap()))
        .filter(|(thread, _)| *thread != here)
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");

    // A descriptor that lacks is said to lack, and does no harm once there are some again.
    let builder = sandbox.builder().max_attempts(1).circuit_threshold(1).log_level(LogLevel::Warn);
    // A connection opened ahead would need no descriptor later.
    let builder = builder.warm_connections(0);
    let client = builder.build().unwrap();
    let taken = take_all_descriptors();
    for _ in 0..20 {
        let (status, message) = look_up(&client);
        assert_eq!(status, Status::Connect, "{message}");
        assert!(message.contains("no file descriptor left") && message.contains("ulimit -n"), "{message}");
    }
    // Nor can the files of another client be read, and that is not said to be the files' fault.
    let refused = sandbox.builder().ca_file("/etc/hostname").build().unwrap_err().to_string();
    assert!(refused.contains("no file descriptor left"), "{refused}");
    drop(taken);
    assert_eq!(look_up(&client).0, Status::Ok);
    assert!(!client.stats().circuit_open);
    let mut lines = Vec::new();
    client.deliver_log(|line| lines.push(line.text.to_string()));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("a request failed on this machine: ") && lines[0].contains("ulimit -n"),
        "{lines:?}"
    );

    // The same for a name: what the system's resolver could not open at first it opens later.
    let named = sandbox.base.replace("127.0.0.1", "localhost");
    let builder = sandbox.builder().api_base(named).max_attempts(1).circuit_threshold(0);
    let client = builder.warm_connections(0).build().unwrap();
    let taken = take_all_descriptors();
    let (status, message) = look_up(&client);
    assert_eq!(status, Status::Resolve, "{message}");
    assert!(message.contains("no file descriptor left"), "{message}");
    drop(taken);
    let give_up = Instant::now() + FOREVER;
    loop {
        match look_up(&client) {
            (Status::Ok, _) => break,
            (status, message) => assert!(Instant::now() < give_up, "{status:?} {message}"),
        }
    }
}
