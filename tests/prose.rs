//! Holds the words of the tree to plain English: documents, comments, messages and names. What a rule finds is usually
//! old-fashioned, or English word for word after another language, and has a usual word beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Words that follow each other, and what to write instead. `*` is any word.
const RULES: [(&str, &str); 53] = [
    ("nobody", "no one; or name what is meant: no player, no thread, no such customer"),
    ("whoever", "anyone who; or name what is meant: the caller, the thread that"),
    ("whomever", "anyone whom; or name what is meant"),
    ("whosoever", "anyone who"),
    ("somebody who", "someone who; or name what is meant: a player who"),
    ("anybody who", "anyone who"),
    ("everybody who", "everyone who"),
    ("mend", "fix"),
    ("mends", "fixes"),
    ("mended", "fixed"),
    ("mending", "fixing"),
    ("complain", "report, warn, fail"),
    ("complains", "reports, warns, fails"),
    ("complained", "reported, warned, failed"),
    ("complaining", "reporting, warning, failing"),
    ("complaint", "error, warning, problem"),
    ("complaints", "errors, warnings, problems"),
    ("anew", "again; or name what is new: with a new key"),
    ("amiss", "wrong"),
    ("nought", "nothing, zero"),
    ("thereof", "of it, of these"),
    ("therein", "in it"),
    ("thereupon", "then"),
    ("whereupon", "then"),
    ("heretofore", "so far"),
    ("hitherto", "so far"),
    ("henceforth", "from now on"),
    ("forthwith", "at once"),
    ("whilst", "while"),
    ("lest", "so that … not"),
    ("begone", "leave"),
    ("thrice", "three times"),
    ("for ever", "without end, forever"),
    ("but for", "except for"),
    ("be it", "whether it is"),
    ("to be had", "available"),
    ("there is none", "say of what: no such customer, none has finished"),
    ("of ours", "our"),
    ("all what", "all that, what"),
    ("in the moment", "at the moment"),
    ("informations", "information"),
    ("advices", "advice"),
    ("how it is called", "what it is called"),
    ("how they are called", "what they are called"),
    ("of late", "lately"),
    ("else than", "other than"),
    ("can not", "cannot"),
    ("stands behind", "follows, is behind"),
    ("stands before", "comes before, is in front of"),
    ("stands after", "follows"),
    ("stands under", "is listed under"),
    ("is no *", "is not a, is not"),
    ("are no *", "are not"),
];

/// Where `is no` and `are no` are usual: "there is no key", "is no longer known".
const NO_AFTER: [&str; 2] = ["there", "here"];
const NO_BEFORE: [&str; 6] = ["longer", "more", "less", "better", "worse", "one"];

/// What is passed over, and why: a file or a folder below the root, or the name of a folder anywhere.
const PASSED_OVER: [(&str, &str); 13] = [
    ("target", "built"),
    ("node_modules", "built"),
    ("build", "built"),
    (".git", "history"),
    ("fuzz/corpus", "input for the fuzz targets"),
    ("fuzz/artifacts", "input for the fuzz targets"),
    ("fuzz/Cargo.lock", "generated"),
    ("Cargo.lock", "generated"),
    ("examples/minestom-server/clients/package-lock.json", "generated"),
    ("LICENSE", "a text of others"),
    ("LICENSE-APACHE", "a text of others"),
    ("LICENSE-MIT", "a text of others"),
    ("tests/prose.rs", "the rules themselves"),
];

/// A word in lower case with its line, or a mark between which no phrase goes on.
#[derive(Debug, PartialEq)]
enum Token {
    Word(String, usize),
    Mark,
}

/// Where a rule applies: the line, what stands there, and what to write instead.
#[derive(Debug, PartialEq)]
struct Finding {
    line: usize,
    found: String,
    instead: &'static str,
}

/// The words of a text. Identifiers are taken apart (`wakesNobody`, `wakes_nobody`), and a sentence goes on in the next
/// line of its comment.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut word = String::new();
        let end = |word: &mut String, tokens: &mut Vec<Token>| {
            if !word.is_empty() {
                tokens.push(Token::Word(std::mem::take(word).to_lowercase(), number + 1));
            }
        };
        let comment = line.trim_start().trim_start_matches(['/', '*', '#', '-', '!', ';', '>']);
        let mut was_lower = false;
        for character in comment.chars() {
            if character.is_alphabetic() {
                if was_lower && character.is_uppercase() {
                    end(&mut word, &mut tokens);
                }
                word.push(character);
            } else {
                end(&mut word, &mut tokens);
                if !character.is_whitespace() && !matches!(character, '_' | '\'' | '*') {
                    tokens.push(Token::Mark);
                }
            }
            was_lower = character.is_lowercase();
        }
        end(&mut word, &mut tokens);
    }
    tokens
}

fn findings(text: &str) -> Vec<Finding> {
    let tokens = tokens(text);
    let word = |index: usize| match tokens.get(index) {
        Some(Token::Word(word, _)) => Some(word.as_str()),
        _ => None,
    };
    let mut by_first: BTreeMap<&str, Vec<(&str, &'static str)>> = BTreeMap::new();
    for (phrase, instead) in RULES {
        by_first.entry(phrase.split(' ').next().unwrap()).or_default().push((phrase, instead));
    }
    let mut findings = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        let Token::Word(first, line) = token else { continue };
        for &(phrase, instead) in by_first.get(first.as_str()).into_iter().flatten() {
            let length = phrase.split(' ').count();
            let fits = phrase.split(' ').enumerate().all(|(offset, wanted)| {
                word(index + offset).is_some_and(|word| wanted == "*" || wanted == word)
            });
            let is_usual = phrase.ends_with(" no *")
                && (index.checked_sub(1).and_then(word).is_some_and(|word| NO_AFTER.contains(&word))
                    || word(index + 2).is_some_and(|word| NO_BEFORE.contains(&word)));
            if fits && !is_usual {
                let found: Vec<_> = (index..index + length).filter_map(word).collect();
                findings.push(Finding { line: *line, found: found.join(" "), instead });
            }
        }
    }
    findings
}

/// Every file below `folder` that is read, from the root on.
fn files(root: &Path, folder: &Path, into: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    entries.sort();
    for name in entries {
        let path = folder.join(&name);
        let is_passed_over = PASSED_OVER.iter().any(|(other, _)| {
            Path::new(other) == path || Path::new(other) == Path::new(&name) && root.join(&path).is_dir()
        });
        if is_passed_over {
            continue;
        }
        let kind = fs::symlink_metadata(root.join(&path)).unwrap().file_type();
        if kind.is_dir() {
            files(root, &path, into);
        } else if kind.is_file() {
            into.push(path);
        }
    }
}

#[test]
fn the_tree_is_written_in_usual_words() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    files(root, Path::new(""), &mut paths);
    assert!(paths.iter().any(|path| path == Path::new("README.md")), "the tree was not found");
    let mut problems = String::new();
    for path in paths {
        // What is not text has no words.
        let Ok(text) = fs::read_to_string(root.join(&path)) else { continue };
        for Finding { line, found, instead } in findings(&text) {
            problems += &format!("{}:{line}: \"{found}\": {instead}\n", path.display());
        }
    }
    assert!(problems.is_empty(), "words that are not ours; write instead:\n{problems}");
}

#[test]
fn a_rule_finds_its_words_and_no_others() {
    let found =
        |text: &str| -> Vec<String> { findings(text).into_iter().map(|finding| finding.found).collect() };
    assert_eq!(found("It wakes nobody. Amend the commitment."), ["nobody"]);
    assert_eq!(found("fn wakes_nobody() { wakesNobody(); NOBODY }"), ["nobody", "nobody", "nobody"]);
    assert_eq!(found("// the answer when there is\n//   none"), ["there is none"]);
    assert_eq!(found("is there. Is none"), Vec::<String>::new());
    assert_eq!(found("this is no customer"), ["is no customer"]);
    assert_eq!(
        found("there is no customer, it is no longer known, and there are no others"),
        Vec::<String>::new()
    );
    assert_eq!(findings("\n\nnobody's")[0].line, 3);
    for (phrase, _) in RULES {
        assert!(!findings(&phrase.replace('*', "words")).is_empty(), "{phrase} finds nothing");
    }
}
