//! Databases in depth: their options, parameters, storage, queue and major upgrades.

use std::collections::BTreeMap;

use aws_sdk_rds::types::DbInstance;
use serde_json::{Value, json};

use crate::lifecycle::{RECORDS, in_place, lives, planned};
use crate::world::{NOTHING, World, ended, eventually, signal};

const DATABASE: &str = "aws_db_instance.records";
const GROUP: &str = "aws_db_parameter_group.records";
/// Stands at the end of the database's options.
const END: &str = "    apply_immediately: true\n";

fn with(options: &str) -> String {
    RECORDS.replace(END, &format!("{END}{options}"))
}

fn change<'a>(plan: &'a Value, address: &str) -> &'a Value {
    let changes = plan["changes"].as_array().expect("a plan has changes");
    changes.iter().find(|change| change["address"] == address).expect("the address is planned")
}

/// The warnings and errors of a plan.
fn complaints(plan: &Value) -> Vec<&str> {
    let findings = plan["preflight"].as_array().into_iter().flatten();
    let bad = findings.filter(|finding| finding["level"] == "error" || finding["level"] == "warning");
    bad.filter_map(|finding| finding["message"].as_str()).collect()
}

/// The parameters that are set in the group of this name, if there is one.
fn set_in(world: &World, group: &str) -> Option<BTreeMap<String, String>> {
    let call = world.cloud.rds.describe_db_parameters().db_parameter_group_name(group).source("user");
    let rows = world.cloud.run(call.send()).ok()?.parameters.unwrap_or_default();
    Some(rows.into_iter().filter_map(|one| Some((one.parameter_name?, one.parameter_value?))).collect())
}

fn attached(world: &World) -> String {
    let database = world.cloud.database();
    let group = database.db_parameter_groups().first().expect("a database has a group");
    group.db_parameter_group_name().unwrap_or_default().to_owned()
}

fn exports(database: &DbInstance) -> Vec<&str> {
    let mut logs: Vec<&str> = database.enabled_cloudwatch_logs_exports().iter().map(String::as_str).collect();
    logs.sort_unstable();
    logs
}

#[test]
fn the_options_of_a_database() {
    lives(
        DATABASE,
        &with("    enabled_cloudwatch_logs_exports: [upgrade]\n"),
        |world| exports(&world.cloud.database()) == ["upgrade"],
        &[
            (in_place(END, "    apply_immediately: true\n    max_allocated_storage: 100\n"), |world| {
                world.cloud.database().max_allocated_storage() == Some(100)
            }),
            (in_place("max_allocated_storage: 100", "max_allocated_storage: 200"), |world| {
                world.cloud.database().max_allocated_storage() == Some(200)
            }),
            (in_place("max_allocated_storage: 200", "max_allocated_storage: 0"), |world| {
                world.cloud.database().max_allocated_storage().is_none()
            }),
            (in_place("[upgrade]", "[iam-db-auth-error, postgresql]"), |world| {
                exports(&world.cloud.database()) == ["iam-db-auth-error", "postgresql"]
            }),
            (in_place("[iam-db-auth-error, postgresql]", "[]"), |world| {
                exports(&world.cloud.database()).is_empty()
            }),
            (in_place(END, "    apply_immediately: true\n    copy_tags_to_snapshot: true\n"), |world| {
                world.cloud.database().copy_tags_to_snapshot() == Some(true)
            }),
            (
                in_place(END, "    apply_immediately: true\n    iam_database_authentication_enabled: true\n"),
                |world| world.cloud.database().iam_database_authentication_enabled() == Some(true),
            ),
            (
                in_place(END, "    apply_immediately: true\n    ca_cert_identifier: rds-ca-ecc384-g1\n"),
                |world| world.cloud.database().ca_certificate_identifier() == Some("rds-ca-ecc384-g1"),
            ),
            (
                in_place(
                    END,
                    "    apply_immediately: true\n    performance_insights_enabled: true\n    \
                     performance_insights_kms_key_id: arn:aws:kms:eu-west-1:123456789012:key/2\n",
                ),
                |world| {
                    let found = world.cloud.database();
                    found.performance_insights_kms_key_id()
                        == Some("arn:aws:kms:eu-west-1:123456789012:key/2")
                        && found.performance_insights_retention_period() == Some(7)
                },
            ),
            (
                in_place(
                    "performance_insights_kms_key_id: arn:aws:kms:eu-west-1:123456789012:key/2",
                    "performance_insights_retention_period: 93",
                ),
                |world| world.cloud.database().performance_insights_retention_period() == Some(93),
            ),
            (
                in_place(
                    "performance_insights_retention_period: 93",
                    "performance_insights_retention_period: 465\n    database_insights_mode: advanced",
                ),
                |world| insights_mode(world).as_deref() == Some("advanced"),
            ),
            (
                in_place(
                    "performance_insights_retention_period: 465\n    database_insights_mode: advanced",
                    "performance_insights_retention_period: 93\n    database_insights_mode: standard",
                ),
                |world| insights_mode(world).as_deref() == Some("standard"),
            ),
            (
                in_place(
                    END,
                    "    apply_immediately: true\n    monitoring: { interval: 60, role_arn: \"arn:aws:iam::123456789012:role/m\" }\n",
                ),
                |world| world.cloud.database().monitoring_interval() == Some(60),
            ),
            (in_place("interval: 60", "interval: 5"), |world| {
                let found = world.cloud.database();
                found.monitoring_interval() == Some(5) && found.monitoring_role_arn().is_some()
            }),
            (
                in_place(
                    "{ interval: 5, role_arn: \"arn:aws:iam::123456789012:role/m\" }",
                    "{ interval: 0 }",
                ),
                |world| world.cloud.database().monitoring_interval() == Some(0),
            ),
            (
                in_place(
                    END,
                    "    apply_immediately: true\n    engine_lifecycle_support: open-source-rds-extended-support-disabled\n",
                ),
                |world| {
                    let support = world.cloud.database().engine_lifecycle_support;
                    support.as_deref() == Some("open-source-rds-extended-support-disabled")
                },
            ),
            (
                in_place(
                    "performance_insights_enabled: true\n    performance_insights_retention_period: 93",
                    "performance_insights_enabled: false",
                ),
                |world| world.cloud.database().performance_insights_enabled() == Some(false),
            ),
        ],
    );
}

fn insights_mode(world: &World) -> Option<String> {
    world.cloud.database().database_insights_mode.map(|mode| mode.as_str().to_owned())
}

/// A key of KMS. On Python 3.11 the emulator makes none whose material comes from KMS itself.
fn key(world: &World) -> String {
    let origin = aws_sdk_kms::types::OriginType::AwsCloudhsm;
    let made = world.cloud.run(world.cloud.kms.create_key().origin(origin).send());
    let metadata = made.expect("a key can be made").key_metadata;
    metadata.and_then(|key| key.arn).expect("a key has an ARN")
}

#[test]
fn a_database_is_encrypted_with_the_key_that_is_named() {
    let world = World::seeded(&[]);
    let (key, other) = (key(&world), key(&world));
    world.write_stack(&with(&format!("    kms_key_id: {key}\n")));
    world.apply(&[]);
    assert_eq!(world.cloud.database().kms_key_id(), Some(key.as_str()));
    world.plans_nothing();
    // Left out it stays; another one would be another database.
    world.edit_stack(&format!("    kms_key_id: {key}\n"), "");
    world.plans_nothing();
    world.edit_stack(END, &format!("{END}    kms_key_id: {other}\n"));
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["data lost: kms_key_id differs"]);
}

#[test]
fn parameters_get_a_group_of_their_own_which_goes_with_them() {
    let world = World::seeded(&[]);
    world.write_stack(&with("    parameters: { rds.force_ssl: \"1\", work_mem: \"1024\" }\n"));
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(attached(&world), "records-postgres15");
    let set = |pairs: &[(&str, &str)]| {
        Some(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    };
    // One that says what the family has anyway is not shown as set.
    assert_eq!(set_in(&world, "records-postgres15"), set(&[("work_mem", "1024")]));

    // One changes, one is reset, one comes that PostgreSQL reads at its start alone.
    world.edit_stack("rds.force_ssl: \"1\", work_mem: \"1024\"", "work_mem: \"2048\"");
    assert_eq!(change(&world.plan(&[]), GROUP)["effect"], "next-reboot", "a parameter of RDS may be static");
    world.apply(&[]);
    assert_eq!(set_in(&world, "records-postgres15"), set(&[("work_mem", "2048")]));
    world.edit_stack("work_mem: \"2048\"", "work_mem: \"4096\"");
    assert_eq!(change(&world.plan(&[]), GROUP)["effect"], "none");
    world.edit_stack("work_mem: \"4096\"", "work_mem: \"4096\", max_connections: \"100\"");
    world
        .provision(&["plan"])
        .exits(0)
        .says(&["takes effect at the next reboot, which provision does not do"]);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(
        set_in(&world, "records-postgres15"),
        set(&[("max_connections", "100"), ("work_mem", "4096")])
    );
    let status = |world: &World| {
        let groups = world.cloud.database().db_parameter_groups.unwrap_or_default();
        groups.first().and_then(|group| group.parameter_apply_status.clone())
    };
    assert_eq!(status(&world).as_deref(), Some("pending-reboot"));

    let due = [
        "warning:",
        "when the database is rebooted",
        "aws rds reboot-db-instance --db-instance-identifier records",
    ];
    world.provision(&["plan", "--detailed-exitcode"]).exits(0).says(&due);
    let call = world.cloud.rds.reboot_db_instance().db_instance_identifier("records");
    world.cloud.run(call.send()).expect("it can be rebooted");
    let plan = world.plan(&[]);
    assert_eq!(complaints(&plan), [""; 0]);

    // A parameter that someone else set in our group is drift, and is reverted.
    let theirs = aws_sdk_rds::types::Parameter::builder()
        .parameter_name("log_statement")
        .parameter_value("all")
        .apply_method(aws_sdk_rds::types::ApplyMethod::Immediate)
        .build();
    let call = world.cloud.rds.modify_db_parameter_group().db_parameter_group_name("records-postgres15");
    world.cloud.run(call.parameters(theirs).send()).expect("it can be set");
    let plan = world.plan(&[]);
    assert_eq!(plan["drift"][0]["address"], GROUP);
    world.apply(&[]);
    assert_eq!(
        set_in(&world, "records-postgres15"),
        set(&[("max_connections", "100"), ("work_mem", "4096")])
    );

    // Tags, which a refresh does not read.
    world.edit_stack("team: one", "team: two");
    world.apply(&[]);
    world.plans_nothing();

    // Without parameters the database lets go of the group before that goes.
    world.edit_stack("    parameters: { work_mem: \"4096\", max_connections: \"100\" }\n", "");
    let plan = world.plan(&[]);
    assert_eq!((planned(&plan, DATABASE), planned(&plan, GROUP)), ("update".to_owned(), "delete".to_owned()));
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(attached(&world), "default.postgres15");
    assert_eq!(set_in(&world, "records-postgres15"), None);

    // And back again, with more than fit into one call.
    let many = "log_connections log_disconnections log_duration log_hostname log_lock_waits enable_bitmapscan \
                enable_hashagg enable_hashjoin enable_indexonlyscan enable_indexscan enable_material \
                enable_mergejoin enable_nestloop enable_seqscan enable_sort geqo jit track_activities track_counts \
                track_io_timing wal_compression autovacuum log_checkpoints";
    let lines: String = many.split(' ').map(|name| format!("      {name}: \"on\"\n")).collect();
    world.edit_stack(END, &format!("{END}    parameters:\n{lines}"));
    world.apply(&[]);
    world.plans_nothing();
    // `log_checkpoints` is on anyway.
    assert_eq!(set_in(&world, "records-postgres15").map(|set| set.len()), Some(many.split(' ').count() - 1));
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
    assert_eq!(set_in(&world, "records-postgres15"), None);
}

#[test]
fn parameters_that_rds_does_not_take_are_known_before_anything_is_made() {
    let world = World::seeded(&[]);
    world.write_stack(&with(
        "    parameters: { work_men: \"1024\", no_such_thing: \"1\", port: \"5433\", jit: \"2\" }\n",
    ));
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&[
        "postgres15 has no parameter `work_men`",
        "write `work_mem` if that is meant",
        "no parameter `no_such_thing`",
        "does not let `port` be changed",
        "`jit` must not be `2`: RDS takes 0,1",
        GROUP,
    ]);
    assert_eq!(set_in(&world, "records-postgres15"), None);
    // A truth has several words, and RDS keeps one.
    world.write_stack(&with("    parameters: { work_mem: \"1024\", jit: \"off\", rds.force_ssl: \"1\" }\n"));
    world.apply(&[]);
    world.plans_nothing();
    // What the family has anyway is not shown as set.
    let set = set_in(&world, "records-postgres15").expect("the group is there");
    assert_eq!(set.keys().map(String::as_str).collect::<Vec<_>>(), ["jit", "work_mem"]);
    world.edit_stack("rds.force_ssl: \"1\"", "rds.force_ssl: \"0\"");
    world.apply(&[]);
    world.plans_nothing();
    world.edit_stack(", rds.force_ssl: \"0\"", "");
    world.apply(&[]);
    world.plans_nothing();
}

/// RDS judges each call by itself, and a call has twenty parameters: from the old versions of TLS to the new ones, the two limits have to be
/// in one.
#[test]
fn the_limits_of_tls_go_together_among_more_parameters_than_a_call_takes() {
    let world = World::seeded(&[]);
    // So many before them by name, that the twentieth is the first limit.
    let many: Vec<String> = "autovacuum_analyze_threshold autovacuum_naptime autovacuum_vacuum_cost_limit autovacuum_vacuum_threshold \
                             bgwriter_delay bgwriter_lru_maxpages checkpoint_timeout commit_delay commit_siblings deadlock_timeout \
                             default_statistics_target effective_io_concurrency from_collapse_limit geqo_threshold \
                             idle_session_timeout join_collapse_limit lock_timeout log_rotation_size log_temp_files"
        .split_whitespace()
        .map(|name| format!("{name}: 1000"))
        .collect();
    let many = many.join(", ");
    let limits = |least: &str, most: &str| {
        format!("ssl_min_protocol_version: {least}, ssl_max_protocol_version: {most}")
    };
    world.write_stack(&with(&format!("    parameters: {{ {} }}\n", limits("TLSv1", "TLSv1.1"))));
    world.apply(&[]);
    let newer = limits("TLSv1.2", "TLSv1.3");
    world.write_stack(&with(&format!("    parameters: {{ {newer}, {many} }}\n")));
    world.apply(&[]);
    world.plans_nothing();
    let set = set_in(&world, "records-postgres15").expect("the group is there");
    assert_eq!(set["ssl_min_protocol_version"], "TLSv1.2");
    assert!(set.len() > 20, "one call is not enough: {set:?}");
}

#[test]
fn a_parameter_that_rds_refuses_after_all_is_put_right_by_the_next_run() {
    let world = World::seeded(&[]);
    world.write_stack(&with("    parameters: { work_mem: \"1024\" }\n"));
    world.control.refuse("rds.ModifyDBParameterGroup", "InvalidParameterValue", 400, "no");
    world.provision(&["apply", "--auto-approve"]).exits(1).says(&["InvalidParameterValue", GROUP]);
    world.apply(&[]);
    world.plans_nothing();
    assert_eq!(set_in(&world, "records-postgres15").map(|set| set.len()), Some(1));
}

#[test]
fn a_major_upgrade_is_made_when_it_is_allowed_and_takes_its_parameters_along() {
    let world = World::seeded(&[]);
    world.write_stack(&with("    parameters: { work_mem: \"1024\" }\n"));
    world.apply(&[]);
    let id = world.cloud.database_id();

    world.edit_stack("engine_version: \"15.12\"", "engine_version: \"14\"");
    world.provision(&["plan"]).says(&["error:", "RDS does not downgrade"]);
    world.edit_stack("engine_version: \"14\"", "engine_version: \"16\"");
    world.provision(&["plan"]).says(&["error:", "without `allow_major_version_upgrade: true`"]);
    world.edit_stack(END, &format!("{END}    allow_major_version_upgrade: true\n"));
    world.edit_stack("apply_immediately: true", "apply_immediately: false");
    world.provision(&["plan"]).says(&["error:", "needs `apply_immediately: true` for a major upgrade"]);
    world.edit_stack("apply_immediately: false", "apply_immediately: true");

    let plan = world.plan(&[]);
    assert_eq!(complaints(&plan), [""; 0]);
    assert_eq!(change(&plan, GROUP)["order"], "create-first");
    assert_eq!(
        (change(&plan, DATABASE)["action"].as_str(), change(&plan, DATABASE)["effect"].as_str()),
        (Some("update"), Some("reboot"))
    );
    // Seconds in which the old group is still in use.
    world.control.settings(json!({ "db_modify_lag": 0.5, "db_modifying": 1.0 }));
    world.control.forget_calls();
    world.apply(&[]);
    let calls = world.control.calls().order;
    let changes: Vec<&str> = calls
        .iter()
        .map(String::as_str)
        .filter(|call| !["Describe", "List", "Get"].iter().any(|read| call.contains(&format!(".{read}"))))
        .collect();
    assert_eq!(
        changes,
        [
            "rds.CreateDBParameterGroup",
            "rds.ModifyDBParameterGroup",
            "rds.ModifyDBInstance",
            "rds.DeleteDBParameterGroup",
        ]
    );
    let database = world.cloud.database();
    assert!(database.engine_version().is_some_and(|version| version.starts_with("16.")));
    assert_eq!((attached(&world), world.cloud.database_id()), ("records-postgres16".to_owned(), id));
    assert_eq!(set_in(&world, "records-postgres15"), None);
    world.plans_nothing();
    world.destroy();
    assert_eq!(world.cloud.count(), NOTHING);
}

#[test]
fn a_major_upgrade_that_was_killed_on_the_way_is_finished_by_the_next_run() {
    let world = World::seeded(&[]);
    world.write_stack(&with(
        "    allow_major_version_upgrade: true\n    parameters: { work_mem: \"1024\" }\n",
    ));
    world.apply(&[]);
    let id = world.cloud.database_id();
    world.edit_stack("engine_version: \"15.12\"", "engine_version: \"16\"");
    world.control.settings(json!({ "db_modifying": 600.0 }));
    world.control.forget_calls();
    let run = world.start(&["apply", "--auto-approve"]);
    eventually("the upgrade has begun", || world.control.calls().of("rds.ModifyDBInstance") == 1);
    signal(&run, "KILL");
    ended(run);
    assert!(set_in(&world, "records-postgres15").is_some(), "the old group is still in use");
    // While RDS is at it, the class is held against the version that comes.
    world.provision(&["plan"]).exits(0).says(&["AWS is still at it"]);
    world.control.settings(json!({}));
    world.apply(&[]);
    assert_eq!((attached(&world), world.cloud.database_id()), ("records-postgres16".to_owned(), id));
    assert!(world.cloud.database().engine_version().is_some_and(|version| version.starts_with("16.")));
    assert_eq!(set_in(&world, "records-postgres15"), None);
    world.plans_nothing();
}

#[test]
fn a_major_upgrade_without_parameters_can_wait_for_the_window() {
    let world = World::seeded(&[]);
    world.write_stack(
        &with("    allow_major_version_upgrade: true\n").replace("immediately: true", "immediately: false"),
    );
    world.apply(&[]);
    world.edit_stack("engine_version: \"15.12\"", "engine_version: \"16\"");
    let plan = world.plan(&[]);
    let field = &change(&plan, DATABASE)["fields"][0];
    assert_eq!((&field["path"], &field["window"]["effect"]), (&json!("engine_version"), &json!("reboot")));
    world.apply(&[]);
    assert_eq!(world.cloud.database().engine_version(), Some("15.12"));
    world.plans_nothing();
    assert_eq!(world.control.advance_window(), 1);
    assert!(world.cloud.database().engine_version().is_some_and(|version| version.starts_with("16.")));
    world.plans_nothing();
}

/// The version that the plan shows for the database, and the ones before it.
fn planned_version(world: &World) -> (Value, Value) {
    let plan = world.plan(&[]);
    let fields = change(&plan, DATABASE)["fields"].as_array().expect("it has fields").clone();
    let field = fields.into_iter().find(|field| field["path"] == "engine_version").expect("it differs");
    (field["before"].clone(), field["after"].clone())
}

/// RDS itself would take 17.4, its default version of 17, which is no target of 16.10.
#[test]
fn an_upgrade_goes_to_the_newest_target_within_what_is_written_and_the_plan_shows_it() {
    let world = World::seeded(&[]);
    let waiting = RECORDS.replace("immediately: true", "immediately: false").replace("15.12", "16");
    world.write_stack(&waiting);
    world.apply(&[]);
    world.edit_stack(
        "engine_version: \"16\"",
        "engine_version: \"17\"\n    allow_major_version_upgrade: true",
    );
    assert_eq!(planned_version(&world), (json!("16.10"), json!("17.6")));

    // It waits for the window, and then is asked for at once: the queued version is sent again.
    world.apply(&[]);
    world.plans_nothing();
    world.edit_stack("apply_immediately: false", "apply_immediately: true");
    world.apply(&[]);
    assert_eq!(world.cloud.database().engine_version(), Some("17.6"));
    world.plans_nothing();
}

#[test]
fn an_upgrade_whose_first_call_was_refused_is_asked_about_again_by_the_next_run() {
    let world = World::seeded(&[]);
    world.write_stack(&RECORDS.replace("15.12", "16"));
    world.apply(&[]);
    world.edit_stack(
        "engine_version: \"16\"",
        "engine_version: \"17\"\n    allow_major_version_upgrade: true",
    );
    world.control.refuse("rds.ModifyDBInstance", "InvalidParameterValue", 400, "no");
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(planned_version(&world), (json!("16.10"), json!("17.6")));
    world.apply(&[]);
    assert_eq!(world.cloud.database().engine_version(), Some("17.6"));
    world.plans_nothing();
}

/// Changes the database behind provision's back.
fn grow(world: &World, size: i32) {
    let call = world.cloud.rds.modify_db_instance().db_instance_identifier("records");
    let call = call.allocated_storage(size).apply_immediately(true).send();
    world.cloud.run(call).expect("storage can grow");
}

#[test]
fn storage_is_rounded_up_optimised_and_never_shrunk() {
    let world = World::seeded(&[]);
    world.write_stack(RECORDS);
    world.apply(&[]);
    // A small step comes out larger, which the plan says, and the next plan too.
    world.edit_stack("allocated_storage: 50", "allocated_storage: 52");
    world.provision(&["plan"]).exits(0).says(&["warning:", "becomes 55 GiB, and not 52"]);
    world.control.settings(json!({ "db_optimizing": 600.0 }));
    world.apply(&[]);
    assert_eq!(world.cloud.database().db_instance_status(), Some("storage-optimization"));
    assert_eq!(world.cloud.database().allocated_storage(), Some(55));
    world.provision(&["plan", "--detailed-exitcode"]).exits(0).says(&["warning:", "stays at 55 GiB"]);
    // The next step has to wait; other changes have not.
    world.edit_stack("allocated_storage: 52", "allocated_storage: 100");
    world
        .provision(&["apply", "--auto-approve"])
        .exits(1)
        .says(&["while RDS optimises the storage", "apply again when"]);
    world.edit_stack("allocated_storage: 100", "allocated_storage: 55");
    world.edit_stack("backup_retention_period: 30", "backup_retention_period: 35");
    world.apply(&[]);
    assert_eq!(world.cloud.database().backup_retention_period(), Some(35));
    world.control.settings(json!({}));
    world.plans_nothing();
    // Less than there is, and nothing else.
    grow(&world, 100);
    world.provision(&["plan"]).says(&["error:", "cannot shrink from 100 to 55 GiB: write 100, or more"]);
    world.provision(&["apply", "--auto-approve"]).exits(1);
    // Storage that grows by itself explains the difference.
    world.edit_stack(END, &format!("{END}    max_allocated_storage: 200\n"));
    world.apply(&[]);
    grow(&world, 150);
    world.plans_nothing();
    let plan = world.plan(&[]);
    assert_eq!(complaints(&plan), [""; 0]);
    // As far as it may, where RDS shows no limit any more.
    grow(&world, 200);
    world.plans_nothing();
}

#[test]
fn what_is_made_at_once_takes_along_what_was_queued_and_the_plan_says_so() {
    let world = World::seeded(&[]);
    world.write_stack(&RECORDS.replace("immediately: true", "immediately: false"));
    world.apply(&[]);
    world.edit_stack("db.t4g.medium", "db.t4g.large");
    // A change that only waits is not done.
    let applied = world.apply(&[]);
    assert!(
        applied.said().contains("1 queued for 20") && !applied.said().contains("updated"),
        "{}",
        applied.said()
    );
    world.plans_nothing();
    let said = world.provision(&["plan"]).exits(0).out;
    let mut lines = said.lines();
    assert!(lines.next().is_some_and(|line| line.contains("provision.yaml")), "{said}");
    assert!(lines.take(2).any(|line| line.starts_with("1 queued for 20")), "{said}");
    let plan = world.plan(&[]);
    assert_eq!(plan["stack_file"], "provision.yaml");
    let queued = &change(&plan, DATABASE)["queued"][0];
    assert_eq!(
        (&queued["path"], &queued["before"], &queued["after"], &queued["window"]["effect"]),
        (&json!("instance_class"), &json!("db.t4g.medium"), &json!("db.t4g.large"), &json!("failover"))
    );
    // A change that does not wait anyway leaves the queue alone.
    world.edit_stack("backup_retention_period: 30", "backup_retention_period: 35");
    world.apply(&[]);
    assert_eq!(world.cloud.database().db_instance_class(), Some("db.t4g.medium"));
    // Another that shall be made at once does not.
    world.edit_stack("immediately: false", "immediately: true");
    let plan = world.plan(&[]);
    let planned = change(&plan, DATABASE);
    assert_eq!(
        (&planned["effect"], &planned["queued"][0]["effect"]),
        (&json!("failover"), &json!("failover"))
    );
    world.provision(&["plan"]).exits(0).says(&["queued before, and made at once with this change"]);
    world.apply(&[]);
    assert_eq!(world.cloud.database().db_instance_class(), Some("db.t4g.large"));
    world.plans_nothing();
    let plan = world.plan(&[]);
    assert_eq!(change(&plan, DATABASE).get("queued"), None);
}

#[test]
fn what_is_taken_back_before_its_window_is_said_to_be_and_aws_forgets_it() {
    let world = World::seeded(&[]);
    world.write_stack(&RECORDS.replace("immediately: true", "immediately: false"));
    world.apply(&[]);
    for (was, becomes) in
        [("db.t4g.medium", "db.t4g.large"), ("backup_retention_period: 30", "backup_retention_period: 0")]
    {
        world.edit_stack(was, becomes);
        world.apply(&["--allow-data-loss", DATABASE]);
        world.provision(&["plan"]).exits(0).says(&[
            "No changes now. 1 change waits for the window of ",
            "; all else is as the stack describes.",
        ]);
        world.edit_stack(becomes, was);
        let said = world.provision(&["plan"]).exits(0).says(&["is taken back"]).said();
        for wrong in ["1 queued", "queued before", "waits for", "loses data", "fails over", "Changed outside"]
        {
            assert!(!said.contains(wrong), "{wrong}: {said}");
        }
        let applied = world.apply(&[]).said();
        assert!(applied.contains("1 updated") && !applied.contains("1 queued"), "{applied}");
        let pending = world.cloud.database().pending_modified_values;
        let waits = pending.is_some_and(|pending| {
            pending.db_instance_class.is_some() || pending.backup_retention_period.is_some()
        });
        assert!(!waits, "{was} is queued still");
        world.provision(&["plan"]).exits(0).says(&["No changes. All"]);
        world.plans_nothing();
    }
}

#[test]
fn an_upgrade_and_storage_that_wait_are_taken_back_to_what_is_in_force() {
    const VERSION: &str = "engine_version: \"15.12\"";
    const UP: &str = "engine_version: \"16\"\n    allow_major_version_upgrade: true";
    const SIZE: &str = "allocated_storage: 200";
    let world = World::seeded(&[]);
    let stack = RECORDS.replace("allocated_storage: 50", "allocated_storage: 200");
    let stack = stack.replace("immediately: true", "immediately: false");
    world.write_stack(&stack);
    world.apply(&[]);
    let pending = || world.cloud.database().pending_modified_values;
    let is_queued = || {
        pending()
            .is_some_and(|pending| pending.engine_version.is_some() || pending.allocated_storage.is_some())
    };
    for (was, becomes, back) in [
        (VERSION, UP, VERSION),
        (VERSION, UP, "engine_version: \"15\""),
        ("engine_version: \"15\"", "engine_version: \"15.13\"", VERSION),
        (SIZE, "allocated_storage: 400", SIZE),
    ] {
        world.edit_stack(was, becomes);
        world.apply(&[]);
        assert!(is_queued(), "{becomes}");
        world.edit_stack(becomes, back);
        let plan = world.plan(&[]);
        assert_eq!(complaints(&plan), [""; 0], "{becomes}");
        let fields = &change(&plan, DATABASE)["fields"];
        assert!(fields[0]["takes_back"] == true, "{becomes}: {fields}");
        world.apply(&[]);
        assert!(!is_queued(), "{becomes}: {:?}", pending());
        world.plans_nothing();
    }
    // Less than is queued, and more than there is.
    world.edit_stack(SIZE, "allocated_storage: 500");
    world.apply(&[]);
    world.edit_stack("allocated_storage: 500", "allocated_storage: 300");
    assert_eq!(complaints(&world.plan(&[])), [""; 0]);
    world.apply(&[]);
    assert_eq!(pending().and_then(|pending| pending.allocated_storage), Some(300));
    world.plans_nothing();
}

#[test]
fn iops_that_are_not_written_are_shown_where_they_are_sent_and_taken_back_to_those_in_force() {
    let world = World::seeded(&[]);
    let stack = RECORDS
        .replace("db.t4g.medium", "db.m7g.large")
        .replace("allocated_storage: 50", "allocated_storage: 500");
    let stack =
        stack.replace("    storage_type: gp3\n", "").replace("immediately: true", "immediately: false");
    world.write_stack(&stack);
    world.apply(&[]);
    let call = world.cloud.rds.modify_db_instance().db_instance_identifier("records").apply_immediately(true);
    world.cloud.run(call.allocated_storage(500).iops(20_000).send()).expect("they are changed");
    eventually("the IOPS are there", || world.cloud.database().iops() == Some(20_000));
    let iops = |plan: &Value| -> (Value, Value) {
        let fields = change(plan, DATABASE)["fields"].as_array().expect("an update has fields").clone();
        let iops = fields.into_iter().find(|field| field["path"] == "iops").unwrap_or_default();
        (iops["before"].clone(), iops["after"].clone())
    };
    const SIZE: &str = "allocated_storage: 500\n";
    const PROVISIONED: &str = "allocated_storage: 500\n    storage_type: io2\n    iops: 4000\n";
    world.edit_stack(SIZE, PROVISIONED);
    world.apply(&[]);
    world.edit_stack(PROVISIONED, SIZE);
    assert_eq!(iops(&world.plan(&[])), (json!(4_000), json!(20_000)));
    world.apply(&[]);
    let pending = world.cloud.database().pending_modified_values;
    assert!(pending.is_none_or(|pending| pending.iops.is_none() && pending.storage_type.is_none()));
    world.plans_nothing();

    const MANY: &str = "allocated_storage: 500\n    storage_type: io2\n    iops: 100000\n";
    world.edit_stack("apply_immediately: false", "apply_immediately: true");
    world.edit_stack(SIZE, MANY);
    world.apply(&[]);
    world.edit_stack(MANY, SIZE);
    assert_eq!(iops(&world.plan(&[])), (json!(100_000), json!(64_000)));
    world.apply(&[]);
    assert_eq!(world.cloud.database().iops(), Some(64_000));
    world.plans_nothing();
}

#[test]
fn a_major_upgrade_to_a_group_that_is_only_named_can_wait_for_the_window() {
    let world = World::seeded(&[]);
    for family in ["postgres15", "postgres16"] {
        let call =
            world.cloud.rds.create_db_parameter_group().db_parameter_group_name(format!("theirs-{family}"));
        let call = call.db_parameter_group_family(family).description("Theirs");
        world.cloud.run(call.send()).expect("it is made");
    }
    let stack = with("    parameter_group: theirs-postgres15\n    allow_major_version_upgrade: true\n");
    world.write_stack(&stack.replace("immediately: true", "immediately: false"));
    world.apply(&[]);
    world.edit_stack("engine_version: \"15.12\"", "engine_version: \"16\"");
    world.edit_stack("theirs-postgres15", "theirs-postgres16");
    assert_eq!(complaints(&world.plan(&[])), [""; 0]);
    world.apply(&[]);
    let pending = world.cloud.database().pending_modified_values.and_then(|pending| pending.engine_version);
    assert!(pending.is_some_and(|version| version.starts_with("16.")));
}

#[test]
fn a_default_group_a_key_by_its_alias_and_a_name_in_capitals_are_taken_as_rds_takes_them() {
    let world = World::seeded(&[]);
    let key = key(&world);
    let id = key.rsplit('/').next().expect("an ARN ends with the id").to_owned();
    world.write_stack(&with(&format!(
        "    identifier: Records-DB\n    kms_key_id: {id}\n    parameter_group: default.postgres15\n    max_allocated_storage: 50\n"
    )));
    assert_eq!(complaints(&world.plan(&[])), [""; 0]);
    world.apply(&[]);
    let database = world.cloud.database();
    assert_eq!(database.db_instance_identifier(), Some("records-db"));
    assert_eq!(database.kms_key_id(), Some(key.as_str()));
    world.plans_nothing();
    let alias = world.cloud.kms.create_alias().alias_name("alias/records").target_key_id(&id);
    world.cloud.run(alias.send()).expect("it is made");
    world.edit_stack(&format!("kms_key_id: {id}"), "kms_key_id: alias/records");
    world.edit_stack("Records-DB", "RECORDS-db");
    world.apply(&[]);
    world.plans_nothing();
}

/// The ports on which a group lets its first role in.
fn open_ports(world: &World) -> Vec<i32> {
    let group = world.cloud.group("shop-records");
    let mut ports: Vec<i32> = group.ip_permissions().iter().filter_map(|rule| rule.from_port()).collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// RDS restarts the database for another port, which takes minutes: who knows the old one gets through until then.
#[test]
fn the_old_port_stays_open_until_the_database_has_moved() {
    let world = World::seeded(&[]);
    world.write_stack(RECORDS);
    world.apply(&[]);
    world.edit_stack("port: 5432", "port: 6000");
    world.provision(&["plan"]).says(&["stays until aws_db_instance.records has moved"]);

    // Killed while the database restarts, and gone on with while it still does.
    world.control.settings(json!({ "db_modifying": 600.0 }));
    world.control.forget_calls();
    let run = world.start(&["apply", "--auto-approve"]);
    eventually("the database restarts", || world.control.calls().of("rds.ModifyDBInstance") == 1);
    assert_eq!(open_ports(&world), [5432, 6000]);
    signal(&run, "KILL");
    ended(run);
    let run = world.start(&["apply", "--auto-approve"]);
    world.control.forget_calls();
    eventually("it is waited for", || world.control.calls().of("rds.DescribeDBInstances") > 2);
    assert_eq!(open_ports(&world), [5432, 6000]);
    world.control.settings(json!({}));
    assert!(ended(run).code == 0);
    assert_eq!(open_ports(&world), [6000]);
    world.plans_nothing();

    // A refusal leaves both open, and the next run goes on.
    world.edit_stack("port: 6000", "port: 7000");
    world.control.refuse("rds.ModifyDBInstance", "InvalidParameterValue", 400, "no");
    world.provision(&["apply", "--auto-approve"]).exits(1);
    assert_eq!(open_ports(&world), [6000, 7000]);
    world.apply(&[]);
    assert_eq!(open_ports(&world), [7000]);
    world.plans_nothing();
}
