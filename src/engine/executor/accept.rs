//! Taking drift into the state: what was observed is what is recorded from now on. AWS is not changed.

use std::collections::BTreeMap;

use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::diff;
use crate::engine::kind::{Live, Manager, Registry};
use crate::engine::owner::owner_by_tags;
use crate::engine::planner::{Sighting, Sightings};
use crate::engine::resource::{Condition, Whose};
use crate::engine::state::{Edit, Phase, Record, State, Writer};

/// The extent to which the state follows AWS.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The number of records that were brought up to date, or removed with their objects.
    pub recorded: usize,
    /// Those that stay as they are although AWS shows something else, each with the reason.
    pub left: BTreeMap<Address, String>,
}

/// Records what was observed of every recorded resource, in any condition; those that are gone leave the state.
pub fn accept_drift(registry: &Registry, sightings: &Sightings, writer: &mut Writer) -> Accepted {
    let mut accepted = Accepted::default();
    for (address, before) in writer.state().resources.clone() {
        let edit = match sightings.get(&address) {
            Some(sighting) if sighting.is_gone() && before.predecessor.is_some() => {
                Err("it is not in AWS, and what it was to replace is still recorded".to_owned())
            }
            // Without the record the next plan would make an empty object.
            Some(sighting)
                if sighting.is_gone()
                    && registry.managing(address.kind()).is_some_and(Manager::holds_data) =>
            {
                Err("it is gone and held data: its record stays until it is let go of by name".to_owned())
            }
            Some(sighting)
                if sighting.is_gone()
                    && registry.managing(address.kind()).is_some_and(Manager::is_named_when_gone) =>
            {
                Err("it is gone, and a new one is made only when named: its record stays for that".to_owned())
            }
            Some(sighting) if sighting.is_gone() && before.phase == Phase::Ready => {
                Ok(Edit::Remove { address: address.clone() })
            }
            Some(sighting) if sighting.is_gone() => {
                Err(format!("it is not in AWS, and an earlier run stopped while {}", doing(before.phase)))
            }
            // The object of the record, by its id: another one may have its name by now.
            Some(sighting)
                if let Some((id, _)) = sighting.live()
                    && before.id.as_ref().is_some_and(|recorded| recorded != id) =>
            {
                Err(format!("another object is chosen now: {id}"))
            }
            Some(sighting) if let Some((_, live)) = sighting.live() => {
                let others = others(writer.state(), &address, &before, live);
                match others.map_or_else(|| followed(registry, &address, &before, live), Err) {
                    Ok(after) if after == before => continue,
                    Ok(record) => Ok(Edit::Put { address: address.clone(), record }),
                    Err(reason) => Err(reason),
                }
            }
            Some(Sighting::NotAsked { because }) => {
                Err(format!("a newer version of provision recorded it: {because}"))
            }
            _ => Err("AWS does not show the recorded object".to_owned()),
        };
        match edit {
            Ok(edit) => {
                writer.edit(edit);
                accepted.recorded += 1;
            }
            Err(reason) => {
                accepted.left.insert(address, reason);
            }
        }
    }
    accepted.recorded += note_gone(sightings, writer);
    accepted
}

/// Notes in the state which recorded objects AWS does not have any more, and returns their number. Their records stay: no
/// decision is made here.
pub fn note_gone(sightings: &Sightings, writer: &mut Writer) -> usize {
    let is_gone = |address: &Address| sightings.get(address).is_some_and(Sighting::is_gone);
    let records = writer.state().resources.iter();
    let lost = records.filter(|(address, record)| record.id.is_some() && !record.gone && is_gone(address));
    let lost: Vec<(Address, Record)> =
        lost.map(|(address, record)| (address.clone(), Record { gone: true, ..record.clone() })).collect();
    let count = lost.len();
    for (address, record) in lost {
        writer.edit(Edit::Put { address, record });
    }
    count
}

/// Notes in the state what of recorded objects has come to an end, such as that a copy follows its original, and returns the number
/// of those objects. No decision is made here either.
pub fn note_ended(registry: &Registry, sightings: &Sightings, writer: &mut Writer) -> usize {
    let ended = |(address, record): (&Address, &Record)| {
        let (id, live) = sightings.get(address)?.live()?;
        let fields = registry.managing(address.kind())?.fields();
        let mut after = record.clone();
        let is_it = !record.watched && record.id.as_ref() == Some(id);
        let ended = is_it && diff::follow_to_the_end(fields, &mut after.inputs, &live.inputs) > 0;
        ended.then(|| Edit::Put { address: address.clone(), record: after })
    };
    let edits: Vec<Edit> = writer.state().resources.iter().filter_map(ended).collect();
    let count = edits.len();
    edits.into_iter().for_each(|edit| writer.edit(edit));
    count
}

/// The text about an object that belongs to another owner by now.
fn others(state: &State, address: &Address, record: &Record, live: &Live) -> Option<String> {
    if record.watched {
        return None;
    }
    let claim = record.claimed.as_ref();
    let (stack, cluster) = (state.stack.clone(), state.cluster());
    let recorded = Blueprint { stack, cluster, ..Blueprint::default() };
    let owner = owner_by_tags(&recorded, Some(state), address, record.generation);
    let forget = format!("provision state forget {address}");
    match owner.whose(&live.ownership, live.vpc.as_ref()) {
        Whose::Ours | Whose::Moved { .. } | Whose::Inherited | Whose::Untagged => None,
        whose if claim.is_some_and(|claim| claim.holds_against(&whose)) => None,
        Whose::OtherState { lineage, .. } => {
            let what = "fenced: another state of this stack took it over";
            Some(format!("{what} (its lineage is {lineage}); to leave it to that state: {forget}"))
        }
        whose => Some(format!("it belongs to {}; to let go of it: {forget}", owner.belonging(&whose))),
    }
}

/// The record with what AWS shows; an error is the reason to leave it as it is.
fn followed(registry: &Registry, address: &Address, before: &Record, live: &Live) -> Result<Record, String> {
    let mut after = Record { gone: false, ..before.clone() };
    match &live.condition {
        Condition::Ready => after.outputs.clone_from(&live.outputs),
        Condition::Leaving(status) => return Err(format!("AWS is deleting it ({status})")),
        // Without outputs the record says that no object was ever ready, and the advice for a lost one rests on that.
        other if before.is_unfinished() => {
            let status = other.status().unwrap_or_default();
            return Err(format!("its create has not come to an end ({status})"));
        }
        // Outputs that are not shown for now, such as the endpoint while it changes, stay known.
        _ => after.outputs.extend(live.outputs.clone()),
    }
    let fields = registry.managing(address.kind()).map(|kind| kind.fields()).unwrap_or_default();
    diff::follow(fields, &mut after.inputs, &live.inputs);
    Ok(after)
}

fn doing(phase: Phase) -> &'static str {
    match phase {
        Phase::Creating => "making it",
        Phase::Updating | Phase::Ready => "changing it",
        Phase::Deleting => "deleting it",
    }
}
