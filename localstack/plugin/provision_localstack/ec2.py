"""EC2 over LocalStack's own provider: paging, the dependencies that hold back a deletion, and group names."""

import base64
import fnmatch
import re

from provision_localstack import ec2_images as images
from provision_localstack import ec2_machines as machines
from provision_localstack import ec2_rules as rules
from provision_localstack.service import Call, Overrides, fail

overrides = Overrides("ec2")
on = overrides.on
rules.register(on)
machines.register(on)
images.register(on)

# Operation: (member with the rows, parameter with the ids).
PAGED = {
    "DescribeSecurityGroups": ("SecurityGroups", "GroupIds"),
    "DescribeSecurityGroupRules": ("SecurityGroupRules", "SecurityGroupRuleIds"),
    "DescribeSubnets": ("Subnets", "SubnetIds"),
    "DescribeVpcs": ("Vpcs", "VpcIds"),
    "DescribeNetworkInterfaces": ("NetworkInterfaces", "NetworkInterfaceIds"),
}
MALFORMED = {
    "GroupIds": ("sg", "InvalidGroupId.Malformed"),
    "SubnetIds": ("subnet", "InvalidSubnetID.Malformed"),
    "VpcIds": ("vpc", "InvalidVpcID.Malformed"),
}
# The filters that moto knows where it fails on others; tag:*, tag-key and tag-value come on top.
FILTERS = {
    "DescribeSecurityGroups": "description egress.ip-permission.cidr egress.ip-permission.from-port "
    "egress.ip-permission.group-id egress.ip-permission.group-name egress.ip-permission.ipv6-cidr "
    "egress.ip-permission.prefix-list-id egress.ip-permission.protocol egress.ip-permission.to-port "
    "egress.ip-permission.user-id group-id group-name ip-permission.cidr ip-permission.from-port "
    "ip-permission.group-id ip-permission.group-name ip-permission.ipv6-cidr ip-permission.prefix-list-id "
    "ip-permission.protocol ip-permission.to-port ip-permission.user-id owner-id vpc-id".split(),
    "DescribeSecurityGroupRules": ["group-id", "security-group-rule-id"],
}


@on(*PAGED)
def describe(call: Call):
    operation = call.context.operation.name
    rows_member, ids_parameter = PAGED[operation]
    check_ids(call.get(ids_parameter), *MALFORMED.get(ids_parameter, ("", "")))
    check_filters(operation, call.get("Filters") or [])
    size, token = call.get("MaxResults"), call.get("NextToken")
    if size is not None:
        if not 5 <= size <= 1000:
            fail("InvalidParameterValue", f"Value ( {size} ) for parameter maxResults is invalid. Expecting 5 to 1000.")
        if call.get(ids_parameter):
            fail("InvalidParameterCombination", "The parameter maxResults cannot be used with ids.")
    own, others = tag_filters(call.get("Filters") or [])
    try:
        answer = call.forward(call.request | {"Filters": others}) if own else call.forward()
    except NotImplementedError as error:
        # This is how moto takes a filter that it does not know.
        fail("InvalidParameterValue", str(error).split(" for ")[0] + " is invalid")
    rows = [row for row in answer.get(rows_member, []) if all(has_tag(row, *each) for each in own)]
    for row in rows:
        cap_addresses(row)
        describe_lists(call, row)
    start = position(token)
    end = start + size if size else len(rows)
    answer[rows_member] = rows[start:end]
    if end < len(rows):
        answer["NextToken"] = base64.b64encode(b"row %d" % end).decode()
    return answer


def tag_filters(filters) -> tuple[list, list]:
    """The filters by tag keys or values alone, as (member, patterns), and the others.

    moto wants each of several values to be there; one is enough.
    """
    members = {"tag-key": "Key", "tag-value": "Value"}
    own = [each for each in filters if each["Name"] in members and len(each.get("Values") or []) > 1]
    return [(members[each["Name"]], each["Values"]) for each in own], [each for each in filters if each not in own]


def has_tag(row: dict, member: str, patterns: list) -> bool:
    # An element of a TagSet is looked for under the two names that the API has for it.
    tags = row.get("Tags") or row.get("TagSet") or []
    return any(fnmatch.fnmatchcase(tag[member], pattern.replace("[", "[[]")) for tag in tags for pattern in patterns)


def cap_addresses(subnet: dict):
    # moto counts the addresses of an IPv6 subnet; the API's number has 32 bits, and clients refuse more.
    if "AvailableIpAddressCount" in subnet:
        subnet["AvailableIpAddressCount"] = min(subnet["AvailableIpAddressCount"], 2**31 - 1)


def describe_lists(call: Call, row: dict):
    """The descriptions of rules with prefix lists, which moto leaves out of the groups."""
    group = call.ec2.get_security_group_by_name_or_id(row["GroupId"], None) if "IpPermissions" in row else None
    for member, its in (("IpPermissions", "ingress_rules"), ("IpPermissionsEgress", "egress_rules")):
        for permission in row.get(member) or [] if group else []:
            for each in permission.get("PrefixListIds") or []:
                said = [
                    rule.description
                    for rule in getattr(group, its)
                    if rule.prefix_list_id == each["PrefixListId"]
                    and rule.ip_protocol == permission["IpProtocol"]
                    and (permission["IpProtocol"] == "-1" or rule.from_port == permission.get("FromPort"))
                ]
                if said and said[0]:
                    each["Description"] = said[0]


@on("DescribeVpcPeeringConnections")
def describe_peerings(call: Call):
    # moto takes these filters, and does not look at them.
    answer = call.forward(call.request | {"Filters": []})
    wanted = {each["Name"]: each.get("Values") or [] for each in call.get("Filters") or []}
    codes = wanted.pop("status-code", None)
    if wanted:
        fail("InvalidParameterValue", f"The filter '{next(iter(wanted))}' is invalid")
    rows = answer.get("VpcPeeringConnections") or []
    answer["VpcPeeringConnections"] = [row for row in rows if codes is None or row["Status"]["Code"] in codes]
    return answer


@on("CreateSubnet")
def create_subnet(call: Call):
    answer = call.forward()
    cap_addresses(answer["Subnet"])
    return answer


def position(token) -> int:
    if not token:
        return 0
    try:
        return int(base64.b64decode(token, validate=True).removeprefix(b"row "))
    except ValueError:
        fail("InvalidNextToken", "The token is not one of this API.")


def check_ids(ids, prefix, code):
    for resource_id in ids or []:
        if prefix and not re.fullmatch(prefix + "-[0-9a-f]{8,17}", resource_id):
            fail(code, f'Invalid id: "{resource_id}" (expecting "{prefix}-...")')


def check_filters(operation, filters):
    known = FILTERS.get(operation)
    for name in (each["Name"] for each in filters):
        if known and name not in known and not name.startswith("tag:") and name not in ("tag-key", "tag-value"):
            fail("InvalidParameterValue", f"The filter '{name}' is invalid")


# --- security groups -----------------------------------------------------------------------------

NAME = re.compile(r"[A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}")


@on("CreateSecurityGroup")
def create_security_group(call: Call):
    name, description = call.get("GroupName") or "", call.get("Description") or ""
    if name.lower() == "default":
        fail("InvalidGroup.Reserved", f"Cannot use reserved security group name: {name}")
    if name.startswith("sg-") or not NAME.fullmatch(name):
        fail("InvalidParameterValue", f"Invalid value '{name}' for GroupName.")
    if not NAME.fullmatch(description):
        fail("InvalidParameterValue", f"Invalid security group description '{description}'.")
    rules.check_tags(call)
    vpc_id = call.get("VpcId")
    if vpc_id and vpc_id not in call.ec2.vpcs:
        fail("InvalidVpcID.NotFound", f"The vpc ID '{vpc_id}' does not exist")
    in_vpc = vpc_id or call.ec2.default_vpc.id
    if any(group.name.lower() == name.lower() for group in call.ec2.groups.get(in_vpc, {}).values()):
        fail("InvalidGroup.Duplicate", f"The security group '{name}' already exists for VPC '{in_vpc}'")
    return call.forward()


@on("DeleteSecurityGroup")
def delete_security_group(call: Call):
    if call.get("GroupId"):
        check_ids([call.get("GroupId")], "sg", "InvalidGroupId.Malformed")
    group = rules.find_group(call)
    if group.name == "default":
        fail("CannotDelete", f"the specified group: \"{group.id}\" name: \"default\" cannot be deleted by a user")
    users = [eni.id for eni in call.ec2.enis.values() if group.id in {each.id for each in eni.group_set}]
    referrers = [
        other.id
        for groups in call.ec2.groups.values()
        for other in groups.values()
        if other.id != group.id
        and any(rule.source_group.get("GroupId") == group.id for rule in other.ingress_rules + other.egress_rules)
    ]
    if users or referrers:
        fail("DependencyViolation", f"resource {group.id} has a dependent object")
    return call.forward()


# --- the rest ------------------------------------------------------------------------------------


@on("DeleteSubnet")
def delete_subnet(call: Call):
    subnet_id = call.get("SubnetId")
    if any(eni.subnet.id == subnet_id for eni in call.ec2.enis.values()):
        fail("DependencyViolation", f"The subnet '{subnet_id}' has dependencies and cannot be deleted.")
    return call.forward()


@on("CreateTags")
def create_tags(call: Call):
    rules.check_tags(call)
    for resource in call.get("Resources") or []:
        if resource.startswith("sg-"):
            rules.check_known(call, resource)
    return call.forward()
