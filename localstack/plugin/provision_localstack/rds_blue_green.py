"""Blue/green deployments of single databases: a copy of another version, which takes the name over.

Sources: RDS API reference, CreateBlueGreenDeployment, DescribeBlueGreenDeployments, SwitchoverBlueGreenDeployment, DeleteBlueGreenDeployment,
and the types BlueGreenDeployment and BlueGreenDeploymentTask (their statuses; DeleteTarget: "You can't specify this option if the blue/green
deployment status is SWITCHOVER_COMPLETED"); RDS User Guide, "Using Amazon RDS blue/green deployments": limitations (a password that
Secrets Manager manages), preparing (backups, `rds.logical_replication` in force for a major version), creating (`X-green-RANDOM`, its
settings are those of the one in production), switching (`X` and `X-old1`; the one before takes no writes; "tags of the blue environment
overwrite those of the green one"), deleting. Read replicas are copied too; here there are none.
"""

import random
import re
import secrets
import string
from datetime import UTC, datetime

from provision_localstack import rds_catalogue as catalogue
from provision_localstack import rds_check as check
from provision_localstack import rds_parameters
from provision_localstack.service import Call, fail

NAME = r"[a-zA-Z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*"
# Fields of a creation, and moto's attributes of the instance that is copied.
COPIED = {
    "DBInstanceClass": "db_instance_class",
    "AllocatedStorage": "allocated_storage",
    "StorageType": "storage_type",
    "Port": "port",
    "MultiAZ": "multi_az",
    "BackupRetentionPeriod": "backup_retention_period",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "PreferredBackupWindow": "preferred_backup_window",
    "AutoMinorVersionUpgrade": "auto_minor_version_upgrade",
    "CopyTagsToSnapshot": "copy_tags_to_snapshot",
    "EnableIAMDatabaseAuthentication": "enable_iam_database_authentication",
    "EnableCloudwatchLogsExports": "enabled_cloudwatch_logs_exports",
    "DeletionProtection": "deletion_protection",
    "MaxAllocatedStorage": "max_allocated_storage",
    "MonitoringInterval": "monitoring_interval",
    "MonitoringRoleArn": "monitoring_role_arn",
    "NetworkType": "network_type",
    "EnablePerformanceInsights": "performance_insights_enabled",
    "PerformanceInsightsKMSKeyId": "performance_insights_kms_key_id",
    "PerformanceInsightsRetentionPeriod": "performance_insights_retention_period",
    "DatabaseInsightsMode": "database_insights_mode",
    "CACertificateIdentifier": "ca_certificate_identifier",
    "PubliclyAccessible": "publicly_accessible",
    "EngineLifecycleSupport": "engine_lifecycle_support",
    "DedicatedLogVolume": "dedicated_log_volume",
}


def register(on):
    on("CreateBlueGreenDeployment")(create)
    on("DescribeBlueGreenDeployments")(describe)
    on("SwitchoverBlueGreenDeployment")(switch_over)
    on("DeleteBlueGreenDeployment")(delete)


def find(call: Call) -> dict:
    wanted = call.get("BlueGreenDeploymentIdentifier") or ""
    found = call.world.deployments.get(wanted)
    if found is None:
        fail("BlueGreenDeploymentNotFoundFault", f"BlueGreenDeployment {wanted} not found.", 404)
    return found


def shown(call: Call, one: dict) -> dict:
    """As DescribeBlueGreenDeployments shows it: both sides by their ARNs of now."""
    by_id = {database.dbi_resource_id: database for database in call.rds.databases.values()}
    source, target = by_id.get(one["blue"]), by_id.get(one["green"])
    done = one["status"] != "PROVISIONING"
    row = {
        "BlueGreenDeploymentIdentifier": one["id"],
        "BlueGreenDeploymentName": one["name"],
        "Status": one["status"],
        "CreateTime": one["made"],
        "Tasks": [
            {"Name": "CREATING_READ_REPLICA_OF_SOURCE", "Status": "COMPLETED" if done else "IN_PROGRESS"},
            {"Name": "DB_ENGINE_VERSION_UPGRADE", "Status": "COMPLETED" if done else "PENDING"},
            {"Name": "CONFIGURE_BACKUPS", "Status": "COMPLETED" if done else "PENDING"},
        ],
        "TagList": one["tags"],
    }
    if one.get("details"):
        row["StatusDetails"] = one["details"]
    if source:
        row["Source"] = source.db_instance_arn
    if target and done:
        row["Target"] = target.db_instance_arn
    if (target is None or source is None) and one["status"] == "AVAILABLE":
        # A member that somebody deleted: MISSING_TARGET, MISSING_SOURCE.
        row["Status"] = "INVALID_CONFIGURATION"
        row["StatusDetails"] = "A member of the deployment is missing."
    return row


def create(call: Call):
    from provision_localstack import rds

    name = call.get("BlueGreenDeploymentName") or ""
    if not re.fullmatch(NAME, name) or len(name) > 60:
        check.invalid(f"The parameter BlueGreenDeploymentName is not valid: {name}")
    if any(one["name"] == name for one in call.world.deployments.values()):
        fail("BlueGreenDeploymentAlreadyExistsFault", f"A blue/green deployment with the name {name} already exists.")
    source = check.find(call, call.get("Source"))
    check.check_available(source, "create a blue/green deployment")
    if any(source.dbi_resource_id == one["blue"] for one in call.world.deployments.values()):
        fail("SourceDatabaseNotSupportedFault", f"{source.db_instance_identifier} is in a blue/green deployment already.")
    if source.manage_master_user_password:
        fail("SourceDatabaseNotSupportedFault", "Blue/green deployments aren't supported for databases that manage the master user password.")
    if not source.backup_retention_period:
        fail("SourceDatabaseNotSupportedFault", "Automated backups are not enabled for this database instance.")
    now, version = source.engine_version, call.get("TargetEngineVersion") or source.engine_version
    if version != now and version not in catalogue.upgrade_targets(now):
        check.combination(f"Cannot upgrade postgres from {now} to {version}")
    major = catalogue.major(version) != catalogue.major(now)
    if major and not replicates_logically(call, source):
        fail("SourceDatabaseNotSupportedFault", "The source needs rds.logical_replication set to 1, in force, for another major version.")
    group = (call.get("TargetDBParameterGroupName") or "").lower() or (None if major else source.db_parameter_group_name)
    if group and not group.startswith("default."):
        its = rds_parameters.find_used(call, group)
        if its.family != f"postgres{catalogue.major(version)}":
            check.combination(f"The parameter group {group} with family {its.family} is not of postgres{catalogue.major(version)}.")
    copied = {field: getattr(source, attribute, None) for field, attribute in COPIED.items()}
    if source.storage_type in ("io1", "io2"):
        copied["Iops"] = source.iops
    if source.storage_encrypted:
        copied |= {"StorageEncrypted": True, "KmsKeyId": source.kms_key_id}
    if not copied.get("MonitoringInterval"):
        copied.pop("MonitoringRoleArn", None)
    green = "-green-" + "".join(random.choices(string.ascii_lowercase + string.digits, k=6))
    identifier = source.db_instance_identifier[: 63 - len(green)].rstrip("-") + green
    request = copied | {
        "DBInstanceIdentifier": identifier,
        "Engine": "postgres",
        "EngineVersion": version,
        "DBName": source.db_name,
        "MasterUsername": source.master_username,
        "MasterUserPassword": getattr(source, "_master_user_password", None) or secrets.token_urlsafe(24),
        "DBSubnetGroupName": source.db_subnet_group.name,
        "VpcSecurityGroupIds": list(source.vpc_security_group_ids),
        "DBParameterGroupName": group,
        # With the tags of the one in production.
        "Tags": source.tags,
    }
    rds.create(call.like({field: value for field, value in request.items() if value is not None}))
    database = call.rds.databases[identifier]
    one = {
        "id": "bgd-" + "".join(random.choices(string.ascii_lowercase + string.digits, k=16)),
        "name": name,
        "status": "PROVISIONING",
        "made": datetime.now(UTC),
        "blue": source.dbi_resource_id,
        "green": database.dbi_resource_id,
        "tags": call.get("Tags") or [],
    }
    call.world.deployments[one["id"]] = one

    def finish(_due):
        one["status"] = "AVAILABLE"

    call.world.later(one["id"], "db_blue_green", finish)
    return {"BlueGreenDeployment": shown(call, one)}


def replicates_logically(call: Call, database) -> bool:
    group = call.rds.db_parameter_groups.get(database.db_parameter_group_name or "")
    if group is None or getattr(database, "_parameter_status", "in-sync") != "in-sync":
        return False
    return rds_parameters.row(group, "rds.logical_replication").get("ParameterValue") == "1"


def describe(call: Call):
    if call.get("BlueGreenDeploymentIdentifier"):
        return {"BlueGreenDeployments": [shown(call, find(call))]}
    names = {
        value for rule in call.get("Filters") or [] if rule["Name"] == "blue-green-deployment-name" for value in rule["Values"]
    }
    rows = [one for one in call.world.deployments.values() if not names or one["name"] in names]
    return {"BlueGreenDeployments": [shown(call, one) for one in rows]}


def switch_over(call: Call):
    one = find(call)
    seconds = call.get("SwitchoverTimeout") or 300
    if not 30 <= seconds <= 3600:
        check.invalid("SwitchoverTimeout must be from 30 to 3600.")
    row = shown(call, one)
    if row["Status"] not in ("AVAILABLE", "SWITCHOVER_FAILED"):
        fail("InvalidBlueGreenDeploymentStateFault", f"The blue/green deployment {one['id']} can't be switched over: it is {row['Status']}.")
    by_id = {database.dbi_resource_id: database for database in call.rds.databases.values()}
    blue, green = by_id[one["blue"]], by_id[one["green"]]
    for database in (blue, green):
        if database.status != "available":
            # hashicorp/terraform-provider-aws#36241, the message too.
            fail("InvalidBlueGreenDeploymentStateFault", f"DB instance {database.db_instance_identifier} is not in available state")
    rds = call.rds

    def finish(_due):
        if reason := one.pop("refuses", None):
            one["status"], one["details"] = "SWITCHOVER_FAILED", reason
            return
        name = blue.db_instance_identifier
        number = 1
        while f"{name}-old{number}" in rds.databases:
            number += 1
        del rds.databases[name], rds.databases[green.db_instance_identifier]
        blue.db_instance_identifier, green.db_instance_identifier = f"{name}-old{number}", name
        rds.databases[blue.db_instance_identifier], rds.databases[name] = blue, green
        green.tags = [dict(tag) for tag in blue.tags]
        one["status"] = "SWITCHOVER_COMPLETED"

    one["status"] = "SWITCHOVER_IN_PROGRESS"
    one.pop("details", None)
    call.world.later(one["id"], "db_switching", finish)
    return {"BlueGreenDeployment": shown(call, one)}


def delete(call: Call):
    from provision_localstack import rds

    one = find(call)
    if one["status"] in ("SWITCHOVER_IN_PROGRESS", "DELETING"):
        fail("InvalidBlueGreenDeploymentStateFault", f"The blue/green deployment {one['id']} can't be deleted: it is {one['status']}.")
    with_target = call.get("DeleteTarget")
    if with_target and one["status"] == "SWITCHOVER_COMPLETED":
        check.combination("You can't specify DeleteTarget if the blue/green deployment status is SWITCHOVER_COMPLETED.")
    by_id = {database.dbi_resource_id: database for database in call.rds.databases.values()}
    green = by_id.get(one["green"])
    if with_target and green is not None:
        rds.delete(call.like({"DBInstanceIdentifier": green.db_instance_identifier, "SkipFinalSnapshot": True}))
    world = call.world
    world.forget(one["id"])
    one["status"] = "DELETING"
    answer = {"BlueGreenDeployment": shown(call, one)}

    def finish(_due):
        world.deployments.pop(one["id"], None)

    world.later(one["id"], "db_deleting", finish)
    return answer
