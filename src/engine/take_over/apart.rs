//! The objects that one which is taken over uses, and that are not those which its declaration refers to: they stay apart from it.

use serde_json::Value;

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::document::{Document, references};
use crate::engine::kind::Manager;
use crate::engine::resource::Field;
use crate::engine::state::{Record, State};

/// The things that an object uses in the place of something declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart {
    /// The declared address.
    pub address: Address,
    /// The ids or names of what is used.
    pub used: Vec<String>,
    /// True where only a new object could use what is declared.
    pub is_fixed: bool,
    /// The line of the stack file that leaves it to others, where there is one: `subnet_group: { existing: corp }`.
    pub left_to_others: Option<String>,
}

/// Everything that the recorded object uses, and that is not recorded where its declaration refers to.
pub(super) fn apart(
    manager: &dyn Manager,
    blueprint: &Blueprint,
    known: &State,
    address: &Address,
    record: &Record,
) -> Vec<Apart> {
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
                let row = manager.fields().iter().find(|one| one.name == field);
                let left_to_others = row.and_then(|row| Some((row.to_write()?, row.of_others?)));
                apart.push(Apart {
                    address: other,
                    is_fixed: row.is_some_and(Field::is_fixed),
                    left_to_others: left_to_others
                        .map(|(option, part)| format!("{option}: {{ {part}: {} }}", used.join(", "))),
                    used: used.clone(),
                });
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
