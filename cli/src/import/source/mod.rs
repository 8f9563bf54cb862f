//! The file that is imported, player by player.
//!
//! Contract: a file is read again and again, from its beginning to its end, and never held in memory. What cannot be used comes
//! as an entry with the reason, and the next one follows. Each reading gives the SHA-256 of all that was read.

mod essentials;
mod json;
mod record;
mod scan;
mod table;

use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use ring::digest::{Context, SHA256};

pub use essentials::spelled;
pub use record::{Record, check_metadata};

use crate::exit::Failure;
use record::Column;
use scan::Scanner;

/// How much is looked at to tell a format.
const HEAD: u64 = 64 * 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const GZIP: &[u8] = b"\x1f\x8b";

/// What a file can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A JSON list: usercache.json, whitelist.json, ops.json, banned-players.json
    Json,
    /// A JSON object a line
    Jsonl,
    /// A table with a header, also of Floodgate's linked players
    Csv,
    /// What LuckPerms' /lp export writes
    Luckperms,
    /// Essentials' folder userdata, usermap.bin or usermap.csv
    Essentials,
    /// Geyser's saved-auth-chains.json
    Geyser,
}

impl Format {
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Luckperms => "luckperms",
            Self::Essentials => "essentials",
            Self::Geyser => "geyser",
        }
    }
}

/// One place of a file: the line it begins at, or the how-manieth it is in a folder or a file without lines.
pub struct Entry {
    pub line: u64,
    pub what: Result<Record, String>,
}

/// Takes an entry; a failure ends the reading.
pub type Take<'a> = &'a mut dyn FnMut(Entry) -> Result<(), Failure>;

/// Names the file in what is said.
pub struct Reading<'a>(&'a Path);

impl Reading<'_> {
    fn failed(&self, error: &io::Error) -> Failure {
        Failure::file(self.0, error)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    List,
    Lines,
    Table { delimiter: u8 },
    Luckperms,
    Geyser,
    Folder,
    Usermap,
    UsermapTable,
}

/// A file, and what it is.
pub struct Source {
    path: PathBuf,
    kind: Kind,
}

impl Source {
    /// Looks what a file is, as far as that was not said.
    pub fn open(path: &Path, format: Option<Format>) -> Result<Self, Failure> {
        let refuse = |problem: &str| Failure::Usage(format!("{}: {problem}", path.display()));
        let about = fs::metadata(path).map_err(|error| refuse(&error.to_string()))?;
        if about.is_dir() {
            if format.is_some_and(|format| format != Format::Essentials) {
                return Err(refuse("is a folder"));
            }
            // Essentials' own folder, or the one in it.
            let inner = path.join("userdata");
            let folder = if inner.is_dir() { inner } else { path.to_owned() };
            let players = essentials::players(&folder).map_err(|error| Failure::file(&folder, &error))?.len();
            if players == 0 {
                return Err(refuse("is a folder without players' files of Essentials (UUID.yml)"));
            }
            return Ok(Self { path: folder, kind: Kind::Folder });
        }
        if !about.is_file() {
            return Err(refuse("must be a file: it is read more than once"));
        }
        let mut source = Self { path: path.to_owned(), kind: Kind::Lines };
        let mut head = Vec::new();
        let mut file = Hashing::open(path)?;
        source
            .text(&mut file)
            .and_then(|reader| reader.take(HEAD).read_to_end(&mut head))
            .map_err(|error| Failure::file(path, &error))?;
        source.kind = match format {
            None => detect(&head, path).map_err(|problem| refuse(&problem))?,
            Some(Format::Json) => Kind::List,
            Some(Format::Jsonl) => Kind::Lines,
            Some(Format::Luckperms) => Kind::Luckperms,
            Some(Format::Geyser) => Kind::Geyser,
            Some(Format::Csv) => match table::header(&first_line(&head)) {
                Some(delimiter) => Kind::Table { delimiter },
                None => return Err(refuse(NO_HEADER)),
            },
            Some(Format::Essentials) if table::is_usermap(&first_line(&head)) => Kind::UsermapTable,
            Some(Format::Essentials) => Kind::Usermap,
        };
        Ok(source)
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn format(&self) -> Format {
        match self.kind {
            Kind::List => Format::Json,
            Kind::Lines => Format::Jsonl,
            Kind::Table { .. } => Format::Csv,
            Kind::Luckperms => Format::Luckperms,
            Kind::Geyser => Format::Geyser,
            Kind::Folder | Kind::Usermap | Kind::UsermapTable => Format::Essentials,
        }
    }

    /// Reads all of it; says what the hash of all of it is.
    pub fn read(&self, take: Take<'_>) -> Result<[u8; 32], Failure> {
        let reading = Reading(&self.path);
        if self.kind == Kind::Folder {
            let mut hash = Context::new(&SHA256);
            let mut saw = |bytes: &[u8]| {
                hash.update(&(bytes.len() as u64).to_le_bytes());
                hash.update(bytes);
            };
            essentials::folder(&self.path, &reading, &mut saw, take)?;
            return Ok(digest(hash));
        }
        let mut file = Hashing::open(&self.path)?;
        let reader = self.text(&mut file).map_err(|error| reading.failed(&error))?;
        let read = match self.kind {
            Kind::List => json::list(reader, &reading, take),
            Kind::Lines => json::lines(reader, &reading, take),
            Kind::Luckperms => json::luckperms(reader, &reading, take),
            Kind::Geyser => json::geyser(reader, &reading, take),
            Kind::Table { delimiter } => table::csv(reader, delimiter, &reading, take),
            Kind::UsermapTable => table::usermap(reader, &reading, take),
            Kind::Usermap | Kind::Folder => essentials::usermap(reader, &reading, take),
        };
        read?;
        // What follows the last player is part of the file, too.
        io::copy(&mut file, &mut io::sink()).map_err(|error| reading.failed(&error))?;
        Ok(digest(file.hash))
    }

    /// What the file says: unpacked, and without a byte order mark.
    fn text<'a>(&self, file: &'a mut Hashing) -> io::Result<Box<dyn BufRead + 'a>> {
        let mut packed = BufReader::with_capacity(64 * 1024, file);
        let mut reader: Box<dyn BufRead + 'a> = if packed.fill_buf()?.starts_with(GZIP) {
            Box::new(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(packed)))
        } else {
            Box::new(packed)
        };
        if reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
            reader.consume(BYTE_ORDER_MARK.len());
        }
        Ok(reader)
    }
}

const NO_HEADER: &str = "the first line names none of the columns steam_id, minecraft_uuid, xbox_xuid, minecraft_java_name, \
                         minecraft_bedrock_name, name";

fn digest(hash: Context) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.finish().as_ref());
    bytes
}

/// A file, and the hash of what was read of it.
struct Hashing {
    file: fs::File,
    hash: Context,
}

impl Hashing {
    fn open(path: &Path) -> Result<Self, Failure> {
        let file = fs::File::open(path).map_err(|error| Failure::file(path, &error))?;
        Ok(Self { file, hash: Context::new(&SHA256) })
    }
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.file.read(buffer)?;
        self.hash.update(&buffer[..length]);
        Ok(length)
    }
}

fn first_line(head: &[u8]) -> String {
    let text = String::from_utf8_lossy(head);
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().to_owned()
}

fn detect(head: &[u8], path: &Path) -> Result<Kind, String> {
    if head.starts_with(b"SQLite format 3\0") {
        return Err("is an SQLite database. Floodgate's linked players come out of it as a table: sqlite3 -header -csv \
                    linked-players.db 'select * from LinkedPlayers' >linked-players.csv"
            .to_owned());
    }
    if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return Err("is UTF-16 text: save it as UTF-8".to_owned());
    }
    if is_usermap(head) {
        return Ok(Kind::Usermap);
    }
    match head.trim_ascii_start().first() {
        None => Err("is empty".to_owned()),
        Some(b'[') => Ok(Kind::List),
        Some(b'{') => detect_object(head, path),
        Some(_) => {
            let line = first_line(head);
            if let Some(delimiter) = table::header(&line) {
                Ok(Kind::Table { delimiter })
            } else if table::is_usermap(&line) {
                Ok(Kind::UsermapTable)
            } else {
                Err(format!("is not a format that is known here; as a table, {NO_HEADER}"))
            }
        }
    }
}

/// Whether it begins as Essentials' `usermap.bin`: a name of the length that is said, and bytes that are not text.
fn is_usermap(head: &[u8]) -> bool {
    let [0, length @ 1..=64, rest @ ..] = head else { return false };
    let length = usize::from(*length);
    rest.len() >= length + 16 && rest[..length].iter().all(|byte| *byte >= b' ')
}

fn detect_object(head: &[u8], path: &Path) -> Result<Kind, String> {
    let mut keys = Vec::new();
    let mut are_texts = true;
    let mut scanner = Scanner::new(head);
    let mut value = Vec::new();
    // Reading from memory does not fail.
    let mut walk = || -> io::Result<()> {
        scanner.skip(&[])?;
        scanner.take()?;
        while scanner.skip(b",")? == Some(b'"') {
            scanner.value(&mut value)?;
            keys.push(serde_json::from_slice::<String>(&value).unwrap_or_default());
            scanner.skip(b":")?;
            are_texts &= scanner.peek()? == Some(b'"');
            scanner.value(&mut value)?;
        }
        Ok(())
    };
    let _ = walk();
    let has = |name: &str| keys.iter().any(|key| key == name);
    if has("users") || (has("metadata") && (has("groups") || has("tracks"))) {
        return Ok(Kind::Luckperms);
    }
    if keys.iter().any(|key| Column::of(key).is_some()) {
        return Ok(Kind::Lines);
    }
    let says = |word: &str| head.windows(word.len()).any(|window| window == word.as_bytes());
    if are_texts && (says("mcProfile") || says("minecraftProfile")) {
        return Ok(Kind::Geyser);
    }
    if path.file_name().is_some_and(|name| name == "saved-refresh-tokens.json") {
        return Err("holds only tokens of Geyser, and not which Java accounts they are of".to_owned());
    }
    Err("is not a format that is known here; --format says what it is".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detected(head: &str) -> Option<Kind> {
        detect(head.as_bytes(), Path::new("x")).ok()
    }

    #[test]
    fn formats_are_told_by_what_is_in_them() {
        assert_eq!(detected(" [\n {\"uuid\":\"x\"}]"), Some(Kind::List));
        assert_eq!(detected("{\"steam_id\":\"1\"}\n{}"), Some(Kind::Lines));
        assert_eq!(detected("{\"metadata\":{\"a\":\"b\"},\"name\":\"x\"}"), Some(Kind::Lines));
        assert_eq!(detected("{\"metadata\":{},\"groups\":{\"a\":"), Some(Kind::Luckperms));
        assert_eq!(detected("{\"users\":{}}"), Some(Kind::Luckperms));
        assert_eq!(detected(r#"{"Sir":"{\"mcProfile\":{\"id\":\"1\"}}"}"#), Some(Kind::Geyser));
        assert_eq!(detected("a;name;b\n"), Some(Kind::Table { delimiter: b';' }));
        assert_eq!(detected("\"uuid\"\tx\n"), Some(Kind::Table { delimiter: b'\t' }));
        assert_eq!(detected("Notch,069a79f4-44e9-4726-a5be-fca90e38aaf5\n"), Some(Kind::UsermapTable));
        assert_eq!(detected("\0\u{5}Notch0123456789abcdef"), Some(Kind::Usermap));
        for other in ["", "{}", "{\"a\":1}", "hello", "a,b\n1,2", "SQLite format 3\0", "{\"Sir\":\"token\"}"]
        {
            assert_eq!(detected(other), None, "{other:?}");
        }
    }
}
