//! `pnb`: a PayNow store, and the connection to it, from a command line.
//!
//! Each command is a module of [`commands`] with the same shape: `Args`, which clap reads, and `run`, which does it. Settings
//! come from [`settings`], all printing goes through [`output`], and how it ends is in [`exit`].

#![allow(rustdoc::bare_urls, reason = "what is written on arguments is what --help prints")]

mod args;
mod commands;
mod dump;
mod exit;
mod http;
mod import;
mod input;
mod interrupt;
mod output;
mod session;
mod settings;
mod view;

use std::process::ExitCode;

use clap::Parser as _;

use crate::args::Cli;
use crate::commands::Context;
use crate::exit::{Exit, Failure};
use crate::output::Output;

fn main() -> ExitCode {
    let given: Vec<_> = std::env::args_os().collect();
    if let Some(refusal) = args::refuse_secrets(&given[given.len().min(1)..]) {
        Output::new(args::wants_json(&given), output::Color::Auto).failure(&refusal);
        return ExitCode::from(refusal.exit() as u8);
    }
    let cli = match Cli::try_parse_from(&given) {
        Ok(cli) => cli,
        Err(error) => return said_by_clap(&error, args::wants_json(&given)),
    };
    let output = Output::new(cli.output.json, cli.output.color);
    let context = Context { output, flags: cli.connection };
    match interrupt::listen().and_then(|()| commands::run(cli.command, &context)) {
        Ok(()) => ExitCode::from(Exit::Done as u8),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit() as u8)
        }
    }
}

/// Help, the version, or what is wrong with the arguments.
fn said_by_clap(error: &clap::Error, json: bool) -> ExitCode {
    if error.use_stderr() && json {
        let text = error.to_string();
        let first = text.split("\n\n").next().unwrap_or_default();
        let failure = Failure::Usage(first.trim().trim_start_matches("error: ").to_owned());
        Output::new(true, output::Color::Auto).failure(&failure);
        return ExitCode::from(Exit::Usage as u8);
    }
    let printed = error.print();
    ExitCode::from(match (printed, error.use_stderr()) {
        (Err(error), _) => Failure::output(&error).exit() as u8,
        (Ok(()), true) => Exit::Usage as u8,
        (Ok(()), false) => Exit::Done as u8,
    })
}
