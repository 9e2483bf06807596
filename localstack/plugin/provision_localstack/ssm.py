"""Systems Manager's Run Command: agents that are online or not, commands with answers that the control page sets, and pairs that are watched.

moto answers `Success` at once for whatever instance id, and has no DescribeInstanceInformation. Everything else of the service is LocalStack's.

Sources: the API model (botocore, ssm/2014-11-06): SendCommand (InstanceIds at most 50; Comment at most 100 characters; TimeoutSeconds 30 to
2592000: "If this time is reached and the command hasn't already started running, it won't run"), InvalidInstanceId ("SSM Agent isn't running",
not registered, or the node is not in a valid state: "Valid states are: Running, Pending, Stopped, and Stopping"), GetCommandInvocation
(InvocationDoesNotExist, StatusDetails with words apart: "Delivery Timed Out"; ResponseCode -1 "hasn't started running"; output empty until the
end, 24,000 and 8,000 characters of it), ListCommands (InstanceId, filters InvokedAfter), DescribeInstanceInformation (PingStatus; MaxResults 5 to
50, 10 without it). A stopped machine keeps its registration, and its ping is lost ("Checking SSM Agent status", Systems Manager User Guide). For
about a second a command that was sent has no invocation yet: boto/boto3#2701, aws/aws-cli#3546.
"""

import re
import time
import uuid
from datetime import UTC, datetime

from provision_localstack.service import Overrides, fail, page

overrides = Overrides("ssm")
on = overrides.on

DOCUMENTS = ("AWS-RunShellScript", "AWS-RunPowerShellScript")
INSTANCE = re.compile(r"(i-(\w{8}|\w{17}))|(mi-\w{17})")
# The words of StatusDetails, and the Status that goes with each.
STATUS = {
    "Pending": "Pending",
    "In Progress": "InProgress",
    "Delayed": "Delayed",
    "Success": "Success",
    "Failed": "Failed",
    "Delivery Timed Out": "TimedOut",
    "Execution Timed Out": "TimedOut",
    "Undeliverable": "Failed",
    "Cancelled": "Cancelled",
    "Terminated": "Failed",
}
ENDS = ("Success", "Failed", "Delivery Timed Out", "Execution Timed Out", "Undeliverable", "Cancelled", "Terminated")


def machine(call, instance_id):
    for reservation in call.ec2.reservations.values():
        for instance in reservation.instances:
            if instance.id == instance_id:
                return instance
    return None


def ping(call, instance_id) -> str | None:
    """The ping of an agent; nothing where none is registered."""
    instance, said = machine(call, instance_id), call.world.agents.get(instance_id, "Online")
    if instance is None or said == "none" or instance.state in ("terminated", "shutting-down"):
        return None
    return said if instance.state == "running" else "ConnectionLost"


@on("DescribeInstanceInformation")
def describe_information(call):
    size = call.get("MaxResults") or 10
    if not 5 <= size <= 50:
        fail("ValidationException", "MaxResults must be from 5 to 50.")
    wanted = None
    for one in (call.get("Filters") or []) + (call.get("InstanceInformationFilterList") or []):
        key, values = one.get("Key") or one.get("key"), one.get("Values") or one.get("valueSet") or []
        if key != "InstanceIds":
            fail("InvalidFilterKey", f"{key} is not known here.")
        wanted = values if wanted is None else [each for each in wanted if each in values]
    instances = [one.id for reservation in call.ec2.reservations.values() for one in reservation.instances]
    rows = [
        {
            "InstanceId": one,
            "PingStatus": ping(call, one),
            "PlatformType": "Linux",
            "ResourceType": "EC2Instance",
            "AgentVersion": "3.3.0.0",
            "LastPingDateTime": datetime.now(UTC),
        }
        for one in sorted(instances)
        if (wanted is None or one in wanted) and ping(call, one)
    ]
    shown, following = page(rows, size, call.get("NextToken"), lambda: fail("InvalidNextToken", "The token is not valid."))
    return {"InstanceInformationList": shown} | ({"NextToken": following} if following else {})


@on("SendCommand")
def send(call):
    ids = call.get("InstanceIds") or []
    if call.get("Targets") or not ids:
        fail("UnsupportedOperation", "Here commands are sent to instance ids alone.")
    if len(ids) > 50:
        fail("ValidationException", "InstanceIds takes 50 at most.")
    if len(ids) != len(set(ids)):
        fail("DuplicateInstanceId", "An instance id is there twice.")
    if call.get("DocumentName") not in DOCUMENTS:
        fail("InvalidDocument", f"The document {call.get('DocumentName')} is not known.")
    if len(call.get("Comment") or "") > 100:
        fail("ValidationException", "Comment takes 100 characters at most.")
    delivery = call.get("TimeoutSeconds")
    if delivery is not None and not 30 <= delivery <= 2_592_000:
        fail("ValidationException", "TimeoutSeconds must be from 30 to 2592000.")
    parameters = call.get("Parameters") or {}
    if not parameters.get("commands") or parameters.keys() - {"commands", "workingDirectory", "executionTimeout"}:
        fail("InvalidParameters", "commands is needed, and workingDirectory and executionTimeout may be there.")
    if any(ping(call, one) is None for one in ids):
        fail("InvalidInstanceId", f"Instances [{', '.join(ids)}] not in a valid state for account {call.account_id}")
    now = datetime.now(UTC)
    command = {
        "CommandId": str(uuid.uuid4()),
        "DocumentName": call.get("DocumentName"),
        "Comment": call.get("Comment") or "",
        "Parameters": parameters,
        "InstanceIds": ids,
        "RequestedDateTime": now,
        "ExpiresAfter": now,
        "TimeoutSeconds": delivery or 3600,
        "_sent": time.time(),
        "_runs": {one: {"details": "Pending", "code": -1, "out": "", "err": "", "begun": None} for one in ids},
    }
    call.world.commands.append(command)
    go_on(call, command)
    return {"Command": shown(command)}


def go_on(call, command):
    """What has become of a command, by the clock and by the agents."""
    now = time.time()
    text = "\n".join(command["Parameters"]["commands"])
    for instance_id, run in command["_runs"].items():
        if run["details"] in ENDS:
            continue
        if run["begun"] is None and ping(call, instance_id) == "Online":
            run["begun"], run["details"] = now, "In Progress"
        if run["begun"] is None:
            late = now - command["_sent"] >= call.world.setting("ssm_delivery")
            run["details"] = "Delivery Timed Out" if late else "Delayed"
            continue
        answer = answer_of(call.world, instance_id, text)
        if now - run["begun"] < max(call.world.setting("ssm_running"), answer.get("seconds", 0)):
            continue
        instance = machine(call, instance_id)
        if instance is None or instance.state != "running":
            run["details"] = "Execution Timed Out"
            continue
        run["details"] = answer.get("status", "Success")
        run["code"] = answer.get("code", 0 if run["details"] == "Success" else 1)
        run["out"], run["err"] = str(answer.get("output", ""))[:24_000], str(answer.get("error", ""))[:8_000]
        if run["details"] == "Success" and "serves" in answer:
            call.world.serves[instance_id] = answer["serves"]


def answer_of(here, instance_id, text):
    """The answer that was set last for this machine, or for all, and for a command with this text in it."""
    for answer in reversed(here.answers):
        if answer.get("id") in (None, instance_id) and answer["command"] in text:
            return answer
    return {}


def shown(command):
    row = {name: value for name, value in command.items() if not name.startswith("_")}
    details = [run["details"] for run in command["_runs"].values()]
    unfinished = [one for one in details if one not in ENDS]
    worst = next((one for one in details if one != "Success"), "Success")
    said = unfinished[0] if unfinished else worst
    return row | {
        "Status": {"Delayed": "Pending", "Delivery Timed Out": "TimedOut"}.get(said, STATUS[said]),
        "StatusDetails": said.replace(" ", ""),
        "TargetCount": len(details),
        "CompletedCount": len(details) - len(unfinished),
        "ErrorCount": sum(one in ("Failed", "Execution Timed Out") for one in details),
    }


@on("ListCommands")
def list_commands(call):
    rows = list(call.world.commands)
    if wanted := call.get("CommandId"):
        rows = [one for one in rows if one["CommandId"] == wanted]
    if wanted := call.get("InstanceId"):
        if not INSTANCE.fullmatch(wanted):
            fail("InvalidInstanceId", f"{wanted} is not an instance id.")
        rows = [one for one in rows if wanted in one["InstanceIds"]]
    for one in call.get("Filters") or []:
        key, value = one.get("key") or one.get("Key"), one.get("value") or one.get("Value") or ""
        if key != "InvokedAfter":
            fail("InvalidFilterKey", f"{key} is not known here.")
        after = datetime.fromisoformat(value.replace("Z", "+00:00"))
        rows = [each for each in rows if each["RequestedDateTime"] >= after]
    # A command that was just sent is listed as late as its invocations are shown.
    rows = [one for one in rows if time.time() - one["_sent"] >= call.world.setting("ssm_showing")]
    for one in rows:
        go_on(call, one)
    rows.reverse()
    size = call.get("MaxResults") or 50
    answer, following = page(rows, size, call.get("NextToken"), lambda: fail("InvalidNextToken", "The token is not valid."))
    return {"Commands": [shown(one) for one in answer]} | ({"NextToken": following} if following else {})


@on("GetCommandInvocation")
def get_invocation(call):
    wanted, instance_id = call.get("CommandId") or "", call.get("InstanceId") or ""
    if len(wanted) != 36:
        fail("InvalidCommandId", f"{wanted} is not the id of a command.")
    command = next((one for one in call.world.commands if one["CommandId"] == wanted), None)
    late = command is not None and time.time() - command["_sent"] < call.world.setting("ssm_showing")
    if command is None or late or instance_id not in command["_runs"]:
        fail("InvocationDoesNotExist", "")
    go_on(call, command)
    run = command["_runs"][instance_id]
    over = run["details"] in ENDS
    return {
        "CommandId": wanted,
        "InstanceId": instance_id,
        "Comment": command["Comment"],
        "DocumentName": command["DocumentName"],
        "PluginName": "aws:runShellScript",
        "ResponseCode": run["code"],
        "Status": STATUS[run["details"]],
        "StatusDetails": run["details"],
        "StandardOutputContent": run["out"] if over else "",
        "StandardErrorContent": run["err"] if over else "",
    }


# --- pairs that are watched ----------------------------------------------------------------------


def watch(here, account_id: str, operation: str) -> None:
    """Notes after a call whether both machines of a pair can write. A machine writes while it runs and its service does: a change of its
    groups alone ends no connection ("Security group connection tracking", EC2 User Guide)."""
    from moto.ec2 import ec2_backends

    pair = here.pair
    if not pair:
        return
    backend = ec2_backends[account_id][pair["region"]]
    found = {}
    for reservation in backend.reservations.values():
        for instance in reservation.instances:
            if instance.id in pair["machines"]:
                found[instance.id] = instance
                if instance.state in ("stopped", "terminated"):
                    here.serves[instance.id] = False
    running = [one for one in found.values() if one.state in ("running", "stopping")]
    writers = sorted(one.id for one in running if here.serves.get(one.id))
    open_ones = sorted(one.id for one in running if pair["open"] in [group.id for group in one.security_groups])
    if len(writers) > 1:
        here.violations.append(f"{operation}: {' and '.join(writers)} can write")
    if len(open_ones) > 1:
        here.violations.append(f"{operation}: {' and '.join(open_ones)} are open")
