"""The two restores: each makes a new instance that has the data of a backup, and of the old instance what the API reference says.

Sources: RDS API reference, RestoreDBInstanceFromDBSnapshot and RestoreDBInstanceToPointInTime (the defaults of each parameter, and
those of CreateDBInstance that they lack); RDS User Guide, "Restoring to a DB instance" (default parameter group, the default
security group, tags), "Restoring a DB instance to a specified time" (the restorable time) and "Retaining automated backups" (those of
an instance that is deleted).
"""

import re
import secrets
from datetime import UTC, datetime, timedelta

from moto.rds.models import rds_backends

from provision_localstack import rds_check as check
from provision_localstack.service import Call, fail

# Parameters of both calls that CreateDBInstance has as well. What is not here is of no use in them: the rest of CreateDBInstance's
# are set by ModifyDBInstance afterwards.
TAKEN = (
    "DBInstanceClass",
    "Port",
    "AllocatedStorage",
    "StorageType",
    "Iops",
    "StorageThroughput",
    "DBSubnetGroupName",
    "VpcSecurityGroupIds",
    "PubliclyAccessible",
    "MultiAZ",
    "AvailabilityZone",
    "AutoMinorVersionUpgrade",
    "DBParameterGroupName",
    "OptionGroupName",
    "CopyTagsToSnapshot",
    "EnableIAMDatabaseAuthentication",
    "EnableCloudwatchLogsExports",
    "DeletionProtection",
    "NetworkType",
    "Domain",
    "DomainIAMRoleName",
    "BackupTarget",
    "CACertificateIdentifier",
    "EngineLifecycleSupport",
    "DedicatedLogVolume",
    "Tags",
)
# Both calls have them since 2026, and the emulator's botocore does not (aws-sdk-rds 1.159).
NEWER = ("BackupRetentionPeriod", "PreferredBackupWindow")


def register(on):
    on("RestoreDBInstanceFromDBSnapshot")(restore_snapshot)
    on("RestoreDBInstanceToPointInTime")(restore_to_time)


def restore_snapshot(call: Call):
    name = call.get("DBSnapshotIdentifier") or ""
    snapshot = found_snapshot(call, name)
    if snapshot is None:
        fail("DBSnapshotNotFound", f"DBSnapshot {name} not found.", 404)
    if snapshot.status != "available":
        fail("InvalidDBSnapshotState", f"The snapshot {name} is {snapshot.status}.")
    # moto keeps the instance as it was when the snapshot was taken; what the snapshot itself says counts more.
    backup = {
        "EngineVersion": snapshot.engine_version,
        "AllocatedStorage": snapshot.allocated_storage,
        "StorageEncrypted": bool(snapshot.encrypted),
        "KmsKeyId": snapshot.kms_key_id if snapshot.encrypted else None,
    }
    return restored(call, call.get("DBInstanceIdentifier"), snapshot.database, backup, _iops(call, snapshot.database))


ARN = re.compile(r"arn:aws[a-z-]*:rds:([a-z0-9-]+):([0-9]{12}):snapshot:(.+)")


def found_snapshot(call: Call, name: str):
    """One of the account's own by its name or ARN; a shared or public one of another account by its ARN alone ("the DBSnapshotIdentifier must
    be the ARN of the shared DB snapshot", RestoreDBInstanceFromDBSnapshot), and of this region."""
    region, account, name = (found.groups() if (found := ARN.fullmatch(name)) else (call.region, call.account_id, name))
    if region != call.region:
        return None
    snapshot = rds_backends[account][region].database_snapshots.get(name.lower())
    return snapshot if snapshot and (account == call.account_id or sharing(call, snapshot)) else None


def sharing(call: Call, snapshot) -> str | None:
    """`shared` or `public`, as the owner's ModifyDBSnapshotAttribute says: account ids, or the word `all`."""
    allowed = snapshot.attributes.get("restore") or []
    return "public" if "all" in allowed else "shared" if call.account_id in allowed else None


def of_others(call: Call):
    """DescribeDBSnapshots of one snapshot of another account, which is among the answers where it is asked for (IncludeShared,
    IncludePublic); None where the call is about others."""
    name = call.get("DBSnapshotIdentifier") or ""
    if not (found := ARN.fullmatch(name)) or found[2] == call.account_id:
        return None
    snapshot = found_snapshot(call, name)
    kind = snapshot and sharing(call, snapshot)
    if kind is None or not call.get({"shared": "IncludeShared", "public": "IncludePublic"}[kind]):
        fail("DBSnapshotNotFound", f"DBSnapshot {name} not found.", 404)
    row = {
        "DBSnapshotIdentifier": name,
        "DBSnapshotArn": name,
        "DBInstanceIdentifier": snapshot.database.db_instance_identifier,
        "SnapshotType": kind,
        "Status": snapshot.status,
        "Engine": snapshot.engine,
        "EngineVersion": snapshot.engine_version,
        "AllocatedStorage": snapshot.allocated_storage,
        "StorageType": snapshot.database.storage_type,
        "MasterUsername": snapshot.master_username,
        "Encrypted": bool(snapshot.encrypted),
    }
    return {"DBSnapshots": [row | ({"KmsKeyId": snapshot.kms_key_id} if snapshot.encrypted else {})]}


def _iops(call: Call, database) -> dict:
    """Of this call alone: "If this parameter isn't specified, the IOPS value is taken from the backup"."""
    asked = call.get("StorageType")
    provisioned = asked in ("io1", "io2") and database.storage_type in ("io1", "io2")
    return {"Iops": database.iops} if provisioned else {}


def restore_to_time(call: Call):
    by_id, by_name = call.get("SourceDbiResourceId"), call.get("SourceDBInstanceIdentifier")
    kept = None
    if by_id:
        source = next((one for one in call.rds.databases.values() if one.dbi_resource_id == by_id), None)
        if source is None:
            kept = retained(call, by_id)
            source = kept.database
    else:
        source = check.find(call, by_name)
    time, latest = call.get("RestoreTime"), call.get("UseLatestRestorableTime")
    if bool(time) == bool(latest):
        check.combination("One of RestoreTime and UseLatestRestorableTime must be specified.")
    if kept is None and source.status in ("creating", "deleting"):
        fail("InvalidDBInstanceState", f"Instance {source.db_instance_identifier} is {source.status}.")
    if not source.backup_retention_period:
        fail("PointInTimeRestoreNotEnabled", f"Point in time restore is not enabled for {source.db_instance_identifier}.")
    if time:
        earliest, newest = window_of_kept(kept) if kept else window(source)
        if not earliest <= time.astimezone(UTC) <= newest:
            check.invalid(f"The specified time {time} is not within the restorable time of {source.db_instance_identifier}.")
    backup = {
        "EngineVersion": source.engine_version,
        "AllocatedStorage": source.allocated_storage,
        "StorageEncrypted": bool(source.storage_encrypted),
        "KmsKeyId": source.kms_key_id if source.storage_encrypted else None,
    }
    more = {"MaxAllocatedStorage": call.get("MaxAllocatedStorage")}
    return restored(call, call.get("TargetDBInstanceIdentifier"), source, backup, more)


def retained(call: Call, resource: str):
    """The newest automated snapshot of an instance that is not there any more: "Retained automated backups contain system snapshots
    and transaction logs from a DB instance. They also include your DB instance properties like allocated storage and DB instance
    class, which are required to restore it to an active instance", and "You can restore or remove retained automated backups using the
    AWS Management Console, RDS API, and AWS CLI" ("Retaining automated backups"). Such an instance has its resource id alone:
    SourceDBInstanceIdentifier "must match the identifier of an existing DB instance" (RestoreDBInstanceToPointInTime)."""
    snapshots = call.rds.database_snapshots.values()
    kept = [one for one in snapshots if one.snapshot_type == "automated" and one.database.dbi_resource_id == resource]
    if not kept:
        fail("DBInstanceAutomatedBackupNotFound", f"No automated backup of {resource} was found.", 404)
    return max(kept, key=lambda one: one.created)


def window_of_kept(snapshot) -> tuple:
    """The times that DescribeDBInstanceAutomatedBackups shows of it."""
    made = snapshot.created if snapshot.created.tzinfo else snapshot.created.replace(tzinfo=UTC)
    return made, made


def window(source) -> tuple:
    """From when to when the instance can be restored: "to any point in time within your backup retention period"."""
    now = datetime.now(UTC)
    made = source.created if source.created.tzinfo else source.created.replace(tzinfo=UTC)
    return max(made, now - timedelta(days=source.backup_retention_period)), now


def restored(call: Call, identifier: str, source, backup: dict, more: dict):
    from provision_localstack import rds

    identifier = (identifier or "").lower()
    if call.get("ManageMasterUserPassword"):
        check.combination("ManageMasterUserPassword is supported for the Oracle engines alone.")
    size, least = call.get("AllocatedStorage"), backup["AllocatedStorage"]
    if size is not None and size < least:
        check.invalid("The allocated storage size can't be less than the source snapshot or backup size.")
    if size is not None and least < size < least * 1.1:
        # "at least 10 percent" (RDS User Guide, "Restoring to a DB instance").
        check.invalid(f"The allocated storage size must be {least}, or 10 percent more.")
    newer = {name: call.context.request.values[name] for name in NEWER if name in call.context.request.values}
    if "BackupRetentionPeriod" in newer:
        newer["BackupRetentionPeriod"] = int(newer["BackupRetentionPeriod"])
    asked = {name: call.get(name) for name in TAKEN if call.get(name) is not None} | newer
    kept = {
        "DBInstanceClass": source.db_instance_class,
        "Port": source.port,
        "BackupRetentionPeriod": source.backup_retention_period,
        "Tags": source.tags,
    }
    fixed = {
        "DBInstanceIdentifier": identifier,
        "Engine": source.engine,
        "DBName": source.db_name,
        "MasterUsername": source.master_username,
        # moto lets nobody read it; nobody has the one that RDS managed.
        "MasterUserPassword": getattr(source, "_master_user_password", None) or secrets.token_urlsafe(24),
    }
    request = {name: value for name, value in (kept | backup | more | asked | fixed).items() if value is not None}
    _keep_names_of_backups_apart(call)
    return rds.create(call.like(request))


def _keep_names_of_backups_apart(call: Call):
    """moto names automated snapshots by the instance and the minute, and refuses a name that is there: here another instance may
    have had this one's name within that minute."""
    snapshots = call.rds.database_snapshots
    for name in [name for name in snapshots if name.startswith("rds:") and not name.endswith("-kept")]:
        snapshot = snapshots.pop(name)
        # By its own name it is deleted with its instance.
        snapshot.db_snapshot_identifier = f"{name}-{secrets.token_hex(4)}-kept"
        snapshots[snapshot.db_snapshot_identifier] = snapshot
