//! The command line as a whole.

use std::ffi::OsString;

use clap::{Parser, builder::styling};

use crate::commands::Command;
use crate::exit::Failure;
use crate::output::Color;
use crate::settings::Flags;

const STYLES: styling::Styles = styling::Styles::styled()
    .header(styling::AnsiColor::Green.on_default().bold())
    .usage(styling::AnsiColor::Green.on_default().bold())
    .literal(styling::AnsiColor::Cyan.on_default().bold())
    .placeholder(styling::AnsiColor::Cyan.on_default());

const EXAMPLES: &str = "\
Examples:
  Try it without an account: start a pretend PayNow, and paste the lines it prints
    pnb sandbox start

  Keep a store under a name; the key stays in a file that only you can read
    pnb profiles add main --store-id 411486491630370816 --api-key-file ~/.paynow-key --default

  Is everything all right, and if not, what is to be done?
    pnb doctor

  Look a player up, by whatever you know
    pnb lookup --java-name Notch
    pnb lookup --uuid 069a79f4-44e9-4726-a5be-fca90e38aaf5 --json

  All customers, for a spreadsheet; goes on where it stopped
    pnb customers export --format csv --output customers.csv

  Known players into the store; first see what would happen
    pnb import usercache.json --dry-run

  A link for a player, and away with it
    pnb tokens mint --java-name Notch --reveal
    pnb tokens revoke --java-name Notch

Settings come from flags, then from the environment (PAYNOW_STORE_ID, PAYNOW_API_KEY, …), then from the profile.
Exit codes: 0 done, 1 findings, 2 usage, 3 no such customer, 4 denied, 5 refused, 6 not reached, 7 unknown whether done,
8 this machine, 130 interrupted, 141 broken pipe.";

/// Look into a PayNow store, and at the connection to it.
#[derive(Debug, Parser)]
#[command(name = "pnb", version, styles = STYLES, after_help = EXAMPLES, max_term_width = 110)]
#[command(arg_required_else_help = true, subcommand_required = true, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub connection: Flags,
    #[command(flatten)]
    pub output: OutputFlags,
}

/// How it is printed.
#[derive(Debug, clap::Args)]
pub struct OutputFlags {
    /// Print JSON, for programs
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// When to use colours; NO_COLOR turns them off too
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    pub color: Color,
}

/// Refuses a credential among the arguments, before any of them is looked at: what is wrong with them is printed.
pub fn refuse_secrets(given: &[OsString]) -> Option<Failure> {
    const FLAGS: [&str; 5] = ["--api-key", "--key", "--token", "--customer-token", "--password"];
    const BEGINNINGS: [&str; 3] = ["pnapi_", "pnct_", "apikey "];
    for argument in given {
        let text = argument.to_string_lossy();
        if text == "--" {
            break;
        }
        let name = text.split('=').next().unwrap_or_default();
        let value = text.split_once('=').map_or(&*text, |(_, value)| value).trim_start();
        let begins = |beginning: &str| {
            value.get(..beginning.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(beginning))
        };
        if FLAGS.contains(&name) || BEGINNINGS.iter().any(|beginning| begins(beginning)) {
            return Some(Failure::usage(
                "a key or token is not taken from the command line: every user of this machine can read it there, and the \
                 shell keeps it in its history.\nKeys: --api-key-file FILE, --api-key-env VARIABLE or --api-key-stdin. \
                 Customer tokens: --token-file, --token-env or --token-stdin.\nIf you typed a real one, make a new one.",
            ));
        }
    }
    None
}

/// Whether JSON was asked for, where the arguments could not be read as a whole.
pub fn wants_json(given: &[OsString]) -> bool {
    given.iter().take_while(|argument| *argument != "--").any(|argument| argument == "--json")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn credentials_are_refused_wherever_they_are() {
        let refused =
            |words: &[&str]| refuse_secrets(&words.iter().map(OsString::from).collect::<Vec<_>>()).is_some();
        assert!(refused(&["doctor", "--api-key", "x"]));
        assert!(refused(&["doctor", "--api-key=x"]));
        assert!(refused(&["get", "pnapi_x"]));
        assert!(refused(&["giftcard", "CODE", "--token-env", "pnct_x"]));
        assert!(refused(&["doctor", "--api-key-env=APIKey x"]));
        assert!(!refused(&["doctor", "--api-key-env", "PAYNOW_API_KEY", "--token-file", "x"]));
        assert!(!refused(&["lookup", "--java-name", "pn"]));
    }
}
