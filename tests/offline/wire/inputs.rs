//! Every input that AWS has for an object is sent by a kind, or stands in a list with the reason. The inputs are those of the SDK's own
//! types, so that a newer SDK with a new input fails here; what is sent is read from the kept bytes of all requests.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::Path;

use aws_sdk_efs::operation as efs;
use aws_sdk_efs::types::{CreationInfo, DestinationToCreate, LifecyclePolicy, PosixUser, RootDirectory};
use aws_sdk_rds::operation as rds;
use serde_json::Value;

/// Members and the reason for which they are not sent.
type LeftOut = &'static [(&'static [&'static str], &'static str)];

/// Of every call that makes or changes a database or a replica (sources: the heads of `db_instance/rows.rs` and `replica/rows.rs`).
const OF_INSTANCES: LeftOut = &[
    (&["availability_zone"], "a failover changes it, and it cannot be given together with a standby"),
    (&["license_model", "option_group_name"], "PostgreSQL has nothing to choose"),
    (
        &[
            "additional_storage_volumes",
            "character_set_name",
            "db_system_id",
            "multi_tenant",
            "nchar_character_set_name",
            "processor_features",
            "replica_mode",
            "tde_credential_arn",
            "tde_credential_password",
            "timezone",
            "use_default_processor_features",
        ],
        "other engines have it",
    ),
    (
        &[
            "db_cluster_identifier",
            "db_cluster_snapshot_identifier",
            "promotion_tier",
            "source_db_cluster_identifier",
        ],
        "clusters have it",
    ),
    (
        &["automation_mode", "custom_iam_instance_profile", "resume_full_automation_mode_minutes"],
        "RDS Custom has it",
    ),
    (&["enable_customer_owned_ip"], "Outposts have it"),
    (&["db_security_groups"], "EC2-Classic had it"),
    (
        &["domain_auth_secret_arn", "domain_dns_ips", "domain_fqdn", "domain_ou"],
        "SQL Server joins such a directory alone",
    ),
    (
        &["certificate_rotation_restart", "rotate_master_user_password", "upgrade_storage_config"],
        "it is a deed and no state",
    ),
    (&["disable_domain", "tag_specifications"], "another field says it"),
    (
        &["master_user_authentication_type"],
        "RDS does not show it, and it rules out every source of a password",
    ),
    (&["aws_backup_recovery_point_arn"], "AWS Backup says it"),
];

/// Of one call.
const OF_CREATION: LeftOut =
    &[(&["master_user_password"], "sent where the password is one's own: `wire::rds`")];
const OF_MODIFICATION: LeftOut = &[
    (
        &["manage_master_user_password", "master_user_secret_kms_key_id"],
        "sent where RDS begins to manage the password: `wire::rds`",
    ),
    (&["master_user_password"], "sent where the password is one's own: `wire::rds`"),
    (&["db_subnet_group_name"], "a move is possible to another VPC alone, and a stack stays in its own"),
    (&["engine"], "it is `postgres`"),
];
const OF_RESTORES: LeftOut = &[
    (&["db_name"], "\"This parameter doesn't apply to […] PostgreSQL\": it is that of the backup"),
    (&["engine"], "it is that of the backup"),
    (
        &["manage_master_user_password", "master_user_secret_kms_key_id"],
        "the password is changed when the database is there",
    ),
    (
        &["source_db_instance_automated_backups_arn", "source_dbi_resource_id"],
        "`source` names the database by its identifier",
    ),
];
const OF_REPLICAS: LeftOut = &[
    (&["db_subnet_group_name", "kms_key_id", "network_type"], "it is that of the source in the same region"),
    (&["backup_target"], "a replica has no backups of its own here"),
    (&["pre_signed_url"], "the source is in the same region"),
];
const OF_MOUNT_TARGETS: LeftOut = &[(
    &["ip_address", "ipv6_address"],
    "each zone would have its own; EFS takes a free one of the subnet, and clients resolve the name",
)];
const OF_POLICIES: LeftOut =
    &[(&["bypass_policy_lockout_safety_check"], "with it a policy could lock its author out for good")];
const OF_ENDED_REPLICATIONS: LeftOut =
    &[(&["deletion_mode"], "a deed of last resort: it leaves the other half \"unrecoverable\"")];

/// The members of a type, as its own text names them.
fn members(empty: &impl Debug) -> BTreeSet<String> {
    let text = format!("{empty:#?}");
    let lines = text.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": "));
    lines.map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with(' ')).collect()
}

/// A name as both sides have it: `DBInstanceIdentifier` and `db_instance_identifier`.
fn plain(name: &str) -> String {
    name.replace('_', "").to_lowercase()
}

fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(parts) => {
            for (name, inner) in parts {
                into.insert(plain(name));
                keys(inner, into);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| keys(one, into)),
        _ => {}
    }
}

/// The members that some request of the kind sends with the operation: of a query its parameters, of JSON its keys, and what is in the path.
fn sent(kind: &str, operation: &str, in_path: &[&str]) -> BTreeSet<String> {
    let file = format!("tests/offline/wire/snapshots/offline__wire__requests__{kind}.snap");
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file)).expect("it is kept");
    let is_operation = |asked: &str| match operation.split_once('*') {
        Some((start, end)) => asked.starts_with(start) && asked.ends_with(end),
        None => asked == operation,
    };
    let mut sent: BTreeSet<String> = in_path.iter().map(|name| plain(name)).collect();
    let before = sent.len();
    for line in text.lines().filter_map(|line| line.strip_prefix("  ")) {
        if let Some((_, body)) = line.split_once(" {").filter(|(asked, _)| is_operation(asked)) {
            keys(&serde_json::from_str(&format!("{{{body}")).expect("the body is JSON"), &mut sent);
        } else if let Some((_, query)) = line.split_once(' ').filter(|(asked, _)| is_operation(asked)) {
            let names = query.split('&').filter_map(|pair| pair.split(['=', '.']).next());
            sent.extend(names.map(plain));
        }
    }
    assert!(sent.len() > before, "{kind} never asks for {operation}");
    sent
}

fn complaints(
    what: &str,
    members: BTreeSet<String>,
    sent: &BTreeSet<String>,
    left_out: &[LeftOut],
) -> Vec<String> {
    let listed: BTreeSet<&str> =
        left_out.iter().flat_map(|list| list.iter()).flat_map(|(names, _)| names.iter().copied()).collect();
    let mut found = Vec::new();
    for member in &members {
        match (sent.contains(&plain(member)), listed.contains(member.as_str())) {
            (false, false) => found.push(format!("{what}: {member} is not sent, and no reason is given")),
            (true, true) => found.push(format!("{what}: {member} is sent, and listed as left out")),
            _ => {}
        }
    }
    found
}

/// The members of the input of an operation, and of types within it.
macro_rules! members_of {
    ($service:ident :: $operation:ident :: $builder:ident $(, $part:expr)*) => {{
        #[allow(unused_mut, reason = "most inputs have no parts")]
        let mut all = members(&$service::$operation::builders::$builder::default());
        $(all.extend(members(&$part));)*
        all
    }};
}

#[test]
fn every_input_of_aws_is_sent_or_is_in_a_list_with_its_reason() {
    const FILE_SYSTEM: &str = "aws_efs_file_system";
    const COPY: &str = "aws_efs_replication_configuration";
    const DATABASE: &str = "aws_db_instance";
    const REPLICA: &str = "aws_db_replica";
    let mut found = Vec::new();
    let mut used: BTreeSet<&str> = BTreeSet::new();
    let mut hold = |kind, operation, in_path: &[&str], members: BTreeSet<String>, left_out: &[LeftOut]| {
        let listed =
            left_out.iter().flat_map(|list| list.iter()).flat_map(|(names, _)| names.iter().copied());
        used.extend(listed.filter(|name| members.contains(*name)));
        found.extend(complaints(operation, members, &sent(kind, operation, in_path), left_out));
    };
    let path = &["file_system_id"][..];

    let members = members_of!(rds::create_db_instance::CreateDbInstanceInputBuilder);
    hold(DATABASE, "CreateDBInstance", &[], members, &[OF_INSTANCES, OF_CREATION]);
    let members = members_of!(rds::modify_db_instance::ModifyDbInstanceInputBuilder);
    hold(DATABASE, "ModifyDBInstance", &[], members.clone(), &[OF_INSTANCES, OF_MODIFICATION]);
    let members_of_replicas = &[OF_INSTANCES, OF_MODIFICATION, OF_MODIFIED_REPLICAS];
    hold(REPLICA, "ModifyDBInstance", &[], members, members_of_replicas);
    let members =
        members_of!(rds::restore_db_instance_from_db_snapshot::RestoreDbInstanceFromDbSnapshotInputBuilder);
    hold(DATABASE, "RestoreDBInstanceFromDBSnapshot", &[], members, &[OF_INSTANCES, OF_RESTORES]);
    let members =
        members_of!(rds::restore_db_instance_to_point_in_time::RestoreDbInstanceToPointInTimeInputBuilder);
    hold(DATABASE, "RestoreDBInstanceToPointInTime", &[], members, &[OF_INSTANCES, OF_RESTORES]);
    let members = members_of!(rds::create_db_instance_read_replica::CreateDbInstanceReadReplicaInputBuilder);
    hold(REPLICA, "CreateDBInstanceReadReplica", &[], members, &[OF_INSTANCES, OF_REPLICAS]);
    let members = members_of!(rds::create_db_subnet_group::CreateDbSubnetGroupInputBuilder);
    hold("aws_db_subnet_group", "CreateDBSubnetGroup", &[], members, &[]);
    let members = members_of!(rds::modify_db_subnet_group::ModifyDbSubnetGroupInputBuilder);
    hold("aws_db_subnet_group", "ModifyDBSubnetGroup", &[], members, &[]);
    let members = members_of!(rds::create_db_parameter_group::CreateDbParameterGroupInputBuilder);
    hold("aws_db_parameter_group", "CreateDBParameterGroup", &[], members, &[]);

    let members = members_of!(efs::create_file_system::CreateFileSystemInputBuilder);
    hold(FILE_SYSTEM, "POST /2015-02-01/file-systems", &[], members, &[]);
    let members = members_of!(efs::update_file_system::UpdateFileSystemInputBuilder);
    hold(FILE_SYSTEM, "PUT /2015-02-01/file-systems/fs-1", path, members, &[]);
    let members = members_of!(efs::update_file_system_protection::UpdateFileSystemProtectionInputBuilder);
    hold(FILE_SYSTEM, "PUT /2015-02-01/file-systems/fs-1/protection", path, members, &[]);
    let members = members_of!(
        efs::put_lifecycle_configuration::PutLifecycleConfigurationInputBuilder,
        LifecyclePolicy::builder().build()
    );
    hold(FILE_SYSTEM, "PUT /2015-02-01/file-systems/fs-1/lifecycle-configuration", path, members, &[]);
    let members = members_of!(efs::put_backup_policy::PutBackupPolicyInputBuilder);
    hold(FILE_SYSTEM, "PUT /2015-02-01/file-systems/fs-1/backup-policy", path, members, &[]);
    let members = members_of!(efs::put_file_system_policy::PutFileSystemPolicyInputBuilder);
    hold(FILE_SYSTEM, "PUT /2015-02-01/file-systems/fs-1/policy", path, members, &[OF_POLICIES]);
    let members = members_of!(efs::create_mount_target::CreateMountTargetInputBuilder);
    hold("aws_efs_mount_target", "POST /2015-02-01/mount-targets", &[], members, &[OF_MOUNT_TARGETS]);
    let members = members_of!(
        efs::create_access_point::CreateAccessPointInputBuilder,
        PosixUser::builder().uid(0).gid(0).build().expect("a user"),
        RootDirectory::builder().build(),
        CreationInfo::builder().owner_uid(0).owner_gid(0).permissions("0755").build().expect("a directory")
    );
    hold("aws_efs_access_point", "POST /2015-02-01/access-points", &[], members, &[]);
    let members = members_of!(
        efs::create_replication_configuration::CreateReplicationConfigurationInputBuilder,
        DestinationToCreate::builder().build()
    );
    let source = &["source_file_system_id"][..];
    hold(COPY, "POST /2015-02-01/file-systems/*/replication-configuration", source, members, &[]);
    let members =
        members_of!(efs::delete_replication_configuration::DeleteReplicationConfigurationInputBuilder);
    used.extend(["deletion_mode"]);
    found.extend(complaints(
        "DeleteReplicationConfiguration",
        members,
        &source.iter().map(|name| plain(name)).collect(),
        &[OF_ENDED_REPLICATIONS],
    ));

    assert!(found.is_empty(), "{}", found.join("\n"));
    let lists = [
        OF_INSTANCES,
        OF_CREATION,
        OF_MODIFICATION,
        OF_MODIFIED_REPLICAS,
        OF_RESTORES,
        OF_REPLICAS,
        OF_MOUNT_TARGETS,
        OF_POLICIES,
        OF_ENDED_REPLICATIONS,
    ];
    let unknown = lists.iter().flat_map(|list| list.iter()).flat_map(|(names, _)| names.iter().copied());
    let unknown: Vec<&str> = unknown.filter(|name| !used.contains(name)).collect();
    assert!(unknown.is_empty(), "listed, and no input of AWS: {unknown:?}");
}

/// What a change of a database has and one of its replica has not.
const OF_MODIFIED_REPLICAS: LeftOut = &[
    (
        &["allow_major_version_upgrade", "engine_lifecycle_support", "network_type"],
        "it is the source's to say, and a replica follows",
    ),
    (
        &["backup_retention_period", "preferred_backup_window"],
        "a replica holds a copy alone: the backups are those of the source",
    ),
];

#[test]
fn an_input_that_nobody_sends_or_explains_is_found() {
    let members: BTreeSet<String> = ["sent", "listed", "both", "neither"].map(str::to_owned).into();
    let sent = ["sent", "both"].map(plain).into();
    let list: LeftOut = &[(&["listed", "both"], "why")];
    let found = complaints("Call", members, &sent, &[list]);
    let expected =
        ["Call: both is sent, and listed as left out", "Call: neither is not sent, and no reason is given"];
    assert_eq!(found, expected);
}
