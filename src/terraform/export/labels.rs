//! The names that resources and data sources have in a configuration, and references to them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Exported;
use super::hcl::Expression;
use super::table::Table;
use crate::engine::address::Address;
use crate::engine::resource::Id;

/// The names that are given, and what they stand for.
#[derive(Default)]
pub(super) struct Labels {
    /// By type in Terraform, data sources apart.
    taken: BTreeSet<(bool, String, String)>,
    objects: BTreeMap<Address, String>,
    /// The expression for an id, by kind.
    ids: BTreeMap<(String, String), String>,
}

impl Labels {
    pub(super) fn add(&mut self, table: &Table, object: &Exported) {
        let label = self.free(table.resource, &object.address.title(), false);
        let kind = object.address.kind();
        let output = match kind {
            "aws_db_subnet_group" | "aws_db_parameter_group" => "name",
            "aws_db_instance" | "aws_db_replica" => "identifier",
            _ => "id",
        };
        let expression = format!("{}.{label}.{output}", table.resource);
        self.ids.insert((kind.to_owned(), object.id.to_string()), expression);
        self.objects.insert(object.address.clone(), label);
    }

    pub(super) fn add_watched(&mut self, address: &Address, id: &Id) {
        let label = self.free(address.kind(), &address.title(), true);
        let expression = format!("data.{}.{label}.id", address.kind());
        self.ids.insert((address.kind().to_owned(), id.to_string()), expression);
        self.objects.insert(address.clone(), label);
    }

    pub(super) fn label(&self, object: &Exported) -> String {
        self.objects.get(&object.address).cloned().unwrap_or_default()
    }

    pub(super) fn watched(&self, address: &Address) -> Option<String> {
        self.objects.get(address).cloned()
    }

    /// The name of the object with this id, for the names of what is about it.
    pub(super) fn named(&self, kind: &str, id: &str) -> Option<&str> {
        let expression = self.ids.get(&(kind.to_owned(), id.to_owned()))?;
        expression.rsplit('.').nth(1)
    }

    /// A name for a part of something, which no other resource of its type has.
    pub(super) fn of_part(&mut self, resource: &str, text: &str) -> String {
        self.free(resource, text, false)
    }

    /// The object of a kind with this id, or the objects; the id itself where it is none of the configuration.
    pub(super) fn refer(&self, kind: &str, value: &Value) -> Expression {
        match value {
            Value::String(id) => match self.ids.get(&(kind.to_owned(), id.clone())) {
                Some(expression) => Expression::Raw(expression.clone()),
                None => Expression::text(id),
            },
            Value::Array(all) => Expression::List(all.iter().map(|one| self.refer(kind, one)).collect()),
            other => Expression::of(other),
        }
    }

    fn free(&mut self, resource: &str, text: &str, is_data: bool) -> String {
        let label = formed(text);
        let all = std::iter::once(label.clone()).chain((2..).map(|number| format!("{label}-{number}")));
        let key = |label: &str| (is_data, resource.to_owned(), label.to_owned());
        let mut free = all.filter(|label| !self.taken.contains(&key(label)));
        let free = free.next().expect("there are more numbers than names");
        self.taken.insert(key(&free));
        free
    }
}

/// The text as an identifier: letters, digits, `_` and `-`, a letter or `_` first ("Identifiers", Terraform language).
pub(super) fn formed(text: &str) -> String {
    let mut label = String::new();
    for character in text.chars() {
        match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '-' => label.push(character),
            _ if label.ends_with('-') => {}
            _ => label.push('-'),
        }
    }
    match label.chars().next() {
        Some('a'..='z' | 'A'..='Z' | '_') => label,
        _ => format!("_{label}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_an_identifier_and_no_two_are_the_same() {
        let mut labels = Labels::default();
        let names = ["files/eu-west-1a", "files-eu-west-1a", "1a", "", "zürich"]
            .map(|text| labels.free("aws_x", text, false));
        assert_eq!(names, ["files-eu-west-1a", "files-eu-west-1a-2", "_1a", "_", "z-rich"]);
        // Data sources and other types have names of their own.
        assert_eq!(labels.free("aws_x", "1a", true), "_1a");
        assert_eq!(labels.free("aws_y", "1a", false), "_1a");
    }

    proptest! {
        #[test]
        fn whatever_a_text_is_an_identifier_comes_of_it(text in any::<String>()) {
            let label = formed(&text);
            let mut all = label.chars();
            prop_assert!(all.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_'));
            prop_assert!(all.all(|one| one.is_ascii_alphanumeric() || "_-".contains(one)));
        }
    }
}
