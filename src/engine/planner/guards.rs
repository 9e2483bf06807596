//! The guards before a deletion or a replacement: it is named, protection is off, and AWS takes the final snapshot.

use super::findings::{cure, is_protected_by_aws, never_made};
use super::{Input, Sighting, as_it_is, loss, naming, put_aside, remedied, renamed, strayed};
use crate::engine::address::Address;
use crate::engine::blueprint::Declaration;
use crate::engine::document::Document;
use crate::engine::kind::{Live, Manager};
use crate::engine::plan::{Action, Change, FieldChange, Finding, Mode};
use crate::engine::remedy::{Remedy, Way, hint_of};
use crate::engine::resource::{Class, Deletion, Effect, Field, Role, Status};
use crate::engine::state::Record;

pub(super) fn data_loss_by_replacement(
    input: &Input<'_>,
    address: &Address,
    manager: &dyn Manager,
    record: Option<&Record>,
    decision: &Change,
) -> Option<Finding> {
    let going: Vec<&Live> =
        decision.goes.iter().filter_map(|going| input.sightings.object(address, &going.id)).collect();
    let live = going.iter().copied().find(|live| !loss::is_leaving(live));
    if live.is_none() {
        return going.first().and_then(|live| naming::going(input, address, manager, record, live));
    }
    if !manager.holds_data() {
        let left = live.and_then(|live| put_aside::protected(input, manager, record, live, decision));
        return left.or_else(|| protected(input, address, record, live, &for_now(input, decision)));
    }
    if !input.options.replace.contains(address) {
        let back = for_now(input, decision);
        let again = back.iter().find_map(|step| match step {
            Remedy::ByHand { what } if !what.starts_with(as_it_is::LEAVE) => {
                Some("write that change into the stack file again".to_owned())
            }
            Remedy::Write { options, .. } => {
                let options: Vec<String> = options.keys().map(|option| format!("`{option}`")).collect();
                Some(format!("take {} out of the stack file again", options.join(" and ")))
            }
            _ => None,
        });
        let mut steps = let_go(input, address, record, live, &back);
        if !steps.is_empty() {
            steps.extend(again.map(Remedy::by_hand));
        }
        steps.push(Remedy::Replace { address: address.clone() });
        let as_it_is = || as_it_is::steps(input, manager, decision, live.map(|live| &live.inputs));
        let (why, keep) = match live.and_then(|live| strayed::strayed(input, address, live)) {
            Some((why, back)) => {
                let again = Remedy::by_hand("when that is done, run the same command again");
                let back = back.unwrap_or_else(|| Remedy::by_hand("bring it into the network of the stack"));
                (why, vec![back, again])
            }
            None => (decision.reason.clone(), as_it_is()),
        };
        return Some(remedied(
            "data-loss",
            address,
            format!("it would be replaced, and its data lost: {why}"),
            vec![Way::of(keep), Way::to("to lose the data", steps)],
        ));
    }
    protected(input, address, record, live, &for_now(input, decision))
}

pub(super) fn data_loss_by_deletion(
    input: &Input<'_>,
    address: &Address,
    record: &Record,
    live: &Live,
) -> Option<Finding> {
    let holds_data = input.registry.managing(address.kind()).is_some_and(Manager::holds_data);
    if loss::is_leaving(live) {
        return None;
    }
    if !holds_data {
        return protected_and_undeclared(input, address, record, live);
    }
    if input.options.mode != Mode::Destroy {
        let back = Remedy::by_hand("put it back into the stack file");
        let mut steps = let_go(input, address, Some(record), Some(live), std::slice::from_ref(&back));
        let again = (!steps.is_empty()).then(|| Remedy::by_hand("take it out of the stack file again"));
        steps.push(Remedy::Destroy { address: address.clone() });
        steps.extend(again);
        let finding = remedied(
            "data-loss",
            address,
            "it is no longer declared, and deleting it would lose its data".to_owned(),
            vec![
                Way::of([back]),
                Way::to("to keep it in AWS, unmanaged", [forgotten(address)]),
                Way::to("to lose the data", steps),
            ],
        );
        let back = finding.hint.clone().unwrap_or_default();
        let hint = renamed::hint(input, address).map(|renamed| format!("{renamed}; if it was not, {back}"));
        return Some(Finding { hint: hint.or(Some(back)), ..finding });
    }
    let targets = &input.options.targets;
    if !targets.is_empty() && !targets.contains(address) {
        let message = "it would be deleted with what it needs, and was not named: its data would be lost";
        let destroy = Remedy::Destroy { address: address.clone() };
        return Some(remedied("data-loss", address, message.to_owned(), vec![Way::of([destroy])]));
    }
    protected(input, address, Some(record), Some(live), &[])
}

/// Lets go of an object with what goes with it. One of several with a name of its own, such as a volume of a machine, goes alone.
fn forgotten(address: &Address) -> Remedy {
    match address.member_name() {
        Some(_) => Remedy::Forget { address: address.clone() },
        None => Remedy::ForgetName { name: address.name().to_owned() },
    }
}

/// The protection of an object without data of its own.
fn protected_and_undeclared(
    input: &Input<'_>,
    address: &Address,
    record: &Record,
    live: &Live,
) -> Option<Finding> {
    if input.options.mode == Mode::Destroy {
        return protected(input, address, Some(record), Some(live), &[]);
    }
    let back = Remedy::by_hand("put it back into the stack file");
    let mut finding = protected(input, address, Some(record), Some(live), &[back])?;
    let again = Remedy::by_hand("take it out of the stack file again");
    finding.remedies.iter_mut().for_each(|way| way.steps.push(again.clone()));
    Some(Finding { hint: hint_of(&finding.remedies), ..finding })
}

/// A final snapshot that AWS refuses in the status of the object: the deletion would be refused with it.
pub(super) fn snapshot_refused(input: &Input<'_>, change: &Change) -> Option<Finding> {
    let address = &change.address;
    let (_, live) = input.sightings.get(address)?.live()?;
    let record = input.state?.resources.get(address)?;
    let row = without_snapshot(input, address, record, live)?;
    let goes = matches!(change.action, Action::Delete | Action::Replace);
    goes.then(|| {
        let message = format!(
            "AWS takes no final snapshot of it in status {}, and one is recorded as wanted; restore its data beside it \
             first where it is needed: without a final snapshot its backups alone are left of it",
            row.name
        );
        let off = turned_off(input, address, Role::LastSnapshot);
        let steps = for_now(input, change).into_iter().chain(off).chain([Remedy::Apply]);
        remedied("final-snapshot", address, message, vec![Way::of(steps)])
    })
}

/// The fields of the kind of an address.
pub(super) fn fields<'a>(input: &Input<'a>, address: &Address) -> &'a [Field] {
    input.registry.managing(address.kind()).map(Manager::fields).unwrap_or_default()
}

/// The inputs that the stack file has for an address now.
fn declared<'a>(input: &Input<'a>, address: &Address) -> Option<&'a Document> {
    match input.blueprint.declarations.get(address)? {
        Declaration::Managed { inputs } => Some(inputs),
        Declaration::Watched { .. } => None,
    }
}

/// The step that turns off the option which plays a role.
fn turned_off(input: &Input<'_>, address: &Address, role: Role) -> Option<Remedy> {
    let option = role.field(fields(input, address))?;
    let is_left_to_others = input.blueprint.ignored.get(address).is_some_and(|left| left.contains(option));
    Some(match is_left_to_others {
        true => Remedy::by_hand(format!(
            "take `{option}` out of `ignore_changes` and write `{option}: false` into the stack file"
        )),
        false => Remedy::write(address, option, false),
    })
}

/// The status in which AWS takes no final snapshot, where one is recorded as wanted.
fn without_snapshot<'a>(
    input: &Input<'_>,
    address: &Address,
    record: &Record,
    live: &'a Live,
) -> Option<&'a Status> {
    let row = live.condition.stuck().filter(|row| row.deletion == Deletion::WithoutSnapshot)?;
    let is_recorded = Role::LastSnapshot.is_on(fields(input, address), &record.inputs);
    (is_recorded || input.safeguards.last_snapshot.contains(address)).then_some(row)
}

/// Everything that stands in the way of a deletion, so that it is said at once: the steps up to an apply after which AWS takes
/// it. None where nothing does; `first` is what makes that apply possible.
fn let_go(
    input: &Input<'_>,
    address: &Address,
    record: Option<&Record>,
    live: Option<&Live>,
    first: &[Remedy],
) -> Vec<Remedy> {
    let protected = protected(input, address, record, live, first);
    let mut steps: Vec<Remedy> = protected
        .and_then(|finding| finding.remedies.into_iter().next())
        .map(|way| way.steps)
        .unwrap_or_default();
    let refused = record
        .zip(live)
        .is_some_and(|(record, live)| without_snapshot(input, address, record, live).is_some());
    if !refused {
        return steps;
    }
    let snapshot = Role::LastSnapshot.field(fields(input, address));
    let mut written = false;
    for step in &mut steps {
        if let (Remedy::Write { options, .. }, Some(snapshot)) = (step, snapshot) {
            options.insert(snapshot.to_owned(), "false".to_owned());
            written = true;
        }
    }
    if !written {
        let off = turned_off(input, address, Role::LastSnapshot);
        steps = first.iter().cloned().chain(off).chain([Remedy::Apply]).collect();
    }
    steps
}

/// With a change that only a new object can have in the file, no apply is carried out that does not name it.
/// Another object that it stands in is taken over instead, since no option says which one that is.
fn for_now(input: &Input<'_>, change: &Change) -> Vec<Remedy> {
    let declared = declared(input, &change.address);
    let fields = fields(input, &change.address);
    let option =
        |field: &FieldChange| input.blueprint.to_write(&change.address, fields, &field.path).is_some();
    let stands_in = |field: &FieldChange| {
        let other = as_it_is::managed(input, declared?.get(&field.path)?)?;
        let id = field.before.as_ref()?.as_str()?;
        let is_shared = as_it_is::is_recorded(input, &other, id) && option(field);
        (!is_shared).then(|| match as_it_is::of_others(input, fields, &field.path, &other, id) {
            Some((option, form)) => Remedy::write(&change.address, option, form),
            None => as_it_is::back_to(input, other, id),
        })
    };
    let fixed = || change.fields.iter().filter(|field| field.effect == Effect::Replacement);
    let options = fixed().filter(|field| stands_in(field).is_none());
    let options: Vec<&str> =
        options.filter_map(|field| input.blueprint.to_write(&change.address, fields, &field.path)).collect();
    let edit = (!options.is_empty()).then(|| {
        Remedy::by_hand(format!("take the change of {} out of the stack file for now", options.join(", ")))
    });
    edit.into_iter().chain(fixed().filter_map(stands_in)).collect()
}

/// Deletion protection that is on, with the way to turn it off in the status that the object is in.
fn protected(
    input: &Input<'_>,
    address: &Address,
    record: Option<&Record>,
    live: Option<&Live>,
    first: &[Remedy],
) -> Option<Finding> {
    let by_aws = live.is_some_and(|live| is_protected_by_aws(input, address, live));
    let fields = fields(input, address);
    let is_protected = |inputs: &Document| Role::Protection.is_on(fields, inputs);
    let is_on = match live {
        // Without data there is nothing to keep but what AWS refuses.
        Some(live) if never_made(input, address, live) => by_aws,
        _ => {
            record.is_some_and(|record| is_protected(&record.inputs))
                || live.is_some_and(|live| is_protected(&live.inputs))
                || input.safeguards.protected.contains(address)
                || declared(input, address).is_some_and(is_protected)
        }
    };
    if !is_on {
        return None;
    }
    let turned_off: Vec<Remedy> =
        turned_off(input, address, Role::Protection).into_iter().chain([Remedy::Apply]).collect();
    let id = input.sightings.get(address).and_then(Sighting::live).map(|(id, _)| id);
    let refused = live
        .and_then(|live| live.condition.stuck())
        .filter(|row| by_aws && Role::Protection.field(fields).is_some_and(|name| !row.takes(name)));
    let mut message = "its deletion protection is on".to_owned();
    let steps: Vec<Remedy> = match (refused, live, id) {
        (Some(row), Some(live), Some(id)) => {
            message = format!("{message}, and AWS does not turn it off in status {}", row.name);
            let before = match row.class {
                Class::Lost => vec![Remedy::unprotected_by_support(id)],
                _ => cure(input, address, id, live, row)
                    .into_iter()
                    .next()
                    .map(|way| way.steps)
                    .unwrap_or_default(),
            };
            before.into_iter().chain(turned_off).collect()
        }
        _ => turned_off,
    };
    // A change that only a new object can have is in the way of every apply before the protection is off.
    let steps = first.iter().cloned().chain(steps);
    Some(remedied("protected", address, message, vec![Way::of(steps)]))
}
