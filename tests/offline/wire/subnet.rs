//! Subnets on the wire: one request for all of a VPC, and a second look before one is taken for gone.

use std::collections::BTreeMap;

use provision::engine::cloud::{Cloud, TrackedDocument};
use provision::engine::document::Document;
use provision::engine::kind::Live;
use provision::engine::resource::{Id, Remark};

use crate::wire::replay::Replay;

fn subnet(id: &str, zone: &str, more: &str) -> String {
    format!(
        "<item><subnetId>{id}</subnetId><state>available</state><vpcId>vpc-1</vpcId><availabilityZone>{zone}</availabilityZone>\
         <availableIpAddressCount>4091</availableIpAddressCount>{more}</item>"
    )
}

fn answer(subnets: &[String]) -> String {
    format!("<DescribeSubnetsResponse><subnetSet>{}</subnetSet></DescribeSubnetsResponse>", subnets.concat())
}

fn recorded(id: &str) -> TrackedDocument {
    let recorded = Document::from_iter([("vpc_id".to_owned(), "vpc-1".into())]);
    TrackedDocument { id: Id::new(id), recorded: Some(recorded) }
}

async fn observe(replay: &Replay, tracked: &[TrackedDocument]) -> BTreeMap<Id, Live> {
    replay.cloud().observe("aws_subnet", tracked).await.expect("an answer")
}

/// The filters of each request, as `name=value`.
fn filters(replay: &Replay) -> Vec<String> {
    let asked = replay.asked();
    asked
        .iter()
        .map(|one| format!("{}={}", one.parameters["Filter.1.Name"], one.parameters["Filter.1.Value.1"]))
        .collect()
}

#[tokio::test]
async fn the_recorded_subnets_are_read_with_all_others_of_their_vpc_in_one_request() {
    let tag = "<tagSet><item><key>SubnetType</key><value>Private</value></item></tagSet>";
    let replay = Replay::default().answer(
        "DescribeSubnets",
        200,
        answer(&[
            subnet("subnet-a", "eu-west-1a", ""),
            subnet("subnet-b", "eu-west-1b", tag),
            subnet("subnet-c", "eu-west-1c", "<ipv6Native>true</ipv6Native>"),
            subnet("subnet-d", "eu-west-1d", "<outpostArn>arn:op</outpostArn>"),
        ]),
    );
    let seen = observe(&replay, &[recorded("subnet-a")]).await;
    assert_eq!(filters(&replay), ["vpc-id=vpc-1"]);
    assert_eq!(seen.keys().map(Id::as_str).collect::<Vec<_>>(), ["subnet-a", "subnet-b"]);
    assert_eq!(seen[&Id::new("subnet-a")].remarks, []);
    let tags = BTreeMap::from([("SubnetType".to_owned(), "Private".to_owned())]);
    assert_eq!(seen[&Id::new("subnet-b")].remarks, [Remark::Beside { tags, free: 4091 }]);
}

#[tokio::test]
async fn a_subnet_that_its_vpc_does_not_show_is_looked_for_by_its_id_before_it_is_gone() {
    let replay = Replay::default()
        .answer("DescribeSubnets", 200, answer(&[subnet("subnet-a", "eu-west-1a", "")]))
        .answer("DescribeSubnets", 200, answer(&[subnet("subnet-z", "eu-west-1b", "")]));
    let tracked = [recorded("subnet-a"), recorded("subnet-z")];
    let seen = observe(&replay, &tracked).await;
    assert_eq!(filters(&replay), ["vpc-id=vpc-1", "subnet-id=subnet-z"]);
    assert!(seen.len() == 2 && seen.values().all(|one| one.remarks.is_empty()));

    // Of a new one it is not recorded where it is.
    let replay = Replay::default().answer("DescribeSubnets", 200, answer(&[]));
    let new = TrackedDocument { id: Id::new("subnet-a"), recorded: None };
    assert!(observe(&replay, &[new]).await.is_empty());
    assert_eq!(filters(&replay), ["subnet-id=subnet-a"]);
}
