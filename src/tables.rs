//! Holds what is written in other languages to what is written once in Rust: numbers, names, and what every face must have.
//! Only tests. What fails names the file, and what is missing or wrong in it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::client::AuthenticationPlatform;
use crate::model::MinecraftPlatform;
use crate::operations::{OperationId, Refusal, Sent, Status};
use crate::runtime::{LogLevel, Source};

const HEADER: &str = "include/paynow_bridge.h";
const CPP: &str = "include/paynow_bridge.hpp";
const JAVA: &str = "java-shim/api/src/main/java/dev/paynowbridge";

// --- reading ---

/// A file of the tree.
pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// A file of the tree, or all that lie in a folder.
fn read_all(path: &str) -> String {
    let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if whole.is_file() {
        return read(path);
    }
    let names = std::fs::read_dir(whole).expect(path).map(|file| file.unwrap());
    let files = names.filter(|file| file.file_type().unwrap().is_file());
    files.map(|file| read(&format!("{path}/{}", file.file_name().to_str().unwrap()))).collect()
}

/// What stands between two texts.
pub(crate) fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("there is no {start:?}"));
    rest.split_once(end).unwrap_or_else(|| panic!("nothing ends {start:?} with {end:?}")).0
}

/// Every identifier.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'))
        .filter(|word| !word.is_empty())
}

/// The same text with two words in each other's place.
pub(crate) fn swap(text: &str, one: &str, other: &str) -> String {
    let is_part = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut swapped = String::new();
    let mut word = String::new();
    for character in text.chars().chain(['\0']) {
        if is_part(character) {
            word.push(character);
            continue;
        }
        swapped.push_str(match word.as_str() {
            found if found == one => other,
            found if found == other => one,
            found => found,
        });
        word.clear();
        swapped.push(character);
    }
    swapped.pop();
    swapped
}

/// `rate_limited` for `RateLimited`, and for itself.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// `RATE_LIMITED` for `RateLimited` and for `rate_limited`.
pub(crate) fn screaming(name: &str) -> String {
    snake(name).to_ascii_uppercase()
}

/// `rateLimited` for `rate_limited`.
pub(crate) fn camel(name: &str) -> String {
    let mut camel = String::new();
    for (index, word) in name.split('_').enumerate() {
        let (first, rest) = word.split_at(word.len().min(1));
        camel.push_str(&if index == 0 { first.to_owned() } else { first.to_ascii_uppercase() });
        camel.push_str(rest);
    }
    camel
}

/// The whole numbers a Java class gives names to.
pub(crate) fn constants(java: &str) -> Vec<(String, i64)> {
    let lines = java.lines().filter_map(|line| {
        let line = line.trim().strip_suffix(';')?;
        let (declaration, value) = line.split_once(" = ")?;
        let (kind, name) = declaration.rsplit_once(' ')?;
        let is_number = kind.ends_with("static final int") || kind.ends_with("static final long");
        is_number.then_some((name.to_owned(), value.replace('_', "").parse().ok()?))
    });
    lines.collect()
}

// --- numbers ---

/// A name that stands for a number.
#[derive(Debug)]
struct Entry {
    /// As the file spells it.
    spelled: String,
    /// As it is called here, in capitals.
    name: String,
    number: i64,
}

type Numbers = BTreeMap<String, i64>;

type Read = Box<dyn Fn(&str) -> Vec<Entry>>;

/// A table in a file.
struct Table {
    file: String,
    /// What it is called there.
    of: &'static str,
    read: Read,
    declared: Numbers,
    /// Which of the declared ones it must hold.
    required: Vec<String>,
    /// What it holds besides.
    own: &'static [&'static str],
}

impl Table {
    fn new(
        file: impl Into<String>,
        of: &'static str,
        declared: &Numbers,
        read: impl Fn(&str) -> Vec<Entry> + 'static,
    ) -> Self {
        let required = declared.keys().cloned().collect();
        Self { file: file.into(), of, read: Box::new(read), declared: declared.clone(), required, own: &[] }
    }

    fn requires(self, names: impl IntoIterator<Item = String>) -> Self {
        Self { required: names.into_iter().collect(), ..self }
    }

    fn and_its_own(self, own: &'static [&'static str]) -> Self {
        Self { own, ..self }
    }

    fn check(&self, text: &str) -> Result<(), String> {
        let entries = (self.read)(text);
        let at = format!("{} ({})", self.file, self.of);
        for Entry { name, number, .. } in &entries {
            match self.declared.get(name) {
                Some(declared) if declared == number => {}
                Some(declared) => return Err(format!("{at}: {name} is {number}, not {declared}")),
                None if self.own.contains(&name.as_str()) => {}
                None => return Err(format!("{at}: {name} is nothing the library knows")),
            }
        }
        match self.required.iter().find(|name| !entries.iter().any(|entry| entry.name == **name)) {
            Some(missing) => Err(format!("{at}: {missing} is missing")),
            None => Ok(()),
        }
    }
}

fn numbers<T: Copy + std::fmt::Debug>(all: &[T], number: impl Fn(T) -> i64) -> Numbers {
    all.iter().map(|one| (screaming(&format!("{one:?}")), number(*one))).collect()
}

/// `#define PREFIX_NAME 7`
fn defines(prefix: &'static str) -> impl Fn(&str) -> Vec<Entry> {
    move |text| {
        let lines = text.lines().filter_map(|line| {
            let (spelled, number) = line.strip_prefix("#define ")?.split_once(' ')?;
            let name = spelled.strip_prefix(prefix)?;
            Some(Entry { spelled: spelled.to_owned(), name: name.to_owned(), number: number.parse().ok()? })
        });
        lines.collect()
    }
}

/// The statuses of the header: PAYNOW_OK and PAYNOW_E_*.
fn status_defines(text: &str) -> Vec<Entry> {
    let mut entries = defines("PAYNOW_E_")(text);
    entries.extend(defines("PAYNOW_")(text).into_iter().filter(|entry| entry.name == "OK"));
    entries
}

/// `name = PAYNOW_X_NAME,` in an `enum class`; the number is that of the header.
fn cpp_enum(name: &'static str) -> impl Fn(&str) -> Vec<Entry> {
    move |text| {
        let header = read(HEADER);
        let body = between(text, &format!("enum class {name} : "), "};");
        let lines = body.lines().filter_map(|line| {
            let (spelled, value) = line.trim().strip_suffix(',')?.split_once(" = ")?;
            let number = value.parse().ok().or_else(|| {
                let defined = defines("")(&header).into_iter().find(|entry| entry.spelled == value);
                defined.map(|entry| entry.number)
            });
            let number = number.unwrap_or_else(|| panic!("{spelled}: {value} is not in the header"));
            Some(Entry { spelled: spelled.to_owned(), name: screaming(spelled), number })
        });
        lines.collect()
    }
}

/// `NAME(7),`
fn java_numbered(text: &str) -> Vec<Entry> {
    let lines = text.lines().filter_map(|line| {
        let (spelled, rest) = line.trim().split_once('(')?;
        let number = rest.trim_end_matches([',', ';']).strip_suffix(')')?.parse().ok()?;
        // Java calls its clients closed.
        let name = if spelled == "CLOSED" { "SHUTDOWN" } else { spelled };
        Some(Entry { spelled: spelled.to_owned(), name: name.to_owned(), number })
    });
    lines.collect()
}

/// `NAME,` one below the other, counted from `first`.
fn java_counted(first: i64) -> impl Fn(&str) -> Vec<Entry> {
    move |text| {
        let body = between(text, "public enum ", "\n}");
        let names = body.lines().map(|line| line.trim().trim_end_matches([',', ';']));
        let is_name =
            |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
        let entry =
            |(name, number): (&str, i64)| Entry { spelled: name.to_owned(), name: name.to_owned(), number };
        names.filter(is_name).zip(first..).map(entry).collect()
    }
}

/// The failures of `Native`: the numbers of the statuses, negative.
fn java_failures(text: &str) -> Vec<Entry> {
    let entries = constants(text).into_iter().filter(|(name, number)| *number < 0 && name != "LEAST_FAILURE");
    entries.map(|(name, number)| Entry { spelled: name.clone(), name, number: -number }).collect()
}

/// `PayNow_Name = 7` of SourceMod's include.
fn sourcemod(text: &str) -> Vec<Entry> {
    let lines = between(text, "enum PayNowStatus", "}").lines().filter_map(|line| {
        let (spelled, rest) = line.trim().split_once(" = ")?;
        let number = rest.split(|character: char| !character.is_ascii_digit()).next()?;
        let name = spelled.strip_prefix("PayNow_")?;
        let name = if name == "OK" { name.to_owned() } else { screaming(name) };
        Some(Entry { spelled: spelled.to_owned(), name, number: number.parse().ok()? })
    });
    lines.collect()
}

/// `local OK = 0` of the mod for Luanti, which knows no other status.
fn luanti(text: &str) -> Vec<Entry> {
    let number = between(text, "local OK = ", "\n").parse().expect("a number");
    vec![Entry { spelled: "OK".to_owned(), name: "OK".to_owned(), number }]
}

fn tables() -> Vec<Table> {
    let completed = numbers(Status::ALL, |status| status as i64);
    let mut statuses = numbers(Refusal::ALL, |refusal| refusal as i64);
    statuses.extend(completed.clone());
    let operations = numbers(OperationId::ALL, |operation| operation as i64);
    let sent = numbers(&[Sent::Never, Sent::Maybe, Sent::Answered], |sent| sent as i64);
    let sources = [Source::Network, Source::Shared, Source::Cache, Source::StaleCache, Source::OtherServer];
    let sources = numbers(&sources, |source| source as i64);
    let levels = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug];
    let levels = numbers(&levels, |level| level as i64);
    // 0 is for "not given".
    let platforms = numbers(&AuthenticationPlatform::ALL, |platform| platform as i64 + 1);
    let editions = [MinecraftPlatform::Unknown, MinecraftPlatform::Java, MinecraftPlatform::Bedrock];
    let editions = numbers(&editions, |edition| edition as i64 + 1);
    let java = |class: &str| format!("{JAVA}/{class}.java");
    vec![
        Table::new(HEADER, "statuses", &statuses, status_defines),
        Table::new(CPP, "statuses", &statuses, cpp_enum("Status")).and_its_own(&["ABI_MISMATCH"]),
        Table::new(java("Status"), "statuses", &statuses, java_numbered)
            .requires(completed.keys().cloned().chain(["QUEUE_FULL".to_owned(), "NO_API_KEY".to_owned()]))
            .and_its_own(&["NATIVE_LOAD"]),
        Table::new(java("internal/Native"), "failures", &statuses, java_failures).requires([
            "INVALID_HANDLE".to_owned(),
            "QUEUE_FULL".to_owned(),
            "SHUTDOWN".to_owned(),
            "FORKED".to_owned(),
            "NO_API_KEY".to_owned(),
            "RESOURCES".to_owned(),
            "INTERNAL".to_owned(),
        ]),
        Table::new("examples/sourcemod-ext/paynow.inc", "statuses", &statuses, sourcemod),
        Table::new("examples/luanti-mod/bridge.lua", "statuses", &statuses, luanti)
            .requires(["OK".to_owned()]),
        Table::new(HEADER, "operations", &operations, defines("PAYNOW_OP_")),
        Table::new(CPP, "operations", &operations, cpp_enum("Operation")),
        Table::new(java("Operation"), "operations", &operations, java_counted(1)),
        Table::new(HEADER, "sent", &sent, defines("PAYNOW_SENT_")),
        Table::new(CPP, "sent", &sent, cpp_enum("Sent")),
        Table::new(java("Sent"), "sent", &sent, java_counted(0)),
        Table::new(HEADER, "sources", &sources, defines("PAYNOW_SOURCE_")),
        Table::new(CPP, "sources", &sources, cpp_enum("Source")),
        Table::new(java("Source"), "sources", &sources, java_counted(0)),
        Table::new(HEADER, "log levels", &levels, defines("PAYNOW_LOG_")),
        Table::new(CPP, "log levels", &levels, cpp_enum("LogLevel")),
        Table::new(java("LogLevel"), "log levels", &levels, java_counted(1)),
        Table::new(HEADER, "platforms", &platforms, defines("PAYNOW_PLATFORM_")),
        Table::new(CPP, "platforms", &platforms, cpp_enum("Platform")),
        Table::new(java("AuthenticationPlatform"), "platforms", &platforms, java_counted(1)),
        Table::new(HEADER, "editions", &editions, defines("PAYNOW_MINECRAFT_")).and_its_own(&["ABSENT"]),
        Table::new(CPP, "editions", &editions, cpp_enum("MinecraftPlatform")),
        Table::new(java("MinecraftPlatform"), "editions", &editions, java_counted(1)),
    ]
}

#[test]
fn every_language_has_the_numbers_of_the_library() {
    for table in tables() {
        table.check(&read(&table.file)).unwrap();
    }
}

#[test]
fn a_swap_is_noticed_in_every_table() {
    for table in tables() {
        let text = read(&table.file);
        let entries = (table.read)(&text);
        for pair in entries.windows(2) {
            let swapped = swap(&text, &pair[0].spelled, &pair[1].spelled);
            assert!(table.check(&swapped).is_err(), "{} ({}): {pair:?}", table.file, table.of);
        }
        if let [only] = entries.as_slice() {
            let wrong = text
                .replace(&format!("{} = {}", only.spelled, only.number), &format!("{} = 1", only.spelled));
            assert!(table.check(&wrong).is_err(), "{} ({})", table.file, table.of);
        }
    }
}

// --- faces ---

/// A place where every operation must be.
struct Face {
    name: &'static str,
    file: String,
    /// How the place spells an operation.
    spelled: fn(&str) -> String,
    /// Whether what is made of several requests, and `request`, need not be there.
    only_of_the_api: bool,
}

fn faces() -> Vec<Face> {
    let face =
        |name, file: &str, spelled| Face { name, file: file.to_owned(), spelled, only_of_the_api: false };
    let java = |class: &str| format!("{JAVA}/{class}.java");
    vec![
        face("Rust", "src/client/mod.rs", |operation| format!("pub fn {operation}(")),
        face("C", HEADER, |operation| format!(" paynow_{operation}(")),
        face("C++", CPP, |operation| format!("Result<RequestId> {operation}(")),
        face("JNI", "src/jni/operations.rs", |operation| {
            // Java's keys are of two kinds.
            let name = if operation == "lookup_customer" { "lookup_text" } else { operation };
            format!("Java_dev_paynowbridge_internal_Native_{}(", camel(name))
        }),
        face("Java", &java("PayNowOperations"), |operation| format!("> {}(", camel(operation))),
        face("README.md", "README.md", |operation| format!("`paynow_{operation}`")),
        face("the tests in Rust", "tests/contract.rs", |operation| format!(".{operation}(")),
        face("the tests in C", "tests/c", |operation| format!("paynow_{operation}(")),
        face("the tests in C++", "tests/cpp", |operation| format!(".{operation}(")),
        face("the tests in Java", "java-shim/api/src/test/java/dev/paynowbridge", |operation| {
            format!(".{}(", camel(operation))
        }),
        Face {
            only_of_the_api: true,
            ..face("the sandbox", "sandbox/src/routes.rs", |operation| format!("\"{operation}\","))
        },
    ]
}

/// Where an operation is missing.
fn missing(operation: &str, is_of_the_api: bool) -> Vec<&'static str> {
    let lacks = |face: &Face| {
        (is_of_the_api || !face.only_of_the_api) && !read_all(&face.file).contains(&(face.spelled)(operation))
    };
    faces().into_iter().filter(lacks).map(|face| face.name).collect()
}

#[test]
fn every_face_has_every_operation() {
    for operation in OperationId::ALL {
        let is_of_the_api = !operation.operation().path.is_empty();
        let nowhere: [&str; 0] = [];
        assert_eq!(missing(operation.name(), is_of_the_api), nowhere, "{} is missing", operation.name());
    }
    let all: Vec<_> = faces().into_iter().map(|face| face.name).collect();
    assert_eq!(missing("a_twelfth_operation", true), all);
}

/// The public fields of a struct in Rust.
fn fields(file: &str, name: &str) -> Vec<String> {
    let text = read(file);
    let start = text
        .find(&format!("pub struct {name} {{"))
        .or_else(|| text.find(&format!("pub struct {name}<'a> {{")));
    let body = &text[start.unwrap_or_else(|| panic!("{file} has no struct {name}"))..];
    let lines = body.split("\n}").next().unwrap().lines();
    lines.filter_map(|line| Some(line.trim().strip_prefix("pub ")?.split_once(':')?.0.to_owned())).collect()
}

/// The members of a C struct, in order.
fn members(text: &str, name: &str) -> Vec<String> {
    let body = between(text, &format!("typedef struct {name} {{"), &format!("}} {name};"));
    let code: String =
        body.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n");
    let mut members = Vec::new();
    for declaration in code.split(';') {
        // `const char *id, *name`: the last word of each is the member.
        members.extend(declaration.split(',').filter_map(|part| words(part).last()).map(str::to_owned));
    }
    members
}

/// What is made of a field, or asked with it, as the languages have it: file, what stands for the struct there, how it ends,
/// and how it may spell a field. A field that has another name there is given with it.
struct Shape {
    rust: (&'static str, &'static str),
    c: &'static str,
    cpp: &'static str,
    java: &'static str,
    renamed_in_c: &'static [(&'static str, &'static str)],
}

const SHAPES: [Shape; 8] = [
    Shape {
        rust: ("src/model/customer.rs", "Customer"),
        c: "paynow_customer",
        cpp: "class Customer {",
        java: "Customer",
        renamed_in_c: &[("metadata", "metadata_count")],
    },
    Shape {
        rust: ("src/model/customer.rs", "Profile"),
        c: "paynow_profile",
        cpp: "struct Profile {",
        java: "Profile",
        renamed_in_c: &[],
    },
    Shape {
        rust: ("src/model/giftcard.rs", "GiftCard"),
        c: "paynow_giftcard",
        cpp: "struct GiftCard {",
        java: "GiftCard",
        renamed_in_c: &[],
    },
    Shape {
        rust: ("src/model/api_error.rs", "ValidationError"),
        c: "paynow_validation_error",
        cpp: "class ValidationError {",
        java: "ValidationError",
        renamed_in_c: &[("joined_path", "path")],
    },
    Shape {
        rust: ("src/client/inputs.rs", "CustomerFields"),
        c: "paynow_customer_fields",
        cpp: "struct CustomerFields {",
        java: "CustomerFields",
        renamed_in_c: &[],
    },
    Shape {
        rust: ("src/client/inputs.rs", "ListCustomers"),
        c: "paynow_list_query",
        cpp: "struct ListQuery {",
        java: "CustomerQuery",
        renamed_in_c: &[("ascending", "order")],
    },
    Shape {
        rust: ("src/policy/identity.rs", "Player"),
        c: "paynow_player",
        cpp: "struct Player {",
        java: "Player",
        renamed_in_c: &[],
    },
    Shape {
        rust: ("src/client/inputs.rs", "Authentication"),
        c: "paynow_authentication",
        cpp: "struct Authentication {",
        java: "Authentication",
        renamed_in_c: &[],
    },
];

impl Shape {
    /// Faces that lack a field.
    fn lacking(&self, field: &str) -> Vec<&'static str> {
        let renamed =
            self.renamed_in_c.iter().find(|(name, _)| *name == field).map_or(field, |(_, other)| other);
        let has = |text: &str, wanted: &str| words(text).any(|word| word == wanted);
        let cpp = read(CPP);
        let cpp = between(&cpp, self.cpp, "\n};");
        let java = read(&format!("{JAVA}/{}.java", self.java));
        let java_name = if field == "joined_path" { "path".to_owned() } else { camel(field) };
        let java_name =
            if field == "customer_countrycode" { "customerCountryCode".to_owned() } else { java_name };
        let mut lacking = Vec::new();
        if !members(&read(HEADER), self.c).iter().any(|member| member == renamed) {
            lacking.push("C");
        }
        // The accessors of a class have the names of the fields, and so have the members of a struct.
        if !has(cpp, field) && !has(cpp, renamed) {
            lacking.push("C++");
        }
        if !["(", " ", ",", ")"].iter().any(|end| java.contains(&format!(" {java_name}{end}"))) {
            lacking.push("Java");
        }
        lacking
    }
}

#[test]
fn every_face_has_every_field() {
    let nowhere: [&str; 0] = [];
    for shape in SHAPES {
        let fields = fields(shape.rust.0, shape.rust.1);
        assert!(fields.len() > 2, "{}: {fields:?}", shape.c);
        for field in fields {
            assert_eq!(shape.lacking(&field), nowhere, "{} of {} is missing", field, shape.c);
        }
        assert_eq!(shape.lacking("a_new_field"), ["C", "C++", "Java"]);
    }
}

#[test]
fn java_reads_a_customer_in_the_order_in_which_it_crosses() {
    let grammar = read("src/jni/encode.rs");
    let grammar = between(&grammar, "//! customer   := length:i32 (of what follows) ", "//! platform ");
    let grammar = grammar.replace("count:i32 (key:text value:text)*", "metadata").replace("//!", "");
    let fields_of_grammar: Vec<_> = grammar
        .split_whitespace()
        .map(|field| match field.split(':').next().unwrap() {
            "platform" => "minecraftPlatform",
            name => name,
        })
        .collect();
    let order = |java: &str| -> Vec<String> {
        let body = between(java, "Customer(Reader in) {", "}");
        body.split(';').filter_map(|line| words(line).next()).map(str::to_owned).collect()
    };
    let java = read(&format!("{JAVA}/Customer.java"));
    assert_eq!(order(&java), fields_of_grammar);
    assert_ne!(order(&swap(&java, "steamId", "xboxXuid")), fields_of_grammar);
    // And it writes them in that order.
    let encode = read("src/jni/encode.rs");
    let body = between(&encode, "let start = self.bytes.len();\n        self.int(0)?;", "self.end(start);");
    let mut at = 0;
    for field in fields_of_grammar {
        let name = snake(&capital(field));
        let found = body[at..].match_indices(&name).map(|(offset, _)| at + offset);
        let whole = found.filter(|start| words(&body[*start..]).next() == Some(name.as_str()));
        at = whole.min().unwrap_or_else(|| panic!("{name} is not written after those before it"));
    }
    assert_eq!(order(&java).len(), fields("src/model/customer.rs", "Customer").len());
}

#[test]
fn java_reads_the_rest_in_the_order_in_which_it_crosses() {
    let encode = read("src/jni/encode.rs");
    let grammar = encode.split("//! ```").nth(1).unwrap().replace("//!", " ");
    // The names in a rule, without the types and units.
    let rule = |start: &str, end: &str| -> Vec<String> {
        let names = between(&grammar, start, end).split_whitespace().filter(|token| !token.starts_with('('));
        let names = names.filter(|token| !token.ends_with(')'));
        let plain = |name: &str| name.trim_end_matches("Ms").trim_end_matches("Micros").to_owned();
        names.map(|token| plain(token.split(':').next().unwrap())).collect()
    };
    // The names that are assigned in a Java method, each once, in order.
    let assigned = |java: &str, start: &str, end: &str, before: &str| -> Vec<String> {
        let mut names = Vec::new();
        for line in between(java, start, end).lines() {
            let name = line.trim().strip_prefix(before).and_then(|rest| rest.split_once(" = "));
            names.extend(name.map(|(name, _)| name.to_owned()).filter(|name| !names.contains(name)));
        }
        names
    };
    let reader = read(&format!("{JAVA}/Reader.java"));
    let completion = |java: &str| assigned(java, "Completion completion() {", "if (octet()", "completion.");
    // The ticket is read before: it says whose completion it is.
    let crosses = rule("completion (kind 1) := ticket:i32", "error answer follow");
    assert_eq!(completion(&reader), crosses);
    for (one, other) in [("queued", "network"), ("sent", "source"), ("httpStatus", "attempts")] {
        assert_ne!(completion(&swap(&reader, one, other)), crosses, "{one} and {other}");
    }
    let card = read(&format!("{JAVA}/GiftCard.java"));
    let giftcard = |java: &str| assigned(java, "GiftCard(Reader in) {", "}", "");
    let crosses = rule("giftcard   := ", "date");
    assert_eq!(giftcard(&card), crosses);
    assert_ne!(giftcard(&swap(&card, "balance", "startingBalance")), crosses);
    let profile = read(&format!("{JAVA}/Profile.java"));
    let parameters = |java: &str| -> Vec<String> {
        let list = between(java, "    Profile(", ")").split(',');
        list.filter_map(|parameter| words(parameter).last()).map(str::to_owned).collect()
    };
    assert_eq!(parameters(&profile), rule("profile    := 0:u8 | 1:u8", "giftcard"));
    // And Rust writes what its grammar says.
    let order = |body: &str, names: &[&str]| {
        let places: Vec<_> =
            names.iter().map(|name| body.find(name).unwrap_or_else(|| panic!("no {name}"))).collect();
        places.is_sorted()
    };
    let body = between(&encode, "let Ended { ticket, operation, outcome } = ended;", "fn answer(");
    let names = [
        "operation",
        "status",
        "sent",
        "source",
        "http_status",
        "attempts",
        "retry_after",
        "queued",
        "network",
    ];
    let written = names.map(|name| match name {
        "operation" | "status" => format!("{name} as"),
        _ => format!("outcome.{name}"),
    });
    assert!(order(body, &written.each_ref().map(String::as_str)));
    assert!(!order(&swap(body, "queued", "network"), &written.each_ref().map(String::as_str)));
    let body = between(&encode, "let GiftCard {", "\n    }\n").split_once(';').unwrap().1;
    assert!(order(body, &["(code", "*balance", "*starting_balance", "expires_at"]));
}

/// `SteamId` for `steamId`.
fn capital(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    first.to_ascii_uppercase() + rest
}

// --- settings ---

/// The settings of a client: the methods of its builder that take a value, but those that are kept for old programs.
fn settings() -> Vec<String> {
    let rust = read("src/client/config.rs");
    let rust = rust.split("#[cfg(test)]").next().unwrap();
    let methods = rust.split("    pub fn ").skip(1).filter(|method| method.contains("(mut self, "));
    let names = methods.filter_map(|method| {
        let (name, rest) = method.split_once('(')?;
        rest.starts_with("mut self, ").then(|| name.to_owned())
    });
    names.collect()
}

/// How C and C++ call a setting.
fn in_c(setting: &str) -> Vec<String> {
    match setting {
        "rate_limit" => vec!["rate_per_second".to_owned(), "rate_burst".to_owned()],
        _ => vec![setting.to_owned()],
    }
}

#[test]
fn every_face_calls_every_setting_the_same() {
    let settings = settings();
    assert!(settings.len() > 20, "{settings:?}");
    let c = members(&read(HEADER), "paynow_client_config");
    let cpp = read(CPP);
    let config = between(&cpp, "struct Config {", "\n};");
    let java = read(&format!("{JAVA}/PayNowClient.java"));
    for setting in &settings {
        for name in in_c(setting) {
            let is_there = c.iter().any(|member| *member == name || *member == format!("{name}_ms"));
            assert!(is_there, "C has no {name}");
            assert!(words(config).any(|word| word == name), "C++ has no {name}");
        }
        assert!(
            java.contains(&format!("public Builder {}(", camel(setting))),
            "Java has no {}",
            camel(setting)
        );
    }
    // Nothing is called by a name of its own, which might mean the opposite.
    let known: Vec<_> = settings.iter().flat_map(|setting| in_c(setting)).collect();
    let of_c = [
        "struct_size",
        "store_id",
        "on_completion",
        "completion_user_data",
        "on_log",
        "log_user_data",
        "reserved",
        "reserved2",
    ];
    for member in &c {
        let name = member.strip_suffix("_n").or_else(|| member.strip_suffix("_ms")).unwrap_or(member);
        assert!(known.iter().any(|setting| setting == name) || of_c.contains(&name), "only C has {member}");
    }
    let of_java = ["log", "tickThreads", "handlerFailures", "nativeFolder", "offlinePlayersByName"];
    for method in java.split("public Builder ").skip(1) {
        let name = method.split('(').next().unwrap();
        let is_known = settings.iter().any(|setting| camel(setting) == name) || of_java.contains(&name);
        assert!(is_known, "only Java has {name}");
    }
}

#[test]
fn cpp_hands_every_setting_to_the_member_of_its_name() {
    let cpp = read(CPP);
    let body = between(&cpp, "auto raw = detail::sized<paynow_client_config>();", "paynow_client_create(");
    let mut found = 0;
    for statement in body.split([';', '}', '{']) {
        let named = |prefix: &str| -> Vec<String> {
            let places = statement.match_indices(prefix).map(|(at, _)| &statement[at + prefix.len()..]);
            places.filter_map(|rest| words(rest).next()).map(str::to_owned).collect()
        };
        let (raw, config) = (named("raw."), named("config."));
        if let (Some(raw), [config]) = (raw.first(), config.as_slice()) {
            assert_eq!(raw.trim_end_matches("_ms"), config, "{statement}");
            found += 1;
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn the_numbers_about_a_client_go_to_the_members_of_their_names() {
    let rust = read("src/ffi/client.rs");
    let body = between(&rust, "Ok(paynow_stats {", "})");
    let mut found = Vec::new();
    for line in body.lines().filter(|line| line.contains("stats.")) {
        let (member, value) = line.trim().split_once(": ").unwrap();
        assert_eq!(Some(member), words(value.split("stats.").nth(1).unwrap()).next(), "{line}");
        found.push(member.to_owned());
    }
    let declared = fields("src/runtime/stats.rs", "Stats");
    assert!(declared.iter().all(|field| found.contains(field)), "C has not all of {declared:?}");
}

// --- layouts ---

/// A struct that says how long it is need not have what was added later.
fn is_copy(copy: &[String], original: &[String]) -> bool {
    let grows = original.first().is_some_and(|member| member == "struct_size");
    copy == original || grows && copy.len() > 1 && original.starts_with(copy)
}

/// Copies of the header's structs, where a host's language cannot read the header.
#[test]
fn copies_of_a_struct_have_its_members_in_order() {
    let header = read(HEADER);
    let lua = read("examples/luanti-mod/bridge.lua");
    let mut structs = 0;
    for declaration in lua.split("typedef struct ").skip(1) {
        let name = declaration.split_whitespace().next().unwrap();
        assert!(
            is_copy(&members(&lua, name), &members(&header, name)),
            "examples/luanti-mod/bridge.lua: {name}"
        );
        structs += 1;
    }
    assert!(structs >= 5, "{structs}");
    let swapped = swap(&lua, "send_bedrock_prefix", "offline_players_by_uuid");
    assert!(!is_copy(&members(&swapped, "paynow_client_config"), &members(&header, "paynow_client_config")));

    let python = read("tests/hosts/python/paynow.py");
    for (class, name) in [
        ("ClientConfig", "paynow_client_config"),
        ("LookupQuery", "paynow_lookup_query"),
        ("Call", "paynow_call"),
        ("CompletionInfo", "paynow_completion_info"),
        ("Profile", "paynow_profile"),
        ("Customer", "paynow_customer"),
    ] {
        let body = between(&python, &format!("class {class}("), "\n    ]");
        let body = body.split("\n\n").next().unwrap();
        let mut there = Vec::new();
        for part in body.split('"').collect::<Vec<_>>().chunks(2) {
            if let [before, member] = part {
                there.push((*member).to_owned());
                if before.ends_with("*text(") {
                    there.push(format!("{member}_n"));
                }
            }
        }
        assert!(is_copy(&there, &members(&header, name)), "tests/hosts/python/paynow.py: {class}: {there:?}");
    }
}
