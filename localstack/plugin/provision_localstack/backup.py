"""AWS Backup, as far as recovery points are listed: moto has vaults and plans, and no recovery points.

Sources: AWS Backup API reference, ListRecoveryPointsByResource ("The information about the recovery points of the type specified by a resource
ARN", MaxResults 1 to 1000, NextToken) and RecoveryPointByResource (Status). A resource without recovery points answers an empty list, as
the reference names no error for it but those of a malformed request.
"""

import secrets
from datetime import UTC, datetime, timedelta

from provision_localstack.service import Overrides, fail, page

overrides = Overrides("backup")
on = overrides.on
# The vault of the backups that EFS makes by itself ("Backing up EFS file systems", EFS User Guide).
VAULT = "aws/efs/automatic-backup-vault"


def add_point(here, account_id: str, region: str, resource: str, status: str, hours: float) -> dict:
    """A recovery point that a plan has made so many hours ago."""
    identity = secrets.token_hex(16)
    point = {
        "RecoveryPointArn": f"arn:aws:backup:{region}:{account_id}:recovery-point:{identity}",
        "CreationDate": datetime.now(UTC) - timedelta(hours=hours),
        "Status": status,
        "BackupVaultName": VAULT,
        "BackupSizeBytes": 6144,
    }
    here.recovery_points.setdefault(resource, []).append(point)
    return point


@on("ListRecoveryPointsByResource")
def list_points(call):
    arn = call.get("ResourceArn") or ""
    if not arn.startswith("arn:"):
        fail("InvalidParameterValueException", f"{arn} is not an ARN.")
    size = call.get("MaxResults") or 1000
    if not 1 <= size <= 1000:
        fail("InvalidParameterValueException", "MaxResults must be from 1 to 1000.")
    points = sorted(call.world.recovery_points.get(arn, []), key=lambda one: one["CreationDate"], reverse=True)
    shown, following = page(
        points, size, call.get("NextToken"), lambda: fail("InvalidParameterValueException", "NextToken is not valid.")
    )
    return {"RecoveryPoints": shown} | ({"NextToken": following} if following else {})
