//! Data that goes: what a plan says of it, and what has to be named first.

use provision::engine::plan::{Action, Change, Level, Mode, Plan, Response};
use provision::engine::planner::Sighting;
use provision::engine::resource::{Condition, Effect, Found, Holdings, Id, Ownership, Remark};
use provision::engine::state::Phase;
use serde_json::{Value, json};

use super::databases::{Case, DATABASE};
use super::world::{World, address, document, options};

const FILES: &str = "aws_efs_file_system.files";

fn errors(plan: &Plan) -> Vec<String> {
    plan.errors().map(|finding| format!("{}: {}", finding.check, finding.message)).collect()
}

fn hints(plan: &Plan) -> String {
    plan.errors().filter_map(|finding| finding.hint.clone()).collect::<Vec<_>>().join("\n")
}

fn change<'a>(plan: &'a Plan, at: &str) -> &'a Change {
    plan.change(&address(at)).expect("it is planned")
}

/// A database without protection, of which AWS says what it holds.
fn unprotected(more: Value) -> Case {
    let mut inputs = json!({ "deletion_protection": false });
    inputs.as_object_mut().expect("fields").extend(document(more));
    let mut case = Case::of(inputs.clone(), inputs);
    case.live(DATABASE).remarks = vec![Remark::Holds(Holdings {
        size_bytes: Some(50 << 30),
        final_snapshot: Some("db-final-1".to_owned()),
        notes: vec!["its automated backups of 30 days are deleted with it".to_owned()],
    })];
    case
}

/// The same, to be destroyed with everything else.
fn destroyed(mut case: Case) -> Plan {
    case.declared.clear();
    case.planning_to(Mode::Destroy).plan
}

#[test]
fn a_deletion_says_what_becomes_of_the_data() {
    let plan = destroyed(unprotected(json!({})));
    let gone = change(&plan, DATABASE);
    assert_eq!((gone.action, gone.effect, errors(&plan)), (Action::Delete, Effect::DataLoss, vec![]));
    let data = gone.data.as_ref().expect("it holds data");
    assert_eq!((data.size_bytes, data.final_snapshot.as_deref()), (Some(50 << 30), Some("db-final-1")));
    let json = serde_json::to_value(gone).expect("a change is JSON");
    assert_eq!(
        (&json["effect"], &json["data"]["final_snapshot"]),
        (&json!("data-loss"), &json!("db-final-1"))
    );

    let plan = destroyed(unprotected(json!({ "final_snapshot": false })));
    let json = serde_json::to_value(change(&plan, DATABASE)).expect("a change is JSON");
    assert_eq!(json["data"]["final_snapshot"], json!(null), "that there is none is said");
}

#[test]
fn a_replacement_takes_the_last_snapshot_that_the_file_asks_for() {
    for (recorded, declared, taken) in
        [(true, true, true), (false, true, true), (false, false, false), (true, false, true)]
    {
        let mut case = unprotected(json!({ "final_snapshot": recorded }));
        case.declared.get_mut(&address(DATABASE)).expect("declared")["final_snapshot"] = json!(declared);
        case.replace.insert(address(DATABASE));
        let plan = case.planning_to(Mode::Apply).plan;
        let replaced = change(&plan, DATABASE);
        assert_eq!((replaced.action, replaced.effect), (Action::Replace, Effect::DataLoss));
        let name = replaced.data.as_ref().and_then(|data| data.final_snapshot.as_deref());
        assert_eq!(name, taken.then_some("db-final-1"), "recorded {recorded}, declared {declared}");
    }
}

#[test]
fn a_deletion_that_aws_would_refuse_for_its_last_snapshot_is_refused_beforehand() {
    let replica = |snapshot: bool| {
        let mut case = unprotected(json!({ "final_snapshot": snapshot }));
        let (why, remedy) =
            ("no snapshot of a replica".to_owned(), "write `final_snapshot: false`".to_owned());
        case.live(DATABASE).remarks.push(Remark::NoLastSnapshot { why, remedy });
        case
    };
    assert_eq!(errors(&destroyed(replica(true))), ["final-snapshot: no snapshot of a replica"]);
    assert_eq!(errors(&destroyed(replica(false))), [""; 0]);
}

#[test]
fn data_that_was_deleted_outside_is_made_anew_only_when_named() {
    for (phase, named, said) in [
        (Phase::Ready, false, "gone: db-1 is gone from AWS"),
        (Phase::Updating, false, "gone: db-1 is gone from AWS"),
        (Phase::Ready, true, ""),
        // Our own run was at it, for a destroy, it may be: that names no new one.
        (Phase::Deleting, false, "gone: db-1 was deleted by an earlier run"),
        (Phase::Deleting, true, ""),
        // It never held anything.
        (Phase::Creating, false, ""),
    ] {
        let mut case = unprotected(json!({}));
        case.seen.insert(address(DATABASE), Sighting::Gone);
        case.recorded.get_mut(&address(DATABASE)).expect("recorded").phase = phase;
        if named {
            case.replace.insert(address(DATABASE));
        }
        let plan = case.planning_to(Mode::Apply).plan;
        assert_eq!(change(&plan, DATABASE).action, Action::Create);
        match said {
            "" => assert_eq!(errors(&plan), [""; 0], "{phase:?} {named}"),
            said => {
                assert!(errors(&plan)[0].starts_with(said), "{:?}", errors(&plan));
                let hints = hints(&plan);
                assert!(hints.contains(&format!("provision apply --replace {DATABASE}")), "{hints}");
                let without = match phase {
                    Phase::Deleting => format!("provision destroy --target {DATABASE}"),
                    _ => format!("provision state forget {DATABASE}"),
                };
                assert!(hints.contains(&without), "{hints}");
            }
        }
        if phase == Phase::Ready {
            let response = if named { Response::MadeAgain } else { Response::OnlyWhenNamed };
            assert_eq!(plan.drift[0].response, response);
        }
    }
}

#[test]
fn data_that_is_gone_is_not_forgotten_while_a_new_one_of_its_kind_is_made() {
    let other = "aws_db_instance.other";
    for (phase, is_new, mode, said) in [
        (Phase::Ready, true, Mode::Apply, true),
        (Phase::Updating, true, Mode::Apply, true),
        (Phase::Ready, false, Mode::Apply, false),
        (Phase::Ready, true, Mode::Destroy, false),
        // It never held anything, or was to go.
        (Phase::Creating, true, Mode::Apply, false),
        (Phase::Deleting, true, Mode::Apply, false),
    ] {
        let mut case = unprotected(json!({}));
        case.seen.insert(address(DATABASE), Sighting::Gone);
        case.recorded.get_mut(&address(DATABASE)).expect("recorded").phase = phase;
        let declared = case.declared.remove(&address(DATABASE)).expect("declared");
        if is_new {
            case.declared.insert(address(other), declared);
        }
        let plan = case.planning_to(mode).plan;
        assert_eq!(change(&plan, DATABASE).action, Action::Forget);
        let errors = errors(&plan);
        assert_eq!(errors.len(), usize::from(said), "{phase:?} {is_new} {mode:?}: {errors:?}");
        assert!(
            errors.iter().all(|error| error.starts_with("data-loss: db-1 is gone from AWS")),
            "{errors:?}"
        );
        if said {
            let hint = format!(
                "if it was renamed: provision state move db other; if it was not, to do without it: provision state \
                 forget {DATABASE}"
            );
            assert_eq!(hints(&plan), hint);
        }
    }
}

#[test]
fn data_that_is_being_deleted_outside_is_made_anew_only_when_named() {
    for (phase, named, refused) in
        [(Phase::Ready, false, true), (Phase::Ready, true, false), (Phase::Deleting, false, true)]
    {
        let mut case = unprotected(json!({}));
        case.live(DATABASE).condition = Condition::Leaving("deleting".to_owned());
        case.recorded.get_mut(&address(DATABASE)).expect("recorded").phase = phase;
        if named {
            case.replace.insert(address(DATABASE));
        }
        let plan = case.planning_to(Mode::Apply).plan;
        assert_eq!(change(&plan, DATABASE).action, Action::Replace);
        let said = errors(&plan);
        assert_eq!(said.len(), usize::from(refused), "{said:?}");
        assert!(said.iter().all(|error| error.starts_with("going: db-1 is being deleted")), "{said:?}");
        let data = change(&plan, DATABASE).data.as_ref().expect("it holds data");
        // The name is known where the deletion is ours.
        let ours = (phase == Phase::Deleting).then_some("db-final-1");
        assert_eq!(data.final_snapshot.as_deref(), ours);
    }
    // A destroy only waits for it.
    let mut case = unprotected(json!({}));
    case.live(DATABASE).condition = Condition::Leaving("deleting".to_owned());
    assert_eq!(errors(&destroyed(case)), [""; 0]);
}

#[test]
fn what_an_earlier_run_has_deleted_is_said_where_it_is_made_anew_or_let_go() {
    for declared in [true, false] {
        let mut case = unprotected(json!({}));
        case.seen.insert(address(DATABASE), Sighting::Gone);
        case.recorded.get_mut(&address(DATABASE)).expect("recorded").phase = Phase::Deleting;
        if !declared {
            case.declared.clear();
        }
        let plan = case.planning_to(Mode::Apply).plan;
        let change = change(&plan, DATABASE);
        assert_eq!(change.action, if declared { Action::Create } else { Action::Forget });
        assert_eq!(
            change.data.as_ref().map(|data| data.notes.join("; ")).as_deref(),
            Some("an earlier run deleted it")
        );
    }
}

#[test]
fn a_refused_deletion_says_everything_at_once_that_has_to_be_typed() {
    const STEPS: [&str; 5] = [
        "to lose the data: put it back into the stack file",
        "write `deletion_protection: false` into the stack file",
        "provision apply",
        "provision destroy --target aws_db_instance.db",
        "take it out of the stack file again",
    ];
    let mut case = Case::of(json!({}), json!({}));
    case.declared.clear();
    let plan = case.planning_to(Mode::Apply).plan;
    assert!(hints(&plan).contains(&STEPS.join(", then: ")), "{}", hints(&plan));
    // In a status in which AWS takes no last snapshot, that is said with it.
    let mut case = Case::of(json!({}), json!({}));
    case.declared.clear();
    case.live(DATABASE).condition =
        Condition::of(provision::aws::kinds::db_instance::STATUSES, "restore-error");
    let plan = case.planning_to(Mode::Apply).plan;
    let both = "write `deletion_protection: false` and `final_snapshot: false` into the stack file";
    assert!(hints(&plan).contains(both), "{}", hints(&plan));
    // A replacement needs the change that forces it out of the file until then.
    let plan = Case::of(json!({ "storage_encrypted": false }), json!({})).planning_to(Mode::Apply).plan;
    assert!(
        hints(&plan).ends_with(
            "to lose the data: take the change of storage_encrypted out of the stack file for now, then: write \
             `deletion_protection: false` into the stack file, then: provision apply, then: write that change into the \
             stack file again, then: provision apply --replace aws_db_instance.db"
        ),
        "{}",
        hints(&plan)
    );
    // Without anything else in the way, the command alone.
    let mut case = unprotected(json!({}));
    case.declared.clear();
    let plan = case.planning_to(Mode::Apply).plan;
    assert!(
        hints(&plan).ends_with("to lose the data: provision destroy --target aws_db_instance.db"),
        "{}",
        hints(&plan)
    );
}

#[test]
fn a_refresh_warns_of_what_another_state_has_taken_over() {
    let mut case = Case::of(json!({}), json!({ "instance_class": "db.m7g.large" }));
    case.recorded.get_mut(&address(DATABASE)).expect("recorded").inputs =
        super::databases::database(json!({}));
    let Ownership::Tagged { lineage, .. } = &mut case.live(DATABASE).ownership else {
        panic!("it is tagged")
    };
    *lineage = Some("another".to_owned());
    let plan = case.planning_to(Mode::RefreshOnly).plan;
    let [finding] = &plan.preflight[..] else { panic!("{:?}", plan.preflight) };
    assert_eq!((finding.check.as_str(), finding.level), ("fenced", Level::Warning));
    assert!(finding.message.ends_with("what AWS shows of it is not recorded"), "{}", finding.message);
    assert_eq!(plan.drift[0].response, Response::LeftAlone);
}

#[test]
fn a_change_that_deletes_data_is_allowed_by_name_and_replaces_nothing() {
    let off = |allowed: &[&str], replaced: &[&str]| {
        let mut case =
            Case::of(json!({ "backup_retention_period": 0, "deletion_protection": false }), json!({}));
        case.recorded.get_mut(&address(DATABASE)).expect("recorded").inputs["deletion_protection"] =
            json!(false);
        case.live(DATABASE).inputs["deletion_protection"] = json!(false);
        case.allow_data_loss.extend(allowed.iter().map(|at| address(at)));
        case.replace.extend(replaced.iter().map(|at| address(at)));
        case.planning_to(Mode::Apply).plan
    };
    let plan = off(&[], &[]);
    assert_eq!(
        errors(&plan),
        [
            "data-loss: the change of backup_retention_period deletes the automated backups that are older than the new \
             period, all of them where it is 0"
        ]
    );
    assert!(
        hints(&plan).contains(&format!("provision apply --allow-data-loss {DATABASE}")),
        "{}",
        hints(&plan)
    );
    assert_eq!(change(&plan, DATABASE).effect, Effect::DataLoss);
    let plan = off(&[DATABASE], &[]);
    assert_eq!((change(&plan, DATABASE).action, errors(&plan)), (Action::Update, vec![]));
    // A replacement loses more than that, and is named already.
    assert_eq!(change(&off(&[], &[DATABASE]), DATABASE).action, Action::Replace);
    let unknown = off(&[DATABASE, "aws_db_instance.other"], &[]);
    assert_eq!(errors(&unknown), ["address: neither the stack nor the state has this address"]);
}

#[test]
fn a_target_of_a_destroy_that_is_declared_and_not_made_has_nothing_to_destroy() {
    let mut case = Case::of(json!({}), json!({}));
    case.declared.clear();
    let other = "aws_db_instance.other";
    case.targets = [other, "aws_db_instance.unheard-of"].map(address).into();
    case.safeguards.declared.insert(address(other));
    let plan = case.planning_to(Mode::Destroy).plan;
    assert_eq!(errors(&plan), ["address: neither the stack nor the state has this address"]);
    let not_made = plan.preflight.iter().find(|finding| finding.address == Some(address(other)));
    let not_made = not_made.expect("it is told of");
    assert_eq!(not_made.level, Level::Warning);
    assert!(not_made.message.starts_with("the stack declares it, and the state does not record it"));
    assert!(plan.is_empty(), "{:?}", plan.changes);
}

#[test]
fn a_target_of_a_destroy_that_stands_and_is_not_recorded_is_named() {
    let other = "aws_db_instance.other";
    let said = |ownership: Ownership, vpc: Option<&str>, targets: &[&str]| {
        let mut case = Case::of(json!({}), json!({}));
        case.declared.clear();
        case.recorded.clear();
        case.seen = Default::default();
        case.targets = targets.iter().map(|target| address(target)).collect();
        case.safeguards.declared.insert(address(other));
        let found = Found { vpc: vpc.map(Id::new), ..Found::new(Id::new("db-2"), ownership) };
        case.seen.insert(address(other), Sighting::InTheWay { found, beside: Vec::new() });
        let plan = case.planning_to(Mode::Destroy).plan;
        let [finding] = &plan.preflight[..] else { panic!("{:?}", plan.preflight) };
        let hint = finding.hint.clone().unwrap_or_default();
        (finding.level, finding.check.clone(), format!("{}; {hint}", finding.message))
    };
    let tagged = |cluster: &str| Ownership::Tagged {
        stack: "test".to_owned(),
        address: other.to_owned(),
        lineage: None,
        cluster: Some(cluster.to_owned()),
    };
    let (level, check, text) = said(tagged("cluster"), None, &[other]);
    assert_eq!((level, check.as_str()), (Level::Error, "unrecorded"), "{text}");
    assert!(text.contains("provision state rebuild"), "{text}");
    // Without a target it keeps nothing else from being deleted.
    assert_eq!(said(tagged("cluster"), None, &[]).0, Level::Warning);
    // An object of others is told of, and is no reason to fail.
    let (level, check, text) = said(Ownership::Untagged, None, &[other]);
    assert_eq!((level, check.as_str()), (Level::Warning, "name-taken"), "{text}");
}

#[test]
fn what_stands_in_an_object_of_others_is_told_the_line_that_leaves_it_to_them() {
    let mut case = Case::of(json!({}), json!({}));
    let (subnets, reference) = ("aws_db_subnet_group.db", "${aws_db_subnet_group.db.id}");
    let group = document(json!({ "name": "db", "description": "d", "subnet_ids": ["subnet-1"], "tags": {} }));
    case.object(subnets, "db", Some(group.clone()), group);
    case.declared
        .insert(address(DATABASE), super::databases::database(json!({ "db_subnet_group_name": reference })));
    case.live(DATABASE).inputs["db_subnet_group_name"] = json!("elsewhere");
    let plan = case.planning_to(Mode::Apply).plan;
    let said = hints(&plan);
    assert_eq!(change(&plan, DATABASE).action, Action::Replace);
    assert!(!said.contains("db_subnet_group_name"), "{said}");
    let line = "write `subnet_group: { existing: elsewhere }` into the stack file";
    assert!(said.starts_with(line), "{said}");
    assert!(
        said.contains(&format!("to lose the data: {line}, then: write `deletion_protection: false`")),
        "{said}"
    );
    assert!(said.contains("take `subnet_group` out of the stack file again"), "{said}");
}

#[test]
fn an_option_that_replaces_what_a_database_stands_in_is_left_out_again() {
    let mut case = Case::of(json!({}), json!({}));
    let (subnets, reference) = ("aws_db_subnet_group.db", "${aws_db_subnet_group.db.id}");
    let group = document(json!({ "name": "db", "description": "d", "subnet_ids": ["subnet-1"], "tags": {} }));
    case.object(subnets, "db", Some(group.clone()), group);
    case.declared
        .insert(address(DATABASE), super::databases::database(json!({ "db_subnet_group_name": reference })));
    case.live(DATABASE).inputs["db_subnet_group_name"] = json!("db");
    case.replace.insert(address(subnets));
    let plan = case.planning_to(Mode::Apply).plan;
    let said = hints(&plan);
    assert_eq!(change(&plan, DATABASE).action, Action::Replace);
    assert!(said.starts_with("leave --replace aws_db_subnet_group.db out; or, "), "{said}");
    assert!(!said.contains("provision import") && !said.contains("write that change"), "{said}");
}

#[test]
fn a_file_system_that_is_encrypted_says_that_it_stays_so() {
    let inputs = |encrypted: bool| {
        document(json!({
            "encrypted": encrypted, "performance_mode": "generalPurpose", "throughput_mode": "elastic", "backup": true,
            "deletion_protection": true, "tags": {},
        }))
    };
    let mut case = Case::default();
    case.object(FILES, "fs-1", Some(inputs(false)), inputs(true));
    let plan = case.planning_to(Mode::Apply).plan;
    assert_eq!(change(&plan, FILES).action, Action::NoOp);
    let [finding] = &plan.preflight[..] else { panic!("{:?}", plan.preflight) };
    assert_eq!(finding.level, Level::Warning);
    assert!(finding.message.starts_with("encrypted: is true and stays so"), "{}", finding.message);
}

#[tokio::test]
async fn what_stands_in_the_record_alone_is_applied_without_a_call_in_every_status() {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    world.clear_log();
    world.declare("fake_disk.d", json!({"name": "d", "size": 1, "deletion_protection": true}));
    // At work for long: nothing could be asked of it, and waiting would take until then.
    world.change_live("fake_disk.d", |disk| disk.busy = 1_000);
    let report = world.apply().await.expect("nothing kills this run");
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(world.log(), [""; 0]);
    let state = world.state().expect("there is a state");
    let record = &state.resources[&address("fake_disk.d")];
    assert!(
        record.inputs["deletion_protection"] == json!(true) && record.phase == Phase::Ready,
        "{record:?}"
    );
    let plan = world.plan(&options(Mode::Destroy)).await;
    assert_eq!(errors(&plan), ["protected: its deletion protection is on"]);
}

#[tokio::test]
async fn drift_that_is_recorded_forgets_no_data() {
    let mut world = World::new().with_stack();
    world.must_apply().await;
    world.shared.cloud().objects.retain(|_, object| !object.address.starts_with("fake_disk"));
    world.accept_drift().await;
    let plan = world.plan(&options(Mode::Apply)).await;
    assert!(errors(&plan)[0].starts_with("gone: fake_disk-"), "{:?}", errors(&plan));
}
