//! Each resource as the page shows it: text that is ready to be shown.

use std::collections::BTreeMap;

use crate::engine::address::Address;
use crate::engine::plan::{Action, Change, Drift, FieldChange, Plan};

use super::super::action::{GRAVEST_FIRST, action_word, symbol};
use super::super::cost::{Cost, costs, field_cost};
use super::super::delta::{Delta, delta, fresh};
use super::super::harmless::harmless;
use super::super::holdings::holdings_lines;
use super::super::value::string;

/// One resource of the plan, or of the drift alone.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub address: String,
    pub kind: String,
    pub name: String,
    /// An action's name, or `drift`.
    pub action: &'static str,
    /// The same for people.
    pub word: &'static str,
    pub sign: &'static str,
    pub reason: String,
    pub costs: Vec<Cost>,
    /// True if nothing of it changes, so that it is out of the way.
    pub is_folded: bool,
    /// The places of others in the list.
    pub needs: Vec<usize>,
    pub needed_by: Vec<usize>,
    pub groups: Vec<Group>,
}

/// The title of what a new object starts with.
pub(super) const FIELDS: &str = "Fields";
/// The title of what changes of an object that is there.
pub(super) const CHANGES: &str = "Changes";

/// The title of the id of an object that is there.
pub(super) const OBJECT: &str = "The object";

/// Fields under a title.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub title: &'static str,
    pub fields: Vec<Field>,
}

/// One field, before and after.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub path: String,
    /// True for a value that the stack file does not say.
    pub is_default: bool,
    pub note: Option<String>,
    pub calls: Vec<String>,
    pub lines: Vec<Line>,
}

/// A line of a field: what goes (`-`), what comes (`+`), what changes (`~`), what is so.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub mark: &'static str,
    pub text: String,
}

/// All resources, the gravest action first.
pub(super) fn resources(plan: &Plan) -> Vec<Resource> {
    let drift: BTreeMap<&Address, &Drift> = plan.drift.iter().map(|drift| (&drift.address, drift)).collect();
    let changes: Vec<&Change> = GRAVEST_FIRST
        .into_iter()
        .flat_map(|action| plan.changes.iter().filter(move |change| change.action == action))
        .collect();
    let places: BTreeMap<&Address, usize> =
        changes.iter().enumerate().map(|(place, change)| (&change.address, place)).collect();
    let mut resources: Vec<Resource> = changes
        .iter()
        .map(|change| {
            let mut resource = planned(change);
            resource.needs = change.depends_on.iter().filter_map(|on| places.get(on).copied()).collect();
            let drift = drift.get(&change.address);
            resource.is_folded &= drift.is_none();
            resource.groups.extend(drift.into_iter().flat_map(|drift| drifted(drift)));
            resource
        })
        .collect();
    linked(&mut resources);
    let alone = plan.drift.iter().filter(|drift| !places.contains_key(&drift.address));
    resources.extend(alone.map(|drift| {
        let sign = if drift.gone { "-" } else { "~" };
        let reason = if drift.gone { "gone from AWS" } else { "changed outside" };
        Resource { groups: drifted(drift).collect(), ..blank(&drift.address, "drift", sign, reason) }
    }));
    resources
}

/// Tells each resource which others depend on it.
pub(super) fn linked(resources: &mut [Resource]) {
    for place in 0..resources.len() {
        for needed in resources[place].needs.clone() {
            resources[needed].needed_by.push(place);
        }
    }
}

/// A resource of which nothing is known but its address and what is done.
pub(super) fn blank(address: &Address, action: &'static str, sign: &'static str, reason: &str) -> Resource {
    let name = match address.member_name() {
        Some(member) => format!("{}/{member}", address.name()),
        None => address.name().to_owned(),
    };
    Resource {
        address: harmless(&address.to_string()).into_owned(),
        kind: harmless(address.kind()).into_owned(),
        name: harmless(&name).into_owned(),
        action,
        word: if action == Action::NoOp.name() { "unchanged" } else { action },
        sign,
        reason: harmless(reason).into_owned(),
        costs: Vec::new(),
        is_folded: false,
        needs: Vec::new(),
        needed_by: Vec::new(),
        groups: Vec::new(),
    }
}

fn planned(change: &Change) -> Resource {
    let sign = symbol(change.action, change.order).trim();
    let is_new =
        matches!(change.action, Action::Create | Action::Watch | Action::Forget) && change.keeps.is_none();
    let fields: Vec<Field> = change.fields.iter().filter_map(|one| field(one, is_new)).collect();
    let queued: Vec<Field> = change.queued.iter().filter_map(|one| field(one, false)).collect();
    let title = if change.queued.iter().all(|field| field.window.is_none()) {
        "Queued before, made at once with this change"
    } else {
        "Queued before, for the window"
    };
    let object = change.id.iter().map(|id| Field {
        path: "id".to_owned(),
        is_default: false,
        note: None,
        calls: Vec::new(),
        lines: vec![Line { mark: "", text: string(id.as_str()) }],
    });
    let left_out = change.blocked.iter().flat_map(|blocked| &blocked.fields);
    let left_out: Vec<Field> = left_out.filter_map(|one| field(one, false)).collect();
    let lost = holdings_lines(change);
    let lines = lost.iter().map(|line| Line { mark: "-", text: harmless(line).into_owned() }).collect();
    let data = Field { path: "data".to_owned(), is_default: false, note: None, calls: Vec::new(), lines };
    let data = Some(data).filter(|_| !lost.is_empty());
    let groups = [
        Group { title: "Left out for now", fields: left_out },
        Group { title: OBJECT, fields: object.collect() },
        Group { title: "What becomes of its data", fields: data.into_iter().collect() },
        Group { title: if is_new { FIELDS } else { CHANGES }, fields },
        Group { title, fields: queued },
    ];
    Resource {
        word: action_word(change),
        costs: costs(change),
        is_folded: changes_nothing(change),
        groups: groups.into_iter().filter(|group| !group.fields.is_empty()).collect(),
        ..blank(&change.address, change.action.name(), sign, &change.reason)
    }
}

/// True if the object stays as it is, now and in the window.
fn changes_nothing(change: &Change) -> bool {
    matches!(change.action, Action::Watch | Action::Forget | Action::NoOp)
        && change.queued.is_empty()
        && change.blocked.is_none()
}

fn drifted(drift: &Drift) -> impl Iterator<Item = Group> + use<> {
    let title = if drift.gone {
        "Gone from AWS since the last apply"
    } else {
        "Changed outside since the last apply"
    };
    let fields: Vec<Field> = drift.fields.iter().filter_map(|one| field(one, false)).collect();
    let outputs: Vec<Field> = drift.outputs.iter().filter_map(|one| field(one, false)).collect();
    let outside = (outputs.is_empty() || !fields.is_empty()).then_some(Group { title, fields });
    let changed = (!outputs.is_empty())
        .then_some(Group { title: "Outputs that AWS changed, recorded by apply", fields: outputs });
    outside.into_iter().chain(changed)
}

/// `None` for a field without a value of an object that is not there yet.
fn field(change: &FieldChange, is_new: bool) -> Option<Field> {
    let line = |mark, text| Line { mark, text };
    let lines = match if is_new { fresh(change)? } else { delta(change) } {
        Delta::Value { after, .. } if is_new => vec![line("", after)],
        Delta::Value { before, after } => vec![line("-", before), line("+", after)],
        Delta::Entries { entries, unchanged } => {
            let entry = |mark: &'static str| if is_new { "" } else { mark };
            let entries = entries.iter().map(|one| line(entry(one.mark.symbol()), one.pieces.join(" ")));
            let rest = (unchanged > 0).then(|| line("", format!("({unchanged} unchanged)")));
            entries.chain(rest).collect()
        }
    };
    let calls = change.calls.iter().map(|call| harmless(call).into_owned()).collect();
    let (path, is_default) = (string(&change.path), is_new && change.is_default);
    Some(Field { path, is_default, note: field_cost(change), calls, lines })
}
