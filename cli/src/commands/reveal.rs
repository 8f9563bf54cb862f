//! What becomes of a customer token: it is printed only when that was asked for.

use std::path::PathBuf;

use paynow_bridge::Token;
use serde::Serialize;

use super::Context;
use crate::exit::Failure;
use crate::settings::create_private;

/// Where the token goes.
#[derive(Debug, clap::Args)]
#[group(id = "where", required = true, multiple = false)]
pub struct Reveal {
    /// Print the token: who has it is the customer
    #[arg(long)]
    reveal: bool,
    /// Write the token to a new file that only you can read
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Serialize)]
struct Minted<'a> {
    customer_id: Option<&'a str>,
    token: Option<&'a str>,
    file: Option<String>,
}

impl Reveal {
    /// Whether there is a place for it, before it exists.
    pub fn check(&self) -> Result<(), Failure> {
        match &self.output {
            Some(path) if path.exists() => {
                Err(Failure::Usage(format!("{}: exists already, and is not written over", path.display())))
            }
            _ => Ok(()),
        }
    }

    pub fn hand_over(
        &self,
        context: &Context,
        customer_id: Option<&str>,
        token: &Token,
    ) -> Result<(), Failure> {
        use std::io::Write as _;
        if let Some(path) = &self.output {
            let written = create_private(path).and_then(|mut file| {
                file.write_all(token.expose().as_bytes()).and_then(|()| file.write_all(b"\n"))
            });
            written.map_err(|error| {
                Failure::Machine(format!(
                    "{}: {error}. The token was minted all the same: `pnb tokens revoke` ends it",
                    path.display()
                ))
            })?;
        }
        let file = self.output.as_ref().map(|path| path.display().to_string());
        if context.output.is_json() {
            let token = self.reveal.then(|| &**token.expose());
            return context.output.json(&Minted { customer_id, token, file });
        }
        match file {
            Some(file) => context
                .output
                .line(&format!("The token is in {file}. It does not expire until it is revoked.")),
            None => context.output.line(token.expose()),
        }
    }
}
