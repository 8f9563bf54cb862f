//! Importing the players of a file.
//!
//! Contract: each player becomes a customer once, wherever a run ends and however often the command is given. The file is read
//! first as a whole, into a number for each player; then all customers of the store are listed, so that it is known who is one;
//! then those who are not are created, in the order of the file. Memory is for the players of the file, not for the customers
//! of the store.

mod creating;
mod existing;
mod fields;
mod journal;
mod keys;
mod progress;
mod report;
mod source;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use paynow_bridge::{Call, Priority};
use serde::Serialize;

use creating::{Creating, ROUNDS, interrupted};
use journal::{Earlier, Journal, Reasons, Subject};
use keys::{Key, Keys, State};
use progress::Progress;
use report::{Report, Row};
use source::{Entry, Record, Source};
pub use source::{Format, check_metadata};

use crate::commands::Context;
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::output::Output;
use crate::session::Session;

/// How many lines that cannot be used are shown; all are in the report.
const MOST_SHOWN: u64 = 20;
/// How long one request may take, where nothing else is said: a bulk is much to do.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long what is open is left alone at most.
const LONGEST_SETTLING: Duration = Duration::from_secs(10);

/// How a file is imported.
pub struct Options {
    pub file: PathBuf,
    pub format: Option<Format>,
    pub bedrock_prefix: String,
    pub offline_by_uuid: bool,
    pub tags: BTreeMap<String, String>,
    pub strict: bool,
    pub dry_run: bool,
    pub report: Option<PathBuf>,
}

/// What came of it.
#[derive(Debug, Serialize)]
struct Imported {
    file: String,
    format: &'static str,
    dry_run: bool,
    continued: bool,
    players: usize,
    created: usize,
    created_before: usize,
    existed: usize,
    to_create: usize,
    refused: usize,
    unknown: usize,
    duplicates: usize,
    invalid: u64,
    report: Option<String>,
    journal: Option<String>,
}

/// How the players of a file are told.
struct Rules<'a> {
    session: &'a Session,
    bedrock_prefix: &'a str,
}

impl Rules<'_> {
    fn settle(&self, what: Result<Record, String>) -> Result<(Key, Record), String> {
        let record = what?.settled(self.bedrock_prefix)?;
        let key = self.session.player_key(&record.player()).map_err(|error| error.to_string())?;
        Ok((Key::of(key), record))
    }
}

pub fn run(options: &Options, context: &Context) -> Result<(), Failure> {
    if let Some(path) = &options.report {
        report::check(path)?;
    }
    let settings = context.settings()?;
    let is_deadline_given = settings.deadline().is_some();
    let builder = settings
        .builder()?
        .bedrock_prefix(options.bedrock_prefix.as_str())
        .offline_players_by_uuid(options.offline_by_uuid)
        // What is looked up here is asked because it may have changed.
        .cache_ttl(Duration::ZERO)
        .cache_negative_ttl(Duration::ZERO);
    let source = Source::open(&options.file, options.format)?;
    let session = Session::open(builder)?;
    let rules = Rules { session: &session, bedrock_prefix: &options.bedrock_prefix };

    let mut keys = Keys::default();
    let (content, invalid) = survey(&source, &rules, &mut keys, options, context.output)?;
    let duplicates = keys.settle();
    let subject = Subject {
        content: content.iter().map(|byte| format!("{byte:02x}")).collect(),
        store_id: settings.store_id.as_ref().map(|set| set.value.clone()).unwrap_or_default(),
        api_base: settings.api_base.as_ref().map(|set| set.value.clone()),
        bedrock_prefix: options.bedrock_prefix.clone(),
        offline_by_uuid: options.offline_by_uuid,
    };
    let mut reasons = Reasons::default();
    let path = subject.beside(source.path(), "journal");
    let (mut journal, earlier) = if options.dry_run {
        (None, Journal::read(&path, &subject, &mut keys, &mut reasons)?)
    } else {
        let (journal, earlier) = Journal::open(path, &subject, &mut keys, &mut reasons)?;
        (Some(journal), earlier)
    };

    let created_before = keys.count(State::Created);

    let deadline = if is_deadline_given { settings.deadline() } else { Some(DEADLINE) };
    let call = Call { deadline, priority: Priority::Background, ..Call::default() };
    let ran = ask(
        &session,
        call,
        &source,
        &rules,
        options,
        earlier,
        &mut keys,
        &mut reasons,
        journal.as_mut(),
        context.output,
    );
    if let Some(journal) = &mut journal {
        journal.sync()?;
    }
    ran.map_err(|failure| go_on(failure, &keys, context.output))?;

    let report = match (&options.report, options.dry_run) {
        (Some(path), _) => Some(path.clone()),
        (None, false) => Some(subject.beside(source.path(), "report.csv")),
        (None, true) => None,
    };
    if let Some(path) = &report {
        let now = write_report(path, &source, &rules, &mut keys, &reasons)?;
        if now != content {
            context.output.note(&format!(
                "{} has changed meanwhile: give the same command again for those who came since.",
                source.path().display()
            ));
        }
    }
    let imported = Imported {
        file: source.path().display().to_string(),
        format: source.format().name(),
        dry_run: options.dry_run,
        continued: earlier.was,
        players: keys.len(),
        created: keys.count(State::Created),
        created_before,
        existed: keys.count(State::Existed),
        to_create: keys.count(State::Wanted),
        refused: keys.count(State::Refused),
        unknown: keys.count(State::Open),
        duplicates,
        invalid,
        report: report.map(|path| path.display().to_string()),
        journal: journal.map(|journal| journal.path().display().to_string()),
    };
    imported.say(context.output)?;
    imported.end()
}

/// Reads all of the file once: who is in it, what cannot be used, and the hash of it.
fn survey(
    source: &Source,
    rules: &Rules<'_>,
    keys: &mut Keys,
    options: &Options,
    output: Output,
) -> Result<([u8; 32], u64), Failure> {
    let mut invalid = 0;
    let content = source.read(&mut |entry: Entry| {
        if interrupt::was_asked() {
            return Err(Failure::Interrupted("Interrupted before anything was asked.".to_owned()));
        }
        let line = entry.line;
        match rules.settle(entry.what) {
            Ok((key, _)) => keys.add(key),
            Err(problem) => {
                let said = format!("{}:{line}: {problem}", source.path().display());
                if options.strict {
                    return Err(Failure::Usage(said));
                }
                invalid += 1;
                if invalid <= MOST_SHOWN {
                    output.note(&said);
                }
            }
        }
        Ok(())
    })?;
    if invalid > MOST_SHOWN {
        output.note(&format!("… and {} more lines that cannot be used", invalid - MOST_SHOWN));
    }
    Ok((content, invalid))
}

/// Finds out who is a customer, and creates the others.
#[expect(clippy::too_many_arguments, reason = "what an import is made of")]
fn ask(
    session: &Session,
    call: Call,
    source: &Source,
    rules: &Rules<'_>,
    options: &Options,
    earlier: Earlier,
    keys: &mut Keys,
    reasons: &mut Reasons,
    mut journal: Option<&mut Journal>,
    output: Output,
) -> Result<(), Failure> {
    let mut progress = Progress::begin(output, "customers of the store seen", None);
    let found = existing::find(session, &call, keys, journal.as_deref_mut(), &mut progress);
    progress.end();
    found?;
    let Some(journal) = journal else { return Ok(()) };

    let left = keys.count(State::Wanted) + keys.count(State::Open);
    let progress = Progress::begin(output, "players", Some(left as u64));
    let settling = call.deadline.unwrap_or(LONGEST_SETTLING).min(LONGEST_SETTLING);
    let mut creating =
        Creating::new(session, call, settling, &options.tags, keys, reasons, journal, progress);
    // What an earlier run has sent may still be on its way.
    creating.settled_at = earlier.open_since.map(|since| {
        let ago = Duration::from_millis(journal::now().saturating_sub(since));
        Instant::now() + settling.saturating_sub(ago)
    });
    let mut created = Ok(());
    for round in ROUNDS {
        if creating.keys.count(round.state) == 0 {
            continue;
        }
        created = creating.settle(round).and_then(|()| {
            source.read(&mut |entry: Entry| {
                if interrupt::was_asked() {
                    return Err(interrupted());
                }
                let Ok((key, record)) = rules.settle(entry.what) else { return Ok(()) };
                // One that was not in it before: the file has changed since. It is for the next import.
                let Some(place) = creating.keys.find(key) else { return Ok(()) };
                creating.take(round, place, record)
            })?;
            creating.flush(round)
        });
        if created.is_err() {
            break;
        }
    }
    creating.progress.end();
    created
}

/// Says how to go on after a failure.
fn go_on(failure: Failure, keys: &Keys, output: Output) -> Failure {
    let done = keys.len() - keys.count(State::Wanted) - keys.count(State::Open);
    let how = format!("{done} of {} players are done; the same command goes on", keys.len());
    match failure {
        Failure::Interrupted(_) => Failure::Interrupted(format!("Interrupted: {how}.")),
        Failure::Request(_) => {
            output.note(&format!("The import did not come to its end: {how}."));
            failure
        }
        other => other,
    }
}

/// Says of each line what became of it; gives the hash of the file as it is now.
fn write_report(
    path: &Path,
    source: &Source,
    rules: &Rules<'_>,
    keys: &mut Keys,
    reasons: &Reasons,
) -> Result<[u8; 32], Failure> {
    let mut report = Report::begin(path.to_owned())?;
    keys.forget_met();
    let content = source.read(&mut |entry: Entry| {
        let line = entry.line;
        let (key, record) = match rules.settle(entry.what) {
            Ok(settled) => settled,
            Err(message) => {
                let row =
                    Row { line, outcome: "invalid", customer_id: 0, key: None, name: "", message: &message };
                return report.row(&row);
            }
        };
        let Some(place) = keys.find(key) else { return Ok(()) };
        let number = keys.number(place);
        let (outcome, customer_id, message) = match keys.state(place) {
            _ if !keys.meet(place) => ("duplicate", 0, ""),
            State::Wanted => ("to_create", 0, ""),
            State::Existed => ("existed", number, ""),
            State::Created => ("created", number, ""),
            State::Open => ("unknown", 0, ""),
            State::Refused => ("refused", 0, reasons.get(number)),
        };
        let player = record.player();
        let key = rules.session.player_key(&player).ok();
        let name = player.name.unwrap_or_default();
        report.row(&Row { line, outcome, customer_id, key, name, message })
    })?;
    report.end()?;
    Ok(content)
}

impl Imported {
    fn say(&self, output: Output) -> Result<(), Failure> {
        if output.is_json() {
            return output.json(self);
        }
        let mut said = format!("{} players in {} ({}): ", self.players, self.file, self.format);
        let mut parts = Vec::new();
        if self.dry_run {
            parts.push(format!("{} would be created", self.to_create + self.unknown));
            if self.created > 0 {
                parts.push(format!("{} were created by an earlier run", self.created));
            }
        } else if self.created_before > 0 {
            parts.push(format!("{} created ({} by an earlier run)", self.created, self.created_before));
        } else {
            parts.push(format!("{} created", self.created));
        }
        parts.push(format!("{} existed", self.existed));
        let rest = [
            (self.refused, "refused by PayNow"),
            (if self.dry_run { 0 } else { self.unknown }, "created or not: it is not known"),
        ];
        parts.extend(
            rest.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")),
        );
        said.push_str(&parts.join(", "));
        said.push('.');
        if self.duplicates > 0 {
            said.push_str(&format!("\n{} lines were of players that had come before.", self.duplicates));
        }
        if self.invalid > 0 {
            said.push_str(&format!("\n{} lines could not be used.", self.invalid));
        }
        if let Some(report) = &self.report {
            said.push_str(&format!("\nWhat became of each: {report}"));
        }
        if self.unknown > 0 && !self.dry_run {
            said.push_str("\nThe same command looks up those of whom it is not known, and goes on.");
        }
        output.line(&said)
    }

    /// How the program ends: what was not done counts.
    fn end(&self) -> Result<(), Failure> {
        if self.dry_run {
            return if self.invalid > 0 { Err(Failure::Findings) } else { Ok(()) };
        }
        if self.unknown > 0 {
            Err(Failure::Said(Exit::Unknown))
        } else if self.refused > 0 {
            Err(Failure::Said(Exit::Refused))
        } else if self.invalid > 0 {
            Err(Failure::Findings)
        } else {
            Ok(())
        }
    }
}
