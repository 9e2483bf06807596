"""Replications of file systems: one for each source, with a destination in this or another region.

API model of CreateReplicationConfiguration: "A file system can be part of only one replication configuration". The errors of a second
one are in no list of that call; it is taken for a request that "contains an error" (BadRequest).
"""

import time

from moto.efs.models import efs_backends

from provision_localstack import efs_rules as rules
from provision_localstack.service import Call, fail


def register(on):
    on("CreateReplicationConfiguration")(create)
    on("DescribeReplicationConfigurations")(describe)
    on("DeleteReplicationConfiguration")(delete)


def of_region(call: Call, region: str) -> dict:
    """The replications that the account has a side of in a region, by their source."""
    efs = efs_backends[call.account_id][region]
    if not hasattr(efs, "_replications"):
        efs._replications = {}
    return efs._replications


def sides(one: dict) -> list:
    """The region and the file system of both sides."""
    there = one["Destinations"][0]
    return [(one["SourceFileSystemRegion"], one["SourceFileSystemId"]), (there["Region"], there["FileSystemId"])]


def of(call: Call, fs) -> list:
    """Those that a file system of this region is source or destination of."""
    ours = (call.region, fs.file_system_id)
    return [one for one in of_region(call, call.region).values() if ours in sides(one)]


def create(call: Call):
    source = rules.find_available_file_system(call, call.get("SourceFileSystemId"))
    if of(call, source):
        rules.bad_request("The file system is part of a replication configuration already.")
    if len(call.get("Destinations") or []) != 1:
        rules.bad_request("Only one destination is supported.")
    (wanted,) = call.get("Destinations")
    zone = wanted.get("AvailabilityZoneName")
    region = wanted.get("Region") or (zone[:-1] if zone else call.region)
    if region not in efs_backends[call.account_id]:
        rules.validation(f"'{region}' is no region.")
    if zone and not zone.startswith(region):
        rules.bad_request(f"'{zone}' is not in {region}.")
    if wanted.get("FileSystemId"):
        destination = existing(call, source, region, wanted["FileSystemId"])
    else:
        destination = new(call, source, region, wanted)
    destination.file_system_protection = {"ReplicationOverwriteProtection": "REPLICATING"}
    made = {
        "SourceFileSystemId": source.file_system_id,
        "SourceFileSystemRegion": call.region,
        "SourceFileSystemArn": source.file_system_arn,
        "OriginalSourceFileSystemArn": source.file_system_arn,
        "CreationTime": time.time(),
        "Destinations": [{"Status": "ENABLING", "FileSystemId": destination.file_system_id, "Region": region}],
    }
    for each in {call.region, region}:
        of_region(call, each)[source.file_system_id] = made

    def finish(_due):
        made["Destinations"][0]["Status"] = "ENABLED"

    call.world.later(key(source.file_system_id), "replication_enabling", finish)
    return made


def key(source_id: str) -> str:
    return f"replication {source_id}"


def existing(call: Call, source, region: str, file_system_id: str):
    destination = efs_backends[call.account_id][region].file_systems_by_id.get(file_system_id.rsplit("/", 1)[-1])
    if destination is None:
        rules.not_found("FileSystem", f"File system '{file_system_id}' does not exist.")
    if destination.file_system_protection["ReplicationOverwriteProtection"] == "ENABLED":
        # API model: "The file system's replication overwrite protection must be disabled."
        rules.bad_request("The destination file system is protected from being overwritten.")
    if source.encrypted and not destination.encrypted:
        # API model, ConflictException: "the source file system in a replication is encrypted but the destination file system is
        # unencrypted".
        message = "The source is encrypted, and the destination is not."
        fail("ConflictException", message, 409, ErrorCode="ConflictException")
    return destination


def new(call: Call, source, region: str, wanted: dict):
    """EFS User Guide, "Configuring replication to a new file system": encrypted, with automatic backups and the performance mode of the
    source, and without mount targets."""
    made = efs_backends[call.account_id][region].create_file_system(
        creation_token=f"destination-{source.file_system_id}-{time.time_ns()}",
        performance_mode=source.performance_mode,
        encrypted=True,
        kms_key_id=wanted.get("KmsKeyId") or call.key_arn("alias/aws/elasticfilesystem").replace(call.region, region),
        throughput_mode="bursting",
        provisioned_throughput_in_mibps=None,
        availability_zone_name=wanted.get("AvailabilityZoneName"),
        backup=True,
        tags=[],
    )
    made.life_cycle_state = "available"
    return made


def describe(call: Call):
    if not call.get("FileSystemId"):
        return {"Replications": list(of_region(call, call.region).values())}
    found = of(call, rules.find_file_system(call, call.get("FileSystemId")))
    if not found:
        rules.not_found("Replication", "The file system is in no replication.")
    return {"Replications": found}


def delete(call: Call):
    found = of_region(call, call.region).get(call.get("SourceFileSystemId"))
    if found is None:
        rules.not_found("Replication", "The file system is the source of no replication.")
    if call.get("DeletionMode") == "LOCAL_CONFIGURATION_ONLY" and found["Destinations"][0]["Region"] == call.region:
        # API model, DeletionMode: "do not use this mode for same-account, same-region replication".
        rules.bad_request("Both sides are in this region.")
    backends = efs_backends[call.account_id]

    def finish(_due):
        for region, file_system_id in sides(found):
            of_region(call, region).pop(found["SourceFileSystemId"], None)
        region, file_system_id = sides(found)[1]
        if destination := backends[region].file_systems_by_id.get(file_system_id):
            # API model: "the destination file system becomes Writeable and its replication overwrite protection is re-enabled".
            destination.file_system_protection = {"ReplicationOverwriteProtection": "ENABLED"}

    if found["Destinations"][0]["Status"] != "DELETING":
        found["Destinations"][0]["Status"] = "DELETING"
        call.world.forget(key(found["SourceFileSystemId"]))
        call.world.later(key(found["SourceFileSystemId"]), "replication_deleting", finish)
    return {}


def check_protection(fs):
    """API model of UpdateFileSystemProtection, ReplicationAlreadyExists: "the file system is already included in a replication
    configuration". Held here of the destination alone, whose protection is REPLICATING as long as that lasts."""
    if fs.file_system_protection["ReplicationOverwriteProtection"] == "REPLICATING":
        message = f"File system '{fs.file_system_id}' is the destination of a replication configuration."
        fail("ReplicationAlreadyExists", message, 409, ErrorCode="ReplicationAlreadyExists")


def check_deletion(call: Call, fs):
    """API model of DeleteFileSystem: "You cannot delete a file system that is part of an EFS replication configuration"."""
    if of(call, fs):
        message = f"File system '{fs.file_system_id}' is part of a replication configuration."
        fail("FileSystemInUse", message, 409, ErrorCode="FileSystemInUse")
