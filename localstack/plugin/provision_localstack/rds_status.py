"""What RDS takes of a DB instance in each status, and how one comes out of a status that does not pass by itself.

Sources: RDS User Guide, "Viewing Amazon RDS DB instance status", "Stopping an Amazon RDS DB instance temporarily" and
"Amazon RDS DB instance running out of storage"; RDS API reference, DeleteDBInstance (SkipFinalSnapshot). Every refusal has the
one code InvalidDBInstanceState.
"""

from botocore.exceptions import ClientError
from localstack.aws.connect import connect_to

from provision_localstack import rds_check as check
from provision_localstack import rds_modify
from provision_localstack.service import Call, fail

SERVES = {"available", "storage-optimization", "storage-initialization"}
# DeleteDBInstance: "in a state of failed, incompatible-restore, or incompatible-network, you can only delete it when you skip
# creation of the final snapshot"; and user guide, "Deleting a DB instance": not while it is created. The others of this set
# are lost as well, and no snapshot can be taken of an instance that is not available.
NO_SNAPSHOT = {
    "creating",
    "failed",
    "incompatible-restore",
    "incompatible-network",
    "inaccessible-encryption-credentials",
    "restore-error",
    "insufficient-capacity",
    "incompatible-create",
    "upgrade_failed",
    "upgrade-failed",
}
# The refusal of StartDBInstance itself: sqlxpert, "Idempotence" of lights-off-aws.
STARTS = {"stopped", "inaccessible-encryption-credentials-recoverable", "incompatible-network"}
# What ModifyDBInstance takes where it takes anything.
CHANGES = {
    # aws-controllers-k8s/rds-controller, hooks.go: a full storage lets only its own growth pass.
    "storage-full": {"AllocatedStorage"},
    # User guide, "Stopping": only a parameter or option group may be attached.
    "stopped": {"DBParameterGroupName", "OptionGroupName"},
    "incompatible-parameters": {"DBParameterGroupName"},
    "incompatible-option-group": {"OptionGroupName"},
}
NEVER_WANTED = {"DBInstanceIdentifier", "ApplyImmediately"}


def register(on):
    on("StartDBInstance")(start)
    on("StopDBInstance")(stop)


def refuse(message):
    fail("InvalidDBInstanceState", message)


def check_modify(call: Call, database):
    name, status = database.db_instance_identifier, database.status
    if status in SERVES:
        return
    asked = {field for field, value in call.request.items() if value is not None} - NEVER_WANTED
    if asked and asked <= CHANGES.get(status, set()):
        # What waits for a window would wait for ever.
        if status != "storage-full" or call.get("ApplyImmediately"):
            return
    if status == "stopped":
        refuse(f"You can't modify a stopped DB instance. Start the DB instance, and then modify it: {name}.")
    refuse(f"Database instance is not in available state: {name} is {status}.")


def check_final_snapshot(database):
    if database.status in NO_SNAPSHOT:
        refuse(f"Instance {database.db_instance_identifier} is currently {database.status} - a final snapshot cannot be taken.")


def check_reboot(database):
    # RDS-EVENT-0035: "the parameters are mended, then the instance is rebooted".
    if database.status != "incompatible-parameters":
        check.check_available(database, "reboot")


def start(call: Call):
    from provision_localstack.rds import view

    database = check.find(call)
    if database.status not in STARTS:
        statuses = "stopped, inaccessible-encryption-credentials-recoverable, incompatible-network (only valid for non-SqlServer instances)"
        refuse(f"Instance {database.db_instance_identifier} cannot be started as it is not in one of the following statuses: '{statuses}'.")
    check_key(call, database)
    rds_modify.take_time(call, database, "starting", "db_starting")
    return view(call, database)


def check_key(call: Call, database):
    """A key that is disabled keeps the instance from starting; AWS's own keys are not in the back end."""
    if not getattr(database, "kms_key_id", None):
        return
    kms = connect_to(aws_access_key_id=call.account_id, region_name=call.region).kms
    try:
        state = kms.describe_key(KeyId=database.kms_key_id)["KeyMetadata"]["KeyState"]
    except ClientError:
        return
    if state != "Enabled":
        fail("KMSKeyNotAccessibleFault", f"The key {database.kms_key_id} is {state}.")


def stop(call: Call):
    from provision_localstack.rds import view

    database = check.find(call)
    if database.status != "available":
        refuse(f"Instance {database.db_instance_identifier} is not in available state.")

    def finish(_due):
        database.status = "stopped"

    # Stopping drops what waits for a window, but for the two groups that can be attached to a stopped instance.
    database._queued = {}
    rds_modify.show_pending(database)
    database.status = "stopping"
    call.world.later(database.dbi_resource_id, "db_starting", finish)
    return view(call, database)
