//! Databases: the options that need not be written, what they cost and what is sent for them.

use std::collections::BTreeSet;

use provision::engine::resource::{Condition, Id, Remark};
use serde_json::{Value, json};

use crate::wire::object::Object;
use crate::wire::owner;
use crate::wire::rds::{
    ID, answer, database, described, form, instance, modification, observe_one, sent, update,
};
use crate::wire::replay::Replay;

const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1";
const OTHER_KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/2";

const ROLE: &str = "arn:aws:iam::123456789012:role/monitoring";

/// Every option that need not be written.
fn all() -> Value {
    json!({
        "max_allocated_storage": 200, "kms_key_id": KEY, "ca_cert_identifier": "rds-ca-rsa4096-g1",
        "copy_tags_to_snapshot": true, "iam_database_authentication_enabled": true,
        "performance_insights_enabled": true, "performance_insights_retention_period": 93,
        "performance_insights_kms_key_id": OTHER_KEY, "enabled_cloudwatch_logs_exports": ["upgrade", "postgresql"],
        "parameter_group_name": "gitlab-pgsql-postgres16", "master_user_secret_kms_key_id": KEY,
        "engine_lifecycle_support": "open-source-rds-extended-support-disabled", "backup_target": "region",
        "database_insights_mode": "standard", "monitoring": { "interval": 60, "role_arn": ROLE },
    })
}

/// The live database with all of them.
fn live() -> [(&'static str, &'static str); 16] {
    [
        ("MaxAllocatedStorage", "200"),
        ("KmsKeyId", KEY),
        ("CACertificateIdentifier", "rds-ca-rsa4096-g1"),
        ("CopyTagsToSnapshot", "true"),
        ("IAMDatabaseAuthenticationEnabled", "true"),
        ("PerformanceInsightsEnabled", "true"),
        ("PerformanceInsightsRetentionPeriod", "93"),
        ("PerformanceInsightsKMSKeyId", OTHER_KEY),
        ("EngineLifecycleSupport", "open-source-rds-extended-support-disabled"),
        ("BackupTarget", "region"),
        ("DatabaseInsightsMode", "standard"),
        ("MonitoringInterval", "60"),
        ("MonitoringRoleArn", ROLE),
        (
            "MasterUserSecret",
            "<SecretArn>arn:aws:secretsmanager:eu-west-1:123456789012:secret:s</SecretArn>\
             <KmsKeyId>arn:aws:kms:eu-west-1:123456789012:key/1</KmsKeyId>",
        ),
        ("EnabledCloudwatchLogsExports", "<member>postgresql</member><member>upgrade</member>"),
        (
            "DBParameterGroups",
            "<DBParameterGroup><DBParameterGroupName>gitlab-pgsql-postgres16</DBParameterGroupName>\
             <ParameterApplyStatus>in-sync</ParameterApplyStatus></DBParameterGroup>",
        ),
    ]
}

#[tokio::test]
async fn everything_that_is_written_is_in_the_call_that_makes_the_database() {
    let replay = Replay::in_order(&[(200, &answer("CreateDBInstance", &instance(&[])))]);
    let owner = owner("aws_db_instance.gitlab-pgsql");
    database(all()).create(&replay, &owner).await.expect("it is made");
    let sent = sent(&replay, 0);
    for (name, value) in [
        ("MaxAllocatedStorage", "200"),
        ("KmsKeyId", KEY),
        ("CACertificateIdentifier", "rds-ca-rsa4096-g1"),
        ("CopyTagsToSnapshot", "true"),
        ("EnableIAMDatabaseAuthentication", "true"),
        ("EnablePerformanceInsights", "true"),
        ("PerformanceInsightsRetentionPeriod", "93"),
        ("PerformanceInsightsKMSKeyId", OTHER_KEY),
        ("EngineLifecycleSupport", "open-source-rds-extended-support-disabled"),
        ("BackupTarget", "region"),
        ("DatabaseInsightsMode", "standard"),
        ("MonitoringInterval", "60"),
        ("MonitoringRoleArn", ROLE),
        ("MasterUserSecretKmsKeyId", KEY),
        ("EnableCloudwatchLogsExports.member.1", "postgresql"),
        ("EnableCloudwatchLogsExports.member.2", "upgrade"),
        ("DBParameterGroupName", "gitlab-pgsql-postgres16"),
    ] {
        assert_eq!(sent.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert!(!sent.contains_key("AllowMajorVersionUpgrade"));

    let replay = Replay::in_order(&[(200, &answer("CreateDBInstance", &instance(&[])))]);
    let off = database(json!({ "max_allocated_storage": 0 }));
    off.create(&replay, &owner).await.expect("it is made");
    assert!(
        !crate::wire::rds::sent(&replay, 0).contains_key("MaxAllocatedStorage"),
        "off is what it is without"
    );
}

#[tokio::test]
async fn a_database_with_every_option_is_seen_as_it_was_desired() {
    let desired = database(all());
    let (seen, condition) = observe_one(&desired, &live()).await;
    assert_eq!(condition, Condition::Ready);
    let mut expected = all();
    for (field, value) in [
        ("engine_version", json!("16.4")),
        ("iops", json!(3000)),
        ("storage_throughput", json!(125)),
        ("dedicated_log_volume", json!(false)),
    ] {
        expected[field] = value;
    }
    assert_eq!(seen, database(expected).inputs);
}

#[tokio::test]
async fn what_is_queued_of_the_options_counts_as_it_will_be_and_is_not_in_force() {
    let pending = "<CACertificateIdentifier>rds-ca-ecc384-g1</CACertificateIdentifier>\
                   <IAMDatabaseAuthenticationEnabled>false</IAMDatabaseAuthenticationEnabled>\
                   <DBInstanceClass>db.m7g.large</DBInstanceClass>\
                   <PendingCloudwatchLogsExports><LogTypesToEnable><member>iam-db-auth-error</member></LogTypesToEnable>\
                   <LogTypesToDisable><member>upgrade</member></LogTypesToDisable></PendingCloudwatchLogsExports>";
    let desired = database(all());
    let mut queued = live().to_vec();
    queued.push(("PendingModifiedValues", pending));
    let replay = Replay::in_order(&[(200, &described(&[instance(&queued)]))]);
    let seen = desired.observe(&replay, &[ID]).await.expect("a read");
    let seen = seen.into_values().next().expect("it is there");
    let (coming, in_force) = (seen.inputs, seen.in_force);
    for (field, later, now) in [
        ("ca_cert_identifier", json!("rds-ca-ecc384-g1"), json!("rds-ca-rsa4096-g1")),
        ("iam_database_authentication_enabled", json!(false), json!(true)),
        ("instance_class", json!("db.m7g.large"), json!("db.t4g.medium")),
        (
            "enabled_cloudwatch_logs_exports",
            json!(["iam-db-auth-error", "postgresql"]),
            json!(["postgresql", "upgrade"]),
        ),
        ("multi_az", json!(true), json!(true)),
    ] {
        assert_eq!((&coming[field], &in_force[field]), (&later, &now), "{field}");
    }
    // With nothing queued, nothing else is in force.
    let replay = Replay::in_order(&[(200, &described(&[instance(&live())]))]);
    let seen = desired.observe(&replay, &[ID]).await.expect("a read");
    assert!(seen.into_values().all(|seen| seen.in_force.is_empty()));
}

#[tokio::test]
async fn a_limit_that_is_off_is_nought_and_one_that_is_reached_stays() {
    for (asked, shown, size, expected) in [
        (json!(null), "", "50", json!(0)),
        (json!(null), "200", "50", json!(200)),
        (json!(200), "", "50", json!(0)),
        // RDS has grown the storage as far as it may.
        (json!(200), "", "200", json!(200)),
        (json!(0), "", "200", json!(0)),
    ] {
        let recorded = database(json!({ "max_allocated_storage": asked }));
        let live = [("MaxAllocatedStorage", shown), ("AllocatedStorage", size)];
        let (seen, _) = observe_one(&recorded, &live).await;
        assert_eq!(seen["max_allocated_storage"], expected, "{asked} {shown} {size}");
    }
}

#[tokio::test]
async fn a_parameter_group_is_seen_only_where_it_was_given() {
    let (seen, _) = observe_one(&database(json!({})), &live()).await;
    assert_eq!(seen.get("parameter_group_name"), None, "it is somebody else's choice");
}

#[tokio::test]
async fn each_option_is_modified_as_rds_wants_it() {
    const INSIGHTS: &[&str] = &["performance_insights_retention_period"];
    for (change, fields, expected) in [
        (
            json!({ "max_allocated_storage": 300 }),
            &["max_allocated_storage"] as &[&str],
            form(&[("MaxAllocatedStorage", "300")]),
        ),
        // There is no other way to turn it off.
        (
            json!({ "max_allocated_storage": 0 }),
            &["max_allocated_storage"],
            form(&[("MaxAllocatedStorage", "50")]),
        ),
        (
            json!({ "max_allocated_storage": 0, "allocated_storage": 52 }),
            &["max_allocated_storage", "allocated_storage"],
            // RDS makes 55 of it.
            form(&[("AllocatedStorage", "52"), ("MaxAllocatedStorage", "55")]),
        ),
        (
            json!({ "ca_cert_identifier": "rds-ca-ecc384-g1" }),
            &["ca_cert_identifier"],
            form(&[("CACertificateIdentifier", "rds-ca-ecc384-g1")]),
        ),
        (
            json!({ "copy_tags_to_snapshot": false, "iam_database_authentication_enabled": false }),
            &["copy_tags_to_snapshot", "iam_database_authentication_enabled"],
            form(&[("CopyTagsToSnapshot", "false"), ("EnableIAMDatabaseAuthentication", "false")]),
        ),
        (
            json!({ "enabled_cloudwatch_logs_exports": ["postgresql", "iam-db-auth-error"] }),
            &["enabled_cloudwatch_logs_exports"],
            form(&[
                ("CloudwatchLogsExportConfiguration.EnableLogTypes.member.1", "iam-db-auth-error"),
                ("CloudwatchLogsExportConfiguration.DisableLogTypes.member.1", "upgrade"),
            ]),
        ),
        // The key goes along: left out, it would count as the default one.
        (
            json!({ "performance_insights_retention_period": 7 }),
            INSIGHTS,
            form(&[
                ("EnablePerformanceInsights", "true"),
                ("PerformanceInsightsRetentionPeriod", "7"),
                ("PerformanceInsightsKMSKeyId", OTHER_KEY),
            ]),
        ),
        (
            json!({ "performance_insights_retention_period": 7, "performance_insights_kms_key_id": null }),
            INSIGHTS,
            form(&[
                ("EnablePerformanceInsights", "true"),
                ("PerformanceInsightsRetentionPeriod", "7"),
                ("PerformanceInsightsKMSKeyId", OTHER_KEY),
            ]),
        ),
        (
            json!({
                "performance_insights_enabled": false, "performance_insights_retention_period": null,
                "performance_insights_kms_key_id": null,
            }),
            &["performance_insights_enabled"],
            form(&[("EnablePerformanceInsights", "false")]),
        ),
        (
            json!({ "database_insights_mode": "advanced", "performance_insights_retention_period": 465 }),
            &["database_insights_mode", "performance_insights_retention_period"],
            form(&[
                ("DatabaseInsightsMode", "advanced"),
                ("EnablePerformanceInsights", "true"),
                ("PerformanceInsightsRetentionPeriod", "465"),
                ("PerformanceInsightsKMSKeyId", OTHER_KEY),
            ]),
        ),
        // An interval is not taken without its role, nor a role without an interval.
        (
            json!({ "monitoring": { "interval": 5, "role_arn": ROLE } }),
            &["monitoring"],
            form(&[("MonitoringInterval", "5"), ("MonitoringRoleArn", ROLE)]),
        ),
        (json!({ "monitoring": { "interval": 0 } }), &["monitoring"], form(&[("MonitoringInterval", "0")])),
        (
            json!({ "parameter_group_name": "next-postgres16" }),
            &["parameter_group_name"],
            form(&[("DBParameterGroupName", "next-postgres16")]),
        ),
        (
            json!({ "parameter_group_name": null }),
            &["parameter_group_name"],
            form(&[("DBParameterGroupName", "default.postgres16")]),
        ),
        // A minor upgrade says nothing of major ones, though they are allowed.
        (
            json!({ "engine_version": "16.6", "allow_major_version_upgrade": true }),
            &["engine_version", "allow_major_version_upgrade"],
            form(&[("EngineVersion", "16.6")]),
        ),
        (
            json!({
                "engine_version": "17", "allow_major_version_upgrade": true,
                "parameter_group_name": "gitlab-pgsql-postgres17",
            }),
            &["engine_version", "allow_major_version_upgrade", "parameter_group_name"],
            form(&[
                ("EngineVersion", "17"),
                ("AllowMajorVersionUpgrade", "true"),
                ("DBParameterGroupName", "gitlab-pgsql-postgres17"),
            ]),
        ),
        (
            json!({ "engine_version": "17", "allow_major_version_upgrade": true, "parameter_group_name": null }),
            &["engine_version", "parameter_group_name"],
            form(&[
                ("EngineVersion", "17"),
                ("AllowMajorVersionUpgrade", "true"),
                ("DBParameterGroupName", "default.postgres17"),
            ]),
        ),
        // Nothing is sent for what is not written.
        (
            json!({ "max_allocated_storage": null, "enabled_cloudwatch_logs_exports": null, "port": 5433 }),
            &["port"],
            form(&[("DBPortNumber", "5433")]),
        ),
    ] {
        let mut desired = all();
        desired.as_object_mut().expect("fields").extend(change.as_object().expect("fields").clone());
        assert_eq!(modification_of(&live(), &database(desired), fields).await, expected, "{change}");
    }
}

/// The parameters that are sent to a database that has every option.
async fn modification_of(
    live: &[(&str, &str)],
    desired: &Object,
    fields: &[&str],
) -> std::collections::BTreeMap<String, String> {
    let done = answer("ModifyDBInstance", &instance(live));
    let replay = Replay::in_order(&[(200, &described(&[instance(live)])), (200, &done)]);
    update(&replay, &database(all()), desired, fields).await.expect("the change is taken");
    let mut form = sent(&replay, 1);
    for always in ["Action", "DBInstanceIdentifier", "ApplyImmediately", "Version"] {
        assert!(form.remove(always).is_some(), "{always}");
    }
    form
}

/// All that is sent for a change that is made at once.
async fn at_once(
    live: &[(&str, &str)],
    observed: Value,
    desired: Value,
    fields: &[&str],
) -> Option<Vec<String>> {
    let done = answer("ModifyDBInstance", &instance(live));
    let replay = Replay::in_order(&[(200, &described(&[instance(live)])), (200, &done)]);
    let mut desired = desired;
    desired["apply_immediately"] = json!(true);
    update(&replay, &database(observed), &database(desired), fields).await.expect("the change is taken");
    let mut asked = replay.asked();
    if asked.len() == 1 {
        return None;
    }
    let form = asked.swap_remove(1).parameters;
    assert_eq!(form["ApplyImmediately"], "true");
    let common = BTreeSet::from(["Action", "DBInstanceIdentifier", "ApplyImmediately", "Version"]);
    let own = form.iter().filter(|(name, _)| !common.contains(name.as_str()));
    Some(own.map(|(name, value)| format!("{name}={value}")).collect())
}

#[tokio::test]
async fn what_is_made_at_once_takes_along_what_waits_and_cancels_what_nobody_wants() {
    let class = [("PendingModifiedValues", "<DBInstanceClass>db.m7g.large</DBInstanceClass>")];
    let authority =
        [("PendingModifiedValues", "<CACertificateIdentifier>rds-ca-ecc384-g1</CACertificateIdentifier>")];
    let large = json!({ "instance_class": "db.m7g.large" });
    let lines = |lines: &[&str]| Some(lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>());
    // It is what we queued ourselves: asked for again, now at once.
    let asked = at_once(&class, large.clone(), large.clone(), &["apply_immediately"]).await;
    assert_eq!(asked, lines(&["DBInstanceClass=db.m7g.large"]));
    // Together with something else.
    let more = json!({ "instance_class": "db.m7g.large", "port": 5433 });
    let asked = at_once(&class, large.clone(), more, &["apply_immediately", "port"]).await;
    assert_eq!(asked, lines(&["DBInstanceClass=db.m7g.large", "DBPortNumber=5433"]));
    // Someone queued another class than the written one: it is taken out of the queue.
    let asked = at_once(&class, large.clone(), json!({}), &["instance_class"]).await;
    assert_eq!(asked, lines(&["DBInstanceClass=db.t4g.medium"]));
    // A field that is not written is not asked for.
    let asked = at_once(&authority, json!({}), json!({}), &["apply_immediately"]).await;
    assert_eq!(asked, None);
}

#[tokio::test]
async fn storage_that_is_being_optimised_takes_no_change() {
    let fields: &[&str] = &["allocated_storage", "storage_type", "iops", "storage_throughput"];
    for (live, progress) in [
        (vec![("DBInstanceStatus", "storage-optimization")], None),
        (
            vec![("StorageOperationStatus", "Optimizing"), ("StorageOperationPercentProgress", "42")],
            Some("42 %"),
        ),
        (vec![("StorageOperationStatus", "Initializing")], Some("")),
        (vec![], Some("")),
    ] {
        let replay = Replay::in_order(&[(200, &described(&[instance(&live)]))]);
        let recorded = database(json!({}));
        let seen = recorded.observe(&replay, &[ID]).await.expect("a read");
        let seen = &seen[&Id::new(ID)];
        assert_eq!(seen.condition, Condition::Ready);
        let remarks = beside_holdings(&seen.remarks);
        match (&remarks[..], progress) {
            ([], Some("")) => {}
            ([Remark::Held { fields: held, why }], progress) => {
                assert_eq!(*held, fields);
                assert!(
                    why.contains("storage-optimization") && why.contains(progress.unwrap_or_default()),
                    "{why}"
                );
            }
            (held, _) => panic!("{live:?}: {held:?}"),
        }
    }
}

/// The remarks without the account of the data.
fn beside_holdings(remarks: &[Remark]) -> Vec<&Remark> {
    remarks.iter().filter(|remark| !matches!(remark, Remark::Holds(_))).collect()
}

#[tokio::test]
async fn a_reboot_that_parameters_of_ours_wait_for_is_left_to_somebody() {
    for (status, ours, due) in
        [("pending-reboot", true, true), ("in-sync", true, false), ("pending-reboot", false, false)]
    {
        let groups = format!(
            "<DBParameterGroup><DBParameterGroupName>gitlab-pgsql-postgres16</DBParameterGroupName>\
             <ParameterApplyStatus>{status}</ParameterApplyStatus></DBParameterGroup>"
        );
        let replay = Replay::in_order(&[(200, &described(&[instance(&[("DBParameterGroups", &groups)])]))]);
        let group = if ours { json!("gitlab-pgsql-postgres16") } else { Value::Null };
        let recorded = database(json!({ "parameter_group_name": group }));
        let seen = recorded.observe(&replay, &[ID]).await.expect("a read");
        let command = "aws rds reboot-db-instance --db-instance-identifier gitlab-pgsql";
        match &beside_holdings(&seen[&Id::new(ID)].remarks)[..] {
            [] => assert!(!due, "{status} {ours}"),
            [Remark::Left { command: said, .. }] => assert!(due && said == command, "{said}"),
            remarks => panic!("{remarks:?}"),
        }
    }
}

#[tokio::test]
async fn a_major_upgrade_waits_for_the_window_where_it_has_no_parameters_of_its_own() {
    let desired = database(json!({ "engine_version": "17.4", "allow_major_version_upgrade": true }));
    let asked = modification(&[], &desired, &["engine_version"]).await;
    assert_eq!(asked, form(&[("EngineVersion", "17.4"), ("AllowMajorVersionUpgrade", "true")]));
}
