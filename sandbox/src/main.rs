//! The command line.

use std::fs;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::thread;

use lexopt::prelude::*;
use paynow_sandbox::{API_KEY, Config, STORE_ID, Sandbox};

const HELP: &str = "\
A PayNow API to run against: eleven operations with state, on this machine only.

USAGE: paynow-sandbox [OPTIONS]

OPTIONS:
      --listen ADDR         loopback address and port; port 0 takes a free one [127.0.0.1:8787]
      --ready-file PATH     once listening, write {\"base\",\"store_id\",\"api_key\",\"pid\"} there
      --latency-ms N        wait N milliseconds before every answer [0]
      --trust-steam on|off  whether a Steam id is enough to authenticate a customer [on]
      --host NAME           a name it answers to, besides localhost and loopback addresses
      --seed N              make new ids, dates and tokens repeat run after run
      --exit-with-stdin     exit when standard input ends, that is, with the parent process
  -q, --quiet               print neither the welcome nor a line per request
  -h, --help                print this
  -V, --version             print the version
";

struct Args {
    config: Config,
    ready_file: Option<PathBuf>,
    exit_with_stdin: bool,
}

fn main() -> ExitCode {
    let args = match parse() {
        Ok(Some(args)) => args,
        Ok(None) => return ExitCode::SUCCESS,
        Err(error) => return fail(2, &error.to_string()),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &format!("cannot start: {error}")),
    };
    runtime.block_on(run(args))
}

async fn run(args: Args) -> ExitCode {
    let listen = args.config.listen;
    let quiet = args.config.quiet;
    let started = Sandbox::bind(args.config).await.and_then(|sandbox| Ok((sandbox.local_addr()?, sandbox)));
    let (address, sandbox) = match started {
        Ok(started) => started,
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            return fail(2, &error.to_string());
        }
        Err(error) => return fail(1, &format!("cannot listen on {listen}: {error}")),
    };
    let base = format!("http://{address}");
    if !quiet {
        welcome(&base);
    }
    if args.exit_with_stdin {
        exit_with_stdin();
    }
    if let Some(path) = &args.ready_file
        && let Err(error) = write_ready_file(path, &base)
    {
        return fail(1, &format!("cannot write {}: {error}", path.display()));
    }
    sandbox.run().await;
    ExitCode::SUCCESS
}

fn parse() -> Result<Option<Args>, lexopt::Error> {
    let mut args = Args { config: Config::default(), ready_file: None, exit_with_stdin: false };
    let mut parser = lexopt::Parser::from_env();
    while let Some(arg) = parser.next()? {
        match arg {
            Long("listen") => {
                args.config.listen = parser.value()?.parse_with(|text| {
                    let literal = text.replacen("localhost:", "127.0.0.1:", 1);
                    literal
                        .parse::<SocketAddr>()
                        .map_err(|_| "expected an address and a port, as in 127.0.0.1:8787")
                })?;
            }
            Long("ready-file") => args.ready_file = Some(parser.value()?.into()),
            Long("latency-ms") => args.config.latency_ms = parser.value()?.parse()?,
            Long("trust-steam") => {
                args.config.trust_steam = parser.value()?.parse_with(|text| match text {
                    "on" => Ok(true),
                    "off" => Ok(false),
                    _ => Err("expected on or off"),
                })?;
            }
            Long("host") => args.config.hosts.push(parser.value()?.string()?),
            Long("seed") => args.config.seed = Some(parser.value()?.parse()?),
            Long("exit-with-stdin") => args.exit_with_stdin = true,
            Short('q') | Long("quiet") => args.config.quiet = true,
            Short('h') | Long("help") => {
                print!("{HELP}");
                return Ok(None);
            }
            Short('V') | Long("version") => {
                println!("paynow-sandbox {}", env!("CARGO_PKG_VERSION"));
                return Ok(None);
            }
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(args))
}

fn welcome(base: &str) {
    let text = format!(
        "PayNow sandbox: a pretend PayNow with 24 players and a few gift cards.\n\
         It listens on {base}, for this machine only. Nothing here is real and nothing is kept.\n\
         In a browser, {base}/ shows what it holds, what it was asked, and switches for what is to go wrong.\n\
         \n\
         \x20 Store id  {STORE_ID}\n\
         \x20 API key   {API_KEY}\n\
         \n\
         To point a program at it, paste these lines into its terminal first:\n\
         \n\
         export PAYNOW_API_BASE={base}\n\
         export PAYNOW_API_KEY={API_KEY}\n\
         export PAYNOW_STORE_ID={STORE_ID}\n\
         \n\
         Every request is shown below. Stop with Ctrl+C.\n"
    );
    // The program that started it may not be reading.
    let _ = writeln!(io::stdout(), "{text}");
}

#[expect(
    clippy::disallowed_methods,
    reason = "the rule guards a host's process; this is a program of its own"
)]
fn exit_with_stdin() {
    thread::spawn(|| {
        let mut scrap = [0; 1024];
        let mut input = io::stdin().lock();
        while let Ok(1..) = input.read(&mut scrap) {}
        process::exit(0);
    });
}

/// Written beside its place and moved there, so that a program that waits for it never reads half of it.
fn write_ready_file(path: &Path, base: &str) -> io::Result<()> {
    let pid = process::id();
    let text = serde_json::json!({
        "base": base,
        "store_id": STORE_ID,
        "api_key": API_KEY,
        "pid": pid,
    });
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{pid}.tmp"));
    let beside = PathBuf::from(beside);
    fs::write(&beside, text.to_string())?;
    fs::rename(&beside, path)
}

fn fail(code: u8, message: &str) -> ExitCode {
    eprintln!("paynow-sandbox: {message}");
    ExitCode::from(code)
}
