"""DB parameter groups: what can be set in them, who uses them, and when a change counts."""

import re

import moto.rds.models

from provision_localstack import rds_catalogue as catalogue
from provision_localstack import rds_known_parameters as known
from provision_localstack.rds_known_parameters import KNOWN
from provision_localstack.service import Call, fail

SOURCES = ("user", "system", "engine-default")
AT_ONCE = 20

DBInstance = moto.rds.models.DBInstance
DBInstance.db_parameter_group_status_list = property(
    lambda self: [
        {
            "DBParameterGroupName": self.db_parameter_groups()[0].name,
            "ParameterApplyStatus": getattr(self, "_parameter_status", "in-sync"),
        }
    ]
)


def register(on):
    on("CreateDBParameterGroup")(create)
    on("DescribeDBParameterGroups")(describe)
    on("DescribeDBParameters")(describe_parameters)
    on("DescribeEngineDefaultParameters")(engine_defaults)
    on("ModifyDBParameterGroup")(modify)
    on("ResetDBParameterGroup")(reset)
    on("DeleteDBParameterGroup")(delete)


def find(call: Call, name: str):
    group = call.rds.db_parameter_groups.get(name.lower())
    if group is None:
        fail("DBParameterGroupNotFound", f"DBParameterGroup not found: {name.lower()}", 404)
    return group


def find_used(call: Call, name: str):
    """A group that an instance is to use. One that was just made may be unknown yet (aws-cli#8489)."""
    group = find(call, name)
    if not call.world.knows(group.name):
        fail("DBParameterGroupNotFound", f"DBParameterGroup not found: {group.name}", 404)
    return group


def named(call: Call):
    return find(call, call.get("DBParameterGroupName") or "")


def own(call: Call):
    """The group of the call, if it can be changed."""
    group = named(call)
    if group.name.startswith("default."):
        fail("InvalidDBParameterGroupState", f"{group.name} is a default parameter group and cannot be changed.")
    return group


def users(call: Call, group) -> list:
    """The instances that have the group, or have it until an upgrade is done."""
    names = lambda each: (each.db_parameter_group_name, getattr(each, "_old_parameter_group", None))  # noqa: E731
    return [each for each in call.rds.databases.values() if group.name in names(each)]


# --- groups --------------------------------------------------------------------------------------


def create(call: Call):
    name, family = (call.get("DBParameterGroupName") or "").lower(), call.get("DBParameterGroupFamily") or ""
    if not re.fullmatch(r"[a-z](-?[a-z0-9])*", name) or len(name) > 255:
        fail("InvalidParameterValue", f"The parameter DBParameterGroupName is not a valid identifier: {name}")
    if family not in families():
        fail("InvalidParameterValue", f"ParameterGroupFamily {family} is not a valid parameter group family")
    if name in call.rds.db_parameter_groups:
        fail("DBParameterGroupAlreadyExists", f"Parameter group {name} already exists")
    return call.forward(call.request | {"DBParameterGroupName": name})


def describe(call: Call):
    if call.get("DBParameterGroupName"):
        return call.forward(call.request | {"DBParameterGroupName": named(call).name})
    return catalogue.paged(call, "DBParameterGroups", call.forward()["DBParameterGroups"])


def delete(call: Call):
    group = own(call)
    if using := users(call, group):
        fail(
            "InvalidDBParameterGroupState",
            f"One or more database instances are still members of this parameter group {group.name}, "
            f"so the group cannot be deleted: {using[0].db_instance_identifier}",
        )
    del call.rds.db_parameter_groups[group.name]
    return {}


# --- parameters ----------------------------------------------------------------------------------


def describe_parameters(call: Call):
    group, source = named(call), call.get("Source")
    if source not in (None, *SOURCES):
        fail("InvalidParameterValue", f"Invalid source: {source}")
    wanted = {value for rule in call.get("Filters") or [] for value in rule["Values"]}
    if any(rule["Name"] != "parameter-name" for rule in call.get("Filters") or []):
        fail("InvalidParameterValue", "The only filter is parameter-name.")
    rows = [row(group, name) for name in sorted(KNOWN) if not wanted or name in wanted]
    return catalogue.paged(call, "Parameters", [each for each in rows if source in (None, each["Source"])])


def row(group, name: str) -> dict:
    """A parameter of a group. One that is set to what its family has anyway keeps the source that it had
    (terraform-provider-aws#593, #23335)."""
    shown = default_row(group.family, name)
    set_ = group.parameters.get(name)
    if set_ is None or set_["ParameterValue"] == shown.get("ParameterValue"):
        return shown
    return shown | set_ | {"Source": "user"}


def default_row(family: str, name: str) -> dict:
    shown = KNOWN[name] | {"Source": "engine-default", "ApplyMethod": "pending-reboot"}
    if name in (defaults := known.defaults(family)):
        shown["ParameterValue"], shown["Source"] = defaults[name]
    return shown


def engine_defaults(call: Call):
    family = call.get("DBParameterGroupFamily") or ""
    if family not in families():
        fail("InvalidParameterValue", f"ParameterGroupFamily {family} is not a valid parameter group family")
    if call.get("Filters"):
        # "This parameter isn't currently supported" (DescribeEngineDefaultParameters, Filters).
        fail("InvalidParameterValue", "Filters are not supported.")
    shown = catalogue.paged(call, "Parameters", [default_row(family, name) for name in sorted(KNOWN)])
    return {"EngineDefaults": {"DBParameterGroupFamily": family} | shown}


def families() -> set[str]:
    return {f"postgres{catalogue.major(version)}" for version in catalogue.VERSIONS}


def asked(call: Call) -> list[dict]:
    """The parameters of the call, checked."""
    parameters = call.get("Parameters") or []
    if not 1 <= len(parameters) <= AT_ONCE:
        fail("InvalidParameterValue", f"Between 1 and {AT_ONCE} parameters can be changed at once, not {len(parameters)}.")
    for each in parameters:
        name, method = each.get("ParameterName"), each.get("ApplyMethod")
        if name not in KNOWN:
            fail("InvalidParameterValue", f"Could not find parameter with name: {name}")
        if not KNOWN[name]["IsModifiable"]:
            fail("InvalidParameterValue", f"The parameter {name} cannot be modified.")
        if method not in ("immediate", "pending-reboot"):
            fail("InvalidParameterValue", f"Invalid apply method: {method}")
        if method == "immediate" and KNOWN[name]["ApplyType"] == "static":
            fail("InvalidParameterCombination", f"cannot use immediate apply method for static parameter: {name}")
    return parameters


def count(call: Call, group, parameters: list[dict]):
    """A static parameter counts after a reboot."""
    if any(each["ApplyMethod"] == "pending-reboot" for each in parameters):
        for database in users(call, group):
            database._parameter_status = "pending-reboot"


def modify(call: Call):
    group, parameters = own(call), asked(call)
    for each in parameters:
        if each.get("ParameterValue") in (None, ""):
            fail("InvalidParameterValue", f"The parameter {each['ParameterName']} has no value.")
        name, value = each["ParameterName"], each["ParameterValue"]
        each["ParameterValue"] = known.normal(name, value)
        if not known.allows(name, each["ParameterValue"]):
            allowed = KNOWN[name]["AllowedValues"]
            fail("InvalidParameterValue", f"Invalid parameter value: {value} for: {name} allowed values are: {allowed}")
    check_protocols(group, parameters)
    for each in parameters:
        group.parameters[each["ParameterName"]] = {
            "ParameterValue": each["ParameterValue"],
            "ApplyMethod": each["ApplyMethod"],
        }
    count(call, group, parameters)
    return {"DBParameterGroupName": group.name}


# From the oldest to the newest.
PROTOCOLS = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]


def check_protocols(group, parameters: list[dict]):
    """The oldest version of TLS is no newer than the newest one, after each call ("ssl_max_protocol_version", PostgreSQL documentation; that RDS
    judges each call by itself: aws-cloudformation-resource-providers-rds#556)."""
    after = {name: each["ParameterValue"] for name, each in group.parameters.items()}
    after |= {each["ParameterName"]: each["ParameterValue"] for each in parameters}
    least, most = (after.get(f"ssl_{which}_protocol_version") for which in ("min", "max"))
    if least and most and PROTOCOLS.index(least) > PROTOCOLS.index(most):
        combination = f"ssl_min_protocol_version {least} must not be newer than ssl_max_protocol_version {most}"
        fail("InvalidParameterCombination", f"Invalid parameter combination: {combination}.")


def reset(call: Call):
    group = own(call)
    if call.get("ResetAllParameters", True) and not call.get("Parameters"):
        group.parameters.clear()
        count(call, group, [{"ApplyMethod": "pending-reboot"}])
    else:
        parameters = asked(call)
        for each in parameters:
            group.parameters.pop(each["ParameterName"], None)
        count(call, group, parameters)
    return {"DBParameterGroupName": group.name}


# --- instances -----------------------------------------------------------------------------------


def attach(call: Call, database, name: str, upgrades: bool):
    """Gives the instance another group: its name is there at once, and the old one kept while an upgrade goes on."""
    before = database.db_parameter_group_name
    database.db_parameter_group_name = None if name.startswith("default.") else find(call, name).name
    if upgrades:
        database._old_parameter_group = before
        database._parameter_status = "pending-database-upgrade"
    elif database.db_parameter_group_name != before:
        database._parameter_status = "pending-reboot"


def upgraded(database):
    """The upgrade is done: the group counts."""
    if getattr(database, "_parameter_status", "") == "pending-database-upgrade":
        database._old_parameter_group, database._parameter_status = None, "in-sync"
