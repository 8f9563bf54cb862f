//! `pnb customers`: all of them.

mod export;
mod journal;
mod list;

use super::Context;
use crate::exit::Failure;

/// List or export the customers of the store
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    List(list::Args),
    Export(export::Args),
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    match args.what {
        What::List(args) => list::run(args, context),
        What::Export(args) => export::run(args, context),
    }
}

/// How many customers are asked for at once.
const PAGE: u32 = 100;

/// A PayNow id given as an argument.
fn parse_id(text: &str) -> Result<u64, &'static str> {
    match text.parse::<u64>() {
        Ok(id) if id <= i64::MAX as u64 => Ok(id),
        _ => Err("must be a PayNow id: decimal digits of a 64-bit number"),
    }
}
