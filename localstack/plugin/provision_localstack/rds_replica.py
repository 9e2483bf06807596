"""Read replicas of the same region: instances of their own, which follow their source until they are promoted.

Sources: RDS API reference, CreateDBInstanceReadReplica (parameters and their defaults; "RDS creates read replicas with backups
disabled. All other attributes […] are inherited from the source DB instance or cluster, except as specified"), PromoteReadReplica
and DeleteDBInstance; RDS User Guide, "Working with DB instance read replicas" (deletion) and "Working with read replicas for Amazon
RDS for PostgreSQL"; where RDS's own words are not there, the issue that has them.
"""

import secrets

import moto.rds.models
from moto.rds.models import rds_backends

from provision_localstack import rds_catalogue as catalogue
from provision_localstack import rds_check as check
from provision_localstack.service import Call, fail

DBInstance = moto.rds.models.DBInstance
# Parameters that are of the source where they are not given, and its attribute.
INHERITED = {
    "DBInstanceClass": "db_instance_class",
    "Port": "port",
    "AllocatedStorage": "allocated_storage",
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
    "DBParameterGroupName": "db_parameter_group_name",
    "OptionGroupName": "option_group_name",
    "NetworkType": "network_type",
}
# Parameters that have a default of their own, whatever the source has; that of CreateDBInstance where none is documented.
OWN = (
    "StorageType",
    "Iops",
    "StorageThroughput",
    "MaxAllocatedStorage",
    "MultiAZ",
    "AvailabilityZone",
    "PubliclyAccessible",
    "VpcSecurityGroupIds",
    "CopyTagsToSnapshot",
    "EnableIAMDatabaseAuthentication",
    "EnableCloudwatchLogsExports",
    "EnablePerformanceInsights",
    "PerformanceInsightsKMSKeyId",
    "PerformanceInsightsRetentionPeriod",
    "DatabaseInsightsMode",
    "MonitoringInterval",
    "MonitoringRoleArn",
    "DeletionProtection",
    "CACertificateIdentifier",
    "BackupTarget",
    "DedicatedLogVolume",
    "Tags",
)
MOST = 15
# Cascading replicas ("Working with read replicas for Amazon RDS for PostgreSQL": "version 14.1 and higher releases only").
CASCADES = 14


def register(on):
    on("CreateDBInstanceReadReplica")(create)
    on("PromoteReadReplica")(promote)


# --- what both sides show ------------------------------------------------------------------------


def source_of(database):
    """The instance that this one follows. It is known by its resource id, so that it may be renamed."""
    followed = getattr(database, "_follows", None)
    every = rds_backends[database.account_id][database.region].databases.values() if followed else []
    return next((one for one in every if getattr(one, "dbi_resource_id", None) == followed), None)


def replicas_of(database) -> list:
    every = rds_backends[database.account_id][database.region].databases.values()
    return [one for one in every if getattr(one, "_follows", None) == database.dbi_resource_id]


def _source_name(database):
    source = source_of(database)
    return source.db_instance_identifier if source else None


DBInstance.read_replica_source_db_instance_identifier = property(_source_name)
DBInstance.read_replica_db_instance_identifiers = property(
    lambda self: [one.db_instance_identifier for one in replicas_of(self)]
)


# --- creation and promotion ----------------------------------------------------------------------


def create(call: Call):
    from provision_localstack import rds

    identifier = (call.get("DBInstanceIdentifier") or "").lower()
    if identifier in call.rds.databases:
        fail("DBInstanceAlreadyExists", "DB instance already exists")
    named = call.get("SourceDBInstanceIdentifier")
    if not named:
        fail("MissingParameter", "The request must contain the parameter SourceDBInstanceIdentifier")
    source = check.find(call, named)
    check.check_available(source, "create a read replica")
    if not source.backup_retention_period and not (source_of(source) and catalogue.major(source.engine_version) >= CASCADES):
        fail(
            "InvalidDBInstanceState",
            "Automated backups are not enabled for this database instance. To enable automated backups, use ModifyDBInstance to "
            "set the backup retention period to a non-zero value.",
        )
    if source.manage_master_user_password:
        # RDS User Guide, "Limitations for Secrets Manager integration with Amazon RDS"; the message: terraform-aws-modules/terraform-aws-rds#532.
        check.invalid(
            f"Creating read replicas for source instance with engine {source.engine} where ManageMasterUserPassword is enabled is not supported."
        )
    most = int(call.world.quotas.get("rds/ReadReplicasPerMaster", MOST))
    if len(replicas_of(source)) >= most:
        check.invalid(f"{source.db_instance_identifier} has {most} read replicas already.")
    if call.get("DBSubnetGroupName") and not named.startswith("arn:"):
        # aws/aws-cdk#5530; with an ARN it is taken: hashicorp/terraform-provider-aws#40426.
        fail(
            "DBSubnetGroupNotAllowedFault",
            "DbSubnetGroupName should not be specified for read replicas that are created in the same region as the master",
        )
    group = getattr(source, "db_subnet_group", None)
    inherited = {name: getattr(source, attribute, None) for name, attribute in INHERITED.items()}
    if inherited["OptionGroupName"].startswith("default:"):
        # It is that of the version, and moto has it for none.
        del inherited["OptionGroupName"]
    asked = {name: call.get(name) for name in (*INHERITED, *OWN) if call.get(name) is not None}
    fixed = {
        "DBInstanceIdentifier": identifier,
        "Engine": source.engine,
        "EngineVersion": source.engine_version,
        "DBName": source.db_name,
        "MasterUsername": source.master_username,
        # It is the source's, and moto lets nobody read it.
        "MasterUserPassword": getattr(source, "_master_user_password", None) or secrets.token_urlsafe(24),
        # "always encrypted with the same KMS key as the source" (KmsKeyId).
        "StorageEncrypted": bool(source.storage_encrypted),
        "KmsKeyId": source.kms_key_id if source.storage_encrypted else None,
        "DBSubnetGroupName": call.get("DBSubnetGroupName") or (group.name if group else None),
        "PreferredBackupWindow": source.preferred_backup_window,
        "PreferredMaintenanceWindow": source.preferred_maintenance_window,
        "BackupRetentionPeriod": 0,
    }
    request = {name: value for name, value in (inherited | asked | fixed).items() if value is not None}
    rds.create(call.like(request))
    call.rds.databases[identifier]._follows = source.dbi_resource_id
    return rds.view(call, call.rds.databases[identifier])


def promote(call: Call):
    """It restarts, and has backups then unless they are turned off."""
    from provision_localstack import rds, rds_modify

    database = check.find(call)
    check.check_available(database, "promote it")
    if source_of(database) is None:
        # The one refusal of the API reference that is about the instance itself.
        fail("InvalidDBInstanceState", f"DB Instance {database.db_instance_identifier} is not a read replica.")
    check.check_common(call)
    database._follows = None
    database.backup_retention_period = call.get("BackupRetentionPeriod", 1)
    if call.get("PreferredBackupWindow"):
        database.preferred_backup_window = call.get("PreferredBackupWindow")
    rds_modify.take_time(call, database, "modifying", "db_modifying")
    return rds.view(call, database)


# --- refusals of other calls ---------------------------------------------------------------------


def check_delete(call: Call, database):
    if call.get("FinalDBSnapshotIdentifier") and source_of(database):
        # The message: hashicorp/terraform-provider-aws#4276.
        check.combination("FinalDBSnapshotIdentifier can not be specified when deleting a replica instance")


def check_modify(database, wanted: dict):
    replica = source_of(database)
    if replica and wanted.get("MasterUserPassword") is not None:
        # terraform-aws-modules/terraform-aws-rds#526.
        check.combination(
            f"Cannot change master user password on an RDS {database.engine} Read Replica because it uses physical replication and "
            "therefore cannot differ from its parent."
        )
    if wanted.get("BackupRetentionPeriod") == 0 and replicas_of(database):
        # "Can't be set to 0 if the DB instance is a source to read replicas" (ModifyDBInstance, BackupRetentionPeriod).
        check.invalid("Backups cannot be disabled for a DB instance that is a source to read replicas.")


def check_upgrade(database, new: str):
    """A minor upgrade: "If your database has read replicas, you must first upgrade all of the read replicas before you upgrade the source
    instance or cluster" (RDS User Guide, "Upgrades of the RDS for PostgreSQL DB engine"). The code and the words:
    ministryofjustice/cloud-platform-environments#46021."""
    older = [one for one in replicas_of(database) if catalogue.number(one.engine_version) < catalogue.number(new)]
    if older and catalogue.major(new) == catalogue.major(database.engine_version):
        names = ", ".join(one.db_instance_identifier for one in older)
        fail("DBUpgradeDependencyFailure", f"One or more of the DB Instance's read replicas need to be upgraded: {names}")


def let_go(database):
    """ "If you delete a source DB instance without deleting its read replicas in the same AWS Region, each read replica is promoted to
    a standalone DB instance"."""
    for replica in replicas_of(database):
        replica._follows = None


def upgraded(database):
    """A major upgrade: "Amazon RDS upgrades the replicas along with the primary DB instance" (RDS User Guide, "Upgrades of the RDS for
    PostgreSQL DB engine")."""
    from provision_localstack import rds_modify, rds_parameters

    for replica in replicas_of(database):
        if catalogue.major(replica.engine_version) != catalogue.major(database.engine_version):
            replica.engine_version = database.engine_version
            rds_modify.derive(replica)
            rds_parameters.upgraded(replica)
