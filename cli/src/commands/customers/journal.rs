//! How far an export is: a small file beside what was written.
//!
//! Contract: the export's file is written and synced first, then the journal says how long it is and behind which customer to
//! go on. What the file has beyond that was written by a run that ended before it could say so, and is cut off. So each
//! customer is in the file once, wherever a run ended.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::exit::Failure;
use crate::settings::write_private;

/// What an export is of. Another one does not go on with its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub store_id: String,
    pub api_base: Option<String>,
    pub format: String,
    pub search: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    pub subject: Subject,
    /// How much of the file is good.
    pub bytes: u64,
    pub customers: u64,
    /// The last customer in it.
    pub cursor: Option<u64>,
}

/// `customers.csv.part`, until all are in it.
pub fn part_of(path: &Path) -> PathBuf {
    with_suffix(path, ".part")
}

fn journal_of(path: &Path) -> PathBuf {
    with_suffix(path, ".part.json")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

impl Journal {
    pub fn new(subject: Subject) -> Self {
        Self { subject, bytes: 0, customers: 0, cursor: None }
    }

    /// The journal of an export that did not come to its end.
    pub fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let path = journal_of(path);
        match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| {
                Failure::Usage(format!(
                    "{}: is not a journal of an export; --restart begins again",
                    path.display()
                ))
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::file(&path, &error)),
        }
    }

    pub fn write(&self, path: &Path) -> Result<(), Failure> {
        let path = journal_of(path);
        let text = serde_json::to_vec(self).unwrap_or_default();
        write_private(&path, &text).map_err(|error| Failure::file(&path, &error))
    }

    pub fn remove(path: &Path) -> Result<(), Failure> {
        let path = journal_of(path);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Failure::file(&path, &error)),
            _ => Ok(()),
        }
    }
}
