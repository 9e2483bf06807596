"""EFS over moto's back end, with states that take their time and the refusals that AWS makes."""

import json
import secrets
from types import SimpleNamespace

import moto.efs.models

from provision_localstack import efs_access_points, efs_replication, efs_rules as rules
from provision_localstack.service import Call, Overrides, fail, page

overrides = Overrides("efs")
on = overrides.on
efs_access_points.register(on)
efs_replication.register(on)

# moto asks for 8 hex digits; EFS ids have 17.
moto.efs.models.mock_random = SimpleNamespace(get_random_hex=lambda _length=0: secrets.token_hex(9)[:17])


def described(resource) -> dict:
    """A file system or mount target as the API shows it; moto's own view has members too many."""
    shown = resource.info_json()
    for internal in ("SecurityGroups", "LifecyclePolicies", "FileSystemPolicy"):
        shown.pop(internal, None)
    for one_zone in ("AvailabilityZoneName", "AvailabilityZoneId"):
        if shown.get(one_zone) is None:
            shown.pop(one_zone, None)
    # A mount target's type of addresses is not shown: which addresses it has tells (MountTargetDescription, EFS API reference).
    address = getattr(resource, "ipv6_address", None)
    if address:
        shown["Ipv6Address"] = address
        if resource.ip_address_type == "IPV6_ONLY":
            shown.pop("IpAddress", None)
    return shown


# --- file systems --------------------------------------------------------------------------------


@on("CreateFileSystem")
def create_file_system(call: Call):
    rules.check_new_file_system(call)
    made = call.forward()
    fs = call.efs.file_systems_by_id[made["FileSystemId"]]
    if fs.encrypted:
        fs.kms_key_id = call.key_arn(fs.kms_key_id or "alias/aws/elasticfilesystem")
    fs.file_system_protection = {"ReplicationOverwriteProtection": "ENABLED"}
    take_time(call, fs, "creating", "efs_creating")
    return described(fs)


def take_time(call: Call, fs, state: str, setting: str):
    def finish(_due):
        fs.life_cycle_state = "available"

    fs.life_cycle_state = state
    call.world.later(fs.file_system_id, setting, finish)


@on("DescribeFileSystems")
def describe_file_systems(call: Call):
    token, wanted = call.get("CreationToken"), call.get("FileSystemId")
    if token and wanted:
        rules.bad_request("Request cannot contain both a file system ID and a creation token.")
    if wanted:
        found = [rules.find_file_system(call, wanted)]
    else:
        found = [fs for fs in call.efs.file_systems_by_id.values() if not token or fs.creation_token == token]
    return paged(call, "FileSystems", found)


def paged(call: Call, name: str, found: list):
    marker = call.get("Marker")
    rows, following = page(found, call.get("MaxItems") or 100, marker, lambda: rules.bad_request("Invalid Marker"))
    answer = {name: [described(row) for row in rows]}
    return answer | ({"Marker": marker} if marker else {}) | ({"NextMarker": following} if following else {})


@on("UpdateFileSystem")
def update_file_system(call: Call):
    fs = rules.find_available_file_system(call, call.get("FileSystemId"))
    mode = call.get("ThroughputMode") or fs.throughput_mode
    mibps = call.get("ProvisionedThroughputInMibps")
    if mode == "provisioned" and mibps is None and fs.throughput_mode == "provisioned":
        mibps = fs.provisioned_throughput_in_mibps
    rules.check_throughput(call, mode, mibps)
    rules.check_rest(call, fs, mode, mibps)
    fs.throughput_mode, fs.provisioned_throughput_in_mibps = mode, mibps
    take_time(call, fs, "updating", "efs_updating")
    return described(fs)


@on("UpdateFileSystemProtection")
def update_file_system_protection(call: Call):
    fs = rules.find_available_file_system(call, call.get("FileSystemId"))
    protection = call.get("ReplicationOverwriteProtection")
    if protection not in (None, "ENABLED", "DISABLED"):
        rules.validation("ReplicationOverwriteProtection must be ENABLED or DISABLED.")
    if protection:
        efs_replication.check_protection(fs)
        fs.file_system_protection = {"ReplicationOverwriteProtection": protection}
    return fs.file_system_protection


@on("DeleteFileSystem")
def delete_file_system(call: Call):
    fs = rules.find_file_system(call, call.get("FileSystemId"))
    if fs.number_of_mount_targets:
        message = f"File system '{fs.file_system_id}' has mount targets created in it."
        fail("FileSystemInUse", message, 409, ErrorCode="FileSystemInUse")
    efs_replication.check_deletion(call, fs)
    if fs.life_cycle_state != "deleting":
        efs = call.efs
        fs.life_cycle_state = "deleting"
        call.world.forget(fs.file_system_id)

        def finish(_due):
            efs.delete_file_system(fs.file_system_id)
            for point in [each for each in efs.access_points.values() if each.file_system_id == fs.file_system_id]:
                del efs.access_points[point.access_point_id]

        call.world.later(fs.file_system_id, "efs_deleting", finish)
    return {}


# --- what hangs on a file system -----------------------------------------------------------------


@on("PutLifecycleConfiguration")
def put_lifecycle_configuration(call: Call):
    fs = rules.find_available_file_system(call, call.get("FileSystemId"))
    rules.check_lifecycle(call.get("LifecyclePolicies", []))
    fs.lifecycle_policies = call.get("LifecyclePolicies", [])
    return {"LifecyclePolicies": fs.lifecycle_policies}


@on("DescribeLifecycleConfiguration")
def describe_lifecycle_configuration(call: Call):
    return {"LifecyclePolicies": rules.find_file_system(call, call.get("FileSystemId")).lifecycle_policies}


@on("PutBackupPolicy")
def put_backup_policy(call: Call):
    fs = rules.find_available_file_system(call, call.get("FileSystemId"))
    status = (call.get("BackupPolicy") or {}).get("Status")
    if status not in ("ENABLED", "DISABLED"):
        rules.validation("The status of a backup policy is set to ENABLED or DISABLED.")
    fs._backup = status == "ENABLED"
    fs._backup_policy = {"Status": status}
    return {"BackupPolicy": fs._backup_policy}


@on("DescribeBackupPolicy")
def describe_backup_policy(call: Call):
    fs = rules.find_file_system(call, call.get("FileSystemId"))
    policy = getattr(fs, "_backup_policy", None) or fs.backup_policy
    if policy is None:
        rules.not_found("Policy", f"No backup policy for '{fs.file_system_id}'.")
    return {"BackupPolicy": policy}


@on("PutFileSystemPolicy")
def put_file_system_policy(call: Call):
    fs = rules.find_available_file_system(call, call.get("FileSystemId"))
    policy = rules.checked_policy(call)
    # It is kept and shown rewritten: the file system is named in each statement, and lists of one are texts.
    for statement in policy["Statement"]:
        statement.setdefault("Resource", fs.file_system_arn)
        for name, value in statement.items():
            if isinstance(value, list) and len(value) == 1:
                statement[name] = value[0]
    fs.file_system_policy = json.dumps(policy, sort_keys=True, indent=2)
    return {"FileSystemId": fs.file_system_id, "Policy": fs.file_system_policy}


@on("DescribeFileSystemPolicy")
def describe_file_system_policy(call: Call):
    fs = rules.find_file_system(call, call.get("FileSystemId"))
    if fs.file_system_policy is None:
        rules.not_found("Policy", f"No policy of '{fs.file_system_id}'.")
    return {"FileSystemId": fs.file_system_id, "Policy": fs.file_system_policy}


@on("DeleteFileSystemPolicy")
def delete_file_system_policy(call: Call):
    rules.find_available_file_system(call, call.get("FileSystemId")).file_system_policy = None
    return {}


def tagged(call: Call) -> str:
    """The id that moto keeps tags under, of a file system or an access point named by id or ARN."""
    wanted = (call.get("ResourceId") or call.get("FileSystemId")).rsplit("/", 1)[-1]
    if wanted in call.efs.access_points:
        return wanted
    return rules.find_file_system(call, wanted).file_system_id


@on("TagResource", "CreateTags")
def tag(call: Call):
    rules.check_tags(call.get("Tags"))
    call.efs.tag_resource(tagged(call), call.get("Tags"))
    return {}


@on("UntagResource", "DeleteTags")
def untag(call: Call):
    call.efs.untag_resource(tagged(call), call.get("TagKeys"))
    return {}


@on("ListTagsForResource", "DescribeTags")
def list_tags(call: Call):
    return {"Tags": call.efs.list_tags_for_resource(tagged(call))}


# --- mount targets -------------------------------------------------------------------------------


@on("CreateMountTarget")
def create_mount_target(call: Call):
    # Everything is checked first: moto keeps the half-made target of a call that it refuses.
    fs = rules.find_available_file_system(call, call.get("FileSystemId"))
    subnet = rules.find_subnet(call, call.get("SubnetId"))
    groups = call.get("SecurityGroups") or [call.ec2.get_default_security_group(subnet.vpc_id).id]
    rules.check_groups(call, groups, subnet.vpc_id)
    rules.check_place(call, fs, subnet, call.get("IpAddress"))
    kind = call.get("IpAddressType") or "IPV4_ONLY"
    address = rules.ipv6_address(subnet) if kind in ("IPV6_ONLY", "DUAL_STACK") else None
    target = call.efs.create_mount_target(fs.file_system_id, subnet.id, call.get("IpAddress"), list(groups[:5]))
    if len(groups) > 5:
        # moto knows no quota that was raised.
        call.efs.modify_mount_target_security_groups(target.mount_target_id, list(groups))
    eni = call.ec2.get_network_interface(target.network_interface_id)
    eni.description = f"EFS mount target for {fs.file_system_id} ({target.mount_target_id})"
    eni.interface_type = "efs"
    eni.requester_managed = True
    eni.status = "in-use"
    target.life_cycle_state = "creating"
    target.ip_address_type, target.ipv6_address = kind, address

    def finish(_due):
        target.life_cycle_state = "available"

    call.world.later(target.mount_target_id, "mount_target_creating", finish)
    return described(target)


@on("DescribeMountTargets")
def describe_mount_targets(call: Call):
    wanted = [name for name in ("FileSystemId", "MountTargetId", "AccessPointId") if call.get(name)]
    if len(wanted) != 1:
        rules.bad_request("Must specify exactly one mutually exclusive parameter.")
    if wanted == ["MountTargetId"]:
        found = [rules.find_mount_target(call, call.get("MountTargetId"))]
    elif wanted == ["AccessPointId"]:
        point = rules.find_access_point(call, call.get("AccessPointId"))
        found = list(rules.find_file_system(call, point.file_system_id).iter_mount_targets())
    else:
        found = list(rules.find_file_system(call, call.get("FileSystemId")).iter_mount_targets())
    return paged(call, "MountTargets", found)


@on("DescribeMountTargetSecurityGroups")
def describe_mount_target_groups(call: Call):
    target = rules.find_mount_target(call, call.get("MountTargetId"))
    rules.check_mount_target_available(target)
    return {"SecurityGroups": target.security_groups}


@on("ModifyMountTargetSecurityGroups")
def modify_mount_target_groups(call: Call):
    target = rules.find_mount_target(call, call.get("MountTargetId"))
    rules.check_mount_target_available(target)
    groups = call.get("SecurityGroups") or [call.ec2.get_default_security_group(target.vpc_id).id]
    rules.check_groups(call, groups, target.vpc_id)
    call.efs.modify_mount_target_security_groups(target.mount_target_id, list(groups))
    return {}


@on("DeleteMountTarget")
def delete_mount_target(call: Call):
    target = rules.find_mount_target(call, call.get("MountTargetId"))
    if target.life_cycle_state != "deleting":
        efs, target_id = call.efs, target.mount_target_id
        target.life_cycle_state = "deleting"
        call.world.forget(target_id)
        call.world.later(target_id, "mount_target_deleting", lambda _due: efs.delete_mount_target(target_id))
    return {}
