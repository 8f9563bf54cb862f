//! What an import has done: a file beside the one that is imported, which only grows.
//!
//! Contract: before customers are asked for, the journal says which, and is synced. After the answer it says what became of
//! them; that is synced with the next ones. So after a crash or a power cut at any moment, whatever may have been created is
//! either known or named as open, and what is open is looked up before it is asked for again. A line that was torn is cut off.
//! The journal is of one content of the file, one store and one way to tell players: another import has another one. It stays
//! when all is done: it is what a wrong import is found by.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::keys::{Key, Keys, State};
use crate::exit::Failure;

/// What an import is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// SHA-256 of the file.
    pub content: String,
    pub store_id: String,
    pub api_base: Option<String>,
    pub bedrock_prefix: String,
    pub offline_by_uuid: bool,
}

impl Subject {
    /// A short name for it.
    fn short(&self) -> String {
        let text = serde_json::to_vec(self).unwrap_or_default();
        digest(&SHA256, &text)
            .as_ref()
            .iter()
            .take(6)
            .fold(String::new(), |name, byte| format!("{name}{byte:02x}"))
    }

    /// `usercache.json.pnb-0123456789ab.journal`, and so on.
    pub fn beside(&self, file: &Path, what: &str) -> PathBuf {
        // A folder's name without the slash that may follow it.
        let mut name = file.components().collect::<PathBuf>().into_os_string();
        name.push(format!(".pnb-{}.{what}", self.short()));
        name.into()
    }
}

/// Reasons why PayNow did not want players, each once.
#[derive(Default)]
pub struct Reasons(Vec<String>);

/// More different reasons than that are not kept apart.
const MOST_REASONS: usize = 1_000;

impl Reasons {
    pub fn number(&mut self, reason: &str) -> u64 {
        if let Some(place) = self.0.iter().position(|each| each == reason) {
            return place as u64;
        }
        if self.0.len() == MOST_REASONS {
            return self.number("refused");
        }
        // The last place is for all others.
        let reason = if self.0.len() + 1 == MOST_REASONS { "refused" } else { reason };
        self.0.push(reason.to_owned());
        self.0.len() as u64 - 1
    }

    pub fn get(&self, number: u64) -> &str {
        usize::try_from(number).ok().and_then(|number| self.0.get(number)).map_or("refused", String::as_str)
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    pnb_import: u32,
    #[serde(flatten)]
    subject: Subject,
}

/// A line after the first.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    /// These are asked for now.
    Begin { at: u64, keys: Vec<Hex> },
    /// What became of those that were begun last, in that order: an id, or nothing. Those of `refused` are not wanted; with
    /// `undone` surely none was created.
    End {
        ids: Vec<Option<u64>>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        refused: BTreeMap<usize, String>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        undone: bool,
    },
    /// These were open, and are customers.
    Found { created: Vec<(Hex, u64)> },
}

/// 128 bits as text.
struct Hex(u128);

impl Serialize for Hex {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:032x}", self.0))
    }
}

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        u128::from_str_radix(&text, 16).map(Self).map_err(serde::de::Error::custom)
    }
}

/// What became of one of those that were begun.
pub enum Outcome {
    Created(u64),
    Open,
    Refused(String),
}

pub struct Journal {
    path: PathBuf,
    file: BufWriter<fs::File>,
}

/// What earlier runs have left.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// Whether there was one.
    pub was: bool,
    /// When the last were asked for of which it is open whether they were created; Unix time in milliseconds.
    pub open_since: Option<u64>,
}

pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Journal {
    /// What the journal says, into `keys`, without changing anything.
    pub fn read(
        path: &Path,
        subject: &Subject,
        keys: &mut Keys,
        reasons: &mut Reasons,
    ) -> Result<Earlier, Failure> {
        match fs::File::open(path) {
            Ok(file) => Ok(replay(path, &file, subject, keys, reasons)?.0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Earlier::default()),
            Err(error) => Err(Failure::file(path, &error)),
        }
    }

    /// Opens it for going on, or begins it.
    pub fn open(
        path: PathBuf,
        subject: &Subject,
        keys: &mut Keys,
        reasons: &mut Reasons,
    ) -> Result<(Self, Earlier), Failure> {
        let failed = |error: &io::Error| Failure::file(&path, error);
        let mut options = fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(Failure::Usage(format!("{}: another import uses it", path.display())));
            }
            Err(fs::TryLockError::Error(error)) => return Err(failed(&error)),
        }
        let (earlier, good) = replay(&path, &file, subject, keys, reasons)?;
        file.set_len(good).and_then(|()| file.seek(SeekFrom::End(0))).map_err(|error| failed(&error))?;
        let mut journal = Self { path, file: BufWriter::new(file) };
        if good == 0 {
            let header = Header { pnb_import: 1, subject: subject.clone() };
            journal.write(&header)?;
            journal.sync()?;
            sync_folder(&journal.path);
        }
        Ok((journal, earlier))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says that these are asked for, so that it is known whatever happens.
    pub fn begin(&mut self, keys: impl Iterator<Item = Key>) -> Result<(), Failure> {
        self.write(&Line::Begin { at: now(), keys: keys.map(|key| Hex(key.0)).collect() })?;
        self.sync()
    }

    /// Says what became of those that were begun last.
    pub fn end(&mut self, outcomes: &[Outcome]) -> Result<(), Failure> {
        let id = |outcome: &Outcome| match outcome {
            Outcome::Created(id) => Some(*id),
            _ => None,
        };
        let refused = outcomes.iter().enumerate().filter_map(|(place, outcome)| match outcome {
            Outcome::Refused(reason) => Some((place, reason.clone())),
            _ => None,
        });
        let line =
            Line::End { ids: outcomes.iter().map(id).collect(), refused: refused.collect(), undone: false };
        self.write(&line)
    }

    /// Says that surely none of those that were begun last was created.
    pub fn undone(&mut self) -> Result<(), Failure> {
        self.write(&Line::End { ids: Vec::new(), refused: BTreeMap::new(), undone: true })
    }

    /// Says that these, which were open, are customers.
    pub fn found(&mut self, created: impl Iterator<Item = (Key, u64)>) -> Result<(), Failure> {
        let created: Vec<_> = created.map(|(key, id)| (Hex(key.0), id)).collect();
        if created.is_empty() {
            return Ok(());
        }
        self.write(&Line::Found { created })
    }

    pub fn sync(&mut self) -> Result<(), Failure> {
        self.file
            .flush()
            .and_then(|()| self.file.get_ref().sync_data())
            .map_err(|error| Failure::file(&self.path, &error))
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), Failure> {
        let mut text = serde_json::to_vec(line).unwrap_or_default();
        text.push(b'\n');
        // In one go: what is in the file is a whole line, or the last one.
        self.file
            .write_all(&text)
            .and_then(|()| self.file.flush())
            .map_err(|error| Failure::file(&self.path, &error))
    }
}

/// So that a new file is there after a power cut. Not all systems can.
pub fn sync_folder(path: &Path) {
    let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
    if let Ok(folder) = fs::File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Reads all lines; says how much of the file is good.
fn replay(
    path: &Path,
    file: &fs::File,
    subject: &Subject,
    keys: &mut Keys,
    reasons: &mut Reasons,
) -> Result<(Earlier, u64), Failure> {
    let refuse = |number: u64, problem: &str| {
        Failure::Usage(format!(
            "{}:{number}: {problem}; move the file away to begin again: what exists is not created twice",
            path.display()
        ))
    };
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut good = 0;
    let mut number = 0;
    let mut begun: Vec<u128> = Vec::new();
    let mut begun_at = 0;
    let mut earlier = Earlier::default();
    let set = |keys: &mut Keys, key: u128, state: State, number: u64| {
        // One that is no longer in the file cannot be: the content is the same.
        if let Some(place) = keys.find(Key(key)) {
            keys.set(place, state, number);
        }
    };
    loop {
        line.clear();
        let length = reader.read_until(b'\n', &mut line).map_err(|error| Failure::file(path, &error))?;
        // The last line was torn, or this is the end.
        if line.last() != Some(&b'\n') {
            break;
        }
        number += 1;
        if good == 0 {
            let header: Header =
                serde_json::from_slice(&line).map_err(|_| refuse(number, "is not a journal of an import"))?;
            if header.pnb_import != 1 || header.subject != *subject {
                return Err(refuse(number, "is the journal of another import"));
            }
            earlier.was = true;
        } else {
            match serde_json::from_slice(&line).map_err(|_| refuse(number, "is not a line of a journal"))? {
                Line::Begin { at, keys: asked } => {
                    begun = asked.into_iter().map(|key| key.0).collect();
                    begun_at = at;
                    for key in &begun {
                        set(keys, *key, State::Open, 0);
                    }
                    earlier.open_since = Some(at);
                }
                Line::End { undone: true, .. } => {
                    for key in begun.drain(..) {
                        set(keys, key, State::Wanted, 0);
                    }
                }
                Line::End { ids, mut refused, .. } => {
                    for (place, (key, id)) in begun.drain(..).zip(ids).enumerate() {
                        if let Some(id) = id {
                            set(keys, key, State::Created, id);
                        } else if let Some(reason) = refused.remove(&place) {
                            set(keys, key, State::Refused, reasons.number(&reason));
                        } else {
                            earlier.open_since = Some(begun_at);
                        }
                    }
                }
                Line::Found { created } => {
                    for (key, id) in created {
                        set(keys, key.0, State::Created, id);
                    }
                }
            }
        }
        good += length as u64;
    }
    Ok((earlier, good))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(content: &str) -> Subject {
        Subject {
            content: content.to_owned(),
            store_id: "1".to_owned(),
            api_base: None,
            bedrock_prefix: ".".to_owned(),
            offline_by_uuid: false,
        }
    }

    fn keys() -> Keys {
        let mut keys = Keys::default();
        (1..=6).for_each(|key| keys.add(Key(key)));
        keys.settle();
        keys
    }

    fn states(keys: &Keys) -> Vec<State> {
        (0..keys.len()).map(|place| keys.state(place)).collect()
    }

    /// A folder of its own, which goes with the value.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("pnb-journal-{}-{name}", std::process::id()));
            fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    use State::{Created, Open, Refused, Wanted};

    #[test]
    fn wherever_it_is_torn_it_says_what_is_known() {
        let folder = Folder::new("torn");
        let path = subject("a").beside(&folder.0.join("x.json"), "journal");
        let (mut journal, earlier) =
            Journal::open(path.clone(), &subject("a"), &mut keys(), &mut Reasons::default()).unwrap();
        assert_eq!(earlier, Earlier::default());
        journal.begin([Key(1), Key(2), Key(3)].into_iter()).unwrap();
        journal.end(&[Outcome::Created(11), Outcome::Open, Outcome::Refused("no".to_owned())]).unwrap();
        journal.begin([Key(4), Key(5)].into_iter()).unwrap();
        journal.undone().unwrap();
        journal.begin([Key(4)].into_iter()).unwrap();
        journal.found([(Key(2), 12)].into_iter()).unwrap();
        drop(journal);
        let whole = fs::read(&path).unwrap();
        let lines: Vec<usize> = whole
            .iter()
            .enumerate()
            .filter(|(_, byte)| **byte == b'\n')
            .map(|(place, _)| place + 1)
            .collect();
        let expected = [
            [Wanted, Wanted, Wanted, Wanted, Wanted, Wanted],
            [Open, Open, Open, Wanted, Wanted, Wanted],
            [Created, Open, Refused, Wanted, Wanted, Wanted],
            [Created, Open, Refused, Open, Open, Wanted],
            [Created, Open, Refused, Wanted, Wanted, Wanted],
            [Created, Open, Refused, Open, Wanted, Wanted],
            [Created, Created, Refused, Open, Wanted, Wanted],
        ];
        assert_eq!(lines.len(), expected.len());
        for length in 0..=whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let whole_lines = lines.iter().filter(|end| **end <= length).count();
            let mut keys = keys();
            let mut reasons = Reasons::default();
            let earlier = Journal::read(&path, &subject("a"), &mut keys, &mut reasons).unwrap();
            assert_eq!(earlier.was, whole_lines > 0, "{length}");
            assert_eq!(states(&keys), expected[whole_lines.saturating_sub(1)], "{length}");
            // What follows is whole, too. (Each opening syncs: those at the ends of lines are enough.)
            if length % 61 != 0 && !lines.iter().any(|end| end.abs_diff(length) < 2) {
                continue;
            }
            let (mut journal, _) =
                Journal::open(path.clone(), &subject("a"), &mut keys, &mut reasons).unwrap();
            journal.begin([Key(6)].into_iter()).unwrap();
            drop(journal);
            let mut again = self::keys();
            Journal::read(&path, &subject("a"), &mut again, &mut Reasons::default()).unwrap();
            assert_eq!(again.state(5), Open);
        }
    }

    #[test]
    fn a_journal_is_of_one_import_and_one_at_a_time() {
        let folder = Folder::new("one");
        let path = folder.0.join("journal");
        let open = |content: &str| {
            Journal::open(path.clone(), &subject(content), &mut keys(), &mut Reasons::default())
        };
        let first = open("a").unwrap();
        assert!(open("a").err().unwrap().message().unwrap().contains("another import uses it"));
        drop(first);
        assert!(open("b").err().unwrap().message().unwrap().contains("of another import"));
        fs::write(&path, "nonsense\n").unwrap();
        assert!(open("a").err().unwrap().message().unwrap().contains("is not a journal"));
        assert_ne!(
            subject("a").beside(Path::new("x/"), "journal"),
            subject("b").beside(Path::new("x"), "journal")
        );
        assert!(subject("a").beside(Path::new("x/"), "journal").to_str().unwrap().starts_with("x.pnb-"));
    }

    #[test]
    fn reasons_are_few() {
        let mut reasons = Reasons::default();
        let first = reasons.number("taken");
        assert_eq!(reasons.number("taken"), first);
        for number in 0..2 * MOST_REASONS {
            reasons.number(&number.to_string());
        }
        assert_eq!(reasons.0.len(), MOST_REASONS);
        let other = reasons.number("one more");
        assert_eq!((reasons.get(first), reasons.get(other)), ("taken", "refused"));
    }
}
