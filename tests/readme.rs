//! What the README names exists, and what it and the guides show is compiled and run.

use std::fs;
use std::path::{Path, PathBuf};

use paynow_bridge::OperationId;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The README and every guide, with the folder its links start from.
fn documents() -> Vec<(PathBuf, String)> {
    let mut paths = vec![PathBuf::from("README.md")];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        paths.push(Path::new("docs").join(entry.unwrap().file_name()));
    }
    paths.into_iter().map(|path| (path.clone(), read(path))).collect()
}

/// Fenced blocks: language and content.
fn blocks(text: &str) -> Vec<(&str, &str)> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (language, after) = after.split_once('\n').unwrap();
        let (content, after) = after.split_once("\n```").unwrap();
        blocks.push((language, content));
        rest = after;
    }
    blocks
}

/// What stands outside of the blocks.
fn prose(text: &str) -> String {
    text.split("\n```").step_by(2).collect()
}

/// What GitHub makes of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim_start_matches('#').trim().to_lowercase();
    kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c)).collect::<String>().replace(' ', "-")
}

#[test]
fn the_readme_shows_programs_only_as_they_are_compiled() {
    for (language, content) in blocks(&read("README.md")) {
        let is_compiled = ["examples/readme", "examples/rust/src/bin"].iter().any(|folder| {
            fs::read_dir(root().join(folder))
                .unwrap()
                .any(|entry| fs::read_to_string(entry.unwrap().path()).unwrap().trim_end() == content)
        });
        assert!(language == "text" || is_compiled, "README.md shows what is not compiled:\n{content}");
    }
}

#[test]
fn every_first_program_is_in_a_guide() {
    let documents = documents();
    for program in ["Lookup.java", "lookup.c", "lookup.cpp", "src/bin/lookup.rs"] {
        assert!(documents.iter().any(|(_, text)| text.contains(program)), "no guide shows {program}");
    }
}

#[test]
fn every_link_leads_somewhere() {
    for (path, text) in documents() {
        for part in prose(&text).split("](").skip(1) {
            let link = part.split(')').next().unwrap();
            if link.starts_with("https://") {
                continue;
            }
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { path.parent().unwrap().join(file) };
            assert!(root().join(&target).exists(), "{}: {link} leads nowhere", path.display());
            if !heading.is_empty() {
                let found =
                    read(&target).lines().any(|line| line.starts_with('#') && anchor(line) == heading);
                assert!(found, "{}: {link} names no heading", path.display());
            }
        }
    }
}

#[test]
fn every_command_exists() {
    let makefile = read("Makefile");
    for (path, text) in documents() {
        // In the text, and at the beginning of lines that are commands.
        for part in text.split("`make ").skip(1).chain(text.split("\n    make ").skip(1)) {
            let target = part.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next().unwrap();
            let exists = makefile.contains(&format!("\n{target}:")) || target.starts_with("test-");
            assert!(exists, "{}: there is no `make {target}`", path.display());
        }
    }
}

#[test]
fn every_function_the_readme_names_exists() {
    let header = read("include/paynow_bridge.h");
    for word in
        read("README.md").split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
    {
        let is_function = word.starts_with("paynow_") && word != "paynow_bridge" && !word.ends_with('_');
        assert!(!is_function || header.contains(word), "README.md names {word}, the header does not");
    }
}

#[test]
fn every_operation_is_in_the_readme() {
    let readme = read("README.md");
    let operations: Vec<_> = (1..).map_while(OperationId::from_number).collect();
    assert!(operations.len() >= 14);
    for operation in operations {
        let function = format!("`paynow_{}`", operation.name());
        assert!(readme.contains(&function), "README.md does not name {function}");
    }
}
