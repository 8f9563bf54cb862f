//! Essentials' players: the folder `userdata`, and `usermap.bin`.

use std::fs;
use std::io::{self, BufRead, Read};
use std::path::Path;

use super::table::is_uuid;
use super::{Entry, Reading, Record, Take};
use crate::exit::Failure;

/// How much of a player's file is read. The name stands at its top level, and Essentials writes a few KiB.
const LONGEST: u64 = 1024 * 1024;

/// The players of a folder `userdata`, in the order of their UUIDs.
pub fn players(folder: &Path) -> io::Result<Vec<u128>> {
    let mut players = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let uuid = name.to_str().and_then(|name| name.strip_suffix(".yml")).filter(|stem| is_uuid(stem));
        let digits = uuid.map(|uuid| uuid.replace('-', ""));
        // One that is spelled otherwise is none that Essentials wrote.
        let uuid = digits.and_then(|digits| u128::from_str_radix(&digits, 16).ok());
        players.extend(uuid.filter(|uuid| spelled(*uuid) == name.to_string_lossy().trim_end_matches(".yml")));
    }
    players.sort_unstable();
    Ok(players)
}

pub fn spelled(uuid: u128) -> String {
    let digits = format!("{uuid:032x}");
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

/// All of a folder `userdata`; `saw` gets all that was read.
pub fn folder(
    folder: &Path,
    reading: &Reading<'_>,
    saw: &mut dyn FnMut(&[u8]),
    take: Take<'_>,
) -> Result<(), Failure> {
    let players = players(folder).map_err(|error| reading.failed(&error))?;
    let mut content = Vec::new();
    for (place, uuid) in players.into_iter().enumerate() {
        let uuid = spelled(uuid);
        let path = folder.join(format!("{uuid}.yml"));
        content.clear();
        let read = fs::File::open(&path).and_then(|file| file.take(LONGEST).read_to_end(&mut content));
        saw(uuid.as_bytes());
        saw(&content);
        let what = match read {
            Err(error) => Err(format!("{uuid}.yml: {error}")),
            Ok(_) => match player(&content) {
                Some(name) => Ok(Record::of_server(uuid, name)),
                None => continue,
            },
        };
        take(Entry { line: place as u64 + 1, what })?;
    }
    Ok(())
}

/// The name that a player's file says; nothing for the file of an NPC.
fn player(content: &[u8]) -> Option<Option<String>> {
    let mut name = None;
    for line in String::from_utf8_lossy(content).lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        match key {
            // What is further in is indented.
            "npc" if value.trim() == "true" => return None,
            "last-account-name" | "lastAccountName" => name = scalar(value.trim()),
            _ => {}
        }
    }
    Some(name)
}

/// A YAML text of one line, in any of the three ways it is written.
fn scalar(text: &str) -> Option<String> {
    if let Some(rest) = text.strip_prefix('\'') {
        let inner = rest.strip_suffix('\'')?;
        return Some(inner.replace("''", "'"));
    }
    if text.starts_with('"') {
        // The escapes that JSON has are those that occur in names.
        return serde_json::from_str(text).ok();
    }
    let text = text.split(" #").next().unwrap_or_default().trim_end();
    let is_nothing = text.is_empty() || matches!(text, "null" | "~");
    (!is_nothing).then(|| text.to_owned())
}

/// `usermap.bin`: names and UUIDs as Java's `DataOutputStream` writes them.
pub fn usermap(mut reader: impl BufRead, reading: &Reading<'_>, take: Take<'_>) -> Result<(), Failure> {
    let mut place = 0;
    loop {
        let is_over = reader.fill_buf().map_err(|error| reading.failed(&error))?.is_empty();
        if is_over {
            return Ok(());
        }
        place += 1;
        let entry = match entry(&mut reader) {
            Ok(entry) => entry,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let what = Err("the file ends in the middle of a player".to_owned());
                return take(Entry { line: place, what });
            }
            Err(error) => return Err(reading.failed(&error)),
        };
        take(Entry { line: place, what: entry })?;
    }
}

/// One player: a length, a name, a UUID.
pub fn entry(reader: &mut impl Read) -> io::Result<Result<Record, String>> {
    let mut length = [0; 2];
    reader.read_exact(&mut length)?;
    let mut name = vec![0; usize::from(u16::from_be_bytes(length))];
    reader.read_exact(&mut name)?;
    let mut uuid = [0; 16];
    reader.read_exact(&mut uuid)?;
    // Java's own UTF-8 differs from the real one for NUL and beyond the basic plane: no names of players.
    Ok(String::from_utf8(name)
        .map(|name| Record::of_server(spelled(u128::from_be_bytes(uuid)), Some(name)))
        .map_err(|_| "the name is not UTF-8 text".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_read_however_it_is_written() {
        let name = |line: &str| player(format!("money: '0'\n{line}\nhomes:\n  npc: true\n").as_bytes());
        assert_eq!(name("last-account-name: Notch"), Some(Some("Notch".to_owned())));
        assert_eq!(name("lastAccountName: '1234'"), Some(Some("1234".to_owned())));
        assert_eq!(name("last-account-name: 'it''s'"), Some(Some("it's".to_owned())));
        assert_eq!(name(r#"last-account-name: "Gr\u00fcn""#), Some(Some("Grün".to_owned())));
        assert_eq!(name("last-account-name: .Sir_Dig"), Some(Some(".Sir_Dig".to_owned())));
        assert_eq!(name("  last-account-name: Notch"), Some(None));
        assert_eq!(name("last-account-name: null"), Some(None));
        assert_eq!(name("npc: true"), None);
    }

    #[test]
    fn uuids_are_spelled_as_essentials_does() {
        assert_eq!(
            spelled(0x069a_79f4_44e9_4726_a5be_fca9_0e38_aaf5),
            "069a79f4-44e9-4726-a5be-fca90e38aaf5"
        );
    }
}
