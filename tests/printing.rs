//! What may hold a credential has a type that neither prints it nor leaves it behind: the structs and enums of `src` are
//! read, tests aside.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// What fields that hold a credential are called, by themselves or behind an underscore.
const CREDENTIALS: [&str; 8] =
    ["api_key", "token", "tokens", "password", "credential", "credentials", "secret", "proxy"];
/// Types whose text anybody can print, and which leave it behind.
const OPEN: [&str; 7] = ["String", "str", "Text", "Vec", "u8", "CString", "OsString"];
/// Types that are wiped, of which the first two print a placeholder.
const SECRET: [&str; 2] = ["Secret", "Token"];
const WIPED: &str = "Zeroizing";

#[derive(Default)]
struct Reader {
    objections: Vec<String>,
    /// Fields that are called like a credential.
    credentials: usize,
}

impl Reader {
    fn read(&mut self, file: &str, tokens: &[TokenTree]) {
        let (mut derives_debug, mut is_test) = (false, false);
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Punct(mark) if mark.as_char() == '#' => {
                    if let Some(TokenTree::Group(attribute)) = tokens.get(at + 1) {
                        let text = attribute.stream().to_string();
                        derives_debug |= text.starts_with("derive") && text.contains("Debug");
                        is_test |= text.starts_with("cfg") && text.contains("test") || text == "test";
                        at += 1;
                    }
                }
                TokenTree::Ident(word) if (word == "struct" || word == "enum") && !is_test => {
                    let Some(TokenTree::Ident(name)) = tokens.get(at + 1) else { break };
                    let body = tokens[at..].iter().find_map(|token| match token {
                        TokenTree::Group(body) => Some(Some(body)),
                        TokenTree::Punct(mark) if mark.as_char() == ';' => Some(None),
                        _ => None,
                    });
                    if let Some(Some(body)) = body {
                        self.fields(&format!("{file}: {name}"), body, derives_debug);
                    }
                }
                TokenTree::Group(group) if !is_test => self.read(file, &tokens_of(group)),
                _ => {}
            }
            // Attributes and visibility belong to what follows; a body ends it.
            let ends = match &tokens[at] {
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                TokenTree::Punct(mark) => mark.as_char() == ';',
                _ => false,
            };
            if ends {
                (derives_debug, is_test) = (false, false);
            }
            at += 1;
        }
    }

    /// The fields of a struct, those of a variant, or the variants of an enum.
    fn fields(&mut self, of: &str, body: &Group, derives_debug: bool) {
        for field in split(&tokens_of(body)) {
            let named = match field.as_slice() {
                [TokenTree::Ident(name), TokenTree::Punct(colon), ..] if colon.as_char() == ':' => {
                    Some(name.to_string())
                }
                [TokenTree::Ident(_), TokenTree::Group(inner)] => {
                    self.fields(of, inner, derives_debug);
                    continue;
                }
                _ => None,
            };
            let types = words(&field[if named.is_some() { 2 } else { 0 }..]);
            let has = |wanted: &[&str]| types.iter().any(|word| wanted.contains(&word.as_str()));
            let name = named.unwrap_or_default();
            let is_credential = CREDENTIALS.iter().any(|word| {
                name.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with('_'))
            });
            self.credentials += usize::from(is_credential);
            if is_credential && has(&OPEN) && !has(&SECRET) && !has(&[WIPED]) {
                self.objections.push(format!("{of} keeps `{name}` as {}", types.join(" ")));
            }
            if derives_debug && has(&[WIPED]) {
                self.objections.push(format!("{of} derives Debug, which prints what is in `{name}`"));
            }
        }
    }
}

fn tokens_of(group: &Group) -> Vec<TokenTree> {
    group.stream().into_iter().collect()
}

/// The parts between commas, without attributes and visibilities.
fn split(tokens: &[TokenTree]) -> Vec<Vec<TokenTree>> {
    let mut parts = vec![Vec::new()];
    let mut depth = 0;
    let mut tokens = tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(mark) if mark.as_char() == '#' => {
                tokens.next();
                continue;
            }
            TokenTree::Ident(word) if word == "pub" => {
                tokens.next_if(|next| matches!(next, TokenTree::Group(_)));
                continue;
            }
            TokenTree::Punct(mark) if mark.as_char() == ',' && depth == 0 => {
                parts.push(Vec::new());
                continue;
            }
            TokenTree::Punct(mark) if mark.as_char() == '<' => depth += 1,
            TokenTree::Punct(mark) if mark.as_char() == '>' => depth -= 1,
            _ => {}
        }
        parts.last_mut().expect("there is one").push(token.clone());
    }
    parts.retain(|part| !part.is_empty());
    parts
}

fn words(tokens: &[TokenTree]) -> Vec<String> {
    tokens
        .iter()
        .flat_map(|token| match token {
            TokenTree::Ident(word) => vec![word.to_string()],
            TokenTree::Group(group) => words(&tokens_of(group)),
            _ => Vec::new(),
        })
        .collect()
}

fn read(reader: &mut Reader, file: &str, source: &str) {
    let tokens: Vec<_> = TokenStream::from_str(source).expect("the source has tokens").into_iter().collect();
    reader.read(file, &tokens);
}

fn read_folder(reader: &mut Reader, folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            read_folder(reader, &path);
        } else if name.ends_with(".rs") && name != "tests.rs" {
            read(reader, path.to_str().unwrap(), &fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn what_may_hold_a_credential_has_a_type_that_keeps_it() {
    let mut reader = Reader::default();
    read_folder(&mut reader, &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(reader.credentials > 10, "only {} fields are called like a credential", reader.credentials);
    assert!(reader.objections.is_empty(), "\n{}", reader.objections.join("\n"));
}

fn objections(source: &str) -> Vec<String> {
    let mut reader = Reader::default();
    read(&mut reader, "x.rs", source);
    reader.objections
}

#[test]
fn what_keeps_one_openly_is_named() {
    for source in [
        "struct A { api_key: String }",
        "pub struct A<'a> { pub(crate) customer_token: &'a str, x: u8 }",
        "mod m { #[derive(Clone)] struct A { x: u8, #[serde(default)] proxy: Option<Box<str>> } }",
        "enum A { B, C { password: Vec<u8> } }",
        "fn f() { struct A { secret: Option<Text> } }",
        "#[derive(Clone, Debug)] struct A { body: Zeroizing<Text> }",
        "#[derive(Debug)] pub(super) struct A(Zeroizing<String>);",
        "#[derive(Debug)] enum A { B(u8, Option<Zeroizing<Vec<u8>>>) }",
        "#[cfg(test)] mod tests { struct A { token: String } } struct B { token: String }",
    ] {
        assert_eq!(objections(source).len(), 1, "{source}");
    }
}

#[test]
fn what_keeps_one_well_passes() {
    for source in [
        "struct A { api_key: Option<Secret>, api_key_env: Option<String>, token: Token, rate: HashMap<String, u8> }",
        "#[derive(Debug)] struct A { credentials: Option<Secret>, name: String }",
        "struct A { body: Zeroizing<Vec<u8>>, password: Zeroizing<String> }",
        "#[derive(Debug)] struct A; struct B(Zeroizing<String>);",
        "#[cfg(test)] mod tests { struct A { token: String } }",
        "struct A { tokens: f64, has_api_key: bool }",
    ] {
        assert_eq!(objections(source), Vec::<String>::new(), "{source}");
    }
}
