//! The reverse of [`super::declare`]: a group that is there becomes an entry.

use serde_json::{Value, json};

use super::{DESCRIPTION, EGRESS, GROUP, INGRESS, NAME, rules};
use crate::engine::document::Document;
use crate::engine::kind::Registry;
use crate::engine::resource::Id;
use crate::stack::Name;
use crate::stack::describe::{Described, Scene, Unsayable};
use crate::stack::section::group;

pub(super) fn describe(_: &Registry, scene: &Scene, name: &Name, id: &Id) -> Result<Described, Unsayable> {
    let object = scene.object(GROUP, id.as_str());
    let inputs = &object.ok_or_else(|| Unsayable::new(id, "AWS shows no such security group"))?.inputs;
    let mut described = Described::default();
    for option in [NAME.name, DESCRIPTION.name] {
        described.options.extend(inputs.get(option).map(|value| (option.to_owned(), value.clone())));
    }
    for option in [INGRESS.name, EGRESS.name] {
        let written = inputs.get(option).and_then(Value::as_array).into_iter().flatten();
        let written: Vec<Value> = written
            .filter_map(Value::as_object)
            .map(|rule| rule_of(scene, name, rule, &mut described))
            .collect();
        described.options.insert(option.to_owned(), Value::Array(written));
    }
    described.objects.insert(group::address_of(name.as_str()), id.clone());
    Ok(described)
}

/// A rule as it is written. A group that comes after this one is named by its id, so that no two name each other.
fn rule_of(scene: &Scene, name: &Name, rule: &Document, described: &mut Described) -> Value {
    let entry = |id: &str| {
        let id = Id::new(id);
        if let Some(entry) = scene.entries.get(&id) {
            let entry = entry.to_string();
            described.groups.insert(id);
            return Some(entry);
        }
        let entry = scene.groups.get(&id).filter(|entry| *entry < name)?;
        described.groups.insert(id);
        Some(entry.to_string())
    };
    json!(rules::written(scene.network.as_ref(), rule, entry))
}
