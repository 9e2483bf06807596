"""The parameters of PostgreSQL on RDS: their types, what they may be, and when a change counts.

A good part of what there is, the same for every family. Types and limits are those of PostgreSQL's documentation (and of pg_settings);
which of them are read at the start alone is from there too. Of those of RDS both are a guess.
"""

BOOLEANS = """
    archive_mode= auto_explain.log_analyze autovacuum debug_pretty_print enable_bitmapscan enable_hashagg enable_hashjoin
    enable_indexonlyscan enable_indexscan enable_material enable_mergejoin enable_nestloop enable_seqscan enable_sort geqo
    hot_standby_feedback jit log_checkpoints log_connections log_disconnections log_duration log_hostname log_lock_waits
    log_statement_stats pg_stat_statements.track_utility rds.force_ssl rds.logical_replication!
    rds.restrict_password_commands! ssl= track_activities track_commit_timestamp! track_counts track_io_timing wal_compression
""".split()

# name: (type, allowed), as AWS writes them. `!` behind a name: read at the start alone; `=`: it cannot be changed.
NUMBERS = """
    archive_timeout 0-2147483647 · authentication_timeout 1-600 · auto_explain.log_min_duration -1-2147483647 ·
    autovacuum_analyze_scale_factor 0-100 · autovacuum_analyze_threshold 0-2147483647 ·
    autovacuum_freeze_max_age! 100000-2000000000 · autovacuum_max_workers! 1-262143 · autovacuum_naptime 1-2147483 ·
    autovacuum_vacuum_cost_delay -1-100 · autovacuum_vacuum_cost_limit -1-10000 · autovacuum_vacuum_scale_factor 0-100 ·
    autovacuum_vacuum_threshold 0-2147483647 · autovacuum_work_mem -1-2147483647 · backend_flush_after 0-256 ·
    bgwriter_delay 10-10000 · bgwriter_flush_after 0-256 · bgwriter_lru_maxpages 0-1073741823 · bgwriter_lru_multiplier 0-10 ·
    checkpoint_completion_target 0-1 · checkpoint_flush_after 0-256 · checkpoint_timeout 30-86400 ·
    checkpoint_warning 0-2147483647 · commit_delay 0-100000 · commit_siblings 0-1000 · cpu_index_tuple_cost 0-1.79769e+308 ·
    cpu_operator_cost 0-1.79769e+308 · cpu_tuple_cost 0-1.79769e+308 · cursor_tuple_fraction 0-1 ·
    deadlock_timeout 1-2147483647 · default_statistics_target 1-10000 · effective_cache_size 1-2147483647 ·
    effective_io_concurrency 0-1000 · extra_float_digits -15-3 · from_collapse_limit 1-2147483647 · geqo_effort 1-10 ·
    geqo_threshold 2-2147483647 · gin_fuzzy_search_limit 0-2147483647 · hash_mem_multiplier 1-1000 ·
    idle_in_transaction_session_timeout 0-2147483647 · idle_session_timeout 0-2147483647 · jit_above_cost -1-1.79769e+308 ·
    join_collapse_limit 1-2147483647 · lock_timeout 0-2147483647 · log_autovacuum_min_duration -1-2147483647 ·
    log_min_duration_statement -1-2147483647 · log_rotation_age 1-1440 · log_rotation_size 0-2097151 ·
    log_temp_files -1-2147483647 · logical_decoding_work_mem 64-2147483647 · maintenance_work_mem 1024-2147483647 ·
    max_connections! 6-8388607 · max_files_per_process! 64-2147483647 · max_locks_per_transaction! 10-2147483647 ·
    max_logical_replication_workers! 0-262143 · max_parallel_maintenance_workers 0-1024 · max_parallel_workers 0-1024 ·
    max_parallel_workers_per_gather 0-1024 · max_pred_locks_per_transaction! 10-2147483647 ·
    max_prepared_transactions! 0-262143 · max_replication_slots! 0-262143 · max_slot_wal_keep_size -1-2147483647 ·
    max_standby_archive_delay -1-2147483647 · max_standby_streaming_delay -1-2147483647 ·
    max_sync_workers_per_subscription 0-262143 · max_wal_senders! 0-262143 · max_wal_size 128-2147483647 ·
    max_worker_processes! 0-262143 · min_wal_size 128-2147483647 · old_snapshot_threshold! -1-86400 ·
    pg_stat_statements.max! 100-2147483647 · port= 1150-65535 · random_page_cost 0-1.79769e+308 ·
    rds.log_retention_period 1440-10080 · seq_page_cost 0-1.79769e+308 · shared_buffers! 16-1073741823 ·
    statement_timeout 0-2147483647 · superuser_reserved_connections! 0-8388607 · tcp_keepalives_count 0-2147483647 ·
    tcp_keepalives_idle 0-2147483647 · tcp_keepalives_interval 0-2147483647 · temp_buffers 100-1073741823 ·
    temp_file_limit -1-2147483647 · track_activity_query_size! 100-1048576 · vacuum_cost_delay 0-100 ·
    vacuum_cost_limit 1-10000 · wal_buffers! -1-262143 · wal_receiver_timeout 0-3600000 · wal_sender_timeout 0-3600000 ·
    work_mem 64-2147483647
"""
WORDS = """
    client_min_messages debug5,debug4,debug3,debug2,debug1,log,notice,warning,error · default_toast_compression pglz,lz4 ·
    default_transaction_isolation serializable,repeatable read,read committed,read uncommitted · huge_pages! on,off,try ·
    intervalstyle postgres,postgres_verbose,sql_standard,iso_8601 · log_error_verbosity terse,default,verbose ·
    log_min_error_statement debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic ·
    log_min_messages debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic ·
    log_statement none,ddl,mod,all · password_encryption md5,scram-sha-256 · pg_stat_statements.track none,top,all ·
    pgaudit.log_level debug5,debug4,debug3,debug2,debug1,info,notice,warning,log ·
    plan_cache_mode auto,force_generic_plan,force_custom_plan · rds.accepted_password_auth_method scram,md5+scram ·
    rds.force_autovacuum_logging_level disabled,debug5,debug4,debug3,debug2,debug1,info,notice,warning,error,log,fatal,panic ·
    session_replication_role origin,replica,local · ssl_max_protocol_version TLSv1,TLSv1.1,TLSv1.2,TLSv1.3 ·
    ssl_min_protocol_version TLSv1,TLSv1.1,TLSv1.2,TLSv1.3 · synchronous_commit local,on,off · track_functions none,pl,all ·
    wal_level= minimal,replica,logical
"""
TEXTS = """
    application_name archive_command= client_encoding data_directory= datestyle hba_file= lc_messages lc_time listen_addresses=
    log_timezone pgaudit.log search_path shared_preload_libraries! timezone
""".split()

ON, OFF = {"1", "on", "true", "yes"}, {"0", "off", "false", "no"}


def _table() -> dict[str, dict]:
    rows = {}

    def add(name: str, kind: str, allowed: str | None):
        row = {
            "ParameterName": name.rstrip("!="),
            "ApplyType": "static" if name[-1] in "!=" else "dynamic",
            "DataType": kind,
            "IsModifiable": not name.endswith("="),
        }
        rows[row["ParameterName"]] = row | ({"AllowedValues": allowed} if allowed else {})

    for name in BOOLEANS:
        add(name, "boolean", "0,1")
    for entry in NUMBERS.split("·"):
        name, allowed = entry.split()
        whole = "." not in allowed and not name.endswith(("_factor", "_target", "_fraction", "_multiplier", "cost_delay"))
        add(name, "integer" if whole else "float", allowed)
    for entry in WORDS.split("·"):
        name, allowed = entry.strip().split(" ", 1)
        add(name, "string", allowed)
    for name in TEXTS:
        add(name, "string", None)
    return rows


KNOWN = _table()


def defaults(family: str) -> dict[str, tuple[str, str]]:
    """What a group of the family has without a word: (value, source). Most parameters have none here, though PostgreSQL has one."""
    major = int(family.removeprefix("postgres"))
    # "Requiring an SSL connection to a PostgreSQL DB instance", RDS User Guide: 1 from version 15 on.
    return {
        "rds.force_ssl": ("1" if major >= 15 else "0", "system"),
        "log_checkpoints": ("1", "system"),
        "max_connections": ("LEAST({DBInstanceClassMemory/9531392},5000)", "system"),
        "password_encryption": ("scram-sha-256" if major >= 14 else "md5", "engine-default"),
        "rds.log_retention_period": ("4320", "system"),
        "timezone": ("UTC", "engine-default"),
    }


def is_formula(value: str) -> bool:
    """`LEAST({DBInstanceClassMemory/9531392},5000)` ("Specifying DB parameters", RDS User Guide)."""
    return "{" in value or "(" in value


def normal(name: str, value: str) -> str:
    """The value as RDS keeps it: booleans are 0 and 1 (terraform-provider-aws#45394; "Boolean expressions", RDS User Guide)."""
    if KNOWN[name]["DataType"] != "boolean":
        return value
    return "1" if value.lower() in ON else "0" if value.lower() in OFF else value


def allows(name: str, value: str) -> bool:
    allowed = KNOWN[name].get("AllowedValues")
    if allowed is None or is_formula(value):
        return True
    kind = KNOWN[name]["DataType"]
    if kind in ("integer", "float"):
        least, most = allowed[: allowed.index("-", 1)], allowed[allowed.index("-", 1) + 1 :]
        try:
            number = int(value) if kind == "integer" else float(value)
        except ValueError:
            return False
        return float(least) <= number <= float(most)
    return value in allowed.split(",")
