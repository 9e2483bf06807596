//! The answer "not found": what was just made passes, what was there before is gone.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::engine::cloud::{CloudError, Outcome};
use crate::engine::document::Document;
use crate::engine::resource::Id;
use crate::engine::state::Record;

/// The objects that a call is about or uses and that this run has made: not every server of AWS knows them yet ("Eventual consistency
/// in the Amazon EC2 API", EC2 Developer Guide). Anything else that is not found will not be found by waiting.
#[derive(Clone, Debug, Default)]
pub(super) struct Absence {
    /// Their ids, and the names by which AWS speaks of them.
    made: BTreeSet<String>,
}

impl Absence {
    /// Takes in an object that this run has made.
    pub(super) fn has_made(&mut self, record: &Record, natural_key: &[&str]) {
        let id = record.id.iter().map(Id::to_string);
        let names = natural_key.iter().filter_map(|field| record.inputs.get(*field)?.as_str());
        self.made.extend(id.chain(names.map(str::to_owned)));
    }

    /// Leaves out an object that was there before, and by which others are named too.
    pub(super) fn was_there(&mut self, id: &Id) {
        self.made.remove(id.as_str());
    }

    /// True for an answer that may be another one in a moment. A code does not tell which of the named objects is missing: the message
    /// does, nearly always.
    pub(super) fn passes(&self, answer: &CloudError, inputs: &Document) -> bool {
        if answer.outcome != Outcome::NotFound || self.made.is_empty() {
            return false;
        }
        let is_named = |text: &str| names(&answer.message, text);
        if self.made.iter().any(|made| is_named(made)) {
            return true;
        }
        !inputs.values().any(|value| any_text(value, &is_named))
    }
}

/// True if a text in a value is such a one.
fn any_text(value: &Value, is: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => is(text),
        Value::Array(values) => values.iter().any(|value| any_text(value, is)),
        Value::Object(values) => values.values().any(|value| any_text(value, is)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// True if a message speaks of the object of this id or name: as a word of its own, which is quoted, or the end after a colon, or no
/// word of a language. AWS keeps some names in lower case.
fn names(message: &str, name: &str) -> bool {
    if name.is_empty() {
        return false;
    }
    let (message, name) = (message.to_lowercase(), name.to_lowercase());
    let is_a_word = name.chars().all(|c| c.is_ascii_alphabetic());
    let belongs = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    message.match_indices(&name).any(|(at, found)| {
        let (before, after) = (&message[..at], &message[at + found.len()..]);
        let stands_alone = !before.ends_with(belongs) && !after.starts_with(belongs);
        let is_marked = before.ends_with(['\'', '"', '`']) || before.ends_with(": ");
        stands_alone && (is_marked || !is_a_word)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(value: Value) -> Document {
        serde_json::from_value(value).expect("an object")
    }

    fn not_found(message: &str) -> CloudError {
        CloudError::not_seen("fake:Call", "NotFound", message)
    }

    #[test]
    fn only_what_this_run_has_made_may_be_found_in_a_moment() {
        let inputs = document(json!({
            "engine": "postgres",
            "db_subnet_group_name": "default",
            "parameter_group_name": "tuned",
            "vpc_security_group_ids": ["sg-new", "sg-old"],
            "ingress": [{ "source": "sg-theirs" }],
        }));
        let absence = Absence { made: ["sg-new", "main"].map(str::to_owned).into() };
        for (message, expected) in [
            ("Invalid security group , groupId= sg-new, groupName=.", true),
            ("The security group 'sg-new' does not exist", true),
            ("The SecurityGroup ID 'sg-new' does not exist in the VPC 'vpc-1'", true),
            ("DB subnet group 'MAIN' does not exist.", true),
            ("Invalid security group , groupId= sg-old, groupName=.", false),
            ("The security group 'sg-theirs' does not exist", false),
            ("DB subnet group 'default' does not exist.", false),
            ("DBParameterGroup not found: tuned", false),
            // Words of the message, which are also values.
            ("one of the groups does not exist in the default postgres region", true),
            ("the group is gone", true),
        ] {
            assert_eq!(absence.passes(&not_found(message), &inputs), expected, "{message}");
        }
        assert!(!Absence::default().passes(&not_found("the group is gone"), &inputs), "nothing was made");
        assert!(
            !absence.passes(&CloudError::refused("fake:Call", "No", "sg-new"), &inputs),
            "it is no absence"
        );
    }

    #[test]
    fn a_name_is_no_part_of_a_longer_one() {
        assert!(!names("DBParameterGroup not found: main-postgres16", "main"));
        assert!(!names("the security group 'sg-10'", "sg-1"));
        assert!(names("'sg-10' and 'sg-1'", "sg-1"));
    }
}
