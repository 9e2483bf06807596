"""The PostgreSQL versions and instance classes on offer: a plausible choice, not AWS's current list."""

from provision_localstack.service import Call, fail, page

VERSIONS = (
    "13.20 13.21 13.22 14.17 14.18 14.19 15.12 15.13 15.14 16.3 16.4 16.8 16.9 16.10 17.4 17.5 17.6 18.1".split()
)
DEFAULT_VERSION = "17.6"
# The version that a shortened one stands for, where it is not the newest. It may be no target of the live version
# (terraform-aws-modules/terraform-aws-rds#627: "17" stood for 17.6, and 16.13 was upgraded to 17.9 alone).
DEFAULTS = {17: "17.4"}

SMALL = "micro small medium large xlarge 2xlarge".split()
LARGE = "large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge".split()
FAMILIES = {family: SMALL for family in ("t3", "t4g")} | {
    family: LARGE for family in "m5 m6g m6i m7g m7i m8g r5 r6g r6i r7g r7i r8g".split()
}
CLASSES = [f"db.{family}.{size}" for family, sizes in FAMILIES.items() for size in sizes]
SIZES = {"gp2": (20, 65536), "gp3": (20, 65536), "io1": (100, 65536), "io2": (100, 65536), "standard": (5, 3072)}


def number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def major(version: str) -> int:
    return number(version)[0]


def minors(of_major: int) -> list[str]:
    return [version for version in VERSIONS if major(version) == of_major]


def resolve(wanted: str | None) -> str | None:
    """The full version that `wanted` stands for: itself, or the default of a major version."""
    if not wanted:
        return DEFAULT_VERSION
    if wanted in VERSIONS:
        return wanted
    if wanted.isdigit() and (found := minors(int(wanted))):
        return DEFAULTS.get(int(wanted), found[-1])
    return None


def upgrade_targets(version: str) -> list[str]:
    """Newer minors of the same major, and the newest two minors of each later major."""
    later = [minors(number_) for number_ in sorted({major(each) for each in VERSIONS}) if number_ > major(version)]
    same = [each for each in minors(major(version)) if number(each) > number(version)]
    return same + [each for group in later for each in group[-2:]]


def records(call: Call) -> int:
    size = call.get("MaxRecords")
    if size is None:
        return 100
    if not 20 <= size <= 100:
        fail("InvalidParameterValue", f"Invalid value {size} for MaxRecords. Must be between 20 and 100")
    return size


def paged(call: Call, member: str, rows: list) -> dict:
    def bad():
        fail("InvalidParameterValue", "Invalid marker")

    shown, following = page(rows, records(call), call.get("Marker"), bad)
    return {member: shown} | ({"Marker": following} if following else {})


def describe_engine_versions(call: Call):
    engine, wanted, family = call.get("Engine"), call.get("EngineVersion"), call.get("DBParameterGroupFamily")
    versions = VERSIONS if engine in (None, "postgres") else []
    if call.get("DefaultOnly"):
        versions = [DEFAULT_VERSION] if not wanted else [resolve(wanted)] if resolve(wanted) else []
    elif wanted:
        versions = [each for each in versions if each == wanted or each.split(".")[0] == wanted]
    rows = [_version_row(each) for each in versions if family in (None, f"postgres{major(each)}")]
    return paged(call, "DBEngineVersions", rows)


def _version_row(version: str) -> dict:
    newest = minors(major(version))[-1]
    return {
        "Engine": "postgres",
        "EngineVersion": version,
        "MajorEngineVersion": str(major(version)),
        "DBParameterGroupFamily": f"postgres{major(version)}",
        "DBEngineDescription": "PostgreSQL",
        "DBEngineVersionDescription": f"PostgreSQL {version}-R1",
        "ValidUpgradeTarget": [
            {
                "Engine": "postgres",
                "EngineVersion": target,
                "Description": f"PostgreSQL {target}-R1",
                "AutoUpgrade": target == newest,
                "IsMajorVersionUpgrade": major(target) != major(version),
            }
            for target in upgrade_targets(version)
        ],
        "SupportsReadReplica": True,
        "SupportsLogExportsToCloudwatchLogs": True,
        "ExportableLogTypes": ["iam-db-auth-error", "postgresql", "upgrade"],
        # The authorities of today; rds-ca-2019 ended in 2024 ("Using SSL/TLS to encrypt a connection", user guide).
        "SupportedCACertificateIdentifiers": ["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"],
        "Status": "available",
    }


def describe_orderable(call: Call):
    version, wanted = call.get("EngineVersion"), call.get("DBInstanceClass")
    if call.get("Engine") != "postgres":
        return call.forward()
    zones = [{"Name": zone.name} for zone in call.ec2.describe_availability_zones()]
    rows = [
        _orderable_row(each, instance_class, storage, zones)
        for each in VERSIONS
        if version in (None, each, each.split(".")[0])
        for instance_class in CLASSES
        if wanted in (None, instance_class)
        for storage in SIZES
        if storage != "standard" and (storage != "io2" or not instance_class.startswith("db.t"))
    ]
    return paged(call, "OrderableDBInstanceOptions", rows)


def _orderable_row(version, instance_class, storage, zones):
    least, most = SIZES[storage]
    return {
        "Engine": "postgres",
        "EngineVersion": version,
        "DBInstanceClass": instance_class,
        "LicenseModel": "postgresql-license",
        "AvailabilityZones": zones,
        "MultiAZCapable": True,
        "ReadReplicaCapable": True,
        "Vpc": True,
        "SupportsStorageEncryption": True,
        "StorageType": storage,
        "SupportsIops": storage != "gp2",
        "SupportsStorageThroughput": storage == "gp3",
        "SupportsEnhancedMonitoring": True,
        "SupportsIAMDatabaseAuthentication": True,
        "SupportsPerformanceInsights": not instance_class.endswith((".micro", ".small")),
        "SupportsStorageAutoscaling": True,
        "MinStorageSize": least,
        "MaxStorageSize": most,
        "SupportsClusters": False,
        "SupportedNetworkTypes": ["IPV4", "DUAL"],
    }
