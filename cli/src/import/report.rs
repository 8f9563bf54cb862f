//! What became of each line of the file, as a table beside it.

use std::fs;
use std::io::{self, BufWriter, Read as _};
use std::path::{Path, PathBuf};

use paynow_bridge::PlayerKey;

use super::journal::sync_folder;
use crate::exit::Failure;
use crate::output::{clean, safe_cell};
use crate::settings::create_private;

const HEADER: [&str; 7] = ["line", "outcome", "customer_id", "key", "value", "name", "message"];

/// A report that is being written; it gets its name when it is whole.
pub struct Report {
    path: PathBuf,
    part: PathBuf,
    writer: csv::Writer<BufWriter<fs::File>>,
}

/// That a report can go there: it takes the place of an older one, and of no other file.
pub fn check(path: &Path) -> Result<(), Failure> {
    let mut begin = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(256).read_to_end(&mut begin));
    match read {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::file(path, &error)),
        Ok(_) if begin.starts_with(HEADER.join(",").as_bytes()) => Ok(()),
        Ok(_) => Err(Failure::Usage(format!(
            "{}: is there already, and is not the report of an import",
            path.display()
        ))),
    }
}

/// A line of the file.
pub struct Row<'a> {
    pub line: u64,
    pub outcome: &'a str,
    pub customer_id: u64,
    pub key: Option<PlayerKey<'a>>,
    pub name: &'a str,
    pub message: &'a str,
}

impl Report {
    pub fn begin(path: PathBuf) -> Result<Self, Failure> {
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Failure::file(&part, &error));
            }
            _ => {}
        }
        let file = create_private(&part).map_err(|error| Failure::file(&part, &error))?;
        let mut report = Self { path, part, writer: csv::Writer::from_writer(BufWriter::new(file)) };
        report.write(HEADER)?;
        Ok(report)
    }

    pub fn row(&mut self, row: &Row<'_>) -> Result<(), Failure> {
        let (kind, value) = match row.key {
            Some(key) => (super::keys::kind(key), value(key)),
            None => ("", String::new()),
        };
        let id = if row.customer_id == 0 { String::new() } else { row.customer_id.to_string() };
        let cell = |text: &str| safe_cell(&clean(text)).into_owned();
        self.write([
            row.line.to_string(),
            row.outcome.to_owned(),
            id,
            kind.to_owned(),
            cell(&value),
            cell(row.name),
            cell(row.message),
        ])
    }

    fn write<T: AsRef<[u8]>>(&mut self, cells: impl IntoIterator<Item = T>) -> Result<(), Failure> {
        self.writer
            .write_record(cells)
            .map_err(|error| Failure::Machine(format!("{}: {error}", self.part.display())))
    }

    /// Gives it its name.
    pub fn end(self) -> Result<PathBuf, Failure> {
        let part = self.part;
        let failed = |error: &io::Error| Failure::file(&part, error);
        let file = self.writer.into_inner().map_err(|error| failed(error.error()))?;
        let file = file.into_inner().map_err(|error| failed(error.error()))?;
        file.sync_all().and_then(|()| fs::rename(&part, &self.path)).map_err(|error| failed(&error))?;
        sync_folder(Path::new(&self.path));
        Ok(self.path)
    }
}

fn value(key: PlayerKey<'_>) -> String {
    match key {
        PlayerKey::SteamId(number) | PlayerKey::XboxXuid(number) => number.to_string(),
        PlayerKey::MinecraftUuid(uuid) => super::source::spelled(uuid),
        PlayerKey::MinecraftJavaName(name) | PlayerKey::MinecraftBedrockName(name) => name.to_owned(),
        _ => String::new(),
    }
}
