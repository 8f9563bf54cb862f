//! What differs between documents and declarations, in words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use paynow_bridge::declared::{
    Credentials, Declared, Field, NEVER_SENT, NEWER, Operation, Place, Reads, RequestBody, Success,
};
use serde_json::Value;

use crate::document::{Document, Shape};

/// What a difference means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The library sends or needs what is not there any more.
    Gone,
    /// The library sends what is no longer accepted, or reads what is no longer said.
    NotAllowed,
    /// There is something the library does not know. It goes on working.
    New,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What it means.
    pub kind: Kind,
    /// In words.
    pub text: String,
    /// The operation it was found in.
    pub operation: &'static str,
}

/// Every difference, and how much was compared.
#[derive(Debug)]
pub struct Report {
    /// The differences, the most important first.
    pub findings: Vec<Finding>,
    /// Declared operations that were compared.
    pub compared: Vec<&'static str>,
    /// What the library can send and an older document does not have.
    pub newer: Vec<String>,
    /// Declared operations of an API none of the documents is about.
    pub left_out: Vec<&'static str>,
    /// Operations in the documents that the library does not declare.
    pub others: usize,
}

impl Report {
    /// Whether the library still fits: nothing is gone, and all it does is allowed.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.findings.iter().all(|finding| finding.kind == Kind::New)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, heading) in
            [(Kind::Gone, "Gone"), (Kind::NotAllowed, "No longer allowed"), (Kind::New, "New")]
        {
            // What a schema says many operations say: one line, and all of them behind it.
            let mut said: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            for finding in self.findings.iter().filter(|finding| finding.kind == kind) {
                said.entry(&finding.text).or_default().push(finding.operation);
            }
            if !said.is_empty() {
                writeln!(formatter, "{heading}:")?;
            }
            for (text, operations) in said {
                writeln!(formatter, "  {text} ({})", operations.join(", "))?;
            }
        }
        let verdict = if self.fits() { "fit" } else { "do not fit" };
        let operations = self.compared.len();
        writeln!(formatter, "{operations} operations were compared: they {verdict} the documents.")?;
        if !self.left_out.is_empty() {
            writeln!(
                formatter,
                "Not compared, because no document is about their API: {}.",
                self.left_out.join(", ")
            )?;
        }
        if !self.newer.is_empty() {
            writeln!(formatter, "Not in the documents, which are older: {}.", self.newer.join(", "))?;
        }
        if self.others > 0 {
            writeln!(
                formatter,
                "{} further operations are not declared; paynow_request reaches them.",
                self.others
            )?;
        }
        Ok(())
    }
}

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Compares the documents, each about a part of the API, with the operations.
///
/// # Errors
/// A document refers to what it does not hold, or none of them is about any of the operations.
pub fn compare(documents: &[Document], operations: &[Operation]) -> Result<Report, String> {
    let dangling: BTreeSet<String> = documents.iter().flat_map(Document::dangling).collect();
    if !dangling.is_empty() {
        let dangling: Vec<_> = dangling.into_iter().collect();
        return Err(format!("the document refers to what it does not hold: {}", dangling.join(", ")));
    }
    let documented: Vec<Documented<'_>> = documents.iter().flat_map(Documented::all).collect();
    let mut report = Report {
        findings: Vec::new(),
        compared: Vec::new(),
        newer: Vec::new(),
        left_out: Vec::new(),
        others: 0,
    };
    for operation in operations {
        let of_its_api = |other: &&Documented<'_>| api(other.path) == api(operation.path);
        if !documented.iter().any(|other| of_its_api(&other)) {
            report.left_out.push(operation.name);
            continue;
        }
        report.compared.push(operation.name);
        let mut check = Check { operation, findings: &mut report.findings, newer: &mut report.newer };
        match documented.iter().find(|other| other.is(operation)) {
            Some(documented) => check.all(documented),
            None => check.missing(&documented),
        }
    }
    if report.compared.is_empty() {
        return Err(
            "no path in the documents belongs to an API of the library (/v1/stores, /v1/store)".to_owned()
        );
    }
    let is_declared = |other: &&Documented<'_>| operations.iter().any(|operation| other.is(operation));
    report.others = documented.len() - documented.iter().filter(is_declared).count();
    report.findings.sort();
    report.findings.dedup();
    Ok(report)
}

/// The part of the API a path belongs to: `/v1/stores`, say.
fn api(path: &str) -> String {
    path.split('/').take(3).collect::<Vec<_>>().join("/")
}

/// A path without what its placeholders are called.
fn anonymous(path: &str) -> Vec<&str> {
    path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect()
}

/// The names of a path's placeholders, in order.
fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// An operation of a document.
struct Documented<'a> {
    document: &'a Document,
    path: &'a str,
    method: &'static str,
    item: &'a Value,
    operation: &'a Value,
}

impl<'a> Documented<'a> {
    fn all(document: &'a Document) -> Vec<Self> {
        let mut all = Vec::new();
        for (path, item) in document.paths() {
            for method in METHODS {
                if item[method].is_object() {
                    all.push(Self { document, path, method, item, operation: &item[method] });
                }
            }
        }
        all
    }

    fn is(&self, operation: &Operation) -> bool {
        self.method.eq_ignore_ascii_case(operation.method)
            && anonymous(self.path) == anonymous(operation.path)
    }

    /// Its parameters; the operation's own hide those of its path.
    fn parameters(&self) -> Vec<&'a Value> {
        let list = |value: &'a Value| value["parameters"].as_array().into_iter().flatten();
        let own: Vec<_> = list(self.operation).map(|value| self.document.follow(value)).collect();
        let inherited = list(self.item).map(|value| self.document.follow(value));
        let inherited: Vec<_> = inherited
            .filter(|value| {
                !own.iter().any(|other| (&other["name"], &other["in"]) == (&value["name"], &value["in"]))
            })
            .collect();
        own.into_iter().chain(inherited).collect()
    }

    /// The schema of what is JSON in a body.
    fn json(&self, body: &'a Value) -> Option<&'a Value> {
        let content = self.document.follow(body)["content"].as_object()?;
        let is_json =
            |name: &str| name.split(';').next().is_some_and(|name| name.trim() == "application/json");
        content.iter().find(|(name, _)| is_json(name)).map(|(_, media)| &media["schema"])
    }

    fn response(&self, accept: impl Fn(&str) -> bool) -> Option<&'a Value> {
        let responses = self.operation["responses"].as_object()?;
        responses.iter().find(|(status, _)| accept(status)).map(|(_, response)| response)
    }
}

/// One operation beside what a document says of it.
struct Check<'c> {
    operation: &'c Operation,
    findings: &'c mut Vec<Finding>,
    newer: &'c mut Vec<String>,
}

impl Check<'_> {
    fn find(&mut self, kind: Kind, text: impl fmt::Display) {
        let operation = self.operation.name;
        self.findings.push(Finding { kind, text: text.to_string(), operation });
    }

    fn missing(&mut self, documented: &[Documented<'_>]) {
        let same_path =
            documented.iter().filter(|other| anonymous(other.path) == anonymous(self.operation.path));
        let methods: Vec<_> = same_path.map(|other| other.method.to_uppercase()).collect();
        let Operation { method, path, .. } = self.operation;
        if methods.is_empty() {
            self.find(Kind::Gone, format_args!("the path {path} is gone"));
        } else {
            let methods = methods.join(", ");
            self.find(Kind::Gone, format_args!("{method} is gone from {path}, which has {methods}"));
        }
    }

    fn all(&mut self, documented: &Documented<'_>) {
        if documented.operation["deprecated"] == true {
            self.find(Kind::New, "it is marked as deprecated");
        }
        self.credentials(documented);
        self.parameters(documented);
        self.body(documented);
        self.answer(documented);
    }

    fn credentials(&mut self, documented: &Documented<'_>) {
        let own = documented.operation.get("security").unwrap_or(documented.document.security());
        let Some(choices) = own.as_array().filter(|choices| !choices.is_empty()) else { return };
        let have = match self.operation.credentials {
            Credentials::ApiKey => Some("apikey"),
            Credentials::Customer => Some("customer"),
            Credentials::None => None,
        };
        let names = |choice: &Value| -> Vec<String> {
            choice.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
        };
        let is_enough = |choice: &Value| {
            names(choice).iter().all(|name| have.is_some_and(|have| name.eq_ignore_ascii_case(have)))
        };
        if !choices.iter().any(is_enough) {
            let wanted: Vec<_> = choices.iter().map(|choice| names(choice).join(" and ")).collect();
            let have = match self.operation.credentials {
                Credentials::ApiKey => "an API key",
                Credentials::Customer => "a customer token",
                Credentials::None => "no credentials",
            };
            let wanted = wanted.join(", or ");
            self.find(Kind::NotAllowed, format_args!("it now needs {wanted}; the library sends {have}"));
        }
    }

    fn parameters(&mut self, documented: &Documented<'_>) {
        let operation = self.operation;
        let parameters = documented.parameters();
        let mut known = Vec::new();
        // Placeholders may be called anything; their order counts.
        let by_position: Vec<_> = placeholders(operation.path).zip(placeholders(documented.path)).collect();
        for declared in operation.parameters.iter().filter(|declared| declared.place != Place::Field) {
            let (name, place) = match declared.place {
                Place::Path => {
                    let own = declared.name.trim_matches(['{', '}']);
                    let Some((_, theirs)) = by_position.iter().find(|(ours, _)| *ours == own) else {
                        continue;
                    };
                    (*theirs, "path")
                }
                Place::Query => (declared.name, "query"),
                Place::Header | Place::Field => (declared.name, "header"),
            };
            let same_name = |value: &&&Value| {
                let theirs = value["name"].as_str().unwrap_or_default();
                value["in"] == place
                    && (theirs == name || place == "header" && theirs.eq_ignore_ascii_case(name))
            };
            let what = format!("the {place} parameter \"{name}\"");
            let Some(&found) = parameters.iter().find(same_name) else {
                match parameters.iter().find(|value| value["name"] == name) {
                    None if NEWER.contains(&(operation.name, name)) => {
                        self.newer.push(format!("{what} of {}", operation.name));
                    }
                    Some(elsewhere) => {
                        let place = elsewhere["in"].as_str().unwrap_or_default();
                        self.find(
                            Kind::Gone,
                            format_args!("{what} is gone; the name is now a {place} parameter"),
                        );
                        known.push(*elsewhere);
                    }
                    None => self.find(Kind::Gone, format_args!("{what} is gone")),
                }
                continue;
            };
            known.push(found);
            if found["deprecated"] == true {
                self.find(Kind::New, format_args!("{what} is marked as deprecated"));
            }
            let mut shape = documented.document.shape(&found["schema"]);
            // A list in a query or header is the value, once for each item.
            if let Some(items) = shape.items.filter(|_| shape.types.contains("array") && place != "path") {
                shape = documented.document.shape(items);
            }
            self.sent(&what, declared, &shape, found["required"] == true);
        }
        for value in parameters {
            if known.iter().any(|known| std::ptr::eq(*known, value)) {
                continue;
            }
            let name = value["name"].as_str().unwrap_or_default();
            let place = value["in"].as_str().unwrap_or_default();
            if value["required"] == true {
                let text = format!(
                    "the {place} parameter \"{name}\" is new and required; the library does not send it"
                );
                self.find(Kind::NotAllowed, text);
            } else {
                self.find(Kind::New, format_args!("the {place} parameter \"{name}\" is new"));
            }
        }
    }

    /// A value the library sends.
    fn sent(&mut self, what: &str, declared: &Declared, shape: &Shape<'_>, required: bool) {
        if required && !declared.always {
            self.find(
                Kind::NotAllowed,
                format_args!("{what} is required now; the library lets callers leave it out"),
            );
        }
        let is_taken =
            |name: &str| shape.types.contains(name) || name == "integer" && shape.types.contains("number");
        if !shape.types.is_empty() && !is_taken(declared.json_type) {
            let types = join(&shape.types);
            let sends = with_article(declared.json_type);
            self.find(Kind::NotAllowed, format_args!("{what} is now {types}; the library sends {sends}"));
        }
        if declared.nullable && !shape.nullable && !(shape.types.is_empty() && shape.words.is_none()) {
            self.find(
                Kind::NotAllowed,
                format_args!("{what} cannot be null any more; the library sends null"),
            );
        }
        if let Some(words) = &shape.words {
            let gone: Vec<_> = declared.words.iter().filter(|word| !words.contains(*word)).collect();
            for word in gone {
                self.find(Kind::Gone, format_args!("{what} does not take \"{word}\" any more"));
            }
            let is_new = |word: &&&str| !declared.words.contains(*word) && !NEVER_SENT.contains(*word);
            for word in words.iter().filter(|word| !declared.words.is_empty() && is_new(word)) {
                self.find(Kind::New, format_args!("{what} takes \"{word}\" too"));
            }
            if declared.words.is_empty() {
                let words = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
                self.find(
                    Kind::NotAllowed,
                    format_args!("{what} takes only {words}; the library sends any text"),
                );
            }
        }
        if let Some((smallest, largest)) = declared.range {
            match shape.minimum {
                Some(minimum) if minimum > f64::from(smallest) => {
                    self.find(
                        Kind::NotAllowed,
                        format_args!("{what} must be {minimum} at least; the library allows {smallest}"),
                    );
                }
                _ => {}
            }
            match shape.maximum {
                Some(maximum) if maximum < f64::from(largest) => {
                    self.find(
                        Kind::NotAllowed,
                        format_args!("{what} must be {maximum} at most; the library allows {largest}"),
                    );
                }
                Some(maximum) if maximum > f64::from(largest) => {
                    self.find(
                        Kind::New,
                        format_args!("{what} can be up to {maximum}; the library allows {largest}"),
                    );
                }
                _ => {}
            }
        }
    }

    fn body(&mut self, documented: &Documented<'_>) {
        let document = documented.document;
        let body = &documented.operation["requestBody"];
        let longest = match self.operation.body {
            RequestBody::Nothing => {
                if document.follow(body)["required"] == true {
                    self.find(Kind::NotAllowed, "it needs a body now; the library sends none");
                } else if body.is_object() {
                    self.find(Kind::New, "it can have a body");
                }
                return;
            }
            RequestBody::Object => None,
            RequestBody::Objects(most) => Some(most),
        };
        if !body.is_object() {
            return self.find(Kind::Gone, "the request's body is gone");
        }
        let Some(schema) = documented.json(body) else {
            return self.find(Kind::NotAllowed, "the request's body is not JSON any more");
        };
        let mut shape = document.shape(schema);
        if let Some(most) = longest {
            let Some(items) = shape.items else {
                return self.find(Kind::NotAllowed, "the request's body is not an array any more");
            };
            if let Some(limit) = shape.max_items.filter(|limit| *limit < most as u64) {
                let text =
                    format!("the request's body holds at most {limit} items; the library sends up to {most}");
                self.find(Kind::NotAllowed, text);
            }
            shape = document.shape(items);
        }
        if shape.types.contains("array") || !(shape.types.is_empty() || shape.types.contains("object")) {
            let types = join(&shape.types);
            return self.find(
                Kind::NotAllowed,
                format_args!("the request's body is now {types}; the library sends an object"),
            );
        }
        let operation = self.operation;
        let fields = || operation.parameters.iter().filter(|declared| declared.place == Place::Field);
        for declared in fields() {
            let what = format!("the body's field \"{}\"", declared.name);
            match shape.properties.get(declared.name) {
                Some(schema) => {
                    let field = document.shape(schema);
                    self.sent(&what, declared, &field, shape.required.contains(declared.name));
                    let values = field.further.map(|further| document.shape(further));
                    if let Some(values) =
                        values.filter(|values| declared.json_type == "object" && !takes_text(values))
                    {
                        let types = join(&values.types);
                        self.find(
                            Kind::NotAllowed,
                            format_args!("{what} has values that are now {types}; the library sends strings"),
                        );
                    }
                }
                None => self.find(Kind::Gone, format_args!("{what} is gone")),
            }
        }
        for name in shape.properties.keys().filter(|name| !fields().any(|declared| declared.name == **name)) {
            if !shape.required.contains(name) {
                self.find(Kind::New, format_args!("the body's field \"{name}\" is new"));
            }
        }
        for name in shape.required.iter().filter(|name| !fields().any(|declared| declared.name == **name)) {
            let text =
                format!("the body's field \"{name}\" is new and required; the library does not send it");
            self.find(Kind::NotAllowed, text);
        }
    }

    fn answer(&mut self, documented: &Documented<'_>) {
        let document = documented.document;
        let success = documented.response(|status| status.starts_with('2'));
        let fields = match self.operation.success {
            Success::Nothing => None,
            Success::Object(fields) => Some((fields, false)),
            Success::Objects(fields) => Some((fields, true)),
        };
        match (success, fields) {
            (None, _) => {
                self.find(Kind::Gone, "the document does not say what a success looks like any more")
            }
            (Some(_), None) => {}
            (Some(success), Some((fields, is_list))) => match documented.json(success) {
                None => self.find(Kind::Gone, "the answer's body is gone"),
                Some(schema) if is_list => match document.shape(schema).items {
                    Some(items) => self.read("the answer", fields, document, &document.shape(items)),
                    None => self.find(Kind::NotAllowed, "the answer is not an array any more"),
                },
                Some(schema) => self.read("the answer", fields, document, &document.shape(schema)),
            },
        }
        let refusal = documented.response(|status| status == "default" || status.starts_with('4'));
        match refusal.and_then(|refusal| documented.json(refusal)) {
            Some(schema) => self.read("the error", self.operation.error, document, &document.shape(schema)),
            None => self.find(Kind::Gone, "the document does not say what an error looks like any more"),
        }
    }

    /// An object the library reads.
    fn read(&mut self, of: &str, fields: &'static [Field], document: &Document, shape: &Shape<'_>) {
        if !(shape.types.is_empty() || shape.types.contains("object")) {
            let types = join(&shape.types);
            return self
                .find(Kind::NotAllowed, format_args!("{of} is now {types}; the library reads an object"));
        }
        for field in fields {
            let what = format!("{of}'s field \"{}\"", field.name);
            let Some(schema) = shape.properties.get(field.name) else {
                self.find(Kind::Gone, format_args!("{what} is gone"));
                continue;
            };
            let value = document.shape(schema);
            if field.needed && (value.nullable || !shape.required.contains(field.name)) {
                let text = format!("{what} may be missing now; the library refuses an answer without it");
                self.find(Kind::NotAllowed, text);
            }
            let (json_type, reads) = match field.reads {
                Reads::Text | Reads::Word(_) => ("string", "a string"),
                Reads::Date => ("string", "a date in a string"),
                Reads::Integer => ("integer", "an integer"),
                Reads::Texts | Reads::Object(_) => ("object", "an object"),
                Reads::List(_) => ("array", "an array"),
            };
            if value.types.iter().any(|name| *name != json_type) {
                let types = join(&value.types);
                self.find(Kind::NotAllowed, format_args!("{what} is now {types}; the library reads {reads}"));
                continue;
            }
            match field.reads {
                Reads::Word(known) => {
                    for word in value.words.iter().flatten().filter(|word| !known.contains(word)) {
                        let text =
                            format!("{what} can be \"{word}\"; the library reads that as \"{}\"", known[0]);
                        self.find(Kind::New, text);
                    }
                    for word in known
                        .iter()
                        .filter(|word| value.words.as_ref().is_some_and(|words| !words.contains(*word)))
                    {
                        self.find(Kind::Gone, format_args!("{what} is never \"{word}\" any more"));
                    }
                }
                Reads::Texts => {
                    let values = value.further.map(|further| document.shape(further));
                    if let Some(values) = values.filter(|values| !takes_text(values)) {
                        let types = join(&values.types);
                        self.find(
                            Kind::NotAllowed,
                            format_args!("{what} has values that are now {types}; the library reads strings"),
                        );
                    }
                }
                Reads::Object(fields) => self.read(&what, fields, document, &value),
                Reads::List(fields) => {
                    let items = value.items.map(|items| document.shape(items)).unwrap_or_default();
                    self.read(&what, fields, document, &items);
                }
                Reads::Text | Reads::Date | Reads::Integer => {}
            }
        }
        for name in shape.properties.keys().filter(|name| !fields.iter().any(|field| field.name == **name)) {
            self.find(Kind::New, format_args!("{of}'s field \"{name}\" is new; the library passes over it"));
        }
    }
}

fn takes_text(shape: &Shape<'_>) -> bool {
    shape.types.is_empty() || shape.types.contains("string")
}

fn with_article(json_type: &str) -> String {
    let article = if json_type.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {json_type}")
}

fn join(types: &BTreeSet<&str>) -> String {
    types.iter().map(|name| with_article(name)).collect::<Vec<_>>().join(" or ")
}
