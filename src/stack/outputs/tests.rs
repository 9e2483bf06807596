//! The outputs of a state, as a document and as text.

use crate::aws::kinds::registry;
use serde_json::{Value, json};

use super::*;
use crate::engine::address::Address;
use crate::engine::document::Document;
use crate::engine::network::Cluster;
use crate::engine::resource::Id;
use crate::engine::state::{Phase, Record};

fn document(value: Value) -> Document {
    match value {
        Value::Object(fields) => fields,
        _ => panic!("a test document is an object"),
    }
}

fn put(state: &mut State, address: &str, id: &str, inputs: Value, outputs: Value) {
    let record = Record {
        watched: false,
        inputs: document(inputs),
        ..Record::watched(Id::new(id), document(outputs))
    };
    state.resources.insert(address.parse().expect("a valid address"), record);
}

fn applied(efs_names_resolve: bool) -> State {
    let mut state = State::new("gitlab", "lineage".to_owned(), "123456789012", "eu-west-1");
    state.facts = Cluster { name: Some("k8s.myzone.net".to_owned()), efs_names_resolve }.facts();
    put(
        &mut state,
        "aws_efs_file_system.gitlab-nfs",
        "fs-1",
        json!({}),
        json!({ "arn": "arn:fs-1", "dns_name": "fs-1.efs.eu-west-1.amazonaws.com" }),
    );
    // Members of a set sort by their names, not by their zones.
    for (member, zone, address) in [("z", "eu-west-1a", "10.0.0.1"), ("b", "eu-west-1b", "10.0.1.1")] {
        put(
            &mut state,
            &format!("aws_efs_mount_target.gitlab-nfs/{member}"),
            "fsmt-1",
            json!({ "subnet_id": format!("subnet-{member}") }),
            json!({ "availability_zone": zone, "ip_address": address, "network_interface_id": "eni-1",
                    "dns_name": format!("{zone}.fs-1.efs.eu-west-1.amazonaws.com") }),
        );
    }
    put(
        &mut state,
        "aws_efs_access_point.gitlab-nfs/git-data",
        "fsap-1",
        json!({ "path": "/git-data", "uid": 998 }),
        json!({ "arn": "arn:fsap-1" }),
    );
    put(
        &mut state,
        "aws_db_instance.gitlab-pgsql",
        "db-1",
        json!({ "username": "gitlab", "database_name": "gitlab_production" }),
        json!({ "arn": "arn:db-1", "identifier": "gitlab-pgsql", "host": "gitlab-pgsql.x.rds.amazonaws.com",
                "port": "5432", "secret_arn": "arn:secret" }),
    );
    state
}

/// The outputs as they are printed.
fn printed(outputs: &Outputs) -> Value {
    serde_json::to_value(outputs).expect("outputs are plain data")
}

#[test]
fn the_document_has_the_published_shape() {
    let points = json!([
        { "zone": "eu-west-1a", "subnet_id": "subnet-z", "ip_address": "10.0.0.1",
          "dns_name": "fs-1.efs.eu-west-1.amazonaws.com",
          "zone_dns_name": "eu-west-1a.fs-1.efs.eu-west-1.amazonaws.com" },
        { "zone": "eu-west-1b", "subnet_id": "subnet-b", "ip_address": "10.0.1.1",
          "dns_name": "fs-1.efs.eu-west-1.amazonaws.com",
          "zone_dns_name": "eu-west-1b.fs-1.efs.eu-west-1.amazonaws.com" },
    ]);
    assert_eq!(
        printed(&outputs(&applied(true))),
        json!({
            "format_version": "1.0",
            "nfs_mount_points": points,
            "nfs_dns_name": "fs-1.efs.eu-west-1.amazonaws.com",
            "pgsql_endpoint": "gitlab-pgsql.x.rds.amazonaws.com:5432",
            "buckets": {}, "caches": {}, "roles": {}, "elastic_ips": {}, "instances": {},
            "security_groups": {},
            "file_systems": { "gitlab-nfs": {
                "id": "fs-1", "arn": "arn:fs-1", "dns_name": "fs-1.efs.eu-west-1.amazonaws.com",
                "mount_targets": points,
                "missing_zones": [],
                "access_points": { "git-data": { "id": "fsap-1", "arn": "arn:fsap-1", "path": "/git-data" } },
            } },
            "databases": { "gitlab-pgsql": {
                "id": "db-1", "arn": "arn:db-1", "endpoint": "gitlab-pgsql.x.rds.amazonaws.com:5432",
                "host": "gitlab-pgsql.x.rds.amazonaws.com", "port": 5432,
                "database": "gitlab_production", "username": "gitlab", "secret_arn": "arn:secret", "replicas": {},
            } },
            "missing": [],
        })
    );
}

#[test]
fn a_script_gets_one_line() {
    let by_name = outputs(&applied(true));
    assert_eq!(
        by_name.text("nfs_mount_points").as_deref(),
        Ok("eu-west-1a.fs-1.efs.eu-west-1.amazonaws.com eu-west-1b.fs-1.efs.eu-west-1.amazonaws.com")
    );
    assert_eq!(by_name.text("pgsql_endpoint").as_deref(), Ok("gitlab-pgsql.x.rds.amazonaws.com:5432"));
    assert_eq!(by_name.text("file_systems.gitlab-nfs.access_points.git-data.id").as_deref(), Ok("fsap-1"));
    assert_eq!(by_name.text("databases.gitlab-pgsql.secret_arn").as_deref(), Ok("arn:secret"));
}

#[test]
fn addresses_stand_in_where_names_do_not_resolve() {
    let by_address = outputs(&applied(false));
    assert_eq!(by_address.text("nfs_mount_points").as_deref(), Ok("10.0.0.1 10.0.1.1"));
    assert_eq!(by_address.text("file_systems.gitlab-nfs.mount_targets").as_deref(), Ok("10.0.0.1 10.0.1.1"));
}

fn change(state: &mut State, address: &str, change: impl FnOnce(&mut Record)) {
    let address: Address = address.parse().expect("a valid address");
    change(state.resources.get_mut(&address).expect("it is there"));
}

fn subnet(state: &mut State, zone: &str) {
    let record = Record::watched(Id::new(format!("subnet-{zone}")), Document::new());
    state.resources.insert(Address::new("aws_subnet", zone), record);
}

/// As a create that was begun, and whose object has never been ready.
fn being_made(record: &mut Record) {
    record.phase = Phase::Creating;
    record.outputs.clear();
}

#[test]
fn an_object_that_exists_has_outputs_whatever_is_done_to_it() {
    let ready = outputs(&applied(true));
    for phase in [Phase::Updating, Phase::Deleting, Phase::Creating] {
        let mut state = applied(true);
        for record in state.resources.values_mut() {
            record.phase = phase;
        }
        assert_eq!(outputs(&state), ready, "{phase:?}");
    }
}

#[test]
fn a_short_name_means_the_only_one_or_nothing() {
    let mut state = applied(true);
    let database = state.resources[&Address::new("aws_db_instance", "gitlab-pgsql")].clone();
    // One that is only being made, and whose name comes first.
    state.resources.insert(Address::new("aws_db_instance", "archive"), database);
    change(&mut state, "aws_db_instance.archive", being_made);
    let two = outputs(&state);
    assert_eq!(printed(&two)["pgsql_endpoint"], json!(null));
    let error = two.text("pgsql_endpoint").expect_err("two databases");
    assert_eq!(error.to_string(), "`pgsql_endpoint` has no value: the stack has 2 databases");
    assert_eq!(
        error.hint(),
        "name the one that is meant: provision output databases.archive.endpoint or provision output \
         databases.gitlab-pgsql.endpoint"
    );
    let endpoint = two.text("databases.gitlab-pgsql.endpoint");
    assert_eq!(endpoint.as_deref(), Ok("gitlab-pgsql.x.rds.amazonaws.com:5432"));
    let error = two.text("databases.archive.host").expect_err("it is being made");
    assert_eq!(
        error.to_string(),
        "`databases.archive.host` has no value: the database archive is not ready yet"
    );
    let missing: Vec<&str> = two.missing.iter().map(|missing| missing.output.as_str()).collect();
    assert_eq!(missing, ["databases.archive", "pgsql_endpoint"]);

    let file_system = state.resources[&Address::new("aws_efs_file_system", "gitlab-nfs")].clone();
    state.resources.insert(Address::new("aws_efs_file_system", "backups"), file_system);
    let two = outputs(&state);
    let document = printed(&two);
    assert_eq!((&document["nfs_mount_points"], &document["nfs_dns_name"]), (&json!([]), &json!(null)));
    for (name, full) in [("nfs_dns_name", "dns_name"), ("nfs_mount_points", "mount_targets")] {
        let error = two.text(name).expect_err("two file systems");
        assert!(error.hint().contains(&format!("provision output file_systems.backups.{full}")), "{error:?}");
    }
}

#[test]
fn what_is_being_made_has_no_outputs_yet() {
    let mut state = applied(true);
    change(&mut state, "aws_db_instance.gitlab-pgsql", being_made);
    change(&mut state, "aws_efs_file_system.gitlab-nfs", being_made);
    let outputs = outputs(&state);
    let document = printed(&outputs);
    assert_eq!((&document["databases"], &document["file_systems"]), (&json!({}), &json!({})));
    for (name, what) in [
        ("pgsql_endpoint", "database gitlab-pgsql"),
        ("nfs_dns_name", "file system gitlab-nfs"),
        ("nfs_mount_points", "file system gitlab-nfs"),
    ] {
        let error = outputs.text(name).expect_err("nothing is made");
        assert_eq!(error.to_string(), format!("`{name}` has no value: the {what} is not ready yet"));
        assert_eq!(error.hint(), "provision apply");
    }
    let nothing = super::outputs(&State::new("gitlab", "lineage".to_owned(), "123456789012", "eu-west-1"));
    let error = nothing.text("pgsql_endpoint").expect_err("nothing is recorded");
    assert_eq!(error.to_string(), "`pgsql_endpoint` is not known yet: no database is recorded");
    assert!(nothing.missing.is_empty(), "a stack without databases misses none");
    for (declared, said) in [
        ("databases: { db: {} }", "`pgsql_endpoint` is not known yet: no database is recorded"),
        ("file_systems: { files: {} }", "`pgsql_endpoint` has no value: the stack declares no database"),
    ] {
        let stack = crate::stack::parse("a test's stack", declared, &registry()).expect("a valid stack");
        let error = nothing.text("pgsql_endpoint").expect_err("nothing is recorded").as_declared(&stack);
        assert_eq!(error.to_string(), said);
        assert_eq!(error.hint() == "provision apply", declared.starts_with("databases"), "{}", error.hint());
    }
}

#[test]
fn what_a_run_has_found_gone_has_no_outputs_though_its_record_is_kept() {
    let mut state = applied(true);
    for gone in ["aws_db_instance.gitlab-pgsql", "aws_efs_file_system.gitlab-nfs"] {
        change(&mut state, gone, |record| record.gone = true);
    }
    let none = outputs(&state);
    let document = printed(&none);
    assert_eq!((&document["databases"], &document["file_systems"]), (&json!({}), &json!({})));
    assert!(none.texts().is_empty());
    let hint = "to see what is left of it, and the ways on: provision plan";
    for (name, what) in [
        ("pgsql_endpoint", "the database gitlab-pgsql (db-1)"),
        ("databases.gitlab-pgsql.host", "the database gitlab-pgsql (db-1)"),
        ("nfs_dns_name", "the file system gitlab-nfs (fs-1)"),
        ("nfs_mount_points", "the file system gitlab-nfs (fs-1)"),
        ("file_systems.gitlab-nfs.access_points.git-data.id", "the file system gitlab-nfs (fs-1)"),
    ] {
        let error = none.text(name).expect_err("it is gone");
        assert_eq!(error.to_string(), format!("`{name}` has no value: {what} is gone from AWS"));
        assert_eq!(error.hint(), hint);
    }

    let mut state = applied(true);
    for gone in ["aws_efs_mount_target.gitlab-nfs/z", "aws_efs_access_point.gitlab-nfs/git-data"] {
        change(&mut state, gone, |record| record.gone = true);
    }
    let parts = outputs(&state);
    let files = &printed(&parts)["file_systems"]["gitlab-nfs"];
    assert_eq!((&files["missing_zones"], &files["access_points"]), (&json!(["z"]), &json!({})));
    for (name, reason) in [
        ("nfs_mount_points", "gitlab-nfs has no mount target in z"),
        (
            "file_systems.gitlab-nfs.access_points.git-data.id",
            "the access point git-data of gitlab-nfs (fsap-1) is gone from AWS",
        ),
    ] {
        let error = parts.text(name).expect_err("it is gone");
        assert_eq!(error.to_string(), format!("`{name}` has no value: {reason}"));
        assert_eq!(error.hint(), "provision apply", "it held no data, and is made again");
    }
    assert!(parts.text("nfs_dns_name").is_ok() && parts.text("pgsql_endpoint").is_ok());
}

#[test]
fn a_list_that_is_not_whole_is_no_list() {
    for (gone, zones) in
        [("being made", &["z"][..]), ("never begun", &["eu-west-1c"]), ("without address", &["z"])]
    {
        let mut state = applied(true);
        match gone {
            "being made" => change(&mut state, "aws_efs_mount_target.gitlab-nfs/z", being_made),
            "never begun" => subnet(&mut state, "eu-west-1c"),
            _ => change(&mut state, "aws_efs_mount_target.gitlab-nfs/z", |record| {
                record.outputs.remove("ip_address");
            }),
        }
        let outputs = outputs(&state);
        let document = printed(&outputs);
        assert_eq!(document["nfs_mount_points"], json!([]), "{gone}");
        assert_eq!(document["file_systems"]["gitlab-nfs"]["missing_zones"], json!(zones), "{gone}");
        for name in ["nfs_mount_points", "file_systems.gitlab-nfs.mount_targets"] {
            let error = outputs.text(name).expect_err("it is not whole");
            let expected = format!("`{name}` has no value: gitlab-nfs has no mount target in {}", zones[0]);
            assert_eq!((error.to_string(), error.hint()), (expected, "provision apply".to_owned()));
            assert!(!outputs.texts().contains_key(name), "{gone}");
            assert!(outputs.missing.iter().any(|missing| missing.output == name && missing.zones == zones));
        }
        assert!(outputs.text("nfs_dns_name").is_ok() && outputs.text("pgsql_endpoint").is_ok(), "{gone}");
    }
}

#[test]
fn a_name_that_is_no_output_gets_the_nearest_that_is() {
    let outputs = outputs(&applied(true));
    for (written, hint) in [
        ("nfs_mount_point", "did you mean `nfs_mount_points`?"),
        ("NFS_mount_points", "did you mean `nfs_mount_points`?"),
        ("databases.gitlab-pgsql.hosts", "did you mean `databases.gitlab-pgsql.host`?"),
    ] {
        let error = outputs.text(written).expect_err("no such output");
        assert_eq!(error.hint(), hint);
    }
    for below in ["gitlab-pgsql", "databases", "databases.gitlab-pgsql"] {
        let hint = outputs.text(below).expect_err("no such output").hint();
        assert!(
            hint.starts_with("there are: databases.gitlab-pgsql.arn, ") && !hint.contains("nfs"),
            "{hint}"
        );
    }
    let error = outputs.text("\u{1b}[2J").expect_err("no such output");
    assert_eq!(error.to_string(), "there is no output `\\u{1b}[2J`");
    assert!(error.hint().starts_with("there are: databases.gitlab-pgsql.arn, "));
}

#[test]
fn what_the_stack_declares_and_no_run_has_begun_is_missing_and_its_groups_are_its_own() {
    let declared =
        "file_systems: { gitlab-nfs: {} }\ndatabases: { gitlab-pgsql: {} }\nsecurity_groups: { shared: {} }";
    let stack = crate::stack::parse("a test's stack", declared, &registry()).expect("a valid stack");
    let mut state = applied(true);
    state.resources.remove(&"aws_db_instance.gitlab-pgsql".parse::<Address>().expect("an address"));
    let group = json!({ "arn": "arn:sg-1", "name": "a-group" });
    // The group of the database was made, and the run stopped then.
    for name in ["gitlab-pgsql", "shared"] {
        put(
            &mut state,
            &format!("aws_security_group.{name}"),
            "sg-1",
            json!({ "name": name }),
            group.clone(),
        );
    }
    change(&mut state, "aws_security_group.gitlab-pgsql", being_made);
    let outputs = outputs_of(&state, &stack);
    assert!(outputs.missing.iter().all(|one| !one.output.starts_with("security_groups")), "{outputs:?}");
    let document = printed(&outputs);
    assert_eq!(document["pgsql_endpoint"], json!(null));
    let groups = document["security_groups"].as_object().expect("the outputs of the section");
    assert_eq!(groups.keys().collect::<Vec<_>>(), ["shared"]);
    for (name, reason) in [
        ("pgsql_endpoint", "no database is recorded yet"),
        ("databases.gitlab-pgsql", "no database gitlab-pgsql is recorded yet"),
    ] {
        let missing = outputs.missing.iter().find(|one| one.output == name).expect(name);
        assert_eq!((missing.reason.as_str(), missing.hint.as_str()), (reason, "provision apply"));
    }
    let whole = outputs_of(&applied(true), &stack).missing;
    let missing: Vec<&str> = whole.iter().map(|one| one.output.as_str()).collect();
    assert_eq!(missing, ["security_groups.shared"], "it is declared, and not made");
}

#[test]
fn a_replica_that_was_found_to_follow_nothing_has_no_endpoint_to_read_from() {
    let mut state = applied(true);
    let live = json!({ "arn": "arn:db-2", "host": "reports.x.rds.amazonaws.com", "port": "5432" });
    for (source, has_any) in [("db-1", true), ("", false)] {
        let name = "aws_db_replica.gitlab-pgsql/reports";
        put(&mut state, name, "db-2", json!({ "source": source }), live.clone());
        let found = outputs(&state).text("databases.gitlab-pgsql.replicas.reports.endpoint");
        assert_eq!(found.is_ok(), has_any, "{found:?}");
        if let Err(error) = found {
            assert!(error.to_string().ends_with("follows no database any more: it was promoted"), "{error}");
            assert_eq!(error.hint(), "to see the ways on: provision plan");
        }
    }
}
