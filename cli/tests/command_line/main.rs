//! The built program, driven against real sandboxes, and against servers that speak TLS or are something else.

#![allow(clippy::disallowed_methods, reason = "the rules guard a host's process; these are tests")]

#[path = "../../../tests/support/redis.rs"]
mod redis;
#[path = "../../../tests/support/secure.rs"]
mod secure;
#[path = "../../../tests/support/mod.rs"]
mod support;

mod commands;
mod doctor;
mod dumps;
mod export;
mod guide;
mod import;
mod profiles;
mod screen;
mod secrets;
mod tools;
mod watch;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use support::Sandbox;

/// The program with a home of its own, and with a sandbox where one is named.
pub struct Pnb {
    folder: PathBuf,
    pub sandbox: Option<Sandbox>,
}

/// What it did.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Ran {
    /// That it was done; what it printed.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.out
    }

    /// That it ended so; what it said about that.
    #[track_caller]
    pub fn ended(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self.err
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// What it said about its failure, as JSON.
    #[track_caller]
    pub fn error(&self) -> Value {
        let said: Value =
            serde_json::from_str(&self.err).unwrap_or_else(|error| panic!("{error}: {self:#?}"));
        assert_eq!(said["error"]["exit"], self.code.unwrap(), "{self:#?}");
        said["error"].clone()
    }
}

impl Pnb {
    /// Without a sandbox.
    pub fn alone() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let folder = std::env::temp_dir().join(format!("pnb-test-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self { folder, sandbox: None }
    }

    /// With a sandbox, which the environment names.
    pub fn with_sandbox() -> Self {
        let mut pnb = Self::alone();
        pnb.sandbox = Some(Sandbox::start());
        pnb
    }

    pub fn sandbox(&self) -> &Sandbox {
        self.sandbox.as_ref().unwrap()
    }

    /// A path in a folder of its own.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// A file in it that only its owner can read.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
        path
    }

    /// The program with nothing of this test's environment.
    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pnb"));
        command
            .env_clear()
            .env("HOME", &self.folder)
            .env("XDG_CONFIG_HOME", self.path("config"))
            .stdin(Stdio::null());
        // Loopback is reached without one; a profile of coverage is written where the build wants it.
        for name in ["LLVM_PROFILE_FILE", "SystemRoot"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        if let Some(sandbox) = &self.sandbox {
            command
                .env("PAYNOW_STORE_ID", &sandbox.store_id)
                .env("PAYNOW_API_KEY", &sandbox.api_key)
                .env("PAYNOW_API_BASE", &sandbox.base);
        }
        command
    }

    pub fn run<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        self.command().args(arguments).output().unwrap().into()
    }

    /// The words of a line.
    pub fn say(&self, line: &str) -> Ran {
        self.run(line.split_whitespace())
    }

    /// The same, for programs.
    #[track_caller]
    pub fn json(&self, line: &str) -> Value {
        let ran = self.say(&format!("{line} --json"));
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        ran.json()
    }
}

impl Drop for Pnb {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub fn set_mode(path: &Path, mode: u32) {
    let mut permissions = fs::metadata(path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, mode);
    fs::set_permissions(path, permissions).unwrap();
}

pub fn mode(path: &Path) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions()) & 0o777
}

/// Looks until it is so; a test that never sees it fails.
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up = std::time::Instant::now() + support::FOREVER;
    while !is_so() {
        assert!(std::time::Instant::now() < give_up, "never: {what}");
        std::thread::yield_now();
    }
}
