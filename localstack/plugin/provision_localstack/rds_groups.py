"""DB subnet groups."""

import re

from provision_localstack.rds_catalogue import paged
from provision_localstack.service import Call, fail


def register(on):
    on("CreateDBSubnetGroup")(create)
    on("DescribeDBSubnetGroups")(describe)
    on("ModifyDBSubnetGroup")(modify)
    on("DeleteDBSubnetGroup")(delete)


def name_of(call: Call) -> str:
    return (call.get("DBSubnetGroupName") or "").lower()


def find(call: Call, name: str):
    group = call.rds.subnet_groups.get(name)
    if group is None:
        fail("DBSubnetGroupNotFoundFault", f"DB subnet group '{name}' does not exist.", 404)
    return group


def find_used(call: Call, name: str):
    """A group that an instance is to use. One that was just made may be unknown yet (aws-controllers-k8s/community#1257)."""
    group = find(call, name)
    if not call.world.knows(group.name):
        fail("DBSubnetGroupNotFoundFault", f"DBSubnetGroup '{name}' not found.", 404)
    return group


def default(call: Call) -> str:
    """The group of an instance that names none: that of the default VPC, which RDS makes with the first one (`default` in public answers
    of DescribeDBInstances and DescribeDBSubnetGroups)."""
    if "default" not in call.rds.subnet_groups:
        zones = call.ec2.subnets.values()
        subnets = [one.id for zone in zones for one in zone.values() if one.vpc_id == call.ec2.default_vpc.id]
        call.ask("CreateDBSubnetGroup", DBSubnetGroupName="default", DBSubnetGroupDescription="default", SubnetIds=subnets)
    return "default"


def subnets_of(call: Call) -> list:
    """The subnets asked for: there, in one VPC, in two zones at least."""
    every = {subnet_id: subnet for zone in call.ec2.subnets.values() for subnet_id, subnet in zone.items()}
    wanted = list(dict.fromkeys(call.get("SubnetIds") or []))
    if missing := [subnet_id for subnet_id in wanted if subnet_id not in every]:
        fail("InvalidSubnet", f"Some input subnets in :[{', '.join(missing)}] are invalid.")
    subnets = [every[subnet_id] for subnet_id in wanted]
    if without := [subnet.id for subnet in subnets if subnet.ipv6_native]:
        fail("InvalidSubnet", f"The subnets {', '.join(without)} have no IPv4 addresses.")
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        fail("InvalidSubnet", "The subnets are not all in the same VPC.")
    zones = {subnet.availability_zone for subnet in subnets}
    if len(zones) < 2:
        fail(
            "DBSubnetGroupDoesNotCoverEnoughAZs",
            "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. "
            f"Current AZ coverage: {', '.join(zones)}. Add subnets to cover at least 2 AZs.",
        )
    return subnets


def create(call: Call):
    name = name_of(call)
    if name == "default" or not re.fullmatch(r"[a-z][a-z0-9._ \-]{0,254}", name):
        fail("InvalidParameterValue", "The parameter DBSubnetGroupName is not a valid identifier.")
    if not call.get("DBSubnetGroupDescription"):
        fail("InvalidParameterValue", "The parameter DBSubnetGroupDescription must be provided and must not be blank.")
    if name in call.rds.subnet_groups:
        fail("DBSubnetGroupAlreadyExists", "The DB subnet group already exists.")
    subnets_of(call)
    return call.forward(call.request | {"DBSubnetGroupName": name})


def describe(call: Call):
    if call.get("DBSubnetGroupName"):
        find(call, name_of(call))
        return call.forward(call.request | {"DBSubnetGroupName": name_of(call)})
    return paged(call, "DBSubnetGroups", call.forward()["DBSubnetGroups"])


def modify(call: Call):
    group = find(call, name_of(call))
    subnets = subnets_of(call)
    if subnets[0].vpc_id != group.vpc_id:
        message = "The new Subnets are not in the same Vpc as the existing subnet group"
        fail("InvalidParameterValue", message)
    kept = {subnet.id for subnet in subnets}
    for database in users(call, group):
        if used := {eni.subnet.id for eni in getattr(database, "_interfaces", [])} - kept:
            message = f"Some of the subnets to be deleted are currently in use: {', '.join(sorted(used))}"
            fail("SubnetAlreadyInUse", message)
    group.subnets = subnets
    if call.get("DBSubnetGroupDescription"):
        group.description = call.get("DBSubnetGroupDescription")
    return {"DBSubnetGroup": call.ask("DescribeDBSubnetGroups", DBSubnetGroupName=group.name)["DBSubnetGroups"][0]}


def delete(call: Call):
    group = find(call, name_of(call))
    for database in users(call, group):
        fail(
            "InvalidDBSubnetGroupStateFault",
            f"Cannot delete the subnet group '{group.name}' because at least one database instance: "
            f"{database.db_instance_identifier} is still using it.",
        )
    del call.rds.subnet_groups[group.name]
    return {}


def users(call: Call, group) -> list:
    return [each for each in call.rds.databases.values() if getattr(each, "db_subnet_group", None) is group]
