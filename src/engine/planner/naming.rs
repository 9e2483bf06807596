//! Data that was lost, or would be, without being named: the findings that ask for its name.

use super::loss::is_leaving;
use super::{Input, Sighting, error, promoted, remedied, renamed};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::kind::{Gone, Live, Manager, WhenGone};
use crate::engine::plan::{Action, Change, Finding, Level, Mode};
use crate::engine::remedy::{Remedy, Way};
use crate::engine::resource::{Effect, Id, Role};
use crate::engine::state::{Lost, Phase, Record};

/// The check that finds an object with data deleted by other hands than ours.
const GONE: &str = "gone";
/// The check that finds data that would be lost from view.
const LOSS: &str = "data-loss";
/// The check that finds one being deleted.
const GOING: &str = "going";

/// True for a finding about data that was deleted outside of provision.
pub fn is_about_lost_data(finding: &Finding) -> bool {
    finding.check == GONE || finding.check == GOING
}

/// True for a finding about data that is still being deleted.
pub fn is_about_data_on_its_way_out(finding: &Finding) -> bool {
    finding.check == GOING
}

/// A recorded object with data that is not there any more: a new one would be empty, so that it is made only when named.
pub(super) fn gone(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    record: Option<&Record>,
) -> Option<Finding> {
    if let Some(Lost { id, .. }) = record.and_then(|record| record.lost.as_deref()) {
        return (!input.options.replace.contains(address)).then(|| made_anew(input, address, manager, id));
    }
    let id = record.and_then(|record| record.id.as_ref())?;
    if let Some((words, ways)) = without_data(input, address, manager, record) {
        let WhenGone { since, anew, .. } = words;
        let message = format!(
            "{id} is gone from AWS, and provision did not delete it: {since}; a new one would {anew}"
        );
        if goes_with_a_named_one(input, address) {
            let warning = Finding { level: Level::Warning, ..remedied(GONE, address, message, Vec::new()) };
            return (!overwrites(input, address, manager)).then_some(warning);
        }
        return must_be_named(input, manager, record, address)
            .then(|| remedied(GONE, address, message, ways));
    }
    let by_us = is_deleted_by_us(record);
    let new = New::of(input, address, manager);
    let would_be = new.would_be();
    let message = match by_us {
        true => format!("{id} was deleted by an earlier run; a new one would {would_be}"),
        false => {
            format!("{id} is gone from AWS, and provision did not delete it; a new one would {would_be}")
        }
    };
    let copies = promoted::ways(input, address).into_iter();
    let ways = copies.chain(ways_on(address, by_us, new)).collect();
    must_be_named(input, manager, record, address).then(|| remedied(GONE, address, message, ways))
}

/// A new one was named for the place of a lost one, and the run that was to make it did not get to it: that holds, and is said
/// once more while the data can still be had again.
fn made_anew(input: &Input<'_>, address: &Address, manager: &dyn Manager, id: &Id) -> Finding {
    let would_be = New::of(input, address, manager).would_be();
    let message = format!(
        "{id} is gone from AWS, and provision did not delete it; an earlier run was told to make a new one, which would {would_be}"
    );
    Finding { level: Level::Warning, ..remedied(GONE, address, message, Vec::new()) }
}

/// The words on one that held no data of its own, and the ways on.
fn without_data(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    record: Option<&Record>,
) -> Option<(WhenGone, Vec<Way>)> {
    let record = record?;
    let own = |id: &str| {
        let mut records = input.state.into_iter().flat_map(|state| &state.resources);
        let is_it = |one: &Record| !one.watched && one.id.as_ref().is_some_and(|its| its.as_str() == id);
        records.find(|(_, one)| is_it(one)).map(|(address, _)| address)
    };
    let overwrites = overwrites(input, address, manager);
    let (inputs, outputs) = (&record.inputs, &record.outputs);
    let words = manager.when_gone(&Gone { address, inputs, outputs, own: &own, overwrites })?;
    let (aim, edit) = &words.without;
    let again = match overwrites {
        true => allow_data_loss(address),
        false => Remedy::Replace { address: address.clone() },
    };
    let ways = vec![Way::to(aim, [Remedy::by_hand(edit), Remedy::Apply]), Way::to(&words.purpose, [again])];
    Some((words, ways))
}

/// True where a new object overwrites the data of another one.
fn overwrites(input: &Input<'_>, address: &Address, manager: &dyn Manager) -> bool {
    match input.blueprint.declarations.get(address) {
        Some(Declaration::Managed { inputs }) => manager.overwrites(inputs),
        Some(Declaration::Watched { .. }) | None => false,
    }
}

/// True for one that belongs to an object which is made anew by name: the new one has its own.
fn goes_with_a_named_one(input: &Input<'_>, address: &Address) -> bool {
    let declared = input.blueprint.declarations.get(address);
    let named = |on: &Address| {
        input.options.replace.contains(on)
            && input.registry.managing(on.kind()).is_some_and(|kind| kind.holds_data())
            && input.sightings.get(on).is_some_and(Sighting::is_gone)
    };
    declared.is_some_and(|declared| declared.references().iter().any(named))
}

fn allow_data_loss(address: &Address) -> Remedy {
    Remedy::by_hand(format!("provision apply --allow-data-loss {address}"))
}

/// A new object that overwrites the data of another one, unless that is allowed by name.
pub(super) fn overwriting(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    record: Option<&Record>,
    decision: &Change,
) -> Option<Finding> {
    // Of one that is gone or going this is said already.
    let is_told = record.is_some_and(|record| record.id.is_some())
        && must_be_named(input, manager, record, address)
        && decision
            .goes
            .iter()
            .all(|going| input.sightings.object(address, &going.id).is_some_and(is_leaving));
    if is_told || input.options.allow_data_loss.contains(address) {
        return None;
    }
    let message = "it overwrites or deletes what differs in a file system that is there".to_owned();
    let ways = vec![
        Way::of([Remedy::by_hand("leave `file_system` out, for a new copy")]),
        Way::to("to lose what is in it", [allow_data_loss(address)]),
    ];
    Some(remedied(LOSS, address, message, ways))
}

/// The same for one that nothing declares any more, beside a new one of its kind: that may be the same one under another name, and its
/// record is all that says what was lost.
pub(super) fn gone_beside_a_new_one(
    input: &Input<'_>,
    address: &Address,
    record: &Record,
) -> Option<Finding> {
    let manager = input.registry.managing(address.kind())?;
    let id = record.id.as_ref()?;
    let is_lost = manager.holds_data()
        && must_be_named(input, manager, Some(record), address)
        && !is_deleted_by_us(Some(record));
    let new = renamed::undeclared_before(input, address.kind()).next()?;
    let message = format!(
        "{id} is gone from AWS, and provision did not delete it; it is no longer declared, and {new} is new and would be empty"
    );
    let forget = Remedy::Forget { address: address.clone() };
    let hint = match renamed::hint(input, address) {
        Some(renamed) => format!("{renamed}; if it was not, to do without it: {forget}"),
        None => format!("to do without it: {forget}"),
    };
    (input.options.mode == Mode::Apply && is_lost).then(|| error(LOSS, address, message, Some(hint)))
}

/// The same for one that is being deleted.
pub(super) fn going(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    record: Option<&Record>,
    live: &Live,
) -> Option<Finding> {
    let id = record.and_then(|record| record.id.as_ref())?;
    if let Some((words, ways)) = without_data(input, address, manager, record) {
        let WhenGone { since, anew, .. } = words;
        let message = format!(
            "{id} is being deleted, and not by provision: when it is gone, {since}; a new one would {anew}"
        );
        return (is_leaving(live) && must_be_named(input, manager, record, address))
            .then(|| remedied(GOING, address, message, ways));
    }
    let by_us = is_deleted_by_us(record);
    let hands = if by_us { "as an earlier run asked" } else { "and not by provision" };
    let new = New::of(input, address, manager);
    let would_be = new.would_be();
    let message =
        format!("{id} is being deleted, {hands}; that cannot be undone, and a new one would {would_be}");
    (is_leaving(live) && must_be_named(input, manager, record, address))
        .then(|| remedied(GOING, address, message, ways_on(address, by_us, new)))
}

/// The data of a new object in the place of a lost one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum New {
    Empty,
    /// The one of the backup which this option names.
    Restored(&'static str),
}

impl New {
    fn of(input: &Input<'_>, address: &Address, manager: &dyn Manager) -> Self {
        let Some(Declaration::Managed { inputs }) = input.blueprint.declarations.get(address) else {
            return Self::Empty;
        };
        let origin = Role::Origin.field(manager.fields()).filter(|field| inputs.contains_key(*field));
        origin.map_or(Self::Empty, Self::Restored)
    }

    fn would_be(self) -> String {
        match self {
            Self::Empty => "be empty".to_owned(),
            Self::Restored(option) => format!("have the data of its `{option}`, and nothing newer"),
        }
    }

    fn purpose(self) -> &'static str {
        match self {
            Self::Empty => "for a new, empty one",
            Self::Restored(_) => "for a new one with that data",
        }
    }
}

fn ways_on(address: &Address, by_us: bool, new: New) -> Vec<Way> {
    let replace = Way::to(new.purpose(), [Remedy::Replace { address: address.clone() }]);
    if by_us {
        let destroy = Remedy::Destroy { address: address.clone() };
        return vec![Way::to("to go on with its deletion", [destroy]), replace];
    }
    let forget = Remedy::Forget { address: address.clone() };
    let without = Way::to("to do without it", [Remedy::by_hand("take it out of the stack file"), forget]);
    vec![replace, without]
}

/// True for what a run of ours was deleting, which was stopped before the end.
pub(super) fn is_deleted_by_us(record: Option<&Record>) -> bool {
    record.is_some_and(|record| record.phase == Phase::Deleting && record.predecessor.is_none())
}

/// True where data was lost, and its place is to be taken by something empty that was not named. An object that was never ready
/// held none. That a run of ours deleted it says nothing of a new one: it may have been a destroy.
fn must_be_named(
    input: &Input<'_>,
    manager: &dyn Manager,
    record: Option<&Record>,
    address: &Address,
) -> bool {
    let was_ready = record.is_some_and(|record| matches!(record.phase, Phase::Ready | Phase::Updating));
    if input.options.replace.contains(address) {
        return false;
    }
    if !manager.holds_data() && goes_with_a_named_one(input, address) {
        return false;
    }
    match manager.holds_data() {
        true => was_ready || is_deleted_by_us(record),
        false => {
            manager.is_named_when_gone() && was_ready && !input.options.allow_data_loss.contains(address)
        }
    }
}

/// True for an address whose data is gone, and that is not to be made anew.
pub(super) fn is_kept_for_naming(input: &Input<'_>, address: &Address, record: &Record) -> bool {
    let gone = matches!(input.sightings.get(address), Some(Sighting::Gone));
    let manager = input.registry.managing(address.kind());
    gone && manager.is_some_and(|manager| must_be_named(input, manager, Some(record), address))
}

/// Fields whose change deletes data, unless that is allowed by name. The object itself stays.
pub(super) fn unnamed(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    change: &Change,
) -> Vec<Finding> {
    // What was never ready held nothing: an earlier run did not get to give it all that was declared.
    let record = input.state.and_then(|state| state.resources.get(address));
    let is_new = record.is_some_and(|record| record.phase == Phase::Creating && record.predecessor.is_none());
    if change.action != Action::Update || is_new || input.options.allow_data_loss.contains(address) {
        return Vec::new();
    }
    let losing = change.fields.iter().filter(|field| field.effect == Effect::DataLoss);
    losing
        .map(|field| {
            let known = manager.fields().iter().find(|known| known.name == field.path);
            let what = known.and_then(|known| known.loses).unwrap_or("data");
            error(
                "data-loss",
                address,
                format!("the change of {} deletes {what}", field.path),
                Some(format!(
                    "undo that change; or, to lose them: provision apply --allow-data-loss {address}"
                )),
            )
        })
        .collect()
}
