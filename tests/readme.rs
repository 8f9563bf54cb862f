//! What the README shows is what the tests compile and run.

use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

#[test]
fn the_examples_are_the_files_that_are_compiled_and_run() {
    let readme = read("README.md");
    for (language, path) in [
        ("java", "examples/readme/Lookup.java"),
        ("cpp", "examples/readme/lookup.cpp"),
        ("c", "examples/readme/lookup.c"),
    ] {
        let block = format!("```{language}\n{}\n```\n", read(path).trim_end());
        assert!(readme.contains(&block), "README.md does not show {path} as it is");
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
