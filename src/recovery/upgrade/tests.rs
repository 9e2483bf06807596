//! Upgrades over all their states: stopped at each step, and gone on with.

use super::*;
use crate::recovery::restore::beside;

const ADDRESS: &str = "aws_db_instance.records";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).expect("a time")
}

fn upgrade(stage: Stage, copy: bool) -> Upgrade {
    let copy = copy.then(|| Copy {
        name: "records-to-17-6".to_owned(),
        deployment: None,
        id: None,
        identifier: None,
        old: None,
        seconds: 300,
        is_deleted: false,
    });
    let group = NewGroup {
        address: Address::new("aws_db_parameter_group", "records"),
        old: Id::new("records-postgres16"),
        name: "records-postgres17".to_owned(),
        inputs: Document::new(),
        is_dropped: false,
    };
    Upgrade {
        name: "records".to_owned(),
        options: "--to 17".to_owned(),
        identifier: "records".to_owned(),
        id: Id::new("db-1"),
        from: "16.9".to_owned(),
        to: "17.6".to_owned(),
        snapshot: "records-before-17-6".to_owned(),
        group: Some(group),
        copy,
        recorded: Document::new(),
        stage,
        asked: None,
        is_recorded: false,
        notes: Vec::new(),
    }
}

fn seen(id: &str, identifier: &str, version: &str) -> Seen {
    let instance = Instance {
        id: Some(Id::new(id)),
        identifier: identifier.to_owned(),
        status: "available".to_owned(),
        is_ready: true,
        tagged: Some(ADDRESS.to_owned()),
        ..Instance::default()
    };
    Seen { instance, version: version.to_owned(), ..Seen::default() }
}

fn observed() -> Observed {
    Observed {
        address: ADDRESS.to_owned(),
        database: Some(seen("db-1", "records", "16.9")),
        ..Observed::default()
    }
}

fn deployed() -> Observed {
    let mut all = Observed { snapshot: Some("available".to_owned()), group: Some(false), ..observed() };
    carried_out(Step::Copy, &mut all, false);
    carried_out(Step::TagCopy, &mut all, false);
    all
}

/// Changes the objects as a step does.
fn carried_out(step: Step, all: &mut Observed, deletes: bool) {
    const THERE: &str = "it is there";
    match step {
        Step::Snapshot => all.snapshot = Some("available".to_owned()),
        Step::MakeGroup => all.group = Some(true),
        Step::SetParameters => all.group = Some(false),
        Step::Upgrade => {
            let database = all.database.as_mut().expect(THERE);
            (database.version, database.instance.pending_reboot) = ("17.6".to_owned(), true);
        }
        Step::Reboot => all.database.as_mut().expect(THERE).instance.pending_reboot = false,
        Step::Copy => {
            all.deployment = Some(Deployment {
                id: Some(Id::new("bgd-1")),
                status: "AVAILABLE".to_owned(),
                target: Some("records-green-a".to_owned()),
                ..Deployment::default()
            });
            all.copy = Some(Seen { is_protected: true, ..seen("db-2", "records-green-a", "17.6") });
        }
        Step::TagCopy => all.copy.as_mut().expect(THERE).instance.tagged = Some(beside(ADDRESS)),
        Step::Switch => {
            all.deployment.as_mut().expect(THERE).status = "SWITCHOVER_COMPLETED".to_owned();
            all.copy.as_mut().expect(THERE).instance.identifier = "records".to_owned();
            all.database.as_mut().expect(THERE).instance.identifier = "records-old1".to_owned();
        }
        Step::TagOld => all.database.as_mut().expect(THERE).instance.tagged = Some(beside(ADDRESS)),
        Step::TagNew => all.copy.as_mut().expect(THERE).instance.tagged = Some(ADDRESS.to_owned()),
        Step::Record => {}
        Step::DropGroup => all.group = None,
        Step::Unprotect => all.copy.as_mut().expect(THERE).is_protected = false,
        Step::DropDeployment => {
            all.deployment = None;
            if deletes {
                all.copy = None;
            }
        }
    }
}

/// Carries an upgrade out to the end of its stage, and returns its steps; `stopped` says after which moment of a step the run ends and
/// another one begins: before the call, or after it without its answer.
fn steps(mut upgrade: Upgrade, mut all: Observed, stopped: Option<(Step, bool)>) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut stopped = stopped;
    for second in 0..2_000 {
        let now = at(second);
        match upgrade.next(&all, now) {
            Next::Done => return steps,
            Next::Wait(_) => {}
            Next::Refuse(refusal) => panic!("{refusal:?}"),
            Next::Do(step) => {
                upgrade.intend(&step, now);
                let stop = stopped.take_if(|(at, _)| *at == step);
                if stop.is_none_or(|(_, after)| after) {
                    let deletes = upgrade.stage == Stage::GivingUp
                        && upgrade.copy.as_ref().is_some_and(|copy| copy.is_deleted);
                    carried_out(step, &mut all, deletes);
                    steps.push(step);
                }
                if stop.is_none() {
                    upgrade.answered();
                    upgrade.learn(&all);
                }
            }
        }
    }
    panic!("it has no end: {steps:?}")
}

fn beginnings() -> Vec<(Upgrade, Observed, Vec<Step>)> {
    let gives_up = |deletes| {
        let mut one = upgrade(Stage::Beside, true);
        one.give_up(deletes);
        one
    };
    let in_place = vec![
        Step::Snapshot,
        Step::MakeGroup,
        Step::SetParameters,
        Step::Upgrade,
        Step::Reboot,
        Step::Record,
        Step::DropGroup,
    ];
    let copying = vec![Step::Snapshot, Step::MakeGroup, Step::SetParameters, Step::Copy, Step::TagCopy];
    let exchange = vec![Step::Switch, Step::TagOld, Step::TagNew, Step::Record, Step::DropDeployment];
    vec![
        (upgrade(Stage::Upgrading, false), observed(), in_place),
        (upgrade(Stage::Copying, true), observed(), copying),
        (upgrade(Stage::Switching, true), deployed(), exchange),
        (gives_up(false), deployed(), vec![Step::DropDeployment]),
        (gives_up(true), deployed(), vec![Step::Unprotect, Step::DropDeployment, Step::DropGroup]),
    ]
}

#[test]
fn every_way_has_its_steps() {
    for (upgrade, all, expected) in beginnings() {
        assert_eq!(steps(upgrade, all, None), expected);
    }
}

#[test]
fn a_run_that_ends_at_any_step_is_gone_on_with_and_no_step_is_done_twice() {
    for after in [false, true] {
        for (upgrade, all, expected) in beginnings() {
            for step in &expected {
                let done = steps(upgrade.clone(), all.clone(), Some((*step, after)));
                let mut once = done.clone();
                once.dedup();
                assert_eq!(once, expected, "{step:?} {after}");
                // A step that only records, or that deletes what may be gone, may be done twice.
                let harmless = [Step::Record, Step::DropGroup];
                assert!(done.len() == once.len() || harmless.contains(step), "{step:?} {after}: {done:?}");
            }
        }
    }
}

#[test]
fn a_check_of_rds_that_fails_is_told_and_the_same_command_asks_again() {
    let mut one = upgrade(Stage::Upgrading, false);
    let mut all = Observed { snapshot: Some("available".to_owned()), group: Some(false), ..observed() };
    assert_eq!(one.next(&all, at(0)), Next::Do(Step::Upgrade));
    one.intend(&Step::Upgrade, at(0));
    one.answered();
    assert!(matches!(one.next(&all, at(100)), Next::Wait(_)));
    all.failure = Some("prepared transactions".to_owned());
    let Next::Refuse(refusal) = one.next(&all, at(200)) else { panic!("it is refused") };
    assert!(
        !refusal.is_over && refusal.message.contains("16.9 as before: prepared transactions"),
        "{refusal:?}"
    );
    one.try_again(&all, at(300));
    assert_eq!(one.next(&all, at(300)), Next::Do(Step::Upgrade));
}

#[test]
fn an_upgrade_of_which_rds_tells_nothing_is_not_waited_for_without_end() {
    let mut one = upgrade(Stage::Upgrading, false);
    let all = Observed { snapshot: Some("available".to_owned()), group: Some(false), ..observed() };
    one.intend(&Step::Upgrade, at(0));
    one.answered();
    assert!(matches!(one.next(&all, at(in_place::BEGINS - 1)), Next::Wait(_)));
    assert!(matches!(one.next(&all, at(in_place::BEGINS)), Next::Refuse(_)));
}

#[test]
fn a_switchover_that_rds_rolled_back_is_told_and_not_repeated_unasked() {
    let mut one = upgrade(Stage::Switching, true);
    let mut all = deployed();
    one.intend(&Step::Switch, at(0));
    one.answered();
    all.deployment.as_mut().expect("it is there").status = "SWITCHOVER_IN_PROGRESS".to_owned();
    assert!(matches!(one.next(&all, at(10)), Next::Wait(_)));
    for status in ["AVAILABLE", "SWITCHOVER_FAILED"] {
        all.deployment.as_mut().expect("it is there").status = status.to_owned();
        assert!(matches!(one.next(&all, at(LAG)), Next::Refuse(_)), "{status}");
        let mut again = one.clone();
        again.try_again(&all, at(LAG));
        assert_eq!(again.next(&all, at(LAG)), Next::Do(Step::Switch), "{status}");
    }
}

#[test]
fn nothing_is_switched_while_one_of_the_two_is_not_available() {
    let one = upgrade(Stage::Switching, true);
    for of_copy in [false, true] {
        let mut all = deployed();
        let seen = if of_copy { &mut all.copy } else { &mut all.database };
        let instance = &mut seen.as_mut().expect("it is there").instance;
        (instance.is_ready, instance.status) = (false, "backing-up".to_owned());
        assert!(matches!(one.next(&all, at(0)), Next::Wait(_)));
    }
}

#[test]
fn a_copy_or_a_deployment_that_is_gone_is_refused_with_the_way_out() {
    let mut one = upgrade(Stage::Switching, true);
    one.learn(&deployed());
    let without_copy = Observed { copy: None, ..deployed() };
    let without_deployment = Observed { deployment: None, ..deployed() };
    for all in [without_copy, without_deployment] {
        let Next::Refuse(refusal) = one.next(&all, at(0)) else { panic!("it is refused") };
        assert!(!refusal.is_over, "{refusal:?}");
    }
}

#[test]
fn what_rds_has_begun_with_cannot_be_given_up() {
    let mut one = upgrade(Stage::Upgrading, false);
    assert_eq!(one.gives_up().as_deref(), Some("--give-up"));
    one.intend(&Step::Upgrade, at(0));
    assert_eq!(one.gives_up(), None);
}

#[test]
fn an_upgrade_that_was_given_up_or_waits_for_its_switch_is_not_called_complete() {
    for (stage, ending) in [
        (Stage::Upgraded, "complete"),
        (Stage::Beside, "prepared"),
        (Stage::Switched, "complete"),
        (Stage::GivenUp, "given up"),
    ] {
        assert_eq!(upgrade(stage, true).ending(), ending, "{stage:?}");
    }
}
