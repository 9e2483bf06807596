//! The decision on each address: what is done to it, and why.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::unfinished::{Standing, all, all_but, fitting, standing};
use super::{
    Input, Sighting, change, error, findings, guards, identity, in_the_way, loss, naming, network, promoted,
    renamed, supplanted, taken_back,
};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::diff;
use crate::engine::document::{Document, Reference, is_unknown, resolve};
use crate::engine::kind::{Live, Manager, Misfit};
use crate::engine::owner::owner_by_tags;
use crate::engine::plan::{Action, Change, FieldChange, Finding, Going, Mode, ReplaceOrder, Turn};
use crate::engine::resource::{Condition, Effect, Id, Remark, Role};
use crate::engine::state::{Phase, Record};
use crate::engine::window::Window;

/// Why nothing is done to what this version of the program does not know.
const NEWER: &str = "a newer version of provision recorded it";

/// Why nothing is done to what was a copy.
const ON_ITS_OWN: &str = "it is no copy any more, and is left alone";

fn is_newer(input: &Input<'_>, address: &Address) -> bool {
    matches!(input.sightings.get(address), Some(Sighting::NotAsked { .. }))
}

/// Decides every selected address; `order` has each declaration after those that it refers to.
pub(super) fn changes(
    input: &Input<'_>,
    order: &[Address],
    selected: &BTreeSet<Address>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<Address, Change> {
    let mut decided = BTreeMap::new();
    let lacking = network::lacking(input, selected);
    findings.extend(lacking.findings);
    for address in order.iter().filter(|address| selected.contains(address)) {
        if let Some(decision) = lacking.decisions.get(address) {
            decided.extend(decision.clone().map(|decision| (address.clone(), decision)));
        } else if let Some(declaration) = input.blueprint.declarations.get(address) {
            let decision = declared(input, address, declaration, &decided, findings);
            decided.insert(address.clone(), decision);
        }
    }
    let records = input.state.into_iter().flat_map(|state| &state.resources);
    for (address, record) in records {
        if input.blueprint.declarations.contains_key(address) {
            continue;
        }
        if selected.contains(address) {
            let decision = undeclared(input, address, record, findings);
            decided.insert(address.clone(), decision);
        } else if renamed::undeclared_before(input, address.kind()).any(|new| selected.contains(new)) {
            findings.extend(match taken_back::is_taken_back(input, address, record) {
                true => taken_back::beside_a_new_one(input, address, record),
                false => renamed::beside_a_target(input, address),
            });
        }
    }
    // Also of what is needed and nothing declares.
    decided
        .extend(lacking.decisions.into_iter().filter_map(|(address, decision)| Some((address, decision?))));
    for (address, change) in &mut decided {
        change.id = object(input, address, change);
        findings.extend(loss::account(input, address, change));
    }
    decided
}

/// The object that an action is about, where there is one already.
fn object(input: &Input<'_>, address: &Address, change: &Change) -> Option<Id> {
    let recorded = || input.state?.resources.get(address)?.id.clone();
    let live = || Some(input.sightings.get(address)?.live()?.0.clone());
    let going = || change.goes.first().map(|going| going.id.clone());
    match change.action {
        Action::NoOp => None,
        Action::Create => change.keeps.clone(),
        _ => change.keeps.clone().or_else(going).or_else(live).or_else(recorded),
    }
}

/// The desired inputs of a declaration, as far as they can be known before apply.
pub(super) fn desired(
    input: &Input<'_>,
    address: &Address,
    decided: &BTreeMap<Address, Change>,
) -> Option<Document> {
    let Declaration::Managed { inputs } = input.blueprint.declarations.get(address)? else { return None };
    let resolved = resolve(inputs, &|reference| known(input, decided, reference));
    input.registry.managing(address.kind())?.normalise(&resolved).ok()
}

fn declared(
    input: &Input<'_>,
    address: &Address,
    declaration: &Declaration,
    decided: &BTreeMap<Address, Change>,
    findings: &mut Vec<Finding>,
) -> Change {
    if is_newer(input, address) {
        return change(address, Action::NoOp, NEWER);
    }
    let record = input.state.and_then(|state| state.resources.get(address));
    let sighting = input.sightings.get(address).unwrap_or(&Sighting::Gone);
    match declaration {
        Declaration::Watched { id } => watched(address, id, record, sighting, findings),
        Declaration::Managed { inputs } => {
            let resolved = resolve(inputs, &|reference| known(input, decided, reference));
            match managed(input, address, &resolved, record, sighting, findings) {
                Ok(change) => change,
                Err(misfit) => {
                    findings.push(error("inputs", address, misfit.to_string(), None));
                    change(address, Action::NoOp, "its inputs are not valid")
                }
            }
        }
    }
}

/// The value of a reference, as far as it can be known before apply.
fn known(input: &Input<'_>, decided: &BTreeMap<Address, Change>, reference: &Reference) -> Option<Value> {
    let Reference { address, output } = reference;
    let change = decided.get(address);
    let (id, live) = match change.and_then(|change| change.keeps.as_ref()) {
        Some(kept) => (kept, input.sightings.object(address, kept)?),
        None if change.is_some_and(Change::makes_anew) => return foreseen(input, decided, reference),
        // Nothing is done to it, so that it has what was recorded.
        None if is_newer(input, address) => return input.state?.output(address, output),
        None => input.sightings.get(address)?.live()?,
    };
    // An object that is still being made does not show everything yet, or not as it will be.
    let is_made = change.is_none_or(|change| change.action != Action::Create);
    match output.as_str() {
        "id" => Some(Value::String(id.as_str().to_owned())),
        output => live.outputs.get(output).filter(|_| is_made).cloned(),
    }
}

/// The value of an output of a new object that follows from its inputs. One in the place of another is another object, also by the same
/// name: its users are told so.
fn foreseen(
    input: &Input<'_>,
    decided: &BTreeMap<Address, Change>,
    Reference { address, output }: &Reference,
) -> Option<Value> {
    decided.get(address).filter(|change| change.action == Action::Create)?;
    let desired = desired(input, address, decided)?;
    let value = input.registry.managing(address.kind())?.foreseen(&desired, output, input.region)?;
    Some(value).filter(|value| !is_unknown(value))
}

fn watched(
    address: &Address,
    id: &Id,
    record: Option<&Record>,
    sighting: &Sighting,
    findings: &mut Vec<Finding>,
) -> Change {
    if sighting.live().is_none() {
        findings.push(findings::watched_is_gone(address, id));
    }
    match record {
        None => change(address, Action::Watch, "not the stack's own; watched, never changed"),
        Some(record) if !record.watched => {
            findings.push(findings::not_ours(address, id));
            change(address, Action::NoOp, "the cluster's own, though the state says otherwise")
        }
        Some(record) if record.id.as_ref() == Some(id) => change(address, Action::NoOp, "watched"),
        Some(_) => change(address, Action::Watch, format!("another object is chosen now: {id}")),
    }
}

fn managed(
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

fn absent_reason(record: Option<&Record>) -> &'static str {
    match record {
        None => "not in the state",
        Some(Record { phase: Phase::Creating, id: None, .. }) => "an earlier run did not get to make it",
        Some(_) => "it is gone from AWS",
    }
}

fn new(manager: &dyn Manager, address: &Address, desired: &Document, reason: &str) -> Change {
    let fields = diff::all_new(manager.fields(), desired);
    Change { fields, ..change(address, Action::Create, reason) }
}

/// The change where one of the objects that are there stays. The others go, and were those of a replacement that an earlier
/// run had begun.
fn keep(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    desired: &Document,
    record: Option<&Record>,
    objects: &[Standing<'_>],
    kept: usize,
) -> Change {
    let object = &objects[kept];
    let mut decision = existing(address, manager, desired, object);
    let at_once = decision.action == Action::Update
        && (object.is_unfinished || Role::AtOnce.is_on(manager.fields(), desired));
    decision.queued = diff::queued(manager.fields(), at_once, &object.live.inputs, &object.live.in_force);
    let goes_on = |queued: &FieldChange| {
        !decision.fields.iter().any(|field| field.takes_back && field.path == queued.path)
    };
    decision.queued.retain(goes_on);
    if decision.action == Action::Update {
        let taken_along = decision.queued.iter().filter(|field| field.window.is_none());
        decision.effect = taken_along.map(|field| field.effect).fold(decision.effect, Effect::max);
    }
    let window = Role::Window.field(manager.fields());
    let written = |document: &Document| Window::weekly(document.get(window?)?.as_str()?);
    if let Some(window) = written(desired).or_else(|| written(&object.live.inputs)) {
        name_windows(window.opening(input.now), &mut decision);
    }
    let is_recorded = record.is_some_and(|record| record.id.as_ref() == Some(object.id));
    let was_replaced = record.is_some_and(|record| record.predecessor.is_some());
    if decision.action == Action::Create || was_replaced || !is_recorded {
        decision.keeps = Some(object.id.clone());
    }
    let goes = all_but(objects, kept);
    if goes.is_empty() {
        return decision;
    }
    let ids: Vec<&str> = goes.iter().map(|going| going.id.as_str()).collect();
    let (id, ids) = (object.id, ids.join(", "));
    let reason = match kept {
        0 => format!("an earlier run made {id}; {ids}, which it replaces, is still to be deleted"),
        _ => format!("{id} is what is wanted now and stays; {ids}, which was to replace it, is deleted"),
    };
    let reason = match decision.fields.is_empty() {
        true => reason,
        false => format!("{reason}; {}", differs(&decision.fields)),
    };
    let order = Some(ReplaceOrder::CreateFirst);
    Change { action: Action::Replace, reason, order, goes, ..decision }
}

/// The change where none of the objects that are there can become what is wanted.
fn anew(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    desired: &Document,
    objects: &[Standing<'_>],
) -> Change {
    let Some(replaced) = objects.last() else { return new(manager, address, desired, absent_reason(None)) };
    let observed = replaced.observed(manager.fields(), desired);
    let fields = diff::anew(manager.fields(), desired, &observed);
    let forcing: Vec<_> =
        fields.iter().filter(|field| field.effect == Effect::Replacement).cloned().collect();
    let (reason, fields) = match () {
        () if replaced.is_leaving() => {
            ("it is being deleted; it is made again after that".to_owned(), fields)
        }
        () if input.options.replace.contains(address) => ("asked for by --replace".to_owned(), fields),
        () => (format!("{}; only a new object can have it", differs(&forcing)), fields),
    };
    let half_made: Vec<&str> = objects.iter().rev().skip(1).map(|object| object.id.as_str()).collect();
    let reason = match half_made.as_slice() {
        [] => reason,
        ids => format!(
            "{reason}; {}, which was to replace it, does not fit either and is deleted",
            ids.join(", ")
        ),
    };
    let goes = all(input, address, objects);
    let is_renamed = forcing.iter().any(|field| manager.natural_key().contains(&field.path.as_str()));
    let order = (manager.comes_first() && is_renamed).then_some(ReplaceOrder::CreateFirst);
    Change { effect: Effect::Replacement, fields, goes, order, ..change(address, Action::Replace, reason) }
}

/// `size differs`, `size, note differ`.
fn differs(fields: &[FieldChange]) -> String {
    let (back, others): (Vec<&FieldChange>, Vec<&FieldChange>) =
        fields.iter().partition(|field| field.takes_back);
    let named = |fields: &[&FieldChange]| {
        fields.iter().map(|field| field.path.as_str()).collect::<Vec<_>>().join(", ")
    };
    let differ = match others.as_slice() {
        [] => None,
        [one] => Some(format!("{} differs", one.path)),
        several => Some(format!("{} differ", named(several))),
    };
    let taken_back =
        (!back.is_empty()).then(|| format!("the queued change of {} is taken back", named(&back)));
    differ.into_iter().chain(taken_back).collect::<Vec<_>>().join("; ")
}

/// The change of an object that can become what is wanted.
fn existing(address: &Address, manager: &dyn Manager, desired: &Document, object: &Standing<'_>) -> Change {
    let phase = object.phase;
    let differing = if object.is_unfinished { diff::lacking } else { diff::diff };
    let mut fields = differing(manager.fields(), desired, &object.observed(manager.fields(), desired));
    // While AWS is at work, what is pending may be what it is making.
    if object.live.condition == Condition::Ready {
        let Live { inputs, in_force, .. } = object.live;
        fields.extend(diff::surplus(manager.fields(), desired, inputs, in_force));
        diff::take_back(manager.fields(), desired, &object.live.in_force, &mut fields);
    }
    let effect = fields.iter().map(|field| field.effect).max().unwrap_or(Effect::None);
    let waits = match &object.live.condition {
        Condition::Pending(status) => Some(format!("AWS is still at it ({status}): apply waits for it")),
        Condition::Ready | Condition::Leaving(_) | Condition::Held(_) | Condition::Lost(_) => None,
    };
    match (waits, phase, fields.is_empty()) {
        (Some(waits), Phase::Creating, true) => change(address, Action::Create, waits),
        (Some(waits), Phase::Creating, false) => {
            let reason = format!("{waits}, and changes it then: {}", differs(&fields));
            Change { effect, fields, ..change(address, Action::Create, reason) }
        }
        (Some(waits), Phase::Updating, true) => change(address, Action::Update, waits),
        (None, Phase::Creating, true) => {
            change(address, Action::Create, "made by an earlier run; only to be recorded")
        }
        (_, _, true) => change(address, Action::NoOp, "as declared"),
        (_, _, false) => {
            let reason = differs(&fields);
            Change { effect, fields, ..change(address, Action::Update, reason) }
        }
    }
}

/// Says when what waits will happen.
fn name_windows(opens: Timestamp, change: &mut Change) {
    let opens = opens.to_string();
    let fields = change.fields.iter_mut().chain(&mut change.queued);
    for waiting in fields.filter_map(|field| field.window.as_mut()) {
        waiting.opens = Some(opens.clone());
    }
}

/// The change of a record that nothing declares.
fn undeclared(input: &Input<'_>, address: &Address, record: &Record, findings: &mut Vec<Finding>) -> Change {
    if is_newer(input, address) {
        return change(address, Action::NoOp, NEWER);
    }
    if record.watched {
        return change(address, Action::Forget, "not the stack's own; only taken out of the state");
    }
    if let Some(Sighting::Supplanted { recorded, live: None, found }) = input.sightings.get(address) {
        findings.extend(found.first().map(|found| supplanted::left_alone(address, recorded, found)));
    }
    let objects = standing(input, address, Some(record));
    if objects.is_empty() {
        findings.extend(naming::gone_beside_a_new_one(input, address, record));
        return change(address, Action::Forget, "it is gone from AWS already");
    }
    let is_taken_back = taken_back::is_taken_back(input, address, record);
    if let Some(finding) = promoted::on_its_own(input, address, &objects).filter(|_| !is_taken_back) {
        findings.push(finding);
        return change(address, Action::NoOp, ON_ITS_OWN);
    }
    if is_taken_back {
        let renamed = taken_back::beside_a_new_one(input, address, record);
        findings.extend(renamed.or_else(|| renamed::member(input, address)));
    }
    // Those that it was to replace are the stack's own.
    let stays = |object: &Standing<'_>| is_taken_back && Some(object.id) == record.id.as_ref();
    let objects: Vec<_> = objects.into_iter().filter(|object| !stays(object)).collect();
    if objects.is_empty() {
        return change(address, Action::Forget, taken_back::TAKEN_BACK);
    }
    let owner = owner_by_tags(input.blueprint, input.state, address, record.generation);
    for object in &objects {
        let claim = record.claimed.as_ref().filter(|_| record.id.as_ref() == Some(object.id));
        // What belongs to others is not deleted: nothing is to be lost then.
        let foreign = identity::foreign_and_undeclared(input, &owner, object.id, object.live, claim);
        let loss = || guards::data_loss_by_deletion(input, address, record, object.live);
        findings.extend(foreign.or_else(loss));
    }
    if input.options.mode == Mode::Apply {
        findings.extend(renamed::member(input, address).or_else(|| renamed::whole(input, address)));
    }
    let reason = match input.options.mode {
        Mode::Apply | Mode::RefreshOnly if is_taken_back => {
            "no longer declared; the object that was adopted after it was never applied, and stays in AWS as it is"
        }
        Mode::Destroy if taken_back::is_never_applied(input, record) => {
            "deleted with the stack, though it was adopted and never applied"
        }
        Mode::Destroy if input.options.targets.is_empty() => "everything that the stack owns is deleted",
        Mode::Destroy => "named by --target, or in need of what is",
        Mode::Apply | Mode::RefreshOnly => "no longer declared",
    };
    // The oldest first, so that the record names an object until the end.
    let oldest_first = objects.iter().rev();
    let goes: Vec<Going> =
        oldest_first.map(|object| Going { id: object.id.clone(), turn: Turn::Before }).collect();
    let reason = match goes.as_slice() {
        [_] => reason.to_owned(),
        several => {
            let ids: Vec<&str> = several.iter().map(|going| going.id.as_str()).collect();
            format!("{reason}; an earlier run has left {}: all are deleted", ids.join(", "))
        }
    };
    Change { goes, ..change(address, Action::Delete, reason) }
}
