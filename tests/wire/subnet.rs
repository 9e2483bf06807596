//! Subnets on the wire: one request for all of a VPC, and a second look before one is taken for gone.

use std::collections::BTreeMap;

use provision::aws::kinds::subnet::Subnet;
use provision::aws::resource::{Observe, Tracked};
use provision::engine::resource::{Id, Remark};

use crate::replay::Replay;

fn subnet(id: &str, zone: &str, more: &str) -> String {
    format!(
        "<item><subnetId>{id}</subnetId><state>available</state><vpcId>vpc-1</vpcId><availabilityZone>{zone}</availabilityZone>\
         <availableIpAddressCount>4091</availableIpAddressCount>{more}</item>"
    )
}

fn answer(subnets: &[String]) -> String {
    format!("<DescribeSubnetsResponse><subnetSet>{}</subnetSet></DescribeSubnetsResponse>", subnets.concat())
}

fn recorded(id: &str) -> Tracked<Subnet> {
    Tracked { id: Id::new(id), recorded: Some(Subnet { vpc_id: Some("vpc-1".to_owned()) }) }
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
    let seen = Subnet::observe(&replay.aws(), &[recorded("subnet-a")]).await.expect("an answer");
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
    let seen = Subnet::observe(&replay.aws(), &tracked).await.expect("both answers");
    assert_eq!(filters(&replay), ["vpc-id=vpc-1", "subnet-id=subnet-z"]);
    assert!(seen.len() == 2 && seen.values().all(|one| one.remarks.is_empty()));

    // Of a new one it is not recorded where it is.
    let replay = Replay::default().answer("DescribeSubnets", 200, answer(&[]));
    let new = Tracked { id: Id::new("subnet-a"), recorded: None };
    assert!(Subnet::observe(&replay.aws(), &[new]).await.expect("an answer").is_empty());
    assert_eq!(filters(&replay), ["subnet-id=subnet-a"]);
}
