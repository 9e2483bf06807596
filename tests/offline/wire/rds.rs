//! Databases: made, read, changed and deleted.

use std::collections::BTreeMap;

use provision::engine::cloud::{CloudError, Outcome};
use provision::engine::document::Document;
use provision::engine::resource::{Condition, Id};
use serde_json::{Value, json};

use crate::wire::object::Object;
use crate::wire::owner;
use crate::wire::replay::Replay;

pub(crate) const AT: &str = "aws_db_instance.gitlab-pgsql";
pub(crate) const ID: &str = "db-ABCDEFGHIJKLMNOPQRSTUVWXYZ";

pub(crate) fn database(replaced: Value) -> Object {
    let base = json!({
        "identifier": "gitlab-pgsql", "engine": "postgres", "engine_version": "16",
        "instance_class": "db.t4g.medium", "allocated_storage": 50, "storage_type": "gp3",
        "database_name": "gitlab_production", "username": "gitlab", "password": "managed", "password_version": 1,
        "multi_az": true, "port": 5432, "db_subnet_group_name": "gitlab-pgsql",
        "vpc_security_group_ids": ["sg-1"], "publicly_accessible": false, "backup_retention_period": 30,
        "backup_window": "04:00-04:30", "maintenance_window": "sun:04:30-sun:05:30", "storage_encrypted": true,
        "auto_minor_version_upgrade": true, "deletion_protection": true, "final_snapshot": true,
        "apply_immediately": false, "tags": { "Name": "gitlab-pgsql" },
    });
    Object::new("aws_db_instance", base, replaced).normalised()
}

/// The live database: `changed` replaces elements of it, by name; an empty text takes one away.
pub(crate) fn instance(changed: &[(&str, &str)]) -> String {
    let mut elements = BTreeMap::from([
        ("DBInstanceIdentifier", "gitlab-pgsql"),
        ("DbiResourceId", ID),
        ("DBInstanceArn", "arn:aws:rds:eu-west-1:123456789012:db:gitlab-pgsql"),
        ("DBInstanceStatus", "available"),
        ("Engine", "postgres"),
        ("EngineVersion", "16.4"),
        ("DBInstanceClass", "db.t4g.medium"),
        ("AllocatedStorage", "50"),
        ("StorageType", "gp3"),
        ("Iops", "3000"),
        ("StorageThroughput", "125"),
        ("DBName", "gitlab_production"),
        ("MasterUsername", "gitlab"),
        ("MasterUserSecret", "<SecretArn>arn:secret</SecretArn><SecretStatus>active</SecretStatus>"),
        ("MultiAZ", "true"),
        ("Endpoint", "<Address>gitlab-pgsql.x.eu-west-1.rds.amazonaws.com</Address><Port>5432</Port>"),
        ("DBSubnetGroup", "<DBSubnetGroupName>gitlab-pgsql</DBSubnetGroupName>"),
        (
            "VpcSecurityGroups",
            "<VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId><Status>active</Status>\
             </VpcSecurityGroupMembership>",
        ),
        ("PubliclyAccessible", "false"),
        ("BackupRetentionPeriod", "30"),
        ("PreferredBackupWindow", "04:00-04:30"),
        ("PreferredMaintenanceWindow", "sun:04:30-sun:05:30"),
        ("StorageEncrypted", "true"),
        ("AutoMinorVersionUpgrade", "true"),
        ("DeletionProtection", "true"),
        (
            "TagList",
            "<Tag><Key>Name</Key><Value>gitlab-pgsql</Value></Tag>\
             <Tag><Key>provision:stack</Key><Value>gitlab</Value></Tag>\
             <Tag><Key>provision:address</Key><Value>aws_db_instance.gitlab-pgsql</Value></Tag>",
        ),
    ]);
    elements.extend(changed.iter().copied());
    let inner: String = elements
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("<{name}>{value}</{name}>"))
        .collect();
    format!("<DBInstance>{inner}</DBInstance>")
}

pub(crate) fn answer(operation: &str, inner: &str) -> String {
    format!("<{operation}Response><{operation}Result>{inner}</{operation}Result></{operation}Response>")
}

pub(crate) fn described(instances: &[String]) -> String {
    answer("DescribeDBInstances", &format!("<DBInstances>{}</DBInstances>", instances.concat()))
}

pub(crate) fn refusal(code: &str, message: &str) -> String {
    format!("<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>")
}

pub(crate) async fn observe_one(recorded: &Object, changed: &[(&str, &str)]) -> (Document, Condition) {
    let replay = Replay::in_order(&[(200, &described(&[instance(changed)]))]);
    let seen = recorded.observe(&replay, &[ID]).await.expect("a read");
    let seen = seen.into_values().next().expect("it is there");
    (seen.inputs, seen.condition)
}

pub(crate) async fn update(
    replay: &Replay,
    observed: &Object,
    desired: &Object,
    fields: &[&str],
) -> Result<(), CloudError> {
    desired.update(replay, ID, fields, observed, &owner(AT)).await
}

/// The parameters of the one ModifyDBInstance of a change, without those that every request has.
pub(crate) async fn modification(
    live: &[(&str, &str)],
    desired: &Object,
    fields: &[&str],
) -> BTreeMap<String, String> {
    let done = answer("ModifyDBInstance", &instance(live));
    let replay = Replay::in_order(&[(200, &described(&[instance(live)])), (200, &done)]);
    update(&replay, &database(json!({})), desired, fields).await.expect("the change is taken");
    let mut form = sent(&replay, 1);
    assert_eq!(form.remove("Action").as_deref(), Some("ModifyDBInstance"));
    assert_eq!(form.remove("DBInstanceIdentifier").as_deref(), Some("gitlab-pgsql"));
    assert_eq!(form.remove("ApplyImmediately").as_deref(), Some("false"));
    form.remove("Version");
    form
}

/// The parameters of one of the requests, in the order in which they were sent.
pub(crate) fn sent(replay: &Replay, number: usize) -> BTreeMap<String, String> {
    replay.asked().swap_remove(number).parameters
}

pub(crate) fn form(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_database_is_made_in_one_call_with_everything_and_its_tags() {
    let replay = Replay::in_order(&[(200, &answer("CreateDBInstance", &instance(&[])))]);
    let owner = owner("aws_db_instance.gitlab-pgsql");
    let id = database(json!({})).create(&replay, &owner).await.expect("it is made");
    assert_eq!(id, Id::new(ID));
    let requests = replay.asked();
    assert_eq!(requests.len(), 1);
    let expected = form(&[
        ("Action", "CreateDBInstance"),
        ("Version", "2014-10-31"),
        ("DBInstanceIdentifier", "gitlab-pgsql"),
        ("Engine", "postgres"),
        ("EngineVersion", "16"),
        ("DBInstanceClass", "db.t4g.medium"),
        ("AllocatedStorage", "50"),
        ("StorageType", "gp3"),
        ("DBName", "gitlab_production"),
        ("MasterUsername", "gitlab"),
        ("ManageMasterUserPassword", "true"),
        ("MultiAZ", "true"),
        ("Port", "5432"),
        ("DBSubnetGroupName", "gitlab-pgsql"),
        ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-1"),
        ("PubliclyAccessible", "false"),
        ("BackupRetentionPeriod", "30"),
        ("PreferredBackupWindow", "04:00-04:30"),
        ("PreferredMaintenanceWindow", "sun:04:30-sun:05:30"),
        ("StorageEncrypted", "true"),
        ("AutoMinorVersionUpgrade", "true"),
        ("DeletionProtection", "true"),
        ("Tags.Tag.1.Key", "Name"),
        ("Tags.Tag.1.Value", "gitlab-pgsql"),
        ("Tags.Tag.2.Key", "provision:address"),
        ("Tags.Tag.2.Value", "aws_db_instance.gitlab-pgsql"),
        ("Tags.Tag.3.Key", "provision:lineage"),
        ("Tags.Tag.3.Value", "lineage-1"),
        ("Tags.Tag.4.Key", "provision:stack"),
        ("Tags.Tag.4.Value", "gitlab"),
    ]);
    assert_eq!(requests[0].parameters, expected);
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_not_repeated() {
    let owner = owner("aws_db_instance.gitlab-pgsql");
    let replay = Replay::in_order(&[(500, ""), (200, &answer("CreateDBInstance", &instance(&[])))]);
    let error = database(json!({})).create(&replay, &owner).await.expect_err("a fault of the server");
    assert_eq!(error.outcome, Outcome::Unknown);
    assert_eq!(replay.asked().len(), 1);
    let replay = Replay::in_order(&[(200, &answer("CreateDBInstance", &instance(&[("DbiResourceId", "")])))]);
    let error = database(json!({})).create(&replay, &owner).await.expect_err("there is no id");
    assert_eq!((error.code.as_str(), error.operation), ("BadResponse", "rds:CreateDBInstance"));
}

#[tokio::test]
async fn databases_are_read_by_their_own_ids_page_by_page() {
    let ids: Vec<String> = (0..101).map(|n| format!("db-{n:03}")).collect();
    let live = |id: &str| instance(&[("DbiResourceId", id)]);
    let first = answer(
        "DescribeDBInstances",
        &format!("<Marker>more</Marker><DBInstances>{}</DBInstances>", live("db-000")),
    );
    let (second, third) = (described(&[live("db-001")]), described(&[live("db-100")]));
    let replay = Replay::in_order(&[(200, &first), (200, &third), (200, &second)]);
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let seen = database(json!({})).observe(&replay, &ids).await.expect("a read");
    assert_eq!(seen.keys().map(Id::as_str).collect::<Vec<_>>(), ["db-000", "db-001", "db-100"]);
    let forms: Vec<_> = replay.asked().into_iter().map(|request| request.parameters).collect();
    assert_eq!(forms.len(), 3);
    for form in &forms {
        assert_eq!(form["Filters.Filter.1.Name"], "dbi-resource-id");
        assert_eq!(form["MaxRecords"], "100");
    }
    assert_eq!(forms[0]["Filters.Filter.1.Values.Value.100"], "db-099");
    assert_eq!(forms[1]["Filters.Filter.1.Values.Value.1"], "db-100");
    assert_eq!(forms[2]["Marker"], "more");
}

#[tokio::test]
async fn a_database_as_it_was_made_is_seen_as_it_was_desired() {
    let desired = database(json!({}));
    let (seen, condition) = observe_one(&desired, &[]).await;
    assert_eq!(condition, Condition::Ready);
    let expected = database(json!({
        "engine_version": "16.4", "iops": 3000, "storage_throughput": 125, "max_allocated_storage": 0,
        "dedicated_log_volume": false,
        "enabled_cloudwatch_logs_exports": [],
    }));
    assert_eq!(seen, expected.inputs);
}

#[tokio::test]
async fn what_is_queued_counts_as_it_will_be() {
    let pending = "<DBInstanceClass>db.m7g.large</DBInstanceClass><AllocatedStorage>100</AllocatedStorage>\
                   <MultiAZ>false</MultiAZ><EngineVersion>16.6</EngineVersion><Port>5433</Port>\
                   <DedicatedLogVolume>true</DedicatedLogVolume>\
                   <BackupRetentionPeriod>7</BackupRetentionPeriod><StorageType>io1</StorageType><Iops>1000</Iops>\
                   <DBInstanceIdentifier>gitlab-next</DBInstanceIdentifier>\
                   <MasterUserPassword>****</MasterUserPassword>";
    let (seen, _) = observe_one(&database(json!({})), &[("PendingModifiedValues", pending)]).await;
    let expected = database(json!({
        "identifier": "gitlab-next", "instance_class": "db.m7g.large", "allocated_storage": 100, "multi_az": false,
        "engine_version": "16.6", "port": 5433, "backup_retention_period": 7, "storage_type": "io1", "iops": 1000,
        "storage_throughput": 125, "max_allocated_storage": 0, "enabled_cloudwatch_logs_exports": [],
        "dedicated_log_volume": true,
    }));
    assert_eq!(seen, expected.inputs);
}

#[tokio::test]
async fn a_database_that_is_being_made_has_no_endpoint_yet() {
    let changed = [("Endpoint", ""), ("DBInstanceStatus", "creating")];
    let (seen, condition) = observe_one(&database(json!({ "port": 5433 })), &changed).await;
    assert_eq!((&seen["port"], condition), (&json!(5433), Condition::Pending("creating".to_owned())));
}

#[tokio::test]
async fn a_modification_says_what_differs_and_nothing_else() {
    for (more, fields, expected) in [
        (
            json!({ "instance_class": "db.m7g.large", "multi_az": false }),
            vec!["instance_class", "multi_az"],
            form(&[("DBInstanceClass", "db.m7g.large"), ("MultiAZ", "false")]),
        ),
        (json!({ "port": 5433 }), vec!["port"], form(&[("DBPortNumber", "5433")])),
        (
            json!({ "identifier": "gitlab-next" }),
            vec!["identifier"],
            form(&[("NewDBInstanceIdentifier", "gitlab-next")]),
        ),
        (
            json!({ "vpc_security_group_ids": ["sg-2", "sg-3"], "deletion_protection": false }),
            vec!["vpc_security_group_ids", "deletion_protection"],
            form(&[
                ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-2"),
                ("VpcSecurityGroupIds.VpcSecurityGroupId.2", "sg-3"),
                ("DeletionProtection", "false"),
            ]),
        ),
        // gp3 below its threshold takes the size alone; from there on everything goes together.
        (
            json!({ "allocated_storage": 100 }),
            vec!["allocated_storage"],
            form(&[("AllocatedStorage", "100")]),
        ),
        (
            json!({ "allocated_storage": 400 }),
            vec!["allocated_storage"],
            form(&[("AllocatedStorage", "400"), ("Iops", "12000")]),
        ),
        (
            json!({ "allocated_storage": 400, "iops": 16000, "storage_throughput": 750 }),
            vec!["allocated_storage", "iops", "storage_throughput"],
            form(&[("AllocatedStorage", "400"), ("Iops", "16000"), ("StorageThroughput", "750")]),
        ),
    ] {
        assert_eq!(modification(&[], &database(more), &fields).await, expected);
    }
}

#[tokio::test]
async fn what_a_lost_attempt_has_changed_already_is_not_asked_for_again() {
    let desired = database(json!({ "instance_class": "db.m7g.large", "allocated_storage": 100 }));
    let pending = "<DBInstanceClass>db.m7g.large</DBInstanceClass>";
    let fields = ["allocated_storage", "instance_class"];
    let asked = modification(&[("PendingModifiedValues", pending)], &desired, &fields).await;
    assert_eq!(asked, form(&[("AllocatedStorage", "100")]));
}

#[tokio::test]
async fn what_is_to_be_applied_at_once_is_waited_for_and_what_waits_for_the_window_is_not() {
    let class = "<DBInstanceClass>db.m7g.large</DBInstanceClass>";
    let ready = Condition::Ready;
    let about = Condition::Pending("about to apply what is queued".to_owned());
    for (at_once, queue, expected) in [
        (false, "", &ready),
        (true, "", &ready),
        (false, class, &ready),
        (true, class, &about),
        // A new port does not wait, no matter what was asked for.
        (false, "<Port>5433</Port>", &about),
        // None of our business.
        (true, "<CACertificateIdentifier>rds-ca-rsa4096-g1</CACertificateIdentifier>", &ready),
    ] {
        let recorded = database(json!({ "apply_immediately": at_once }));
        let (_, condition) = observe_one(&recorded, &[("PendingModifiedValues", queue)]).await;
        assert_eq!(condition, *expected, "{at_once} {queue}");
    }
}

#[tokio::test]
async fn what_was_left_to_the_window_is_asked_for_again_when_it_shall_be_at_once() {
    let observed = database(json!({ "instance_class": "db.m7g.large" }));
    let desired = database(json!({ "instance_class": "db.m7g.large", "apply_immediately": true }));
    let live = instance(&[("PendingModifiedValues", "<DBInstanceClass>db.m7g.large</DBInstanceClass>")]);
    let done = answer("ModifyDBInstance", &live);
    let replay = Replay::in_order(&[(200, &described(&[live])), (200, &done)]);
    update(&replay, &observed, &desired, &["apply_immediately"]).await.expect("the change is taken");
    let form = sent(&replay, 1);
    assert_eq!(
        (form["DBInstanceClass"].as_str(), form["ApplyImmediately"].as_str()),
        ("db.m7g.large", "true")
    );
    assert_eq!(form.len(), 5, "{form:?}");
}

#[tokio::test]
async fn a_change_of_what_is_only_recorded_makes_no_modification() {
    let desired =
        database(json!({ "final_snapshot": false, "apply_immediately": true, "password_version": 2 }));
    let replay = Replay::in_order(&[(200, &described(&[instance(&[])]))]);
    let fields = ["apply_immediately", "final_snapshot", "password_version"];
    update(&replay, &database(json!({})), &desired, &fields).await.expect("nothing to do");
    assert_eq!(replay.asked().len(), 1);
}

#[tokio::test]
async fn everything_being_queued_already_is_success_and_other_refusals_are_not() {
    let desired = database(json!({ "instance_class": "db.m7g.large" }));
    for (message, done) in [("No modifications were requested", true), ("Cannot do that", false)] {
        let refusal = refusal("InvalidParameterCombination", message);
        let replay = Replay::in_order(&[(200, &described(&[instance(&[])])), (400, &refusal)]);
        let result = update(&replay, &database(json!({})), &desired, &["instance_class"]).await;
        assert_eq!(result.is_ok(), done, "{message}");
    }
}

#[tokio::test]
async fn tags_are_changed_without_touching_the_ownership_tags() {
    let observed = database(json!({ "tags": { "Name": "gitlab-pgsql", "team": "a" } }));
    let desired = database(json!({ "tags": { "Name": "next" } }));
    let tags = "<Tag><Key>Name</Key><Value>gitlab-pgsql</Value></Tag><Tag><Key>team</Key><Value>a</Value></Tag>\
                <Tag><Key>provision:stack</Key><Value>gitlab</Value></Tag>";
    let live = described(&[instance(&[("TagList", tags)])]);
    let replay = Replay::in_order(&[(200, &live), (200, ""), (200, "")]);
    update(&replay, &observed, &desired, &["tags"]).await.expect("the change is taken");
    let forms: Vec<_> = replay.asked().into_iter().map(|request| request.parameters).collect();
    assert_eq!(forms.len(), 3);
    assert_eq!(
        (forms[1]["Action"].as_str(), forms[1]["Tags.Tag.1.Value"].as_str()),
        ("AddTagsToResource", "next")
    );
    assert_eq!(forms[2]["Action"], "RemoveTagsFromResource");
    assert_eq!(forms[2]["TagKeys.member.1"], "team");
    assert!(!forms[2].contains_key("TagKeys.member.2"));
}

#[tokio::test]
async fn a_database_is_deleted_with_a_last_snapshot_of_a_name_of_its_own() {
    let deleted = answer("DeleteDBInstance", &instance(&[]));
    for (final_snapshot, expected) in [(true, Some("gitlab-pgsql-final-")), (false, None)] {
        let replay = Replay::in_order(&[(200, &described(&[instance(&[])])), (200, &deleted)]);
        let recorded = database(json!({ "final_snapshot": final_snapshot }));
        recorded.delete(&replay, ID, &owner(AT)).await.expect("it is taken");
        let form = sent(&replay, 1);
        assert_eq!(form["DBInstanceIdentifier"], "gitlab-pgsql");
        assert_eq!(form["SkipFinalSnapshot"], (!final_snapshot).to_string());
        let name = form.get("FinalDBSnapshotIdentifier").map(String::as_str);
        match expected {
            None => assert_eq!(name, None),
            Some(start) => assert!(name.is_some_and(|name| name.starts_with(start)), "{name:?}"),
        }
    }
}

#[tokio::test]
async fn the_last_snapshot_has_the_name_that_the_plan_has_shown() {
    let deleted = answer("DeleteDBInstance", &instance(&[]));
    let replay = Replay::in_order(&[(200, &described(&[instance(&[])])), (200, &deleted)]);
    // The plan has asked for one, though none was applied.
    let recorded = database(json!({ "final_snapshot": false }));
    recorded.delete_leaving(&replay, ID, &owner(AT), Some("as-shown")).await.expect("it is taken");
    let form = sent(&replay, 1);
    assert_eq!((&*form["FinalDBSnapshotIdentifier"], &*form["SkipFinalSnapshot"]), ("as-shown", "false"));
}

#[tokio::test]
async fn the_automated_backups_of_a_lost_database_are_kept() {
    let deleted = answer("DeleteDBInstance", &instance(&[]));
    for (status, kept) in
        [("failed", Some("false")), ("incompatible-restore", Some("false")), ("available", None)]
    {
        let live = described(&[instance(&[("DBInstanceStatus", status)])]);
        let replay = Replay::in_order(&[(200, &live), (200, &deleted)]);
        let recorded = database(json!({ "final_snapshot": false }));
        recorded.delete(&replay, ID, &owner(AT)).await.expect("it is taken");
        assert_eq!(sent(&replay, 1).get("DeleteAutomatedBackups").map(String::as_str), kept, "{status}");
    }
}

#[tokio::test]
async fn a_repeated_delete_is_done_when_the_database_is_gone_or_going() {
    let (live, gone) = (described(&[instance(&[])]), described(&[]));
    let going = described(&[instance(&[("DBInstanceStatus", "deleting")])]);
    let absent = refusal("DBInstanceNotFound", "none");
    let state = refusal("InvalidDBInstanceState", "is already being deleted");
    let snapshot = refusal("DBSnapshotAlreadyExists", "it is there");
    let other = described(&[instance(&[("DbiResourceId", "db-OTHER")])]);
    let (live, gone, going, other) = (live.as_str(), gone.as_str(), going.as_str(), other.as_str());
    let absent = absent.as_str();
    type Answers<'a> = &'a [(u16, &'a str)];
    let cases: [(Answers<'_>, Option<&str>); 9] = [
        (&[(200, gone), (404, absent)], None),
        // Another database has the identifier by now: it is not deleted.
        (&[(200, gone), (200, other)], None),
        // One read did not see it.
        (&[(200, gone), (200, live), (404, absent)], None),
        (&[(200, going)], None),
        (&[(200, live), (404, absent)], None),
        (&[(200, live), (400, state.as_str()), (200, going)], None),
        (&[(200, live), (400, state.as_str()), (200, live)], Some("InvalidDBInstanceState")),
        (&[(200, live), (400, snapshot.as_str()), (200, gone)], None),
        (&[(200, live), (400, snapshot.as_str()), (200, live)], Some("DBSnapshotAlreadyExists")),
    ];
    for (answers, expected) in cases {
        let replay = Replay::in_order(answers);
        let result = database(json!({})).delete(&replay, ID, &owner(AT)).await;
        assert_eq!(result.err().map(|error| error.code).as_deref(), expected, "{answers:?}");
        assert_eq!(replay.asked().len(), answers.len());
    }
}

/// Between two answers the source gets another name, which the replica shows later.
#[tokio::test]
async fn a_replica_whose_source_has_a_name_that_nobody_has_follows_the_recorded_one() {
    let recorded = Object { kind: "aws_db_replica", ..database(json!({})) };
    let mut inputs = recorded.inputs.clone();
    inputs.insert("source".to_owned(), json!("db-SOURCE"));
    let recorded = Object { inputs, ..recorded };
    let of = |name: &'static str| instance(&[("ReadReplicaSourceDBInstanceIdentifier", name)]);
    let nobody = described(&[]);
    let source = described(&[instance(&[("DBInstanceIdentifier", "main"), ("DbiResourceId", "db-OTHER")])]);
    let elsewhere = "arn:aws:rds:us-east-1:123456789012:db:main";
    for (name, found, follows) in
        [("main", &nobody, "db-SOURCE"), ("main", &source, "db-OTHER"), (elsewhere, &nobody, elsewhere)]
    {
        let replay = Replay::in_order(&[(200, &described(&[of(name)])), (200, found)]);
        let seen = recorded.observe(&replay, &[ID]).await.expect("a read");
        assert_eq!(seen[&Id::new(ID)].inputs["source"], follows, "{name}");
    }
}
