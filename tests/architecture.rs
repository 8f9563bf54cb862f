//! Holds the paths in `src` to the table in CONTRIBUTING.md, which says what each module may use. Comments and strings do
//! not count; paths in macros do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// Folders whose files use each other in one direction only, tests aside.
const WITHOUT_CYCLES: [&str; 12] = [
    "src/client",
    "src/ffi",
    "src/jni",
    "src/model",
    "src/network",
    "src/network/link",
    "src/operations",
    "src/policy",
    "src/runtime",
    "src/runtime/engine",
    "src/runtime/mailbox",
    "src/transport",
];

/// No file below the first may name the second.
const MAILBOX: &str = "src/runtime/mailbox";
const ENGINE: &str = "engine";

/// A module as the segments of its path: `crate::policy::rate` is `["policy", "rate"]`.
type Module = Vec<String>;

// --- reading a source ---

/// A path that a source names, from the root of the crate.
#[derive(Clone, Debug, PartialEq)]
struct Reference {
    path: Module,
    line: usize,
    in_tests: bool,
}

fn tokens(source: &str) -> Vec<TokenTree> {
    TokenStream::from_str(source).expect("the source has tokens").into_iter().collect()
}

/// What the source of `module` names with `crate::`, `self::` and `super::`.
fn references(source: &str, module: &[&str]) -> Vec<Reference> {
    let module: Module = module.iter().map(|&name| name.to_owned()).collect();
    let mut found = Vec::new();
    Reader { module: &module, in_tests: false, found: &mut found }.read(&tokens(source));
    found
}

struct Reader<'a> {
    module: &'a Module,
    in_tests: bool,
    found: &'a mut Vec<Reference>,
}

impl Reader<'_> {
    fn read(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        let mut is_test = false;
        while at < tokens.len() {
            match (&tokens[at], tokens.get(at + 1), tokens.get(at + 2)) {
                // A visibility depends on nothing.
                (TokenTree::Ident(word), Some(TokenTree::Group(scope)), _)
                    if word == "pub" && scope.delimiter() == Delimiter::Parenthesis =>
                {
                    at += 1;
                }
                (TokenTree::Ident(word), Some(TokenTree::Ident(name)), Some(TokenTree::Group(body)))
                    if word == "mod" && body.delimiter() == Delimiter::Brace =>
                {
                    let mut inner = self.module.clone();
                    inner.push(name.to_string());
                    Reader {
                        module: &inner,
                        in_tests: self.in_tests || std::mem::take(&mut is_test),
                        found: self.found,
                    }
                    .read(&body.stream().into_iter().collect::<Vec<_>>());
                    at += 2;
                }
                (TokenTree::Ident(word), ..)
                    if is_separator(tokens, at + 1) && !is_separator_before(tokens, at) =>
                {
                    let base = match word.to_string().as_str() {
                        "crate" => Some(Vec::new()),
                        "self" => Some(self.module.clone()),
                        "super" => Some(parent(self.module)),
                        _ => None,
                    };
                    if let Some(base) = base {
                        at = self.follow(tokens, at, base) - 1;
                    }
                }
                (TokenTree::Group(group), ..) => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    match group.delimiter() {
                        Delimiter::Bracket => is_test |= says_test(&inner),
                        _ => is_test = false,
                    }
                    self.read(&inner);
                }
                (TokenTree::Punct(mark), ..) if mark.as_char() == ';' => is_test = false,
                _ => {}
            }
            at += 1;
        }
    }

    /// Reads on from the segment at `at`, which leads to `path`; returns where the path has ended.
    fn follow(&mut self, tokens: &[TokenTree], at: usize, path: Module) -> usize {
        let line = tokens[at].span().start().line;
        let next = at + 3;
        if is_separator(tokens, at + 1) {
            match tokens.get(next) {
                Some(TokenTree::Ident(word)) => {
                    return self.follow(tokens, next, child(path, &word.to_string()));
                }
                Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                    self.branch(&group.stream().into_iter().collect::<Vec<_>>(), &path);
                    return next + 1;
                }
                Some(TokenTree::Punct(mark)) if mark.as_char() == '*' => {
                    self.found.push(Reference { path, line, in_tests: self.in_tests });
                    return next + 1;
                }
                _ => {}
            }
        }
        self.found.push(Reference { path, line, in_tests: self.in_tests });
        at + 1
    }

    /// The group of a `use`: each part goes on from `path`.
    fn branch(&mut self, tokens: &[TokenTree], path: &Module) {
        for part in tokens.split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')) {
            match part.first() {
                Some(TokenTree::Ident(word)) => {
                    self.follow(part, 0, child(path.clone(), &word.to_string()));
                }
                Some(TokenTree::Group(group)) => {
                    self.branch(&group.stream().into_iter().collect::<Vec<_>>(), path);
                }
                Some(star) => {
                    let line = star.span().start().line;
                    self.found.push(Reference { path: path.clone(), line, in_tests: self.in_tests });
                }
                None => {}
            }
        }
    }
}

fn child(mut path: Module, segment: &str) -> Module {
    match segment {
        "self" => {}
        "super" => drop(path.pop()),
        _ => path.push(segment.to_owned()),
    }
    path
}

fn parent(module: &Module) -> Module {
    module[..module.len().saturating_sub(1)].to_vec()
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon = |at| matches!(tokens.get(at), Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    is_colon(at) && is_colon(at + 1)
}

fn is_separator_before(tokens: &[TokenTree], at: usize) -> bool {
    at >= 2 && is_separator(tokens, at - 2)
}

/// Whether an attribute is `cfg(test)` or the like.
fn says_test(attribute: &[TokenTree]) -> bool {
    let words = words(attribute);
    let has = |wanted: &str| words.iter().any(|(word, _)| word == wanted);
    has("cfg") && has("test") && !has("not")
}

/// Every identifier with its line.
fn words(tokens: &[TokenTree]) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(word) => found.push((word.to_string(), word.span().start().line)),
            TokenTree::Group(group) => found.extend(words(&group.stream().into_iter().collect::<Vec<_>>())),
            _ => {}
        }
    }
    found
}

// --- the table ---

/// Which modules each module may use.
#[derive(Debug)]
struct Table(BTreeMap<Module, BTreeSet<Module>>);

impl Table {
    /// Reads the rows of `src` from the table. Panics on words it does not know, so that a row cannot be without effect.
    fn parse(text: &str) -> Self {
        let mut rows: Vec<(Module, String)> = Vec::new();
        let lines = text
            .lines()
            .skip_while(|line| !line.starts_with("| folder"))
            .take_while(|line| line.starts_with('|'));
        for line in lines {
            let cells: Vec<_> = line.split('|').map(str::trim).collect();
            for name in in_backticks(cells[1]) {
                if let Some(name) = name.strip_prefix("src/") {
                    rows.push((segments(name.trim_end_matches(".rs")), cells[3].to_owned()));
                }
            }
        }
        assert!(!rows.is_empty(), "there is no table whose first column is called folder");
        let shared: BTreeSet<Module> = rows
            .iter()
            .filter(|row| row.1.ends_with("; all may use them"))
            .map(|row| row.0.clone())
            .collect();
        let mut table = BTreeMap::new();
        for (index, (module, cell)) in rows.iter().enumerate() {
            let mut allowed = shared.clone();
            for part in cell.trim_end_matches("; all may use them").split(", ") {
                let above = |name: &str| {
                    let wanted = segments(name);
                    rows[..index].iter().position(|row| row.0 == wanted).unwrap_or_else(|| {
                        panic!("the row of {} names {name}, which has no row above it", module.join("/"))
                    })
                };
                let names: Vec<_> = in_backticks(part).collect();
                match (part.split('`').next_back(), names.as_slice()) {
                    (Some("nothing else here"), []) => {}
                    (Some("all of the above"), []) => {
                        allowed.extend(rows[..index].iter().map(|row| row.0.clone()))
                    }
                    (Some(""), [name]) => drop(allowed.insert(rows[above(name)].0.clone())),
                    (Some(" and below"), [name]) => {
                        allowed.extend(rows[..=above(name)].iter().map(|row| row.0.clone()));
                    }
                    _ => panic!("the row of {} says something else: {part}", module.join("/")),
                }
            }
            table.insert(module.clone(), allowed);
        }
        Self(table)
    }

    /// The row that a path belongs to: the one that names most of it.
    fn row(&self, path: &[String]) -> Option<&Module> {
        (1..=path.len()).rev().find_map(|length| self.0.get_key_value(&path[..length])).map(|(row, _)| row)
    }

    /// What is wrong with a path that is named in `module`.
    fn objection(&self, module: &[String], path: &[String]) -> Option<String> {
        let Some(from) = self.row(module) else {
            return Some(format!("{} has no row in the table", module.join("::")));
        };
        let Some(to) = self.row(path) else {
            return Some(format!("crate::{} is not named by the module it comes from", path.join("::")));
        };
        let is_allowed = from == to || self.0[from].contains(to);
        (!is_allowed).then(|| format!("{} may not use {}", from.join("::"), to.join("::")))
    }
}

fn in_backticks(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn segments(path: &str) -> Module {
    path.split('/').map(str::to_owned).collect()
}

// --- the tree ---

struct Source {
    /// From the top of the tree, with slashes.
    file: String,
    module: Module,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All of `src` but lib.rs, which joins the modules.
fn sources() -> Vec<Source> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    files.sort();
    files
        .iter()
        .map(|path| {
            let file = path.strip_prefix(root()).unwrap().to_str().unwrap().replace('\\', "/");
            let inside = file.strip_prefix("src/").unwrap().strip_suffix(".rs").unwrap();
            let module = segments(inside.strip_suffix("/mod").unwrap_or(inside));
            Source { module, text: fs::read_to_string(path).unwrap(), file }
        })
        .filter(|source| source.file != "src/lib.rs")
        .collect()
}

impl Source {
    fn references(&self) -> Vec<Reference> {
        references(&self.text, &self.module.iter().map(String::as_str).collect::<Vec<_>>())
    }
}

// --- cycles ---

/// Which of the modules directly in `folder` uses which others, outside of tests.
fn uses_between(folder: &[String], sources: &[Source]) -> BTreeMap<String, BTreeSet<String>> {
    let inside = |path: &[String]| path.strip_prefix(folder).and_then(|rest| rest.first().cloned());
    let members: BTreeSet<String> = sources.iter().filter_map(|source| inside(&source.module)).collect();
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources {
        let Some(from) = inside(&source.module) else { continue };
        for reference in source.references().iter().filter(|reference| !reference.in_tests) {
            if let Some(to) = inside(&reference.path).filter(|to| *to != from && members.contains(to)) {
                graph.entry(from.clone()).or_default().insert(to);
            }
        }
    }
    graph
}

/// One cycle through each module that is on any: the shortest.
fn cycles(graph: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for start in graph.keys() {
        let mut ways = vec![vec![start.clone()]];
        let mut seen = BTreeSet::new();
        while let Some(way) = (!ways.is_empty()).then(|| ways.remove(0)) {
            let next = graph.get(way.last().unwrap()).into_iter().flatten();
            if next.clone().any(|module| module == start) {
                // The same cycle is found from each of its modules.
                let first = (0..way.len()).min_by_key(|&index| &way[index]).unwrap();
                let mut cycle = way.clone();
                cycle.rotate_left(first);
                found.insert(cycle);
                break;
            }
            for module in next {
                if seen.insert(module.clone()) {
                    ways.push([way.as_slice(), std::slice::from_ref(module)].concat());
                }
            }
        }
    }
    found
}

// --- the tree is as the rules say ---

#[test]
fn modules_use_only_what_their_row_names() {
    let table = Table::parse(&fs::read_to_string(root().join("CONTRIBUTING.md")).unwrap());
    let sources = sources();
    let mut objections = Vec::new();
    let mut count = 0;
    for source in &sources {
        if table.row(&source.module).is_none() {
            objections.push(format!("{} has no row in CONTRIBUTING.md", source.file));
        }
        for reference in source.references() {
            count += 1;
            if let Some(objection) = table.objection(&source.module, &reference.path) {
                objections.push(format!("{}:{}: {objection}", source.file, reference.line));
            }
        }
    }
    assert!(count > 100, "only {count} paths were found in src");
    for row in table.0.keys() {
        let has_source = sources.iter().any(|source| source.module.starts_with(row));
        assert!(has_source, "CONTRIBUTING.md has a row for src/{}, which does not exist", row.join("/"));
    }
    assert!(objections.is_empty(), "\n{}", objections.join("\n"));
}

#[test]
fn the_mailbox_knows_no_engine() {
    let mut objections = Vec::new();
    for source in sources().iter().filter(|source| source.file.starts_with(&format!("{MAILBOX}/"))) {
        for (word, line) in words(&tokens(&source.text)) {
            if word == ENGINE {
                objections.push(format!("{}:{line}: names {ENGINE}", source.file));
            }
        }
    }
    assert!(objections.is_empty(), "\n{}", objections.join("\n"));
}

#[test]
#[allow(clippy::print_stdout, reason = "the cycles that are asked for are meant for the console")]
fn files_of_a_folder_use_each_other_in_one_direction() {
    let sources = sources();
    let mut objections = Vec::new();
    let folders: BTreeSet<Module> = sources
        .iter()
        .filter(|source| source.module.len() > 1)
        .map(|source| parent(&source.module))
        .collect();
    for folder in &folders {
        let name = format!("src/{}", folder.join("/"));
        for cycle in cycles(&uses_between(folder, &sources)) {
            let line = format!("{name}: {} -> {}", cycle.join(" -> "), cycle[0]);
            if WITHOUT_CYCLES.contains(&name.as_str()) {
                objections.push(line);
            } else if std::env::var_os("PAYNOW_SHOW_CYCLES").is_some() {
                println!("{line}");
            }
        }
    }
    for folder in WITHOUT_CYCLES {
        assert!(folders.contains(&segments(folder.strip_prefix("src/").unwrap())), "there is no {folder}");
    }
    assert!(objections.is_empty(), "\n{}", objections.join("\n"));
}

// --- the check notices what it should ---

const TABLE: &str = "
| folder | what it does | may use |
|---|---|---|
| `src/sync.rs` | locks | nothing else here; all may use them |
| `src/model` | words | nothing else here |
| `src/operations` | data | `model` |
| `src/runtime` | threads | all of the above |
| `src/handles` | numbers | nothing else here |
| `src/ffi` | C | `runtime` and below, `handles` |
| `tests` | | |
";

/// What the table has against a source, as `LINE: WHY`.
fn objections(module: &[&str], source: &str) -> Vec<String> {
    let table = Table::parse(TABLE);
    let owned: Module = module.iter().map(|&name| name.to_owned()).collect();
    references(source, module)
        .iter()
        .filter_map(|reference| {
            table.objection(&owned, &reference.path).map(|why| format!("{}: {why}", reference.line))
        })
        .collect()
}

/// The paths that a source names, joined again.
fn paths(module: &[&str], source: &str) -> Vec<String> {
    references(source, module).iter().map(|reference| reference.path.join("::")).collect()
}

#[test]
fn what_points_the_wrong_way_is_named_with_its_line() {
    assert_eq!(
        objections(&["model", "text"], "use std::fmt;\nuse crate::runtime::Slots;\n"),
        ["2: model may not use runtime"]
    );
    assert_eq!(
        objections(&["operations"], "fn f() {\n    g(crate::ffi::x())\n}"),
        ["2: operations may not use ffi"]
    );
    assert_eq!(objections(&["runtime"], "use crate::handles::Handle;"), ["1: runtime may not use handles"]);
    assert_eq!(objections(&["handles"], "use crate::model::Text;"), ["1: handles may not use model"]);
}

#[test]
fn what_points_the_right_way_passes() {
    let none: [&str; 0] = [];
    assert_eq!(objections(&["ffi", "table"], "use crate::{handles::Handle, model::Text, sync::own};"), none);
    assert_eq!(
        objections(&["runtime"], "use crate::operations::Status; use crate::model; use self::log::Log;"),
        none
    );
    assert_eq!(
        objections(&["model", "text"], "use super::wire; use crate::model::Date; use crate::sync;"),
        none
    );
    assert_eq!(objections(&["model"], "pub(in crate::ffi) fn f() {} pub(crate) use text::Text;"), none);
}

#[test]
fn groups_are_followed() {
    assert_eq!(
        paths(&["ffi"], "use crate::{self, a, b::{c, self, d::*}, e as f, *};"),
        ["", "a", "b::c", "b", "b::d", "e", ""]
    );
    assert_eq!(
        objections(
            &["operations"],
            "use crate::{\n    model::{Text, Date},\n    runtime::{\n        Key,\n    },\n};"
        ),
        ["4: operations may not use runtime"]
    );
    assert_eq!(paths(&["ffi"], "use {crate::a, super::b};"), ["a", "b"]);
}

#[test]
fn relative_paths_lead_from_their_module() {
    assert_eq!(
        paths(&["runtime", "slots"], "use super::log; use super::super::ffi; use self::x;"),
        ["runtime::log", "ffi", "runtime::slots::x"]
    );
    assert_eq!(
        paths(&["runtime", "slots"], "mod tests { use super::*; use super::super::log; }"),
        ["runtime::slots", "runtime::log"]
    );
    assert_eq!(
        objections(&["model", "text"], "use super::super::runtime;"),
        ["1: model may not use runtime"]
    );
}

#[test]
fn comments_and_strings_name_nothing() {
    let source = r##"
        //! crate::ffi::a
        /// [`crate::ffi::b`]
        /* crate::ffi::c */
        const A: &str = "crate::ffi::d"; // use crate::ffi::e;
        const B: &str = r#"use crate::ffi::f;"#;
        const C: u8 = b'c';
    "##;
    assert!(paths(&["model"], source).is_empty());
}

#[test]
fn macros_and_types_name_what_they_name() {
    let source = "macro_rules! m { () => { $crate::ffi::a() } }
        fn f(x: Vec<crate::runtime::Key>) -> Option<&'static crate::sync::Cell<u8>> {
            assert_eq!(crate::model::Text::<u8>::new(), x);
            other::crate_name::f()
        }";
    assert_eq!(paths(&["model"], source), ["ffi::a", "runtime::Key", "sync::Cell", "model::Text"]);
}

#[test]
fn a_detour_over_the_root_does_not_lead_out() {
    assert_eq!(
        objections(&["model"], "use crate::Client;"),
        ["1: crate::Client is not named by the module it comes from"]
    );
    assert_eq!(objections(&["other"], "use crate::model;"), ["1: other has no row in the table"]);
}

#[test]
#[should_panic(expected = "names ffi, which has no row above it")]
fn a_row_names_only_rows_above_it() {
    Table::parse(&TABLE.replace("| data | `model` |", "| data | `ffi` |"));
}

#[test]
#[should_panic(expected = "says something else: most things")]
fn a_row_that_is_not_understood_is_refused() {
    Table::parse(&TABLE.replace("| data | `model` |", "| data | most things |"));
}

#[test]
fn a_row_for_a_folder_inside_is_one_of_its_own() {
    let table = Table::parse(&TABLE.replace(
        "| `src/handles`",
        "| `src/runtime/engine` | threads | all of the above |\n| `src/handles`",
    ));
    let key = segments("runtime/slots");
    assert!(table.objection(&key, &segments("runtime/engine/worker")).is_some());
    assert!(table.objection(&segments("runtime/engine/worker"), &key).is_none());
}

#[test]
fn cycles_are_found_outside_of_tests() {
    let source = |name: &str, text: &str| Source {
        file: format!("src/f/{name}.rs"),
        module: vec!["f".to_owned(), name.to_owned()],
        text: text.to_owned(),
    };
    let found = |sources: &[Source]| cycles(&uses_between(&["f".to_owned()], sources));
    let chain = [
        source("a", "use super::b::B; use super::Shared;"),
        source("b", "use crate::f::c; use super::b::inner;"),
        source("c", "#[cfg(test)]\nmod tests { use super::super::a::A; }"),
    ];
    assert!(found(&chain).is_empty(), "{:?}", found(&chain));
    let circle = [
        source("a", "use super::{b::B, d};"),
        source("b", "fn f() { super::c::f() }"),
        source("c", "#[cfg(not(test))]\nmod real { use super::super::a; }"),
        source("d", ""),
    ];
    assert_eq!(found(&circle), BTreeSet::from([["a", "b", "c"].map(str::to_owned).to_vec()]));
    let pair = [source("a", "use super::b;"), source("b", "use super::a;")];
    assert_eq!(found(&pair).len(), 1);
}

// --- memory ---

/// What allocates as much as it is told, or as there is, and ends the process when there is no memory.
const CANNOT_FAIL: [&str; 6] =
    ["collect", "new_zeroed_slice", "repeat", "reserve_exact", "to_vec", "with_capacity"];

/// Where it may be used nevertheless, how often, and what bounds it.
const BOUNDED: [(&str, usize, &str); 19] = [
    ("src/client/bulk.rs", 1, "one piece of a bulk: 200 customers"),
    ("src/client/network.rs", 1, "the addresses of a setting: 65"),
    ("src/client/mod.rs", 3, "takes a completion, and allocates nothing"),
    ("src/ffi/batches.rs", 1, "one piece of a bulk: 200 customers"),
    ("src/ffi/ending.rs", 1, "takes a completion, and allocates nothing"),
    ("src/fuzzing.rs", 1, "in no build but the fuzzer's"),
    ("src/jni/env.rs", 1, "an error's sentence: messages of this library, and the name of a file"),
    ("src/jni/host.rs", 1, "takes a completion, and allocates nothing"),
    ("src/model/text.rs", 2, "messages of this library, and texts of Rust programs"),
    ("src/network/link/decoder.rs", 1, "an error's text: 256 bytes"),
    ("src/network/settings.rs", 1, "the addresses of a setting: 64"),
    ("src/policy/cache/mod.rs", 1, "the answers of one place: 16"),
    ("src/runtime/engine/reading.rs", 1, "three credentials"),
    ("src/runtime/mailbox/collecting.rs", 2, "takes a completion, and allocates nothing"),
    ("src/transport/connect.rs", 2, "the addresses of a host: 64"),
    ("src/transport/proxy.rs", 4, "a proxy's address, and the 8 KiB of its answer"),
    ("src/transport/resolver.rs", 1, "the addresses of a host: 64"),
    ("src/transport/tcp.rs", 1, "the addresses of a host: 64"),
    ("src/transport/tls.rs", 3, "certificates of this machine, which dependencies read"),
];

/// Each use in a source outside of its tests, with its line: of the words above behind a dot or colons, and of `vec!`
/// with a count that is not a number.
fn sized_allocations(source: &str) -> Vec<(String, usize)> {
    /// `cfg(test)`, and `cfg(all(test, ...))`.
    fn is_for_tests(attribute: &[TokenTree]) -> bool {
        let words: Vec<String> = words(attribute).into_iter().map(|(word, _)| word).collect();
        let test = words.iter().position(|word| word == "test");
        words.first().is_some_and(|word| word == "cfg") && test.is_some_and(|at| words[at - 1] != "not")
    }

    fn read(tokens: &[TokenTree], found: &mut Vec<(String, usize)>) {
        let mut is_test = false;
        for (at, token) in tokens.iter().enumerate() {
            let is_mark = |at: usize, mark: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == mark);
            match token {
                TokenTree::Ident(word) => {
                    let word_text = word.to_string();
                    let is_fallible = at > 2
                        && is_separator_before(tokens, at)
                        && matches!(&tokens[at - 3], TokenTree::Ident(module) if module == "room");
                    let is_called = at > 0 && (is_mark(at - 1, '.') || is_mark(at - 1, ':')) && !is_fallible;
                    let counts = match (word_text.as_str(), tokens.get(at + 2)) {
                        ("vec", Some(TokenTree::Group(group))) if is_mark(at + 1, '!') => {
                            let inner: Vec<_> = group.stream().into_iter().collect();
                            let count = inner.iter().rposition(
                                |token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ';'),
                            );
                            count.is_some_and(|count| !matches!(inner[count + 1..], [TokenTree::Literal(_)]))
                        }
                        (word, _) => is_called && CANNOT_FAIL.contains(&word),
                    };
                    if counts {
                        found.push((word_text, word.span().start().line));
                    }
                }
                TokenTree::Group(group) => {
                    let inner: Vec<_> = group.stream().into_iter().collect();
                    match group.delimiter() {
                        Delimiter::Bracket => is_test |= is_for_tests(&inner),
                        Delimiter::Brace if std::mem::take(&mut is_test) => continue,
                        _ => {}
                    }
                    read(&inner, found);
                }
                TokenTree::Punct(mark) if mark.as_char() == ';' => is_test = false,
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
    let mut found = Vec::new();
    read(&tokens(source), &mut found);
    found
}

#[test]
fn what_a_setting_or_the_network_sizes_is_allocated_so_that_it_can_fail() {
    let is_test = |file: &str| {
        ["tests.rs", "model.rs", "stops.rs", "counting.rs", "src/tables.rs"]
            .iter()
            .any(|end| file.ends_with(end))
            || file.contains("/simulation/")
            || file.contains("/tests/")
    };
    let mut objections = Vec::new();
    let mut listed: BTreeSet<&str> = BOUNDED.iter().map(|(file, ..)| *file).collect();
    for source in sources() {
        if is_test(&source.file) {
            continue;
        }
        let found = sized_allocations(&source.text);
        let allowed =
            BOUNDED.iter().find(|(file, ..)| *file == source.file).map_or(0, |(_, count, _)| *count);
        listed.remove(source.file.as_str());
        if found.len() != allowed {
            let uses: Vec<_> = found.iter().map(|(word, line)| format!("{word} in line {line}")).collect();
            objections.push(format!(
                "{}: {allowed} are allowed, these are there: {}",
                source.file,
                uses.join(", ")
            ));
        }
    }
    objections.extend(listed.iter().map(|file| format!("{file} is listed and does not exist")));
    assert!(
        objections.is_empty(),
        "\n{}\nUse src/room.rs, or, where a constant bounds it, say so in BOUNDED.",
        objections.join("\n")
    );
}

#[test]
fn sized_allocations_are_found() {
    let words =
        |source: &str| sized_allocations(source).into_iter().map(|(word, _)| word).collect::<Vec<_>>();
    assert_eq!(words("fn a() { Vec::<u8>::with_capacity(n); }"), ["with_capacity"]);
    assert_eq!(
        words("fn a() { list.reserve_exact(n); x.collect::<Vec<_>>() }"),
        ["reserve_exact", "collect"]
    );
    assert_eq!(words("fn a() { vec![0; n]; vec![0; 4]; vec![a, b]; room::collect(x) }"), ["vec"]);
    assert_eq!(words("fn repeat() {} fn collect() { let repeat = 1; }"), [""; 0]);
    assert_eq!(words("#[cfg(test)] mod tests { fn a() { b.collect() } } fn a() { b.to_vec() }"), ["to_vec"]);
    assert_eq!(
        words("#[cfg(test)] fn a() { b.collect() } #[cfg(not(test))] fn a() { b.repeat(n) }"),
        ["repeat"]
    );
    assert_eq!(
        words("#[cfg(all(test, not(loom)))] fn a() { b.collect() } fn a() { b.to_vec() }"),
        ["to_vec"]
    );
}

// --- the command line ---

/// The files of `cli/src`, from there.
fn command_line() -> Vec<(String, String)> {
    fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { collect(&path, files) } else { files.push(path) }
        }
    }
    let top = root().join("cli/src");
    let mut files = Vec::new();
    collect(&top, &mut files);
    files.sort();
    let name = |path: &Path| path.strip_prefix(&top).unwrap().to_str().unwrap().replace('\\', "/");
    files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// Without what the library does not promise, and without other ways around it.
#[test]
fn the_command_line_uses_the_library_as_any_program_does() {
    let files = command_line();
    assert!(files.len() > 20);
    for (file, text) in files {
        let all = words(&tokens(&text));
        let found = |wanted: &str| all.iter().find(|(word, _)| word == wanted).map(|(_, line)| *line);
        for word in
            ["declared", "fuzzing", "path"].iter().filter(|word| **word != "path" || text.contains("#[path"))
        {
            let is_of_the_contract = *word == "declared" && file == "commands/contract.rs";
            assert!(
                is_of_the_contract || found(word).is_none(),
                "{file} names {word} in line {:?}",
                found(word)
            );
        }
        assert!(found("unsafe").is_none(), "{file} is unsafe in line {:?}", found("unsafe"));
    }
    let contract = fs::read_to_string(root().join("cli/src/commands/contract.rs")).unwrap();
    assert!(!contract.contains("paynow_bridge"), "it asks tools/contract");
    let manifest = fs::read_to_string(root().join("cli/Cargo.toml")).unwrap();
    assert!(manifest.contains("paynow-bridge = { path = \"..\", default-features = false }"));
}

/// What is printed is cleaned in one place, so it is printed in one place: exports stream, and the second Ctrl-C ends at once.
#[test]
fn the_command_line_prints_in_one_place() {
    const ELSEWHERE: [(&str, &str); 2] =
        [("commands/customers/export.rs", "stdout"), ("interrupt.rs", "eprintln")];
    for (file, text) in command_line().iter().filter(|(file, _)| !file.starts_with("output/")) {
        for (word, line) in words(&tokens(text)) {
            let prints = ["print", "println", "eprint", "eprintln", "stdout", "dbg"].contains(&word.as_str());
            let is_asked = text.lines().nth(line - 1).is_some_and(|line| line.contains("error.print()"));
            let is_known = ELSEWHERE.contains(&(file.as_str(), word.as_str()));
            let is_its_own = word == "print" && text.contains("fn print(") || text.contains("key::print(");
            assert!(!prints || is_asked || is_known || is_its_own, "{file} prints in line {line}");
        }
    }
}

/// So that another command is a module and two lines.
#[test]
fn every_command_has_the_same_shape() {
    let files = command_line();
    let list = &files.iter().find(|(file, _)| file == "commands/mod.rs").unwrap().1;
    let list = list.split("pub enum Command {").nth(1).unwrap().split('}').next().unwrap();
    let modules: Vec<_> = list.lines().filter_map(|line| line.trim().split(['(', ':']).nth(1)).collect();
    assert!(modules.len() > 15, "{modules:?}");
    for module in modules {
        let is_it = |file: &str| {
            file == format!("commands/{module}.rs") || file == format!("commands/{module}/mod.rs")
        };
        let (_, text) =
            files.iter().find(|(file, _)| is_it(file)).unwrap_or_else(|| panic!("no file {module}"));
        assert!(
            text.contains("pub struct Args {") || text.contains("pub struct Args;"),
            "{module} has no Args"
        );
        assert!(
            text.contains("pub fn run(args: Args, context: &Context) -> Result<(), Failure> {"),
            "{module} has no run"
        );
    }
}

// --- log lines ---

/// The texts that a function of a source returns, one a line of its `match`.
fn texts_of(source: &str, function: &str) -> Vec<String> {
    let body = source.split_once(function).map_or("", |(_, rest)| rest);
    let arms = body.lines().skip(1).take_while(|line| *line != "    }");
    arms.filter_map(|line| Some(line.split_once("=> \"")?.1.rsplit_once("\",")?.0.to_owned())).collect()
}

#[test]
fn the_operators_guide_lists_every_log_line() {
    let lines = fs::read_to_string(root().join("src/runtime/lines.rs")).unwrap();
    let openings = texts_of(&lines, "fn opening(self)");
    assert!(openings.len() > 5, "{openings:?}");
    let guide = fs::read_to_string(root().join("docs/operations.md")).unwrap();
    let listed: Vec<&str> = guide
        .lines()
        .filter(|line| {
            ["error", "warning", "information", "debug"]
                .iter()
                .any(|level| line.starts_with(&format!("| {level} |")))
        })
        .collect();
    assert_eq!(listed.len(), openings.len(), "{listed:#?}");
    for opening in openings {
        let is_listed = listed.iter().any(|line| line.contains(&format!("| `{opening}")));
        assert!(is_listed, "docs/operations.md does not list the line that begins with {opening:?}");
    }
}
