//! Subnets that a plan takes out of a DB subnet group, and the databases that live in them.

use provision::engine::plan::{Finding, Level};
use serde_json::{Value, json};

use crate::wire::replay::Replay;
use crate::wire::scene::{World, said};

/// A group in the zones a, b and c, and the subnets that are chosen now.
fn world(live: &[&str], chosen: &[(&str, &str)]) -> World {
    let mut world = World::new();
    let group =
        |subnets: Value| json!({ "name": "d", "description": "x", "subnet_ids": subnets, "tags": {} });
    let mut references = Vec::new();
    for (zone, id) in chosen {
        world.subnet(zone, id);
        references.push(format!("${{aws_subnet.{zone}.id}}"));
    }
    world.record("aws_db_subnet_group.d", "d", &group(json!(live)), &[]);
    world.declare("aws_db_subnet_group.d", &group(json!(references)));
    world
}

/// A database of the group with its zones, and the subnets of the group by zone.
fn database(name: &str, zones: [Option<&str>; 2], status: &str, subnets: &[(&str, &str)]) -> String {
    let subnets: String = subnets
        .iter()
        .map(|(zone, id)| {
            format!(
                "<Subnet><SubnetIdentifier>{id}</SubnetIdentifier>\
                 <SubnetAvailabilityZone><Name>{zone}</Name></SubnetAvailabilityZone></Subnet>"
            )
        })
        .collect();
    let [first, second] = zones;
    let shown = |element: &str, zone: Option<&str>| {
        zone.map_or(String::new(), |zone| format!("<{element}>{zone}</{element}>"))
    };
    format!(
        "<DBInstance><DBInstanceIdentifier>{name}</DBInstanceIdentifier><DBInstanceStatus>{status}</DBInstanceStatus>\
         {}{}<MultiAZ>{}</MultiAZ><DBSubnetGroup><DBSubnetGroupName>d</DBSubnetGroupName>\
         <Subnets>{subnets}</Subnets></DBSubnetGroup></DBInstance>",
        shown("AvailabilityZone", first),
        shown("SecondaryAvailabilityZone", second),
        second.is_some()
    )
}

fn databases(rows: &[String]) -> Replay {
    let rows = rows.concat();
    let answer = format!(
        "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances>{rows}</DBInstances>\
         </DescribeDBInstancesResult></DescribeDBInstancesResponse>"
    );
    Replay::default().answer("DescribeDBInstances", 200, answer)
}

const OLD: [(&str, &str); 3] = [("z-a", "subnet-a"), ("z-b", "subnet-b"), ("z-c", "subnet-c")];
const LIVE: [&str; 3] = ["subnet-a", "subnet-b", "subnet-c"];

fn hint(findings: &[Finding]) -> &str {
    findings.iter().find_map(|finding| finding.hint.as_deref()).expect("it says what to do")
}

#[tokio::test]
async fn a_group_cannot_lose_the_subnets_in_which_a_database_and_its_standby_live() {
    let world = world(&LIVE, &[("z-a", "subnet-x"), ("z-b", "subnet-y"), ("z-c", "subnet-z")]);
    let replay = databases(&[database("d", [Some("z-a"), Some("z-c")], "available", &OLD)]);
    let findings = world.subnets_in_use(&replay).await;
    assert_eq!(
        said(&findings, Level::Error),
        [
            "subnets-in-use aws_db_subnet_group.d: the database d lives in subnet-a (z-a) and subnet-c (z-c), and RDS takes no \
          subnet in use out of a subnet group (d)"
        ]
    );
    assert!(
        hint(&findings)
            .ends_with("provision apply --subnet-id subnet-a --subnet-id subnet-y --subnet-id subnet-c"),
        "{}",
        hint(&findings)
    );
}

#[tokio::test]
async fn the_command_that_records_the_old_subnets_again_is_named_beside_the_apply() {
    let mut world = world(&LIVE, &[("z-a", "subnet-x"), ("z-b", "subnet-b")]);
    world.vpc("vpc-1");
    let replay = databases(&[database("d", [Some("z-a"), None], "available", &OLD)]);
    let findings = world.subnets_in_use(&replay).await;
    let kept = "--subnet-id subnet-a --subnet-id subnet-b";
    assert_eq!(
        hint(&findings),
        format!(
            "keep what is in use, beside what is new in other zones: provision import vpc-1 {kept}, and apply without \
             --subnet-id; or, in one: provision apply {kept}"
        )
    );
}

#[tokio::test]
async fn a_zone_that_is_given_up_stays_while_a_database_lives_there_also_one_of_others() {
    let world = world(&LIVE, &[("z-b", "subnet-b"), ("z-c", "subnet-c")]);
    let replay = databases(&[
        database("d", [Some("z-b"), None], "available", &OLD),
        database("copy", [Some("z-a"), None], "available", &OLD),
    ]);
    let findings = world.subnets_in_use(&replay).await;
    let errors = said(&findings, Level::Error);
    assert!(errors.len() == 1 && errors[0].contains("the database copy lives in subnet-a"), "{errors:?}");
    assert!(
        hint(&findings)
            .ends_with("provision apply --subnet-id subnet-a --subnet-id subnet-b --subnet-id subnet-c"),
        "{}",
        hint(&findings)
    );
}

#[tokio::test]
async fn a_database_that_is_being_deleted_is_waited_for() {
    let world = world(&LIVE, &[("z-b", "subnet-b"), ("z-c", "subnet-c")]);
    let replay = databases(&[database("d", [Some("z-a"), None], "deleting", &OLD)]);
    let findings = world.subnets_in_use(&replay).await;
    assert_eq!(said(&findings, Level::Error).len(), 1);
    assert!(hint(&findings).starts_with("wait until d"), "{}", hint(&findings));
}

#[tokio::test]
async fn a_subnet_in_which_no_database_lives_leaves_its_group() {
    let world = world(&LIVE, &[("z-a", "subnet-a"), ("z-b", "subnet-b"), ("z-c", "subnet-z")]);
    let replay = databases(&[database("d", [Some("z-a"), Some("z-b")], "available", &OLD)]);
    let findings = world.subnets_in_use(&replay).await;
    assert_eq!(
        said(&findings, Level::Passed),
        ["subnets-in-use aws_db_subnet_group.d: no database lives in what d loses"]
    );
    assert_eq!(findings.len(), 1);
}

#[tokio::test]
async fn of_several_subnets_in_the_zone_of_a_database_rds_does_not_show_which_one_it_is_in() {
    let live = ["subnet-a", "subnet-b", "subnet-other"];
    let shown = [("z-a", "subnet-a"), ("z-a", "subnet-other"), ("z-b", "subnet-b")];
    let one_database = |zones| databases(&[database("d", zones, "available", &shown)]);
    let kept = world(&live, &[("z-a", "subnet-a"), ("z-b", "subnet-b")]);
    for zones in [[Some("z-a"), None], [None, None]] {
        let findings = kept.subnets_in_use(&one_database(zones)).await;
        let warnings = said(&findings, Level::Warning);
        assert!(warnings.len() == 1 && warnings[0].contains("d may live in subnet-other"), "{warnings:?}");
        assert_eq!(findings.len(), 1);
        assert_eq!(
            hint(&findings),
            "if RDS refuses it, keep the subnet that its answer names: provision apply --subnet-id subnet-other --subnet-id \
             subnet-b"
        );
    }
    // One of both is in use, and both would go.
    let neither = world(&live, &[("z-a", "subnet-x"), ("z-b", "subnet-b")]);
    let findings = neither.subnets_in_use(&one_database([Some("z-a"), None])).await;
    let errors = said(&findings, Level::Error);
    assert!(errors.len() == 1 && errors[0].contains("subnet-a or subnet-other (z-a)"), "{errors:?}");
}

#[tokio::test]
async fn a_group_that_only_gains_subnets_asks_nothing() {
    let world = world(&LIVE[..2], &OLD);
    assert_eq!(world.subnets_in_use(&Replay::default()).await, []);
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_said() {
    let world = world(&LIVE, &OLD[1..]);
    let denied =
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>";
    let replay = Replay::default().answer("DescribeDBInstances", 403, denied);
    assert_eq!(
        said(&world.subnets_in_use(&replay).await, Level::NotChecked),
        [
            "subnets-in-use aws_db_subnet_group.d: databases in the subnets that d loses (rds:DescribeDBInstances: \
          AccessDenied)"
        ]
    );
}
