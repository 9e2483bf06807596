//! The state after a plan: what is known of it before, and what is not.

use super::plans::{change, database, plan};
use super::{STACK, applied, rendered, stack};
use crate::engine::plan::{Action, Change, Drift, FieldChange, Plan, Response, Window};
use crate::engine::resource::Effect;
use crate::gitlab::{Rendered, coming};

/// The outputs that are not known after a plan of these changes.
fn unknown_after(changes: Vec<Change>) -> Vec<String> {
    let (stack, then) = (stack(STACK), coming(&applied(), &plan(changes)));
    let all = rendered(&stack, &then);
    all.iter().flat_map(Rendered::unknown).filter(|name| name.ends_with(".host")).collect()
}

#[test]
fn what_is_made_anew_or_renamed_now_is_unknown_and_what_waits_for_its_window_is_not() {
    let host = ["databases.gitlab-pgsql.host"; 2];
    let renamed = |window| FieldChange {
        window,
        ..FieldChange::free("identifier", Some("gitlab-pgsql".into()), Some("main".into()))
    };
    let waits = Window { opens: None, effect: Effect::Reboot };
    assert_eq!(unknown_after(Vec::new()), [""; 0]);
    assert_eq!(unknown_after(vec![change(Action::Replace, Vec::new())]), host);
    assert_eq!(unknown_after(vec![change(Action::Update, vec![renamed(None)])]), host);
    assert_eq!(unknown_after(vec![change(Action::Update, vec![renamed(Some(waits))])]), [""; 0]);
    assert_eq!(
        unknown_after(vec![change(Action::Update, vec![FieldChange::free("multi_az", None, None)])]),
        [""; 0]
    );
}

#[test]
fn an_output_that_aws_changed_is_the_one_that_is_rendered() {
    let drifted = Drift {
        address: database(),
        kind: database().kind().to_owned(),
        gone: false,
        fields: Vec::new(),
        outputs: vec![FieldChange::free("host", None, Some("new.rds.amazonaws.com".into()))],
        response: Response::Recorded,
    };
    let plan = Plan { drift: vec![drifted], ..plan(Vec::new()) };
    let all = rendered(&stack(STACK), &coming(&applied(), &plan));
    assert!(all.iter().all(|one| one.text.contains("new.rds.amazonaws.com")));
}
