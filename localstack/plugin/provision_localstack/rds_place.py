"""Where an instance sits: its zones, and the network interfaces that it keeps in its subnets."""

from moto.rds.models import DomainMembership

from provision_localstack.service import Call, fail


def subnets(database) -> list:
    return sorted(database.db_subnet_group._subnets, key=lambda subnet: (subnet.availability_zone, subnet.id))


def zones(call: Call, group) -> set[str]:
    return {subnet.availability_zone for subnet in group._subnets}


def check_network_type(kind, subnets):
    """DUAL is for subnet groups whose subnets all have IPv6 addresses too (CreateDBInstance, NetworkType; RDS User Guide,
    "Settings for DB instances"). NetworkTypeNotSupported is the one error that the API reference has for it."""
    fits = kind == "IPV4" or kind == "DUAL" and all(subnet.ipv6_cidr_block_associations for subnet in subnets)
    if not fits:
        fail("NetworkTypeNotSupported", "The network type is invalid for the DB instance. Valid nework type values are IPV4 and DUAL.")


def move_in(ec2, database, zone=None):
    """Chooses the zones of a new or moved instance and makes an interface in each."""
    by_zone = {}
    for subnet in subnets(database):
        by_zone.setdefault(subnet.availability_zone, subnet)
    kept = zone or getattr(database, "availability_zone", None)
    first = kept if kept in by_zone else min(by_zone, default=kept)
    others = sorted(name for name in by_zone if name != first)
    database.availability_zone = first
    database.secondary_availability_zone = others[0] if database.multi_az and others else None
    move_out(ec2, database)
    used = [name for name in (first, database.secondary_availability_zone) if name in by_zone]
    database._interfaces = [_interface(ec2, by_zone[name], database) for name in used]


def _interface(ec2, subnet, database):
    address = subnet.get_available_subnet_ip(database)
    groups = list(database.vpc_security_group_ids)
    eni = ec2.create_network_interface(subnet, [address], group_ids=groups, description="RDSNetworkInterface")
    eni.requester_managed = True
    eni.status = "in-use"
    return eni


def move_out(ec2, database):
    for eni in getattr(database, "_interfaces", []):
        eni.subnet.del_subnet_ip(eni.private_ip_address)
        ec2.enis.pop(eni.id, None)
    database._interfaces = []


def regroup(ec2, database):
    """Gives the interfaces the instance's security groups of now."""
    for eni in database._interfaces:
        ec2.modify_network_interface_attribute(eni_id=eni.id, group_ids=list(database.vpc_security_group_ids))


def swap(database):
    database.availability_zone, database.secondary_availability_zone = (
        database.secondary_availability_zone,
        database.availability_zone,
    )


def join_domain(database):
    """The directory that it is in; RDS shows a status of its own for Kerberos ("Managing a DB instance in an Active Directory domain", RDS
    User Guide)."""
    database.domain_memberships = []
    if database._domain != "none":
        member = DomainMembership(domain=database._domain, iam_role_name=database._domain_role)
        member.status = "kerberos-enabled"
        database.domain_memberships.append(member)
