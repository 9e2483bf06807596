//! Parameter groups of their own, of databases and caches that are there.

use serde_json::Value;

use crate::engine::resource::Id;
use crate::stack::describe::{Described, Left, Scene};

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
