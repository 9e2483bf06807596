//! The last look at a description: what it declares is held against what AWS shows, field by field.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde_json::Value;

use super::declared::declared;
use super::options::same;
use super::{Description, Object, Scene, Unsayable};
use crate::engine::address::Address;
use crate::engine::document::{Document, resolve};
use crate::engine::kind::Registry;
use crate::engine::resource::{Field, Id};
use crate::stack::Stack;
use crate::stack::section::group;
use crate::stack::sections::SECTIONS;

/// Holds that the entries declare what is there: nothing else, and nothing less.
pub(super) fn verify(
    registry: &Registry,
    stack: &Stack,
    scene: &Scene,
    description: &Description,
    read: &Cell<usize>,
) -> Result<(), Unsayable> {
    let mut known = description.entries.clone();
    // Groups that are entries already are named, and not declared here: any entry will do for the reading.
    let of_groups = SECTIONS.iter().find(|section| section.is_of_groups());
    // An entry that needs no network names none of them, and none may be known.
    for name in scene.entries.values().filter(|_| scene.network.is_some()) {
        known.extend(of_groups.map(|section| (section.key, name.clone(), Document::new())));
    }
    let first = || description.objects.values().next().cloned().unwrap_or_else(|| Id::new("it"));
    let declared =
        declared(registry, stack, scene, &known, read).map_err(|why| Unsayable::new(&first(), why))?;
    let there: BTreeMap<Address, &Id> =
        scene.entries.iter().map(|(id, name)| (group::address_of(name.as_str()), id)).collect();
    let id_of = |address: &Address| {
        let id = description.objects.get(address).or(there.get(address).copied());
        id.map(|id| Value::from(id.as_str()))
    };
    for (address, id) in &description.objects {
        let Some(inputs) = declared.get(address) else {
            return Err(Unsayable::new(id, format!("nothing declares {address}")));
        };
        let Some(object) = scene.object(address.kind(), id.as_str()) else { continue };
        let Some(manager) = registry.managing(address.kind()) else { continue };
        let inputs = resolve(inputs, &|reference| match reference.output.as_str() {
            "id" => id_of(&reference.address),
            _ => None,
        });
        let inputs = manager.normalise(&inputs).map_err(|misfit| Unsayable::new(id, misfit.to_string()))?;
        for field in manager.fields() {
            if let Some(why) = differs(field, address, &inputs, object) {
                return Err(Unsayable::new(id, why));
            }
        }
    }
    let extra = declared.keys().filter(|address| !description.objects.contains_key(*address));
    let is_known = |address: &&Address| there.contains_key(*address);
    match extra.into_iter().find(|address| !is_known(address)) {
        Some(address) => Err(Unsayable::new(&first(), format!("with it, {address} would be made"))),
        None => Ok(()),
    }
}

/// The words on a field that is declared otherwise than it is.
fn differs(field: &Field, address: &Address, declared: &Document, object: &Object) -> Option<String> {
    // The tags of others are left alone, and what no option says stays as it is recorded.
    let is_left = field.name == "tags" || field.chosen_once && field.to_write().is_none();
    if is_left || field.is_recorded() || field.is_in_its_place(address, &object.outputs) {
        return None;
    }
    let wanted = declared.get(field.name)?;
    let there = object.inputs.get(field.name);
    match there {
        Some(there) if same(wanted, there) || (field.met)(wanted, there) => None,
        None if field.without.default().is_some_and(|without| without == *wanted) => None,
        there => {
            let there = there.map_or("nothing".to_owned(), ToString::to_string);
            Some(format!("its {} is {there}, and the stack file would say {wanted}", field.name))
        }
    }
}
