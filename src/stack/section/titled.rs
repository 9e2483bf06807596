//! Options that are a name alone, or a name with a description: `EFS_K8s`, `{ name: EFS_K8s, description: NFS }`.

use serde_json::Value;

use super::Entry;
use crate::engine::resource::{Pattern, Property, Shape};

/// The shape of such an option.
pub const fn titled(text: &'static Shape, options: &'static Shape) -> Shape {
    Shape::TextOr { text, options, identity: Value::clone }
}

/// A name and a description, each where it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Titled<'a> {
    pub name: Option<&'a str>,
    pub description: Option<&'a str>,
}

impl<'a> Titled<'a> {
    /// The name and the description that an option of an entry has.
    pub fn of(entry: &'a Entry, option: &Property) -> Self {
        let Some(value) = entry.get(option) else { return Self::default() };
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        Self { name: value.as_str().or_else(|| text("name")), description: text("description") }
    }
}

/// The text that EC2 takes as a description of a group or a rule (CreateSecurityGroup, AuthorizeSecurityGroupIngress). `${…}` is a
/// reference.
pub const DESCRIPTION_RULE: Pattern = Pattern::new(
    "a description: letters of ASCII, digits, spaces and `._-:/()#,@[]+=&;{}!$*`, at most 255",
    r"^[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]+$",
    255,
)
.but_not("\\$\\{");
