//! The outputs of a state, as a document and as text.

use serde_json::json;

use super::*;
use crate::network::Cluster;
use crate::resource::Id;

fn document(value: Value) -> Document {
    match value {
        Value::Object(fields) => fields,
        _ => panic!("a test document is an object"),
    }
}

fn put(state: &mut State, address: &str, id: &str, inputs: Value, outputs: Value) {
    let record = Record {
        adopted: false,
        inputs: document(inputs),
        ..Record::adopted(Id::new(id), document(outputs))
    };
    state.resources.insert(address.parse().expect("a valid address"), record);
}

fn applied(efs_names_resolve: bool) -> State {
    let mut state = State::new("gitlab", "lineage".to_owned(), "123456789012", "eu-west-1");
    state.cluster = Some(Cluster { name: "k8s.myzone.net".to_owned(), efs_names_resolve });
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
    let printed = serde_json::to_value(outputs(&applied(true))).expect("outputs are plain data");
    assert_eq!(
        printed,
        json!({
            "format_version": "1.0",
            "nfs_mount_points": points,
            "nfs_dns_name": "fs-1.efs.eu-west-1.amazonaws.com",
            "pgsql_endpoint": "gitlab-pgsql.x.rds.amazonaws.com:5432",
            "file_systems": { "gitlab-nfs": {
                "id": "fs-1", "arn": "arn:fs-1", "dns_name": "fs-1.efs.eu-west-1.amazonaws.com",
                "mount_targets": points,
                "access_points": { "git-data": { "id": "fsap-1", "arn": "arn:fsap-1", "path": "/git-data" } },
            } },
            "databases": { "gitlab-pgsql": {
                "id": "db-1", "arn": "arn:db-1", "host": "gitlab-pgsql.x.rds.amazonaws.com", "port": 5432,
                "database": "gitlab_production", "username": "gitlab", "secret_arn": "arn:secret",
            } },
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

#[test]
fn what_is_not_ready_is_left_out() {
    let mut state = applied(true);
    for (address, phase) in [
        ("aws_efs_mount_target.gitlab-nfs/z", Phase::Creating),
        ("aws_db_instance.gitlab-pgsql", Phase::Deleting),
    ] {
        let address: Address = address.parse().expect("a valid address");
        state.resources.get_mut(&address).expect("it is there").phase = phase;
    }
    let outputs = outputs(&state);
    assert_eq!(outputs.nfs_mount_points.len(), 1);
    assert!(outputs.databases.is_empty());
    let error = outputs.text("pgsql_endpoint").expect_err("no database is ready");
    assert_eq!(error.to_string(), "`pgsql_endpoint` is not known yet: no database is ready");
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
    let error = outputs.text("\u{1b}[2J").expect_err("no such output");
    assert_eq!(error.to_string(), "there is no output `\\u{1b}[2J`");
    assert!(error.hint().starts_with("there are: databases.gitlab-pgsql.arn, "));
}
