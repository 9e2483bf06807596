"""What EFS refuses: the checks of parameters and of states that moto does not make."""

import ipaddress
import random
import json
import re
import time

from provision_localstack.service import Call, fail

AGES = {f"AFTER_{days}_DAYS" for days in (7, 14, 30, 60, 90, 180, 270, 365)} | {"AFTER_1_DAY"}
TRANSITIONS = {
    "TransitionToIA": AGES,
    "TransitionToArchive": AGES,
    "TransitionToPrimaryStorageClass": {"AFTER_1_ACCESS"},
}


def validation(message):
    fail("ValidationException", message)


def bad_request(message):
    fail("BadRequest", message, ErrorCode="BadRequest")


def not_found(kind, message):
    fail(f"{kind}NotFound", message, 404, ErrorCode=f"{kind}NotFound")


def check_tags(tags):
    for tag in tags or []:
        if tag["Key"].lower().startswith("aws:"):
            bad_request("Tag keys must not start with aws:")


def check_new_file_system(call: Call):
    token = call.get("CreationToken")
    if not token or len(token) > 64:
        bad_request("CreationToken must have 1 to 64 characters.")
    if call.get("PerformanceMode", "generalPurpose") not in ("generalPurpose", "maxIO"):
        validation("PerformanceMode must be generalPurpose or maxIO.")
    check_throughput(call, call.get("ThroughputMode", "bursting"), call.get("ProvisionedThroughputInMibps"))
    if call.get("PerformanceMode") == "maxIO" and call.get("ThroughputMode") == "elastic":
        bad_request("The maxIO performance mode does not go with elastic throughput.")
    check_one_zone(call)
    if call.get("KmsKeyId") and not call.get("Encrypted"):
        bad_request("KmsKeyId needs Encrypted.")
    check_tags(call.get("Tags"))
    for fs in call.efs.file_systems_by_id.values():
        if fs.creation_token == token:
            fail(
                "FileSystemAlreadyExists",
                f"File system '{fs.file_system_id}' already exists with creation token '{token}'",
                409,
                ErrorCode="FileSystemAlreadyExists",
                FileSystemId=fs.file_system_id,
            )


def check_one_zone(call: Call):
    """API model of CreateFileSystem: "MaxIO mode is not supported for One Zone file systems", which "are not available in all
    Availability Zones" (UnsupportedAvailabilityZone)."""
    zone = call.get("AvailabilityZoneName")
    if zone is None:
        return
    if call.get("PerformanceMode") == "maxIO":
        bad_request("The maxIO performance mode does not go with One Zone storage.")
    if zone not in {each.name for each in call.ec2.describe_availability_zones()}:
        fail(
            "UnsupportedAvailabilityZone",
            f"One Zone file systems are not available in '{zone}'.",
            ErrorCode="UnsupportedAvailabilityZone",
        )


def check_throughput(call, mode, mibps):
    if mode not in ("bursting", "provisioned", "elastic"):
        validation("ThroughputMode must be bursting, provisioned or elastic.")
    if mode == "provisioned" and not mibps:
        bad_request("ProvisionedThroughputInMibps is required with provisioned throughput.")
    if mode != "provisioned" and mibps:
        bad_request("ProvisionedThroughputInMibps goes with provisioned throughput only.")


def check_rest(call: Call, fs, mode, mibps):
    """A change of mode, or a decrease of the provisioned rate, rests the file system for a day: `efs_throughput_rest`."""
    before = (fs.throughput_mode, fs.provisioned_throughput_in_mibps)
    if mode == before[0] and (mibps or 0) >= (before[1] or 0):
        return
    now, changed = time.time(), getattr(fs, "_throughput_changed", None)
    if changed is not None and now < (free := changed + call.world.setting("efs_throughput_rest")):
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(free))
        message = f"You can change the throughput mode or decrease the provisioned throughput again after {when}."
        fail("TooManyRequests", message, 429, ErrorCode="TooManyRequests")
    fs._throughput_changed = now


def checked_policy(call: Call):
    """The policy, with its statements in a list."""
    text = call.get("Policy")
    # API model: "EFS file system policies have a 20,000 character limit".
    if len(text or "") > 20_000:
        validation("The policy has more than 20000 characters.")
    try:
        policy = json.loads(text or "")
        statements = policy["Statement"]
    except (ValueError, KeyError, TypeError):
        fail("InvalidPolicyException", "The policy is not valid JSON with a Statement.", ErrorCode="InvalidPolicyException")
    statements = statements if isinstance(statements, list) else [statements]
    for statement in statements:
        if statement.get("Effect") not in ("Allow", "Deny") or not ("Principal" in statement and "Action" in statement):
            fail("InvalidPolicyException", "A statement needs an effect, a principal and an action.", ErrorCode="InvalidPolicyException")
        # IAM User Guide, "Grammar of the IAM JSON policy language": `principal_map` and `action_block` hold one at least.
        principal = statement["Principal"]
        whom = list(principal.values()) if isinstance(principal, dict) else [principal]
        if not statement["Action"] or not whom or [] in whom:
            fail("InvalidPolicyException", "A statement has no principal, or no action.", ErrorCode="InvalidPolicyException")
    if not call.get("BypassPolicyLockoutSafetyCheck") and any(locks_out(call, each) for each in statements):
        message = "The policy would keep the caller from changing it again."
        fail("InvalidPolicyException", message, ErrorCode="InvalidPolicyException")
    return policy | {"Statement": statements}


def locks_out(call: Call, statement: dict) -> bool:
    """API model of PutFileSystemPolicy: the "lockout safety check determines whether the policy in the request will lock out, or
    prevent, the IAM principal that is making the request from making future PutFileSystemPolicy requests". Conditions are not
    looked at: a denial under one is taken for one of others."""
    if statement["Effect"] != "Deny" or statement.get("Condition"):
        return False
    listed = lambda value: value if isinstance(value, list) else [value]
    principal, account = statement["Principal"], call.account_id
    whom = listed(principal.get("AWS", []) if isinstance(principal, dict) else principal)
    everyone = {"*", account, f"arn:aws:iam::{account}:root"}
    patterns = [re.escape(each.lower()).replace(r"\*", ".*") for each in listed(statement["Action"])]
    denied = any(re.fullmatch(each, "elasticfilesystem:putfilesystempolicy") for each in patterns)
    return denied and any(each in everyone for each in whom)


def check_access_point(user, root):
    path, made = (root or {}).get("Path", "/"), (root or {}).get("CreationInfo")
    if not re.fullmatch(r"/|(/(?!\.)[^$#<>;`|&?{}^*/\n]+){1,4}", path) or len(path) > 100:
        validation(f"'{path}' is no path of a root directory.")
    if made and not re.fullmatch("[0-7]{3,4}", made.get("Permissions") or ""):
        validation(f"'{made.get('Permissions')}' are no permissions.")
    for number in [*(user or {}).values(), (made or {}).get("OwnerUid", 0), (made or {}).get("OwnerGid", 0)]:
        if isinstance(number, int) and not 0 <= number <= 4294967295:
            validation(f"{number} is no user or group.")


def check_lifecycle(policies):
    if len(policies) > len(TRANSITIONS):
        bad_request("At most three lifecycle policies are allowed.")
    seen = set()
    for policy in policies:
        if len(policy) != 1:
            bad_request("Each lifecycle policy holds exactly one transition.")
        ((kind, value),) = policy.items()
        if value not in TRANSITIONS.get(kind, ()):
            validation(f"{value} is no value of {kind}.")
        if kind in seen:
            bad_request(f"{kind} is given twice.")
        seen.add(kind)


def find_file_system(call: Call, file_system_id: str):
    """A file system by id or ARN."""
    wanted = file_system_id.rsplit("/", 1)[-1]
    fs = call.efs.file_systems_by_id.get(wanted)
    if fs is None:
        not_found("FileSystem", f"File system '{wanted}' does not exist.")
    return fs


def find_available_file_system(call: Call, file_system_id: str):
    fs = find_file_system(call, file_system_id)
    if fs.life_cycle_state != "available":
        fail(
            "IncorrectFileSystemLifeCycleState",
            f"The file system '{fs.file_system_id}' is {fs.life_cycle_state}, not available.",
            409,
            ErrorCode="IncorrectFileSystemLifeCycleState",
        )
    return fs


def find_mount_target(call: Call, mount_target_id: str):
    target = call.efs.mount_targets_by_id.get(mount_target_id)
    if target is None:
        not_found("MountTarget", f"Mount target '{mount_target_id}' does not exist.")
    return target


def find_access_point(call: Call, access_point_id: str):
    """An access point by id or ARN."""
    point = call.efs.access_points.get((access_point_id or "").rsplit("/", 1)[-1])
    if point is None:
        not_found("AccessPoint", f"Access Point {access_point_id} does not exist.")
    return point


def check_mount_target_available(target):
    if target.life_cycle_state != "available":
        fail(
            "IncorrectMountTargetState",
            f"The mount target '{target.mount_target_id}' is {target.life_cycle_state} and has no network interface.",
            409,
            ErrorCode="IncorrectMountTargetState",
        )


def check_groups(call: Call, group_ids, vpc_id):
    # API model, SecurityGroupLimitExceeded: "greater than the limit, which is based on account quota".
    if len(group_ids) > call.world.quotas.get("vpc/L-2AFB9258", 5):
        fail(
            "SecurityGroupLimitExceeded",
            "The maximum number of security groups per interface has been reached.",
            ErrorCode="SecurityGroupLimitExceeded",
        )
    for group_id in group_ids:
        group = call.ec2.get_security_group_from_id(group_id)
        if group is None or group.vpc_id != vpc_id or not call.world.knows(group_id):
            fail(
                "SecurityGroupNotFound",
                f"The SecurityGroup ID '{group_id}' does not exist in the VPC '{vpc_id}'",
                ErrorCode="SecurityGroupNotFound",
            )


def find_subnet(call: Call, subnet_id: str):
    if not re.fullmatch(r"subnet-[0-9a-f]{8,40}", subnet_id or ""):
        validation(f"'{subnet_id}' is no subnet id.")
    for subnets in call.ec2.subnets.values():
        if subnet_id in subnets:
            if subnets[subnet_id].ipv6_native:
                bad_request(f"The subnet '{subnet_id}' has no IPv4 addresses.")
            return subnets[subnet_id]
    fail("SubnetNotFound", f"The subnet ID '{subnet_id}' does not exist", ErrorCode="SubnetNotFound")


def check_place(call: Call, fs, subnet, address):
    """One mount target a zone, all in one VPC, at an address that is free; one alone, in its own zone, for One Zone storage."""
    if fs.availability_zone_name not in (None, subnet.availability_zone):
        fail(
            "AvailabilityZonesMismatch",
            f"The file system '{fs.file_system_id}' is in {fs.availability_zone_name}, and the subnet is not.",
            ErrorCode="AvailabilityZonesMismatch",
        )
    for target in fs.iter_mount_targets():
        if target.vpc_id != subnet.vpc_id:
            conflict("requested subnet for new mount target is not in the same VPC as existing mount targets")
        if target.availability_zone_name == subnet.availability_zone:
            conflict("mount target already exists in this AZ")
    if address is None:
        return
    if ipaddress.ip_address(address) not in ipaddress.ip_network(subnet.cidr_block):
        bad_request("Address does not fall within the subnet's address range")
    if any(address == eni.private_ip_address and eni.subnet.id == subnet.id for eni in call.ec2.enis.values()):
        fail("IpAddressInUse", f"The address '{address}' is in use.", 409, ErrorCode="IpAddressInUse")


def ipv6_address(subnet) -> str:
    """An address of the subnet's IPv6 range, which a mount target with IPv6 needs (CreateMountTarget, IpAddressType)."""
    ranges = [each["ipv6CidrBlock"] for each in subnet.ipv6_cidr_block_associations.values()]
    if not ranges:
        bad_request(f"The subnet '{subnet.id}' has no IPv6 addresses.")
    return str(ipaddress.ip_network(ranges[0])[random.randrange(16, 1 << 32)])


def conflict(message):
    fail("MountTargetConflict", message, 409, ErrorCode="MountTargetConflict")
