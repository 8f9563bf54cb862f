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

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// The plugin's permissions without what all begin with, and their defaults.
fn permissions() -> Vec<(String, String)> {
    let plugin = read("java-shim/bukkit/src/main/resources/plugin.yml");
    let mut names = plugin.lines().filter_map(|line| line.strip_prefix("  paynowbridge.")?.strip_suffix(':'));
    let defaults = plugin.lines().filter_map(|line| line.strip_prefix("    default: "));
    let found: Vec<_> =
        defaults.map(|default| (names.next().unwrap().to_owned(), default.to_owned())).collect();
    assert!(found.len() > 5 && names.next().is_none());
    found
}

/// In each line that begins with `start`: the text up to `between`, and the word behind it.
fn shown(text: &str, start: &str, between: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| line.strip_prefix(start)?.split_once(between))
        .map(|(name, rest)| (name.to_owned(), rest.split([' ', ')']).next().unwrap().to_owned()))
        .collect()
}

#[test]
fn the_permissions_for_the_pages_are_those_of_the_plugin() {
    for page in ["docs/publishing.md", "packaging/sites/modrinth.md", "packaging/sites/hangar.md"] {
        assert_eq!(shown(&read(page), "| `paynowbridge.", "` | "), permissions(), "{page}");
    }
    let page = read("packaging/sites/spigotmc.bbcode");
    assert_eq!(
        shown(&page, "[*][FONT=Courier New]paynowbridge.", "[/FONT] (default: "),
        permissions(),
        "SpigotMC"
    );
}

#[test]
fn the_commands_for_the_pages_are_those_of_the_plugin() {
    let plugin = read("java-shim/bukkit/src/main/resources/plugin.yml");
    let usage = plugin.split_once("usage: /paynowbridge <").unwrap().1.split_once('>').unwrap().0;
    let mut wanted: Vec<_> = usage.split('|').collect();
    wanted.sort_unstable();
    let rows = [("modrinth.md", "| `"), ("hangar.md", "| `"), ("spigotmc.bbcode", "[*][FONT=Courier New]")];
    for (page, start) in rows {
        let text = read(&format!("packaging/sites/{page}"));
        assert!(text.contains("/paynowbridge") && text.contains("/pnb"), "{page}");
        let rows = text.lines().filter_map(|line| line.strip_prefix(start));
        // A permission is one word with a dot in it, and a file has a dash.
        let mut found: Vec<_> = rows
            .map(|row| row.split([' ', '`', '[']).next().unwrap())
            .filter(|word| !word.contains(['.', '-', '/']))
            .collect();
        found.sort_unstable();
        assert_eq!(found, wanted, "{page}");
    }
}

#[test]
fn every_jar_is_made_listed_and_asked_for() {
    let maven = read("packaging/maven.sh");
    let modules = maven.split_once("modules='").unwrap().1.split_once('\'').unwrap().0;
    let (guide, jars, release) =
        (read("docs/publishing.md"), read("packaging/jars.sh"), read("packaging/release-check.sh"));
    let handed_out: Vec<_> = modules.split(' ').filter(|module| *module != "common").collect();
    assert!(handed_out.len() > 3);
    assert!(jars.contains(&format!("for module in {}; do", handed_out.join(" "))));
    for module in handed_out {
        assert!(guide.contains(&format!("\n| `paynow-bridge-{module}-VERSION.jar` | ")), "{module}");
        assert!(release.contains(&format!("\"paynow-bridge-{module}-$version.jar\"")), "{module}");
    }
}

#[test]
fn icons_have_the_sizes_they_are_named_after() {
    for size in [256_u32, 512] {
        let path = format!("{}/packaging/sites/icon-{size}.png", env!("CARGO_MANIFEST_DIR"));
        let picture = std::fs::read(path).unwrap();
        assert_eq!(&picture[..8], b"\x89PNG\r\n\x1a\n");
        let wanted = [size.to_be_bytes(), size.to_be_bytes()].concat();
        assert_eq!(picture[16..24], wanted);
    }
}
