//! Security groups as EC2 shows them.

use serde_json::{Map, Value, json};

use super::{Case, How, Row, case, xml};
use crate::wire::replay::Replay;

const KIND: &str = "aws_security_group";

pub(super) fn plain() -> Value {
    json!({
        "name": "EFS_K8s", "description": "NFS", "vpc_id": "vpc-1", "ingress": [], "egress": [],
        "tags": { "Name": "EFS_K8s" },
    })
}

pub(super) fn group(elements: Map<String, Value>) -> Replay {
    let mut live = json!({
        "groupId": "the-one", "groupName": "EFS_K8s", "groupDescription": "NFS", "vpcId": "vpc-1",
        "ownerId": "111111111111", "ipPermissions": [], "ipPermissionsEgress": [],
        "tagSet": [{ "key": "Name", "value": "EFS_K8s" }],
    });
    live.as_object_mut().expect("an object").extend(elements);
    let answer = json!({ "securityGroupInfo": [live] });
    let body = format!(
        "<DescribeSecurityGroupsResponse>{}</DescribeSecurityGroupsResponse>",
        xml(&answer, &|_| "item")
    );
    Replay::default().answer("DescribeSecurityGroups", 200, body)
}

fn rules(written: Value, shown: Value, other: Value) -> Case {
    case(KIND, "ingress", written, ("ipPermissions", shown), other)
}

pub(super) fn rows() -> Vec<Row> {
    let nfs = |source: &str| json!({ "protocol": "tcp", "from_port": 2049, "to_port": 2049, "source": source, "description": source });
    let all = |source: &str| json!({ "protocol": "-1", "source": source });
    let range = |cidr: &str| json!([{ "ipProtocol": "-1", "ipRanges": [{ "cidrIp": cidr }] }]);
    let range6 = |cidr: &str| json!([{ "ipProtocol": "-1", "ipv6Ranges": [{ "cidrIpv6": cidr }] }]);
    let peer = |group: &str, account: &str| json!([{ "ipProtocol": "-1", "groups": [{ "userId": account, "groupId": group }] }]);
    vec![
        Row {
            what: "rules are grouped by protocol and ports, each source with a description of its own",
            how: How::Compared(vec![rules(
                json!([nfs("sg-2"), nfs("10.0.0.0/8"), nfs("sg-3")]),
                json!([{
                    "ipProtocol": "tcp", "fromPort": 2049, "toPort": 2049,
                    "groups": [
                        { "userId": "111111111111", "groupId": "sg-3", "description": "sg-3" },
                        { "userId": "111111111111", "groupId": "sg-2", "description": "sg-2" },
                    ],
                    "ipRanges": [{ "cidrIp": "10.0.0.0/8", "description": "10.0.0.0/8" }],
                }]),
                json!([nfs("sg-2"), nfs("10.0.0.0/8"), nfs("sg-4")]),
            )]),
        },
        Row {
            what: "all protocols have no ports",
            how: How::Compared(vec![
                rules(
                    json!([{ "protocol": "-1", "from_port": 0, "to_port": 0, "source": "10.0.0.0/8" }]),
                    range("10.0.0.0/8"),
                    json!([{ "protocol": "tcp", "from_port": 1, "to_port": 2, "source": "10.0.0.0/8" }]),
                ),
                rules(
                    json!([{ "protocol": "-1", "source": "10.0.0.0/8" }]),
                    json!([{
                        "ipProtocol": "-1", "fromPort": -1, "toPort": -1, "ipRanges": [{ "cidrIp": "10.0.0.0/8" }],
                    }]),
                    Value::Null,
                ),
            ]),
        },
        Row {
            what: "protocols have names in lower case",
            how: How::Compared(
                [("6", "tcp"), ("TCP", "tcp"), ("17", "udp"), ("58", "icmpv6"), ("ALL", "-1")]
                    .map(|(written, shown)| {
                        let rule = |protocol: &str| {
                            json!([{ "protocol": protocol, "from_port": -1, "to_port": -1, "source": "sg-2" }])
                        };
                        let mut live = peer("sg-2", "111111111111");
                        live[0]["ipProtocol"] = shown.into();
                        live[0]["fromPort"] = (-1).into();
                        live[0]["toPort"] = (-1).into();
                        rules(rule(written), live, rule("1"))
                    })
                    .into(),
            ),
        },
        Row {
            what: "types and codes of ICMP stand where ports do",
            how: How::Compared(vec![rules(
                json!([{ "protocol": "icmp", "from_port": 8, "source": "10.0.0.0/8" }]),
                json!([{
                    "ipProtocol": "icmp", "fromPort": 8, "toPort": -1, "ipRanges": [{ "cidrIp": "10.0.0.0/8" }],
                }]),
                json!([{ "protocol": "icmp", "from_port": 0, "source": "10.0.0.0/8" }]),
            )]),
        },
        Row {
            what: "networks are canonical",
            how: How::Compared(vec![rules(
                json!([all("2001:DB8:0:0::/32")]),
                range6("2001:db8::/32"),
                json!([all("2001:db8::/33")]),
            )]),
        },
        Row {
            what: "a peer of the same account has its account",
            how: How::Compared(vec![rules(
                json!([all("sg-2")]),
                peer("sg-2", "111111111111"),
                json!([all("222222222222/sg-2")]),
            )]),
        },
        Row {
            what: "a group's own members are named by its id",
            how: How::Compared(vec![rules(
                json!([all("self")]),
                peer("the-one", "111111111111"),
                json!([all("sg-2")]),
            )]),
        },
        Row {
            what: "a new group lets everything out",
            how: How::Compared(vec![case(
                KIND,
                "egress",
                json!([{ "protocol": "-1", "source": "0.0.0.0/0", "description": "" }]),
                ("ipPermissionsEgress", range("0.0.0.0/0")),
                json!([]),
            )]),
        },
        Row {
            what: "what lets everything out is declared",
            how: How::AlwaysWritten { kind: KIND, fields: &["egress", "description"] },
        },
        Row {
            what: "AWS and others put tags on",
            how: How::Compared(vec![case(
                KIND,
                "tags",
                json!({ "Name": "EFS_K8s" }),
                (
                    "tagSet",
                    json!([
                        { "key": "aws:cloudformation:stack-name", "value": "x" },
                        { "key": "Name", "value": "EFS_K8s" },
                        { "key": "cost", "value": "somebody's" },
                    ]),
                ),
                json!({ "Name": "another" }),
            )]),
        },
    ]
}
