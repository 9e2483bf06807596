//! The difference of two documents of one kind, field by field, with what each difference costs. Pure.

use serde_json::Value;

use crate::engine::document::{Document, is_unknown};
use crate::engine::plan::{FieldChange, Window};
use crate::engine::resource::{Condition, Effect, Field, OnChange, Role, Shape};

/// The fields in which `observed` does not meet `desired`. A field that is not desired is not compared, unless it is
/// one that is taken back; one that is read once is not either.
pub fn diff(fields: &[Field], desired: &Document, observed: &Document) -> Vec<FieldChange> {
    differences(compared(fields), Role::AtOnce.is_on(fields, desired), desired, observed)
}

/// The same for an object whose making goes on: what it lacks is set at once.
pub fn lacking(fields: &[Field], desired: &Document, observed: &Document) -> Vec<FieldChange> {
    differences(compared(fields), true, desired, observed)
}

/// The same for a new object in the place of the observed one: what is read when it is made counts again.
pub fn anew(fields: &[Field], desired: &Document, observed: &Document) -> Vec<FieldChange> {
    let read_once: Vec<Field> = fields.iter().filter(|field| field.is_read_once()).copied().collect();
    let mut changes = diff(fields, desired, observed);
    // The new object has each value from its beginning: no call changes it, and nothing waits for a window.
    for change in changes.iter_mut().filter(|change| change.effect != Effect::Replacement) {
        (change.effect, change.window, change.takes_back) = (Effect::None, None, false);
        change.calls.clear();
    }
    changes.extend(all_new(&read_once, desired));
    changes
}

fn compared(fields: &[Field]) -> impl Iterator<Item = &Field> {
    fields.iter().filter(|field| !field.is_read_once())
}

fn differences<'a>(
    fields: impl Iterator<Item = &'a Field>,
    at_once: bool,
    desired: &Document,
    observed: &Document,
) -> Vec<FieldChange> {
    fields
        .filter(|field| {
            let (wanted, seen) = (desired.get(field.name), observed.get(field.name));
            match (wanted, seen) {
                (Some(wanted), Some(seen)) => is_unknown(wanted) || !(field.met)(wanted, seen),
                (Some(_), None) => true,
                (None, seen) => seen.is_some() && field.taken_back,
            }
        })
        .map(|field| difference(field, at_once, desired, observed))
        .collect()
}

fn difference(field: &Field, at_once: bool, desired: &Document, observed: &Document) -> FieldChange {
    let wanted = desired.get(field.name);
    let unknown = wanted.is_some_and(is_unknown);
    let (effect, window) = cost(field.on_change(desired, observed), at_once);
    FieldChange {
        path: field.name.to_owned(),
        before: observed.get(field.name).cloned(),
        // Of a document the rest is told all the same: what is not known stands in it as a reference.
        after: wanted.filter(|value| !unknown || value.is_object()).cloned(),
        unknown,
        sensitive: false,
        is_default: field.need.default().is_some_and(|default| wanted == Some(&default)),
        effect,
        calls: field.calls.iter().map(|call| call.name.to_owned()).collect(),
        window,
        takes_back: false,
    }
}

/// The fields whose queued value would do, and is more than what is desired: storage that is queued to grow further than it is written.
/// The values in force are told from those to come only by an object for which something is queued.
pub fn surplus(
    fields: &[Field],
    desired: &Document,
    coming: &Document,
    in_force: &Document,
) -> Vec<FieldChange> {
    let at_once = Role::AtOnce.is_on(fields, desired);
    let is_more = |field: &&Field| match (desired.get(field.name), coming.get(field.name)) {
        (Some(wanted), Some(coming)) => {
            in_force.get(field.name).is_some_and(|now| now != coming)
                && (field.met)(wanted, coming)
                && !(field.exact)(wanted, coming)
        }
        _ => false,
    };
    compared(fields).filter(is_more).map(|field| difference(field, at_once, desired, coming)).collect()
}

/// The object from which a change of it starts: as it is in force where a change sends something, and as it will be where what is
/// queued stays so.
pub fn before(fields: &[Field], desired: &Document, coming: &Document, in_force: &Document) -> Document {
    let mut before = coming.clone();
    if in_force.is_empty() {
        return before;
    }
    let changes = diff(fields, desired, coming);
    for change in changes.into_iter().chain(surplus(fields, desired, coming, in_force)) {
        match in_force.get(&change.path) {
            Some(now) => drop(before.insert(change.path, now.clone())),
            None => drop(before.remove(&change.path)),
        }
    }
    before
}

/// What is observed, without what would be taken back and is not the stack's: nothing, and what others have put in the place of what is
/// recorded. While a change is under way (`recorded` is none), either may be ours.
pub fn without_others(
    fields: &[Field],
    desired: &Document,
    recorded: Option<&Document>,
    mut observed: Document,
) -> Document {
    let taken_back = |field: &&Field| field.taken_back && !desired.contains_key(field.name);
    for field in fields.iter().filter(taken_back) {
        let is_nothing = |seen: &Value| matches!(seen, Value::Object(parts) if parts.is_empty());
        let is_ours = observed.get(field.name).is_some_and(|seen| {
            let was = |recorded: &Document| recorded.get(field.name).is_none_or(|was| (field.met)(was, seen));
            !is_nothing(seen) && recorded.is_none_or(was)
        });
        if !is_ours {
            observed.remove(field.name);
        }
    }
    observed
}

/// The fields in which what was observed is not what was recorded; those that AWS does not show are left out. What has come to an end
/// is shown as nothing.
pub fn drift(fields: &[Field], recorded: &Document, observed: &Document) -> Vec<FieldChange> {
    let shown: Vec<Field> = fields.iter().filter(|field| !field.is_recorded()).copied().collect();
    // Nobody changed a value that was never written, and is as empty in AWS.
    let is_nothing = |value: &Option<Value>| {
        value.as_ref().is_none_or(|value| value.as_object().is_some_and(|map| map.is_empty()))
    };
    let changed = diff(&shown, recorded, observed)
        .into_iter()
        .filter(|change| !(is_nothing(&change.before) && is_nothing(&change.after)))
        .map(|change| {
            free(FieldChange { before: change.after.clone(), after: change.before.clone(), ..change })
        });
    let ended = ended(fields, recorded, observed);
    changed.chain(ended.map(|(field, before)| FieldChange::free(field, Some(before.clone()), None))).collect()
}

/// The fields of which what was recorded has come to an end, with what that was.
fn ended<'a>(
    fields: &'a [Field],
    recorded: &'a Document,
    observed: &'a Document,
) -> impl Iterator<Item = (&'static str, &'a Value)> {
    fields.iter().filter_map(|field| {
        let before = recorded.get(field.name)?;
        field.ends(before, observed.get(field.name)?).then_some((field.name, before))
    })
}

/// Takes into what is recorded what has come to an end, and returns the number of its fields.
pub fn follow_to_the_end(fields: &[Field], recorded: &mut Document, observed: &Document) -> usize {
    let ended: Vec<&str> = ended(fields, recorded, observed).map(|(field, _)| field).collect();
    let values = ended.iter().filter_map(|field| Some(((*field).to_owned(), observed.get(*field)?.clone())));
    recorded.extend(values);
    ended.len()
}

/// Takes what was observed into what is recorded, where it does not do for it; what AWS does not show stays.
pub fn follow(fields: &[Field], recorded: &mut Document, observed: &Document) {
    for field in fields.iter().filter(|field| !field.is_recorded()) {
        if let (Some(recorded), Some(seen)) = (recorded.get_mut(field.name), observed.get(field.name))
            && (!(field.met)(recorded, seen) || field.ends(recorded, seen))
        {
            *recorded = seen.clone();
        }
    }
}

/// The record of an object while it is being changed: all that it had, and all that it may have got besides by then. A kind shows of lists,
/// maps and names no more than what is recorded, and what is not shown is never taken back.
pub fn under_way(fields: &[Field], recorded: &Document, sent: &Document) -> Document {
    let mut both = recorded.clone();
    for field in fields.iter().filter(|field| !field.is_recorded() && !field.is_fixed()) {
        let Some(sent) = sent.get(field.name) else { continue };
        let Some(was) = both.get_mut(field.name) else {
            both.insert(field.name.to_owned(), sent.clone());
            continue;
        };
        if let Some(several) = field.several {
            *was = several(was, sent);
            continue;
        }
        match (was, sent, field.shape) {
            (Value::Array(was), Value::Array(sent), Shape::SetOf(_)) => {
                let more: Vec<Value> = sent.iter().filter(|one| !was.contains(one)).cloned().collect();
                was.extend(more);
            }
            (Value::Object(was), Value::Object(sent), Shape::MapOf { .. }) => {
                for (key, value) in sent {
                    was.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
            _ => {}
        }
    }
    both
}

/// The outputs that AWS has changed by itself. One that only the running version of the program knows is none of them.
pub fn changed_outputs(recorded: &Document, observed: &Document, condition: &Condition) -> Vec<FieldChange> {
    let now = latest_outputs(recorded, observed, condition);
    recorded
        .iter()
        .filter(|(name, before)| now.get(*name) != Some(*before))
        .map(|(name, before)| FieldChange::free(name, Some(before.clone()), now.get(name).cloned()))
        .collect()
}

/// The outputs to be recorded. While AWS is at work on an object, some are not shown: those stay as they were.
pub fn latest_outputs(recorded: &Document, observed: &Document, condition: &Condition) -> Document {
    match condition {
        Condition::Ready => observed.clone(),
        _ => recorded.iter().chain(observed).map(|(name, value)| (name.clone(), value.clone())).collect(),
    }
}

/// All desired fields, as those of an object that is not there yet.
pub fn all_new(fields: &[Field], desired: &Document) -> Vec<FieldChange> {
    differences(fields.iter(), true, desired, &Document::new()).into_iter().map(free).collect()
}

/// The changes queued for the maintenance window: from what is in force to what is to come. They happen `at_once` where
/// anything is changed at once.
pub fn queued(fields: &[Field], at_once: bool, coming: &Document, in_force: &Document) -> Vec<FieldChange> {
    if in_force.is_empty() {
        return Vec::new();
    }
    differences(fields.iter().filter(|field| !field.is_recorded()), at_once, coming, in_force)
}

/// Marks the changes that only take back what waits for its window: what is desired is in force, so that nothing happens to
/// anything that runs (RDS takes the value out of PendingModifiedValues).
pub fn take_back(fields: &[Field], desired: &Document, in_force: &Document, changes: &mut [FieldChange]) {
    for change in changes {
        let field = fields.iter().find(|field| field.name == change.path);
        let is_met = match (field, desired.get(&change.path), in_force.get(&change.path)) {
            (Some(field), Some(wanted), Some(current)) => (field.met)(wanted, current),
            _ => false,
        };
        if is_met {
            (change.effect, change.window, change.takes_back) = (Effect::None, None, true);
        }
    }
}

/// A difference that no call makes.
fn free(change: FieldChange) -> FieldChange {
    FieldChange { effect: Effect::None, calls: Vec::new(), window: None, ..change }
}

/// True if only a new object can have what is desired.
pub fn needs_replacement(changes: &[FieldChange]) -> bool {
    changes.iter().any(|change| change.effect == Effect::Replacement)
}

/// The fields that an update can change.
pub fn changeable(fields: &[Field]) -> Vec<Field> {
    fields.iter().filter(|field| !field.is_fixed()).copied().collect()
}

/// The fields that no update can change.
pub fn fixed(fields: &[Field]) -> Vec<Field> {
    fields.iter().filter(|field| field.is_fixed()).copied().collect()
}

/// The fields whose new value is seen at once when the update has settled.
pub fn seen_at_once(fields: &[Field], desired: &Document, observed: &Document) -> Vec<Field> {
    let at_once = Role::AtOnce.is_on(fields, desired);
    fields
        .iter()
        .filter(|field| match field.on_change(desired, observed) {
            OnChange::InPlace(_) => true,
            OnChange::AtWindow(_) => at_once,
            OnChange::Replace | OnChange::Recorded(_) | OnChange::ReadOnce => false,
        })
        .copied()
        .collect()
}

fn cost(on_change: OnChange, at_once: bool) -> (Effect, Option<Window>) {
    match on_change {
        OnChange::InPlace(effect) => (effect, None),
        OnChange::AtWindow(effect) if at_once => (effect, None),
        // A loss of data is shown as one also while it waits.
        OnChange::AtWindow(Effect::DataLoss) => {
            (Effect::DataLoss, Some(Window { opens: None, effect: Effect::DataLoss }))
        }
        OnChange::AtWindow(effect) => (Effect::NextMaintenanceWindow, Some(Window { opens: None, effect })),
        OnChange::Replace => (Effect::Replacement, None),
        OnChange::Recorded(effect) => (effect, None),
        OnChange::ReadOnce => (Effect::None, None),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::engine::call::Call;
    use crate::engine::resource::{Need, Pattern};

    #[test]
    fn what_was_put_where_nothing_was_and_what_is_nothing_now_is_drift() {
        const FIELDS: &[Field] = &[Field::in_place("tags", &[], Effect::None).taken_back()];
        for (recorded, observed, is_told) in [
            (json!({}), json!({ "tags": { "a": "1" } }), true),
            (json!({ "tags": {} }), json!({ "tags": { "a": "1" } }), true),
            (json!({ "tags": { "a": "1" } }), json!({ "tags": {} }), true),
            (json!({ "tags": { "a": "1" } }), json!({}), true),
            (json!({}), json!({ "tags": {} }), false),
        ] {
            let told = drift(FIELDS, &document(recorded.clone()), &document(observed.clone()));
            assert_eq!(!told.is_empty(), is_told, "{recorded} {observed}");
        }
    }

    #[test]
    fn while_a_change_is_under_way_all_that_it_may_have_made_is_recorded_beside_what_was() {
        const FIELDS: &[Field] = &[
            Field::replace("name"),
            Field::in_place("listed", &[], Effect::None).taking(Shape::SetOf(&Shape::Any), Need::Optional),
            Field::in_place("tags", &[], Effect::None)
                .taking(Shape::MapOf { keys: Pattern::any("a key"), values: &Shape::Any }, Need::Optional),
            Field::in_place("one_more", &[], Effect::None)
                .several_by(|was, sent| format!("{was} and {sent}").into()),
            Field::in_place("added", &[], Effect::None).taken_back(),
            Field::in_place("class", &[], Effect::None),
            Field::recorded("protection"),
        ];
        let was = document(json!({
            "name": "a", "listed": [1, 2], "tags": { "a": "1" }, "one_more": 1, "class": "small",
        }));
        let sent = document(json!({
            "name": "b", "listed": [2, 3], "tags": { "a": "2", "b": "2" }, "one_more": 2, "added": "x", "class": "big",
            "protection": true,
        }));
        assert_eq!(
            under_way(FIELDS, &was, &sent),
            document(json!({
                "name": "a", "listed": [1, 2, 3], "tags": { "a": "1", "b": "2" }, "one_more": "1 and 2", "added": "x",
                "class": "small",
            }))
        );
        assert_eq!(under_way(FIELDS, &was, &Document::new()), was);
    }

    const FIELDS: &[Field] = &[
        Field::replace("name"),
        Field::in_place("tags", &[Call::free("fake:Tag")], Effect::None),
        Field::at_window("class", &[Call::free("fake:Modify")], Effect::Failover),
        Field::recorded("protection"),
        Field::recorded("apply_immediately").plays(Role::AtOnce),
        Field::new("origin", OnChange::ReadOnce, &[]),
    ];

    fn document(value: Value) -> Document {
        value.as_object().expect("a test document is an object").clone()
    }

    fn effects(desired: Value, observed: Value) -> Vec<(String, Effect)> {
        diff(FIELDS, &document(desired), &document(observed))
            .into_iter()
            .map(|change| (change.path, change.effect))
            .collect()
    }

    #[test]
    fn what_is_not_desired_is_not_compared() {
        assert_eq!(effects(json!({"name": "a"}), json!({"name": "a", "class": "big"})), []);
    }

    #[test]
    fn a_field_that_is_taken_back_is_compared_where_it_is_to_be_seen() {
        const FIELDS: &[Field] =
            &[Field::in_place("group", &[Call::free("fake:Modify")], Effect::None).taken_back()];
        let group = document(json!({"group": "ours"}));
        let changes = diff(FIELDS, &Document::new(), &group);
        assert_eq!((&changes[0].before, &changes[0].after), (&Some(json!("ours")), &None));
        assert!(!changes[0].unknown);
        assert_eq!(diff(FIELDS, &Document::new(), &Document::new()), []);
        assert_eq!(diff(FIELDS, &group, &group), []);
    }

    #[test]
    fn what_has_come_to_an_end_is_drift_though_nothing_is_changed_for_it() {
        const FIELDS: &[Field] = &[Field::replace("source")
            .met_by(|desired, observed| observed == "" || desired == observed)
            .ended_as("")];
        let (recorded, ended) = (document(json!({"source": "db-1"})), document(json!({"source": ""})));
        assert_eq!(diff(FIELDS, &recorded, &ended), []);
        let drift = super::drift(FIELDS, &recorded, &ended);
        assert_eq!(drift.len(), 1);
        assert_eq!((&drift[0].before, &drift[0].after), (&Some(json!("db-1")), &None));
        let mut followed = recorded.clone();
        follow(FIELDS, &mut followed, &ended);
        assert_eq!((&followed, super::drift(FIELDS, &followed, &ended)), (&ended, Vec::new()));
        let mut followed = recorded.clone();
        assert_eq!(follow_to_the_end(FIELDS, &mut followed, &ended), 1);
        assert_eq!((&followed, follow_to_the_end(FIELDS, &mut followed.clone(), &ended)), (&ended, 0));
        assert_eq!(super::drift(FIELDS, &recorded, &recorded), []);
    }

    #[test]
    fn what_others_have_put_in_the_place_of_ours_is_not_taken_back() {
        const FIELDS: &[Field] =
            &[Field::in_place("policy", &[Call::free("fake:Put")], Effect::None).taken_back()];
        let with = |policy: &Value| document(json!({ "policy": policy }));
        let (ours, theirs, none) = (json!({"a": 1}), json!({"b": 1}), json!({}));
        for (recorded, seen, taken) in [
            (Some(&ours), &ours, true),
            (Some(&ours), &theirs, false),
            (Some(&ours), &none, false),
            (Some(&none), &none, false),
            (Some(&none), &theirs, false),
            // A run that was stopped may have put either.
            (None, &ours, true),
            (None, &theirs, true),
        ] {
            let kept = without_others(FIELDS, &Document::new(), recorded.map(with).as_ref(), with(seen));
            assert_eq!(kept.contains_key("policy"), taken, "{recorded:?} {seen}");
        }
        // The wanted is compared with what is there, no matter who put it there.
        assert_eq!(without_others(FIELDS, &with(&ours), Some(&with(&ours)), with(&theirs)), with(&theirs));
    }

    #[test]
    fn of_a_queued_value_that_is_more_than_what_is_desired_the_rest_is_taken_back() {
        const FIELDS: &[Field] = &[Field::at_window("size", &[Call::free("fake:Modify")], Effect::None)
            .met_by(|desired, observed| observed.as_i64() >= desired.as_i64())
            .no_more_than(|desired, observed| observed.as_i64() == desired.as_i64())];
        let size =
            |size: Option<i64>| size.map(|size| ("size".to_owned(), json!(size))).into_iter().collect();
        for (desired, coming, in_force, is_more) in [
            (100, 200, Some(100), true),
            (200, 300, Some(100), true),
            (100, 200, Some(110), true),
            (200, 200, Some(100), false),
            (300, 200, Some(100), false),
            // It has grown, and nothing is queued.
            (100, 200, Some(200), false),
            (100, 200, None, false),
        ] {
            let (desired, coming, in_force): (Document, Document, Document) =
                (size(Some(desired)), size(Some(coming)), size(in_force));
            let found = surplus(FIELDS, &desired, &coming, &in_force);
            assert_eq!(!found.is_empty(), is_more, "{desired:?} {coming:?} {in_force:?}");
            let starts = before(FIELDS, &desired, &coming, &in_force);
            let is_sent = is_more || desired["size"].as_i64() > coming["size"].as_i64();
            let expected = if is_sent { &in_force } else { &coming };
            assert_eq!(&starts, expected, "{desired:?} {coming:?} {in_force:?}");
        }
    }

    #[test]
    fn each_difference_has_the_effect_of_its_field() {
        let observed = json!({"name": "a", "tags": {}, "class": "small", "apply_immediately": false});
        let class = json!({"class": "big", "apply_immediately": false});
        assert_eq!(effects(json!({"name": "b"}), observed.clone()), [("name".into(), Effect::Replacement)]);
        assert_eq!(effects(class, observed.clone()), [("class".into(), Effect::NextMaintenanceWindow)]);
        let now = json!({"class": "big", "apply_immediately": true});
        let expected = [("class".into(), Effect::Failover), ("apply_immediately".into(), Effect::None)];
        assert_eq!(effects(now, observed), expected);
    }

    #[test]
    fn what_is_read_once_is_a_difference_of_a_new_object_alone() {
        let desired = document(json!({"name": "a", "origin": "backup"}));
        let observed = document(json!({"name": "a", "origin": "another"}));
        let paths = |changes: Vec<FieldChange>| changes.into_iter().map(|one| one.path).collect::<Vec<_>>();
        assert_eq!(paths(diff(FIELDS, &desired, &observed)), [""; 0]);
        assert_eq!(paths(diff(FIELDS, &desired, &document(json!({"name": "a"})))), [""; 0]);
        assert_eq!(paths(diff(FIELDS, &document(json!({"name": "a"})), &observed)), [""; 0]);
        assert_eq!(paths(drift(FIELDS, &desired, &observed)), [""; 0]);
        assert_eq!(paths(all_new(FIELDS, &desired)), ["name", "origin"]);
        assert_eq!(paths(anew(FIELDS, &desired, &observed)), ["origin"]);
    }

    #[test]
    fn what_an_unfinished_object_lacks_waits_for_no_window() {
        let desired = document(json!({"class": "big", "apply_immediately": false}));
        let observed = document(json!({"class": "small", "apply_immediately": false}));
        let changes = lacking(FIELDS, &desired, &observed);
        let said: Vec<_> = changes.iter().map(|one| (one.path.as_str(), one.effect, &one.window)).collect();
        assert_eq!(said, [("class", Effect::Failover, &None)]);
    }

    #[test]
    fn a_reference_that_is_not_resolved_is_an_unknown_change() {
        let changes = diff(FIELDS, &document(json!({"name": "${a.b.id}"})), &document(json!({"name": "x"})));
        assert!(changes[0].unknown && changes[0].after.is_none());
        // Of a document the parts that are known are told.
        let tags = json!({ "a": "${a.b.id}", "b": "1" });
        let changes = diff(FIELDS, &document(json!({ "tags": tags })), &Document::new());
        assert!(changes[0].unknown && changes[0].after.as_ref() == Some(&tags));
    }

    #[test]
    fn an_output_that_is_not_shown_for_now_has_not_changed() {
        let recorded = document(json!({"host": "a", "secret": "s"}));
        let changed = |observed: Value, condition: Condition| -> Vec<(String, Option<Value>)> {
            let changes = changed_outputs(&recorded, &document(observed), &condition);
            changes.into_iter().map(|change| (change.path, change.after)).collect()
        };
        let pending = || Condition::Pending("modifying".to_owned());
        let host = || ("host".to_owned(), Some(json!("b")));
        assert_eq!(changed(json!({"host": "b"}), pending()), [host()]);
        assert_eq!(changed(json!({"host": "b"}), Condition::Ready), [host(), ("secret".to_owned(), None)]);
        let newer = json!({"host": "a", "secret": "s", "another": "x"});
        assert_eq!(changed(newer, Condition::Ready), []);
    }

    #[test]
    fn drift_goes_from_recorded_to_observed_and_leaves_out_what_aws_does_not_show() {
        let recorded = document(json!({"class": "small", "protection": true}));
        let changes = drift(FIELDS, &recorded, &document(json!({"class": "big", "protection": false})));
        assert_eq!(changes.len(), 1);
        assert_eq!((&changes[0].before, &changes[0].after), (&Some(json!("small")), &Some(json!("big"))));
    }
}
