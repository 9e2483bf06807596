//! Differences of documents, and what they cost.

use serde_json::json;

use super::*;
use crate::engine::call::Call;
use crate::engine::resource::{Condition, Need, Pattern, Shape};

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
    let size = |size: Option<i64>| size.map(|size| ("size".to_owned(), json!(size))).into_iter().collect();
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
