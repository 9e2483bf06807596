"""ModifyDBInstance: what is applied now, what waits for the maintenance window, and how long it takes."""

import time

from botocore import xform_name
from moto.ec2 import ec2_backends
from moto.rds.models import rds_backends

from provision_localstack import rds_catalogue as catalogue
from provision_localstack import rds_check as check
from provision_localstack import rds_groups, rds_parameters, rds_place, rds_replica, rds_upgrade, rds_windows, world
from provision_localstack.service import Call, fail

# Field of the request: (member of PendingModifiedValues, attribute of moto's instance).
QUEUED = {
    "DBInstanceClass": ("DBInstanceClass", "db_instance_class"),
    "EngineVersion": ("EngineVersion", "engine_version"),
    "AllocatedStorage": ("AllocatedStorage", "allocated_storage"),
    "StorageType": ("StorageType", "storage_type"),
    "Iops": ("Iops", "iops"),
    "StorageThroughput": ("StorageThroughput", "storage_throughput"),
    "MultiAZ": ("MultiAZ", "multi_az"),
    "BackupRetentionPeriod": ("BackupRetentionPeriod", "backup_retention_period"),
    "EnableIAMDatabaseAuthentication": ("IAMDatabaseAuthenticationEnabled", "enable_iam_database_authentication"),
    "CACertificateIdentifier": ("CACertificateIdentifier", "ca_certificate_identifier"),
    "DedicatedLogVolume": ("DedicatedLogVolume", "dedicated_log_volume"),
    "NetworkType": ("NetworkType", "network_type"),
    "Domain": ("Domain", "_domain"),
    "DomainIAMRoleName": ("DomainIAMRoleName", "_domain_role"),
    "NewDBInstanceIdentifier": ("DBInstanceIdentifier", "db_instance_identifier"),
    "DBSubnetGroupName": ("DBSubnetGroupName", "db_subnet_group_name"),
}
ATTRIBUTES = dict(QUEUED.values()) | {"Port": "port"}
# PendingModifiedValues has no member for these (RDS API reference).
NOT_SHOWN = {"NetworkType", "Domain", "DomainIAMRoleName"}
SECRET = "MasterUserPassword"
STORAGE = {"AllocatedStorage", "StorageType", "Iops", "StorageThroughput"}
# Members that moto forgets, and that RDS changes at once.
AT_ONCE = {"MonitoringInterval", "MonitoringRoleArn", "EngineLifecycleSupport", "DatabaseInsightsMode"}
INSIGHTS = {"EnablePerformanceInsights", "PerformanceInsightsRetentionPeriod", "PerformanceInsightsKMSKeyId"}
FLAGS = {"DBInstanceIdentifier", "ApplyImmediately", "AllowMajorVersionUpgrade", "DBPortNumber", SECRET}


def register(on):
    on("ModifyDBInstance")(modify)


def rest(database):
    """What the instance is when nothing else goes on."""
    database.status = "storage-optimization" if getattr(database, "_optimizing", False) else "available"


def storage_key(database) -> str:
    return f"{database.dbi_resource_id}/storage"


def optimize(account_id: str, database, values: dict):
    """After a change of storage comes a time in which there can be no other."""
    account = world.account(account_id)
    if not values.keys() & STORAGE or not account.setting("db_optimizing"):
        return

    def finish(_due):
        database._optimizing = False
        if database.status == "storage-optimization":
            database.status = "available"

    database._optimizing = True
    account.forget(storage_key(database))
    account.later(storage_key(database), "db_optimizing", finish)


def take_time(call: Call, database, state: str, setting: str):
    """The instance is in `state` until the time of `setting` is over."""

    def finish(_due):
        rest(database)

    database.status = state
    call.world.later(database.dbi_resource_id, setting, finish)


def current(database, member: str):
    if member == "DBSubnetGroupName":
        group = getattr(database, "db_subnet_group", None)
        return group.name if group else None
    return getattr(database, ATTRIBUTES[member], None)


def modify(call: Call):
    from provision_localstack import rds_status
    from provision_localstack.rds import view

    database = check.find(call)
    if not hasattr(database, "_queued"):
        return call.forward()
    rds_status.check_modify(call, database)
    wanted = checked(call, database)
    if "NetworkType" in wanted:
        rds_place.check_network_type(wanted["NetworkType"], rds_place.subnets(database))
    queued = {QUEUED[field][0]: value for field, value in wanted.items() if field in QUEUED}
    queued = {member: value for member, value in queued.items() if value is not None}
    if 0 not in (queued.get("BackupRetentionPeriod", 1), database.backup_retention_period):
        # Between two retentions that are not zero nothing restarts, so nothing waits.
        if "BackupRetentionPeriod" in queued:
            database.backup_retention_period = queued.pop("BackupRetentionPeriod")
            database._queued.pop("BackupRetentionPeriod", None)
    now = {}
    if call.get("DBPortNumber") not in (None, database.port):
        now["Port"] = call.get("DBPortNumber")
    if call.get(SECRET) is not None:
        now[SECRET] = call.get(SECRET)

    upgrades = catalogue.major(wanted.get("EngineVersion", database.engine_version)) != catalogue.major(database.engine_version)
    if "DBParameterGroupName" in wanted:
        rds_parameters.attach(call, database, wanted.pop("DBParameterGroupName"), upgrades)
    watch(call, database)
    for field in AT_ONCE & wanted.keys():
        setattr(database, xform_name(field), wanted[field])
    if wanted.get("MonitoringInterval") == 0:
        database.monitoring_role_arn = None
    direct = {field: value for field, value in wanted.items() if field not in QUEUED.keys() | FLAGS | INSIGHTS | AT_ONCE}
    if direct:
        call.forward(direct | {"DBInstanceIdentifier": database.db_instance_identifier, "ApplyImmediately": True})
        rds_place.regroup(call.ec2, database)

    # A value that goes back to what is takes the change out of the queue again.
    database._queued |= queued
    database._queued = {name: value for name, value in database._queued.items() if value != current(database, name)}
    if call.get("ApplyImmediately"):
        now |= database._queued
        database._queued = {}
    if now:
        database._running |= now
        begin(call, database)
    show_pending(database)
    return view(call, database)


def begin(call: Call, database):
    """First a lag in which the instance still says available, then `modifying`, then the values are there."""
    world, account_id, region = call.world, call.account_id, call.region

    def done(_due):
        values, database._running = database._running, {}
        if "EngineVersion" in values and rds_upgrade.refused(world, database):
            del values["EngineVersion"]
        apply(account_id, region, database, values)
        rest(database)

    def modifying(due):
        # "upgrading: The DB engine or operating system version is being upgraded" ("Viewing Amazon RDS DB instance status").
        database.status = "upgrading" if "EngineVersion" in database._running else "modifying"
        world.later(database.dbi_resource_id, "db_modifying", done, begun=due)

    world.forget(database.dbi_resource_id)
    world.later(database.dbi_resource_id, "db_modify_lag", modifying, begun=time.time())


def show_pending(database):
    pending = database._queued | database._running
    pending = {member: value for member, value in pending.items() if member not in NOT_SHOWN}
    database.pending_modified_values = pending | ({SECRET: "****"} if SECRET in pending else {})


def apply(account_id: str, region: str, database, values: dict):
    rds, ec2 = rds_backends[account_id][region], ec2_backends[account_id][region]
    for member, value in values.items():
        if member == SECRET:
            database.master_user_password = value
        elif member == "DBInstanceIdentifier":
            del rds.databases[database.db_instance_identifier]
            database.db_instance_identifier = value
            rds.databases[value] = database
        else:
            setattr(database, ATTRIBUTES[member], value)
    derive(database)
    if values.keys() & {"MultiAZ", "DBSubnetGroupName"}:
        rds_place.move_in(ec2, database)
    if values.keys() & {"Domain", "DomainIAMRoleName"}:
        rds_place.join_domain(database)
    if "EngineVersion" in values:
        rds_parameters.upgraded(database)
        rds_replica.upgraded(database)
    optimize(account_id, database, values)
    show_pending(database)


def apply_pending(account_id: str) -> int:
    """The maintenance window of every instance of the account: what waits is applied. Returns how many changed."""
    changed = 0
    for region in list(rds_backends[account_id]):
        for database in list(rds_backends[account_id][region].databases.values()):
            if database.status in ("available", "storage-optimization", "storage-initialization") and (values := getattr(database, "_queued", {})):
                database._queued = {}
                apply(account_id, region, database, values)
                rest(database)
                changed += 1
    return changed


def watch(call: Call, database):
    """Performance Insights: on or off at once, with a key that stays."""
    if (on := call.get("EnablePerformanceInsights")) is not None:
        database.performance_insights_enabled = on
    if not database.performance_insights_enabled:
        database.performance_insights_retention_period = None
        return
    kept, asked = database.performance_insights_kms_key_id, call.get("PerformanceInsightsKMSKeyId")
    # A key that is left out is the default one, also where there is another.
    asked = call.key_arn(asked or "alias/aws/rds") if asked or on else kept
    if kept and asked != kept:
        check.combination("The Performance Insights KMS key cannot be changed.")
    database.performance_insights_kms_key_id = asked
    kept = database.performance_insights_retention_period
    database.performance_insights_retention_period = call.get("PerformanceInsightsRetentionPeriod") or kept or 7


def derive(database):
    """What follows from version and storage."""
    major = catalogue.major(database.engine_version)
    if database.option_group_name.startswith("default:"):
        database.option_group_name = f"default:postgres-{major}"
    group = database.db_parameter_group_name
    if group and database.is_default_parameter_group(group):
        database.db_parameter_group_name = None
    small = database.allocated_storage < check.BIG_GP3
    if database.storage_type == "gp3":
        least = (3000, 125) if small else (12000, 500)
        database.iops = least[0] if small else max(database.iops or 0, least[0])
        database.storage_throughput = least[1] if small else max(database.storage_throughput or 0, least[1])
    elif database.storage_type not in ("io1", "io2"):
        database.iops = None
    if database.storage_type != "gp3":
        database.storage_throughput = None


# --- refusals ------------------------------------------------------------------------------------


def checked(call: Call, database) -> dict:
    """The request with its values normalised, or a refusal."""
    check.check_common(call)
    wanted = {field: value for field, value in call.request.items() if value is not None} | unmodelled(call)
    if not wanted.keys() - {"DBInstanceIdentifier", "ApplyImmediately", "AllowMajorVersionUpgrade"}:
        check.combination("No modifications were requested")
    problem = rds_windows.trouble(
        wanted.get("PreferredMaintenanceWindow", database.preferred_maintenance_window),
        wanted.get("PreferredBackupWindow", database.preferred_backup_window),
    )
    if problem:
        check.invalid(problem)
    backed_up(database, wanted)
    rds_replica.check_modify(database, wanted)
    if wanted.pop("RotateMasterUserPassword", False) and not call.get("ApplyImmediately"):
        # With it, nothing happens: the secret keeps its value, there being no function here that rotates it.
        check.combination("You must specify apply immediately when rotating the master user password.")
    if "PreferredMaintenanceWindow" in wanted:
        wanted["PreferredMaintenanceWindow"] = wanted["PreferredMaintenanceWindow"].lower()
    check.check_domain(wanted)
    if "EngineVersion" in wanted:
        wanted["EngineVersion"] = checked_version(call, database, wanted["EngineVersion"])
    vpc_id = database.db_subnet_group.vpc_id
    if "DBSubnetGroupName" in wanted:
        wanted["DBSubnetGroupName"] = wanted["DBSubnetGroupName"].lower()
        vpc_id = checked_move(call, database, wanted["DBSubnetGroupName"], vpc_id)
    check.check_groups(call, wanted.get("VpcSecurityGroupIds"), vpc_id)
    version = wanted.get("EngineVersion", database._queued.get("EngineVersion", database.engine_version))
    checked_parameters(call, wanted, version, database)
    checked_storage(call, database, wanted)
    size = wanted.get("AllocatedStorage", database.allocated_storage)
    check.check_limit(size, wanted.get("MaxAllocatedStorage"))
    exports = wanted.get("CloudwatchLogsExportConfiguration") or {}
    if missing := set(exports.get("DisableLogTypes") or []) - set(database.enabled_cloudwatch_logs_exports):
        check.combination(f"The log types {sorted(missing)} are not enabled.")
    checked_password(database, wanted)
    check.check_insights(
        wanted.get("DatabaseInsightsMode", database.database_insights_mode),
        wanted.get("EnablePerformanceInsights", database.performance_insights_enabled),
        wanted.get("PerformanceInsightsRetentionPeriod", database.performance_insights_retention_period),
    )
    storage = wanted.get("StorageType", current(database, "StorageType"))
    check.check_log_volume(wanted.get("DedicatedLogVolume", current(database, "DedicatedLogVolume")), storage)
    if "NewDBInstanceIdentifier" in wanted:
        wanted["NewDBInstanceIdentifier"] = wanted["NewDBInstanceIdentifier"].lower()
        call.rds._validate_db_identifier(wanted["NewDBInstanceIdentifier"])
        if wanted["NewDBInstanceIdentifier"] in call.rds.databases.keys() - {database.db_instance_identifier}:
            fail("DBInstanceAlreadyExists", "DB instance already exists")
    return wanted


def backed_up(database, wanted: dict):
    """What AWS Backup has taken over is not changed here (crossplane-contrib/provider-aws#1356, the message too; of the window:
    hashicorp/terraform-provider-aws#33465)."""
    point = database.aws_backup_recovery_point_arn
    now = {"BackupRetentionPeriod": database.backup_retention_period, "PreferredBackupWindow": database.preferred_backup_window}
    for field, value in now.items():
        if point and wanted.get(field, value) != value:
            check.invalid(
                f"Your RDS instance {database.db_instance_identifier} is associated with an AWS Backup resource with id {point}. "
                f"You can leave {field} blank, or you can specify it only with the current value {value}. "
                "For more details, see the AWS Backup documentation."
            )


def unmodelled(call: Call) -> dict:
    """Members that the API has (aws-sdk-rds 1.159) and the emulator's botocore does not know yet."""
    sent = call.context.request.values
    return {name: sent[name] for name in ("EngineLifecycleSupport",) if name in sent}


def checked_version(call: Call, database, asked: str) -> str:
    now, new = database.engine_version, catalogue.resolve(asked)
    if asked == str(catalogue.major(now)) and new is not None:
        new = max(now, new, key=catalogue.number)
        if new != now:
            rds_replica.check_upgrade(database, new)
        return new
    if new is None:
        check.combination(f"Cannot find version {asked} for postgres")
    if catalogue.number(new) < catalogue.number(now):
        check.combination(f"Cannot upgrade postgres from {now} to {new}")
    if new != now and new not in catalogue.upgrade_targets(now):
        check.combination(f"Cannot upgrade postgres from {now} to {new}")
    if catalogue.major(new) != catalogue.major(now) and not call.get("AllowMajorVersionUpgrade"):
        check.combination("The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version.")
    if new != now:
        rds_replica.check_upgrade(database, new)
    return new


def checked_move(call: Call, database, name: str, vpc_id: str) -> str:
    group = rds_groups.find(call, name)
    if name == current(database, "DBSubnetGroupName"):
        return vpc_id
    if group.vpc_id == vpc_id:
        fail(
            "InvalidVPCNetworkStateFault",
            f"You cannot move DB instance {database.db_instance_identifier} to subnet group {name}. "
            f"The specified DB subnet group and DB instance are in the same VPC. Choose a DB subnet group in different VPC than the specified DB instance and try again.",
        )
    return group.vpc_id


def checked_parameters(call: Call, wanted: dict, version: str, database=None):
    """A group is of the version's family; one that is not can only be the instance's own before a major upgrade."""
    name = (wanted.get("DBParameterGroupName") or (database and database.db_parameter_group_name) or "default.").lower()
    family = f"postgres{catalogue.major(version)}"
    if name.startswith("default."):
        if name not in ("default.", f"default.{family}"):
            check.combination(f"The parameter group {name} is not of {family}.")
        return
    group = rds_parameters.find_used(call, name)
    if group.family != family:
        check.combination(f"The parameter group {group.name} with family {group.family} is not of {family}.")


def checked_storage(call: Call, database, wanted: dict):
    fields = {"AllocatedStorage", "StorageType", "Iops", "StorageThroughput"}
    if not wanted.keys() & fields:
        return
    if getattr(database, "_optimizing", False):
        check.combination("You can't currently modify the storage of this DB instance because the previous storage change is being optimized.")
    if wanted.get("AllocatedStorage", database.allocated_storage) < database.allocated_storage:
        check.combination(f"Invalid storage size for engine name postgres and storage type {database.storage_type}: the allocated storage cannot be reduced.")
    size = wanted.get("AllocatedStorage", database.allocated_storage)
    if database.allocated_storage < size < database.allocated_storage * 1.1:
        # RDS grows by a tenth at least, and says so only by what it then has.
        size = wanted["AllocatedStorage"] = -(-database.allocated_storage * 11 // 10)
    storage = wanted.get("StorageType", database.storage_type)
    kept_iops = database.iops if storage == database.storage_type and storage in ("io1", "io2") else None
    check.check_storage(call, storage, size, wanted.get("Iops", kept_iops), wanted.get("StorageThroughput"))


def checked_password(database, wanted: dict):
    managed = wanted.get("ManageMasterUserPassword")
    has_secret = bool(database.manage_master_user_password)
    if managed and SECRET in wanted:
        check.combination("You can't specify MasterUserPassword when ManageMasterUserPassword is true.")
    if managed is None and has_secret and SECRET in wanted:
        check.combination("You can't specify MasterUserPassword for an instance with a managed password.")
    if managed is False and has_secret and SECRET not in wanted:
        check.combination("MasterUserPassword is required when ManageMasterUserPassword is turned off.")
    if "MasterUserSecretKmsKeyId" in wanted and (has_secret or not managed):
        # "you can't change the KMS key used to encrypt the secret" (ModifyDBInstance, MasterUserSecretKmsKeyId).
        check.combination("You can specify MasterUserSecretKmsKeyId only when you turn ManageMasterUserPassword on.")
    if managed and has_secret:
        # It is already so; moto would make a second secret.
        del wanted["ManageMasterUserPassword"]
