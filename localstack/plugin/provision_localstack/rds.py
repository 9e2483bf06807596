"""RDS over moto's back end: instances that take their time, sit in their subnets and are refused when AWS refuses."""

import json
import secrets
import string
from datetime import timedelta

import moto.rds.models
# LocalStack loads it at the first call of that service, and its patches add fields that older secrets then lack.
import localstack.services.secretsmanager.provider  # noqa: F401
from botocore import xform_name

from provision_localstack import rds_catalogue as catalogue
from provision_localstack import rds_check as check
from provision_localstack import quotas, rds_blue_green, rds_events, rds_groups, rds_modify, rds_parameters, rds_place, rds_replica
from provision_localstack import rds_restore, rds_status, rds_upgrade
from provision_localstack.service import Call, Overrides, fail, page

overrides = Overrides("rds")
on = overrides.on
rds_blue_green.register(on)
rds_events.register(on)
rds_groups.register(on)
rds_modify.register(on)
rds_parameters.register(on)
rds_replica.register(on)
rds_restore.register(on)
rds_status.register(on)
rds_upgrade.register(on)
on("DescribeDBEngineVersions")(catalogue.describe_engine_versions)
on("DescribeOrderableDBInstanceOptions")(catalogue.describe_orderable)
on("DescribeAccountAttributes")(quotas.describe_account_attributes)

DBInstance = moto.rds.models.DBInstance
# Fields that moto forgets at creation, and what AWS shows when they are not given.
DROPPED = {
    "MonitoringInterval": 0,
    "MonitoringRoleArn": None,
    "NetworkType": "IPV4",
    "EngineLifecycleSupport": "open-source-rds-extended-support",
    "PerformanceInsightsKMSKeyId": None,
    "PerformanceInsightsRetentionPeriod": None,
    "BackupTarget": "region",
    "AwsBackupRecoveryPointArn": None,
    "DatabaseInsightsMode": "standard",
    "DedicatedLogVolume": False,
}
UPPER = string.ascii_uppercase + string.digits


def endpoint(database):
    if database.status == "creating":
        return None
    return {"Address": database.address, "Port": database.port, "HostedZoneId": "Z29XKXDKYMONMX"}


DBInstance.endpoint = property(endpoint)
# Only instances of clusters have a port here; that of the others is in the endpoint.
DBInstance.db_instance_port = property(lambda self: 0)
# "The latest time to which a database can be restored": without automated backups there is none.
DBInstance.latest_restorable_time = property(
    lambda self: rds_restore.window(self)[1] if self.backup_retention_period and self.status != "creating" else None
)
# moto stores the same made-up user and password in every managed secret.
moto.rds.models.MasterUserSecret._generate_secret_string = lambda self: json.dumps(
    {"username": self.resource.master_username, "password": secrets.token_urlsafe(24)}
)

# A key that is named is one of LocalStack's, which moto does not know.
key_of_secret = moto.rds.models.MasterUserSecret.kms_key_id.fget


def kms_key_id(secret) -> str:
    named = secret.secret.kms_key_id or ""
    return named if named.startswith("arn:") else key_of_secret(secret)


moto.rds.models.MasterUserSecret.kms_key_id = property(kms_key_id)


take_automated_backup = DBInstance.save_automated_backup


def save_automated_backup(database):
    """moto names automated snapshots by the minute: a namesake of the same minute is no reason to refuse a database."""
    try:
        take_automated_backup(database)
    except moto.rds.models.DBSnapshotAlreadyExistsError:
        pass


DBInstance.save_automated_backup = save_automated_backup


def view(call: Call, database) -> dict:
    """The instance as DescribeDBInstances shows it now."""
    shown = call.ask("DescribeDBInstances", DBInstanceIdentifier=database.db_instance_identifier)
    return {"DBInstance": shown["DBInstances"][0]}


# --- creation ------------------------------------------------------------------------------------


@on("CreateDBInstance")
def create(call: Call):
    if call.get("Engine") != "postgres" or call.get("DBClusterIdentifier"):
        return call.forward()
    identifier = (call.get("DBInstanceIdentifier") or "").lower()
    if identifier in call.rds.databases:
        fail("DBInstanceAlreadyExists", "DB instance already exists")
    version, storage = check.check_create(call)
    check.check_domain(call.request)
    group_name = (call.get("DBSubnetGroupName") or rds_groups.default(call)).lower()
    group = rds_groups.find_used(call, group_name)
    vpc_id = group.vpc_id
    check.check_groups(call, call.get("VpcSecurityGroupIds"), vpc_id)
    default = call.ec2.get_default_security_group(vpc_id)
    changes = {
        "DBInstanceIdentifier": identifier,
        "EngineVersion": version,
        "StorageType": storage,
        "VpcSecurityGroupIds": call.get("VpcSecurityGroupIds") or [default.id],
        "LicenseModel": "postgresql-license",
        "CACertificateIdentifier": call.get("CACertificateIdentifier") or "rds-ca-rsa2048-g1",
        "PreferredBackupWindow": call.get("PreferredBackupWindow") or "13:14-13:44",
        "PreferredMaintenanceWindow": call.get("PreferredMaintenanceWindow") or "wed:06:38-wed:07:08",
        # "If the default VPC in the target Region has an internet gateway attached to it, the DB instance is public"
        # (CreateDBInstance, PubliclyAccessible).
        "PubliclyAccessible": bool(call.get("PubliclyAccessible", not call.get("DBSubnetGroupName"))),
        "DBSubnetGroupName": group_name,
    }
    if call.get("StorageEncrypted"):
        changes["KmsKeyId"] = call.key_arn(call.get("KmsKeyId") or "alias/aws/rds")
    check.check_limit(call.get("AllocatedStorage"), call.get("MaxAllocatedStorage"))
    parameters = (call.get("DBParameterGroupName") or "default.").lower()
    if parameters.startswith("default."):
        changes["DBParameterGroupName"] = None
    else:
        changes["DBParameterGroupName"] = rds_parameters.find_used(call, parameters).name
        rds_modify.checked_parameters(call, changes, version)
    rds_place.check_network_type(call.get("NetworkType") or "IPV4", group._subnets)
    zone = call.get("AvailabilityZone")
    if zone and zone not in rds_place.zones(call, group):
        fail("InvalidVPCNetworkStateFault", f"The DB subnet group {group_name} has no subnet in {zone}.")
    # Not passed on: a restore comes here with the parameters of a creation.
    call.ask("CreateDBInstance", **{name: value for name, value in (call.request | changes).items() if value is not None})
    database = call.rds.databases[identifier]
    settle_in(call, database, zone)
    return view(call, database)


def settle_in(call: Call, database, zone=None):
    """What moto leaves out of a new instance, and the time that its creation takes."""
    # moto takes the first automated snapshot before the instance has its own id.
    first = [each for each in call.rds.database_snapshots.values() if each.dbi_resource_id == database.dbi_resource_id]
    database.dbi_resource_id = "db-" + "".join(secrets.choice(UPPER) for _ in range(26))
    for snapshot in first:
        snapshot.dbi_resource_id = snapshot.database.dbi_resource_id = database.dbi_resource_id
    database.pending_modified_values = {}
    database._queued, database._running = {}, {}
    database.ca_certificate_identifier = call.get("CACertificateIdentifier") or "rds-ca-rsa2048-g1"
    database.performance_insights_enabled = bool(call.get("EnablePerformanceInsights"))
    for field, default in DROPPED.items():
        setattr(database, xform_name(field), call.get(field, default))
    database._optimizing = False
    database._domain = call.get("Domain") or "none"
    database._domain_role = call.get("DomainIAMRoleName")
    rds_place.join_domain(database)
    rds_modify.watch(call, database)
    rds_modify.derive(database)
    rds_place.move_in(call.ec2, database, zone)
    rds_modify.take_time(call, database, "creating", "db_creating")


# --- reading -------------------------------------------------------------------------------------


# The authorities of today end in 2061 and later, and the certificate of an instance a year after it was made or rotated ("Using SSL/TLS
# to encrypt a connection", user guide); moto shows neither.
CERTIFICATE_DAYS = 365


@on("DescribeDBInstances")
def describe(call: Call):
    catalogue.records(call)
    shown = call.forward()
    for row in shown.get("DBInstances") or []:
        made = row.get("InstanceCreateTime")
        if made and row.get("CACertificateIdentifier"):
            row["CertificateDetails"] = {
                "CAIdentifier": row["CACertificateIdentifier"],
                "ValidTill": made + timedelta(days=CERTIFICATE_DAYS),
            }
    return shown


@on("DescribeDBSnapshots")
def describe_snapshots(call: Call):
    catalogue.records(call)
    if (found := rds_restore.of_others(call)) is not None:
        return found
    resource = call.get("DbiResourceId")
    if not resource:
        return call.forward()
    # moto leaves it out of account.
    by_resource = {"Name": "dbi-resource-id", "Values": [resource]}
    rest = {name: value for name, value in call.request.items() if name != "DbiResourceId"}
    return call.forward(rest | {"Filters": [*(call.get("Filters") or []), by_resource]})


@on("DescribePendingMaintenanceActions")
def describe_maintenance(call: Call):
    """Only what has something pending is listed, each by its ARN (API model, PendingMaintenanceActionsMessage): the control page puts it there."""
    wanted = [value for each in call.get("Filters") or [] if each["Name"] == "db-instance-id" for value in each["Values"]]
    named = call.get("ResourceIdentifier")
    rows = []
    for database in call.rds.databases.values():
        arn, actions = database.db_instance_arn, getattr(database, "_maintenance", [])
        is_asked = named in (None, arn) and (not wanted or arn in wanted or database.db_instance_identifier in wanted)
        if actions and is_asked:
            rows.append({"ResourceIdentifier": arn, "PendingMaintenanceActionDetails": [dict(each) for each in actions]})
    if named and not any(each.db_instance_arn == named for each in call.rds.databases.values()):
        fail("ResourceNotFoundFault", f"The specified resource {named} was not found.", 404)
    bad_marker = lambda: check.invalid("The marker is not valid.")
    shown, marker = page(rows, call.get("MaxRecords") or 100, call.get("Marker"), bad_marker)
    return {"PendingMaintenanceActions": shown} | ({"Marker": marker} if marker else {})


@on("DescribeDBInstanceAutomatedBackups")
def describe_backups(call: Call):
    """Those of living instances, and those that were kept when theirs was deleted; by resource id."""
    resource = call.get("DbiResourceId")
    living = {database.dbi_resource_id for database in call.rds.databases.values()}
    rows = {}
    for snapshot in call.rds.database_snapshots.values():
        of = snapshot.database.dbi_resource_id
        if snapshot.snapshot_type != "automated" or resource not in (None, of):
            continue
        rows[of] = {
            "DBInstanceIdentifier": snapshot.db_instance_identifier,
            "DbiResourceId": of,
            "Region": call.region,
            "Status": "active" if of in living else "retained",
            "RestoreWindow": {"EarliestTime": snapshot.created, "LatestTime": snapshot.created},
        }
    if resource and not rows:
        fail("DBInstanceAutomatedBackupNotFound", f"No automated backup of {resource} was found.", 404)
    return {"DBInstanceAutomatedBackups": list(rows.values())}


# --- deletion and restarts -----------------------------------------------------------------------


@on("DeleteDBInstance")
def delete(call: Call):
    database = check.find(call)
    identifier, final = database.db_instance_identifier, call.get("FinalDBSnapshotIdentifier")
    if database.status == "deleting":
        fail("InvalidDBInstanceState", f"Instance {identifier} is already being deleted.")
    if database.deletion_protection:
        check.combination("Cannot delete protected DB Instance, please disable deletion protection and try again.")
    if call.get("SkipFinalSnapshot") and final:
        check.combination("FinalDBSnapshotIdentifier can not be specified when deleting with SkipFinalSnapshot.")
    if not call.get("SkipFinalSnapshot") and not final:
        check.combination("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")
    rds_replica.check_delete(call, database)
    if final:
        rds_status.check_final_snapshot(database)
        call.rds.validate_db_snapshot_identifier(final, parameter_name="FinalDBSnapshotIdentifier")
        quotas.check_snapshots(call)
        call.rds.create_db_snapshot(identifier, final.lower(), snapshot_type="manual")
    rds, ec2, backups = call.rds, call.ec2, call.get("DeleteAutomatedBackups", True)

    def finish(_due):
        rds_place.move_out(ec2, database)
        rds_replica.let_go(database)
        rds.delete_db_instance(identifier, skip_final_snapshot=True, delete_automated_backups=backups)

    call.world.forget(database.dbi_resource_id)
    call.world.forget(rds_modify.storage_key(database))
    database.status = "deleting"
    call.world.later(database.dbi_resource_id, "db_deleting", finish)
    return view(call, database)


@on("RebootDBInstance")
def reboot(call: Call):
    database = check.find(call)
    rds_status.check_reboot(database)
    if call.get("ForceFailover"):
        if not database.multi_az:
            check.combination("Cannot force failover for a DB instance that is not Multi-AZ.")
        return fail_over(call, database)
    if getattr(database, "_parameter_status", "") == "pending-reboot":
        database._parameter_status = "in-sync"
    rds_modify.take_time(call, database, "rebooting", "db_rebooting")
    return view(call, database)


def fail_over(call: Call, database):
    """The standby takes over while the status says `rebooting`; the zones change places at the end ("the Availability Zone may not
    reflect the change for several minutes", RebootDBInstance)."""
    world = call.world
    rds_events.note(world, database, "Multi-AZ instance failover started.", "failover")

    def finish(_due):
        rds_place.swap(database)
        if getattr(database, "_parameter_status", "") == "pending-reboot":
            database._parameter_status = "in-sync"
        rds_modify.rest(database)
        rds_events.note(world, database, "DB instance restarted", "availability")
        rds_events.note(world, database, "Multi-AZ instance failover completed", "failover")

    database.status = "rebooting"
    world.later(database.dbi_resource_id, "db_rebooting", finish)
    return view(call, database)


# --- tags ----------------------------------------------------------------------------------------

KINDS = {
    "db": ("databases", "DBInstanceNotFound", "DBInstance"),
    "pg": ("db_parameter_groups", "DBParameterGroupNotFound", "DBParameterGroup"),
    "subgrp": ("subnet_groups", "DBSubnetGroupNotFoundFault", "DBSubnetGroup"),
    "snapshot": ("database_snapshots", "DBSnapshotNotFound", "DBSnapshot"),
}


@on("AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource")
def tags(call: Call):
    parts = (call.get("ResourceName") or "").split(":", 6)
    if len(parts) == 7 and parts[5] in KINDS:
        store, code, kind = KINDS[parts[5]]
        if parts[6] not in getattr(call.rds, store):
            fail(code, f"{kind} {parts[6]} not found.", 404)
    for tag in call.get("Tags") or []:
        if tag["Key"].lower().startswith("aws:"):
            check.invalid("Tag keys starting with aws: are reserved.")
    return call.forward()
