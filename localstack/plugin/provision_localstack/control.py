"""The page /_provision on LocalStack's own port: waiting times, the calls made, faults, the maintenance window."""

import json
import logging
import os
import time

from localstack.aws import handlers
from localstack.aws.api import CommonServiceException
from localstack.aws.connect import connect_to
from localstack.aws.protocol.serializer import create_serializer
from localstack.constants import DEFAULT_AWS_ACCOUNT_ID
from localstack.http import Request, Response
from localstack.runtime import hooks
from localstack.services.edge import ROUTER
from moto.core.config import default_user_config

from provision_localstack import newer_python, world  # noqa: F401

LOG = logging.getLogger(__name__)
ready = False


@hooks.on_infra_start()
def on_start():
    for path, methods in (
        ("health", {"GET": get_health}),
        ("settings", {"GET": get_settings, "PUT": put_settings}),
        ("quotas", {"PUT": put_quotas}),
        ("calls", {"GET": get_calls, "DELETE": delete_calls}),
        ("faults", {"GET": get_faults, "POST": post_fault, "DELETE": delete_faults}),
        ("advance_window", {"POST": advance_window}),
        ("status", {"POST": post_status}),
        ("aws_backup", {"POST": post_aws_backup}),
        ("recovery_point", {"POST": post_recovery_point}),
        ("agent", {"POST": post_agent}),
        ("answer", {"POST": post_answer}),
        ("pair", {"GET": get_pair, "POST": post_pair}),
        ("refuse_upgrade", {"POST": post_refusal}),
        ("maintenance", {"POST": post_maintenance}),
    ):
        ROUTER.add(f"/_provision/{path}", _endpoint(methods), methods=list(methods))
    # LocalStack turns on what moto leaves off: every account would begin by reading AWS's thousand managed policies, which
    # nothing here needs. Each test has an account of its own.
    default_user_config["iam"]["load_aws_managed_policies"] = False
    handlers.serve_custom_service_request_handlers.append(begin_call)
    handlers.run_custom_response_handlers.append(end_call)


@hooks.on_infra_ready()
def on_ready():
    """Loads what the tests will call, so that no first call is slow, and then calls itself ready."""
    global ready
    clients = connect_to(aws_access_key_id=DEFAULT_AWS_ACCOUNT_ID, region_name="us-east-1")
    clients.sts.get_caller_identity()
    clients.ec2.describe_vpcs()
    clients.efs.describe_file_systems()
    clients.rds.describe_db_instances()
    ready = True


# --- every call passes here ----------------------------------------------------------------------


def begin_call(_chain, context, _response):
    if not context.operation or context.is_internal_call:
        return
    here = world.account(context.account_id)
    name = context.operation.name
    # A rehearsal changes nothing, so it is counted, and made to fail, apart from the call itself.
    if (context.service_request or {}).get("DryRun"):
        name += ".DryRun"
    operation = f"{context.service.service_name}.{name}"
    entry = {
        "service": context.service.service_name,
        "operation": name,
        "account": context.account_id,
        "region": context.region,
        "at": time.time(),
        "ended": None,
        "status": None,
        "parameters": readable(context.service_request),
    }
    with here.lock:
        here.calls.append(entry)
        here.counts[operation] = here.counts.get(operation, 0) + 1
    context.provision_call = entry
    if latency := here.setting("latency"):
        time.sleep(latency)
    if fault := here.take_fault(operation, after=False):
        raise error_of(fault)


def end_call(_chain, context, response):
    entry = getattr(context, "provision_call", None)
    if entry is None:
        return
    here = world.account(context.account_id)
    # A call that was refused beforehand has not acted, so there is no answer of its own to lose.
    if response.status_code < 300 and (fault := here.take_fault(f"{entry['service']}.{entry['operation']}", after=True)):
        serializer = create_serializer(context.service, context.protocol)
        lost = serializer.serialize_error_to_response(
            error_of(fault), context.operation, context.request.headers, context.request_id
        )
        response.update_from(lost)
    entry["ended"] = time.time()
    entry["status"] = response.status_code
    if here.pair:
        from provision_localstack.ssm import watch

        with here.lock:
            watch(here, context.account_id, f"{entry['service']}.{entry['operation']}")


def error_of(fault):
    return CommonServiceException(fault.code, fault.message, status_code=fault.status, sender_fault=fault.status < 500)


def readable(value, name=""):
    """Parameters as JSON, without what must not be shown."""
    if name.endswith("Password") and isinstance(value, str) or name in ("SecretString", "SecretBinary", "AuthToken"):
        return "***"
    if isinstance(value, dict):
        return {key: readable(inner, key) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [readable(inner) for inner in value]
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return f"<{type(value).__name__}>"


# --- the page ------------------------------------------------------------------------------------


class Refused(Exception):
    """The page was asked for something it cannot do."""


def _endpoint(methods):
    def serve(request: Request) -> Response:
        try:
            answer = methods[request.method](request)
            status = 200
        except Refused as refused:
            answer, status = {"error": str(refused)}, 400
        return Response(json.dumps(answer), status=status, mimetype="application/json")

    return serve


def account_of(request):
    account_id = request.args.get("account", "000000000000")
    if not (len(account_id) == 12 and account_id.isdigit()):
        raise Refused("account must be 12 digits")
    return world.account(account_id)


def body_of(request):
    try:
        body = json.loads(request.get_data() or b"{}")
    except ValueError:
        raise Refused("the body is not JSON") from None
    if not isinstance(body, dict):
        raise Refused("the body is not a JSON object")
    return body


def get_health(_request):
    return {"ready": ready, "pid": os.getpid(), "home": os.environ.get("PROVISION_HOME", "")}


def get_settings(request):
    if "account" not in request.args:
        return {name: world.DEFAULTS.get(name, 0.0) for name in world.SETTINGS}
    here = account_of(request)
    return {name: here.setting(name) for name in world.SETTINGS}


def put_settings(request):
    body = body_of(request)
    for name, value in body.items():
        if name not in world.SETTINGS:
            raise Refused(f"unknown setting {name}; there are {', '.join(world.SETTINGS)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise Refused(f"{name} must be a number of seconds")
    if "account" in request.args:
        account_of(request).settings = body
    else:
        world.DEFAULTS.clear()
        world.DEFAULTS.update(body)
    return get_settings(request)


def put_quotas(request):
    from provision_localstack.quotas import KNOWN

    body = body_of(request)
    for name, value in body.items():
        if name not in KNOWN:
            raise Refused(f"unknown quota {name}; there are {', '.join(KNOWN)}")
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise Refused(f"{name} must be a number")
    account_of(request).quotas = body
    return body


def get_calls(request):
    here = account_of(request)
    with here.lock:
        return {"total": sum(here.counts.values()), "by_operation": dict(here.counts), "log": list(here.calls)}


def delete_calls(request):
    here = account_of(request)
    with here.lock:
        here.calls.clear()
        here.counts.clear()
    return {}


def get_faults(request):
    return {"faults": [vars(fault) for fault in account_of(request).faults]}


def post_fault(request):
    body = body_of(request)
    unknown = body.keys() - {"operation", "code", "status", "message", "times", "after"}
    if unknown or "." not in str(body.get("operation", "")):
        raise Refused("operation must be like rds.CreateDBInstance; then code, status, message, times, after")
    after = bool(body.get("after", False))
    fault = world.Fault(
        operation=body["operation"],
        code=str(body.get("code", "InternalFailure" if after else "Throttling")),
        status=int(body.get("status", 500 if after else 400)),
        message=str(body.get("message", "Injected fault.")),
        times=int(body.get("times", 1)),
        after=after,
    )
    here = account_of(request)
    with here.lock:
        here.faults.append(fault)
    return get_faults(request)


def delete_faults(request):
    account_of(request).faults.clear()
    return {}


def advance_window(request):
    from provision_localstack import elasticache, rds_modify

    here, account_id = account_of(request), request.args.get("account", "000000000000")
    with here.lock:
        here.settle()
        return {"applied": rds_modify.apply_pending(account_id) + elasticache.apply_pending(account_id)}


def post_aws_backup(request):
    """AWS Backup takes the backups of a DB instance over: its plan's retention and window, which the instance shows from then on."""
    from moto.rds.models import rds_backends

    account_id, body = request.args.get("account", "000000000000"), body_of(request)
    name, days, window = str(body.get("id", "")), body.get("days"), body.get("window")
    if not isinstance(days, int) or not 1 <= days <= 35:
        raise Refused("days must be from 1 to 35")
    here = account_of(request)
    with here.lock:
        here.settle()
        for region in list(rds_backends[account_id]):
            for database in rds_backends[account_id][region].databases.values():
                if name == database.db_instance_identifier:
                    point = f"recovery-point:continuous:{database.dbi_resource_id.lower()}-0a1b2c3d"
                    database.aws_backup_recovery_point_arn = f"arn:aws:backup:{region}:{account_id}:{point}"
                    database.backup_retention_period = days
                    database.preferred_backup_window = window or database.preferred_backup_window
                    return {"id": name, "point": database.aws_backup_recovery_point_arn}
    raise Refused(f"there is no {name}")


def post_recovery_point(request):
    """AWS Backup has made a recovery point of a resource, so many hours ago."""
    from provision_localstack.backup import add_point

    account_id, body = request.args.get("account", "000000000000"), body_of(request)
    arn, hours, status = str(body.get("arn", "")), body.get("hours", 0), str(body.get("status", "COMPLETED"))
    if len(arn.split(":")) < 6 or isinstance(hours, bool) or not isinstance(hours, int | float):
        raise Refused("arn must be an ARN, and hours a number")
    point = add_point(account_of(request), account_id, arn.split(":")[3], arn, status, hours)
    return {"arn": arn, "point": point["RecoveryPointArn"]}


def post_agent(request):
    """The agent of a machine: `Online` (as it is without this), `ConnectionLost`, or `none` where none was ever registered."""
    body = body_of(request)
    status = body.get("status")
    if status not in ("Online", "ConnectionLost", "none"):
        raise Refused("status must be Online, ConnectionLost or none")
    account_of(request).agents[str(body.get("id", ""))] = status
    return body


def post_answer(request):
    """The answer of commands with this text in them, on one machine or on all: what was set last counts. With `serves`, the service of the
    machine runs afterwards, or does not."""
    body = body_of(request)
    unknown = body.keys() - {"id", "command", "status", "code", "output", "error", "seconds", "serves"}
    if unknown or not isinstance(body.get("command"), str):
        raise Refused("command is a text of the command; then id, status, code, output, error, seconds, serves")
    account_of(request).answers.append(body)
    return body


def post_pair(request):
    """Watches a pair of machines from now on: `{"machines", "open", "region", "serves"}`. Two that can write at once are noted."""
    body = body_of(request)
    here = account_of(request)
    with here.lock:
        here.pair = {"machines": body["machines"], "open": body["open"], "region": body["region"]}
        here.serves = {body["serves"]: True}
        here.violations = []
    return get_pair(request)


def get_pair(request):
    from provision_localstack.ssm import watch

    here = account_of(request)
    with here.lock:
        here.settle()
        watch(here, request.args.get("account", "000000000000"), "afterwards")
        return {"pair": here.pair, "serves": here.serves, "violations": list(here.violations)}


def post_refusal(request):
    """RDS's check refuses the next upgrade of a DB instance, or the next switchover of a blue/green deployment, with this reason;
    or AWS Backup's next restore of a recovery point comes to nothing."""
    from moto.rds.models import rds_backends

    account_id, body = request.args.get("account", "000000000000"), body_of(request)
    name, reason = str(body.get("id", "")), str(body.get("reason", ""))
    here = account_of(request)
    with here.lock:
        here.settle()
        for deployment in here.deployments.values():
            if name in (deployment["id"], deployment["name"]):
                deployment["refuses"] = reason
                return body
        for points in here.recovery_points.values():
            for point in points:
                if name == point["RecoveryPointArn"]:
                    point["refuses"] = reason
                    return body
        for region in list(rds_backends[account_id]):
            if database := rds_backends[account_id][region].databases.get(name):
                database._refuses_upgrade = reason
                return body
    raise Refused(f"there is no {name}")


def post_maintenance(request):
    """RDS has a maintenance of a DB instance pending: its action and description, and in how many days it is applied: `window` in the first
    window after that, `forced` whatever the window is. The date in force is the earlier one (API model, PendingMaintenanceAction)."""
    from datetime import UTC, datetime, timedelta

    from moto.rds.models import rds_backends

    account_id, body = request.args.get("account", "000000000000"), body_of(request)
    name, action = str(body.get("id", "")), str(body.get("action", ""))
    dates = {}
    for key, member in (("window", "AutoAppliedAfterDate"), ("forced", "ForcedApplyDate")):
        days = body.get(key)
        if days is not None and (isinstance(days, bool) or not isinstance(days, int | float)):
            raise Refused(f"{key} must be a number of days")
        if days is not None:
            dates[member] = (datetime.now(UTC) + timedelta(days=days)).replace(microsecond=0)
    if dates:
        dates["CurrentApplyDate"] = min(dates.values())
    here = account_of(request)
    with here.lock:
        for region in list(rds_backends[account_id]):
            if database := rds_backends[account_id][region].databases.get(name):
                pending = {"Action": action, "Description": str(body.get("description", ""))} | dates
                database._maintenance = [*getattr(database, "_maintenance", []), pending]
                return {"id": name, "action": action}
    raise Refused(f"there is no {name}")


def post_status(request):
    """Puts an object into a status in which AWS put it by itself: a DB instance, file system, mount target or access point, or, as
    `replication fs-…`, the replication of a file system."""
    from moto.efs.models import efs_backends
    from moto.rds.models import rds_backends

    account_id, body = request.args.get("account", "000000000000"), body_of(request)
    name, status = str(body.get("id", "")), str(body.get("status", ""))
    here = account_of(request)
    if not status:
        raise Refused("a status is needed")
    with here.lock:
        here.settle()
        for region in list(rds_backends[account_id]):
            for database in rds_backends[account_id][region].databases.values():
                if name in (database.db_instance_identifier, database.dbi_resource_id):
                    here.forget(database.dbi_resource_id)
                    database.status = status
                    return {"id": name, "status": status}
        for region in list(efs_backends[account_id]):
            efs = efs_backends[account_id][region]
            replication = getattr(efs, "_replications", {}).get(name.removeprefix("replication "))
            if replication and name.startswith("replication "):
                here.forget(name)
                replication["Destinations"][0]["Status"] = status
                return {"id": name, "status": status}
            objects = dict(efs.file_systems_by_id) | dict(efs.mount_targets_by_id) | dict(efs.access_points)
            if name in objects:
                here.forget(name)
                objects[name].life_cycle_state = status
                return {"id": name, "status": status}
    raise Refused(f"there is no {name}")
