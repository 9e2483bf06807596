//! Plans of the real database kinds, made from what AWS would show: nothing is read and nothing is carried out.

use std::collections::{BTreeMap, BTreeSet};

use provision::aws::kinds::registry;
use provision::engine::address::Address;
use provision::engine::blueprint::{Blueprint, Declaration};
use provision::engine::document::{Document, references};
use provision::engine::event::Queued;
use provision::engine::kind::Live;
use provision::engine::network::Cluster;
use provision::engine::plan::{Action, Change, Level, Mode, Plan, ReplaceOrder};
use provision::engine::planner::{self, Input, Options, Planning, Safeguards, Sighting, Sightings};
use provision::engine::resource::{Condition, Effect, Id, Ownership, Remark};
use provision::engine::state::{Phase, Record, State};
use provision::engine::steps::Step;
use serde_json::{Value, json};

use super::world::{address, document};

pub const DATABASE: &str = "aws_db_instance.db";
const GROUP: &str = "aws_db_parameter_group.db";

/// A database as the blueprint declares it, some fields replaced; `null` takes one away.
pub fn database(replaced: Value) -> Document {
    let mut base = document(json!({
        "identifier": "db", "engine": "postgres", "engine_version": "16",
        "instance_class": "db.t4g.medium", "allocated_storage": 50, "storage_type": "gp3", "username": "gitlab",
        "password": "managed", "password_version": 1, "multi_az": true, "port": 5432,
        "db_subnet_group_name": "db", "vpc_security_group_ids": ["sg-1"], "publicly_accessible": false,
        "backup_retention_period": 30, "maintenance_window": "sun:04:30-sun:05:30", "storage_encrypted": true,
        "auto_minor_version_upgrade": true, "deletion_protection": true, "final_snapshot": true,
        "apply_immediately": false, "tags": {},
    }));
    for (name, value) in document(replaced) {
        match value {
            Value::Null => base.remove(&name),
            value => base.insert(name, value),
        };
    }
    base
}

fn group(major: u32) -> Document {
    document(json!({
        "name": format!("db-postgres{major}"), "family": format!("postgres{major}"), "description": "Parameters of db",
        "parameters": { "work_mem": "1024" }, "tags": {},
    }))
}

/// Everything that a plan is made from: what is declared, recorded and seen at each address.
#[derive(Default)]
pub struct Case {
    pub declared: BTreeMap<Address, Document>,
    pub recorded: BTreeMap<Address, Record>,
    pub seen: Sightings,
    /// Named by `--replace`.
    pub replace: BTreeSet<Address>,
    /// Named by `--allow-data-loss`.
    pub allow_data_loss: BTreeSet<Address>,
    /// Named by `--target`.
    pub targets: BTreeSet<Address>,
    /// The fields that the stack file leaves to others.
    pub ignored: BTreeMap<Address, BTreeSet<String>>,
    pub safeguards: Safeguards,
}

impl Case {
    /// A database that was made as `recorded` and is seen as `live`.
    pub fn of(declared: Value, live: Value) -> Self {
        let live_inputs = database(live);
        let mut case = Self::default();
        case.object(DATABASE, "db-1", Some(database(declared)), live_inputs);
        case
    }

    pub fn object(&mut self, at: &str, id: &str, declared: Option<Document>, live: Document) {
        let depends_on = declared.as_ref().map(references).unwrap_or_default();
        self.recorded.insert(
            address(at),
            Record {
                phase: Phase::Ready,
                id: Some(Id::new(id)),
                watched: false,
                kind_version: 1,
                inputs: live.clone(),
                outputs: Document::new(),
                depends_on,
                generation: 0,
                predecessor: None,
                claimed: None,
                gone: false,
                lost: None,
            },
        );
        let live = Live {
            inputs: live,
            in_force: Document::new(),
            outputs: Document::new(),
            condition: Condition::Ready,
            remarks: Vec::new(),
            ownership: Ownership::Tagged {
                stack: "test".to_owned(),
                address: at.to_owned(),
                lineage: Some("lineage".to_owned()),
                cluster: Some("cluster".to_owned()),
            },
            vpc: None,
        };
        self.seen.insert(address(at), Sighting::Live { id: Id::new(id), live });
        if let Some(declared) = declared {
            self.declared.insert(address(at), declared);
        }
    }

    pub fn live(&mut self, at: &str) -> &mut Live {
        match self.seen.get_mut(&address(at)) {
            Some(Sighting::Live { live, .. }) => live,
            other => panic!("{at} is not seen: {other:?}"),
        }
    }

    pub fn planning(self) -> Planning {
        self.planning_to(Mode::Apply)
    }

    pub fn planning_to(self, mode: Mode) -> Planning {
        let declarations = self.declared.into_iter();
        let declarations =
            declarations.map(|(address, inputs)| (address, Declaration::Managed { inputs })).collect();
        let cluster = Cluster { name: Some("cluster".to_owned()), efs_names_resolve: true };
        let blueprint = Blueprint {
            stack: "test".to_owned(),
            cluster: Some(cluster),
            declarations,
            ignored: self.ignored,
            ..Blueprint::default()
        };
        let mut state = State::new("test", "lineage".to_owned(), "123456789012", "eu-west-1");
        state.resources = self.recorded;
        planner::plan(&Input {
            registry: &registry(),
            blueprint: &blueprint,
            state: Some(&state),
            sightings: &self.seen,
            account: "123456789012",
            region: "eu-west-1",
            now: "2026-11-21T10:00:00Z".parse().expect("a time"),
            options: &Options {
                mode,
                targets: self.targets,
                replace: self.replace,
                allow_data_loss: self.allow_data_loss,
            },
            safeguards: &self.safeguards,
        })
    }

    fn plan(self) -> Plan {
        self.planning().plan
    }
}

fn change<'a>(plan: &'a Plan, at: &str) -> &'a Change {
    plan.change(&address(at)).expect("it is planned")
}

/// `error: allocated_storage: …` for each finding.
fn said(plan: &Plan) -> Vec<String> {
    let level = |level| if level == Level::Error { "error" } else { "warning" };
    plan.preflight.iter().map(|finding| format!("{}: {}", level(finding.level), finding.message)).collect()
}

#[test]
fn no_op() {
    let plan = Case::of(json!({}), json!({ "engine_version": "16.4", "iops": 3000 })).plan();
    assert_eq!((change(&plan, DATABASE).action, said(&plan)), (Action::NoOp, vec![]));
}

#[test]
fn a_cost_depends_on_what_is_there() {
    for (declared, live, effect, window) in [
        (
            json!({ "instance_class": "db.m7g.large" }),
            json!({}),
            Effect::NextMaintenanceWindow,
            Some(Effect::Failover),
        ),
        (
            json!({ "instance_class": "db.m7g.large", "multi_az": false }),
            json!({ "multi_az": false }),
            Effect::NextMaintenanceWindow,
            Some(Effect::Reboot),
        ),
        (
            json!({ "instance_class": "db.m7g.large", "apply_immediately": true }),
            json!({ "apply_immediately": true }),
            Effect::Failover,
            None,
        ),
        (json!({ "backup_retention_period": 35 }), json!({}), Effect::None, None),
        (json!({ "backup_retention_period": 0 }), json!({}), Effect::DataLoss, Some(Effect::DataLoss)),
        (json!({ "port": 5433 }), json!({}), Effect::AccessLoss, None),
        (json!({ "storage_type": "gp2" }), json!({}), Effect::NextMaintenanceWindow, Some(Effect::None)),
    ] {
        let plan = Case::of(declared.clone(), live).plan();
        let change = change(&plan, DATABASE);
        let waits = change.fields.iter().find_map(|field| field.window.as_ref()).map(|window| window.effect);
        assert_eq!((change.effect, waits), (effect, window), "{declared}");
    }
}

#[test]
fn options_that_are_not_written_are_not_compared() {
    let live = json!({
        "max_allocated_storage": 500, "kms_key_id": "arn:a", "ca_cert_identifier": "rds-ca-a", "iops": 3000,
        "copy_tags_to_snapshot": true, "iam_database_authentication_enabled": true,
        "performance_insights_enabled": true, "performance_insights_retention_period": 93,
        "performance_insights_kms_key_id": "arn:b", "enabled_cloudwatch_logs_exports": ["upgrade"],
    });
    let plan = Case::of(json!({}), live).plan();
    assert_eq!((change(&plan, DATABASE).action, said(&plan)), (Action::NoOp, vec![]));
}

#[test]
fn what_is_met_may_still_be_wrong_or_other_than_it_is_written() {
    for (declared, live, expected) in [
        (
            json!({}),
            json!({ "allocated_storage": 100 }),
            "error: allocated_storage: cannot shrink from 100 to 50 GiB",
        ),
        (json!({}), json!({ "allocated_storage": 55 }), "warning: allocated_storage: stays at 55 GiB"),
        (json!({}), json!({ "allocated_storage": 100, "max_allocated_storage": 200 }), ""),
        (
            json!({ "engine_version": "16.4" }),
            json!({ "engine_version": "16.6" }),
            "warning: engine_version: stays at 16.6",
        ),
        (json!({ "engine_version": "16" }), json!({ "engine_version": "16.6" }), ""),
    ] {
        let plan = Case::of(declared, live).plan();
        assert_eq!(change(&plan, DATABASE).action, Action::NoOp);
        match expected {
            "" => assert_eq!(said(&plan), [""; 0]),
            words => {
                assert!(said(&plan).len() == 1 && said(&plan)[0].starts_with(words), "{:?}", said(&plan))
            }
        }
    }
    let plan = Case::of(json!({ "allocated_storage": 52 }), json!({})).plan();
    assert_eq!(change(&plan, DATABASE).action, Action::Update);
    assert!(
        said(&plan)[0].starts_with("warning: allocated_storage: becomes 55 GiB, and not 52"),
        "{:?}",
        said(&plan)
    );
    assert_eq!(plan.errors().count(), 0);
}

#[test]
fn storage_that_is_held_stops_a_change_of_storage_alone() {
    for (declared, stops) in [
        (json!({ "allocated_storage": 100 }), true),
        (json!({ "storage_type": "gp2" }), true),
        (json!({ "port": 5433 }), false),
        (json!({}), false),
    ] {
        let mut case = Case::of(declared.clone(), json!({}));
        let fields = &["allocated_storage", "storage_type", "iops", "storage_throughput"];
        case.live(DATABASE).remarks = vec![Remark::Held { fields, why: "cannot change for now".to_owned() }];
        assert_eq!(case.plan().errors().count(), usize::from(stops), "{declared}");
    }
}

#[test]
fn what_is_left_to_do_is_said_whatever_is_planned() {
    let mut case = Case::of(json!({}), json!({}));
    case.live(DATABASE).remarks =
        vec![Remark::Left { what: "a reboot is due".to_owned(), command: "aws rds reboot".to_owned() }];
    let plan = case.plan();
    assert_eq!(said(&plan), ["warning: a reboot is due"]);
    assert_eq!(plan.preflight[0].hint.as_deref(), Some("aws rds reboot"));
    assert!(plan.is_empty());
}

/// A database of which another class is queued, and in force the smaller one.
fn queued(declared: Value) -> Plan {
    let large = json!({ "instance_class": "db.m7g.large" });
    let mut case = Case::of(declared, large);
    case.live(DATABASE).in_force = database(json!({}));
    case.plan()
}

#[test]
fn what_is_queued_is_listed_and_waits_for_its_window() {
    let plan = queued(json!({ "instance_class": "db.m7g.large" }));
    let change = change(&plan, DATABASE);
    assert_eq!((change.action, change.effect), (Action::NoOp, Effect::None));
    let [class] = &change.queued[..] else { panic!("{:?}", change.queued) };
    assert_eq!(
        (class.before.clone(), class.after.clone()),
        (Some(json!("db.t4g.medium")), Some(json!("db.m7g.large")))
    );
    let window = class.window.as_ref().expect("it waits");
    assert_eq!((window.opens.as_deref(), window.effect), (Some("2026-11-22T04:30:00Z"), Effect::Failover));
    // A change that waits too, or that never waits, leaves it where it is.
    for more in [json!({ "storage_type": "gp2" }), json!({ "backup_retention_period": 35 })] {
        let mut declared = json!({ "instance_class": "db.m7g.large" });
        declared.as_object_mut().expect("fields").extend(document(more));
        let plan = queued(declared);
        assert!(self::change(&plan, DATABASE).queued[0].window.is_some());
    }
}

#[test]
fn what_is_made_at_once_takes_everything_queued_along() {
    for more in
        [json!({}), json!({ "backup_retention_period": 35 }), json!({ "port": 5432, "tags": { "a": "b" } })]
    {
        let mut declared = json!({ "instance_class": "db.m7g.large", "apply_immediately": true });
        declared.as_object_mut().expect("fields").extend(document(more.clone()));
        let plan = queued(declared);
        let change = change(&plan, DATABASE);
        assert_eq!((change.action, change.effect), (Action::Update, Effect::Failover), "{more}");
        assert!(change.queued.iter().all(|field| field.window.is_none()), "{more}");
    }
}

#[test]
fn what_somebody_else_queued_stays_queued_while_nothing_is_changed() {
    let large = json!({ "instance_class": "db.m7g.large", "apply_immediately": true });
    let mut case = Case::of(large.clone(), large);
    case.live(DATABASE).in_force = database(json!({ "apply_immediately": true }));
    let plan = case.plan();
    assert_eq!(change(&plan, DATABASE).action, Action::NoOp);
    assert!(change(&plan, DATABASE).queued[0].window.is_some(), "nothing is made at once");
}

#[test]
fn a_queued_change_that_is_taken_back_costs_nothing_and_waits_for_nothing() {
    for waits in [
        json!({ "instance_class": "db.m7g.large" }),
        json!({ "identifier": "db-2" }),
        json!({ "backup_retention_period": 0 }),
    ] {
        let mut case = Case::of(json!({}), waits.clone());
        case.live(DATABASE).in_force = database(json!({}));
        let plan = case.plan();
        assert_eq!(said(&plan), [""; 0], "{waits}");
        let change = change(&plan, DATABASE);
        assert_eq!((change.action, change.effect), (Action::Update, Effect::None), "{waits}");
        assert!(change.reason.starts_with("the queued change of "), "{}", change.reason);
        let [field] = &change.fields[..] else { panic!("{:?}", change.fields) };
        assert!(field.takes_back && field.window.is_none() && field.effect == Effect::None, "{field:?}");
        assert_eq!((change.queued.as_slice(), Queued::of(change)), (&[][..], None), "{waits}");
    }
    // The change that is queued beside it goes on.
    let waits = json!({ "instance_class": "db.m7g.large", "storage_type": "gp2" });
    let mut case = Case::of(json!({ "storage_type": "gp2" }), waits);
    case.live(DATABASE).in_force = database(json!({}));
    let plan = case.plan();
    let queued: Vec<&str> = change(&plan, DATABASE).queued.iter().map(|field| field.path.as_str()).collect();
    assert_eq!(queued, ["storage_type"]);
    // A third value is a change of its own, and waits.
    let mut case =
        Case::of(json!({ "instance_class": "db.m7g.xlarge" }), json!({ "instance_class": "db.m7g.large" }));
    case.live(DATABASE).in_force = database(json!({}));
    let plan = case.plan();
    let field = &change(&plan, DATABASE).fields[0];
    assert!(!field.takes_back && field.window.is_some(), "{field:?}");
}

/// A database with parameters of its own, at 16.4.
fn parametrised(version: &str, major: u32, more: Value) -> Case {
    let mut case = Case::default();
    let mut declared = json!({
        "engine_version": version, "parameter_group_name": format!("${{{GROUP}.id}}"), "allow_major_version_upgrade": true,
        "apply_immediately": true,
    });
    declared.as_object_mut().expect("fields").extend(document(more));
    let live = database(json!({
        "engine_version": "16.4", "parameter_group_name": "db-postgres16", "allow_major_version_upgrade": true,
        "apply_immediately": true,
    }));
    case.object(GROUP, "db-postgres16", Some(group(major)), group(16));
    case.object(DATABASE, "db-1", Some(database(declared)), live);
    case
}

#[test]
fn a_major_upgrade_makes_the_new_group_first_and_deletes_the_old_one_last() {
    let planning = parametrised("17", 17, json!({})).planning();
    let plan = &planning.plan;
    assert_eq!(said(plan), [""; 0]);
    assert_eq!(change(plan, GROUP).action, Action::Replace);
    assert_eq!(change(plan, GROUP).order, Some(ReplaceOrder::CreateFirst));
    assert_eq!(
        (change(plan, DATABASE).action, change(plan, DATABASE).effect),
        (Action::Update, Effect::Reboot)
    );
    let (up, upgraded, down) =
        (Step::Up(address(GROUP)), Step::Up(address(DATABASE)), Step::Down(address(GROUP)));
    assert_eq!(planning.steps.waits_for[&upgraded], BTreeSet::from([up.clone()]));
    assert_eq!(planning.steps.waits_for[&down], BTreeSet::from([up, upgraded]));
}

#[test]
fn a_major_upgrade_is_refused_where_it_is_not_allowed_and_a_downgrade_always() {
    for (version, major, more, words) in [
        (
            "17",
            17,
            json!({ "allow_major_version_upgrade": false }),
            "without `allow_major_version_upgrade: true`",
        ),
        ("15", 15, json!({}), "RDS does not downgrade"),
    ] {
        let plan = parametrised(version, major, more).plan();
        let errors: Vec<&str> = plan.errors().map(|finding| finding.message.as_str()).collect();
        assert!(errors.len() == 1 && errors[0].contains(words), "{words}: {errors:?}");
        let hint = plan.errors().find_map(|finding| finding.hint.clone()).unwrap_or_default();
        let allowed = "write `allow_major_version_upgrade: true` into the stack file";
        assert_eq!(hint.contains(allowed), words.starts_with("without"), "{hint}");
    }
}

#[test]
fn a_database_lets_go_of_its_group_before_that_is_deleted() {
    let mut case = parametrised("16", 16, json!({ "parameter_group_name": null }));
    case.declared.remove(&address(GROUP));
    case.recorded.get_mut(&address(DATABASE)).expect("it is recorded").depends_on.insert(address(GROUP));
    let planning = case.planning();
    let change_of = |at| change(&planning.plan, at);
    assert_eq!((change_of(DATABASE).action, change_of(GROUP).action), (Action::Update, Action::Delete));
    assert_eq!(change_of(DATABASE).effect, Effect::NextReboot);
    let [field] = &change_of(DATABASE).fields[..] else { panic!("{:?}", change_of(DATABASE).fields) };
    assert_eq!(
        (field.path.as_str(), field.after.as_ref(), field.unknown),
        ("parameter_group_name", None, false)
    );
    assert_eq!(
        planning.steps.waits_for[&Step::Down(address(GROUP))],
        BTreeSet::from([Step::Up(address(DATABASE))])
    );
}

#[test]
fn a_change_that_waits_for_its_window_is_no_drift() {
    let retention = |days: u32| json!({ "backup_retention_period": days });
    let mut case = Case::of(retention(7), retention(7));
    let record = case.recorded.get_mut(&address(DATABASE)).expect("it is recorded");
    record.inputs = database(retention(30));
    case.live(DATABASE).in_force = database(retention(30));
    let plan = case.plan();
    assert!(plan.drift.is_empty(), "{:#?}", plan.drift);
    assert_eq!(change(&plan, DATABASE).queued.len(), 1, "it is told of as queued");
}

/// The fields of a database that are told to have changed outside.
fn drifted(case: Case) -> Vec<String> {
    let plan = case.plan();
    plan.drift.iter().flat_map(|drift| &drift.fields).map(|field| field.path.clone()).collect()
}

#[test]
fn what_changed_beside_a_field_that_waits_or_is_left_to_others_is_drift() {
    let changed = || {
        let live = json!({ "backup_retention_period": 7, "instance_class": "db.m7g.large" });
        let mut case = Case::of(json!({}), live);
        case.recorded.get_mut(&address(DATABASE)).expect("it is recorded").inputs = database(json!({}));
        case
    };
    assert_eq!(drifted(changed()), ["instance_class", "backup_retention_period"]);
    let mut waits = changed();
    waits.live(DATABASE).in_force = database(json!({ "backup_retention_period": 7 }));
    assert_eq!(drifted(waits), ["backup_retention_period"]);
    let mut left = changed();
    left.ignored = BTreeMap::from([(address(DATABASE), BTreeSet::from(["instance_class".to_owned()]))]);
    assert_eq!(drifted(left), ["backup_retention_period"]);
    let mut theirs = changed();
    theirs.live(DATABASE).remarks =
        vec![Remark::Theirs { fields: &["instance_class"], why: "it follows its source".to_owned() }];
    assert_eq!(drifted(theirs), ["backup_retention_period"]);
}

#[test]
fn an_unlike_database_is_written_into_the_stack_file_as_it_is() {
    let live = json!({ "username": "postgres", "storage_encrypted": false, "kms_key_id": null, "database_name": "app" });
    let mut case = Case::of(
        json!({ "username": "gitlab", "db_subnet_group_name": "${aws_db_subnet_group.db.id}" }),
        live,
    );
    let live = case.live(DATABASE);
    live.inputs.insert("db_subnet_group_name".to_owned(), json!("theirs"));
    let subnets = document(json!({ "name": "db", "description": "d", "subnet_ids": ["a", "b"], "tags": {} }));
    case.object("aws_db_subnet_group.db", "db", Some(subnets.clone()), subnets);
    let plan = case.planning().plan;
    let finding = plan.errors().find(|finding| finding.check == "data-loss").expect("it is found");
    let hint = finding.hint.as_deref().unwrap_or_default();
    assert!(
        hint.starts_with(
            "write `storage_encrypted: false` and `subnet_group: { existing: theirs }` and `username: postgres` into the stack \
             file; or, to lose the data: "
        ),
        "{hint}"
    );
}

#[test]
fn a_password_that_rds_is_to_manage_from_now_on_is_said_to_replace_the_one_of_now() {
    for (live, expected) in [(json!({ "password": null }), 1), (json!({}), 0)] {
        let plan = Case::of(json!({}), live).planning().plan;
        let said = plan.preflight.iter().filter(|one| one.message.contains("a new master password"));
        assert_eq!(said.count(), expected);
        assert_eq!(plan.errors().count(), 0);
        if expected == 1 {
            let change = plan.change(&address(DATABASE)).expect("it is planned");
            let fields: Vec<&str> = change.fields.iter().map(|field| field.path.as_str()).collect();
            assert_eq!((fields, change.effect), (vec!["password"], Effect::AccessLoss));
        }
    }
}

#[test]
fn the_backup_that_a_database_was_made_from_is_compared_with_nothing() {
    let from = |name: &str| json!({ "restore_from": { "snapshot": name } });
    for (declared, recorded) in [
        (from("before"), from("before")),
        (from("before"), from("another")),
        (from("before"), json!({})),
        (json!({}), from("before")),
    ] {
        let plan = Case::of(declared, recorded).plan();
        assert_eq!(change(&plan, DATABASE).action, Action::NoOp);
        assert!(plan.drift.is_empty() && plan.preflight.is_empty(), "{:?}", plan.preflight);
    }
}

#[test]
fn a_new_database_and_one_that_replaces_another_are_made_from_the_backup() {
    let from = json!({ "restore_from": { "snapshot": "before" } });
    let mut replaced = Case::of(from.clone(), from.clone());
    replaced.replace.insert(address(DATABASE));
    let mut new = Case::of(from.clone(), from);
    new.recorded.clear();
    new.seen.insert(address(DATABASE), Sighting::Gone);
    for (case, action) in [(replaced, Action::Replace), (new, Action::Create)] {
        let plan = case.plan();
        let change = change(&plan, DATABASE);
        assert_eq!(change.action, action);
        let origin = change.fields.iter().find(|field| field.path == "restore_from").expect("it is shown");
        assert_eq!(origin.after, Some(json!({ "snapshot": "before" })));
    }
}

#[test]
fn a_lost_database_that_would_be_restored_is_made_when_it_is_named() {
    let from = json!({ "restore_from": { "snapshot": "before" } });
    let mut case = Case::of(from.clone(), from);
    case.seen.insert(address(DATABASE), Sighting::Gone);
    let plan = case.plan();
    let found: Vec<_> = plan.preflight.iter().filter(|one| one.level == Level::Error).collect();
    assert_eq!(found.len(), 1);
    assert!(
        found[0].message.ends_with("a new one would have the data of its `restore_from`, and nothing newer"),
        "{}",
        found[0].message
    );
}

#[test]
fn what_an_unfinished_database_lacks_is_set_at_once() {
    for (phase, waits) in [(Phase::Creating, false), (Phase::Ready, true)] {
        let mut case = Case::of(json!({ "engine_version": "16.9" }), json!({ "engine_version": "16.4" }));
        case.recorded.get_mut(&address(DATABASE)).expect("it is recorded").phase = phase;
        let plan = case.plan();
        let change = change(&plan, DATABASE);
        assert_eq!(change.action, Action::Update);
        assert_eq!(change.fields[0].window.is_some(), waits, "{phase:?}");
    }
}
