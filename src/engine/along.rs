//! Values that a change sends along although the stack file says nothing of them. Pure.

use crate::engine::blueprint::{Blueprint, Declaration};
use crate::engine::kind::Registry;
use crate::engine::planner::{Sighting, Sightings};

/// Declares these values, so that the plan shows all that is sent.
pub fn declare_sent_along(registry: &Registry, blueprint: &mut Blueprint, sightings: &Sightings) {
    for (address, declaration) in &mut blueprint.declarations {
        let Declaration::Managed { inputs } = declaration else { continue };
        let live = sightings.get(address).and_then(Sighting::live);
        if let (Some(manager), Some((_, live))) = (registry.managing(address.kind()), live) {
            let along = manager.sent_along(inputs, &live.inputs, &live.in_force);
            inputs.extend(along);
        }
    }
}
