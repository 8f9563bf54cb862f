//! What goes to support: everything that was found, and nothing that is secret.

use std::io::{self, BufRead as _, IsTerminal as _};
use std::path::Path;

use serde::Serialize;

use super::finding::Finding;
use crate::commands::Context;
use crate::exit::Failure;
use crate::output::clean_json;
use crate::settings::create_private;

#[derive(Serialize)]
pub struct Bundle<'a> {
    pub pnb: &'static str,
    pub library: &'static str,
    pub features: &'static [&'static str],
    pub system: String,
    pub findings: &'a [Finding],
    /// Names of variables that are set, without what they hold.
    pub variables: Vec<String>,
    /// What the library said meanwhile.
    pub log: &'a [String],
}

/// The variables that matter here, by name.
pub fn variables() -> Vec<String> {
    let matters = |name: &str| {
        let upper = name.to_ascii_uppercase();
        upper.starts_with("PAYNOW_")
            || matches!(upper.as_str(), "HTTPS_PROXY" | "NO_PROXY" | "SSL_CERT_FILE" | "SSL_CERT_DIR")
    };
    let mut names: Vec<_> = std::env::vars_os()
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| matters(name))
        .collect();
    names.sort();
    names
}

impl Bundle<'_> {
    /// What is written: without credentials, and without the name of the user in paths.
    fn text(&self) -> String {
        let document = serde_json::to_string_pretty(self).unwrap_or_default();
        let home = etcetera::home_dir().ok().and_then(|home| home.into_os_string().into_string().ok());
        let document = match home.filter(|home| home.len() > 1) {
            // As it is spelled within JSON.
            Some(home) => {
                document.replace(serde_json::to_string(&home).unwrap_or_default().trim_matches('"'), "~")
            }
            None => document,
        };
        format!("{}\n", clean_json(&redacted(&document)))
    }

    /// Shows it, asks, and writes it.
    pub fn write(&self, path: &Path, yes: bool, context: &Context) -> Result<(), Failure> {
        if path.exists() {
            return Err(Failure::Usage(format!(
                "{}: exists already, and is not written over",
                path.display()
            )));
        }
        let text = self.text();
        context.output.note(&format!("This is what goes into {}:\n\n{text}", path.display()));
        if !yes {
            if !io::stdin().is_terminal() {
                return Err(Failure::usage("--bundle: nothing was written; --yes writes without a question"));
            }
            context.output.note("Write it? [y/N]");
            let mut answer = String::new();
            let read = io::stdin().lock().read_line(&mut answer);
            read.map_err(|error| Failure::Machine(format!("standard input: {error}")))?;
            if !matches!(answer.trim(), "y" | "Y" | "yes") {
                context.output.note("Nothing was written.");
                return Ok(());
            }
        }
        let written =
            create_private(path).and_then(|mut file| io::Write::write_all(&mut file, text.as_bytes()));
        written.map_err(|error| Failure::file(path, &error))?;
        context.output.note(&format!("{} is written.", path.display()));
        Ok(())
    }
}

/// Takes out what looks like a credential. Nothing here should hold one; this is the second lock on the door.
fn redacted(text: &str) -> String {
    const BEGINNINGS: [&str; 4] = ["pnapi_", "pnct_", "APIKey ", "Basic "];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, beginning)) =
        BEGINNINGS.iter().filter_map(|beginning| Some((rest.find(beginning)?, *beginning))).min()
    {
        let after = at + beginning.len();
        out.push_str(&rest[..after]);
        out.push('…');
        let is_of_it = |character: char| character.is_ascii_alphanumeric() || "_-+/=.".contains(character);
        rest = rest[after..].trim_start_matches(is_of_it);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn what_looks_like_a_credential_is_taken_out() {
        let text = r#"{"a": "APIKey pnapi_abc-DEF", "b": "pnct_x.y", "c": "Basic dXNlcjpw==", "d": "plain"}"#;
        let expected = r#"{"a": "APIKey …", "b": "pnct_…", "c": "Basic …", "d": "plain"}"#;
        assert_eq!(redacted(text), expected);
    }
}
