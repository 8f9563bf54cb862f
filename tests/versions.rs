//! The version stands in many files; all of them say what `Cargo.toml` says.

use std::fs;
use std::path::Path;
use std::process::Command;

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// How often, where, and as which text: the lines of `packaging/versions.txt`.
fn places() -> Vec<(usize, String, String)> {
    let minor = VERSION.rsplit_once('.').unwrap().0;
    let list = read("packaging/versions.txt");
    let lines = list.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let (count, rest) = line.split_once(' ').unwrap();
            let (file, template) = rest.split_once(' ').unwrap();
            let text = template.replace("VERSION", VERSION).replace("MINOR", minor);
            (count.parse().unwrap(), file.to_owned(), text)
        })
        .collect()
}

#[test]
fn every_file_says_the_version_of_the_manifest() {
    let places = places();
    assert!(places.len() > 30);
    let wrong: Vec<_> = places
        .iter()
        .map(|(count, file, text)| (read(file).matches(text).count(), count, file, text))
        .filter(|(found, count, ..)| found != *count)
        .map(|(found, count, file, text)| format!("{file} says {text} {found} times, not {count}"))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn the_lock_files_say_it_too() {
    for file in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let text = read(file);
        let own: Vec<_> = text
            .split("\n[[package]]\n")
            .filter(|package| package.starts_with("name = \"paynow-") && !package.contains("-fuzz\""))
            .collect();
        assert!(own.iter().any(|package| package.starts_with("name = \"paynow-bridge\"\n")), "{file}");
        for package in own {
            assert!(package.contains(&format!("\nversion = \"{VERSION}\"\n")), "{file}: {package}");
        }
    }
}

/// A file that the list does not know would keep the old version when the next one is set.
#[test]
fn no_other_file_names_the_version() {
    let known: Vec<_> = places().into_iter().map(|(_, file, _)| file).collect();
    let listed =
        Command::new("git").args(["grep", "-lIF", VERSION]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    // A crate is not a repository, and holds few of the files.
    let Some(listed) = listed.ok().filter(|output| output.status.success()) else { return };
    let strange: Vec<_> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .filter(|file| !known.iter().any(|known| known == file))
        .filter(|file| {
            *file != "CHANGELOG.md" && !file.ends_with(".lock") && !file.ends_with("package-lock.json")
        })
        .filter(|file| {
            let text = read(file);
            text.lines().any(|line| line.contains(VERSION) && line.to_lowercase().contains("paynow"))
        })
        .map(str::to_owned)
        .collect();
    assert_eq!(strange, Vec::<String>::new(), "name them in packaging/versions.txt");
}

#[test]
fn the_changelog_has_a_section_for_it_with_a_day() {
    let changelog = read("CHANGELOG.md");
    let heading = changelog.lines().find(|line| line.starts_with(&format!("## {VERSION} - "))).unwrap();
    let day = heading.rsplit_once(" - ").unwrap().1;
    let parts: Vec<_> = day.split('-').collect();
    assert!(parts.len() == 3 && parts.iter().all(|part| part.parse::<u16>().is_ok()), "{heading}");
    let section = changelog.split(heading).nth(1).unwrap().split("\n## ").next().unwrap();
    assert!(section.trim_start().starts_with("### "), "what users must change comes first");
}
