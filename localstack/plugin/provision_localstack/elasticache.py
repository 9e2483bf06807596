"""ElastiCache: replication groups of Valkey and Redis with cluster mode off, their subnet groups and parameter groups.

moto has no ModifyReplicationGroup, no parameter groups and no states, so that everything here has a store of its own. Sources: the API's
model in botocore (elasticache, 2015-02-02) where no other is named."""

import re
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime

from moto.ec2 import ec2_backends

from provision_localstack import elasticache_catalogue as catalogue
from provision_localstack.rds_windows import CLOCK, MAINTENANCE
from provision_localstack.service import Call, Overrides, fail, page

overrides = Overrides("elasticache")
on = overrides.on
_making = threading.Lock()


@dataclass
class Store:
    groups: dict = field(default_factory=dict)
    subnet_groups: dict = field(default_factory=dict)
    parameter_groups: dict = field(default_factory=dict)
    snapshots: dict = field(default_factory=dict)
    # By ARN.
    tags: dict = field(default_factory=dict)


STORES = defaultdict(lambda: defaultdict(Store))


def store(call: Call) -> Store:
    with _making:
        return STORES[call.account_id][call.region]


def invalid(message: str):
    fail("InvalidParameterValue", message)


def combination(message: str):
    fail("InvalidParameterCombination", message)


def arn(call: Call, kind: str, name: str) -> str:
    return f"arn:aws:elasticache:{call.region}:{call.account_id}:{kind}:{name}"


def paged(call: Call, member: str, rows: list) -> dict:
    size = call.get("MaxRecords") or 100
    if not 20 <= size <= 100:
        invalid("MaxRecords must be from 20 to 100.")
    shown, following = page(rows, size, call.get("Marker"), lambda: invalid("Invalid marker"))
    return {member: shown} | ({"Marker": following} if following else {})


def keep_tags(call: Call, name: str):
    for tag in call.get("Tags") or []:
        if tag["Key"].lower().startswith("aws:"):
            invalid("Tag keys starting with aws: are reserved.")
    store(call).tags[name] = {tag["Key"]: tag.get("Value", "") for tag in call.get("Tags") or []}


# --- subnet groups -------------------------------------------------------------------------------


def subnet_group(call: Call, name: str | None):
    """The group; 400 as the model has it, unlike all others."""
    found = store(call).subnet_groups.get((name or "").lower())
    if found is None:
        fail("CacheSubnetGroupNotFoundFault", f"Cache Subnet Group {name} does not exist.")
    return found


def subnets_of(call: Call) -> list:
    every = {subnet_id: subnet for zone in call.ec2.subnets.values() for subnet_id, subnet in zone.items()}
    wanted = list(dict.fromkeys(call.get("SubnetIds") or []))
    if not wanted or any(subnet_id not in every for subnet_id in wanted):
        fail("InvalidSubnet", f"Some input subnets in :[{', '.join(wanted)}] are invalid.")
    subnets = [every[subnet_id] for subnet_id in wanted]
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        fail("InvalidSubnet", "The subnets are not all in the same VPC.")
    return subnets


def shown_subnet_group(group: dict) -> dict:
    return {name: value for name, value in group.items() if name != "Of"} | {
        "Subnets": [
            {
                "SubnetIdentifier": subnet.id,
                "SubnetAvailabilityZone": {"Name": subnet.availability_zone},
                "SupportedNetworkTypes": ["ipv4"],
            }
            for subnet in group["Of"]
        ],
    }


@on("CreateCacheSubnetGroup")
def create_subnet_group(call: Call):
    name = (call.get("CacheSubnetGroupName") or "").lower()
    # "Must contain no more than 255 alphanumeric characters or hyphens."
    if not re.fullmatch(r"[a-z0-9-]{1,255}", name) or name == "default":
        invalid("The parameter CacheSubnetGroupName must be provided and must not be blank.")
    if not call.get("CacheSubnetGroupDescription"):
        invalid("The parameter CacheSubnetGroupDescription must be provided.")
    if name in store(call).subnet_groups:
        fail("CacheSubnetGroupAlreadyExists", f"Cache subnet group {name} already exists.")
    subnets = subnets_of(call)
    group = {
        "CacheSubnetGroupName": name,
        "CacheSubnetGroupDescription": call.get("CacheSubnetGroupDescription"),
        "VpcId": subnets[0].vpc_id,
        "ARN": arn(call, "subnetgroup", name),
        "SupportedNetworkTypes": ["ipv4"],
        "Of": subnets,
    }
    store(call).subnet_groups[name] = group
    keep_tags(call, group["ARN"])
    return {"CacheSubnetGroup": shown_subnet_group(group)}


@on("DescribeCacheSubnetGroups")
def describe_subnet_groups(call: Call):
    name = call.get("CacheSubnetGroupName")
    groups = [subnet_group(call, name)] if name else list(store(call).subnet_groups.values())
    return paged(call, "CacheSubnetGroups", [shown_subnet_group(group) for group in groups])


@on("ModifyCacheSubnetGroup")
def modify_subnet_group(call: Call):
    group = subnet_group(call, call.get("CacheSubnetGroupName"))
    if call.get("SubnetIds"):
        subnets = subnets_of(call)
        if subnets[0].vpc_id != group["VpcId"]:
            fail("InvalidSubnet", "The new subnets are not in the same VPC as the existing subnet group.")
        kept = {subnet.id for subnet in subnets}
        for cache in users(call, "subnet_group", group["CacheSubnetGroupName"]):
            if used := {eni.subnet.id for eni in cache.interfaces} - kept:
                # "SubnetInUse: The requested subnet is being used by another cache subnet group" and by nodes.
                fail("SubnetInUse", f"The subnets {', '.join(sorted(used))} are in use by {cache.id}.")
        group["Of"] = subnets
    if call.get("CacheSubnetGroupDescription"):
        group["CacheSubnetGroupDescription"] = call.get("CacheSubnetGroupDescription")
    return {"CacheSubnetGroup": shown_subnet_group(group)}


@on("DeleteCacheSubnetGroup")
def delete_subnet_group(call: Call):
    group = subnet_group(call, call.get("CacheSubnetGroupName"))
    name = group["CacheSubnetGroupName"]
    if using := users(call, "subnet_group", name):
        fail("CacheSubnetGroupInUse", f"Cache subnet group {name} is currently in use by a cache cluster of {using[0].id}.")
    del store(call).subnet_groups[name]
    store(call).tags.pop(group["ARN"], None)
    return {}


# --- parameter groups ----------------------------------------------------------------------------


def parameter_group(call: Call, name: str | None):
    name = (name or "").lower()
    found = store(call).parameter_groups.get(name)
    if found is None and name in (f"default.{family}" for family in catalogue.FAMILIES):
        family = name.removeprefix("default.")
        return {
            "CacheParameterGroupName": name,
            "CacheParameterGroupFamily": family,
            "Description": f"Default parameter group for {family}",
            "ARN": arn(call, "parametergroup", name),
            "IsGlobal": False,
            "Set": {},
        }
    if found is None:
        fail("CacheParameterGroupNotFound", f"CacheParameterGroup not found: {name}", 404)
    return found


def own_parameter_group(call: Call):
    group = parameter_group(call, call.get("CacheParameterGroupName"))
    if group["CacheParameterGroupName"].startswith("default."):
        fail("InvalidCacheParameterGroupState", "A default parameter group cannot be changed.")
    return group


def shown_parameter_group(group: dict) -> dict:
    return {name: value for name, value in group.items() if name != "Set"}


@on("CreateCacheParameterGroup")
def create_parameter_group(call: Call):
    name, family = (call.get("CacheParameterGroupName") or "").lower(), call.get("CacheParameterGroupFamily")
    if not re.fullmatch(r"[a-z](-?[a-z0-9])*", name) or len(name) > 255:
        invalid(f"The parameter CacheParameterGroupName is not a valid identifier: {name}")
    if family not in catalogue.FAMILIES:
        invalid(f"CacheParameterGroupFamily {family} is not a valid parameter group family.")
    if not call.get("Description"):
        invalid("The parameter Description must be provided.")
    if name in store(call).parameter_groups:
        fail("CacheParameterGroupAlreadyExists", f"Parameter group {name} already exists")
    group = {
        "CacheParameterGroupName": name,
        "CacheParameterGroupFamily": family,
        "Description": call.get("Description"),
        "ARN": arn(call, "parametergroup", name),
        "IsGlobal": False,
        "Set": {},
    }
    store(call).parameter_groups[name] = group
    keep_tags(call, group["ARN"])
    return {"CacheParameterGroup": shown_parameter_group(group)}


@on("DescribeCacheParameterGroups")
def describe_parameter_groups(call: Call):
    name = call.get("CacheParameterGroupName")
    groups = [parameter_group(call, name)] if name else list(store(call).parameter_groups.values())
    return paged(call, "CacheParameterGroups", [shown_parameter_group(group) for group in groups])


@on("DeleteCacheParameterGroup")
def delete_parameter_group(call: Call):
    group = own_parameter_group(call)
    name = group["CacheParameterGroupName"]
    if using := users(call, "parameter_group", name):
        fail("InvalidCacheParameterGroupState", f"One or more cache clusters are still members of this parameter group {name}: {using[0].id}.")
    del store(call).parameter_groups[name]
    store(call).tags.pop(group["ARN"], None)
    return {}


@on("DescribeCacheParameters")
def describe_parameters(call: Call):
    group, source = parameter_group(call, call.get("CacheParameterGroupName")), call.get("Source")
    if source not in (None, "user", "system", "engine-default"):
        invalid(f"Invalid source: {source}")
    rows = []
    for name, (default, kind, allowed, change) in sorted(catalogue.PARAMETERS.items()):
        by_user = name in group["Set"]
        row = {
            "ParameterName": name,
            "ParameterValue": group["Set"].get(name, default),
            "Source": "user" if by_user else "system",
            "DataType": kind,
            "IsModifiable": True,
            "MinimumEngineVersion": "2.8.6",
            "ChangeType": change,
        } | ({"AllowedValues": allowed} if allowed else {})
        if source in (None, row["Source"]):
            rows.append(row)
    return paged(call, "Parameters", rows)


def asked(call: Call) -> list[dict]:
    """"A maximum of 20 parameters may be modified per request.\""""
    parameters = call.get("ParameterNameValues") or []
    if not 1 <= len(parameters) <= 20:
        invalid(f"Between 1 and 20 parameters can be changed at once, not {len(parameters)}.")
    for each in parameters:
        if each.get("ParameterName") not in catalogue.PARAMETERS:
            invalid(f"The parameter {each.get('ParameterName')} cannot be found.")
    return parameters


@on("ModifyCacheParameterGroup")
def modify_parameter_group(call: Call):
    group, parameters = own_parameter_group(call), asked(call)
    for each in parameters:
        name, value = each["ParameterName"], each.get("ParameterValue")
        if value in (None, "") or not catalogue.allows(name, value):
            invalid(f"The parameter value {value} of {name} is not among the allowed ones: {catalogue.PARAMETERS[name][2]}.")
    for each in parameters:
        group["Set"][each["ParameterName"]] = each["ParameterValue"]
    return count(call, group, parameters)


@on("ResetCacheParameterGroup")
def reset_parameter_group(call: Call):
    group = own_parameter_group(call)
    if call.get("ResetAllParameters"):
        group["Set"].clear()
        return {"CacheParameterGroupName": group["CacheParameterGroupName"]}
    parameters = asked(call)
    for each in parameters:
        group["Set"].pop(each["ParameterName"], None)
    return count(call, group, parameters)


def count(call: Call, group: dict, parameters: list[dict]) -> dict:
    name = group["CacheParameterGroupName"]
    if any(catalogue.PARAMETERS[each["ParameterName"]][3] == "requires-reboot" for each in parameters):
        for cache in users(call, "parameter_group", name):
            cache.parameter_status = "pending-reboot"
    return {"CacheParameterGroupName": name}


# --- replication groups --------------------------------------------------------------------------


class Cache:
    """A replication group with cluster mode off, and its nodes."""

    def __init__(self, call: Call, group_id: str):
        self.id, self.arn = group_id, arn(call, "replicationgroup", group_id)
        self.region, self.account = call.region, call.account_id
        self.status, self.queued, self.pending, self.interfaces = "creating", {}, {}, []
        self.made = datetime.now(UTC)
        self.parameter_status = "in-sync"

    def members(self) -> list[str]:
        return [f"{self.id}-{number:03}" for number in range(1, self.nodes + 1)]

    def host(self, of: str) -> str:
        """With TLS the names begin otherwise ("Finding connection endpoints", ElastiCache User Guide)."""
        end = "abc123.euw1.cache.amazonaws.com"
        return f"{of}.{self.id}.{end}" if self.tls else f"{self.id}{'' if of == 'master' else '-ro'}.{end}"


def shown(cache: Cache) -> dict:
    zones = sorted({eni.subnet.availability_zone for eni in cache.interfaces})
    node_group = {
        "NodeGroupId": "0001",
        "Status": cache.status,
        "NodeGroupMembers": [
            {
                "CacheClusterId": member,
                "CacheNodeId": "0001",
                "PreferredAvailabilityZone": zones[number % len(zones)] if zones else None,
                "CurrentRole": "primary" if number == 0 else "replica",
            }
            for number, member in enumerate(cache.members())
        ],
    }
    if cache.status != "creating":
        node_group["PrimaryEndpoint"] = {"Address": cache.host("master"), "Port": cache.port}
        node_group["ReaderEndpoint"] = {"Address": cache.host("replica"), "Port": cache.port}
    row = {
        "ReplicationGroupId": cache.id,
        "Description": cache.description,
        "Status": cache.status,
        "PendingModifiedValues": dict(cache.pending),
        "MemberClusters": cache.members(),
        "NodeGroups": [node_group],
        "AutomaticFailover": "enabled" if cache.failover else "disabled",
        "MultiAZ": "enabled" if cache.multi_az else "disabled",
        "SnapshotRetentionLimit": cache.retention,
        "SnapshotWindow": cache.snapshot_window,
        "ClusterEnabled": False,
        "ClusterMode": "disabled",
        "CacheNodeType": cache.node_type,
        "AuthTokenEnabled": cache.token,
        "TransitEncryptionEnabled": cache.tls,
        "AtRestEncryptionEnabled": cache.at_rest,
        "ARN": cache.arn,
        "ReplicationGroupCreateTime": cache.made,
        "DataTiering": "disabled",
        "AutoMinorVersionUpgrade": cache.auto_minor,
        "NetworkType": "ipv4",
        "IpDiscovery": "ipv4",
        "Engine": cache.engine,
    }
    if cache.retention:
        row["SnapshottingClusterId"] = cache.members()[-1]
    if cache.tls:
        row["TransitEncryptionMode"] = cache.tls_mode
    if cache.key:
        row["KmsKeyId"] = cache.key
    return row


def shown_node(cache: Cache, member: str) -> dict:
    return {
        "CacheClusterId": member,
        "CacheNodeType": cache.node_type,
        "Engine": cache.engine,
        "EngineVersion": cache.version,
        "CacheClusterStatus": cache.status,
        "NumCacheNodes": 1,
        "CacheClusterCreateTime": cache.made,
        "PreferredMaintenanceWindow": cache.maintenance_window,
        # A change that waits for the window is seen here alone: PendingModifiedValues of a group has no member for it.
        "PendingModifiedValues": {name: value for name, value in cache.queued.items() if name in ("CacheNodeType", "EngineVersion")},
        "CacheParameterGroup": {"CacheParameterGroupName": cache.parameter_group, "ParameterApplyStatus": cache.parameter_status},
        "CacheSubnetGroupName": cache.subnet_group,
        "AutoMinorVersionUpgrade": cache.auto_minor,
        "SecurityGroups": [{"SecurityGroupId": group, "Status": "active"} for group in cache.security_groups],
        "ReplicationGroupId": cache.id,
        "SnapshotRetentionLimit": cache.retention if member == cache.members()[-1] else 0,
        "SnapshotWindow": cache.snapshot_window,
        "AuthTokenEnabled": cache.token,
        "TransitEncryptionEnabled": cache.tls,
        "AtRestEncryptionEnabled": cache.at_rest,
        "ARN": cache.arn.replace(":replicationgroup:", ":cluster:").replace(cache.id, member),
        "NetworkType": "ipv4",
        "IpDiscovery": "ipv4",
    }


def users(call: Call, attribute: str, name: str) -> list[Cache]:
    return [each for each in store(call).groups.values() if getattr(each, attribute) == name]


def find(call: Call, name: str | None = None) -> Cache:
    name = (name or call.get("ReplicationGroupId") or "").lower()
    cache = store(call).groups.get(name)
    if cache is None:
        fail("ReplicationGroupNotFoundFault", f"ReplicationGroup {name} not found.", 404)
    return cache


def available(cache: Cache):
    if cache.status != "available":
        fail("InvalidReplicationGroupState", f"Replication group {cache.id} is not in available state: it is {cache.status}.")


def check_groups(call: Call, groups, vpc: str):
    for group_id in groups or []:
        group = call.ec2.get_security_group_from_id(group_id)
        if group is None or not call.world.knows(group_id):
            invalid(f"Some security groups are invalid: {group_id}")
        if group.vpc_id != vpc:
            combination(f"The security group {group_id} is in {group.vpc_id}, and the subnet group in {vpc}.")


def check_windows(call: Call):
    """Both are 60 minutes long at least."""
    if window := call.get("PreferredMaintenanceWindow"):
        if not (found := MAINTENANCE.fullmatch(window.lower())):
            invalid(f"Invalid maintenance window format: {window}.")
        minutes = ((int(found[5]) - int(found[2])) * 60 + int(found[6]) - int(found[3])) % (24 * 60)
        if found[1] == found[4] and minutes < 60:
            invalid("The maintenance window must be at least 60 minutes.")
    if window := call.get("SnapshotWindow"):
        if not (found := re.fullmatch(f"{CLOCK}-{CLOCK}", window)):
            invalid(f"Invalid snapshot window format: {window}.")
        if ((int(found[3]) - int(found[1])) * 60 + int(found[4]) - int(found[2])) % (24 * 60) < 60:
            invalid("The snapshot window must be at least 60 minutes.")
    retention = call.get("SnapshotRetentionLimit")
    if retention is not None and not 0 <= retention <= 35:
        invalid("The snapshot retention limit must be from 0 to 35.")


def check_availability(failover: bool, multi_az: bool, nodes: int):
    """"AutomaticFailoverEnabled must be enabled for Valkey or Redis OSS (cluster mode enabled)", and needs a replica to fail over to."""
    if failover and nodes < 2:
        combination("Automatic failover is not supported for replication groups without replicas.")
    if multi_az and not failover:
        combination("Multi-AZ needs automatic failover.")


def check_parameters(call: Call, name: str, family: str):
    if parameter_group(call, name)["CacheParameterGroupFamily"] != family:
        combination(f"The parameter group {name} is not of the family {family}.")


def move_in(call_or_cache, cache: Cache):
    """An interface for each node, over the zones of the subnet group, named after the node (public reports of DescribeNetworkInterfaces)."""
    ec2 = ec2_backends[cache.account][cache.region]
    subnets = sorted(cache.placed["Of"], key=lambda subnet: (subnet.availability_zone, subnet.id))
    while len(cache.interfaces) > cache.nodes:
        leave(ec2, cache.interfaces.pop())
    for number in range(len(cache.interfaces), cache.nodes):
        subnet = subnets[number % len(subnets)]
        address = subnet.get_available_subnet_ip(cache)
        name = f"ElastiCache {cache.members()[number]}"
        eni = ec2.create_network_interface(subnet, [address], group_ids=list(cache.security_groups), description=name)
        eni.requester_managed, eni.status = True, "in-use"
        cache.interfaces.append(eni)


def leave(ec2, eni):
    eni.subnet.del_subnet_ip(eni.private_ip_address)
    ec2.enis.pop(eni.id, None)


def take_time(call: Call, cache: Cache, status: str, setting: str):
    cache.status = status
    call.world.forget(cache.arn)

    def finish(_due):
        cache.status = "available"

    call.world.later(cache.arn, setting, finish)


@on("CreateReplicationGroup")
def create(call: Call):
    group_id = (call.get("ReplicationGroupId") or "").lower()
    if not re.fullmatch(r"[a-z](-?[a-z0-9])*", group_id) or len(group_id) > 40:
        invalid(f"The parameter ReplicationGroupId is not a valid identifier: {group_id}")
    if not call.get("ReplicationGroupDescription"):
        invalid("The parameter ReplicationGroupDescription must be provided.")
    if group_id in store(call).groups:
        fail("ReplicationGroupAlreadyExists", f"Replication group {group_id} already exists.")
    if unknown := {"NumNodeGroups", "UserGroupIds", "PrimaryClusterId"} & call.request.keys():
        invalid(f"Not taught here: {sorted(unknown)}")
    engine = (call.get("Engine") or "redis").lower()
    version = catalogue.resolve(engine, call.get("EngineVersion"))
    if version is None:
        combination(f"Cannot find version {call.get('EngineVersion')} for {engine}")
    if call.get("CacheNodeType") not in catalogue.NODE_TYPES:
        invalid(f"Invalid Cache Node Type: {call.get('CacheNodeType')}")
    cache = Cache(call, group_id)
    cache.engine, cache.family, cache.version = engine, version[2], version[3]
    cache.node_type, cache.nodes = call.get("CacheNodeType"), call.get("NumCacheClusters") or 1
    if not 1 <= cache.nodes <= 6:
        invalid("The number of cache clusters must be from 1 to 6.")
    cache.failover, cache.multi_az = bool(call.get("AutomaticFailoverEnabled")), bool(call.get("MultiAZEnabled"))
    check_availability(cache.failover, cache.multi_az, cache.nodes)
    check_windows(call)
    cache.description, cache.port = call.get("ReplicationGroupDescription"), call.get("Port") or 6379
    cache.tls = bool(call.get("TransitEncryptionEnabled"))
    cache.tls_mode = (call.get("TransitEncryptionMode") or "required") if cache.tls else None
    # "Default: true when using Valkey, false when using Redis OSS".
    cache.at_rest = bool(call.get("AtRestEncryptionEnabled", engine == "valkey"))
    cache.key = call.key_arn(call.get("KmsKeyId")) if call.get("KmsKeyId") else None
    if cache.key and not cache.at_rest:
        combination("A KMS key needs encryption at rest.")
    token = call.get("AuthToken")
    if token is not None:
        if not cache.tls:
            combination("The AUTH token requires encryption in transit.")
        check_token(token)
    cache.token = token is not None
    cache.placed = subnet_group(call, call.get("CacheSubnetGroupName"))
    cache.subnet_group = cache.placed["CacheSubnetGroupName"]
    if cache.multi_az and len({subnet.availability_zone for subnet in cache.placed["Of"]}) < 2:
        combination("Multi-AZ needs subnets in two zones.")
    cache.security_groups = list(call.get("SecurityGroupIds") or [])
    check_groups(call, cache.security_groups, cache.placed["VpcId"])
    if not cache.security_groups:
        cache.security_groups = [call.ec2.get_default_security_group(cache.placed["VpcId"]).id]
    cache.parameter_group = (call.get("CacheParameterGroupName") or f"default.{cache.family}").lower()
    check_parameters(call, cache.parameter_group, cache.family)
    if (source := call.get("SnapshotName")) and source not in store(call).snapshots:
        fail("SnapshotNotFoundFault", f"Snapshot {source} not found.", 404)
    cache.retention = call.get("SnapshotRetentionLimit") or 0
    cache.snapshot_window = call.get("SnapshotWindow") or "03:00-04:00"
    cache.maintenance_window = (call.get("PreferredMaintenanceWindow") or "sun:05:00-sun:06:00").lower()
    cache.auto_minor = bool(call.get("AutoMinorVersionUpgrade", True))
    keep_tags(call, cache.arn)
    store(call).groups[group_id] = cache
    move_in(call, cache)
    take_time(call, cache, "creating", "cache_creating")
    return {"ReplicationGroup": shown(cache)}


def check_token(token: str):
    """"Must be at least 16 characters and no more than 128 characters in length", with few of the special ones."""
    if not 16 <= len(token) <= 128 or not re.fullmatch(r"[A-Za-z0-9!&#$^<>-]+", token):
        invalid("Invalid AuthToken provided.")


@on("DescribeReplicationGroups")
def describe(call: Call):
    name = call.get("ReplicationGroupId")
    groups = [find(call, name)] if name else list(store(call).groups.values())
    return paged(call, "ReplicationGroups", [shown(cache) for cache in groups])


@on("DescribeCacheClusters")
def describe_nodes(call: Call):
    wanted = (call.get("CacheClusterId") or "").lower()
    rows = [shown_node(cache, member) for cache in store(call).groups.values() for member in cache.members()]
    if wanted:
        rows = [row for row in rows if row["CacheClusterId"] == wanted]
        if not rows:
            fail("CacheClusterNotFound", f"CacheCluster not found: {wanted}", 404)
    return paged(call, "CacheClusters", rows)


@on("ModifyReplicationGroup")
def modify(call: Call):
    cache = find(call)
    available(cache)
    at_once = bool(call.get("ApplyImmediately"))
    check_windows(call)
    if call.get("AuthToken") or call.get("AuthTokenUpdateStrategy"):
        invalid("Not taught here: a change of the AUTH token.")
    # Engine and version go together, and come to nothing without ApplyImmediately (terraform-provider-aws#44632).
    engine = (call.get("Engine") or cache.engine).lower()
    version = None
    if call.get("EngineVersion") or engine != cache.engine:
        version = catalogue.resolve(engine, call.get("EngineVersion"))
        if version is None:
            combination(f"Cannot find version {call.get('EngineVersion')} for {engine}")
        if engine == cache.engine and catalogue.order(version[3]) < catalogue.order(cache.version):
            # "You cannot downgrade to an earlier engine version" (EngineVersion).
            combination(f"Cannot downgrade from {cache.version} to {version[3]}.")
        if engine != cache.engine and engine != "valkey":
            combination(f"Cannot change the engine from {cache.engine} to {engine}.")
    if call.get("CacheNodeType") and call.get("CacheNodeType") not in catalogue.NODE_TYPES:
        invalid(f"Invalid Cache Node Type: {call.get('CacheNodeType')}")
    failover = call.get("AutomaticFailoverEnabled", cache.failover)
    multi_az = call.get("MultiAZEnabled", cache.multi_az)
    check_availability(failover, multi_az, cache.nodes)
    check_groups(call, call.get("SecurityGroupIds"), cache.placed["VpcId"])
    family = version[2] if version else cache.family
    parameters = (call.get("CacheParameterGroupName") or "").lower() or None
    if parameters:
        check_parameters(call, parameters, family)
    elif family != cache.family and not cache.parameter_group.startswith("default."):
        combination(f"A parameter group of the family {family} is needed.")
    check_tls(call, cache)

    cache.description = call.get("ReplicationGroupDescription") or cache.description
    if call.get("SecurityGroupIds"):
        cache.security_groups = list(call.get("SecurityGroupIds"))
        for eni in cache.interfaces:
            call.ec2.modify_network_interface_attribute(eni_id=eni.id, group_ids=cache.security_groups)
    cache.maintenance_window = (call.get("PreferredMaintenanceWindow") or cache.maintenance_window).lower()
    cache.snapshot_window = call.get("SnapshotWindow") or cache.snapshot_window
    cache.auto_minor = call.get("AutoMinorVersionUpgrade", cache.auto_minor)
    if (retention := call.get("SnapshotRetentionLimit")) is not None:
        cache.retention = retention
    asked_for = {
        "CacheNodeType": call.get("CacheNodeType"),
        "EngineVersion": version and version[3],
        "Parameters": parameters,
        "Failover": call.get("AutomaticFailoverEnabled"),
        "MultiAZ": call.get("MultiAZEnabled"),
        "TransitEncryptionEnabled": call.get("TransitEncryptionEnabled"),
        "TransitEncryptionMode": call.get("TransitEncryptionMode"),
    }
    asked_for = {name: value for name, value in asked_for.items() if value is not None}
    if engine != cache.engine and not at_once:
        asked_for = {}
    elif version:
        asked_for["Version"] = version
    cache.queued |= asked_for
    for name in asked_for.keys() & {"TransitEncryptionEnabled", "TransitEncryptionMode"}:
        cache.pending[name] = asked_for[name]
    if "Failover" in asked_for:
        cache.pending["AutomaticFailoverStatus"] = "enabled" if asked_for["Failover"] else "disabled"
    if at_once:
        apply(cache)
        take_time(call, cache, "modifying", "cache_modifying")
    return {"ReplicationGroup": shown(cache)}


def check_tls(call: Call, cache: Cache):
    """On: first with the mode `preferred`, and `required` in a request of its own (TransitEncryptionMode). Off: from `preferred` alone
    ("Enabling in-transit encryption", ElastiCache User Guide)."""
    on_, mode = call.get("TransitEncryptionEnabled", cache.tls), call.get("TransitEncryptionMode", cache.tls_mode)
    if on_ and not cache.tls and mode != "preferred":
        combination("Set TransitEncryptionMode to preferred to enable in-transit encryption.")
    if not on_ and cache.tls and (cache.tls_mode != "preferred" or cache.token):
        combination("In-transit encryption is disabled only in the mode preferred, and without an AUTH token.")


def apply(cache: Cache):
    """What was asked for counts from now on."""
    queued, cache.queued, cache.pending = cache.queued, {}, {}
    cache.node_type = queued.get("CacheNodeType", cache.node_type)
    if version := queued.get("Version"):
        if cache.parameter_group == f"default.{cache.family}":
            cache.parameter_group = f"default.{version[2]}"
        cache.engine, _, cache.family, cache.version = version
    cache.parameter_group = queued.get("Parameters", cache.parameter_group)
    cache.failover = queued.get("Failover", cache.failover)
    cache.multi_az = queued.get("MultiAZ", cache.multi_az)
    cache.tls = queued.get("TransitEncryptionEnabled", cache.tls)
    cache.tls_mode = queued.get("TransitEncryptionMode", cache.tls_mode) if cache.tls else None


def apply_pending(account_id: str) -> int:
    """The maintenance window of every group of the account. Returns how many changed."""
    changed = 0
    for region in list(STORES[account_id].values()):
        for cache in region.groups.values():
            if cache.status == "available" and cache.queued:
                apply(cache)
                changed += 1
    return changed


@on("IncreaseReplicaCount", "DecreaseReplicaCount")
def change_replicas(call: Call):
    cache, count_ = find(call), call.get("NewReplicaCount")
    available(cache)
    if not call.get("ApplyImmediately"):
        # "ApplyImmediately=False is not currently supported."
        invalid("ApplyImmediately must be true.")
    grows = call.context.operation.name == "IncreaseReplicaCount"
    if count_ is None or (count_ + 1 > cache.nodes) != grows or count_ + 1 == cache.nodes or not 0 <= count_ <= 5:
        fail("InvalidParameterValue", f"The new replica count {count_} does not fit {cache.nodes - 1} replicas.")
    # "If Multi-AZ with automatic failover is enabled: 1" is the minimum.
    check_availability(cache.failover, cache.multi_az, count_ + 1)
    cache.nodes = count_ + 1
    move_in(call, cache)
    take_time(call, cache, "modifying", "cache_modifying")
    return {"ReplicationGroup": shown(cache)}


@on("DeleteReplicationGroup")
def delete(call: Call):
    cache = find(call)
    available(cache)
    if name := call.get("FinalSnapshotIdentifier"):
        if name in store(call).snapshots:
            fail("SnapshotAlreadyExistsFault", f"Snapshot {name} already exists.")
        store(call).snapshots[name] = {
            "SnapshotName": name,
            "ReplicationGroupId": cache.id,
            "ReplicationGroupDescription": cache.description,
            "SnapshotStatus": "available",
            "SnapshotSource": "manual",
            "CacheNodeType": cache.node_type,
            "Engine": cache.engine,
            "EngineVersion": cache.version,
            "ARN": arn(call, "snapshot", name),
        }
    here = store(call)
    call.world.forget(cache.arn)
    cache.status = "deleting"

    def finish(_due):
        ec2 = ec2_backends[cache.account][cache.region]
        while cache.interfaces:
            leave(ec2, cache.interfaces.pop())
        here.groups.pop(cache.id, None)
        here.tags.pop(cache.arn, None)

    call.world.later(cache.arn, "cache_deleting", finish)
    return {"ReplicationGroup": shown(cache)}


@on("DescribeSnapshots")
def describe_snapshots(call: Call):
    rows = list(store(call).snapshots.values())
    if name := call.get("SnapshotName"):
        rows = [row for row in rows if row["SnapshotName"] == name]
        if not rows:
            fail("SnapshotNotFoundFault", f"Snapshot {name} not found.", 404)
    if name := call.get("ReplicationGroupId"):
        rows = [row for row in rows if row["ReplicationGroupId"] == name]
    return paged(call, "Snapshots", rows)


# --- the catalogue, tags -------------------------------------------------------------------------


@on("DescribeCacheEngineVersions")
def describe_versions(call: Call):
    rows = [
        {"Engine": engine, "EngineVersion": version, "CacheParameterGroupFamily": family}
        for engine, version, family, _ in catalogue.VERSIONS
        if call.get("Engine") in (None, engine) and call.get("EngineVersion") in (None, version)
    ]
    return paged(call, "CacheEngineVersions", rows)


@on("ListAllowedNodeTypeModifications")
def list_allowed(call: Call):
    cache = find(call)
    place = catalogue.NODE_TYPES.index(cache.node_type)
    return {
        "ScaleUpModifications": catalogue.NODE_TYPES[place + 1 :],
        "ScaleDownModifications": catalogue.NODE_TYPES[:place],
    }


def tagged(call: Call) -> dict:
    name = call.get("ResourceName") or ""
    found = store(call).tags.get(name)
    if found is None:
        kind = name.split(":")[5] if name.count(":") > 5 else ""
        code = {
            "replicationgroup": "ReplicationGroupNotFoundFault",
            "subnetgroup": "CacheSubnetGroupNotFoundFault",
            "parametergroup": "CacheParameterGroupNotFound",
        }.get(kind, "InvalidARN")
        fail(code, f"{name} not found.", 400 if code in ("InvalidARN", "CacheSubnetGroupNotFoundFault") else 404)
    return found


def shown_tags(tags: dict) -> dict:
    return {"TagList": [{"Key": key, "Value": value} for key, value in tags.items()]}


@on("ListTagsForResource")
def list_tags(call: Call):
    return shown_tags(tagged(call))


@on("AddTagsToResource")
def add_tags(call: Call):
    tags = tagged(call)
    for tag in call.get("Tags") or []:
        if tag["Key"].lower().startswith("aws:"):
            invalid("Tag keys starting with aws: are reserved.")
        tags[tag["Key"]] = tag.get("Value", "")
    return shown_tags(tags)


@on("RemoveTagsFromResource")
def remove_tags(call: Call):
    tags = tagged(call)
    for key in call.get("TagKeys") or []:
        tags.pop(key, None)
    return shown_tags(tags)
