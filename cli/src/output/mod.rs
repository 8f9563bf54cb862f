//! All that is printed is printed here: tables and sentences for people, JSON for programs.

mod cell;
mod clean;

use std::io::{self, IsTerminal as _, Write as _};

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle, presets};
use serde::Serialize;

pub use cell::safe as safe_cell;
pub use clean::{clean, clean_json};

use crate::exit::Failure;

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// How a finding or a row is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mark {
    /// As it should be.
    Ok,
    /// Works, and deserves a look.
    Warning,
    /// Does not work.
    Bad,
    /// Cannot be told.
    Unknown,
}

impl Mark {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }

    fn style(self) -> Style {
        let color = match self {
            Self::Ok => AnsiColor::Green,
            Self::Warning => AnsiColor::Yellow,
            Self::Bad => AnsiColor::Red,
            Self::Unknown => AnsiColor::Cyan,
        };
        color.on_default().bold()
    }
}

/// Where a command prints.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    json: bool,
    /// Whether lines and arrows are drawn with ASCII.
    ascii: bool,
}

impl Output {
    pub fn new(json: bool, color: Color) -> Self {
        match color {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::Always,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
        Self { json, ascii: false }
    }

    /// With nothing but ASCII in what is drawn: when that is wanted, and on terminals that show nothing else.
    pub fn plain(self, wanted: bool) -> Self {
        Self { ascii: wanted || !shows_unicode(), ..self }
    }

    pub fn is_ascii(self) -> bool {
        self.ascii
    }

    /// Whether programs read it.
    pub fn is_json(self) -> bool {
        self.json
    }

    /// One JSON document, on one line.
    pub fn json(self, value: &impl Serialize) -> Result<(), Failure> {
        let document =
            serde_json::to_string(value).map_err(|error| Failure::Machine(format!("as JSON: {error}")))?;
        self.raw(&format!("{}\n", clean_json(&document)))
    }

    /// A table; `empty` in place of one without rows.
    pub fn table(self, header: &[&str], rows: &[Vec<String>], empty: &str) -> Result<(), Failure> {
        if rows.is_empty() {
            return self.line(empty);
        }
        let mut table = new_table(if self.ascii { LINED_IN_ASCII } else { LINED });
        table.set_header(header.iter().map(|title| clean(title).into_owned()));
        for row in rows {
            table.add_row(row.iter().map(|cell| clean(cell).into_owned()));
        }
        self.arranged(table)
    }

    /// Names and values, one below the other.
    pub fn fields(self, rows: &[(&str, String)]) -> Result<(), Failure> {
        let mut table = new_table(presets::NOTHING);
        for (name, value) in rows {
            table.add_row([clean(name), clean(value)]);
        }
        self.arranged(table)
    }

    fn arranged(self, mut table: Table) -> Result<(), Failure> {
        for column in table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        self.raw(&format!("{}\n", table.trim_fmt()))
    }

    /// A sentence.
    pub fn line(self, text: &str) -> Result<(), Failure> {
        self.raw(&format!("{}\n", clean::clean_lines(text)))
    }

    /// A marked line: `ok       clock  …`, and below it what to do.
    pub fn marked(self, mark: Mark, name: &str, text: &str, advice: Option<&str>) -> Result<(), Failure> {
        let style = mark.style();
        let mut lines = format!(
            "{style}{:<8}{style:#}{:<12}{}\n",
            mark.word(),
            clean(name),
            clean::clean_lines(text).replace('\n', "\n                    ")
        );
        if let Some(advice) = advice {
            lines.push_str(if self.ascii { "                    -> " } else { "                    → " });
            lines.push_str(&clean::clean_lines(advice).replace('\n', "\n                      "));
            lines.push('\n');
        }
        self.styled(&lines)
    }

    /// Begins the screen again, where there is a screen.
    pub fn clear_screen(self) -> Result<(), Failure> {
        if io::stdout().is_terminal() { self.styled("\u{1b}[H\u{1b}[2J") } else { Ok(()) }
    }

    /// As it is: files that were made here, and secrets that were asked for.
    pub fn raw(self, text: &str) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| Failure::output(&error))
    }

    /// Text with styles that were put there by this module.
    fn styled(self, text: &str) -> Result<(), Failure> {
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|error| Failure::output(&error))
    }

    /// A remark for people, beside what is printed.
    pub fn note(self, text: &str) {
        let _ = writeln!(anstream::stderr(), "{}", clean::clean_lines(text));
    }

    /// Why it ended.
    pub fn failure(self, failure: &Failure) {
        if self.json {
            if let Some(report) = failure.report() {
                #[derive(Serialize)]
                struct Error<T> {
                    error: T,
                }
                let document = serde_json::to_string(&Error { error: report }).unwrap_or_default();
                let _ = writeln!(io::stderr(), "{}", clean_json(&document));
            }
        } else if let Some(message) = failure.message() {
            let style = Mark::Bad.style();
            let _ = writeln!(anstream::stderr(), "{style}pnb:{style:#} {}", clean::clean_lines(&message));
        }
    }
}

/// A line below the header, and no other.
const LINED: TableStyle = TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));

const LINED_IN_ASCII: TableStyle = TableStyle::new().header_separator(LineStyle::new('-', '-', '-', '-'));

/// What is not a terminal gets UTF-8. A terminal says by its locale what it shows; the console of Windows shows all of it.
fn shows_unicode() -> bool {
    if cfg!(windows) || !io::stdout().is_terminal() {
        return true;
    }
    let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_default();
    let locale = locale.to_ascii_lowercase();
    variable("TERM").is_some_and(|terminal| terminal != "dumb")
        && (locale.contains("utf-8") || locale.contains("utf8"))
}

fn new_table(style: TableStyle) -> Table {
    let mut table = Table::new();
    table.load_style(style).set_content_arrangement(ContentArrangement::Dynamic);
    if let Some((terminal_size::Width(width), _)) = terminal_size::terminal_size_of(io::stdout()) {
        table.set_width(width);
    }
    table
}
