//! Texts that are given as files.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use crate::exit::Failure;

/// What a file holds; - is standard input.
pub fn text_of(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    if path == Path::new("-") {
        io::stdin().lock().read_to_string(&mut text).map_err(|error| Failure::file(path, &error))?;
        return Ok(text);
    }
    fs::read_to_string(path).map_err(|error| Failure::file(path, &error))
}
