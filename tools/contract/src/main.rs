//! `paynow-contract FILE...`: see the library's documentation.

use std::process::ExitCode;

use paynow_contract::{Document, compare, declared};

fn main() -> ExitCode {
    let files: Vec<_> = std::env::args_os().skip(1).collect();
    if files.is_empty() {
        eprintln!(
            "usage: paynow-contract FILE...\n\
             Compares OpenAPI documents, as JSON or as Markdown with JSON in it, with the operations of paynow-bridge.\n\
             Exit code: 0 when all still fits, 1 when something is gone or no longer allowed, 2 when a file cannot be used."
        );
        return ExitCode::from(2);
    }
    let mut documents = Vec::new();
    for file in files {
        let name = file.to_string_lossy().into_owned();
        let read = std::fs::read_to_string(&file)
            .map_err(|error| error.to_string())
            .and_then(|text| Document::read_all(&text));
        match read {
            Ok(read) => documents.extend(read),
            Err(problem) => {
                eprintln!("{name}: {problem}");
                return ExitCode::from(2);
            }
        }
    }
    match compare(&documents, &declared()) {
        Ok(report) => {
            print!("{report}");
            ExitCode::from(u8::from(!report.fits()))
        }
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::from(2)
        }
    }
}
