//! `pnb customers export`: all of them, to a file or a pipe.

use std::fs;
use std::io::{self, IsTerminal as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use paynow_bridge::{Customer, Pages};
use serde::Serialize;

use super::journal::{Journal, Subject, part_of};
use super::{PAGE, parse_id};
use crate::commands::Context;
use crate::exit::Failure;
use crate::interrupt;
use crate::output::{clean_json, safe_cell};
use crate::session::Session;
use crate::settings::create_private;
use crate::view::{COLUMNS, CustomerView, customer_row};

/// How often a line says how far it is, where no bar can.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Write all customers to a file or a pipe
///
/// To a file it goes on where it stopped: give the same command again. To a pipe, --after goes on behind a customer.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb customers export --output customers.jsonl
  pnb customers export --format csv --output customers.csv
  pnb customers export | jq -r .id

In CSV an apostrophe is put before cells that begin with = + - @ or an apostrophe, a tab or a line break: a spreadsheet would take
them for formulas. JSON lines hold everything as it is.")]
pub struct Args {
    /// The file; without it all goes to standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// JSON lines or CSV with a header
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Only those that PayNow finds with this text
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Go on behind the customer with this id
    #[arg(long, value_name = "ID", value_parser = parse_id, conflicts_with = "output")]
    after: Option<u64>,
    /// Begin again, whatever an earlier run has written
    #[arg(long, requires = "output")]
    restart: bool,
    /// Write over a file that is there
    #[arg(long, requires = "output")]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
enum Format {
    /// A JSON object a line
    #[default]
    Jsonl,
    /// Comma-separated values, with a header
    Csv,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }

    /// What comes first.
    fn header(self) -> Vec<u8> {
        match self {
            Self::Jsonl => Vec::new(),
            Self::Csv => csv_line(COLUMNS.iter().map(|column| (*column).to_owned())),
        }
    }

    fn page(self, customers: &[Customer]) -> Vec<u8> {
        let mut out = Vec::new();
        for customer in customers {
            match self {
                Self::Jsonl => {
                    let line = serde_json::to_string(&CustomerView::new(customer)).unwrap_or_default();
                    out.extend_from_slice(clean_json(&line).as_bytes());
                    out.push(b'\n');
                }
                Self::Csv => out.extend(csv_line(customer_row(customer).into_iter())),
            }
        }
        out
    }
}

fn csv_line(cells: impl Iterator<Item = String>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(cells.map(|cell| safe_cell(&cell).into_owned()));
    writer.into_inner().unwrap_or_default()
}

#[derive(Serialize)]
struct Exported {
    file: String,
    format: &'static str,
    customers: u64,
    continued: bool,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    match &args.output {
        Some(path) => to_file(&args, path, context),
        None => to_pipe(&args, context),
    }
}

/// Asks for page after page, and hands over what is new with the last id in it.
fn walk(
    session: &Session,
    search: Option<&str>,
    after: Option<u64>,
    mut take: impl FnMut(&[Customer], Option<u64>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut pages = Pages::new(PAGE, true, search);
    if let Some(id) = after {
        pages = pages.after(id);
    }
    while let Some(query) = pages.query() {
        let found = session
            .read(|client, call| client.list_customers(&query, call), |done| done.customers().to_vec())?;
        let fresh = pages.accept(&found);
        take(fresh, pages.cursor())?;
    }
    Ok(())
}

fn to_pipe(args: &Args, context: &Context) -> Result<(), Failure> {
    let session = context.session()?;
    let mut out = io::stdout().lock();
    let mut cursor = args.after;
    let mut write = |bytes: &[u8]| {
        out.write_all(bytes).and_then(|()| out.flush()).map_err(|error| Failure::output(&error))
    };
    if args.after.is_none() {
        write(&args.format.header())?;
    }
    let walked = walk(&session, args.search.as_deref(), args.after, |customers, reached| {
        write(&args.format.page(customers))?;
        cursor = reached;
        Ok(())
    });
    let go_on =
        cursor.map_or("the same command begins again".to_owned(), |id| format!("--after {id} goes on"));
    match walked {
        Err(Failure::Interrupted(_)) => Err(Failure::Interrupted(format!("Interrupted: {go_on}."))),
        Err(failure @ Failure::Request(_)) => {
            context.output.note(&format!("Not all customers were written: {go_on}."));
            Err(failure)
        }
        other => other,
    }
}

fn to_file(args: &Args, path: &Path, context: &Context) -> Result<(), Failure> {
    if path.exists() && !args.force {
        return Err(Failure::Usage(format!("{}: exists already; --force writes over it", path.display())));
    }
    let settings = context.settings()?;
    let subject = Subject {
        store_id: settings.store_id.as_ref().map(|set| set.value.clone()).unwrap_or_default(),
        api_base: settings.api_base.as_ref().map(|set| set.value.clone()),
        format: args.format.name().to_owned(),
        search: args.search.clone(),
    };
    let session = Session::open(settings.builder()?)?;
    let earlier = if args.restart { None } else { Journal::read(path)? };
    if let Some(earlier) = earlier.as_ref().filter(|earlier| earlier.subject != subject) {
        return Err(Failure::Usage(format!(
            "{}: an export that was not finished is of something else (store {}, {}); --restart begins again",
            part_of(path).display(),
            earlier.subject.store_id,
            earlier.subject.format
        )));
    }
    let continued = earlier.is_some();
    let mut journal = earlier.unwrap_or_else(|| Journal::new(subject));
    let mut file = open_part(path, &mut journal, args.format, continued)?;
    let bar = Progress::begin(journal.customers);
    let before = journal.customers;
    let written = walk(&session, args.search.as_deref(), journal.cursor, |customers, cursor| {
        let bytes = args.format.page(customers);
        let part = part_of(path);
        file.write_all(&bytes)
            .and_then(|()| file.sync_data())
            .map_err(|error| Failure::file(&part, &error))?;
        journal.bytes += bytes.len() as u64;
        journal.customers += customers.len() as u64;
        journal.cursor = cursor;
        journal.write(path)?;
        bar.at(journal.customers, context);
        if interrupt::was_asked() { Err(Failure::Interrupted(String::new())) } else { Ok(()) }
    });
    bar.end();
    let how = format!(
        "{} customers are in {}; the same command goes on",
        journal.customers,
        part_of(path).display()
    );
    match written {
        Ok(()) => {}
        Err(Failure::Interrupted(_)) => return Err(Failure::Interrupted(format!("Interrupted: {how}."))),
        Err(failure) => {
            context.output.note(&format!("Not all customers were written: {how}."));
            return Err(failure);
        }
    }
    drop(file);
    let part = part_of(path);
    fs::rename(&part, path).map_err(|error| Failure::file(path, &error))?;
    Journal::remove(path)?;
    let customers = journal.customers;
    if context.output.is_json() {
        let file = path.display().to_string();
        return context.output.json(&Exported { file, format: args.format.name(), customers, continued });
    }
    let of_before = if continued { format!(", {before} of them by an earlier run") } else { String::new() };
    context.output.line(&format!("{customers} customers are in {}{of_before}.", path.display()))
}

/// The file that is written, at the place where to go on.
fn open_part(
    path: &Path,
    journal: &mut Journal,
    format: Format,
    continued: bool,
) -> Result<fs::File, Failure> {
    let part = part_of(path);
    let failed = |error: io::Error| Failure::file(&part, &error);
    if continued {
        let mut file = fs::OpenOptions::new().write(true).open(&part).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        if length < journal.bytes {
            return Err(Failure::Usage(format!(
                "{}: is shorter than it was; --restart begins again",
                part.display()
            )));
        }
        file.set_len(journal.bytes).and_then(|()| file.seek(SeekFrom::End(0))).map_err(failed)?;
        return Ok(file);
    }
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    // Customers are people: other users of this machine need not read them.
    let mut file = create_private(&part).map_err(failed)?;
    let header = format.header();
    file.write_all(&header).and_then(|()| file.sync_data()).map_err(failed)?;
    journal.bytes = header.len() as u64;
    journal.write(path)?;
    Ok(file)
}

/// A bar on a terminal, a line now and then elsewhere.
struct Progress {
    bar: Option<ProgressBar>,
    said: std::cell::Cell<Instant>,
}

impl Progress {
    fn begin(customers: u64) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {human_pos} customers, {per_sec}, {elapsed}");
            let bar = ProgressBar::new_spinner().with_position(customers);
            if let Ok(style) = style { bar.with_style(style) } else { bar }
        });
        Self { bar, said: Instant::now().into() }
    }

    fn at(&self, customers: u64, context: &Context) {
        match &self.bar {
            Some(bar) => bar.set_position(customers),
            None if self.said.get().elapsed() >= LINE_EVERY => {
                self.said.set(Instant::now());
                context.output.note(&format!("{customers} customers"));
            }
            None => {}
        }
    }

    fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
