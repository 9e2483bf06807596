"""What RDS refuses of a DB instance's parameters, at creation and at modification."""

import re

from provision_localstack import rds_catalogue as catalogue
from provision_localstack import rds_windows
from provision_localstack.service import Call, fail

RESERVED_USERS = {"admin", "rdsadmin", "postgres_rds", "public", "user", "table", "select", "all", "and", "default"}
BIG_GP3 = 400


def invalid(message):
    fail("InvalidParameterValue", message)


def combination(message):
    fail("InvalidParameterCombination", message)


def check_create(call: Call):
    """Everything about a new postgres instance that does not hang on other resources."""
    name = call.get("DBName")
    if name is not None and not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", name):
        invalid("DBName must begin with a letter and contain only alphanumeric characters.")
    user = call.get("MasterUsername")
    if not user:
        fail("MissingParameter", "The request must contain the parameter MasterUsername")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,62}", user):
        invalid("MasterUsername must be 1 to 63 letters, digits or underscores and begin with a letter.")
    if user.lower() in RESERVED_USERS:
        invalid(f"MasterUsername {user} cannot be used as it is a reserved word used by the engine")
    if call.get("ManageMasterUserPassword") and call.get("MasterUserPassword"):
        combination("You can't specify MasterUserPassword when ManageMasterUserPassword is true.")
    if not call.get("ManageMasterUserPassword") and call.get("MasterUserPassword") is None:
        invalid("Invalid master password: MasterUserPassword or ManageMasterUserPassword is required.")
    if call.get("AllocatedStorage") is None:
        fail("MissingParameter", "The request must contain the parameter AllocatedStorage")
    if call.get("MultiAZ") and call.get("AvailabilityZone"):
        combination("Requesting a specific availability zone is not valid for Multi-AZ instances.")
    if call.get("KmsKeyId") and not call.get("StorageEncrypted"):
        combination("KmsKeyId needs StorageEncrypted.")
    version = catalogue.resolve(call.get("EngineVersion"))
    if version is None:
        combination(f"Cannot find version {call.get('EngineVersion')} for postgres")
    check_common(call)
    storage = call.get("StorageType") or ("io1" if call.get("Iops") else "gp3")
    check_storage(call, storage, call.get("AllocatedStorage"), call.get("Iops"), call.get("StorageThroughput"))
    problem = rds_windows.trouble(call.get("PreferredMaintenanceWindow"), call.get("PreferredBackupWindow"))
    if problem:
        invalid(problem)
    check_insights(call.get("DatabaseInsightsMode"), call.get("EnablePerformanceInsights"), call.get("PerformanceInsightsRetentionPeriod"))
    check_log_volume(call.get("DedicatedLogVolume"), storage)
    if call.get("MasterUserSecretKmsKeyId") and not call.get("ManageMasterUserPassword"):
        combination("You can specify MasterUserSecretKmsKeyId only with ManageMasterUserPassword.")
    return version, storage


def check_common(call: Call):
    """The checks that creation and modification share."""
    password = call.get("MasterUserPassword")
    if password is not None:
        if not 8 <= len(password) <= 128:
            invalid("The parameter MasterUserPassword is not a valid password because it is shorter than 8 or longer than 128 characters.")
        if not re.fullmatch(r"[!-~]+", password) or re.search(r'[/@" ]', password):
            invalid("The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.")
    wanted = call.get("DBInstanceClass")
    if wanted is not None:
        if not wanted.startswith("db."):
            invalid(f"Invalid DB Instance class: {wanted}")
        if wanted not in catalogue.CLASSES:
            combination(f"RDS does not support creating a DB instance with the following combination: DBInstanceClass={wanted}, Engine=postgres. See the documentation for supported combinations of instance class and database engine version.")
    retention = call.get("BackupRetentionPeriod")
    if retention is not None and not 0 <= retention <= 35:
        invalid(f"Invalid backup retention period: {retention}. Must be between 0 and 35.")
    port = call.get("Port") if call.get("Port") is not None else call.get("DBPortNumber")
    if port is not None and not 1150 <= port <= 65535:
        invalid(f"The specified port {port} is not valid. Specify a port from 1150 to 65535.")
    if call.get("MonitoringInterval") and not call.get("MonitoringRoleArn"):
        combination("A MonitoringRoleARN value is required if you specify a MonitoringInterval value other than 0.")
    if call.get("MonitoringInterval") == 0 and call.get("MonitoringRoleArn"):
        # "If MonitoringRoleArn is specified, set MonitoringInterval to a value other than 0" (ModifyDBInstance).
        combination("A MonitoringInterval other than 0 is required if you specify a MonitoringRoleARN value.")
    retention = call.get("PerformanceInsightsRetentionPeriod")
    if retention is not None and retention not in (7, 731, *(31 * months for months in range(1, 24))):
        invalid(f"Invalid Performance Insights retention period: {retention}")
    exports = call.get("CloudwatchLogsExportConfiguration") or {}
    kinds = [kind for kinds in exports.values() for kind in kinds] + (call.get("EnableCloudwatchLogsExports") or [])
    if unknown := set(kinds) - {"postgresql", "upgrade", "iam-db-auth-error"}:
        combination(f"You cannot use the log types {sorted(unknown)} with engine postgres.")
    for key in (tag["Key"] for tag in call.get("Tags") or []):
        if key.lower().startswith("aws:"):
            invalid("Tag keys starting with aws: are reserved.")


def check_insights(mode, enabled, retention):
    """Advanced mode needs Performance Insights of 465 days ("Turning on the Advanced mode of Database Insights", user guide)."""
    if mode == "advanced" and not (enabled and (retention or 7) >= 465):
        combination("To enable the Advanced mode of Database Insights, enable performance insights and set the retention period to at least 465 days.")


def check_log_volume(wanted, storage):
    """Such volumes are for Provisioned IOPS alone ("Using a dedicated log volume (DLV)", user guide)."""
    if wanted and storage not in ("io1", "io2"):
        combination(f"A dedicated log volume is not supported for storage type {storage}.")


def check_storage(call: Call, storage, size, iops, throughput):
    if storage not in catalogue.SIZES:
        invalid(f"Invalid storage type: {storage}")
    least, most = catalogue.SIZES[storage]
    if not least <= size <= most:
        invalid(f"Invalid storage size for engine name postgres and storage type {storage}: {size}")
    if storage in ("io1", "io2"):
        if not iops:
            combination(f"Storage type {storage} needs Iops.")
        most = 50 if storage == "io1" else 1000
        if not 0.5 * size <= iops <= most * size:
            combination(f"The Iops to GiB ratio must be 0.5 to {most}; {iops} for {size} GiB is not.")
        if not 1000 <= iops <= 256_000:
            combination(f"Iops must be 1000 to 256000; {iops} is not.")
    elif storage == "gp3":
        if size < BIG_GP3 and (iops or throughput):
            combination("You can't specify IOPS or storage throughput for engine postgres and a storage size less than 400.")
        if iops and iops < 12000 or throughput and throughput < 500:
            combination("At 400 GiB and more, gp3 has 12000 IOPS and 500 MiB/s at least.")
        if (iops or 0) > 64_000 or (throughput or 0) > min(4000, (iops or 12_000) / 4):
            combination("gp3 has 64000 IOPS and 4000 MiB/s at most, and a quarter of a MiB/s for each of its IOPS.")
    elif iops or throughput:
        combination(f"Iops and StorageThroughput do not go with storage type {storage}.")


def check_limit(size, limit):
    """How far the storage may grow by itself; a limit that is the size itself turns that off."""
    if limit is not None and limit != size and limit * 10 < size * 11:
        combination(f"Invalid max storage size for engine name postgres: {limit} is not a tenth more than {size} at least.")


def check_domain(wanted: dict):
    """A directory that there is (DomainNotFoundFault: "Domain doesn't refer to an existing Active Directory domain", RDS API reference); here
    every id of a directory's form is one. A role goes with it ("Setting up Kerberos authentication for PostgreSQL DB instances", RDS User
    Guide). The other members are for directories that SQL Server joins."""
    domain = wanted.get("Domain")
    if domain not in (None, "none") and not re.fullmatch("d-[0-9a-f]{10}", domain):
        fail("DomainNotFoundFault", f"The specified Active Directory domain {domain} was not found.", 404)
    if domain not in (None, "none") and not wanted.get("DomainIAMRoleName"):
        invalid("The parameter DomainIAMRoleName must be provided together with Domain.")


def check_groups(call: Call, group_ids, vpc_id):
    for group_id in group_ids or []:
        group = call.ec2.get_security_group_from_id(group_id)
        if group is None or not call.world.knows(group_id):
            invalid(f"Invalid security group , groupId= {group_id}, groupName=.")
        if group.vpc_id != vpc_id:
            combination(f"The DB instance and EC2 security group are in different VPCs. The DB instance is in {vpc_id} and the EC2 security group is in {group.vpc_id}")


def find(call: Call, identifier: str | None = None):
    wanted = (identifier or call.get("DBInstanceIdentifier") or "").split(":")[-1].lower()
    database = call.rds.databases.get(wanted)
    if database is None:
        fail("DBInstanceNotFound", f"DBInstance {wanted} not found.", 404)
    return database


def check_available(database, doing: str):
    if database.status not in ("available", "storage-optimization", "storage-initialization"):
        fail(
            "InvalidDBInstanceState",
            f"Database instance is not in available state: {database.db_instance_identifier} is {database.status}; cannot {doing}.",
        )
