//! The parameter group of a database or a cache: the stack's own, or one that is there.

use serde_json::Value;

use super::{Conflict, Entry};
use crate::engine::document::Document;
use crate::engine::resource::{Id, Pattern};
use crate::stack::Name;
use crate::stack::describe::{Described, Left, Scene};

/// The key of the option with the parameters of a group of one's own.
pub const PARAMETERS: &str = "parameters";

/// The key of the option with the name of a group that is there.
pub const PARAMETER_GROUP: &str = "parameter_group";

/// The value of a parameter. Formulas such as `{DBInstanceClassMemory/32768}` are values too; `${…}` is a reference.
pub const VALUE: Pattern = Pattern::new(
    "a parameter's value: printable ASCII characters without `${`, at most 1024",
    "^[ -~]+$",
    1024,
)
.but_not("\\$\\{")
.bare();

/// The parameters that are written, for a group of the entry's own.
pub fn written(entry: &Entry) -> Option<&Document> {
    entry.own.get(PARAMETERS).and_then(Value::as_object).filter(|all| !all.is_empty())
}

/// An entry has one source of parameters; `one` says of an entry what it is: `a database`.
pub fn two_groups(name: &Name, entry: &Entry, one: &str) -> Option<Conflict> {
    let both = [PARAMETER_GROUP, PARAMETERS];
    both.iter().all(|option| entry.has_written(option)).then(|| {
        let message = format!("{one} has one parameter group: its own, or one that is there");
        Conflict::new(name, &both, message, "leave one of the two out")
    })
}

/// The parameters of a group that can be one's own: it comes along, has no place yet, is of the family that its user needs, and sets
/// something.
pub fn own<'a>(scene: &'a Scene, (kind, group): (&str, &str), family: Option<&str>) -> Option<&'a Value> {
    if scene.placed.contains(&(kind.to_owned(), Id::new(group))) {
        return None;
    }
    let inputs = &scene.object(kind, group)?.inputs;
    let is_of_it = family.is_some() && inputs.get("family").and_then(Value::as_str) == family;
    inputs.get("parameters").filter(|all| is_of_it && all.as_object().is_some_and(|all| !all.is_empty()))
}

/// Says of a group that came along why it is only named.
pub fn leave(scene: &Scene, (kind, group): (&str, &str), described: &mut Described) {
    let is_free = !scene.placed.contains(&(kind.to_owned(), Id::new(group)));
    if is_free && scene.object(kind, group).is_some() {
        let because = "the stack's own parameter groups set something, and are of the version's family";
        described.left.push(Left { id: group.to_owned(), because: because.to_owned() });
    }
}
