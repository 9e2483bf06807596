//! The rows of a kind's status table: the meaning of an AWS status, what AWS still takes in it, and its one cure.

use std::fmt;

use serde_json::Value;

use super::Id;
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::remedy::{Remedy, Way};

/// One status of one kind of object.
#[derive(Clone, Copy)]
pub struct Status {
    /// The status as AWS words it: `storage-full`.
    pub name: &'static str,
    pub class: Class,
    /// One plain sentence, without its full stop: it reads after the status and a colon.
    pub means: &'static str,
    /// The changes that AWS takes in this status.
    pub changes: Changes,
    pub deletion: Deletion,
    /// True if AWS takes a start (`starts`), a reboot (`reboots`).
    pub starts: bool,
    pub reboots: bool,
    pub data: Data,
    /// The ways out, with the real names filled in; none where it passes by itself.
    pub cure: fn(&Object<'_>) -> Vec<Way>,
    pub source: &'static str,
}

/// The class of a status: what becomes of its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It serves, and takes changes.
    Serves,
    /// It ends by itself.
    Passes,
    /// It stays until a person acts.
    Held,
    /// AWS gave it up: its data comes from a backup.
    Lost,
    /// It is being deleted.
    Leaving,
}

/// The changes of an object that AWS takes in a status. What is only recorded is applied in every status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Changes {
    All,
    /// These fields, and only at once: what waits for a window waits for ever.
    Only(&'static [&'static str]),
    None,
}

/// The ways to delete an object in a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// With a final snapshot, or without one.
    Any,
    /// AWS refuses a final snapshot.
    WithoutSnapshot,
    Refused,
}

/// The possibility of data in an object with this status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    Possible,
    /// The status is one of a create that did not come to an end.
    Never,
}

/// The object that a cure is for.
#[derive(Clone, Copy, Debug)]
pub struct Object<'a> {
    pub address: &'a Address,
    pub id: &'a Id,
    pub region: &'a str,
    /// The live object as inputs.
    pub inputs: &'a Document,
    pub outputs: &'a Document,
}

impl Object<'_> {
    /// An input or output that is a text, or empty.
    pub fn text(&self, name: &str) -> &str {
        let value = self.outputs.get(name).or_else(|| self.inputs.get(name));
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// An input that is a number, or 0.
    pub fn number(&self, name: &str) -> i64 {
        self.inputs.get(name).and_then(Value::as_i64).unwrap_or_default()
    }

    /// An input that is set or not.
    pub fn flag(&self, name: &str) -> bool {
        self.inputs.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// An input that is a list of texts.
    pub fn texts(&self, name: &str) -> Vec<&str> {
        let list = self.inputs.get(name).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

fn no_cure(_: &Object<'_>) -> Vec<Way> {
    Vec::new()
}

impl Status {
    const fn new(name: &'static str, class: Class, means: &'static str) -> Self {
        Self {
            name,
            class,
            means,
            changes: Changes::None,
            deletion: Deletion::Any,
            starts: false,
            reboots: false,
            data: Data::Possible,
            cure: no_cure,
            source: "",
        }
    }

    /// The object serves, and takes changes.
    pub const fn serves(name: &'static str, means: &'static str) -> Self {
        Self { changes: Changes::All, ..Self::new(name, Class::Serves, means) }
    }

    /// The status ends by itself.
    pub const fn passes(name: &'static str, means: &'static str) -> Self {
        Self::new(name, Class::Passes, means)
    }

    /// The status stays until a person does what the cure says.
    pub const fn held(name: &'static str, means: &'static str, cure: fn(&Object<'_>) -> Vec<Way>) -> Self {
        Self { cure, ..Self::new(name, Class::Held, means) }
    }

    /// The object is lost.
    pub const fn lost(name: &'static str, means: &'static str, cure: fn(&Object<'_>) -> Vec<Way>) -> Self {
        Self { cure, ..Self::new(name, Class::Lost, means) }
    }

    /// The object is being deleted.
    pub const fn leaving(name: &'static str, means: &'static str) -> Self {
        Self { deletion: Deletion::Refused, ..Self::new(name, Class::Leaving, means) }
    }

    /// A status in which AWS takes changes of these fields alone.
    pub const fn changing(self, fields: &'static [&'static str]) -> Self {
        Self { changes: Changes::Only(fields), ..self }
    }

    /// A status in which AWS refuses a final snapshot.
    pub const fn without_snapshot(self) -> Self {
        Self { deletion: Deletion::WithoutSnapshot, ..self }
    }

    /// A status in which AWS takes a start.
    pub const fn starting(self) -> Self {
        Self { starts: true, ..self }
    }

    /// A status in which AWS takes a reboot.
    pub const fn rebooting(self) -> Self {
        Self { reboots: true, ..self }
    }

    /// A status of what never held data.
    pub const fn never_made(self) -> Self {
        Self { data: Data::Never, ..self }
    }

    /// The page or file that says so.
    pub const fn source(self, source: &'static str) -> Self {
        Self { source, ..self }
    }

    /// The ways out of this status. What never came to be has nothing to restore: it is made again, after AWS Support has
    /// let go of it where AWS protects it.
    pub fn ways(&self, object: &Object<'_>, never_made: bool, protected: bool) -> Vec<Way> {
        if !never_made {
            return (self.cure)(object);
        }
        let unprotected = protected.then(|| Remedy::unprotected_by_support(object.id));
        let replace = Remedy::Replace { address: object.address.clone() };
        vec![Way::of(unprotected.into_iter().chain([replace]))]
    }

    /// True if AWS takes a change of a field in this status.
    pub fn takes(&self, field: &str) -> bool {
        match self.changes {
            Changes::All => true,
            Changes::Only(fields) => fields.contains(&field),
            Changes::None => false,
        }
    }
}

/// A status is known by its kind's table and its name; the name is enough to tell two of one table apart.
impl PartialEq for Status {
    fn eq(&self, other: &Self) -> bool {
        (self.name, self.class, self.means) == (other.name, other.class, other.means)
    }
}

impl Eq for Status {}

// The name alone: a saved plan must not be stale because a sentence of the table was mended.
impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The condition of an object: usable or not, and what becomes of it if not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// On its way: `creating`, `modifying`, and every status that is not known.
    Pending(String),
    /// On its way out: `deleting`.
    Leaving(String),
    Ready,
    /// It stays so until a person acts.
    Held(&'static Status),
    /// AWS gave it up: it will not become ready.
    Lost(&'static Status),
}

impl Condition {
    /// The condition of an object with this status; a status that the table does not have passes by itself.
    pub fn of(table: &'static [Status], status: &str) -> Self {
        match table.iter().find(|row| row.name == status) {
            None => Self::Pending(status.to_owned()),
            Some(row) => match row.class {
                Class::Serves => Self::Ready,
                Class::Passes => Self::Pending(status.to_owned()),
                Class::Leaving => Self::Leaving(status.to_owned()),
                Class::Held => Self::Held(row),
                Class::Lost => Self::Lost(row),
            },
        }
    }

    /// The row of the status table, of an object that does not become ready by waiting.
    pub fn stuck(&self) -> Option<&'static Status> {
        match self {
            Self::Held(row) | Self::Lost(row) => Some(row),
            Self::Pending(_) | Self::Leaving(_) | Self::Ready => None,
        }
    }

    /// True if it is being deleted.
    pub fn is_leaving(&self) -> bool {
        matches!(self, Self::Leaving(_))
    }

    /// The status as AWS words it; nothing for what is ready.
    pub fn status(&self) -> Option<&str> {
        match self {
            Self::Ready => None,
            Self::Pending(status) | Self::Leaving(status) => Some(status),
            Self::Held(row) | Self::Lost(row) => Some(row.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static TABLE: &[Status] = &[
        Status::serves("available", "it serves"),
        Status::passes("creating", "it is being made"),
        Status::held("stopped", "a person stopped it", no_cure),
        Status::lost("failed", "AWS gave it up", no_cure),
        Status::leaving("deleting", "it is being deleted"),
    ];

    #[test]
    fn a_status_has_the_condition_of_its_class_and_an_unknown_one_passes() {
        for (status, expected) in [
            ("available", Condition::Ready),
            ("creating", Condition::Pending("creating".to_owned())),
            ("stopped", Condition::Held(&TABLE[2])),
            ("failed", Condition::Lost(&TABLE[3])),
            ("deleting", Condition::Leaving("deleting".to_owned())),
            ("brand-new", Condition::Pending("brand-new".to_owned())),
        ] {
            let condition = Condition::of(TABLE, status);
            assert_eq!(condition, expected);
            assert_eq!(condition.stuck().is_some(), matches!(status, "stopped" | "failed"));
        }
    }
}
