//! The decision on an object that the stack declares and manages, with all that is found of it.

use super::super::unfinished::{Standing, fitting, standing};
use super::super::{
    Input, Sighting, change, findings, guards, identity, in_the_way, naming, promoted, supplanted,
};
use super::ON_ITS_OWN;
use super::becoming::{absent_reason, anew, keep, new};
use crate::engine::address::Address;
use crate::engine::diff;
use crate::engine::document::Document;
use crate::engine::kind::Misfit;
use crate::engine::owner::owner_by_tags;
use crate::engine::plan::{Action, Change, Finding};
use crate::engine::resource::{Effect, Remark};
use crate::engine::state::Record;

pub(super) fn managed(
    input: &Input<'_>,
    address: &Address,
    resolved: &Document,
    record: Option<&Record>,
    sighting: &Sighting,
    findings: &mut Vec<Finding>,
) -> Result<Change, Misfit> {
    let Some(manager) = input.registry.managing(address.kind()) else {
        return Err(Misfit { kind: "the registry", problem: format!("no kind {}", address.kind()) });
    };
    let desired = manager.normalise(resolved)?;
    if let Some(Record { watched: true, id: Some(id), .. }) = record {
        findings.push(findings::not_ours(address, id));
        return Ok(change(address, Action::NoOp, "recorded as the cluster's own"));
    }
    let owner =
        owner_by_tags(input.blueprint, input.state, address, record.map_or(0, |record| record.generation));
    let (objects, let_go) =
        identity::without_those_of_others(&owner, record, standing(input, address, record));
    findings.extend(let_go);
    if let Some(finding) = promoted::on_its_own(input, address, &objects) {
        findings.push(finding);
        return Ok(change(address, Action::NoOp, ON_ITS_OWN));
    }
    let kept = fitting(input, address, manager, &desired, &objects);
    let decision = match (kept, objects.as_slice()) {
        (Some(kept), objects) => keep(input, address, manager, &desired, record, objects, kept),
        (None, []) if matches!(sighting, Sighting::Supplanted { .. }) => {
            change(address, Action::NoOp, "it is gone from AWS, and another object has its name")
        }
        (None, []) => {
            findings.extend(naming::gone(input, address, manager, record));
            new(manager, address, &desired, absent_reason(record))
        }
        (None, objects) => anew(input, address, manager, &desired, objects),
    };
    if let (Sighting::InTheWay { found, beside }, true) = (sighting, decision.makes_anew()) {
        findings.extend(in_the_way::in_the_way(input, &owner, found, beside));
    }
    if let Sighting::Supplanted { recorded, live, found } = sighting {
        findings.extend(supplanted::supplanted(input, &owner, recorded, live.as_ref(), found));
    }
    // The user may have named the recorded object to be taken over, and none that it replaces.
    let claim = |object: &Standing<'_>| {
        record
            .filter(|record| record.id.as_ref() == Some(object.id))
            .and_then(|record| record.claimed.as_ref())
    };
    let foreign = objects
        .iter()
        .filter_map(|one| identity::foreign(&owner, one.id, one.live, claim(one), decision.action));
    findings.extend(foreign);
    let standing = kept.and_then(|kept| objects.get(kept));
    findings
        .extend(standing.and_then(|one| identity::stands_beside(input, &owner, one, claim(one).is_some())));
    let decision = match kept.and_then(|kept| objects.get(kept)) {
        Some(kept) => identity::with_claim(decision, manager, &owner, kept.live, claim(kept).is_some()),
        None => decision,
    };
    // A value that is met may still be wrong: storage that is larger than what is written now.
    let live = kept.and_then(|kept| objects.get(kept)).map(|object| object.live);
    let before = live.map(|live| diff::before(manager.fields(), &desired, &live.inputs, &live.in_force));
    let invalid = manager.check(&desired, before.as_ref())?;
    findings.extend(
        invalid.into_iter().map(|invalid| findings::invalid(input.blueprint, address, manager, invalid)),
    );
    findings.extend(
        live.into_iter().flat_map(|live| findings::besides(address, &live.remarks, &desired, &decision)),
    );
    let remarks = live.into_iter().flat_map(|live| &live.remarks);
    findings.extend(remarks.filter_map(|remark| match remark {
        Remark::Theirs { fields, why } => findings::theirs(input, address, manager, &desired, (fields, why)),
        Remark::Impossible(invalid) => {
            let is_wanted = decision.fields.iter().any(|field| field.path == invalid.field);
            is_wanted.then(|| findings::invalid(input.blueprint, address, manager, invalid.clone()))
        }
        other => findings::remark(address, other, &decision),
    }));
    findings.extend(naming::unnamed(input, address, manager, &decision));
    let mut decision = decision;
    if decision.makes_anew() && manager.overwrites(&desired) {
        decision.effect = Effect::DataLoss;
        findings.extend(naming::overwriting(input, address, manager, record, &decision));
    }
    if decision.action == Action::Replace {
        findings.extend(guards::data_loss_by_replacement(input, address, manager, record, &decision));
    }
    Ok(decision)
}
