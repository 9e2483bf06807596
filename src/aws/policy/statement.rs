//! The statements of a policy, as IAM reads them.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// A policy document. Its format is IAM's, version 2012-10-17.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    pub version: &'static str,
    pub statement: Vec<Statement>,
}

/// The most characters, without white space, that IAM takes in a managed policy (IAM User Guide, quotas).
pub const MOST_CHARACTERS: usize = 6_144;

impl Policy {
    /// A policy with these statements.
    pub fn new(statement: Vec<Statement>) -> Self {
        Self { version: "2012-10-17", statement }
    }

    /// The number of characters that IAM counts.
    pub fn characters(&self) -> usize {
        let text = serde_json::to_string(self).expect("a policy is plain data");
        text.chars().filter(|character| !character.is_whitespace()).count()
    }
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    pub sid: String,
    pub effect: Effect,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub action: Texts,
    #[serde(skip_serializing_if = "Texts::is_empty")]
    pub not_action: Texts,
    pub resource: Texts,
    #[serde(skip_serializing_if = "Conditions::is_empty")]
    pub condition: Conditions,
}

/// The effect of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Effect {
    Allow,
    Deny,
}

/// Values by condition key, by operator: all have to hold.
pub type Conditions = BTreeMap<&'static str, BTreeMap<&'static str, Texts>>;

/// One text, or several.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Texts(BTreeSet<String>);

impl Texts {
    /// The texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Adds what others hold.
    pub fn extend(&mut self, others: &Self) {
        self.0.extend(others.0.iter().cloned());
    }

    /// Adds one.
    pub fn insert(&mut self, text: impl Into<String>) {
        self.0.insert(text.into());
    }

    /// True if `others` hold all of these.
    pub fn is_within(&self, others: &Self) -> bool {
        self.0.is_subset(&others.0)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Into<String>> FromIterator<T> for Texts {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        Self(texts.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Texts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.first() {
            Some(only) if self.0.len() == 1 => serializer.serialize_str(only),
            _ => serializer.collect_seq(&self.0),
        }
    }
}
