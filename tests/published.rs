//! What goes to crates.io: every file that is needed, and no other.

use std::path::Path;
use std::process::Command;

const OF_CARGO: [&str; 4] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml", "Cargo.toml.orig"];

const TEXTS: [&str; 6] =
    ["CHANGELOG.md", "LICENSE", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "build.rs"];

const HEADERS: [&str; 2] = ["include/paynow_bridge.h", "include/paynow_bridge.hpp"];

fn is_source(file: &str) -> bool {
    let path = Path::new(file);
    let is_rust = path.extension().is_some_and(|extension| extension == "rs");
    let is_script = path.extension().is_some_and(|extension| extension == "lua");
    let folder = path.parent().and_then(Path::to_str).unwrap_or_default();
    match folder.split('/').next() {
        Some("src") => is_rust || is_script && folder == "src/network/tier/scripts",
        Some("tests") => is_rust && ["tests", "tests/faults", "tests/support"].contains(&folder),
        _ => false,
    }
}

fn package() -> (Vec<String>, String) {
    let output = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline", "--package", "paynow-bridge"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    (String::from_utf8(output.stdout).unwrap().lines().map(|line| line.replace('\\', "/")).collect(), errors)
}

#[test]
fn only_what_belongs_in_the_package_is_in_it() {
    let (files, warnings) = package();
    let strange: Vec<_> = files
        .iter()
        .map(String::as_str)
        .filter(|file| {
            !OF_CARGO.contains(file) && !TEXTS.contains(file) && !HEADERS.contains(file) && !is_source(file)
        })
        .collect();
    assert_eq!(strange, Vec::<&str>::new(), "it does not belong there");
    for needed in TEXTS.iter().chain(&HEADERS).chain(&[
        "Cargo.toml",
        "src/lib.rs",
        "src/network/tier/scripts/budget.lua",
    ]) {
        assert!(files.iter().any(|file| file == needed), "{needed} is missing");
    }
    assert_eq!(warnings, "");
}

#[test]
fn it_has_every_field_a_reader_of_its_page_looks_for() {
    let manifest = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let package = manifest.split("\n[").find(|section| section.starts_with("package]")).unwrap();
    for field in [
        "name",
        "version",
        "edition",
        "rust-version",
        "description",
        "license",
        "readme",
        "homepage",
        "repository",
        "documentation",
        "keywords",
        "categories",
        "include",
    ] {
        assert!(package.lines().any(|line| line.starts_with(&format!("{field} = "))), "{field} is missing");
    }
    assert!(manifest.contains("\n[package.metadata.docs.rs]\n"));
}

#[test]
fn the_permissions_for_the_page_are_those_of_the_plugin() {
    let read =
        |path: &str| std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let plugin = read("java-shim/bukkit/src/main/resources/plugin.yml");
    let mut names = plugin.lines().filter_map(|line| line.strip_prefix("  paynowbridge.")?.strip_suffix(':'));
    let defaults = plugin.lines().filter_map(|line| line.strip_prefix("    default: "));
    let wanted: Vec<_> =
        defaults.map(|default| (names.next().unwrap().to_owned(), default.to_owned())).collect();
    let guide = read("docs/publishing.md");
    let shown: Vec<_> = guide
        .lines()
        .filter_map(|line| line.strip_prefix("| `paynowbridge.")?.split_once("` | "))
        .map(|(name, rest)| (name.to_owned(), rest.split(' ').next().unwrap().to_owned()))
        .collect();
    assert!(wanted.len() > 5 && names.next().is_none());
    assert_eq!(shown, wanted);
}
