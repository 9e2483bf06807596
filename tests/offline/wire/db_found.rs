//! Databases that are found: by their identifier, by their tags, and by what they use.

use provision::engine::address::Address;
use provision::engine::resource::{Id, Ownership, Trace};
use serde_json::json;

use crate::wire::owner;
use crate::wire::rds::{ID, database, described, instance};
use crate::wire::replay::Replay;

#[tokio::test]
async fn a_database_is_found_by_its_identifier_and_its_tags_say_whose_it_is() {
    let owner = owner("aws_db_instance.gitlab-pgsql");
    let ours = Ownership::Tagged {
        stack: "gitlab".to_owned(),
        address: owner.address.to_string(),
        lineage: None,
        cluster: None,
    };
    for (tags, expected) in [(None, ours), (Some(("TagList", "")), Ownership::Untagged)] {
        let live = described(&[instance(tags.as_slice())]);
        let replay = Replay::in_order(&[(200, &live)]);
        let found = database(json!({})).find(&replay, &owner).await.expect("a read").swap_remove(0);
        assert_eq!((found.id, found.ownership), (Id::new(ID), expected));
        assert!(!replay.asked()[0].parameters.contains_key("DBInstanceIdentifier"), "one answer shows all");
    }
    let replay = Replay::in_order(&[(200, &described(&[]))]);
    assert_eq!(database(json!({})).find(&replay, &owner).await, Ok(Vec::new()));
}

#[tokio::test]
async fn databases_of_the_stack_are_found_by_their_tags_whatever_their_names() {
    let tags = |address: &str| {
        format!(
            "<Tag><Key>provision:stack</Key><Value>gitlab</Value></Tag>\
             <Tag><Key>provision:address</Key><Value>{address}</Value></Tag>"
        )
    };
    let (here, there) = (tags("aws_db_instance.gitlab-pgsql"), tags("aws_db_instance.old"));
    let live = |id: &str, name: &str, made: &str, tags: &str, status: &str| {
        instance(&[
            ("DbiResourceId", id),
            ("DBInstanceIdentifier", name),
            ("InstanceCreateTime", made),
            ("TagList", tags),
            ("DBInstanceStatus", status),
        ])
    };
    // Without tags, and with other groups than those of this one: both, and one of the two.
    let bare = |id: &str, name: &str, subnets: &str, group: &str| {
        let group = format!(
            "<VpcSecurityGroupMembership><VpcSecurityGroupId>{group}</VpcSecurityGroupId></VpcSecurityGroupMembership>"
        );
        instance(&[
            ("DbiResourceId", id),
            ("DBInstanceIdentifier", name),
            ("TagList", ""),
            ("DBSubnetGroup", &format!("<DBSubnetGroupName>{subnets}</DBSubnetGroupName>")),
            ("VpcSecurityGroups", &group),
        ])
    };
    let all = described(&[
        bare("db-THEIRS", "theirs", "theirs", "sg-9"),
        bare("db-PLACED", "placed", "gitlab-pgsql", "sg-9"),
        live("db-OLD", "old", "2026-11-01T00:00:00Z", &there, "available"),
        live("db-COPY", "copy", "2026-11-03T00:00:00Z", &here, "available"),
        live("db-NAMED", "gitlab-pgsql", "2026-11-04T00:00:00Z", "", "available"),
        live("db-RENAMED", "renamed", "2026-11-02T00:00:00Z", &here, "available"),
        live("db-GOING", "going", "2026-11-02T00:00:00Z", &here, "deleting"),
        live("db-RECORDED", "recorded", "2026-11-02T00:00:00Z", &there, "available"),
        bare("db-WORN", "worn", "theirs", "sg-1"),
        // In a group that the author adds, which others may have as well.
        bare("db-BESIDE", "beside", "theirs", "sg-2"),
    ]);
    let replay = Replay::in_order(&[(200, &all)]);
    let mut owner = owner("aws_db_instance.gitlab-pgsql");
    owner.others.insert(Id::new("db-RECORDED"));
    owner.named_with.insert(Address::new("aws_security_group", "gitlab-pgsql"), Id::new("sg-1"));
    let found = database(json!({ "vpc_security_group_ids": ["sg-1", "sg-2"] }))
        .find(&replay, &owner)
        .await
        .expect("a read");
    let found: Vec<_> = found.iter().map(|found| (found.described(), found.trace)).collect();
    let expected = [
        ("db-RENAMED (renamed, made 2026-11-02T00:00:00Z)", Trace::Tags),
        ("db-COPY (copy, made 2026-11-03T00:00:00Z)", Trace::Tags),
        ("db-NAMED (gitlab-pgsql, made 2026-11-04T00:00:00Z)", Trace::Name),
        ("db-OLD (old, made 2026-11-01T00:00:00Z)", Trace::Tags),
        ("db-WORN (worn)", Trace::Use),
        ("db-PLACED (placed)", Trace::Use),
    ];
    assert_eq!(found, expected.map(|(text, trace)| (text.to_owned(), trace)));
}
