//! `pnb contract`: does the library still fit what PayNow publishes?

use std::fs;
use std::path::PathBuf;

use paynow_contract::{Document, Finding, Kind, compare};
use serde::Serialize;

use super::Context;
use crate::exit::Failure;

/// Compare OpenAPI documents of PayNow's with what the library sends and reads
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Example:
  pnb contract management.json storefront.json

PayNow publishes its documents at https://github.com/paynow-gg/openapi. Ends with 1 when something is gone or no longer allowed.")]
pub struct Args {
    /// OpenAPI 3.0 or 3.1: JSON, or Markdown with JSON in it
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
}

#[derive(Serialize)]
struct Report<'a> {
    fits: bool,
    findings: Vec<Shown>,
    compared: &'a [&'static str],
    left_out: &'a [&'static str],
    newer: &'a [String],
    others: usize,
}

#[derive(Serialize)]
struct Shown {
    kind: &'static str,
    operation: &'static str,
    text: String,
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Gone => "gone",
        Kind::NotAllowed => "not_allowed",
        Kind::New => "new",
    }
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut documents = Vec::new();
    for path in &args.files {
        let text = fs::read_to_string(path).map_err(|error| Failure::file(path, &error))?;
        let read = Document::read_all(&text);
        documents.extend(read.map_err(|problem| Failure::Usage(format!("{}: {problem}", path.display())))?);
    }
    let report = compare(&documents, &paynow_contract::declared()).map_err(Failure::Usage)?;
    if context.output.is_json() {
        let shown = |finding: &'_ Finding| Shown {
            kind: word(finding.kind),
            operation: finding.operation,
            text: finding.text.clone(),
        };
        context.output.json(&Report {
            fits: report.fits(),
            findings: report.findings.iter().map(shown).collect(),
            compared: &report.compared,
            left_out: &report.left_out,
            newer: &report.newer,
            others: report.others,
        })?;
    } else {
        context.output.line(report.to_string().trim_end())?;
    }
    if report.fits() { Ok(()) } else { Err(Failure::Findings) }
}
