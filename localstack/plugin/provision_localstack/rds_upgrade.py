"""Snapshots on request, and upgrades that RDS's own check refuses.

Sources: RDS API reference, CreateDBSnapshot (InvalidDBInstanceState: "The DB instance isn't in a valid state"), DescribeDBLogFiles; RDS User
Guide, "How to perform a major version upgrade for RDS for PostgreSQL" (a failed check leaves the database as it was, and a log file
pg_upgrade_precheck.log) and "Amazon RDS event categories and event messages" (RDS-EVENT-0158). Snapshots are `creating`, then `available`
("Viewing Amazon RDS snapshots").
"""

import time

from provision_localstack import quotas, rds_events
from provision_localstack import rds_check as check
from provision_localstack.service import Call, fail


def register(on):
    on("CreateDBSnapshot")(create_snapshot)
    on("DescribeDBLogFiles")(describe_logs)


def create_snapshot(call: Call):
    database = check.find(call)
    name = (call.get("DBSnapshotIdentifier") or "").lower()
    if name in call.rds.database_snapshots:
        fail("DBSnapshotAlreadyExists", f"Cannot create the snapshot because a snapshot with the identifier {name} already exists.")
    check.check_available(database, "take a snapshot")
    quotas.check_snapshots(call)
    answer = call.forward(call.request | {"DBInstanceIdentifier": database.db_instance_identifier, "DBSnapshotIdentifier": name})
    snapshot = call.rds.database_snapshots[name]

    def finish(_due):
        snapshot.status = "available"

    snapshot.status = "creating"
    call.world.later(f"snapshot {name}", "db_snapshot", finish)
    answer["DBSnapshot"]["Status"] = "creating"
    return answer


def refused(world, database) -> bool:
    """True if RDS's check refuses the upgrade that is under way: the database keeps its version and its group."""
    reason = getattr(database, "_refuses_upgrade", None)
    if reason is None:
        return False
    database._refuses_upgrade = None
    if getattr(database, "_parameter_status", "") == "pending-database-upgrade":
        database.db_parameter_group_name, database._old_parameter_group = database._old_parameter_group, None
        database._parameter_status = "in-sync"
    database._upgrade_logs = [*getattr(database, "_upgrade_logs", []), f"error/pg_upgrade_precheck.log.{int(time.time() * 1000)}"]
    rds_events.note(world, database, f"Database instance is in a state that cannot be upgraded: {reason}", "maintenance")
    return True


def describe_logs(call: Call):
    database = check.find(call)
    contains = call.get("FilenameContains") or ""
    names = ["error/postgresql.log", *getattr(database, "_upgrade_logs", [])]
    shown = [name for name in names if contains in name]
    return {
        "DescribeDBLogFiles": [
            {"LogFileName": name, "LastWritten": int(name.rsplit(".", 1)[1]) if name[-1].isdigit() else 0, "Size": 1}
            for name in shown
        ]
    }
