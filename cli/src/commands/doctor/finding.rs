//! What the doctor finds.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::output::Mark;

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    pub area: &'static str,
    pub mark: Mark,
    pub text: String,
    /// What to do.
    pub advice: Option<String>,
    /// Figures and names, for programs.
    pub details: BTreeMap<&'static str, Value>,
}

impl Finding {
    pub fn new(area: &'static str, mark: Mark, text: impl Into<String>) -> Self {
        Self { area, mark, text: text.into(), advice: None, details: BTreeMap::new() }
    }

    pub fn ok(area: &'static str, text: impl Into<String>) -> Self {
        Self::new(area, Mark::Ok, text)
    }

    pub fn warning(area: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(area, Mark::Warning, text) }
    }

    pub fn bad(area: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(area, Mark::Bad, text) }
    }

    pub fn unknown(area: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(area, Mark::Unknown, text) }
    }

    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.details.insert(name, value.into());
        self
    }
}
