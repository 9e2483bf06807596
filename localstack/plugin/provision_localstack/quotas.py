"""The account's quotas: AWS's defaults, or what the control page says, with what is used of them."""

from provision_localstack.service import Call, Overrides, fail

overrides = Overrides("service-quotas")
on = overrides.on

# Service and quota code: name and default.
OF_SERVICES = {
    "elasticfilesystem/L-848C634D": ("File systems per account", 1000),
    "vpc/L-E79EC296": ("VPC security groups per Region", 2500),
    # "Security groups per network interface" ("Amazon VPC quotas", Amazon VPC User Guide).
    "vpc/L-2AFB9258": ("Security groups per network interface", 5),
    "vpc/L-0EA8095F": ("Inbound or outbound rules per security group", 60),
    # "Elastic IP addresses … 5 addresses per Region" (Amazon EC2 User Guide).
    "ec2/L-0263D0A3": ("EC2-VPC Elastic IPs", 5),
    # "On-Demand Instance quotas" (Amazon EC2 User Guide): in vCPUs of running machines.
    "ec2/L-1216C47A": ("Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5),
    # "Quotas for ElastiCache" (ElastiCache User Guide).
    "elasticache/L-DFE45DF3": ("Nodes per Region", 300),
    "elasticache/L-3F15A733": ("Parameter groups per Region", 300),
    "elasticache/L-3E7F7726": ("Subnet groups per Region", 300),
}
# The quota of an account that is not new: AWS raises this one as it is used ("Amazon EC2 service quotas", Amazon EC2 User Guide).
RAISED = {"ec2/L-1216C47A": 640}
# RDS counts for itself.
OF_RDS = {
    "rds/DBInstances": 40,
    "rds/AllocatedStorage": 100_000,
    "rds/DBSubnetGroups": 50,
    "rds/DBParameterGroups": 50,
    "rds/ManualSnapshots": 100,
    "rds/SubnetsPerDBSubnetGroup": 20,
    "rds/ReadReplicasPerMaster": 15,
}
KNOWN = [*OF_SERVICES, *OF_RDS]


@on("GetServiceQuota", "GetAWSDefaultServiceQuota")
def get_service_quota(call: Call):
    service, code = call.get("ServiceCode"), call.get("QuotaCode")
    key = f"{service}/{code}"
    if key not in OF_SERVICES:
        fail("NoSuchResourceException", f"The request failed because the specified quota {key} does not exist.")
    name, default = OF_SERVICES[key]
    by_default = call.context.operation.name == "GetAWSDefaultServiceQuota"
    value = default if by_default else call.world.quotas.get(key, RAISED.get(key, default))
    return {
        "Quota": {
            "ServiceCode": service,
            "QuotaArn": f"arn:aws:servicequotas:{call.region}:{call.account_id}:{key}",
            "QuotaCode": code,
            "QuotaName": name,
            "Value": float(value),
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }
    }


def manual_snapshots(call: Call) -> int:
    return sum(each.snapshot_type == "manual" for each in call.rds.database_snapshots.values())


def check_snapshots(call: Call):
    """The one quota that is enforced: it is in the way of a deletion (the words pbudzon/aws-maintenance#12, of a last snapshot
    radius-project/samples#842)."""
    most = int(call.world.quotas.get("rds/ManualSnapshots", OF_RDS["rds/ManualSnapshots"]))
    if manual_snapshots(call) >= most:
        fail("SnapshotQuotaExceeded", f"Cannot create more than {most} manual snapshots")


def describe_account_attributes(call: Call):
    databases = call.rds.databases.values()
    groups = call.rds.subnet_groups.values()
    used = {
        "rds/DBInstances": len(databases),
        "rds/AllocatedStorage": sum(int(database.allocated_storage) for database in databases),
        "rds/DBSubnetGroups": len(groups),
        "rds/DBParameterGroups": len(call.rds.db_parameter_groups),
        "rds/ManualSnapshots": manual_snapshots(call),
        "rds/SubnetsPerDBSubnetGroup": max((len(group._subnets) for group in groups), default=0),
        "rds/ReadReplicasPerMaster": max((len(one.read_replica_db_instance_identifiers) for one in databases), default=0),
    }
    rows = [
        {"AccountQuotaName": key.split("/")[1], "Used": used[key], "Max": int(call.world.quotas.get(key, most))}
        for key, most in OF_RDS.items()
    ]
    return {"AccountQuotas": rows}
