//! The commands, one module each: `Args`, which clap reads, and `run`.

mod auth;
mod completions;
mod contract;
mod create;
mod customers;
mod doctor;
mod ensure;
mod explain;
mod get;
mod giftcard;
mod import;
mod key;
mod lookup;
mod man;
mod profiles;
mod replay;
mod request;
mod reveal;
mod sandbox;
mod tokens;
mod update;
mod watch;

use crate::exit::Failure;
use crate::output::Output;
use crate::session::Session;
use crate::settings::{Flags, Settings};

/// What every command has.
pub struct Context {
    pub output: Output,
    pub flags: Flags,
}

impl Context {
    pub fn settings(&self) -> Result<Settings, Failure> {
        Settings::resolve(&self.flags)
    }

    pub fn session(&self) -> Result<Session, Failure> {
        Session::open(self.settings()?.builder()?)
    }
}

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    Doctor(doctor::Args),
    Lookup(lookup::Args),
    Get(get::Args),
    Ensure(ensure::Args),
    Create(create::Args),
    Update(update::Args),
    Customers(customers::Args),
    Import(import::Args),
    Tokens(tokens::Args),
    Giftcard(giftcard::Args),
    Auth(auth::Args),
    Request(request::Args),
    Watch(watch::Args),
    Explain(explain::Args),
    Replay(replay::Args),
    Profiles(profiles::Args),
    Sandbox(sandbox::Args),
    Contract(contract::Args),
    Completions(completions::Args),
    Man(man::Args),
}

pub fn run(command: Command, context: &Context) -> Result<(), Failure> {
    match command {
        Command::Doctor(args) => doctor::run(args, context),
        Command::Lookup(args) => lookup::run(args, context),
        Command::Get(args) => get::run(args, context),
        Command::Ensure(args) => ensure::run(args, context),
        Command::Create(args) => create::run(args, context),
        Command::Update(args) => update::run(args, context),
        Command::Customers(args) => customers::run(args, context),
        Command::Import(args) => import::run(args, context),
        Command::Tokens(args) => tokens::run(args, context),
        Command::Giftcard(args) => giftcard::run(args, context),
        Command::Auth(args) => auth::run(args, context),
        Command::Request(args) => request::run(args, context),
        Command::Watch(args) => watch::run(args, context),
        Command::Explain(args) => explain::run(args, context),
        Command::Replay(args) => replay::run(args, context),
        Command::Profiles(args) => profiles::run(args, context),
        Command::Sandbox(args) => sandbox::run(args, context),
        Command::Contract(args) => contract::run(args, context),
        Command::Completions(args) => completions::run(args, context),
        Command::Man(args) => man::run(args, context),
    }
}
