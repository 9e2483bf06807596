"""Replications of file systems: as much of them as stands in the way of a deletion."""

import time

from provision_localstack import efs_rules as rules
from provision_localstack.service import Call, fail


def register(on):
    on("CreateReplicationConfiguration")(create)
    on("DescribeReplicationConfigurations")(describe)
    on("DeleteReplicationConfiguration")(delete)


def all_of(call: Call) -> dict:
    """The replications of the account and region, by their source."""
    if not hasattr(call.efs, "_replications"):
        call.efs._replications = {}
    return call.efs._replications


def of(call: Call, fs) -> list:
    """Those that a file system is source or destination of."""
    ids = lambda one: [one["SourceFileSystemId"], *(each["FileSystemId"] for each in one["Destinations"])]
    return [one for one in all_of(call).values() if fs.file_system_id in ids(one)]


def create(call: Call):
    source = rules.find_available_file_system(call, call.get("SourceFileSystemId"))
    if of(call, source):
        # API model: "one replication configuration" a file system, and no chains.
        fail("ReplicationAlreadyExists", "The file system is in a replication already.", 409, ErrorCode="ReplicationAlreadyExists")
    (wanted,) = call.get("Destinations")
    destination = rules.find_available_file_system(call, wanted["FileSystemId"])
    if destination.file_system_protection["ReplicationOverwriteProtection"] == "ENABLED":
        rules.bad_request("The destination file system is protected from being overwritten.")
    destination.file_system_protection = {"ReplicationOverwriteProtection": "REPLICATING"}
    made = {
        "SourceFileSystemId": source.file_system_id,
        "SourceFileSystemRegion": call.region,
        "SourceFileSystemArn": source.file_system_arn,
        "OriginalSourceFileSystemArn": source.file_system_arn,
        "CreationTime": time.time(),
        "Destinations": [{"Status": "ENABLED", "FileSystemId": destination.file_system_id, "Region": call.region}],
    }
    all_of(call)[source.file_system_id] = made
    return made


def describe(call: Call):
    if not call.get("FileSystemId"):
        return {"Replications": list(all_of(call).values())}
    found = of(call, rules.find_file_system(call, call.get("FileSystemId")))
    if not found:
        rules.not_found("Replication", "The file system is in no replication.")
    return {"Replications": found}


def delete(call: Call):
    found = all_of(call).get(call.get("SourceFileSystemId"))
    if found is None:
        rules.not_found("Replication", "The file system is the source of no replication.")
    replications, efs = all_of(call), call.efs

    def finish(_due):
        replications.pop(found["SourceFileSystemId"], None)
        for each in found["Destinations"]:
            # "writeable, protection ENABLED again" (EFS User Guide, Deleting a replication configuration).
            efs.file_systems_by_id[each["FileSystemId"]].file_system_protection = {"ReplicationOverwriteProtection": "ENABLED"}

    found["Destinations"][0]["Status"] = "DELETING"
    call.world.later(f"replication {found['SourceFileSystemId']}", "replication_deleting", finish)
    return {}


def check_deletion(call: Call, fs):
    """API model of DeleteFileSystem: "You cannot delete a file system that is part of an EFS replication configuration"."""
    if of(call, fs):
        message = f"File system '{fs.file_system_id}' is part of a replication configuration."
        fail("FileSystemInUse", message, 409, ErrorCode="FileSystemInUse")
