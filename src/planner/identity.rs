//! Findings about whose an object is, and the update by which an object that was taken over gets its ownership tags.

use serde_json::{Map, Value};

use super::findings::UNRECORDED;
use super::{Input, change, error, renamed};
use crate::address::Address;
use crate::kind::{Live, Manager};
use crate::plan::{Action, Change, FieldChange, Finding, Level};
use crate::resource::{Effect, Found, Id, Owner, Ownership, Whose, tag};
use crate::state::State;

/// What a plan calls the ownership tags among the fields of a change.
pub const OWNERSHIP_TAGS: &str = "ownership tags";

/// What forbids changing a recorded object: it belongs to another state or stack, or has lost its tags.
pub fn foreign(owner: &Owner, id: &Id, live: &Live, claimed: bool, action: Action) -> Option<Finding> {
    let address = &owner.address;
    let forget = format!("provision state forget {address}");
    let import = format!("provision import {address}={id}");
    // Without tags, the network tells where the whole stack stands, and the finding `network` says so.
    if claimed || live.ownership == Ownership::Inherited {
        return None;
    }
    match owner.whose(&live.ownership, live.vpc.as_ref()) {
        Whose::Ours | Whose::Moved { .. } | Whose::Inherited => None,
        Whose::Untagged if action == Action::NoOp => None,
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
                "if that state lives, use it: --state; to take back all that it took: provision state rebuild --take-over \
                 {lineage}; to leave this to it: {forget}"
            )),
        )),
        whose => Some(error(
            "ownership",
            address,
            format!("{id} belongs to {}, so it is not changed", owner.belonging(&whose)),
            Some(format!("to let go of it: {forget}")),
        )),
    }
}

/// The change with the writing of ownership tags, where the object was taken over or has moved to this address.
pub(super) fn with_claim(
    decision: Change,
    manager: &dyn Manager,
    owner: &Owner,
    live: &Live,
    claimed: bool,
) -> Change {
    let moved = matches!(owner.whose(&live.ownership, live.vpc.as_ref()), Whose::Moved { .. });
    if manager.claim_calls().is_empty() || !(claimed || moved) {
        return decision;
    }
    let text = |tags: Vec<(&str, &str)>| -> Map<String, Value> {
        tags.into_iter().map(|(key, value)| (key.to_owned(), Value::from(value))).collect()
    };
    let before = match &live.ownership {
        Ownership::Tagged { stack, address, lineage, cluster } => {
            let optional = [(tag::LINEAGE, lineage), (tag::CLUSTER, cluster)];
            let optional = optional.into_iter().filter_map(|(key, value)| Some((key, value.as_deref()?)));
            text(
                [(tag::STACK, stack.as_str()), (tag::ADDRESS, address)].into_iter().chain(optional).collect(),
            )
        }
        _ => Map::new(),
    };
    let tags = owner.tags();
    let after = text(tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect());
    let field = FieldChange {
        path: OWNERSHIP_TAGS.to_owned(),
        before: Some(Value::Object(before)),
        after: Some(Value::Object(after)),
        unknown: false,
        sensitive: false,
        effect: Effect::None,
        calls: manager.claim_calls().iter().map(|call| call.name.to_owned()).collect(),
        window: None,
        takes_back: false,
    };
    let reason = if claimed { "it was taken over" } else { "it was recorded under another address" };
    match decision.action {
        Action::NoOp => Change {
            fields: vec![field],
            queued: decision.queued,
            keeps: decision.keeps,
            goes: decision.goes,
            ..change(&owner.address, Action::Update, format!("{reason}; its ownership tags are written"))
        },
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

/// An object that has the name of something that is not recorded.
pub(super) fn in_the_way(input: &Input<'_>, owner: &Owner, found: &Found) -> Finding {
    let (address, id) = (&owner.address, &found.id);
    if let Some(other) = recorded_at(input, address, id) {
        return error(
            "name-taken",
            address,
            format!("{id} has this name already: it is {other} of this stack"),
            Some(renamed::from_recorded(input, other, address)),
        );
    }
    let import = format!("provision import {address}={id}");
    let by_name = input.registry.managing(address.kind()).is_some_and(|kind| !kind.natural_key().is_empty());
    let rebuild = "put the lost state file back, or have it made anew: provision state \
                   rebuild";
    let whose = owner.whose(&found.ownership, found.vpc.as_ref());
    // A state that manages nothing yet takes its objects from no other one that lives.
    let is_lost = !input.state.is_some_and(State::manages_anything);
    let (check, what, hint) = match &whose {
        Whose::OtherState { address: tagged, .. }
            if is_lost && (by_name || *tagged == address.to_string()) =>
        {
            (UNRECORDED, format!("it is {tagged} of this stack, and no state knows it"), rebuild.to_owned())
        }
        Whose::Ours => (
            UNRECORDED,
            "it carries this stack's tags, but the state does not know it".to_owned(),
            rebuild.to_owned(),
        ),
        Whose::Moved { address: tagged, .. } if by_name && is_lost => {
            (UNRECORDED, format!("it is {tagged} of this stack, and no state knows it"), rebuild.to_owned())
        }
        Whose::Moved { address: tagged, .. } => (
            "unclaimed",
            format!("it is {tagged} of this stack, and the state does not know it"),
            format!("to take it over: {import}; to leave it to nothing, take its provision:stack tag off"),
        ),
        Whose::OtherState { lineage, address: tagged } => {
            let take = if by_name || *tagged == address.to_string() {
                format!("provision state rebuild --take-over {lineage}")
            } else {
                format!("{import} --take-over {lineage}")
            };
            (
                if by_name { "name-taken" } else { "unclaimed" },
                format!("it belongs to {}", owner.belonging(&whose)),
                format!(
                    "if that state lives, use it: --state; if it is lost, take over what it made: {take}"
                ),
            )
        }
        Whose::Elsewhere { .. } => (
            "name-taken",
            format!("it belongs to {}", owner.belonging(&whose)),
            "give this stack another name: `stack:` in the stack file".to_owned(),
        ),
        Whose::OtherStack { stack, .. } => (
            "name-taken",
            format!("it belongs to {}", owner.belonging(&whose)),
            format!(
                "choose another name in the stack file; if this stack was called {stack} before: provision state move \
                 stack.{stack} stack.{}",
                owner.stack
            ),
        ),
        Whose::OfCluster { .. } => (
            "name-taken",
            format!("it belongs to {}", owner.belonging(&whose)),
            "choose another name in the stack file".to_owned(),
        ),
        Whose::Untagged | Whose::Inherited => (
            "name-taken",
            "it was not made by provision".to_owned(),
            format!("to manage it as it is: {import}; or choose another name in the stack file"),
        ),
    };
    let message = match check {
        "unclaimed" => format!("{id} stands unclaimed: {what}"),
        _ => format!("{id} has this name already: {what}"),
    };
    error(check, address, message, Some(hint))
}

/// Another object has the declared name, and the recorded one is gone or has another name.
pub(super) fn supplanted(
    input: &Input<'_>,
    owner: &Owner,
    recorded: &Id,
    live: Option<&Live>,
    found: &Found,
) -> Finding {
    let (address, id) = (&owner.address, &found.id);
    let became = match live {
        None => format!("{recorded} is gone from AWS, and {id} has its name"),
        Some(live) => {
            let names = input.registry.managing(address.kind()).map(|kind| kind.natural_key());
            let names =
                names.unwrap_or_default().iter().filter_map(|field| live.inputs.get(*field)?.as_str());
            let names: Vec<&str> = names.collect();
            format!(
                "{recorded} is called {} in AWS, and {id} has the name that is declared",
                names.join(", ")
            )
        }
    };
    let whose = owner.whose(&found.ownership, found.vpc.as_ref());
    let import = format!("provision import {address}={id}");
    let (what, hint) = match &whose {
        _ if let Some(other) = recorded_at(input, address, id) => (
            format!("it is {other} of this stack"),
            format!("choose another name in the stack file for {address}, or first give {other} another one"),
        ),
        Whose::Ours | Whose::Moved { .. } => {
            ("it carries this stack's tags".to_owned(), format!("to take {id} over: {import}"))
        }
        Whose::Inherited => ("another one was made there".to_owned(), format!("to take {id} over: {import}")),
        Whose::Untagged => (
            "it was not made by provision".to_owned(),
            format!("to take {id} over: {import}; or choose another name in the stack file"),
        ),
        Whose::OtherState { lineage, .. } => (
            format!("it belongs to {}", owner.belonging(&whose)),
            format!("to take {id} over: {import} --take-over {lineage}"),
        ),
        Whose::Elsewhere { .. } | Whose::OtherStack { .. } | Whose::OfCluster { .. } => (
            format!("it belongs to {}", owner.belonging(&whose)),
            "choose another name in the stack file".to_owned(),
        ),
    };
    error("supplanted", address, format!("{became}: {what}"), Some(hint))
}

/// A record that goes although another object has its name: that one is not touched.
pub(super) fn left_alone(address: &Address, recorded: &Id, found: &Found) -> Finding {
    let message = format!("{recorded} is gone from AWS; {}, which has its name, is left alone", found.id);
    Finding { level: Level::Warning, ..error("supplanted", address, message, None) }
}

/// The other address at which the state records the object.
fn recorded_at<'a>(input: &Input<'a>, address: &Address, id: &Id) -> Option<&'a Address> {
    let records = input.state.into_iter().flat_map(|state| &state.resources);
    let mut same = records.filter(|(other, record)| {
        *other != address && other.kind() == address.kind() && record.id.as_ref() == Some(id)
    });
    same.next().map(|(other, _)| other)
}
