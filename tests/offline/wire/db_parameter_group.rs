//! Parameter groups.

use std::collections::BTreeMap;

use provision::engine::cloud::{CloudError, Outcome};
use provision::engine::resource::{Id, Ownership};
use serde_json::{Value, json};

use crate::wire::object::Object;
use crate::wire::owner;
use crate::wire::rds::{answer, refusal};
use crate::wire::replay::{Asked, Replay};

const AT: &str = "aws_db_parameter_group.gitlab-pgsql";
const NAME: &str = "gitlab-pgsql-postgres16";

fn group(parameters: Value) -> Object {
    let base = json!({
        "name": NAME, "family": "postgres16", "description": "Parameters of gitlab-pgsql",
        "parameters": parameters, "tags": { "Name": "gitlab-pgsql" },
    });
    Object::new("aws_db_parameter_group", base, json!({}))
}

fn described_group(name: &str) -> String {
    format!(
        "<DBParameterGroup><DBParameterGroupName>{name}</DBParameterGroupName>\
         <DBParameterGroupFamily>postgres16</DBParameterGroupFamily><Description>Parameters of gitlab-pgsql</Description>\
         <DBParameterGroupArn>arn:{name}</DBParameterGroupArn></DBParameterGroup>"
    )
}

fn groups(names: &[&str]) -> String {
    let groups: String = names.iter().map(|name| described_group(name)).collect();
    answer("DescribeDBParameterGroups", &format!("<DBParameterGroups>{groups}</DBParameterGroups>"))
}

fn parameters(marker: &str, rows: &[(&str, &str, &str)]) -> String {
    let rows: String = rows
        .iter()
        .map(|(name, value, kind)| {
            format!(
                "<Parameter><ParameterName>{name}</ParameterName><ParameterValue>{value}</ParameterValue>\
                 <ApplyType>{kind}</ApplyType></Parameter>"
            )
        })
        .collect();
    answer("DescribeDBParameters", &format!("{marker}<Parameters>{rows}</Parameters>"))
}

fn listed_tags(ours: bool) -> String {
    let tags = if ours { "<Tag><Key>provision:stack</Key><Value>gitlab</Value></Tag>" } else { "" };
    answer("ListTagsForResource", &format!("<TagList>{tags}</TagList>"))
}

/// A script for a change of a group that is ours.
fn ours() -> Replay {
    Replay::default().answer("DescribeDBParameterGroups", 200, groups(&[NAME])).answer(
        "ListTagsForResource",
        200,
        listed_tags(true),
    )
}

async fn update(replay: &Replay, observed: Value, desired: Value, fields: &[&str]) -> Result<(), CloudError> {
    group(desired).update(replay, NAME, fields, &group(observed), &owner(AT)).await
}

/// `name=value (method)` of every parameter in a request.
fn said(asked: &Asked) -> Vec<String> {
    (1..)
        .map(|n| {
            ["Name", "Value"]
                .map(|part| asked.parameter(&format!("Parameters.Parameter.{n}.Parameter{part}")))
        })
        .zip(1..)
        .take_while(|([name, _], _)| !name.is_empty())
        .map(|([name, value], n)| {
            format!("{name}={value} ({})", asked.parameter(&format!("Parameters.Parameter.{n}.ApplyMethod")))
        })
        .collect()
}

#[tokio::test]
async fn a_group_is_made_with_its_tags_and_its_parameters_follow() {
    let replay = Replay::in_order(&[(200, &answer("CreateDBParameterGroup", &described_group(NAME)))]);
    let owner = owner("aws_db_parameter_group.gitlab-pgsql");
    let mut written = group(json!({ "work_mem": "1" }));
    written.inputs.insert("name".to_owned(), "GitLab-PgSQL-Postgres16".into());
    let made = written.create(&replay, &owner).await;
    assert_eq!(made, Ok(Id::new(NAME)));
    let asked = replay.asked().remove(0);
    for (name, value) in [
        ("DBParameterGroupName", NAME),
        ("DBParameterGroupFamily", "postgres16"),
        ("Description", "Parameters of gitlab-pgsql"),
        ("Tags.Tag.1.Key", "Name"),
        ("Tags.Tag.4.Key", "provision:stack"),
        ("Tags.Tag.4.Value", "gitlab"),
    ] {
        assert_eq!(asked.parameter(name), value);
    }
    assert!(said(&asked).is_empty(), "CreateDBParameterGroup takes no parameters");
}

#[tokio::test]
async fn groups_are_read_with_what_somebody_set_in_them() {
    let replay = Replay::default()
        .answer("DescribeDBParameterGroups", 200, groups(&[NAME]))
        .answer(
            "DescribeDBParameters",
            200,
            parameters("<Marker>more</Marker>", &[("rds.force_ssl", "1", "dynamic")]),
        )
        .answer("DescribeDBParameters", 200, parameters("", &[("max_connections", "100", "static")]));
    let recorded = group(json!({}));
    let seen = recorded.observe(&replay, &[NAME]).await.expect("a read");
    let expected = group(json!({ "rds.force_ssl": "1", "max_connections": "100" }));
    assert_eq!(seen[&Id::new(NAME)].inputs, expected.inputs);
    let reads: Vec<Asked> =
        replay.asked().into_iter().filter(|asked| asked.operation == "DescribeDBParameters").collect();
    assert_eq!((reads[0].parameter("Source"), reads[1].parameter("Marker")), ("user", "more"));
    assert!(replay.asked().iter().any(|asked| asked.parameter("DBParameterGroupName") == NAME));

    // Several groups are one list, and one of them is gone.
    let gone = refusal("DBParameterGroupNotFound", "none");
    let replay = Replay::default()
        .answer("DescribeDBParameterGroups", 200, groups(&["theirs", NAME]))
        .answer("DescribeDBParameters", 404, &*gone)
        .answer("DescribeDBParameters", 200, parameters("", &[]));
    let seen = recorded.observe(&replay, &["a-postgres16", NAME]).await.expect("a read");
    assert_eq!(seen.keys().map(Id::as_str).collect::<Vec<_>>(), [NAME]);

    let replay = Replay::in_order(&[(404, &gone), (404, &gone)]);
    let seen = recorded.observe(&replay, &[NAME]).await.expect("a read");
    assert!(seen.is_empty());
}

#[tokio::test]
async fn each_parameter_is_set_as_soon_as_its_type_allows() {
    let types = parameters("", &[("work_mem", "", "dynamic"), ("max_connections", "", "static")]);
    let replay = ours()
        .answer("DescribeDBParameters", 200, types)
        .answer("ModifyDBParameterGroup", 200, answer("ModifyDBParameterGroup", ""))
        .answer("DescribeDBParameters", 200, parameters("", &[("log_statement", "", "dynamic")]))
        .answer("ResetDBParameterGroup", 200, answer("ResetDBParameterGroup", ""));
    let observed = json!({ "work_mem": "1", "log_statement": "ddl", "random_page_cost": "1.1" });
    let desired =
        json!({ "work_mem": "2", "max_connections": "100", "no_such": "x", "random_page_cost": "1.1" });
    update(&replay, observed, desired, &["parameters"]).await.expect("the change is taken");
    assert_eq!(
        replay.operations(),
        [
            "DescribeDBParameterGroups",
            "ListTagsForResource",
            "DescribeDBParameters",
            "ModifyDBParameterGroup",
            "DescribeDBParameters",
            "ResetDBParameterGroup",
        ]
    );
    let asked = replay.asked();
    assert_eq!(asked[2].parameter("Filters.Filter.1.Name"), "parameter-name");
    assert_eq!(asked[2].parameter("Filters.Filter.1.Values.Value.1"), "max_connections");
    assert_eq!(
        said(&asked[3]),
        // A parameter that is not known to be dynamic waits; AWS says what is wrong with a name that it does not know.
        ["max_connections=100 (pending-reboot)", "no_such=x (pending-reboot)", "work_mem=2 (immediate)"]
    );
    assert_eq!(said(&asked[5]), ["log_statement= (immediate)"]);
    assert_eq!(asked[5].parameter("ResetAllParameters"), "false");
}

#[tokio::test]
async fn more_parameters_than_a_call_takes_are_set_in_several() {
    let all: BTreeMap<String, Value> = (0..45).map(|n| (format!("p{n:02}"), json!("1"))).collect();
    let mut replay = ours();
    for _ in 0..3 {
        replay = replay.answer("DescribeDBParameters", 200, parameters("", &[])).answer(
            "ModifyDBParameterGroup",
            200,
            answer("ModifyDBParameterGroup", ""),
        );
    }
    update(&replay, json!({}), json!(all), &["parameters"]).await.expect("the change is taken");
    let asked = replay.asked();
    let sizes: Vec<usize> = asked
        .iter()
        .filter(|asked| asked.operation == "ModifyDBParameterGroup")
        .map(|asked| said(asked).len())
        .collect();
    assert_eq!(sizes, [20, 20, 5]);
}

#[tokio::test]
async fn a_group_without_our_tags_is_neither_changed_nor_deleted() {
    let theirs = || {
        Replay::default().answer("DescribeDBParameterGroups", 200, groups(&[NAME])).answer(
            "ListTagsForResource",
            200,
            listed_tags(false),
        )
    };
    let replay = theirs();
    let changed = update(&replay, json!({}), json!({ "work_mem": "1" }), &["parameters"]).await;
    assert_eq!(changed.map_err(|error| error.code), Err("NotOurs".to_owned()));
    assert_eq!(replay.asked().len(), 2);
    let replay = theirs();
    let deleted = group(json!({})).delete(&replay, NAME, &owner(AT)).await;
    assert_eq!(deleted.map_err(|error| error.code), Err("NotOurs".to_owned()));
    assert_eq!(replay.asked().len(), 2);
}

#[tokio::test]
async fn a_group_in_use_is_busy_and_one_that_is_gone_is_deleted() {
    let busy =
        ours().answer("DeleteDBParameterGroup", 400, refusal("InvalidDBParameterGroupState", "in use"));
    let error = group(json!({})).delete(&busy, NAME, &owner(AT)).await.expect_err("it is in use");
    assert_eq!(error.outcome, Outcome::Busy);
    let gone = ours().answer("DeleteDBParameterGroup", 404, refusal("DBParameterGroupNotFound", "none"));
    assert_eq!(group(json!({})).delete(&gone, NAME, &owner(AT)).await, Ok(()));
    let absent = refusal("DBParameterGroupNotFound", "none");
    let gone = Replay::in_order(&[(404, &absent), (200, &groups(&["theirs"]))]);
    assert_eq!(group(json!({})).delete(&gone, NAME, &owner(AT)).await, Ok(()));
    // One read that finds nothing is not enough.
    let late = Replay::default()
        .answer("DescribeDBParameterGroups", 404, &*absent)
        .answer("DescribeDBParameterGroups", 200, groups(&[NAME]))
        .answer("ListTagsForResource", 200, listed_tags(true))
        .answer("DeleteDBParameterGroup", 200, answer("DeleteDBParameterGroup", ""));
    assert_eq!(group(json!({})).delete(&late, NAME, &owner(AT)).await, Ok(()));
    assert_eq!(late.asked().len(), 4);
}

#[tokio::test]
async fn a_group_is_found_by_its_name_and_its_tags_say_whose_it_is() {
    let owner = owner("aws_db_parameter_group.gitlab-pgsql");
    for ours in [true, false] {
        let replay = Replay::in_order(&[(200, &groups(&[NAME])), (200, &listed_tags(ours))]);
        let found = group(json!({})).find(&replay, &owner).await.expect("a read").swap_remove(0);
        assert_eq!((found.id, matches!(found.ownership, Ownership::Tagged { .. })), (Id::new(NAME), ours));
        assert_eq!(replay.asked()[1].parameter("ResourceName"), format!("arn:{NAME}"));
    }
    let taken = Replay::in_order(&[(400, &refusal("DBParameterGroupAlreadyExists", "it is there"))]);
    let error = group(json!({})).create(&taken, &owner).await.expect_err("the name is taken");
    assert_eq!(error.outcome, Outcome::Exists);
}
