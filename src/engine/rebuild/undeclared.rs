//! Objects of the stack that no declaration is for: the entry of the stack file was taken out, or renamed, before the state was lost.

use std::collections::BTreeSet;

use super::{Candidate, Rebuilt};
use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::cloud::{Cloud, KindError, Outcome};
use crate::engine::kind::Registry;
use crate::engine::owner::owner_by_tags;
use crate::engine::refresh::RefreshError;
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Found, Id, Ownership, Whose};
use crate::engine::state::State;

/// An object that carries the tags of this stack, or of the state that made what was found, and that is not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undeclared {
    pub id: Id,
    /// `fs-1 (files, 6144 bytes, made 2026-11-28T07:00:00Z)`
    pub described: String,
    /// The address in its tags.
    pub tagged: Address,
    /// The stack in its tags, where it is another one.
    pub stack: Option<String>,
    pub lineage: Option<String>,
    /// Why it cannot be recorded, whatever is written: it stands in another network.
    pub unfit: Option<String>,
}

impl Undeclared {
    /// The reason for which it is the stack's, in words that read after the object.
    pub fn in_words(&self) -> String {
        let of = self.stack.as_ref().map(|stack| format!(" of the stack {stack}")).unwrap_or_default();
        format!("carries the tags of {}{of}", self.tagged)
    }

    /// The command that records it at an address.
    pub fn import(&self, address: &Address) -> String {
        Remedy::import(address, &self.id, self.lineage.as_deref()).to_string()
    }

    /// The command that finds it once it is declared again.
    pub fn rebuild(&self) -> String {
        let command = "provision state rebuild";
        match &self.lineage {
            Some(lineage) => format!("{command} --take-over {lineage}"),
            None => command.to_owned(),
        }
    }
}

/// Looks through all objects of each kind, and names the kinds whose objects AWS refuses to list.
pub(super) async fn look_through(
    cloud: &dyn Cloud,
    registry: &Registry,
    blueprint: &Blueprint,
    known: &State,
    rebuilt: &mut Rebuilt,
) -> Result<(), RefreshError> {
    let told = told(known, rebuilt);
    let lineages = lineages(rebuilt);
    let stands_elsewhere = |found: &Found| {
        let own = known.vpc();
        found.vpc.as_ref().is_some_and(|vpc| own.as_ref().is_some_and(|own| *own != vpc))
    };
    for manager in registry.all_managed() {
        let listed = match cloud.list(manager.kind()).await {
            Ok(listed) => listed,
            Err(KindError::Cloud(error)) if error.outcome == Outcome::Refused => {
                rebuilt.unlisted.insert(manager.kind().to_owned(), error);
                continue;
            }
            Err(source) => return Err(RefreshError { kind: manager.kind().to_owned(), source }),
        };
        let absent = rebuilt.absent.iter().filter(|one| one.kind() == manager.kind() && manager.holds_data());
        for address in absent {
            let bare = listed.iter().filter(|found| {
                found.ownership == Ownership::Untagged
                    && !told.contains(&found.id)
                    && !stands_elsewhere(found)
            });
            let bare: Vec<Candidate> = bare.map(Candidate::of_nobody).collect();
            if !bare.is_empty() {
                rebuilt.untagged.insert(address.clone(), bare);
            }
        }
        let untold = listed.iter().filter(|found| !told.contains(&found.id));
        let of_the_stack = untold.filter_map(|found| of_the_stack(blueprint, known, &lineages, found));
        rebuilt.undeclared.extend(of_the_stack);
    }
    Ok(())
}

/// The ids that are recorded, or spoken of already.
fn told(known: &State, rebuilt: &Rebuilt) -> BTreeSet<Id> {
    let recorded = known
        .resources
        .values()
        .flat_map(|record| record.id.iter().cloned().chain(record.predecessors().map(|old| old.id.clone())));
    let foreign = rebuilt.foreign.values().flat_map(|foreign| foreign.all()).map(|one| one.id.clone());
    let several = rebuilt.ambiguous.values().flatten().map(|one| one.id.clone());
    recorded.chain(foreign).chain(several).collect()
}

/// The lineages of the states that made what was found, and what was left out as another stack's.
fn lineages(rebuilt: &Rebuilt) -> BTreeSet<String> {
    let others = rebuilt.foreign.values().filter_map(|foreign| match &foreign.whose {
        Whose::OtherStack { lineage, .. } => lineage.clone(),
        _ => None,
    });
    rebuilt.fenced.iter().cloned().chain(others).collect()
}

fn of_the_stack(
    blueprint: &Blueprint,
    known: &State,
    lineages: &BTreeSet<String>,
    found: &Found,
) -> Option<Undeclared> {
    let tagged = found.tagged_address()?;
    let Ownership::Tagged { lineage, .. } = &found.ownership else { return None };
    let owner = owner_by_tags(blueprint, Some(known), &tagged, 0);
    let stack = match owner.whose(&found.ownership, found.vpc.as_ref()) {
        Whose::Ours | Whose::Moved { .. } | Whose::OtherState { .. } => None,
        Whose::OtherStack { stack, lineage: Some(lineage) } if lineages.contains(&lineage) => Some(stack),
        _ => return None,
    };
    // What this state made is found without a word on whose it was.
    let lineage = lineage.clone().filter(|lineage| *lineage != known.lineage);
    let (id, described) = (found.id.clone(), found.described());
    Some(Undeclared { id, described, stack, lineage, unfit: owner.unfit(found), tagged })
}
