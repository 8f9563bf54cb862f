//! How the program ends, and what it says then.

use std::fmt;
use std::io;
use std::path::Path;

use paynow_bridge::{BuildError, Completion, InvalidArgument, OperationId, Sent, Status, SubmitError};
use serde::Serialize;

/// The exit codes. They are documented in `docs/cli.md` and stay as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All was done.
    Done = 0,
    /// It was looked at, and something is wrong: `doctor`, `contract`.
    Findings = 1,
    /// An argument or a setting cannot be used. Nothing was asked.
    Usage = 2,
    /// There is no such customer or gift card.
    Absent = 3,
    /// The API key or customer token is not valid, or does not allow this.
    Denied = 4,
    /// PayNow refused the request itself.
    Refused = 5,
    /// PayNow was not reached, did not answer in time, failed, or wants to be left alone for a while.
    Unreachable = 6,
    /// A change may have been made or not: look before trying again.
    Unknown = 7,
    /// Something on this machine: a file, memory, a port.
    Machine = 8,
    /// Ctrl-C, or a request to end.
    Interrupted = 130,
    /// The program that read the output is gone.
    BrokenPipe = 141,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// An argument or a setting.
    Usage(String),
    /// What was looked for does not exist.
    Absent(String),
    /// A request that did not end well.
    Request(Box<Ended>),
    /// A server other than PayNow's that does not answer.
    Unreachable(String),
    /// Something on this machine.
    Machine(String),
    /// Ctrl-C; says how to go on.
    Interrupted(String),
    /// Everything was said already.
    Findings,
    /// Everything was said already, and it ends so.
    Said(Exit),
    /// The program that read the output is gone.
    BrokenPipe,
}

/// How a request ended that did not end well.
#[derive(Debug)]
pub struct Ended {
    operation: OperationId,
    status: Status,
    message: String,
    http_status: u16,
    sent: Sent,
    /// Whether it would have changed something.
    changes: bool,
    code: Option<String>,
    trace_id: Option<String>,
    errors: Vec<Problem>,
    retry_after_ms: Option<u64>,
}

/// One thing PayNow finds wrong with the input.
#[derive(Debug, Serialize)]
struct Problem {
    path: String,
    message: Option<String>,
    code: Option<String>,
}

/// A failure as programs read it.
#[derive(Serialize)]
struct Report<'a> {
    kind: &'a str,
    exit: u8,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<RequestReport<'a>>,
}

#[derive(Serialize)]
struct RequestReport<'a> {
    operation: &'a str,
    http_status: Option<u16>,
    sent: &'a str,
    code: Option<&'a str>,
    trace_id: Option<&'a str>,
    errors: &'a [Problem],
    retry_after_ms: Option<u64>,
}

impl Ended {
    pub fn new(completion: &Completion<'_>, changes: bool) -> Self {
        let error = completion.error();
        let text = |text: &paynow_bridge::Text| text.to_string();
        Self {
            operation: completion.operation(),
            status: completion.status(),
            message: completion.message().unwrap_or_default().to_owned(),
            http_status: completion.http_status(),
            sent: completion.sent(),
            changes,
            code: error.and_then(|error| error.code.as_ref()).map(text),
            trace_id: error.and_then(|error| error.trace_id.as_ref()).map(text),
            errors: error.map_or(&[][..], |error| &error.errors).iter().map(Problem::new).collect(),
            retry_after_ms: completion
                .retry_after()
                .map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    pub fn status(&self) -> Status {
        self.status
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// When PayNow wants to be asked again.
    pub fn retry_after(&self) -> Option<std::time::Duration> {
        self.retry_after_ms.map(std::time::Duration::from_millis)
    }

    /// Whether what it would have changed may be changed.
    pub fn may_have_changed(&self) -> bool {
        // A 5xx comes from anywhere behind the door: PayNow may have acted before.
        self.changes && (self.sent == Sent::Maybe || self.status == Status::Server)
    }

    fn exit(&self) -> Exit {
        if self.may_have_changed() {
            return Exit::Unknown;
        }
        match self.status {
            Status::Unauthorized | Status::Forbidden => Exit::Denied,
            Status::NotFound | Status::Conflict | Status::Api => Exit::Refused,
            Status::Resources | Status::Internal => Exit::Machine,
            _ => Exit::Unreachable,
        }
    }

    fn advice(&self) -> Option<String> {
        if self.may_have_changed() {
            return Some("It may have been done all the same: look before you try again.".to_owned());
        }
        Some(
            match self.status {
                Status::Unauthorized => {
                    "Check the key or token: it may be mistyped, reset or deleted. `pnb doctor` looks closer."
                }
                Status::Forbidden => {
                    "The credential is known and may not do this. `pnb doctor` shows what the key may do."
                }
                Status::RateLimited => match self.retry_after_ms {
                    Some(after) => {
                        return Some(format!(
                            "PayNow wants to be asked again in {} s.",
                            after.div_ceil(1000)
                        ));
                    }
                    None => "Wait a little before you try again.",
                },
                Status::Resolve
                | Status::Connect
                | Status::Tls
                | Status::Timeout
                | Status::InvalidResponse => "`pnb doctor` shows where on the way it ends.",
                _ => return None,
            }
            .to_owned(),
        )
    }
}

impl Problem {
    fn new(error: &paynow_bridge::ValidationError) -> Self {
        Self {
            path: error.joined_path.to_string(),
            message: error.message.as_ref().map(ToString::to_string),
            code: error.code.as_ref().map(ToString::to_string),
        }
    }
}

impl Failure {
    pub fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// A file that cannot be used.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        Self::Machine(format!("{}: {error}", path.display()))
    }

    /// What could not be written to standard output.
    pub fn output(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::BrokenPipe,
            _ => Self::Machine(format!("standard output: {error}")),
        }
    }

    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Absent(_) => Exit::Absent,
            Self::Request(ended) => ended.exit(),
            Self::Unreachable(_) => Exit::Unreachable,
            Self::Machine(_) => Exit::Machine,
            Self::Interrupted(_) => Exit::Interrupted,
            Self::Findings => Exit::Findings,
            Self::Said(exit) => *exit,
            Self::BrokenPipe => Exit::BrokenPipe,
        }
    }

    /// What to say; nothing when all was said.
    pub fn message(&self) -> Option<String> {
        match self {
            Self::Usage(text)
            | Self::Absent(text)
            | Self::Unreachable(text)
            | Self::Machine(text)
            | Self::Interrupted(text) => Some(text.clone()),
            Self::Request(ended) => Some(ended.to_string()),
            Self::Findings | Self::Said(_) | Self::BrokenPipe => None,
        }
    }

    /// The same for programs.
    pub fn report(&self) -> Option<impl Serialize + use<'_>> {
        let kind = match self {
            Self::Usage(_) => "usage",
            Self::Absent(_) => "absent",
            Self::Request(ended) => ended.status.as_str(),
            Self::Unreachable(_) => "unreachable",
            Self::Machine(_) => "machine",
            Self::Interrupted(_) => "interrupted",
            Self::Findings | Self::Said(_) | Self::BrokenPipe => return None,
        };
        let request = match self {
            Self::Request(ended) => Some(RequestReport {
                operation: ended.operation.name(),
                http_status: (ended.http_status != 0).then_some(ended.http_status),
                sent: match ended.sent {
                    Sent::Never => "never",
                    Sent::Maybe => "maybe",
                    Sent::Answered => "answered",
                },
                code: ended.code.as_deref(),
                trace_id: ended.trace_id.as_deref(),
                errors: &ended.errors,
                retry_after_ms: ended.retry_after_ms,
            }),
            _ => None,
        };
        Some(Report { kind, exit: self.exit() as u8, message: self.message().unwrap_or_default(), request })
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        for problem in &self.errors {
            let message = problem.message.as_deref().or(problem.code.as_deref()).unwrap_or("is not accepted");
            write!(formatter, "\n  {}: {message}", problem.path)?;
        }
        if let Some(trace) = &self.trace_id {
            write!(formatter, "\n  For PayNow's support: trace id {trace}")?;
        }
        if let Some(advice) = self.advice() {
            write!(formatter, "\n{advice}")?;
        }
        Ok(())
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Thread(_) | BuildError::Memory => Self::Machine(error.to_string()),
            _ => Self::Usage(error.to_string()),
        }
    }
}

impl From<InvalidArgument> for Failure {
    fn from(error: InvalidArgument) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<SubmitError> for Failure {
    fn from(error: SubmitError) -> Self {
        Self::Usage(match error {
            SubmitError::NoApiKey => format!(
                "{error}: name a file with --api-key-file or a variable with --api-key-env, set PAYNOW_API_KEY, or keep \
                 one of them in a profile (`pnb profiles add`)"
            ),
            _ => error.to_string(),
        })
    }
}
