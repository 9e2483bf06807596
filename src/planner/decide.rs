//! What is done to each address, and why.
//! Knows nothing of the order in which it is done.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use super::{Input, Sighting, change, error, findings, identity, network, renamed};
use crate::address::Address;
use crate::blueprint::Declaration;
use crate::diff;
use crate::document::{Document, Reference, resolve};
use crate::kind::{Live, Manager, Misfit};
use crate::owner::owner;
use crate::plan::{Action, Change, Finding, Mode, ReplaceOrder};
use crate::resource::{Condition, Effect, Id};
use crate::state::{Phase, Record};
use crate::window::Window;

/// Why nothing is done to what this version of the program does not know.
const NEWER: &str = "a newer version of provision recorded it";

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
    for (address, record) in records.filter(|(address, _)| selected.contains(address)) {
        if !input.blueprint.declarations.contains_key(address) {
            let decision = undeclared(input, address, record, findings);
            decided.insert(address.clone(), decision);
        }
    }
    for (address, change) in &mut decided {
        change.id = object(input, address, change.action);
        if matches!(change.action, Action::Delete | Action::Replace) {
            let loss = input.registry.managing(address.kind()).map_or(Effect::None, Manager::loss);
            change.effect = change.effect.max(loss);
        }
    }
    decided
}

/// The object that an action is about, where there is one already.
fn object(input: &Input<'_>, address: &Address, action: Action) -> Option<Id> {
    let recorded = || input.state?.resources.get(address)?.id.clone();
    let live = || Some(input.sightings.get(address)?.live()?.0.clone());
    match (action, input.blueprint.declarations.get(address)) {
        (Action::Create | Action::NoOp, _) => None,
        (Action::Adopt, Some(Declaration::Adopted { id })) => Some(id.clone()),
        _ => live().or_else(recorded),
    }
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
        Declaration::Adopted { id } => adopted(address, id, record, sighting, findings),
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
    let action = decided.get(address).map(|change| change.action);
    if matches!(action, Some(Action::Create | Action::Replace)) {
        return None;
    }
    match (input.sightings.get(address)?.live(), output.as_str()) {
        (Some((id, _)), "id") => Some(Value::String(id.as_str().to_owned())),
        (Some((_, live)), output) => live.outputs.get(output).cloned(),
        (None, _) => None,
    }
}

fn adopted(
    address: &Address,
    id: &Id,
    record: Option<&Record>,
    sighting: &Sighting,
    findings: &mut Vec<Finding>,
) -> Change {
    if sighting.live().is_none() {
        findings.push(findings::adopted_is_gone(address, id));
    }
    match record {
        None => change(address, Action::Adopt, "not the stack's own; watched, never changed"),
        Some(record) if !record.adopted => {
            findings.push(findings::not_ours(address, id));
            change(address, Action::NoOp, "the cluster's own, though the state says otherwise")
        }
        Some(record) if record.id.as_ref() == Some(id) => change(address, Action::NoOp, "adopted"),
        Some(_) => change(address, Action::Adopt, format!("another object is chosen now: {id}")),
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
    if let (Some(Record { adopted: true, id: Some(id), .. }), _) = (record, ()) {
        findings.push(findings::not_ours(address, id));
        return Ok(change(address, Action::NoOp, "recorded as the cluster's own"));
    }
    let owner = owner(input.blueprint, input.state, address, record.map_or(0, |record| record.generation));
    let decision = match (sighting, sighting.live()) {
        (_, Some((id, live))) => {
            let phase = record.map_or(Phase::Creating, |record| record.phase);
            let mut decision = existing(input, address, manager, &desired, phase, live);
            let at_once = decision.action == Action::Update && diff::applies_immediately(&desired);
            decision.queued = diff::queued(manager.fields(), at_once, &live.inputs, &live.in_force);
            if decision.action == Action::Update {
                let taken_along = decision.queued.iter().filter(|field| field.window.is_none());
                decision.effect = taken_along.map(|field| field.effect).fold(decision.effect, Effect::max);
            }
            name_windows(input.now, &desired, &live.inputs, &mut decision);
            let claimed = record.is_some_and(|record| record.claimed);
            findings.extend(identity::foreign(&owner, id, live, claimed, decision.action));
            identity::with_claim(decision, manager, &owner, live, claimed)
        }
        (Sighting::InTheWay { found }, _) => {
            findings.push(identity::in_the_way(input, &owner, found));
            new(manager, address, &desired, absent_reason(record))
        }
        (Sighting::Supplanted { .. }, _) => {
            change(address, Action::NoOp, "it is gone from AWS, and another object has its name")
        }
        (Sighting::NotAsked { .. }, _) => change(address, Action::NoOp, NEWER),
        _ => new(manager, address, &desired, absent_reason(record)),
    };
    if let Sighting::Supplanted { recorded, live, found } = sighting {
        findings.push(identity::supplanted(input, &owner, recorded, live.as_ref(), found));
    }
    let decision = with_predecessor(decision, record);
    // What is met may still be wrong: storage that is larger than what is written now.
    let stays = matches!(decision.action, Action::Update | Action::NoOp);
    let live = sighting.live().map(|(_, live)| live).filter(|_| stays);
    let invalid = manager.check(&desired, live.map(|live| &live.inputs))?;
    findings.extend(invalid.into_iter().map(|invalid| findings::invalid(address, invalid)));
    let remarks = live.into_iter().flat_map(|live| &live.remarks);
    findings.extend(remarks.filter_map(|remark| findings::remark(address, remark, &decision)));
    if decision.action == Action::Replace {
        findings.extend(findings::data_loss_by_replacement(input, address, manager, record, &decision));
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

/// What is done to an object that is there.
fn existing(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    desired: &Document,
    phase: Phase,
    live: &Live,
) -> Change {
    let named = input.options.replace.contains(address);
    let replaced = |reason: String, fields| Change {
        effect: Effect::Replacement,
        fields,
        ..change(address, Action::Replace, reason)
    };
    match (&live.condition, phase) {
        (Condition::Leaving(_), _) => {
            return replaced("it is being deleted; it is made again after that".to_owned(), Vec::new());
        }
        (Condition::Pending(status), Phase::Creating) => {
            let reason = format!("AWS is still at it ({status}): apply waits for it");
            return change(address, Action::Create, reason);
        }
        _ => {}
    }
    let fields = diff::diff(manager.fields(), desired, &live.inputs);
    let effect = fields.iter().map(|field| field.effect).max().unwrap_or(Effect::None);
    let paths: Vec<&str> = fields.iter().map(|field| field.path.as_str()).collect();
    let differs = |paths: &[&str]| match paths {
        [one] => format!("{one} differs"),
        several => format!("{} differ", several.join(", ")),
    };
    if named {
        return replaced("asked for by --replace".to_owned(), fields);
    }
    if diff::needs_replacement(&fields) {
        let forcing: Vec<&str> = fields
            .iter()
            .filter(|field| field.effect == Effect::Replacement)
            .map(|field| field.path.as_str())
            .collect();
        let reason = format!("{}; only a new object can have it", differs(&forcing));
        return replaced(reason, fields);
    }
    if let (Condition::Pending(status), Phase::Updating, true) = (&live.condition, phase, fields.is_empty()) {
        let reason = format!("AWS is still at it ({status}): apply waits for it");
        return change(address, Action::Update, reason);
    }
    match (fields.is_empty(), phase) {
        (true, Phase::Creating) => {
            change(address, Action::Create, "made by an earlier run; only to be recorded")
        }
        (true, _) => change(address, Action::NoOp, "as declared"),
        (false, _) => {
            Change { effect, reason: differs(&paths), fields, ..change(address, Action::Update, "") }
        }
    }
}

/// Says when what waits will happen.
fn name_windows(now: Timestamp, desired: &Document, observed: &Document, change: &mut Change) {
    let written = |document: &Document| {
        let text = document.get("maintenance_window")?.as_str()?;
        Window::weekly(text)
    };
    let Some(window) = written(desired).or_else(|| written(observed)) else { return };
    let opens = window.opening(now).to_string();
    let fields = change.fields.iter_mut().chain(&mut change.queued);
    for waiting in fields.filter_map(|field| field.window.as_mut()) {
        waiting.opens = Some(opens.clone());
    }
}

/// A replacement whose new object is there already still has to let the old one go.
fn with_predecessor(decision: Change, record: Option<&Record>) -> Change {
    let Some(predecessor) = record.and_then(|record| record.predecessor.as_ref()) else { return decision };
    Change {
        action: Action::Replace,
        reason: format!("the object that it replaces, {}, is still to be deleted", predecessor.id),
        order: Some(ReplaceOrder::CreateFirst),
        ..decision
    }
}

/// What is done to a record that nothing declares.
fn undeclared(input: &Input<'_>, address: &Address, record: &Record, findings: &mut Vec<Finding>) -> Change {
    if is_newer(input, address) {
        return change(address, Action::NoOp, NEWER);
    }
    if record.adopted {
        return change(address, Action::Forget, "not the stack's own; only taken out of the state");
    }
    let sighting = input.sightings.get(address).unwrap_or(&Sighting::Gone);
    if let Sighting::Supplanted { recorded, live: None, found } = sighting {
        findings.push(identity::left_alone(address, recorded, found));
    }
    let Some((id, live)) = sighting.live() else {
        return match record.predecessor {
            Some(_) => change(address, Action::Delete, "a replacement was interrupted"),
            None => change(address, Action::Forget, "it is gone from AWS already"),
        };
    };
    let owner = owner(input.blueprint, input.state, address, record.generation);
    findings.extend(identity::foreign(&owner, id, live, record.claimed, Action::Delete));
    findings.extend(findings::data_loss_by_deletion(input, address, record, live));
    if input.options.mode == Mode::Apply {
        findings.extend(renamed::member(input, address));
    }
    let reason = match input.options.mode {
        Mode::Destroy => "everything that the stack owns is deleted",
        Mode::Apply | Mode::RefreshOnly => "no longer declared",
    };
    change(address, Action::Delete, reason)
}
