//! The operators' guide lists every line the library can say, and every number it counts.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

fn read(path: impl AsRef<Path>) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn guide() -> String {
    read("docs/operations.md")
}

/// Every Rust source below a folder, tests aside.
fn sources(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap();
            if ["tests", "model", "stops", "simulation"].contains(&name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                sources.push(path);
            }
        }
    }
    sources
}

/// Texts beside a level of the log, in the arguments of one call or in one tuple, and what `fn opening` says that lines
/// begin with.
fn lines(tokens: &[TokenTree], found: &mut Vec<String>) {
    let mut index = 0;
    while index < tokens.len() {
        // `#[cfg(test)] mod …` holds no lines of the library.
        if is_test_module(&tokens[index..]) {
            index += 5;
        }
        let says = |tree: &TokenTree| matches!(tree, TokenTree::Ident(ident) if ident == "LogLevel");
        if tokens.get(index).is_some_and(says)
            && matches!(tokens.get(index + 4), Some(TokenTree::Punct(punct)) if punct.as_char() == ',')
        {
            texts(&tokens[index..], found);
            return;
        }
        if is_opening(&tokens[index..]) {
            let body = tokens[index..].iter().position(
                |tree| matches!(tree, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace),
            );
            let mut openings = Vec::new();
            texts(&tokens[index + body.unwrap()..][..1], &mut openings);
            found.extend(openings.into_iter().map(|opening| opening + "{}"));
            index += body.unwrap() + 1;
        }
        if let Some(TokenTree::Group(group)) = tokens.get(index) {
            let inner: Vec<_> = group.stream().into_iter().collect();
            lines(&inner, found);
        }
        index += 1;
    }
}

/// `fn opening`
fn is_opening(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Ident(first), TokenTree::Ident(second), ..] if first == "fn" && second == "opening")
}

/// `# [cfg(test)] mod name { … }`
fn is_test_module(tokens: &[TokenTree]) -> bool {
    let [TokenTree::Punct(hash), TokenTree::Group(attribute), TokenTree::Ident(word), ..] = tokens else {
        return false;
    };
    hash.as_char() == '#' && attribute.stream().to_string().replace(' ', "") == "cfg(test)" && word == "mod"
}

fn texts(tokens: &[TokenTree], found: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => texts(&group.stream().into_iter().collect::<Vec<_>>(), found),
            TokenTree::Literal(literal) if literal.to_string().starts_with('"') => {
                found.push(unquote(&literal.to_string()));
            }
            _ => {}
        }
    }
}

/// The text of a literal that has no escapes but continued lines.
fn unquote(literal: &str) -> String {
    let inner = literal.trim_matches('"');
    let mut text = String::new();
    let mut parts = inner.split("\\\n");
    text.push_str(parts.next().unwrap());
    parts.for_each(|part| text.push_str(part.trim_start()));
    assert!(!text.contains('\\'), "{text}");
    text
}

/// The fixed parts of a format text.
fn fixed(text: &str) -> Vec<String> {
    text.split(['{', '}']).step_by(2).map(str::to_owned).collect()
}

fn said() -> Vec<String> {
    let mut found = Vec::new();
    for path in sources("src/runtime") {
        let tokens: TokenStream = read(&path).parse().unwrap();
        lines(&tokens.into_iter().collect::<Vec<_>>(), &mut found);
    }
    found
}

/// The lines in the guide's table.
fn documented() -> Vec<String> {
    let guide = guide();
    let (_, section) = guide.split_once("\n## Log lines\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split_once(" | `")?.1.split_once("` | "))
        .map(|(line, _)| line.to_owned())
        .collect()
}

#[test]
fn every_line_of_the_log_is_in_the_guide() {
    let (said, documented) = (said(), documented());
    assert!(said.len() >= 5, "{said:?}");
    for text in &said {
        let wanted = fixed(text).join("…");
        assert!(
            documented.contains(&wanted),
            "docs/operations.md does not list: {wanted}\nit lists {documented:#?}"
        );
    }
    for line in &documented {
        let exists = said.iter().any(|text| fixed(text).join("…") == *line);
        assert!(exists, "docs/operations.md lists what is never said: {line}\nsaid is {said:#?}");
    }
}

#[test]
fn every_number_is_in_the_guide() {
    let guide = guide();
    let stats = read("src/runtime/stats.rs");
    let names: Vec<_> = stats
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub ")?.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(guide.contains(&format!("`{name}`")), "docs/operations.md does not explain {name}");
    }
}
