"""DB parameter groups: what can be set in them, who uses them, and when a change counts."""

import re

import moto.rds.models

from provision_localstack import rds_catalogue as catalogue
from provision_localstack.service import Call, fail

# A good part of what PostgreSQL on RDS has; the same for every family. PostgreSQL's documentation says which of them
# are read at the start alone; of those of RDS it is a guess.
DYNAMIC = """
    application_name archive_timeout authentication_timeout auto_explain.log_analyze auto_explain.log_min_duration
    autovacuum autovacuum_analyze_scale_factor autovacuum_analyze_threshold autovacuum_naptime
    autovacuum_vacuum_cost_delay autovacuum_vacuum_cost_limit autovacuum_vacuum_scale_factor
    autovacuum_vacuum_threshold autovacuum_work_mem backend_flush_after bgwriter_delay bgwriter_flush_after
    bgwriter_lru_maxpages bgwriter_lru_multiplier checkpoint_completion_target checkpoint_flush_after
    checkpoint_timeout checkpoint_warning client_encoding client_min_messages commit_delay commit_siblings
    cpu_index_tuple_cost cpu_operator_cost cpu_tuple_cost cursor_tuple_fraction datestyle deadlock_timeout
    debug_pretty_print default_statistics_target default_toast_compression default_transaction_isolation
    effective_cache_size effective_io_concurrency enable_bitmapscan enable_hashagg enable_hashjoin
    enable_indexonlyscan enable_indexscan enable_material enable_mergejoin enable_nestloop enable_seqscan enable_sort
    extra_float_digits from_collapse_limit geqo geqo_effort geqo_threshold gin_fuzzy_search_limit hash_mem_multiplier
    hot_standby_feedback idle_in_transaction_session_timeout idle_session_timeout intervalstyle jit jit_above_cost
    join_collapse_limit lc_messages lc_time lock_timeout log_autovacuum_min_duration log_checkpoints log_connections
    log_disconnections log_duration log_error_verbosity log_hostname log_lock_waits log_min_duration_statement
    log_min_error_statement log_min_messages log_rotation_age log_rotation_size log_statement log_statement_stats
    log_temp_files log_timezone logical_decoding_work_mem maintenance_work_mem max_parallel_maintenance_workers
    max_parallel_workers max_parallel_workers_per_gather max_slot_wal_keep_size max_standby_archive_delay
    max_standby_streaming_delay max_sync_workers_per_subscription max_wal_size min_wal_size password_encryption
    pg_stat_statements.track pg_stat_statements.track_utility plan_cache_mode pgaudit.log pgaudit.log_level
    random_page_cost rds.force_autovacuum_logging_level rds.force_ssl rds.log_retention_period search_path
    seq_page_cost session_replication_role ssl_max_protocol_version ssl_min_protocol_version statement_timeout
    synchronous_commit tcp_keepalives_count tcp_keepalives_idle tcp_keepalives_interval temp_buffers temp_file_limit
    timezone track_activities track_counts track_functions track_io_timing vacuum_cost_delay vacuum_cost_limit
    wal_compression wal_receiver_timeout wal_sender_timeout work_mem
""".split()
STATIC = """
    autovacuum_freeze_max_age autovacuum_max_workers huge_pages max_connections max_files_per_process
    max_locks_per_transaction max_logical_replication_workers max_pred_locks_per_transaction max_prepared_transactions
    max_replication_slots max_wal_senders max_worker_processes old_snapshot_threshold pg_stat_statements.max
    rds.logical_replication rds.restrict_password_commands shared_buffers shared_preload_libraries
    superuser_reserved_connections track_activity_query_size track_commit_timestamp wal_buffers
""".split()
FIXED = "archive_command archive_mode data_directory hba_file listen_addresses port ssl wal_level".split()
TYPES = dict.fromkeys(DYNAMIC, "dynamic") | dict.fromkeys(STATIC + FIXED, "static")
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
    on("ModifyDBParameterGroup")(modify)
    on("ResetDBParameterGroup")(reset)
    on("DeleteDBParameterGroup")(delete)


def find(call: Call, name: str):
    group = call.rds.db_parameter_groups.get(name.lower())
    if group is None:
        fail("DBParameterGroupNotFound", f"DBParameterGroup not found: {name.lower()}", 404)
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
    if family not in {f"postgres{catalogue.major(version)}" for version in catalogue.VERSIONS}:
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
    rows = [row(group, name) for name in sorted(TYPES) if not wanted or name in wanted]
    return catalogue.paged(call, "Parameters", [each for each in rows if source in (None, each["Source"])])


def row(group, name: str) -> dict:
    known = {
        "ParameterName": name,
        "Source": "engine-default",
        "ApplyType": TYPES[name],
        "DataType": "string",
        "IsModifiable": name not in FIXED,
        "ApplyMethod": "pending-reboot",
    }
    return known | (group.parameters[name] | {"Source": "user"} if name in group.parameters else {})


def asked(call: Call) -> list[dict]:
    """The parameters of the call, checked."""
    parameters = call.get("Parameters") or []
    if not 1 <= len(parameters) <= AT_ONCE:
        fail("InvalidParameterValue", f"Between 1 and {AT_ONCE} parameters can be changed at once, not {len(parameters)}.")
    for each in parameters:
        name, method = each.get("ParameterName"), each.get("ApplyMethod")
        if name not in TYPES:
            fail("InvalidParameterValue", f"Could not find parameter with name: {name}")
        if name in FIXED:
            fail("InvalidParameterValue", f"The parameter {name} cannot be modified.")
        if method not in ("immediate", "pending-reboot"):
            fail("InvalidParameterValue", f"Invalid apply method: {method}")
        if method == "immediate" and TYPES[name] == "static":
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
    for each in parameters:
        group.parameters[each["ParameterName"]] = {
            "ParameterValue": each["ParameterValue"],
            "ApplyMethod": each["ApplyMethod"],
        }
    count(call, group, parameters)
    return {"DBParameterGroupName": group.name}


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
