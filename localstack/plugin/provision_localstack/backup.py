"""AWS Backup, as far as recovery points are listed and restored: moto has vaults and plans, and no recovery points.

Sources: AWS Backup API reference, ListRecoveryPointsByResource ("The information about the recovery points of the type specified by a resource
ARN", MaxResults 1 to 1000, NextToken) and RecoveryPointByResource (Status). A resource without recovery points answers an empty list, as
the reference names no error for it but those of a malformed request.
"""

import secrets
from datetime import UTC, datetime, timedelta

from provision_localstack.service import Overrides, fail, page

overrides = Overrides("backup")
on = overrides.on
# The vault of the backups that EFS makes by itself ("Backing up EFS file systems", EFS User Guide).
VAULT = "aws/efs/automatic-backup-vault"


def add_point(here, account_id: str, region: str, resource: str, status: str, hours: float) -> dict:
    """A recovery point that a plan has made so many hours ago."""
    identity = secrets.token_hex(16)
    point = {
        "RecoveryPointArn": f"arn:aws:backup:{region}:{account_id}:recovery-point:{identity}",
        "CreationDate": datetime.now(UTC) - timedelta(hours=hours),
        "Status": status,
        "BackupVaultName": VAULT,
        "BackupSizeBytes": 6144,
    }
    here.recovery_points.setdefault(resource, []).append(point)
    return point


@on("ListRecoveryPointsByResource")
def list_points(call):
    arn = call.get("ResourceArn") or ""
    if not arn.startswith("arn:"):
        fail("InvalidParameterValueException", f"{arn} is not an ARN.")
    size = call.get("MaxResults") or 1000
    if not 1 <= size <= 1000:
        fail("InvalidParameterValueException", "MaxResults must be from 1 to 1000.")
    points = sorted(call.world.recovery_points.get(arn, []), key=lambda one: one["CreationDate"], reverse=True)
    shown, following = page(
        points, size, call.get("NextToken"), lambda: fail("InvalidParameterValueException", "NextToken is not valid.")
    )
    return {"RecoveryPoints": shown} | ({"NextToken": following} if following else {})


# --- restores ------------------------------------------------------------------------------------

# AWS Backup Developer Guide, "Restoring an Amazon EFS file system": metadata of a restore; CreationToken, Encrypted and PerformanceMode are for a
# new file system alone. Everything is text.
METADATA = {
    "file-system-id",
    "newFileSystem",
    "Encrypted",
    "KmsKeyId",
    "PerformanceMode",
    "CreationToken",
    "itemsToRestore",
    "singleAzFilesystem",
    "availabilityZoneName",
}


def found_point(call, arn: str):
    """A recovery point with the resource that it is of."""
    for resource, points in call.world.recovery_points.items():
        for point in points:
            if point["RecoveryPointArn"] == arn:
                return resource, point
    fail("ResourceNotFoundException", f"The recovery point {arn} was not found.")


@on("StartRestoreJob")
def start_restore(call):
    """"Retrying a successful request with the same idempotency token results in a success message with no action taken" (IdempotencyToken)."""
    token = call.get("IdempotencyToken")
    for job in call.world.restore_jobs.values():
        if token and job["token"] == token:
            return {"RestoreJobId": job["id"]}
    resource, point = found_point(call, call.get("RecoveryPointArn") or "")
    if point["Status"] not in ("COMPLETED", "AVAILABLE"):
        fail("InvalidRequestException", f"The recovery point is {point['Status']}.")
    if not call.get("IamRoleArn"):
        fail("MissingParameterValueException", "IamRoleArn is required.")
    metadata = call.get("Metadata") or {}
    if unknown := metadata.keys() - METADATA:
        fail("InvalidParameterValueException", f"Unknown metadata: {sorted(unknown)}")
    if not metadata.get("file-system-id"):
        fail("InvalidParameterValueException", "file-system-id is required.")
    job = {
        "id": secrets.token_hex(16),
        "token": token,
        "point": point,
        "status": "PENDING",
        "begun": datetime.now(UTC),
        "made": None,
        "role": call.get("IamRoleArn"),
        "resource": resource,
    }
    reason = point.pop("refuses", None)
    if reason is None:
        job["made"] = restored_file_system(call, metadata, resource)
    call.world.restore_jobs[job["id"]] = job

    def finish(_due):
        job["status"] = "COMPLETED" if reason is None else "FAILED"
        job["message"] = reason

    def running(due):
        job["status"] = "RUNNING"
        call.world.later(job["id"], "backup_restoring", finish, begun=due)

    call.world.later(job["id"], "backup_restoring", running)
    return {"RestoreJobId": job["id"]}


def restored_file_system(call, metadata: dict, resource: str) -> str:
    """The file system that is filled: the old one, or a new one, which has nothing that the metadata does not name: no mount targets, lifecycle,
    policy ("Restore a recovery point of an EFS file system"). The tags of the backup come along where that is asked for
    (CopySourceTagsToRestoredResource)."""
    source = call.efs.file_systems_by_id.get(resource.rsplit("/", 1)[-1])
    if metadata.get("newFileSystem") != "true":
        if source is None:
            fail("InvalidParameterValueException", f"There is no file system {metadata['file-system-id']}.")
        return source.file_system_arn
    token = metadata.get("CreationToken") or secrets.token_hex(8)
    for each in call.efs.file_systems_by_id.values():
        if each.creation_token == token:
            fail("InvalidParameterValueException", f"A file system has the creation token {token} already.")
    encrypted = metadata.get("Encrypted") == "true"
    made = call.efs.create_file_system(
        creation_token=token,
        performance_mode=metadata.get("PerformanceMode", "generalPurpose"),
        encrypted=encrypted,
        kms_key_id=call.key_arn(metadata.get("KmsKeyId") or "alias/aws/elasticfilesystem") if encrypted else None,
        throughput_mode="bursting",
        provisioned_throughput_in_mibps=None,
        availability_zone_name=metadata.get("availabilityZoneName"),
        backup=False,
        tags=tags_of(call, source) if call.get("CopySourceTagsToRestoredResource") else [],
    )
    made.file_system_protection = {"ReplicationOverwriteProtection": "ENABLED"}
    made.life_cycle_state = "available"
    return made.file_system_arn


def tags_of(call, source) -> list[dict]:
    return [dict(tag) for tag in call.efs.list_tags_for_resource(source.file_system_id)] if source else []


@on("DescribeRestoreJob")
def describe_restore(call):
    job = call.world.restore_jobs.get(call.get("RestoreJobId") or "")
    if job is None:
        fail("ResourceNotFoundException", "The restore job was not found.")
    done = job["status"] == "COMPLETED"
    shown = {
        "AccountId": call.account_id,
        "RestoreJobId": job["id"],
        "RecoveryPointArn": job["point"]["RecoveryPointArn"],
        "SourceResourceArn": job["resource"],
        "CreationDate": job["begun"],
        "Status": job["status"],
        "PercentDone": "100.00%" if done else "40.00%",
        "IamRoleArn": job["role"],
        "ResourceType": "EFS",
    }
    if job["made"] and job["status"] != "PENDING":
        shown["CreatedResourceArn"] = job["made"]
    if job.get("message"):
        shown["StatusMessage"] = job["message"]
    return shown
