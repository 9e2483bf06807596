//! The planner: desired, recorded and observed go in, a plan comes out. Pure, so that it can be tested as a table.

mod as_it_is;
mod blocked;
mod by_command;
mod decide;
mod doubled;
mod exchanged;
mod findings;
mod guards;
mod identity;
mod in_the_way;
mod in_vain;
mod leading;
mod loss;
mod moving;
mod naming;
mod network;
mod passed_over;
mod promoted;
mod put_aside;
mod refreshed;
mod renamed;
mod sightings;
mod strayed;
mod supplanted;
mod tags;
mod taken_back;
mod together;
mod under_way;
mod unfinished;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::engine::address::Address;
use crate::engine::blueprint::Blueprint;
use crate::engine::diff;
use crate::engine::graph::{self, Edges};
use crate::engine::ignored::theirs;
use crate::engine::kind::{Live, Registry};
use crate::engine::newer::Newer;
use crate::engine::plan::{
    Action, Change, Drift, FORMAT_VERSION, Finding, Level, Mode, Plan, ReplaceOrder, Response, StateVersion,
    Summary, Turn, account,
};
use crate::engine::remedy::{Way, hint_of};
use crate::engine::resource::{Effect, Found, Id};
use crate::engine::state::{Phase, State};
use crate::engine::steps::{self, Planned, Steps};

pub use identity::foreign;
pub use in_the_way::{RENAMED, UNRECORDED};
pub use naming::{is_about_data_on_its_way_out, is_about_lost_data};
pub use network::{NETWORK, destroys_beside_another, leaves_its_network};
pub use promoted::{ON_ITS_OWN, goes_on_with_a_copy};
pub use sightings::Sightings;
pub use tags::OWNERSHIP_TAGS;

/// Everything that a plan is made from.
pub struct Input<'a> {
    pub registry: &'a Registry,
    pub blueprint: &'a Blueprint,
    pub state: Option<&'a State>,
    pub sightings: &'a Sightings,
    pub account: &'a str,
    pub region: &'a str,
    /// The time that windows are counted from.
    pub now: Timestamp,
    pub options: &'a Options,
    pub safeguards: &'a Safeguards,
}

/// The safeguards of the stack file for objects that are to be destroyed, beyond what was applied last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Safeguards {
    /// Not deleted before their protection is turned off.
    pub protected: BTreeSet<Address>,
    /// Deleted only with a last snapshot.
    pub last_snapshot: BTreeSet<Address>,
    /// Deleted only where its backups stay.
    pub backups: BTreeSet<Address>,
    /// Everything that the stack file declares: a target of a destroy that is not recorded may be among it.
    pub declared: BTreeSet<Address>,
}

/// The user's request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    pub mode: Mode,
    /// Only these and what they need; all when empty.
    pub targets: BTreeSet<Address>,
    /// To be replaced, no matter what differs; also the word that lets go of data.
    pub replace: BTreeSet<Address>,
    /// Addresses of objects that stay, and whose change may delete data.
    pub allow_data_loss: BTreeSet<Address>,
}

/// The result of looking at one address.
#[derive(Clone, Debug, PartialEq)]
pub enum Sighting {
    /// The recorded object, or the one that an interrupted create had made.
    Live {
        id: Id,
        live: Live,
    },
    /// An object that is in the way: it has the natural key of a declaration, or is the stack's by its tags, and has no record.
    InTheWay {
        found: Found,
        /// Others that may be meant as well.
        beside: Vec<Found>,
    },
    /// Another object has the declared name, or stands there with the tags of one that is gone. The recorded one is gone, or
    /// `live` under another name.
    Supplanted {
        recorded: Id,
        live: Option<Live>,
        /// The objects that stand there, the likeliest first.
        found: Vec<Found>,
    },
    Gone,
    /// A newer version of the program recorded it: AWS was not asked, and nothing is known of it.
    NotAsked {
        because: Newer,
    },
}

impl Sighting {
    /// The recorded object, if it is there.
    pub fn live(&self) -> Option<(&Id, &Live)> {
        match self {
            Self::Live { id, live } | Self::Supplanted { recorded: id, live: Some(live), .. } => {
                Some((id, live))
            }
            Self::InTheWay { .. }
            | Self::Supplanted { live: None, .. }
            | Self::Gone
            | Self::NotAsked { .. } => None,
        }
    }

    /// The objects in the place of the recorded one, or of one that is to be made.
    pub fn found(&self) -> impl Iterator<Item = &Found> {
        let (first, others): (Option<&Found>, &[Found]) = match self {
            Self::InTheWay { found, beside } => (Some(found), beside),
            Self::Supplanted { found, .. } => (None, found),
            Self::Live { .. } | Self::Gone | Self::NotAsked { .. } => (None, &[]),
        };
        first.into_iter().chain(others)
    }

    /// True if the recorded object is not there any more.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone | Self::Supplanted { live: None, .. })
    }
}

/// A plan with the steps that carry it out.
#[derive(Clone, Debug)]
pub struct Planning {
    pub plan: Plan,
    pub steps: Steps,
    /// The addresses that options name in vain, with those that were meant, as far as there are such.
    pub meant: BTreeMap<Address, Option<Address>>,
}

/// Makes the plan.
///
/// A plan with errors among its findings says what would be done, and must not be carried out.
pub fn plan(input: &Input<'_>) -> Planning {
    let leaves = |state| network::leaves_its_network(state, input.blueprint, input.sightings);
    if let Some(left) = input.state.and_then(leaves) {
        // Nothing is planned for another network: there is no way there.
        let plan = document(input, BTreeMap::new(), vec![left]);
        return Planning { plan, steps: Steps::default(), meant: BTreeMap::new() };
    }
    let mut findings = Vec::new();
    let refers_to = input.blueprint.references();
    let recorded_on = recorded_dependencies(input.state);
    let all = refers_to.keys().chain(recorded_on.keys()).cloned().collect();
    let selected = select(input, &refers_to, &recorded_on, &all);
    let meant = in_vain::in_vain(input, &all, &selected, &mut findings);
    if input.options.mode == Mode::Apply {
        findings.extend(doubled::doubled(input));
    }
    let mut changes = match graph::order(&refers_to) {
        Ok(order) if input.options.mode != Mode::RefreshOnly => {
            decide::changes(input, &order, &selected, &mut findings)
        }
        Ok(_) => BTreeMap::new(),
        Err(addresses) => {
            findings.push(findings::circle(&steps::Circle { addresses }));
            BTreeMap::new()
        }
    };
    under_way::hold(input, &mut changes, &mut findings);
    by_command::leave(input, &mut changes, &mut findings);
    blocked::block(input, &refers_to, &recorded_on, &mut changes, &mut findings);
    findings.extend(changes.values().filter_map(|change| guards::snapshot_refused(input, change)));
    let in_two = moving::in_two_parts(input, [&refers_to, &recorded_on], &mut changes);
    let planned = changes
        .iter()
        .map(|(address, change)| {
            let one = Planned {
                action: change.action,
                refers_to: refers_to.get(address).cloned().unwrap_or_default(),
                recorded_on: recorded_on.get(address).cloned().unwrap_or_default(),
                create_first: change.is_create_first(),
                goes_on: change.keeps.is_some(),
                in_two: in_two.contains(address),
                leads: leading::led(input, change, &refers_to, &changes),
                freed_of: leading::freed_of(input, change, &recorded_on, &changes),
                loose: leading::loose(input, address),
            };
            (address.clone(), one)
        })
        .collect();
    let steps = steps::lay_out(&planned).unwrap_or_else(|circle| {
        findings.push(findings::circle(&circle));
        Steps::default()
    });
    for (address, order) in &steps.orders {
        if let Some(change) = changes.get_mut(address) {
            change.order = Some(*order);
            if *order == ReplaceOrder::DeleteFirst {
                change.goes.iter_mut().for_each(|going| going.turn = Turn::Before);
            }
        }
    }
    for (address, change) in changes.iter().filter(|(_, change)| change.is_create_first()) {
        let desired = decide::desired(input, address, &changes);
        findings.extend(desired.and_then(|desired| findings::colliding_replacement(input, change, &desired)));
    }
    for (address, change) in &mut changes {
        let on = refers_to.get(address).or_else(|| recorded_on.get(address));
        change.depends_on = on.cloned().unwrap_or_default();
    }
    findings.extend(findings::newer(input, &selected));
    findings.extend(findings::words(input, &selected));
    findings.extend(refreshed::of_others(input, &selected));
    if input.options.mode == Mode::Destroy {
        findings.extend(passed_over::passed_over(input));
    }
    findings.sort();
    findings.dedup();
    let mut plan = document(input, changes, findings);
    plan.drift = all_drift(input, &plan.changes);
    plan.drift.retain(|drift| !under_way::is_held(input, &drift.address));
    Planning { plan, steps, meant }
}

/// The plan as a document, without what changed outside.
fn document(input: &Input<'_>, changes: BTreeMap<Address, Change>, findings: Vec<Finding>) -> Plan {
    let mut changes: Vec<Change> = changes.into_values().collect();
    for change in &mut changes {
        change.account = account(change);
    }
    Plan {
        format_version: FORMAT_VERSION.to_owned(),
        stack: input.blueprint.stack.clone(),
        stack_file: String::new(),
        cluster: input.blueprint.cluster.as_ref().and_then(|cluster| cluster.name.clone()),
        account: input.account.to_owned(),
        region: input.region.to_owned(),
        state: input.state.map_or_else(
            || StateVersion { lineage: String::new(), serial: 0 },
            |state| StateVersion { lineage: state.lineage.clone(), serial: state.serial },
        ),
        mode: input.options.mode,
        summary: Summary::of(&changes),
        rendered: Vec::new(),
        drift: Vec::new(),
        changes,
        preflight: findings,
        digest: None,
    }
}

fn recorded_dependencies(state: Option<&State>) -> Edges<Address> {
    let records = state.into_iter().flat_map(|state| &state.resources);
    records
        .map(|(address, record)| {
            let mut on = record.depends_on.clone();
            on.extend(record.predecessors().flat_map(|old| old.depends_on.iter().cloned()));
            (address.clone(), on)
        })
        .collect()
}

/// The addresses that the plan is about: all, or the targets with what they need to exist (or to be deleted).
fn select(
    input: &Input<'_>,
    refers_to: &Edges<Address>,
    recorded_on: &Edges<Address>,
    all: &BTreeSet<Address>,
) -> BTreeSet<Address> {
    if input.options.targets.is_empty() {
        return all.clone();
    }
    let targets = taken_back::with_parts(input, &input.options.targets);
    // An object that is let go of stays in AWS, and so does everything that uses it.
    let is_let_go = |target: &&Address| {
        let record = input.state.and_then(|state| state.resources.get(*target));
        record.is_some_and(|record| taken_back::is_taken_back(input, target, record))
    };
    match input.options.mode {
        // All that stands on the cluster's own would go, and that itself stays.
        Mode::Destroy if targets.iter().any(|target| in_vain::is_watched(input, target)) => BTreeSet::new(),
        Mode::Destroy => {
            let (let_go, deleted): (BTreeSet<Address>, BTreeSet<Address>) =
                targets.into_iter().partition(|target| is_let_go(&target));
            let deleted = graph::closure(&graph::reversed(&tied(input, recorded_on)), deleted);
            deleted.into_iter().chain(let_go).collect()
        }
        Mode::Apply | Mode::RefreshOnly => graph::closure(refers_to, targets),
    }
}

/// The dependencies without those that an object outlives: it stays when they go.
fn tied(input: &Input<'_>, recorded_on: &Edges<Address>) -> Edges<Address> {
    let mut tied = recorded_on.clone();
    for (user, on) in &mut tied {
        if let Some(manager) = input.registry.managing(user.kind()) {
            on.retain(|used| !manager.outlives(used.kind()));
        }
    }
    tied
}

fn all_drift(input: &Input<'_>, changes: &[Change]) -> Vec<Drift> {
    let records = input.state.into_iter().flat_map(|state| &state.resources);
    records
        .filter(|(_, record)| record.phase == Phase::Ready)
        .filter_map(|(address, record)| {
            let mut drift = Drift {
                address: address.clone(),
                kind: address.kind().to_owned(),
                gone: false,
                fields: Vec::new(),
                outputs: Vec::new(),
                response: Response::Recorded,
            };
            match input.sightings.get(address)? {
                Sighting::Gone | Sighting::Supplanted { live: None, .. } => drift.gone = true,
                Sighting::Live { id, live } | Sighting::Supplanted { recorded: id, live: Some(live), .. } => {
                    let manager = input.registry.managing(address.kind()).filter(|_| !record.watched);
                    drift.fields = manager
                        .map(|kind| diff::drift(kind.fields(), &record.inputs, &live.inputs))
                        .unwrap_or_default();
                    let left = |name: &str| {
                        let field =
                            manager.and_then(|kind| kind.fields().iter().find(|field| field.name == name));
                        field.is_some_and(|field| input.blueprint.ignores(address, field))
                            || theirs(live).any(|field| field == name)
                    };
                    drift.fields.retain(|field| !left(&field.path));
                    // A field that only waits for its window is as it was recorded, and is told of as queued.
                    drift.fields.retain(|field| {
                        live.in_force.is_empty() || live.in_force.get(&field.path) != field.before.as_ref()
                    });
                    // Told of where they are written right, or where the plan is about something else.
                    let planned = changes.iter().find(|change| change.address == *address);
                    let is_told = planned
                        .is_none_or(|change| change.fields.iter().any(|field| field.path == OWNERSHIP_TAGS));
                    if input.options.mode == Mode::Apply && is_told {
                        drift.fields.extend(tags::drift(input, address, record));
                    }
                    // The declared object of the cluster may be another one than the recorded.
                    if record.id.as_ref() == Some(id) {
                        let changed = diff::changed_outputs(&record.outputs, &live.outputs, &live.condition);
                        let said = |path: &str| drift.fields.iter().any(|field| field.path == path);
                        drift.outputs = changed.into_iter().filter(|output| !said(&output.path)).collect();
                    }
                }
                _ => return None,
            }
            let action = changes.iter().find(|change| change.address == *address).map(|change| change.action);
            drift.response = match response(input.options.mode, action, &drift) {
                Response::Recorded if refreshed::is_of_others(input, address, record) => Response::LeftAlone,
                Response::Recorded if by_command::is_left(input, changes, address) => Response::LeftAlone,
                Response::MadeAgain | Response::Recorded
                    if naming::is_kept_for_naming(input, address, record) =>
                {
                    Response::OnlyWhenNamed
                }
                other => other,
            };
            (drift.gone || !drift.fields.is_empty() || !drift.outputs.is_empty()).then_some(drift)
        })
        .collect()
}

fn response(mode: Mode, action: Option<Action>, drift: &Drift) -> Response {
    match action {
        Some(Action::Update) if !drift.gone && drift.fields.is_empty() => Response::Recorded,
        // A part of the network that something still needs.
        Some(Action::NoOp) if drift.gone => Response::LeftAlone,
        Some(Action::Update) => Response::PutRight,
        Some(Action::Create | Action::Replace) => Response::MadeAgain,
        Some(Action::Delete | Action::Forget) => Response::LetGo,
        Some(Action::NoOp | Action::Watch) => Response::Recorded,
        None if mode == Mode::RefreshOnly => Response::Recorded,
        None => Response::LeftAlone,
    }
}

/// A change of which nothing is said yet but what is done and why.
fn change(address: &Address, action: Action, reason: impl Into<String>) -> Change {
    Change {
        address: address.clone(),
        kind: address.kind().to_owned(),
        action,
        id: None,
        reason: reason.into(),
        effect: Effect::None,
        account: Vec::new(),
        fields: Vec::new(),
        queued: Vec::new(),
        data: None,
        order: None,
        keeps: None,
        goes: Vec::new(),
        depends_on: BTreeSet::new(),
        blocked: None,
    }
}

fn error(check: &str, address: &Address, message: String, hint: Option<String>) -> Finding {
    let address = Some(address.clone());
    Finding { check: check.to_owned(), address, level: Level::Error, message, hint, remedies: Vec::new() }
}

/// An error whose hint is data.
fn remedied(check: &str, address: &Address, message: String, remedies: Vec<Way>) -> Finding {
    Finding { hint: hint_of(&remedies), remedies, ..error(check, address, message, None) }
}
