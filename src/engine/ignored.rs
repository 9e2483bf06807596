//! Fields that are left to others: they are sent when an object is made, and neither compared nor changed afterwards. Pure.

use crate::engine::address::Address;
use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::document::{Document, references};
use crate::engine::kind::{Live, Registry};
use crate::engine::planner::{Sighting, Sightings};
use crate::engine::resource::{Field, Remark};

impl Blueprint {
    /// True if the stack file leaves the option behind a field to others.
    pub fn ignores(&self, address: &Address, field: &Field) -> bool {
        let mut options = field.to_write().into_iter().chain(field.also_from.iter().copied());
        self.ignored.get(address).is_some_and(|ignored| options.any(|option| ignored.contains(option)))
    }
}

/// The fields of an object that belong to somebody else, as the object itself shows.
pub fn theirs(live: &Live) -> impl Iterator<Item = &'static str> {
    live.remarks
        .iter()
        .flat_map(|remark| match remark {
            Remark::Theirs { fields, .. } => *fields,
            _ => &[],
        })
        .copied()
}

/// Declares what AWS shows wherever a field is left to others, so that plan and apply find no difference in it.
pub fn leave_to_others(registry: &Registry, blueprint: &mut Blueprint, sightings: &Sightings) {
    leave(registry, blueprint, |address| {
        let (_, live) = sightings.get(address).and_then(Sighting::live)?;
        Some((&live.inputs, theirs(live).collect()))
    });
}

/// The same with what is recorded, before AWS was looked at.
pub fn leave_as_recorded<'a>(
    registry: &Registry,
    blueprint: &mut Blueprint,
    recorded: impl Fn(&Address) -> Option<&'a Document>,
) {
    leave(registry, blueprint, |address| Some((recorded(address)?, Vec::new())));
}

fn leave<'a>(
    registry: &Registry,
    blueprint: &mut Blueprint,
    seen: impl Fn(&Address) -> Option<(&'a Document, Vec<&'static str>)>,
) {
    let mut left: Vec<(Address, Document)> = Vec::new();
    for (address, declaration) in &blueprint.declarations {
        let Declaration::Managed { inputs } = declaration else { continue };
        let (Some(manager), Some((seen, theirs))) = (registry.managing(address.kind()), seen(address)) else {
            continue;
        };
        if theirs.is_empty() && !blueprint.ignored.contains_key(address) {
            continue;
        }
        let is_left = |field: &&Field| {
            (blueprint.ignores(address, field) || theirs.contains(&field.name))
                // It is never compared, and a new object in the place of this one is made with it.
                && !field.is_read_once()
                && !refers_to_ours(blueprint, inputs, field)
        };
        let mut inputs = inputs.clone();
        for field in manager.fields().iter().filter(is_left) {
            match seen.get(field.name) {
                Some(value) => drop(inputs.insert(field.name.to_owned(), value.clone())),
                // Without a value its default would be wanted.
                None if field.need.default().is_some() => {}
                None => drop(inputs.remove(field.name)),
            }
        }
        left.push((address.clone(), inputs));
    }
    for (address, inputs) in left {
        blueprint.declarations.insert(address, Declaration::Managed { inputs });
    }
}

/// True if a field says which of the stack's own objects belong together: that is nobody else's.
fn refers_to_ours(blueprint: &Blueprint, inputs: &Document, field: &Field) -> bool {
    let one = inputs.get(field.name).map(|value| (field.name.to_owned(), value.clone()));
    let is_watched =
        |address: &Address| matches!(blueprint.declarations.get(address), Some(Declaration::Watched { .. }));
    references(&one.into_iter().collect()).iter().any(|address| !is_watched(address))
}
