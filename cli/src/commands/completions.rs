//! `pnb completions`: for shells.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::Context;
use crate::args::Cli;
use crate::exit::Failure;

/// Print completions for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb completions bash > ~/.local/share/bash-completion/completions/pnb
  pnb completions zsh > \"${fpath[1]}/_pnb\"
  pnb completions fish > ~/.config/fish/completions/pnb.fish
  pnb completions powershell >> $PROFILE")]
pub struct Args {
    /// Which shell
    #[arg(value_name = "SHELL", value_parser = ["bash", "zsh", "fish", "powershell"])]
    shell: String,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let shell = match args.shell.as_str() {
        "bash" => Shell::Bash,
        "zsh" => Shell::Zsh,
        "fish" => Shell::Fish,
        _ => Shell::PowerShell,
    };
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "pnb", &mut script);
    context.output.raw(&String::from_utf8_lossy(&script))
}
