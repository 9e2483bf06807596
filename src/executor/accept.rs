//! Taking drift into the state: what was observed is what is recorded from now on. AWS is not changed.
//! Knows nothing of what is desired.

use crate::diff;
use crate::kind::Registry;
use crate::planner::{Sighting, Sightings};
use crate::resource::Condition;
use crate::state::{Edit, Phase, Record, Writer};

/// Records what was observed of every recorded resource; those that are gone leave the state.
pub fn accept_drift(registry: &Registry, sightings: &Sightings, writer: &mut Writer) {
    for (address, before) in writer.state().resources.clone() {
        match sightings.get(&address) {
            Some(sighting) if sighting.is_gone() && before.phase == Phase::Ready => {
                writer.edit(Edit::Remove { address });
            }
            Some(Sighting::Live { live, .. }) if live.condition == Condition::Ready => {
                let mut after = Record { outputs: live.outputs.clone(), ..before.clone() };
                let fields = registry.managing(address.kind()).map(|kind| kind.fields()).unwrap_or_default();
                diff::follow(fields, &mut after.inputs, &live.inputs);
                if after != before {
                    writer.edit(Edit::Put { address, record: after });
                }
            }
            _ => {}
        }
    }
}
