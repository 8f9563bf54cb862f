//! The guide and the list in the program agree with what it does.

use std::fs;

use super::{Pnb, Ran};

fn guide() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md")).unwrap()
}

/// The first column of the table below a heading.
fn column(heading: &str) -> Vec<String> {
    let guide = guide();
    let rows = guide.split(&format!("\n## {heading}\n")).nth(1).unwrap_or_else(|| panic!("no {heading}"));
    let rows = rows
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'))
        .skip(2);
    rows.map(|row| row.split('|').nth(1).unwrap().trim().trim_matches('`').to_owned()).collect()
}

#[test]
fn every_exit_code_is_in_the_guide() {
    let source = include_str!("../../src/exit.rs");
    let list = source.split("pub enum Exit {").nth(1).unwrap().split('}').next().unwrap();
    let codes: Vec<_> = list
        .lines()
        .filter_map(|line| Some(line.trim().strip_suffix(',')?.split_once(" = ")?.1.to_owned()))
        .collect();
    assert!(codes.len() > 8);
    assert_eq!(column("Exit codes"), codes);
}

#[test]
fn every_command_is_in_the_guide() {
    let help = Pnb::alone().say("--help").done();
    let commands = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let mut commands: Vec<_> =
        commands.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect();
    commands.retain(|command| command != "help");
    let shown = column("Commands");
    for command in commands {
        assert!(
            shown.iter().any(|row| row.split([' ', ',', '`']).any(|word| word == command)),
            "{command} is not in the guide"
        );
    }
}

#[test]
fn the_shapes_in_the_guide_are_those_that_are_printed() {
    let pnb = Pnb::with_sandbox();
    let file = pnb.file("whitelist.json", "[]");
    let import = format!("import {}", file.display());
    let guide = guide();
    let dump = pnb.file("dump.jsonl", &super::dumps::of_a_client(pnb.sandbox()));
    let (explain, replay) =
        (format!("explain {}", dump.display()), format!("replay {} --speed 100", dump.display()));
    // Each shape is shown as the names of its fields.
    for (line, name) in [
        ("get 421621336637440000", "customer"),
        ("customers list --limit 1", "list"),
        ("doctor", "doctor"),
        (&explain, "explained"),
        (&replay, "replayed"),
        (import.as_str(), "imported"),
        ("tokens mint 421621336637440000 --reveal", "token"),
        ("tokens revoke 421621336637440000", "revoked"),
    ] {
        let printed = pnb.json(line);
        let row = guide
            .lines()
            .find(|row| row.starts_with(&format!("| {name} |")))
            .unwrap_or_else(|| panic!("no {name}"));
        for field in printed.as_object().unwrap().keys() {
            assert!(row.contains(&format!("`{field}`")), "{name} has no {field}: {row}");
        }
    }
}

#[test]
fn what_the_guide_shows_works() {
    let pnb = Pnb::with_sandbox();
    pnb.file(".paynow-key", &pnb.sandbox().api_key);
    pnb.file("dump.jsonl", &super::dumps::of_a_client(pnb.sandbox()));
    let programs = std::path::Path::new(env!("CARGO_BIN_EXE_pnb")).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(programs.to_owned()).chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let variables = [("HOME", pnb.path("")), ("XDG_CONFIG_HOME", pnb.path("config"))];
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/guide.sh");
    let mut command = std::process::Command::new("sh");
    command.arg(script).current_dir(pnb.path("")).env_clear().envs(variables).env("PATH", path.unwrap());
    let ran: Ran = command.env("PAYNOW_API_BASE", &pnb.sandbox().base).output().unwrap().into();
    let said = ran.done();
    assert!(said.ends_with("is not a customer\n"), "{said}");
    // All of what is quoted is in it, which `tests/hosts/guides.py` compares letter by letter.
    assert!(guide().matches("quoted from cli/tests/guide.sh").count() > 5);
}

#[test]
fn every_oddity_is_in_the_guide() {
    let source = include_str!("../../src/dump/odd.rs");
    let kinds: std::collections::BTreeSet<_> = source
        .split("Odd::new(")
        .skip(1)
        .map(|rest| rest.trim_start().trim_start_matches('"').split('"').next().unwrap().to_owned())
        .collect();
    let guide = guide();
    let table = guide.split("| odd | when |").nth(1).unwrap().split("\n\n").next().unwrap();
    let listed: std::collections::BTreeSet<_> =
        table.lines().skip(2).map(|row| row.split('`').nth(1).unwrap().to_owned()).collect();
    assert_eq!(listed, kinds);
}
