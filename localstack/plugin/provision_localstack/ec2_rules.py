"""Rules of security groups: checked as a whole before any is made, compared as AWS compares them."""

import ipaddress

from moto.ec2 import ec2_backends
from moto.ec2.models.security_groups import SecurityGroupRule

from provision_localstack.service import Call, fail

MOST_RULES = 60
PROTOCOLS = {"tcp": "tcp", "6": "tcp", "udp": "udp", "17": "udp", "icmp": "icmp", "1": "icmp", "-1": "-1", "all": "-1"}
DIFFERENT_NETWORKS = "You have specified two resources that belong to different networks."


def register(on):
    on("AuthorizeSecurityGroupIngress", "AuthorizeSecurityGroupEgress")(authorize)
    on("ModifySecurityGroupRules")(modify_rules)
    on("UpdateSecurityGroupRuleDescriptionsIngress", "UpdateSecurityGroupRuleDescriptionsEgress")(describe_rules)


def _identity(rule: SecurityGroupRule):
    """What makes two rules the same: never their description."""
    ports = (None, None) if rule.ip_protocol == "-1" else (rule.from_port, rule.to_port)
    return (rule.ip_protocol, ports, rule.cidr_ipv4, rule.cidr_ipv6, rule.source_group.get("GroupId"), rule.prefix_list_id)


# moto compares the descriptions of group pairs too, and shows them in one of two views only.
SecurityGroupRule.__eq__ = lambda self, other: _identity(self) == _identity(other)
SecurityGroupRule.description = property(
    lambda self: self.ip_range.get("Description") or self.source_group.get("Description") or of_list(self).get("Description")
)


def of_list(rule: SecurityGroupRule) -> dict:
    """What is said of a rule's prefix list, of which moto keeps the id alone."""
    if not hasattr(rule, "said_of_list"):
        rule.said_of_list = {}
    return rule.said_of_list


def check_tags(call: Call):
    tags = list(call.get("Tags") or [])
    for specification in call.get("TagSpecifications") or []:
        tags += specification.get("Tags") or []
    for tag in tags:
        if tag.get("Key", "").lower().startswith("aws:"):
            fail("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")


def find_used_group(call: Call):
    """A group that is used. One that was just made is not known everywhere for a while ("Eventual consistency in the Amazon EC2 API", EC2
    Developer Guide; of its rules aws-sdk-js#318, of its tags boto3#620, of a mere use packer#3627)."""
    group = find_group(call)
    check_known(call, group.id)
    return group


def check_known(call: Call, group_id: str):
    if not call.world.knows(group_id):
        fail("InvalidGroup.NotFound", f"The security group '{group_id}' does not exist")


def find_group(call: Call):
    wanted = call.get("GroupId") or call.get("GroupName")
    if not wanted:
        fail("MissingParameter", "The request must contain the parameter groupName or groupId")
    group = call.ec2.get_security_group_by_name_or_id(wanted, None if call.get("GroupId") else call.ec2.default_vpc.id)
    if group is None:
        fail("InvalidGroup.NotFound", f"The security group '{wanted}' does not exist")
    return group


def authorize(call: Call):
    if call.get("DryRun"):
        return call.forward()
    group = find_used_group(call)
    egress = call.context.operation.name.endswith("Egress")
    check_tags(call)
    wanted = [rule for permission in permissions(call) for rule in rules_of(call, group, permission, egress)]
    if not wanted:
        fail("MissingParameter", "The request must contain the parameter ipPermissions")
    existing = group.egress_rules if egress else group.ingress_rules
    for number, rule in enumerate(wanted):
        if rule in existing or rule in wanted[:number]:
            fail("InvalidPermission.Duplicate", f'the specified rule "{shown(rule)}" already exists')
    if most_rules(call, existing + wanted) > MOST_RULES:
        fail("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
    for rule in wanted:
        (group.add_egress_rule if egress else group.add_ingress_rule)(rule)
    return {"Return": True, "SecurityGroupRules": [described(rule, call) for rule in wanted]}


def permissions(call: Call) -> list[dict]:
    if call.get("IpPermissions"):
        return call.get("IpPermissions")
    # The older form: one permission spelled out in the request itself.
    one = {name: call.get(name) for name in ("IpProtocol", "FromPort", "ToPort") if call.get(name) is not None}
    if call.get("CidrIp"):
        one["IpRanges"] = [{"CidrIp": call.get("CidrIp")}]
    if call.get("SourceSecurityGroupName"):
        one["UserIdGroupPairs"] = [{"GroupName": call.get("SourceSecurityGroupName")}]
    return [one] if one else []


def rules_of(call: Call, group, permission: dict, egress: bool) -> list[SecurityGroupRule]:
    protocol, first, last = checked_ports(permission.get("IpProtocol"), permission.get("FromPort"), permission.get("ToPort"))
    tags = {
        tag["Key"]: tag["Value"]
        for specification in call.get("TagSpecifications") or []
        for tag in specification.get("Tags") or []
    }
    targets = [{"ip_range": canonical(each, "CidrIp")} for each in permission.get("IpRanges") or []]
    targets += [{"ip_range": canonical(each, "CidrIpv6")} for each in permission.get("Ipv6Ranges") or []]
    targets += [{"source_group": source(call, group, pair)} for pair in permission.get("UserIdGroupPairs") or []]
    targets += [{"prefix_list_id": prefix_list(call, each)} for each in permission.get("PrefixListIds") or []]
    made = []
    for target in targets:
        parts = {"ip_range": None} | target
        rule = SecurityGroupRule(call.ec2, protocol, group.id, first, last, is_egress=egress, tags=tags, **parts)
        if target.get("prefix_list_id", {}).get("Description"):
            of_list(rule)["Description"] = target["prefix_list_id"]["Description"]
        made.append(rule)
    return made


def prefix_list(call: Call, each: dict) -> dict:
    check_description(each)
    wanted = each.get("PrefixListId")
    if wanted not in call.ec2.managed_prefix_lists:
        # The words are AWS's: aws-cloudformation/rain#308.
        fail("InvalidPrefixListID.NotFound", f"The prefix list ID '{wanted}' does not exist")
    return each


def most_rules(call: Call, rules: list[SecurityGroupRule]) -> int:
    """How many rules count in the quota: a prefix list counts as its most entries (VPC User Guide, "Prefix lists concepts and rules")."""
    lists = call.ec2.managed_prefix_lists
    return sum((lists[rule.prefix_list_id].max_entries or 1) if rule.prefix_list_id in lists else 1 for rule in rules)


def checked_ports(protocol, first, last):
    if protocol is None:
        fail("InvalidParameterValue", "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.")
    protocol = PROTOCOLS.get(str(protocol).lower(), str(protocol))
    if protocol in ("tcp", "udp"):
        if first is None or last is None:
            fail("InvalidParameterValue", "Invalid value for portRange. Must specify both from and to ports with TCP/UDP.")
        if not 0 <= first <= 65535 or not 0 <= last <= 65535:
            fail("InvalidParameterValue", f"Invalid value '{max(first, last)}' for port. Ports are 0 to 65535.")
        if first > last:
            fail("InvalidParameterValue", f"Invalid value '{first}-{last}' for portRange: from is beyond to.")
    elif protocol == "icmp" and (first is None or last is None):
        first = last = -1
    return protocol, -1 if first is None else first, -1 if last is None else last


def canonical(each: dict, member: str) -> dict:
    """The range with its host bits cleared, as AWS stores it."""
    check_description(each)
    cidr = each.get(member) or ""
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        network = None
    if "/" not in cidr or network is None or network.version != (4 if member == "CidrIp" else 6):
        fail("InvalidParameterValue", f"CIDR block {cidr} is malformed")
    return each | {member: str(network)}


def check_description(each: dict):
    description = each.get("Description") or ""
    if len(description) > 255 or not description.isascii():
        fail("InvalidParameterValue", "Invalid rule description. It has at most 255 ASCII characters.")


def source(call: Call, group, pair: dict) -> dict:
    check_description(pair)
    wanted = pair.get("GroupId") or pair.get("GroupName")
    # "The ID of the security group" of another account goes with that account's id, over a peering connection (UserIdGroupPair, EC2 API
    # reference; "Update your security groups to reference peer security groups", VPC Peering Guide).
    account = pair.get("UserId") or call.account_id
    there = ec2_backends[account][call.region]
    other = there.get_security_group_by_name_or_id(wanted, None if pair.get("GroupId") else group.vpc_id)
    if other is None:
        fail("InvalidGroup.NotFound", f"The security group '{wanted}' does not exist")
    if account == call.account_id:
        check_known(call, other.id)
    if other.vpc_id != group.vpc_id and not peered((call.ec2, there), other.vpc_id, group.vpc_id):
        fail("InvalidGroup.NotFound", DIFFERENT_NETWORKS)
    found = {"GroupId": other.id, "UserId": account, "OwnerId": account}
    return found | ({"Description": pair["Description"]} if pair.get("Description") else {})


def peered(backends, one: str, other: str) -> bool:
    """A group of a peered VPC can be a source (VPC Peering Guide, "Update your security groups to reference peer security groups")."""
    connections = [each for ec2 in backends for each in ec2.vpc_pcxs.values() if each._status.code == "active"]
    return any({each.vpc.id, each.peer_vpc.id} == {one, other} for each in connections)


def shown(rule: SecurityGroupRule) -> str:
    peer = rule.cidr_ipv4 or rule.cidr_ipv6 or rule.source_group.get("GroupId") or rule.prefix_list_id
    return f"peer: {peer}, {rule.ip_protocol.upper()}, from port: {rule.from_port}, to port: {rule.to_port}, ALLOW"


def described(rule: SecurityGroupRule, call: Call) -> dict:
    row = {
        "SecurityGroupRuleId": rule.id,
        "GroupId": rule.group_id,
        "GroupOwnerId": call.account_id,
        "IsEgress": rule.is_egress,
        "IpProtocol": rule.ip_protocol,
        "FromPort": -1 if rule.from_port is None else rule.from_port,
        "ToPort": -1 if rule.to_port is None else rule.to_port,
        "CidrIpv4": rule.cidr_ipv4,
        "CidrIpv6": rule.cidr_ipv6,
        "PrefixListId": rule.prefix_list_id,
        "Description": rule.description,
        "Tags": rule.get_tags(),
    }
    if rule.source_group:
        row["ReferencedGroupInfo"] = {"GroupId": rule.source_group["GroupId"], "UserId": rule.source_group.get("UserId") or call.account_id}
    return {name: value for name, value in row.items() if value is not None}


# --- changing rules ------------------------------------------------------------------------------


def modify_rules(call: Call):
    if call.get("DryRun"):
        return call.forward()
    group = find_group(call)
    changed = [changed_rule(call, group, each) for each in call.get("SecurityGroupRules") or []]
    # Nothing is touched until all of it is known to be right.
    for old, new in changed:
        others = [rule for rule in (group.egress_rules if old.is_egress else group.ingress_rules) if rule.id != old.id]
        if new in others:
            fail("InvalidPermission.Duplicate", f'the specified rule "{shown(new)}" already exists')
    for old, new in changed:
        for name in ("ip_protocol", "from_port", "to_port", "ip_range", "source_group", "prefix_list_id"):
            setattr(old, name, getattr(new, name))
    return {"Return": True}


def describe_rules(call: Call):
    """Gives rules new descriptions, by their ids or by what they allow; one that is left out is taken away."""
    if call.get("DryRun"):
        return call.forward()
    group = find_group(call)
    egress = call.context.operation.name.endswith("Egress")
    rules = group.egress_rules if egress else group.ingress_rules
    texts = []
    for each in call.get("SecurityGroupRuleDescriptions") or []:
        check_description(each)
        rule_id = each.get("SecurityGroupRuleId")
        found = next((rule for rule in rules if rule.id == rule_id), None)
        if found is None:
            fail("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist")
        texts.append((found, each.get("Description")))
    for wanted in (rule for each in permissions(call) for rule in rules_of(call, group, each, egress)):
        found = next((rule for rule in rules if rule == wanted), None)
        if found is None:
            fail("InvalidPermission.NotFound", f'the specified rule "{shown(wanted)}" does not exist')
        texts.append((found, wanted.description))
    if not texts:
        fail("MissingParameter", "Either ipPermissions or securityGroupRuleDescriptions should be provided")
    for rule, text in texts:
        peer = rule.source_group or rule.ip_range or of_list(rule)
        peer.pop("Description", None)
        if text:
            peer["Description"] = text
    return {"Return": True}


def changed_rule(call: Call, group, update: dict):
    rule_id, wanted = update.get("SecurityGroupRuleId"), update.get("SecurityGroupRule") or {}
    old = next((rule for rule in group.ingress_rules + group.egress_rules if rule.id == rule_id), None)
    if old is None:
        fail("InvalidSecurityGroupRuleId.NotFound", f"The security group rule ID '{rule_id}' does not exist")
    described_as = {"Description": wanted["Description"]} if wanted.get("Description") else {}
    permission = {name: wanted[name] for name in ("IpProtocol", "FromPort", "ToPort") if wanted.get(name) is not None}
    targets = {
        "CidrIpv4": ("IpRanges", "CidrIp"),
        "CidrIpv6": ("Ipv6Ranges", "CidrIpv6"),
        "ReferencedGroupId": ("UserIdGroupPairs", "GroupId"),
        "PrefixListId": ("PrefixListIds", "PrefixListId"),
    }
    given = [name for name in targets if wanted.get(name)]
    if len(given) != 1:
        fail("InvalidParameterCombination", "Exactly one of cidrIpv4, cidrIpv6, referencedGroupId or prefixListId is required")
    if kind_of(old) != given[0]:
        fail("InvalidParameterValue", f"Invalid rule type for security group rule '{rule_id}': it is a {kind_of(old)} rule.")
    member, key = targets[given[0]]
    permission[member] = [{key: wanted[given[0]]} | described_as]
    (new,) = rules_of(call, group, permission, old.is_egress)
    return old, new


def kind_of(rule: SecurityGroupRule) -> str:
    if rule.source_group:
        return "ReferencedGroupId"
    if rule.prefix_list_id:
        return "PrefixListId"
    return "CidrIpv6" if rule.cidr_ipv6 else "CidrIpv4"
