//! What a thread of the library reads later is read again when it failed, and the log says so: the system's certificates.
//! (Names and addresses: `tests/c/dns.c`. Everything else is read when a client is made.) One test, because where they
//! are is a variable of the whole process.

#![cfg(all(unix, not(target_os = "macos")))]
#![allow(clippy::disallowed_methods, reason = "a test's threads are not threads of the library")]

#[path = "support/secure.rs"]
mod secure;

use std::fs;
use std::path::Path;
use std::time::Duration;

use paynow_bridge::{Call, Client, LogLevel, LookupKey, Status};
use secure::SecureServer;

const FOREVER: Duration = Duration::from_secs(60);

fn a_customer(_: &str) -> String {
    secure::answer("200 OK", "connection: close\r\n", r#"{"id":"77"}"#)
}

/// A client that trusts what the system does, by way of these two variables.
fn client(server: &SecureServer, file: &Path, folder: &Path) -> Client {
    // SAFETY: there is one test, and while it is here no other thread of this process reads the environment.
    unsafe {
        std::env::set_var("SSL_CERT_FILE", file);
        std::env::set_var("SSL_CERT_DIR", folder);
    }
    let base = format!("https://localhost:{}", server.port);
    let builder =
        Client::builder("1").api_key("pnapi_of_later").api_base(base).proxy("").cache_ttl(Duration::ZERO);
    builder.max_attempts(1).circuit_threshold(0).log_level(LogLevel::Debug).build().unwrap()
}

/// Looks somebody up: how it ended, and what the log says.
fn look_up(client: &Client) -> (Status, String) {
    client.lookup_customer(LookupKey::Name("a"), &Call::default()).unwrap();
    let status = client.next(FOREVER).unwrap().unwrap().status();
    let mut log = String::new();
    client.deliver_log(|line| log.push_str(&format!("{line:?}\n")));
    (status, log)
}

#[test]
fn certificates_are_read_again() {
    let server = SecureServer::start("localhost", 0, a_customer);
    let stranger = SecureServer::start("stranger.example", 0, a_customer);
    let place = std::env::temp_dir().join(format!("paynow-bridge-later-{}", std::process::id()));
    let (file, folder) = (place.join("bundle.pem"), place.join("folder"));
    fs::create_dir_all(&folder).unwrap();
    let fails = |client: &Client, words: &[&str]| {
        let (status, log) = look_up(client);
        assert_eq!(status, Status::Tls, "{log}");
        for word in words.iter().chain(&["could not be read", "tried again"]) {
            assert!(log.contains(word), "{word:?} is not in {log}");
        }
    };

    // Nothing there at first, then nothing of use, then what is needed: the same client gets through.
    let waiting = client(&server, &file, &folder);
    fails(&waiting, &["bundle.pem"]);
    fs::write(&file, "").unwrap();
    fails(&waiting, &["none were found"]);
    fs::copy(&server.ca_file, &file).unwrap();
    assert_eq!(look_up(&waiting).0, Status::Ok);

    // The one place has something, the other cannot be opened yet.
    fs::remove_file(&file).unwrap();
    fs::copy(&stranger.ca_file, folder.join("stranger.pem")).unwrap();
    let waiting = client(&server, &file, &folder);
    fails(&waiting, &["bundle.pem"]);
    fs::copy(&server.ca_file, &file).unwrap();
    assert_eq!(look_up(&waiting).0, Status::Ok);

    // And the other way round.
    fs::copy(&stranger.ca_file, &file).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let waiting = client(&server, &file, &folder);
    fails(&waiting, &["folder"]);
    fs::create_dir(&folder).unwrap();
    fs::copy(&server.ca_file, folder.join("own.pem")).unwrap();
    assert_eq!(look_up(&waiting).0, Status::Ok);
    fs::remove_dir_all(&place).unwrap();
}
