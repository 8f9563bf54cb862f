//! A real Redis or Valkey on loopback, for one test: `redis-server` in the PATH, or what `TEST_REDIS_SERVER` names. It ends
//! with the value, with the test when that panics, and with the process however that ends.

#![allow(dead_code, reason = "each test uses its own part of this")]

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Longer than anything a test waits for takes.
const FOREVER: Duration = Duration::from_secs(60);

/// How often what cannot be waited for is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// A running server.
pub struct Redis {
    program: PathBuf,
    arguments: Vec<String>,
    /// A shell that ends the server when its own input ends, which is when this process does, if not before.
    shell: Option<Child>,
    process: i32,
    directory: PathBuf,
    pub port: u16,
    /// Where it speaks TLS, when it does.
    pub tls_port: u16,
    /// What the commands of the test authenticate with.
    pub password: Option<String>,
}

/// The program, unless the machine has none: then the test `name` is skipped, and says so.
fn program(name: &str) -> Option<PathBuf> {
    let named = std::env::var_os("TEST_REDIS_SERVER").filter(|path| !path.is_empty());
    named.map(PathBuf::from).or_else(|| installed(name))
}

/// The one that is installed.
fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut files = std::env::split_paths(&path).map(|folder| folder.join("redis-server"));
    let found = files.find(|file| file.is_file());
    if found.is_none() {
        #[allow(clippy::print_stdout, reason = "a test that is skipped says so")]
        {
            println!("skip {name}: redis-server is not installed");
            println!("redis: 0 passed, 0 failed, 1 skipped");
        }
    }
    found
}

/// Not one that the system gives out by itself: it would give it to those who try to connect while a server is away. In a
/// cluster the port 10,000 above is used too.
fn free_port() -> u16 {
    loop {
        let port = 10_000 + (RandomState::new().hash_one(()) % 10_000) as u16;
        if [port, port + 10_000].iter().all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()) {
            return port;
        }
    }
}

impl Redis {
    /// Starts one with options such as `["--maxclients", "4"]`. `None` when there is no such program: `name` is the test
    /// that is skipped then.
    pub fn start(name: &str, options: &[&str]) -> Option<Self> {
        let program = program(name)?;
        Some(Self::start_with(program, |_| options.iter().map(|&option| option.to_owned()).collect()))
    }

    /// The same with TLS too, with a certificate of the authority for `localhost` and 127.0.0.1. Always the server that is
    /// installed: the Valkeys of PyPI know no TLS.
    pub fn with_tls(name: &str, authority: &Authority, options: &[&str]) -> Option<Self> {
        let program = installed(name)?;
        let tls_port = free_port();
        let mut redis = Self::start_with(program, |directory| {
            let (certificate, key) = (directory.join("certificate.pem"), directory.join("key.pem"));
            authority.vouch(&["localhost", "127.0.0.1"], &certificate, &key);
            let ca = directory.join("ca.pem");
            std::fs::write(&ca, &authority.pem).unwrap();
            let text = |path: PathBuf| path.to_str().unwrap().to_owned();
            let mut all = vec!["--tls-port".to_owned(), tls_port.to_string()];
            all.extend([
                "--tls-cert-file".to_owned(),
                text(certificate),
                "--tls-key-file".to_owned(),
                text(key),
            ]);
            all.extend(["--tls-ca-cert-file".to_owned(), text(ca)]);
            all.extend(["--tls-auth-clients".to_owned(), "no".to_owned()]);
            all.extend(options.iter().map(|&option| option.to_owned()));
            all
        });
        redis.tls_port = tls_port;
        Some(redis)
    }

    /// Starts a Sentinel that watches the master at this port by the name `store`.
    pub fn sentinel(name: &str, master: u16, configuration: &str) -> Option<Self> {
        let program = program(name)?;
        let directory = directory();
        let file = directory.join("sentinel.conf");
        let text = format!(
            "sentinel monitor store 127.0.0.1 {master} 1\nsentinel down-after-milliseconds store 300\n\
             sentinel failover-timeout store 2000\n{configuration}\n"
        );
        std::fs::write(&file, text).unwrap();
        let arguments = vec![file.to_str().unwrap().to_owned(), "--sentinel".to_owned()];
        Some(Self::run(program, arguments, directory))
    }

    /// Starts a cluster of so many nodes, which share the slots evenly, and waits until all of them know.
    pub fn cluster(name: &str, nodes: u32) -> Option<Vec<Self>> {
        let options = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000"];
        let mut all = Vec::new();
        for _ in 0..nodes {
            all.push(Self::start(name, &options)?);
        }
        for (index, node) in (0..nodes).zip(&all) {
            let slots = (index * 16384 / nodes, (index + 1) * 16384 / nodes - 1);
            node.say(&["CLUSTER", "SET-CONFIG-EPOCH", &(index + 1).to_string()]);
            node.say(&["CLUSTER", "ADDSLOTSRANGE", &slots.0.to_string(), &slots.1.to_string()]);
            node.say(&["CLUSTER", "MEET", "127.0.0.1", &all[0].port.to_string()]);
        }
        for node in &all {
            until("the cluster is complete", || {
                let info = node.say(&["CLUSTER", "INFO"]);
                info.contains("cluster_state:ok") && info.contains(&format!("cluster_known_nodes:{nodes}"))
            });
        }
        Some(all)
    }

    fn start_with(program: PathBuf, options: impl FnOnce(&Path) -> Vec<String>) -> Self {
        let directory = directory();
        let mut arguments: Vec<String> =
            ["--save", "", "--appendonly", "no", "--daemonize", "no"].map(str::to_owned).into();
        arguments.extend(options(&directory));
        Self::run(program, arguments, directory)
    }

    fn run(program: PathBuf, arguments: Vec<String>, directory: PathBuf) -> Self {
        let port = free_port();
        let mut redis = Self {
            program,
            arguments,
            shell: None,
            process: 0,
            directory,
            port,
            tls_port: 0,
            password: None,
        };
        redis.begin();
        redis
    }

    fn begin(&mut self) {
        const SCRIPT: &str =
            r#""$@" >log 2>&1 & echo $!; read -r _; kill -9 $! 2>/dev/null; wait $! 2>/dev/null"#;
        // What the one before it said is not about this one.
        let _ = std::fs::remove_file(self.directory.join("log"));
        let port = self.port.to_string();
        let folder = self.directory.to_str().unwrap();
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(&self.program)
            .args(&self.arguments)
            .args(["--port", &port, "--bind", "127.0.0.1", "--dir", folder])
            .current_dir(&self.directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.process = line.trim().parse().unwrap();
        self.shell = Some(shell);
        until("the server listens", || {
            let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else {
                let log = std::fs::read_to_string(self.directory.join("log")).unwrap_or_default();
                assert!(!log.contains("FATAL") && !log.contains("Failed listening"), "{log}");
                return false;
            };
            // Any answer will do: it may want a password, or read its data.
            let mut byte = [0];
            stream.write_all(b"PING\r\n").is_ok() && stream.read(&mut byte).is_ok_and(|amount| amount == 1)
        });
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where its files are.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Asks it, over a connection of its own. Lists come as lines, an error with a `-` before it.
    pub fn say(&self, command: &[&str]) -> String {
        self.try_to_say(command).unwrap()
    }

    /// Whether these words are in its answer, for one that changes its part: a Sentinel that tells it to cuts its connections.
    pub fn answers(&self, command: &[&str], words: &str) -> bool {
        self.try_to_say(command).is_ok_and(|answer| answer.contains(words))
    }

    fn try_to_say(&self, command: &[&str]) -> std::io::Result<String> {
        let stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(FOREVER))?;
        let mut reader = BufReader::new(stream);
        if let Some(password) = &self.password {
            ask(&mut reader, &["AUTH", password])?;
        }
        ask(&mut reader, command)
    }

    /// It does nothing until it is resumed. Its connections stay.
    pub fn pause(&self) {
        self.signal(libc::SIGSTOP);
    }

    pub fn resume(&self) {
        self.signal(libc::SIGCONT);
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        let Some(mut shell) = self.shell.take() else { return };
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }

    /// Starts it again, on the same port and with the same files.
    pub fn restart(&mut self) {
        self.kill();
        self.begin();
    }

    /// The same with more options.
    pub fn restart_with(&mut self, options: &[&str]) {
        self.arguments.extend(options.iter().map(|&option| option.to_owned()));
        self.restart();
    }

    fn signal(&self, signal: i32) {
        // SAFETY: the process is ours, and is not waited for before its shell is.
        assert_eq!(unsafe { libc::kill(self.process, signal) }, 0);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// A folder that no other has, also where one program holds this file twice.
fn directory() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = NUMBER.fetch_add(1, Ordering::SeqCst);
        let name = format!("paynow-bridge-redis-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        match std::fs::create_dir(&directory) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            made => {
                made.unwrap();
                return directory;
            }
        }
    }
}

/// Looks until it is so.
#[track_caller]
pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let give_up = Instant::now() + FOREVER;
    while !is_so() {
        assert!(Instant::now() < give_up, "it never happened that {what}");
        std::thread::sleep(LOOK);
    }
}

fn ask(reader: &mut BufReader<TcpStream>, command: &[&str]) -> std::io::Result<String> {
    let mut bytes = format!("*{}\r\n", command.len());
    for word in command {
        bytes.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    reader.get_mut().write_all(bytes.as_bytes())?;
    answer(reader)
}

fn answer(reader: &mut BufReader<TcpStream>) -> std::io::Result<String> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    let line = line.trim_end();
    let (mark, rest) = line.split_at(1.min(line.len()));
    Ok(match mark {
        "*" => {
            let items: Result<Vec<String>, _> =
                (0..rest.parse().unwrap_or(0)).map(|_| answer(reader)).collect();
            items?.join("\n")
        }
        "$" => {
            let Ok(length) = rest.parse::<usize>() else { return Ok(String::new()) };
            let mut value = vec![0; length + 2];
            reader.read_exact(&mut value)?;
            String::from_utf8_lossy(&value[..length]).into_owned()
        }
        "-" => line.to_owned(),
        _ => rest.to_owned(),
    })
}

/// An authority of the test's own.
pub struct Authority {
    pub pem: String,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    #[allow(clippy::new_without_default, reason = "there is no usual one: each is another")]
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, "The authority of a test");
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: rcgen::Issuer::new(params, key) }
    }

    /// Writes a certificate for these names, and its key.
    fn vouch(&self, names: &[&str], certificate: &Path, key: &Path) {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let pair = rcgen::KeyPair::generate().unwrap();
        let signed = rcgen::CertificateParams::new(names).unwrap().signed_by(&pair, &self.issuer).unwrap();
        std::fs::write(certificate, signed.pem()).unwrap();
        std::fs::write(key, pair.serialize_pem()).unwrap();
    }
}
