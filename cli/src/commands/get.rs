//! `pnb get`: a customer, or the one a token belongs to.

use super::Context;
use super::key::{self, Key};
use crate::exit::Failure;
use crate::settings::TokenSource;

/// Show a customer, by id or any other key, or the one a token belongs to
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb get 421621336637440000
  pnb get --current --token-file token.txt")]
pub struct Args {
    #[command(flatten)]
    key: Key,
    /// Show the customer that a customer token belongs to
    #[arg(long, group = "which")]
    current: bool,
    #[command(flatten)]
    token: TokenSource,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let Args { key, current, token } = args;
    if !current && token.is_given() {
        return Err(Failure::usage("a token is for --current"));
    }
    let customer = if current {
        let token = token.read()?;
        let session = context.session()?;
        let asked = session.read(
            |client, call| client.get_current_customer(token.expose(), call),
            |done| done.customer().cloned(),
        )?;
        asked.ok_or_else(key::absent)?
    } else {
        key.find(&context.session()?)?
    };
    key::print(context.output, &customer)
}
