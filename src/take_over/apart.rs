//! The objects that one which is taken over uses, and that are not those which its declaration refers to: they stay apart from it.

use serde_json::Value;

use crate::address::Address;
use crate::blueprint::{Blueprint, Declaration};
use crate::document::{Document, references};
use crate::state::{Record, State};

/// What an object uses in the place of something declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The declared address.
    pub address: Address,
    /// The ids or names of what is used.
    pub used: Vec<String>,
}

/// Everything that the recorded object uses, and that is not recorded where its declaration refers to.
pub(super) fn apart(blueprint: &Blueprint, known: &State, address: &Address, record: &Record) -> Vec<Apart> {
    let Some(Declaration::Managed { inputs }) = blueprint.declarations.get(address) else {
        return Vec::new();
    };
    let mut apart = Vec::new();
    for (field, declared) in inputs {
        let used = texts(record.inputs.get(field));
        for other in references(&Document::from_iter([(field.clone(), declared.clone())])) {
            let is_managed = matches!(blueprint.declarations.get(&other), Some(Declaration::Managed { .. }));
            let recorded = known.resources.get(&other).and_then(|other| other.id.as_ref());
            let is_used = recorded.is_some_and(|id| used.iter().any(|used| used == id.as_str()));
            if is_managed && !is_used && !used.is_empty() {
                apart.push(Apart { address: other, used: used.clone() });
            }
        }
    }
    apart
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let text = |value: &Value| value.as_str().filter(|text| !text.contains("${")).map(str::to_owned);
    match value {
        Some(Value::Array(all)) => all.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}
