//! The options that say what an object has, and the names that it can have in a stack file.

use serde_json::Value;

use crate::engine::document::Document;
use crate::engine::kind::Registry;
use crate::engine::resource::{Field, Source};
use crate::stack::Name;
use crate::stack::section::options;

/// The options of a kind that say what an object has. What AWS would take without the option, and the stack file too, is left out.
pub(in crate::stack) fn passed(registry: &Registry, kind: &str, inputs: &Document) -> Document {
    let Some(manager) = registry.managing(kind) else { return Document::new() };
    let says = |field: &&Field| matches!(field.source, Source::Option { .. }) && !field.is_read_once();
    let fields = options(manager).filter(says);
    let value = |field: &Field| {
        let value = inputs.get(field.name)?;
        let goes_without = match field.need.default() {
            Some(default) => default == *value,
            None => field.without.default().is_some_and(|without| same(&without, value)),
        };
        (!goes_without && !is_empty(value)).then(|| (field.name.to_owned(), value.clone()))
    };
    fields.filter_map(value).collect()
}

fn is_empty(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Document::is_empty)
}

pub(super) fn same(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().is_some() && one.as_f64() == other.as_f64()
}

/// A name for an entry or a part, made of the text by which AWS knows it. `taken` are those that others have.
pub fn name_of(text: &str, taken: &dyn Fn(&str) -> bool) -> Name {
    let mut words = String::new();
    for c in text.to_lowercase().chars() {
        match c {
            'a'..='z' | '0'..='9' => words.push(c),
            _ if words.ends_with('-') => {}
            _ => words.push('-'),
        }
    }
    let words = words.trim_matches('-');
    let words = match words.chars().next() {
        Some('a'..='z') if !words.starts_with("sg-") && words != "self" => words.to_owned(),
        _ => format!("the-{words}").trim_end_matches('-').to_owned(),
    };
    let words: String = words.chars().take(56).collect();
    let words = words.trim_end_matches('-');
    let all = std::iter::once(words.to_owned()).chain((2..).map(|number| format!("{words}-{number}")));
    let free = all.into_iter().find(|one| !taken(one)).expect("there are more numbers than names");
    free.parse().expect("it is made of letters, digits and single hyphens")
}
