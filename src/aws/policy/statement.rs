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

impl Policy {
    /// Policies that together say the same, each of a size that IAM takes. The statements keep their order.
    ///
    /// Policies that are attached to the same role are alternatives where they allow, and each of them denies for all (IAM User
    /// Guide, "Policy evaluation logic").
    pub fn within_the_limit(self) -> Vec<Self> {
        let mut policies: Vec<Self> = Vec::new();
        for statement in self.statement.into_iter().flat_map(Statement::small_enough) {
            let with = |policy: &Self| {
                let all = policy.statement.iter().chain([&statement]).cloned();
                Some(Self::new(all.collect())).filter(|policy| policy.characters() <= MOST_CHARACTERS)
            };
            match policies.iter_mut().find_map(|policy| Some((with(policy)?, policy))) {
                Some((fuller, policy)) => *policy = fuller,
                None => policies.push(Self::new(vec![statement])),
            }
        }
        policies
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

impl Statement {
    /// The statement, or statements that say the same of some of its resources each.
    fn small_enough(self) -> Vec<Self> {
        if Policy::new(vec![self.clone()]).characters() <= MOST_CHARACTERS || self.resource.0.len() < 2 {
            return vec![self];
        }
        let mut first = self.resource.0.clone();
        let middle = first.iter().nth(first.len() / 2).cloned().expect("it has two at least");
        let second = first.split_off(&middle);
        let part = |letter: char, resources: BTreeSet<String>| Self {
            sid: format!("{}{letter}", self.sid),
            resource: Texts(resources),
            ..self.clone()
        };
        [part('A', first), part('B', second)].into_iter().flat_map(Self::small_enough).collect()
    }
}

/// The effect of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
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
