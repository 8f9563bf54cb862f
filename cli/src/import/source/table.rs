//! Players in CSV with a header.

use std::io::BufRead;

use csv_core::{ReadRecordResult, ReaderBuilder};

use super::{Column, Entry, Reading, Record, Take};
use crate::exit::Failure;

/// Longest row, and most cells in one.
const LONGEST: usize = 256 * 1024;
const MOST_CELLS: usize = 256;

/// A row: where it begins, and its cells; or what is wrong with it.
type Row<'a> = (u64, Result<Vec<&'a str>, String>);

/// Goes through all rows. Memory is bounded whatever the file holds: a row that is too long, as after a quote that is not closed,
/// is given up, and the next line begins a row.
fn rows(
    mut reader: impl BufRead,
    delimiter: u8,
    reading: &Reading<'_>,
    row: &mut dyn FnMut(Row<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut core = ReaderBuilder::new().delimiter(delimiter).build();
    let mut text = vec![0; LONGEST];
    let mut ends = vec![0; MOST_CELLS];
    let (mut used, mut cells) = (0, 0);
    let mut begins = 1;
    loop {
        let input = reader.fill_buf().map_err(|error| reading.failed(&error))?;
        let (result, taken, written, ended) = core.read_record(input, &mut text[used..], &mut ends[cells..]);
        // Empty lines before a row are passed within it.
        if used == 0 && cells == 0 {
            let blank = input[..taken].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
            begins += blank.filter(|byte| **byte == b'\n').count() as u64;
        }
        reader.consume(taken);
        used += written;
        cells += ended;
        match result {
            ReadRecordResult::InputEmpty => continue,
            ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                let problem = format!(
                    "is longer than {} KiB or {MOST_CELLS} cells: a quote may not be closed",
                    LONGEST / 1024
                );
                row((begins, Err(problem)))?;
                let line = core.line();
                core.reset();
                core.set_line(line);
                pass_line(&mut reader, reading)?;
                core.set_line(line + 1);
            }
            ReadRecordResult::Record => {
                let mut begin = 0;
                let found = ends[..cells].iter().map(|end| {
                    let cell = &text[begin..*end];
                    begin = *end;
                    str::from_utf8(cell).map(str::trim).map_err(|_| "is not UTF-8 text".to_owned())
                });
                let found = found.collect();
                row((begins, found))?;
            }
            ReadRecordResult::End => return Ok(()),
        }
        (used, cells) = (0, 0);
        begins = core.line();
    }
}

fn pass_line(reader: &mut impl BufRead, reading: &Reading<'_>) -> Result<(), Failure> {
    loop {
        let buffer = reader.fill_buf().map_err(|error| reading.failed(&error))?;
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(buffer.len(), |end| end + 1);
        reader.consume(taken);
        if end.is_some() || taken == 0 {
            return Ok(());
        }
    }
}

/// What a header's cells mean, and with which separator it is one.
pub fn header(line: &str) -> Option<u8> {
    b",;\t".iter().copied().find(|delimiter| {
        let cells = line.split(char::from(*delimiter));
        cells
            .map(|cell| cell.trim().trim_matches('"'))
            .any(|cell| Column::of(cell).is_some_and(Column::is_key))
    })
}

/// Whether a line is one of Essentials' old `usermap.csv`, which has no header: `name,uuid`.
pub fn is_usermap(line: &str) -> bool {
    matches!(line.trim().split_once(','), Some((name, uuid)) if !name.is_empty() && is_uuid(uuid))
}

pub fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A table with a header.
pub fn csv(
    reader: impl BufRead,
    delimiter: u8,
    reading: &Reading<'_>,
    take: Take<'_>,
) -> Result<(), Failure> {
    let mut columns: Option<Vec<Option<Column>>> = None;
    let mut is_export = false;
    rows(reader, delimiter, reading, &mut |(line, cells)| {
        let cells = match cells {
            Ok(cells) => cells,
            Err(problem) => return take(Entry { line, what: Err(problem) }),
        };
        let Some(columns) = &columns else {
            // What `pnb customers export` wrote has apostrophes where a spreadsheet would see a formula.
            is_export = cells.contains(&"known_as");
            columns = Some(cells.iter().map(|cell| Column::of(cell)).collect());
            return Ok(());
        };
        if cells.len() > columns.len() {
            let problem = format!("has {} cells where the header has {}", cells.len(), columns.len());
            return take(Entry { line, what: Err(problem) });
        }
        let mut record = Record::default();
        let mut set = || {
            for (column, cell) in columns.iter().zip(&cells) {
                let cell = if is_export { cell.strip_prefix('\'').unwrap_or(cell) } else { cell };
                if let Some(column) = column {
                    record.set(*column, cell)?;
                }
            }
            Ok(())
        };
        let what = set().map(|()| record);
        take(Entry { line, what })
    })
}

/// Essentials' old `usermap.csv`.
pub fn usermap(reader: impl BufRead, reading: &Reading<'_>, take: Take<'_>) -> Result<(), Failure> {
    rows(reader, b',', reading, &mut |(line, cells)| {
        let what = cells.and_then(|cells| match cells[..] {
            [name, uuid] => {
                Ok(Record::of_server(uuid.to_owned(), Some(name.to_owned()).filter(|name| !name.is_empty())))
            }
            _ => Err("is not a name and a UUID".to_owned()),
        });
        take(Entry { line, what })
    })
}
