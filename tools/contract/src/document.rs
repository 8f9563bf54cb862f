//! Reading OpenAPI documents, 3.0 and 3.1: references followed, compositions flattened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Deeper than schemas are nested. What refers to itself ends here.
const DEEPEST: u32 = 32;

/// An OpenAPI document.
#[derive(Debug, Clone)]
pub struct Document(Value);

/// What a schema says of a value, with `$ref`, `allOf`, `oneOf` and `anyOf` worked in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shape<'a> {
    /// The types it may have, null left out. Empty: any.
    pub(crate) types: BTreeSet<&'a str>,
    pub(crate) nullable: bool,
    /// The words it may be. `None`: any.
    pub(crate) words: Option<BTreeSet<&'a str>>,
    pub(crate) properties: BTreeMap<&'a str, &'a Value>,
    pub(crate) required: BTreeSet<&'a str>,
    /// What the values of further properties are.
    pub(crate) further: Option<&'a Value>,
    pub(crate) items: Option<&'a Value>,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) max_items: Option<u64>,
}

impl Document {
    /// The document in `text`: JSON, or Markdown with documents in blocks of JSON, each about a part of the API.
    ///
    /// # Errors
    /// Why `text` cannot be used.
    pub fn read_all(text: &str) -> Result<Vec<Self>, String> {
        if text.trim_start().starts_with('{') {
            return Ok(vec![Self::read(text)?]);
        }
        let blocks: Vec<_> = text
            .split("```json")
            .skip(1)
            .filter_map(|rest| rest.split("```").next())
            .filter(|block| block.contains("\"openapi\""))
            .collect();
        if blocks.is_empty() {
            return Err("is neither JSON nor Markdown with an OpenAPI document in a block of JSON".to_owned());
        }
        blocks.into_iter().map(Self::read).collect()
    }

    fn read(json: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(json).map_err(|error| format!("is not JSON: {error}"))?;
        let version = document["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.0") && !version.starts_with("3.1") {
            return Err(format!(
                "is not an OpenAPI document of version 3.0 or 3.1 (\"openapi\": {})",
                document["openapi"]
            ));
        }
        if !document["paths"].is_object() {
            return Err("has no \"paths\"".to_owned());
        }
        Ok(Self(document))
    }

    /// Each path with its item.
    pub(crate) fn paths(&self) -> impl Iterator<Item = (&str, &Value)> {
        let paths = self.0["paths"].as_object().into_iter().flatten();
        paths.map(|(path, item)| (path.as_str(), self.follow(item)))
    }

    /// The security that holds where an operation states none.
    pub(crate) fn security(&self) -> &Value {
        &self.0["security"]
    }

    /// What `value` refers to, or `value` itself. A reference that leads nowhere is an empty object.
    pub(crate) fn follow<'a>(&'a self, value: &'a Value) -> &'a Value {
        let mut value = value;
        for _ in 0..DEEPEST {
            let Some(reference) = value["$ref"].as_str() else { return value };
            let target = reference.strip_prefix('#').and_then(|pointer| self.0.pointer(pointer));
            value = target.unwrap_or(&Value::Null);
        }
        &Value::Null
    }

    /// Every reference that leads nowhere: to another document, or to what is not there.
    pub(crate) fn dangling(&self) -> BTreeSet<String> {
        fn walk(value: &Value, root: &Value, dangling: &mut BTreeSet<String>) {
            match value {
                Value::Object(members) => {
                    if let Some(reference) = members.get("$ref").and_then(Value::as_str)
                        && reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer)).is_none()
                    {
                        dangling.insert(reference.to_owned());
                    }
                    members.values().for_each(|member| walk(member, root, dangling));
                }
                Value::Array(items) => items.iter().for_each(|item| walk(item, root, dangling)),
                _ => {}
            }
        }
        let mut dangling = BTreeSet::new();
        walk(&self.0, &self.0, &mut dangling);
        dangling
    }

    /// What a schema says.
    pub(crate) fn shape<'a>(&'a self, schema: &'a Value) -> Shape<'a> {
        self.shape_within(schema, DEEPEST)
    }

    fn shape_within<'a>(&'a self, schema: &'a Value, depth: u32) -> Shape<'a> {
        let mut shape = Shape::default();
        if depth == 0 || !schema.is_object() {
            return shape;
        }
        // In 3.1 a reference may have neighbours.
        if schema.get("$ref").is_some() {
            shape.and(self.shape_within(self.follow(schema), depth - 1));
        }
        shape.and(own(schema));
        for part in schema["allOf"].as_array().into_iter().flatten() {
            shape.and(self.shape_within(part, depth - 1));
        }
        for choice in ["oneOf", "anyOf"] {
            let mut either: Option<Shape<'a>> = None;
            for part in schema[choice].as_array().into_iter().flatten() {
                let part_shape = self.shape_within(part, depth - 1);
                match &mut either {
                    Some(either) => either.or(part_shape),
                    None => either = Some(part_shape),
                }
            }
            if let Some(either) = either {
                shape.and(either);
            }
        }
        shape
    }
}

/// What a schema says by itself.
fn own(schema: &Value) -> Shape<'_> {
    let mut types: BTreeSet<&str> = match &schema["type"] {
        Value::String(one) => BTreeSet::from([one.as_str()]),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    };
    let values = match (&schema["enum"], schema.get("const")) {
        (Value::Array(values), _) => Some(values.iter().collect::<Vec<_>>()),
        (_, Some(value)) => Some(vec![value]),
        _ => None,
    };
    let has_null = values.as_ref().is_some_and(|values| values.iter().any(|value| value.is_null()));
    Shape {
        nullable: types.remove("null") | (schema["nullable"] == true) | has_null,
        types,
        words: values.map(|values| values.into_iter().filter_map(Value::as_str).collect()),
        properties: schema["properties"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, schema)| (name.as_str(), schema))
            .collect(),
        required: schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect(),
        further: Some(&schema["additionalProperties"]).filter(|further| further.is_object()),
        items: Some(&schema["items"]).filter(|items| items.is_object()),
        minimum: schema["minimum"].as_f64(),
        maximum: schema["maximum"].as_f64(),
        max_items: schema["maxItems"].as_u64(),
    }
}

impl<'a> Shape<'a> {
    /// Whether it says nothing about types: only then a missing null forbids nothing.
    fn is_open(&self) -> bool {
        self.types.is_empty() && self.words.is_none() && !self.nullable
    }

    /// Both hold.
    fn and(&mut self, other: Self) {
        self.nullable = match (self.is_open(), other.is_open()) {
            (true, _) => other.nullable,
            (_, true) => self.nullable,
            _ => self.nullable && other.nullable,
        };
        if self.types.is_empty() {
            self.types = other.types;
        } else if !other.types.is_empty() {
            self.types.retain(|name| other.types.contains(name));
        }
        self.words = match (self.words.take(), other.words) {
            (Some(words), Some(others)) => Some(words.intersection(&others).copied().collect()),
            (words, others) => words.or(others),
        };
        self.properties.extend(other.properties);
        self.required.extend(other.required);
        self.further = self.further.or(other.further);
        self.items = self.items.or(other.items);
        self.minimum = self.minimum.into_iter().chain(other.minimum).reduce(f64::max);
        self.maximum = self.maximum.into_iter().chain(other.maximum).reduce(f64::min);
        self.max_items = self.max_items.into_iter().chain(other.max_items).min();
    }

    /// Either holds.
    fn or(&mut self, other: Self) {
        let one_is_null = |shape: &Self| shape.nullable && shape.types.is_empty() && shape.words.is_none();
        if one_is_null(&other) {
            self.nullable = true;
            return;
        }
        if one_is_null(self) {
            *self = Self { nullable: true, ..other };
            return;
        }
        self.nullable |= other.nullable;
        if self.types.is_empty() || other.types.is_empty() {
            self.types.clear();
        } else {
            self.types.extend(other.types);
        }
        self.words = match (self.words.take(), other.words) {
            (Some(words), Some(others)) => Some(words.union(&others).copied().collect()),
            _ => None,
        };
        self.properties.extend(other.properties);
        self.required.retain(|name| other.required.contains(name));
        self.further = self.further.or(other.further);
        self.items = self.items.or(other.items);
        self.minimum = self.minimum.zip(other.minimum).map(|(one, two)| one.min(two));
        self.maximum = self.maximum.zip(other.maximum).map(|(one, two)| one.max(two));
        self.max_items = self.max_items.zip(other.max_items).map(|(one, two)| one.max(two));
    }
}
