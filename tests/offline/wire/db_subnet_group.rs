//! Subnet groups of databases.

use provision::engine::resource::Id;
use serde_json::json;

use crate::wire::object::Object;
use crate::wire::owner;
use crate::wire::rds::{answer, refusal, sent};
use crate::wire::replay::Replay;

const GROUP_AT: &str = "aws_db_subnet_group.gitlab-pgsql";

fn group() -> Object {
    let base = json!({
        "name": "gitlab-pgsql", "description": "Subnets of gitlab-pgsql", "subnet_ids": ["subnet-a", "subnet-b"],
        "tags": { "Name": "gitlab-pgsql" },
    });
    Object::new("aws_db_subnet_group", base, json!({}))
}

fn described_group(name: &str) -> String {
    let subnets: String = ["subnet-a", "subnet-b"]
        .iter()
        .map(|id| format!("<Subnet><SubnetIdentifier>{id}</SubnetIdentifier></Subnet>"))
        .collect();
    format!(
        "<DBSubnetGroup><DBSubnetGroupName>{name}</DBSubnetGroupName><VpcId>vpc-1</VpcId>\
         <DBSubnetGroupDescription>Subnets of gitlab-pgsql</DBSubnetGroupDescription>\
         <DBSubnetGroupArn>arn:{name}</DBSubnetGroupArn><Subnets>{subnets}</Subnets></DBSubnetGroup>"
    )
}

fn groups(marker: &str, names: &[&str]) -> String {
    let groups: String = names.iter().map(|name| described_group(name)).collect();
    answer("DescribeDBSubnetGroups", &format!("{marker}<DBSubnetGroups>{groups}</DBSubnetGroups>"))
}

fn listed_tags(ours: bool) -> String {
    let tags = if ours {
        "<Tag><Key>provision:stack</Key><Value>gitlab</Value></Tag><Tag><Key>Name</Key><Value>old</Value></Tag>"
    } else {
        ""
    };
    answer("ListTagsForResource", &format!("<TagList>{tags}</TagList>"))
}

#[tokio::test]
async fn a_subnet_group_is_made_with_its_tags_under_its_name_in_lower_case() {
    let replay = Replay::in_order(&[(200, &answer("CreateDBSubnetGroup", &described_group("gitlab-pgsql")))]);
    let owner = owner("aws_db_subnet_group.gitlab-pgsql");
    let written =
        Object::new("aws_db_subnet_group", group().inputs.into(), json!({ "name": "GitLab-PgSQL" }));
    assert_eq!(written.create(&replay, &owner).await, Ok(Id::new("gitlab-pgsql")));
    let form = sent(&replay, 0);
    assert_eq!(form["DBSubnetGroupName"], "gitlab-pgsql");
    assert_eq!(form["SubnetIds.SubnetIdentifier.2"], "subnet-b");
    assert_eq!(
        (form["Tags.Tag.4.Key"].as_str(), form["Tags.Tag.4.Value"].as_str()),
        ("provision:stack", "gitlab")
    );
}

#[tokio::test]
async fn subnet_groups_are_read_with_one_call_and_their_recorded_tags() {
    let replay = Replay::in_order(&[(200, &groups("", &["gitlab-pgsql"]))]);
    let seen = group().observe(&replay, &["gitlab-pgsql"]).await.expect("a read");
    assert_eq!(seen[&Id::new("gitlab-pgsql")].inputs, group().inputs);
    assert_eq!(replay.asked()[0].parameters["DBSubnetGroupName"], "gitlab-pgsql");

    let replay = Replay::in_order(&[
        (200, &groups("<Marker>more</Marker>", &["gitlab-pgsql", "theirs"])),
        (200, &groups("", &["second"])),
    ]);
    let seen = group().observe(&replay, &["gitlab-pgsql", "second", "gone"]).await.expect("a read");
    assert_eq!(seen.keys().map(Id::as_str).collect::<Vec<_>>(), ["gitlab-pgsql", "second"]);
    assert!(!replay.asked()[0].parameters.contains_key("DBSubnetGroupName"));
    assert_eq!(replay.asked()[1].parameters["Marker"], "more");

    let replay = Replay::in_order(&[(404, &refusal("DBSubnetGroupNotFoundFault", "none"))]);
    let seen = group().observe(&replay, &["gitlab-pgsql"]).await.expect("a read");
    assert!(seen.is_empty());
}

#[tokio::test]
async fn a_subnet_group_without_our_tags_is_neither_changed_nor_deleted() {
    let (live, tags) = (groups("", &["gitlab-pgsql"]), listed_tags(false));
    let replay = Replay::in_order(&[(200, &live), (200, &tags), (200, &live), (200, &tags)]);
    let deleted =
        group().delete(&replay, "gitlab-pgsql", &owner(GROUP_AT)).await.expect_err("it is not ours");
    let owner = owner(GROUP_AT);
    let updated = group()
        .update(&replay, "gitlab-pgsql", &["description"], &group(), &owner)
        .await
        .expect_err("it is not ours");
    assert_eq!((deleted.code.as_str(), updated.code.as_str()), ("NotOurs", "NotOurs"));
    let actions: Vec<String> =
        replay.asked().iter().map(|request| request.parameters["Action"].clone()).collect();
    let reads = ["DescribeDBSubnetGroups", "ListTagsForResource"];
    assert_eq!(actions, [reads, reads].concat());
}

#[tokio::test]
async fn a_change_of_a_subnet_group_sends_all_its_subnets_and_leaves_ownership_tags_alone() {
    let done = answer("ModifyDBSubnetGroup", &described_group("gitlab-pgsql"));
    let replay = Replay::in_order(&[
        (200, &groups("", &["gitlab-pgsql"])),
        (200, &listed_tags(true)),
        (200, ""),
        (200, &done),
    ]);
    let (fields, owner) = (["description", "tags"], owner(GROUP_AT));
    group().update(&replay, "gitlab-pgsql", &fields, &group(), &owner).await.expect("the change is taken");
    let requests = replay.asked();
    assert_eq!(requests.len(), 4);
    let (tags, modify) = (sent(&replay, 2), sent(&replay, 3));
    assert_eq!(
        (tags["Action"].as_str(), tags["Tags.Tag.1.Value"].as_str()),
        ("AddTagsToResource", "gitlab-pgsql")
    );
    assert_eq!(modify["SubnetIds.SubnetIdentifier.1"], "subnet-a");
    assert_eq!(modify["SubnetIds.SubnetIdentifier.2"], "subnet-b");
}

#[tokio::test]
async fn a_subnet_group_is_found_by_its_name_and_its_tags_say_whose_it_is() {
    let owner = owner("aws_db_subnet_group.gitlab-pgsql");
    for (ours, stack) in [(true, true), (false, false)] {
        let replay = Replay::in_order(&[(200, &groups("", &["gitlab-pgsql"])), (200, &listed_tags(ours))]);
        let found = group().find(&replay, &owner).await.expect("a read").swap_remove(0);
        assert_eq!(owner.whose(&found.ownership, None).is_of_this_state(), stack);
        assert_eq!(replay.asked()[1].parameters["ResourceName"], "arn:gitlab-pgsql");
    }
}
