//! Players in JSON: a list, an object a line, LuckPerms' export, Geyser's saved accounts.

use std::io::BufRead;

use serde::Deserialize;

use super::scan::{Cut, LONGEST, Scanner};
use super::{Entry, Record, Take};
use crate::exit::Failure;
use crate::import::source::Reading;

fn too_long() -> String {
    format!("is longer than {} KiB", LONGEST / 1024)
}

const TORN: &str = "the file ends in the middle of it";

/// What is wrong with a value; never what it says, which can be a secret.
fn wrong(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // The place is one within the value.
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

fn record(bytes: &[u8]) -> Result<Record, String> {
    serde_json::from_slice(bytes).map_err(|error| wrong(&error))
}

/// `usercache.json`, `whitelist.json`, `ops.json`, `banned-players.json` and lists like them.
pub fn list(reader: impl BufRead, reading: &Reading<'_>, take: Take<'_>) -> Result<(), Failure> {
    let failed = |error| reading.failed(&error);
    let mut scanner = Scanner::new(reader);
    if scanner.skip(&[]).map_err(failed)? != Some(b'[') {
        return take(Entry { line: scanner.line, what: Err("is not a JSON list".to_owned()) });
    }
    scanner.take().map_err(failed)?;
    let mut value = Vec::new();
    loop {
        let next = scanner.skip(b",").map_err(failed)?;
        let line = scanner.line;
        match next {
            None => return take(Entry { line, what: Err("the list does not end".to_owned()) }),
            Some(b']') => break,
            Some(_) => {}
        }
        let what = match scanner.value(&mut value).map_err(failed)? {
            Cut::Whole => record(&value),
            Cut::TooLong => Err(too_long()),
            Cut::Torn => Err(TORN.to_owned()),
        };
        take(Entry { line, what })?;
    }
    scanner.take().map_err(failed)?;
    match scanner.skip(&[]).map_err(failed)? {
        None => Ok(()),
        Some(_) => take(Entry { line: scanner.line, what: Err("something follows the list".to_owned()) }),
    }
}

/// An object a line.
pub fn lines(reader: impl BufRead, reading: &Reading<'_>, take: Take<'_>) -> Result<(), Failure> {
    let mut scanner = Scanner::new(reader);
    let mut bytes = Vec::new();
    loop {
        let line = scanner.line;
        let what = match scanner.rest_of_line(&mut bytes).map_err(|error| reading.failed(&error))? {
            None => return Ok(()),
            Some(Cut::Whole) if bytes.trim_ascii().is_empty() => continue,
            Some(Cut::Whole) => record(&bytes),
            Some(_) => Err(too_long()),
        };
        take(Entry { line, what })?;
    }
}

/// Takes a member of an object: the scanner before its value, the line, and the key.
type Member<'a, R> = &'a mut dyn FnMut(&mut Scanner<R>, u64, Result<String, String>) -> Result<(), Failure>;

/// Walks through an object: hands over each key, and the scanner before its value.
fn object<R: BufRead>(
    scanner: &mut Scanner<R>,
    reading: &Reading<'_>,
    member: Member<'_, R>,
) -> Result<(), Failure> {
    let failed = |error| reading.failed(&error);
    if scanner.skip(&[]).map_err(failed)? != Some(b'{') {
        let line = scanner.line;
        return member(scanner, line, Err("is not a JSON object".to_owned()));
    }
    scanner.take().map_err(failed)?;
    let mut key = Vec::new();
    loop {
        let next = scanner.skip(b",").map_err(failed)?;
        let line = scanner.line;
        match next {
            None => return member(scanner, line, Err("the object does not end".to_owned())),
            Some(b'}') => break,
            Some(_) => {}
        }
        let cut = scanner.value(&mut key).map_err(failed)?;
        let name = match cut {
            Cut::Whole => serde_json::from_slice::<String>(&key).map_err(|error| wrong(&error)),
            Cut::TooLong => Err(too_long()),
            Cut::Torn => Err(TORN.to_owned()),
        };
        if scanner.skip(&[]).map_err(failed)? != Some(b':') {
            member(scanner, line, Err("is a key without a value".to_owned()))?;
            continue;
        }
        scanner.take().map_err(failed)?;
        scanner.skip(&[]).map_err(failed)?;
        member(scanner, line, name)?;
    }
    scanner.take().map_err(failed)?;
    Ok(())
}

/// What `/lp export` writes: `{"users":{"<uuid>":{"username":"…"}}}` among other things.
pub fn luckperms(reader: impl BufRead, reading: &Reading<'_>, take: Take<'_>) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct User {
        username: Option<String>,
    }
    let failed = |error| reading.failed(&error);
    let mut value = Vec::new();
    object(&mut Scanner::new(reader), reading, &mut |scanner, line, key| {
        match key {
            Err(problem) => return take(Entry { line, what: Err(problem) }),
            Ok(key) if key == "users" => {}
            Ok(_) => {
                scanner.value(&mut value).map_err(failed)?;
                return Ok(());
            }
        }
        object(scanner, reading, &mut |scanner, line, uuid| {
            let what = match uuid {
                Err(problem) => Err(problem),
                Ok(uuid) => match scanner.value(&mut value).map_err(failed)? {
                    Cut::Whole => serde_json::from_slice::<User>(&value)
                        .map(|user| Record::of_server(uuid, user.username))
                        .map_err(|error| wrong(&error)),
                    Cut::TooLong => Err(too_long()),
                    Cut::Torn => Err(TORN.to_owned()),
                },
            };
            take(Entry { line, what })
        })
    })
}

/// Geyser's `saved-auth-chains.json`: for each Bedrock player the Java account it plays with, which is who it is on the server.
pub fn geyser(reader: impl BufRead, reading: &Reading<'_>, take: Take<'_>) -> Result<(), Failure> {
    #[derive(Deserialize)]
    struct Chain {
        #[serde(rename = "mcProfile", alias = "minecraftProfile")]
        profile: Option<Account>,
    }
    #[derive(Deserialize)]
    struct Account {
        id: String,
        name: Option<String>,
    }
    let failed = |error| reading.failed(&error);
    let mut value = Vec::new();
    object(&mut Scanner::new(reader), reading, &mut |scanner, line, key| {
        let what = match key {
            Err(problem) => Err(problem),
            Ok(_) => match scanner.value(&mut value).map_err(failed)? {
                Cut::Whole => {
                    let chain = serde_json::from_slice::<String>(&value).unwrap_or_default();
                    let chain = serde_json::from_str::<Chain>(&chain);
                    match chain.ok().and_then(|chain| chain.profile) {
                        Some(account) => Ok(Record::of_server(account.id, account.name)),
                        None => Err("does not say which Java account the player uses".to_owned()),
                    }
                }
                Cut::TooLong => Err(too_long()),
                Cut::Torn => Err(TORN.to_owned()),
            },
        };
        take(Entry { line, what })
    })
}
