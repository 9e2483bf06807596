//! The fields of a read replica, one row each.
//!
//! What CreateDBInstanceReadReplica and ModifyDBInstance take and has no row is as for databases, or:
//!
//! - It is of the source: `KmsKeyId`, `OptionGroupName`, `NetworkType`, `DBSubnetGroupName` ("should not be specified for read replicas that
//!   are created in the same region"), `EngineLifecycleSupport`, the password.
//! - A replica holds a copy alone, and the backups are those of the source: `BackupRetentionPeriod`, `PreferredBackupWindow`, `BackupTarget`.
//! - Its source is in the same region, and no cluster: `PreSignedUrl`, `SourceDBClusterIdentifier`.
//! - It is a deed and no state: `UpgradeStorageConfig`.

use aws_sdk_rds::operation::create_db_instance_read_replica::builders::CreateDbInstanceReadReplicaInputBuilder as Create;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder as Modify;
use aws_sdk_rds::types::DatabaseInsightsMode;

use super::super::calls::{MODIFY, TAGS as TAG_CALLS};
use super::super::monitoring::{self, Monitoring};
use super::super::{cost, domain, seen, texts, version};
use super::{DbReplica, is_being_made};
use crate::aws::kinds::rds_tags::of_sdk_tags;
use crate::aws::kinds::tags;
use crate::aws::row::{
    self, Key, NeedsSource, Row, Rule, Scope, flag, object, one_of, one_of_whole, set_of, text, whole,
};
use crate::engine::call::Call;
use crate::engine::resource::OnChange::{AtWindow, InPlace, Recorded, Replace};
use crate::engine::resource::{Effect, Pattern, Role};

const CALLS: &[Call] = &[MODIFY];

/// The database that it follows, by the id that outlives a change of its name.
pub(in super::super) const SOURCE: Key<DbReplica, String> = Key::new("source");
/// Stands for the database where there is none any more.
const FOLLOWS_NOTHING: &str = "";
pub(super) const PARAMETER_GROUP: Key<DbReplica, String> = Key::new("parameter_group_name");
pub(super) const VERSION: Key<DbReplica, String> = Key::new("engine_version");
const PORT: Key<DbReplica, i32> = Key::new("port");
const DOMAIN: Key<DbReplica, String> = Key::new("domain");

/// Begins the row of a field that no code reads by its name.
const fn field<T>(name: &'static str, rule: Rule<T>) -> NeedsSource<DbReplica, T> {
    row::field(name, rule)
}

/// Every field.
pub(super) const ROWS: &[&dyn Row<DbReplica>] = &[
    &field("identifier", text(texts::IDENTIFIER).made_by_section())
        .doc(
            "The name that AWS and the endpoint have; without it, the identifier of the database and the replica's own name here, with \
             a hyphen between them. A change renames it in place, and its endpoint with it.",
        )
        .create(Create::set_db_instance_identifier)
        .modify(Modify::set_new_db_instance_identifier, AtWindow(Effect::AccessLoss))
        .observe(|db| seen::coming(&db.queued.db_instance_identifier, &db.now.db_instance_identifier)),
    &SOURCE
        .field(text(Pattern::any("the id of a database")).required())
        .follows()
        .sent_by_code(Replace, &[])
        // One that was promoted follows nothing, and is no reason for a new one.
        .observe(|db| {
            let named = db.now.read_replica_source_db_instance_identifier.as_ref();
            let is_here = named.is_some_and(|name| !name.contains(':'));
            // While its source is renamed, RDS shows a name that no database has: nothing is known of another source then.
            let recorded = || SOURCE.of(db.recorded).filter(|_| is_here || is_being_made(&db.now));
            let source = db.source.as_ref().map(|id| id.as_str().to_owned());
            Some(source.or_else(recorded).or_else(|| named.cloned()).unwrap_or_default())
        })
        .met_by(|desired, observed| observed == FOLLOWS_NOTHING || desired == observed)
        .ended_as(FOLLOWS_NOTHING),
    &field("instance_class", text(texts::CLASS))
        .doc("The size of the machines; without it, that of the database when the replica is made.")
        .create(Create::set_db_instance_class)
        .modify(Modify::set_db_instance_class, AtWindow(Effect::Reboot))
        .observe(|db| seen::coming(&db.queued.db_instance_class, &db.now.db_instance_class))
        .depending(cost::instance_class),
    &field("db_capacity_reservation_identifier", text(texts::RESERVATION))
        .doc(
            "The capacity reservation of RDS whose machines it runs on, by its identifier. It changes with `instance_class` or `multi_az` \
             alone; without it, each change of these moves the replica off.",
        )
        .create(Create::set_db_capacity_reservation_identifier)
        .modified_by_code(AtWindow(Effect::Reboot), CALLS)
        .observe(|db| {
            let (queued, now) = (&db.queued, &db.now);
            seen::coming(&queued.db_capacity_reservation_identifier, &now.db_capacity_reservation_identifier)
        }),
    &field("allocated_storage", whole(5, 65_536))
        .doc("The storage in GiB; without it, that of the database when the replica is made. It can grow, and never shrink.")
        .create(Create::set_allocated_storage)
        .modified_by_code(AtWindow(Effect::None), CALLS)
        .observe(|db| db.queued.allocated_storage.or(db.now.allocated_storage))
        .met_by(|desired, observed| observed.as_i64() >= desired.as_i64())
        .no_more_than(|desired, observed| observed.as_i64() == desired.as_i64()),
    &field("dedicated_log_volume", flag())
        .doc("True if the transaction logs have a volume of their own, for `io1` and `io2`. A change copies the logs while the replica is away.")
        .create(Create::set_dedicated_log_volume)
        .modify(Modify::set_dedicated_log_volume, AtWindow(Effect::Reboot))
        .observe(|db| Some(db.queued.dedicated_log_volume.or(db.now.dedicated_log_volume).unwrap_or(false))),
    &field("max_allocated_storage", whole(0, 65_536))
        .doc("The size up to which AWS may let the storage grow by itself, in GiB; 0 turns that off.")
        .create(|call, most| call.set_max_allocated_storage(most.filter(|most| *most > 0)))
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(seen::max_allocated_storage),
    &field("storage_type", one_of(texts::STORAGE_TYPES))
        .doc("The kind of disk; without it, RDS takes `io1` with `iops`, and else `gp3`.")
        .create(Create::set_storage_type)
        .modified_by_code(AtWindow(Effect::Reboot), CALLS)
        .observe(|db| seen::coming(&db.queued.storage_type, &db.now.storage_type))
        .depending(cost::storage_type),
    &field("iops", whole(1_000, 256_000))
        .doc("The I/O operations per second, for `io1` and `io2`, and for `gp3` from 400 GiB on.")
        .create(Create::set_iops)
        .modified_by_code(AtWindow(Effect::None), CALLS)
        .observe(|db| db.queued.iops.or(db.now.iops)),
    &field("storage_throughput", whole(500, 4_000))
        .doc("The storage throughput in MiB/s, for `gp3` from 400 GiB on.")
        .create(Create::set_storage_throughput)
        .modified_by_code(AtWindow(Effect::None), CALLS)
        .observe(|db| db.queued.storage_throughput.or(db.now.storage_throughput)),
    &DOMAIN
        .field(text(texts::DOMAIN))
        .doc(
            "The directory of AWS Directory Service whose users log in by Kerberos, with `domain_iam_role_name`; `none` leaves the one \
             that it is in. A change needs `apply_immediately: true`.",
        )
        .create(|call, id| call.set_domain(id.filter(|id| id != domain::NONE)))
        .modified_by_code(AtWindow(Effect::Reboot), CALLS)
        .observe(|db| {
            domain::of(&db.now).map(|(id, _)| id).or_else(|| DOMAIN.of(db.recorded).map(|_| domain::NONE.to_owned()))
        }),
    &field("domain_iam_role_name", text(texts::ROLE_NAME))
        .doc("The name of the role by which RDS asks that directory.")
        .create(Create::set_domain_iam_role_name)
        .modified_by_code(AtWindow(Effect::Reboot), CALLS)
        .observe(|db| domain::of(&db.now)?.1),
    // CreateDBInstanceReadReplica has no member for it: it is changed when the replica is there.
    &field("maintenance_window", text(texts::MAINTENANCE_WINDOW))
        .doc("When changes that disturb are made: `ddd:hh:mm-ddd:hh:mm` in UTC. Without it, it has that of the database.")
        .create(|call, _: Option<String>| call)
        .modify(Modify::set_preferred_maintenance_window, InPlace(Effect::None))
        .observe(|db| db.now.preferred_maintenance_window.clone())
        .plays(Role::Window),
    // It is written where its source is upgraded alone: by itself, a replica has the version of its source.
    &VERSION
        .field(text(texts::VERSION))
        .follows()
        .sent_by_code(AtWindow(Effect::Reboot), CALLS)
        .observe(|db| seen::coming(&db.queued.engine_version, &db.now.engine_version))
        // A major upgrade of the source takes it along.
        .met_by(version::reached)
        // "you must first upgrade all of the read replicas before you upgrade the source instance" ("Upgrades of the RDS for PostgreSQL
        // DB engine", RDS User Guide, of minor versions).
        .plays(Role::Leads),
    &field("multi_az", flag().default(false))
        .doc("True if a standby of the replica runs in another zone.")
        .create(Create::set_multi_az)
        .modify(Modify::set_multi_az, AtWindow(Effect::None))
        .observe(|db| Some(db.queued.multi_az.or(db.now.multi_az).unwrap_or(false))),
    &PORT
        .field(whole(1_150, 65_535).required())
        .follows()
        .create(Create::set_port)
        .modify(Modify::set_db_port_number, InPlace(Effect::AccessLoss))
        .observe(|db| {
            let shown = db.queued.port.or(db.now.endpoint.as_ref().and_then(|endpoint| endpoint.port));
            shown.or_else(|| PORT.of(db.recorded))
        })
        .plays(Role::Port),
    &field("vpc_security_group_ids", set_of(&texts::SECURITY_GROUP).required())
        .follows()
        .create(Create::set_vpc_security_group_ids)
        .modify(Modify::set_vpc_security_group_ids, InPlace(Effect::AccessLoss))
        .observe(|db| {
            let stay = db.now.vpc_security_groups().iter().filter(|group| group.status() != Some("removing"));
            Some(stay.filter_map(|group| group.vpc_security_group_id.clone()).collect())
        })
        .depending(cost::security_groups),
    &field("publicly_accessible", flag().default(false))
        .doc(
            "True if the replica has a public address, to which its endpoint resolves outside of the VPC. The security groups of the \
             database still decide who reaches it.",
        )
        .create(Create::set_publicly_accessible)
        .modify(Modify::set_publicly_accessible, InPlace(Effect::AccessLoss))
        .observe(|db| Some(db.now.publicly_accessible.unwrap_or(false)))
        .depending(cost::publicly_accessible),
    &field("ca_cert_identifier", text(texts::AUTHORITY))
        .doc("The authority that signs the certificate which clients see.")
        .create(Create::set_ca_certificate_identifier)
        .modify(Modify::set_ca_certificate_identifier, AtWindow(Effect::AccessLoss))
        .observe(|db| seen::coming(&db.queued.ca_certificate_identifier, &db.now.ca_certificate_identifier)),
    &field("auto_minor_version_upgrade", flag().default(true))
        .doc("True if AWS upgrades to new minor versions in the maintenance window.")
        .create(Create::set_auto_minor_version_upgrade)
        .modify(Modify::set_auto_minor_version_upgrade, InPlace(Effect::None))
        .observe(|db| Some(db.now.auto_minor_version_upgrade.unwrap_or(false))),
    &field("copy_tags_to_snapshot", flag())
        .doc("True if snapshots get the replica's tags.")
        .create(Create::set_copy_tags_to_snapshot)
        .modify(Modify::set_copy_tags_to_snapshot, InPlace(Effect::None))
        .observe(|db| db.now.copy_tags_to_snapshot),
    &field("iam_database_authentication_enabled", flag())
        .doc("True if users can log in by IAM.")
        .create(Create::set_enable_iam_database_authentication)
        .modify(Modify::set_enable_iam_database_authentication, AtWindow(Effect::AccessLoss))
        .observe(|db| {
            let queued = db.queued.iam_database_authentication_enabled;
            queued.or(db.now.iam_database_authentication_enabled)
        })
        .depending(cost::iam_login),
    &field("performance_insights_enabled", flag())
        .doc("True if AWS records what loads the replica.")
        .create(Create::set_enable_performance_insights)
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(|db| db.now.performance_insights_enabled),
    &field("performance_insights_retention_period", one_of_whole(texts::INSIGHTS_DAYS, texts::INSIGHTS_DAYS_ARE))
        .doc("For how many days that is kept: 7, 731, or a whole number of months of 31 days.")
        .create(Create::set_performance_insights_retention_period)
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(|db| db.now.performance_insights_retention_period),
    &field("performance_insights_kms_key_id", text(texts::KEY_ARN))
        .doc("The KMS key that it is encrypted with, by its ARN. It cannot change afterwards.")
        .create(Create::set_performance_insights_kms_key_id)
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(|db| db.now.performance_insights_kms_key_id.clone()),
    &field("database_insights_mode", one_of(texts::INSIGHTS_MODES))
        .doc("The mode of Database Insights; `advanced` needs Performance Insights for 465 days or more, and costs.")
        .create(|call, mode: Option<String>| call.set_database_insights_mode(mode.as_deref().map(DatabaseInsightsMode::from)))
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(|db| db.now.database_insights_mode.as_ref().map(|mode| mode.as_str().to_owned())),
    &field("enabled_cloudwatch_logs_exports", set_of(&texts::LOG))
        .doc("The logs that go to CloudWatch.")
        .create(Create::set_enable_cloudwatch_logs_exports)
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(|db| Some(seen::exported_logs(db))),
    &field("monitoring", object(monitoring::PARTS))
        .doc("Enhanced Monitoring: the metrics of the machine's operating system, in CloudWatch Logs.")
        .create(|call, wanted: Option<Monitoring>| {
            let (interval, role) = wanted.map(Monitoring::members).unwrap_or_default();
            call.set_monitoring_interval(interval).set_monitoring_role_arn(role)
        })
        .modify(
            |call, wanted| {
                let (interval, role) = wanted.map(Monitoring::members).unwrap_or_default();
                call.set_monitoring_interval(interval).set_monitoring_role_arn(role)
            },
            InPlace(Effect::None),
        )
        .observe(|db| Monitoring::of(db)),
    &PARAMETER_GROUP
        .field(text(texts::PARAMETER_GROUP))
        .made_from("parameter_group")
        .create(Create::set_db_parameter_group_name)
        .modified_by_code(InPlace(Effect::NextReboot), CALLS)
        .observe(|db| {
            if db.scope == Scope::Recorded {
                PARAMETER_GROUP.text(db.recorded)?;
            }
            db.now.db_parameter_groups().first()?.db_parameter_group_name.clone()
        })
        .taken_back(),
    &field("deletion_protection", flag().default(true))
        .doc("True if AWS refuses to delete it.")
        .create(Create::set_deletion_protection)
        .modify(Modify::set_deletion_protection, InPlace(Effect::None))
        .observe(|db| Some(db.now.deletion_protection.unwrap_or(false)))
        .plays(Role::Protection),
    &field("apply_immediately", flag().default(false))
        .doc("True if changes that disturb are made at once rather than in the maintenance window.")
        .sent_by_code(Recorded(Effect::None), CALLS)
        .kept_in_record()
        .plays(Role::AtOnce),
    &tags::row::<DbReplica>(&TAG_CALLS, |db| {
        Some(tags::shown(db, &of_sdk_tags(db.now.tag_list())))
    }),
];
