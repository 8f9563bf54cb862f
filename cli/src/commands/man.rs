//! `pnb man`: manual pages.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_mangen::Man;

use super::Context;
use crate::args::Cli;
use crate::exit::Failure;

/// Print the manual page, or write all pages to a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pnb man | man -l -
  pnb man --output ~/.local/share/man/man1")]
pub struct Args {
    /// The folder; without it the first page goes to standard output
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
}

pub fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    let Some(folder) = args.output else {
        let page = page(command).map_err(|error| Failure::output(&error))?;
        return context.output.raw(&String::from_utf8_lossy(&page));
    };
    fs::create_dir_all(&folder).map_err(|error| Failure::file(&folder, &error))?;
    let count = write(command, "pnb", &folder)?;
    context.output.note(&format!("{count} pages are in {}.", folder.display()));
    Ok(())
}

fn page(command: clap::Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(page)
}

/// A page for the command and for each below it; says how many.
fn write(command: clap::Command, name: &str, folder: &Path) -> Result<usize, Failure> {
    let mut count = 1;
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        let name = format!("{name}-{}", below.get_name());
        count += write(below.clone().display_name(name.clone()), &name, folder)?;
    }
    let path = folder.join(format!("{name}.1"));
    let rendered = page(command).map_err(|error| Failure::file(&path, &error))?;
    fs::write(&path, rendered).map_err(|error| Failure::file(&path, &error))?;
    Ok(count)
}
