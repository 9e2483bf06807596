//! Findings about whose an object is, and the update by which an object that was taken over gets its ownership tags.

use super::unfinished::Standing;
use super::{Input, Sighting, error, renamed, tags};
use crate::engine::address::Address;
use crate::engine::kind::{Live, Manager};
use crate::engine::plan::{Action, Change, FieldChange, Finding, Level};
use crate::engine::resource::{Claim, Id, Owner, Ownership, Whose, tag};
use crate::engine::state::Record;

/// The finding that forbids changing a recorded object: it belongs to another state or stack, or has lost its tags.
pub fn foreign(
    owner: &Owner,
    id: &Id,
    live: &Live,
    claim: Option<&Claim>,
    action: Action,
) -> Option<Finding> {
    let address = &owner.address;
    let forget = format!("provision state forget {address}");
    let import = format!("provision import {address}={id}");
    // Without tags, the network tells where the whole stack stands, and the finding `network` says so.
    if live.ownership == Ownership::Inherited {
        return None;
    }
    let whose = owner.whose(&live.ownership, live.vpc.as_ref());
    if claim.is_some_and(|claim| claim.holds_against(&whose)) {
        return None;
    }
    let by_hand =
        || tags::written_right(owner, id, live).map(|right| format!("; {right}")).unwrap_or_default();
    match whose {
        Whose::Ours | Whose::Moved { .. } | Whose::Inherited => None,
        Whose::Untagged if action == Action::NoOp => {
            let message = format!(
                "{id} has lost this stack's ownership tags: no later change is made to it before they are back"
            );
            let hint = format!("to have the next apply write them: {import}; to let go of it: {forget}");
            Some(Finding { level: Level::Warning, ..error("ownership", address, message, Some(hint)) })
        }
        Whose::Untagged => Some(error(
            "ownership",
            address,
            format!("{id} does not carry this stack's ownership tags, so it is not changed"),
            Some(format!("to take it over: {import}; to let go of it: {forget}")),
        )),
        Whose::OtherState { lineage, .. } => Some(error(
            "fenced",
            address,
            format!(
                "{id} was taken over by another state of this stack: its lineage is {lineage}, and this state's is {}",
                owner.lineage
            ),
            Some(format!(
                "if that state lives, name it with --state; to take back all that it took: provision state rebuild --take-over \
                 {lineage}; to leave this to it, take it out of the stack file, then: {forget}{}",
                by_hand()
            )),
        )),
        whose => {
            let take = match &whose {
                Whose::OtherStack { lineage: Some(lineage), .. } => {
                    format!("to take it back: {import} --take-over {lineage}; ")
                }
                _ => String::new(),
            };
            Some(error(
                "ownership",
                address,
                format!("{id} belongs to {}, so it is not changed", owner.belonging(&whose)),
                Some(format!("{take}to let go of it: {forget}{}", by_hand())),
            ))
        }
    }
}

/// The finding on an object that nothing declares: it cannot be taken over under an address that is not declared.
pub(super) fn foreign_and_undeclared(
    input: &Input<'_>,
    owner: &Owner,
    id: &Id,
    live: &Live,
    claim: Option<&Claim>,
) -> Option<Finding> {
    let address = &owner.address;
    let found = foreign(owner, id, live, claim, Action::Delete)?;
    let is_declared =
        input.blueprint.declarations.contains_key(address) || input.safeguards.declared.contains(address);
    let takes = |whose: &Whose| matches!(whose, Whose::Untagged | Whose::OtherStack { .. });
    if is_declared || !takes(&owner.whose(&live.ownership, live.vpc.as_ref())) {
        return Some(found);
    }
    let forget = format!("to let go of it: provision state forget {address}");
    let moved = renamed::member(input, address).and_then(|renamed| renamed.hint);
    let ways: Vec<String> = moved.into_iter().chain([forget]).collect();
    Some(Finding { hint: Some(ways.join("; ")), ..found })
}

/// The objects at an address without the replaced ones that belong to others by now or have lost their tags: with the new object
/// there, such an old one is left to them instead of being deleted.
pub(super) fn without_those_of_others<'a>(
    owner: &Owner,
    record: Option<&Record>,
    objects: Vec<Standing<'a>>,
) -> (Vec<Standing<'a>>, Vec<Finding>) {
    let recorded = record.and_then(|record| record.id.as_ref());
    if !objects.iter().any(|object| Some(object.id) == recorded) {
        return (objects, Vec::new());
    }
    let is_ours = |object: &Standing<'_>| {
        Some(object.id) == recorded
            || owner.whose(&object.live.ownership, object.live.vpc.as_ref()).is_of_this_state()
    };
    let (ours, others): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_ours);
    let left = others.iter().map(|object| {
        let whose = owner.whose(&object.live.ownership, object.live.vpc.as_ref());
        let message = format!(
            "{}, which was replaced, belongs to {}: it is left in AWS as it is, and not managed any more",
            object.id,
            owner.belonging(&whose)
        );
        Finding { level: Level::Warning, ..error("ownership", &owner.address, message, None) }
    });
    (ours, left.collect())
}

/// A recorded object whose tags say that another one has its place: the state is older than the exchange of the two.
pub(super) fn stands_beside(
    input: &Input<'_>,
    owner: &Owner,
    object: &Standing<'_>,
    claimed: bool,
) -> Option<Finding> {
    let Whose::Moved { address: its, .. } = owner.whose(&object.live.ownership, object.live.vpc.as_ref())
    else {
        return None;
    };
    let address = &owner.address;
    // Its own state knows of the exchange.
    let knows = input.state.is_some_and(|state| {
        state.procedures.iter().any(|(of, all)| !all.is_empty() && of.name() == address.name())
    });
    if claimed || knows || its != address.beside().to_string() {
        return None;
    }
    let message = format!(
        "the tags of {} say that another object has its place, and this state does not know of it: it is older than the exchange of the two",
        object.id
    );
    let hint = format!(
        "name the newest state with --state; or, to take {} all the same: provision import {address}={}",
        object.id, object.id
    );
    Some(error("ownership", address, message, Some(hint)))
}

/// The change with the writing of ownership tags, where the object was taken over or has moved to this address.
pub(super) fn with_claim(
    decision: Change,
    manager: &dyn Manager,
    owner: &Owner,
    live: &Live,
    claimed: bool,
) -> Change {
    let reason = match owner.whose(&live.ownership, live.vpc.as_ref()) {
        // Nothing shows which of the two it was.
        _ if let (true, Ownership::Inherited, Some(before)) =
            (claimed, &live.ownership, owner.formerly.last()) =>
        {
            format!("it was recorded when the stack was named {before}, or taken over since")
        }
        _ if claimed => "it was taken over".to_owned(),
        Whose::Moved { stack, address } if address == owner.address.to_string() => {
            format!("it was recorded when the stack was named {stack}")
        }
        Whose::Moved { address, .. } if address.is_empty() => format!("its tag {} is missing", tag::ADDRESS),
        Whose::Moved { address, .. } => format!("its tags name {address}"),
        _ => match tags::changed(owner, live) {
            Some(changed) => format!("others changed {changed}"),
            None => return decision,
        },
    };
    if manager.claim_calls().is_empty() {
        return decision;
    }
    let calls = manager.claim_calls().iter().map(|call| call.name.to_owned()).collect();
    let field = FieldChange { calls, ..tags::field(tags::shown(&live.ownership), owner.tags()) };
    // AWS does not show them here: they may be there already.
    let field = match live.ownership {
        Ownership::Inherited => FieldChange { before: None, ..field },
        _ => field,
    };
    match decision.action {
        Action::NoOp => {
            let reason = format!("{reason}; its ownership tags are written");
            Change { action: Action::Update, reason, fields: vec![field], ..decision }
        }
        Action::Update => {
            let fields = decision.fields.into_iter().chain([field]).collect();
            Change { fields, ..decision }
        }
        // One that an earlier run made gets them when it is ready.
        Action::Create if decision.keeps.is_some() => {
            let fields = decision.fields.into_iter().chain([field]).collect();
            Change { fields, ..decision }
        }
        // A new object gets its tags when it is made.
        _ => decision,
    }
}

/// The other address at which the state records the object, or an intent that had made it.
pub(super) fn recorded_at<'a>(input: &Input<'a>, address: &Address, id: &Id) -> Option<&'a Address> {
    let alike = input.registry.managing(address.kind()).map(|kind| kind.alike()).unwrap_or_default();
    let records = input.state.into_iter().flat_map(|state| &state.resources);
    let has_made = |other: &Address| {
        input.sightings.get(other).and_then(Sighting::live).is_some_and(|(made, _)| made == id)
    };
    let mut same = records.filter(|(other, record)| {
        *other != address
            && (other.kind() == address.kind() || alike.contains(&other.kind()))
            && (record.id.as_ref() == Some(id) || (record.id.is_none() && has_made(other)))
    });
    same.next().map(|(other, _)| other)
}
