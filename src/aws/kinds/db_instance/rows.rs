//! The fields of a database, one row each: the values that it takes, the calls that send it, the cost of a change, and the place
//! where RDS shows it.
//!
//! Costs: ModifyDBInstance in the RDS API reference, and the table of settings in the RDS User Guide, "Modifying an Amazon RDS DB
//! instance".
//!
//! Some inputs of CreateDBInstance and ModifyDBInstance have no row (sources: their pages in the RDS API reference, where no other is
//! named):
//!
//! - A failover changes it, and it cannot be given together with a standby: `AvailabilityZone`.
//! - PostgreSQL has nothing to choose: `LicenseModel` has one value, and `OptionGroupName` is for engines with options ("Working with
//!   option groups", RDS User Guide: PostgreSQL has extensions in place of them).
//! - Other engines have it: `CharacterSetName`, `NcharCharacterSetName`, `Timezone`, `DBSystemId`, `MultiTenant`, `TdeCredentialArn`,
//!   `TdeCredentialPassword`, `AdditionalStorageVolumes`, `ReplicaMode`, `ProcessorFeatures`, `UseDefaultProcessorFeatures`.
//! - Clusters have it: `DBClusterIdentifier`, `PromotionTier`.
//! - RDS Custom has it: `CustomIamInstanceProfile`, `AutomationMode`, `ResumeFullAutomationModeMinutes`. Outposts have it:
//!   `EnableCustomerOwnedIp`.
//! - EC2-Classic had it, which is gone: `DBSecurityGroups`.
//! - A directory that is not AWS's own is joined by SQL Server alone ("Working with self-managed Active Directory with an Amazon RDS for
//!   SQL Server DB instance", RDS User Guide; PostgreSQL reaches one through a trust with a directory of AWS): `DomainFqdn`, `DomainOu`,
//!   `DomainAuthSecretArn`, `DomainDnsIps`.
//! - It is a deed and no state: `RotateMasterUserPassword`, `CertificateRotationRestart`.
//! - Another field says it: `TagSpecifications`; `DisableDomain`, which is `domain: none`.
//! - RDS does not show it (DBInstance has no member for it), and it rules out every source of a password: `MasterUserAuthenticationType`.
//! - AWS Backup says it, whose backups are left to it: `AwsBackupRecoveryPointArn`.

use aws_sdk_rds::operation::create_db_instance::builders::CreateDbInstanceInputBuilder as Create;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder as Modify;
use aws_sdk_rds::types::DatabaseInsightsMode;

use super::calls::{MODIFY, RESTORE_SNAPSHOT, RESTORE_TIME, TAGS as TAG_CALLS};
use super::keys::*;
use super::monitoring::{self, Monitoring};
use super::{DbInstance, cost, domain, origin, password, seen, texts, version};
use crate::aws::kinds::kms_alias::same_key;
use crate::aws::kinds::rds_tags::of_sdk_tags;
use crate::aws::kinds::tags;
use crate::aws::row::{
    self, NeedsSource, Row, Rule, Scope, flag, object, one_of, one_of_whole, set_of, text, whole,
};
use crate::engine::call::Call;
use crate::engine::resource::OnChange::{AtWindow, InPlace, Recorded};
use crate::engine::resource::{Effect, Need, Role};

/// The calls that the kind's own code makes for a change.
const CALLS: &[Call] = &[MODIFY];

/// Begins the row of a field that no code reads by its name.
const fn field<T>(name: &'static str, rule: Rule<T>) -> NeedsSource<DbInstance, T> {
    row::field(name, rule)
}

/// Every field.
pub(super) const ROWS: &[&dyn Row<DbInstance>] = &[
    // The name that the author chose; AWS's own id outlives a change of it.
    &IDENTIFIER
        .field(text(texts::IDENTIFIER).made_by_section())
        .doc(
            "The name that AWS and the endpoint have; without it, the database's own name here. A change renames the database in \
             place, with its data, and its endpoint with it.",
        )
        .create(Create::set_db_instance_identifier)
        // The old name stops resolving, beside the reboot ("Renaming a DB instance", RDS User Guide).
        .modify(Modify::set_new_db_instance_identifier, AtWindow(Effect::AccessLoss))
        .observe(|db| seen::coming(&db.queued.db_instance_identifier, &db.now.db_instance_identifier)),
    &field("engine", text(texts::ENGINE).required())
        .follows()
        .create(Create::set_engine)
        .fixed()
        .observe(|db| seen::coming(&db.queued.engine, &db.now.engine)),
    // A prefix matches, and so does anything newer in the same major version.
    &ENGINE_VERSION
        .field(text(texts::VERSION).default("16"))
        .doc("The PostgreSQL version: `\"16\"` is met by any 16. Never a downgrade.")
        .create(Create::set_engine_version)
        // The standby is upgraded together with the primary, so that it cannot take over (RDS User Guide, "Upgrades of the RDS
        // for PostgreSQL DB engine").
        .modify(Modify::set_engine_version, AtWindow(Effect::Reboot))
        .observe(|db| seen::coming(&db.queued.engine_version, &db.now.engine_version))
        .met_by(version::met)
        .no_more_than(version::exact),
    &ALLOW_MAJOR
        .field(flag().default(false).unsaid())
        .doc(
            "True if `engine_version` may name another major version than the database has. An upgrade cannot be undone.",
        )
        .recorded(),
    &RESTORE_FROM
        .field(row::one_form(origin::FORMS))
        .doc(
            "The backup that it is made from, in place of an empty database: `{ snapshot: NAME }`, or `{ source: IDENTIFIER, time: \
             2026-11-27T04:00:00Z }` for another database as it was then, or with `time: latest`. It is read once, when the \
             database is made; a replacement restores again. Version, user and encryption have to be those of the backup, the \
             storage no smaller; write `kms_key_id` where the backup has a key of your own.",
        )
        .read_once(&[RESTORE_SNAPSHOT, RESTORE_TIME])
        .plays(Role::Origin),
    &field("instance_class", text(texts::CLASS).default("db.t4g.medium"))
        .doc("The size of the machines.")
        .create(Create::set_db_instance_class)
        .modify(Modify::set_db_instance_class, AtWindow(Effect::Reboot))
        .observe(|db| seen::coming(&db.queued.db_instance_class, &db.now.db_instance_class))
        .depending(cost::instance_class),
    &RESERVATION
        .field(text(texts::RESERVATION))
        .doc(
            "The capacity reservation of RDS whose machines it runs on, by its identifier. It changes with `instance_class` or `multi_az` \
             alone; without it, each change of these moves the database off.",
        )
        .create(Create::set_db_capacity_reservation_identifier)
        .modified_by_code(AtWindow(Effect::Reboot), CALLS)
        .observe(|db| {
            let (queued, now) = (&db.queued, &db.now);
            seen::coming(&queued.db_capacity_reservation_identifier, &now.db_capacity_reservation_identifier)
        }),
    &SIZE
        .field(whole(5, 65_536).default(50))
        .doc("The storage in GiB. It can grow, and never shrink.")
        .create(Create::set_allocated_storage)
        .modified_by_code(AtWindow(Effect::None), CALLS)
        .observe(|db| Some(db.queued.allocated_storage.or(db.now.allocated_storage).unwrap_or_default()))
        // RDS rounds small steps up, and storage grows but never shrinks.
        .met_by(|desired, observed| observed.as_i64() >= desired.as_i64())
        .no_more_than(|desired, observed| observed.as_i64() == desired.as_i64()),
    &LOG_VOLUME
        .field(flag())
        .doc(
            "True if the transaction logs have a volume of their own (1,024 GiB and 3,000 IOPS), for `io1` and `io2`. A change \
             copies the logs while the database is away.",
        )
        .create(Create::set_dedicated_log_volume)
        // "Considerations when enabling and disabling DLV" ("Using a dedicated log volume (DLV)", RDS User Guide).
        .modify(Modify::set_dedicated_log_volume, AtWindow(Effect::Reboot))
        .observe(|db| Some(db.queued.dedicated_log_volume.or(db.now.dedicated_log_volume).unwrap_or(false)))
        .taken_without(Need::Flag(false)),
    &LIMIT
        .field(whole(0, 65_536))
        .doc("The size up to which AWS may let the storage grow by itself, in GiB; 0 turns that off.")
        // Off is what a database is without it.
        .create(|call, most| call.set_max_allocated_storage(most.filter(|most| *most > 0)))
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(seen::max_allocated_storage)
        .taken_without(Need::Whole(0)),
    &STORAGE_TYPE
        .field(one_of(texts::STORAGE_TYPES).default("gp3"))
        .doc("The kind of disk; `standard` is the magnetic one of old databases.")
        .create(Create::set_storage_type)
        .modified_by_code(AtWindow(Effect::Reboot), CALLS)
        .observe(|db| seen::coming(&db.queued.storage_type, &db.now.storage_type))
        .depending(cost::storage_type),
    &IOPS
        .field(whole(1_000, 256_000))
        .doc("The I/O operations per second, for `io1` and `io2`, and for `gp3` from 400 GiB on.")
        .create(Create::set_iops)
        .modified_by_code(AtWindow(Effect::None), CALLS)
        .observe(|db| db.queued.iops.or(db.now.iops)),
    &THROUGHPUT
        .field(whole(500, 4_000))
        .doc("The storage throughput in MiB/s, for `gp3` from 400 GiB on.")
        .create(Create::set_storage_throughput)
        .modified_by_code(AtWindow(Effect::None), CALLS)
        .observe(|db| db.queued.storage_throughput.or(db.now.storage_throughput)),
    &DATABASE_NAME
        .field(text(texts::DATABASE))
        .doc("The database to make inside the instance; without it there is only `postgres`.")
        .create(Create::set_db_name)
        .fixed()
        .observe(|db| db.now.db_name.clone()),
    &USERNAME
        .field(text(texts::USERNAME).default("postgres"))
        .doc("The master user. Only a new database can change it.")
        .create(Create::set_master_username)
        .fixed()
        .observe(|db| db.now.master_username.clone()),
    // Always written, but not always to be observed.
    &PASSWORD
        .field(text(texts::PASSWORD).default("managed").free())
        .doc(
            "`managed` (RDS makes the password and keeps it in Secrets Manager), `env:NAME`, `file:PATH`, or `unmanaged`: what a \
             database has already is left as it is, and never sent. Never a literal.",
        )
        // Clients that have the old password are refused when they connect next.
        .sent_by_code(Recorded(Effect::AccessLoss), CALLS)
        .observe(|db| match &db.now.master_user_secret {
            Some(_) => Some("managed".to_owned()),
            // RDS says that it does not manage the password, and nothing more.
            None => PASSWORD.of(db.recorded).filter(|source| source != "managed"),
        })
        .met_by(password::met)
        .depending(cost::password),
    &SECRET_KEY
        .field(text(texts::KEY_ARN))
        .doc(
            "With `managed`: the KMS key that the secret is encrypted with, by its ARN. It is chosen when RDS begins to manage the \
             password, and stays.",
        )
        .create(Create::set_master_user_secret_kms_key_id)
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(|db| db.now.master_user_secret.as_ref()?.kms_key_id.clone()),
    &PASSWORD_VERSION
        .field(whole(1, 1_000_000).default(1))
        .doc("With `env:` or `file:`: raise it to send the password again. It is never stored nor compared.")
        .sent_by_code(Recorded(Effect::AccessLoss), CALLS)
        .kept_in_record(),
    &MULTI_AZ
        .field(flag().default(true))
        .doc("True if a standby runs in another zone.")
        .create(Create::set_multi_az)
        // The storage answers more slowly while the standby is made.
        .modify(Modify::set_multi_az, AtWindow(Effect::None))
        .observe(|db| Some(db.queued.multi_az.or(db.now.multi_az).unwrap_or(false))),
    &PORT
        .field(whole(1_150, 65_535).default(5_432))
        .doc("The port to connect to. A change restarts the database at once.")
        .create(Create::set_port)
        // RDS restarts the database for this, with and without `apply_immediately`. Clients that know the old port are cut off.
        .modify(Modify::set_db_port_number, InPlace(Effect::AccessLoss))
        // There is no endpoint while the database is being created.
        .observe(|db| {
            let shown = db.queued.port.or(db.now.endpoint.as_ref().and_then(|endpoint| endpoint.port));
            shown.or_else(|| PORT.of(db.recorded))
        })
        .plays(Role::Port),
    &SUBNET_GROUP
        .field(text(texts::SUBNET_GROUP).required())
        .made_from("subnet_group")
        .create(Create::set_db_subnet_group_name)
        // A move is only possible to another VPC (InvalidVPCNetworkStateFault), and this stack has one.
        .fixed()
        .observe(|db| {
            let group = db.now.db_subnet_group.as_ref().and_then(|group| group.db_subnet_group_name.clone());
            db.queued.db_subnet_group_name.clone().or(group)
        })
        .of_others("existing"),
    &SECURITY_GROUPS
        .field(set_of(&texts::SECURITY_GROUP).required())
        .made_from("security_group")
        .create(Create::set_vpc_security_group_ids)
        .modify(Modify::set_vpc_security_group_ids, InPlace(Effect::AccessLoss))
        .observe(|db| {
            let stay = db.now.vpc_security_groups().iter().filter(|group| group.status() != Some("removing"));
            Some(stay.filter_map(|group| group.vpc_security_group_id.clone()).collect())
        })
        .depending(cost::security_groups),
    &PUBLIC
        .field(flag().default(false))
        .doc(
            "True if the database has a public address, to which its endpoint resolves outside of the VPC. The security groups \
             still decide who reaches it.",
        )
        .create(Create::set_publicly_accessible)
        .modify(Modify::set_publicly_accessible, InPlace(Effect::AccessLoss))
        .observe(|db| Some(db.now.publicly_accessible.unwrap_or(false)))
        .depending(cost::publicly_accessible),
    &NETWORK_TYPE
        .field(one_of(texts::NETWORK_TYPES))
        .doc(
            "`IPV4`, which AWS takes without it, or `DUAL`: IPv6 addresses besides, which all subnets must have. A change needs \
             `apply_immediately: true`.",
        )
        .create(Create::set_network_type)
        // "Downtime is possible during this change" ("Settings for DB instances", RDS User Guide). PendingModifiedValues has no member
        // for it.
        .modify(Modify::set_network_type, AtWindow(Effect::Reboot))
        .observe(|db| db.now.network_type.clone())
        .taken_without(Need::Text("IPV4")),
    &DOMAIN
        .field(text(texts::DOMAIN))
        .doc(
            "The directory of AWS Directory Service whose users log in by Kerberos, with `domain_iam_role_name`; `none` leaves the one \
             that it is in. A change needs `apply_immediately: true`.",
        )
        .create(|call, id| call.set_domain(id.filter(|id| id != domain::NONE)))
        // "A brief downtime occurs during this change" ("Settings for DB instances", RDS User Guide). PendingModifiedValues has no
        // member for it.
        .modified_by_code(AtWindow(Effect::Reboot), CALLS)
        .observe(|db| {
            // Most databases are in none, which is told only of one that was in a directory.
            domain::of(&db.now).map(|(id, _)| id).or_else(|| DOMAIN.of(db.recorded).map(|_| domain::NONE.to_owned()))
        }),
    &DOMAIN_ROLE
        .field(text(texts::ROLE_NAME))
        .doc("The name of the role by which RDS asks that directory.")
        .create(Create::set_domain_iam_role_name)
        .modified_by_code(AtWindow(Effect::Reboot), CALLS)
        .observe(|db| domain::of(&db.now)?.1),
    &RETENTION
        .field(whole(0, 35).default(30))
        .doc("The number of days for which backups are kept; 0 turns backups off.")
        .create(Create::set_backup_retention_period)
        .modify(Modify::set_backup_retention_period, AtWindow(Effect::DataLoss))
        .observe(|db| {
            let days = db.queued.backup_retention_period.or(db.now.backup_retention_period);
            Some(days.unwrap_or_default())
        })
        .depending(cost::backup_retention_period)
        .losing("the automated backups that are older than the new period, all of them where it is 0"),
    &field("backup_target", one_of(texts::BACKUP_TARGETS))
        .doc("Where backups and snapshots are stored. Only a new database can change it.")
        .create(Create::set_backup_target)
        .fixed()
        .observe(|db| db.now.backup_target.clone())
        .taken_without(Need::Text("region")),
    &BACKUP_WINDOW
        .field(text(texts::BACKUP_WINDOW))
        .doc("When the daily backup is made: `hh:mm-hh:mm` in UTC. Without it, AWS chooses.")
        .create(Create::set_preferred_backup_window)
        .modify(Modify::set_preferred_backup_window, InPlace(Effect::None))
        .observe(|db| db.now.preferred_backup_window.clone()),
    &MAINTENANCE_WINDOW
        .field(text(texts::MAINTENANCE_WINDOW))
        .doc("When changes that disturb are made: `ddd:hh:mm-ddd:hh:mm` in UTC. Without it, AWS chooses.")
        .create(Create::set_preferred_maintenance_window)
        .modify(Modify::set_preferred_maintenance_window, InPlace(Effect::None))
        .observe(|db| db.now.preferred_maintenance_window.clone())
        .plays(Role::Window),
    &ENCRYPTED
        .field(flag().default(true))
        .doc("True if the data is encrypted at rest. Only a new database can change it.")
        .create(Create::set_storage_encrypted)
        .fixed()
        .observe(|db| Some(db.now.storage_encrypted.unwrap_or(false))),
    &KMS_KEY
        .field(text(texts::KEY))
        .doc("The KMS key that the data is encrypted with, by its ARN, id or alias. Only a new database can change it.")
        .create(Create::set_kms_key_id)
        // Another key means a copy of the data, from a snapshot.
        .fixed()
        .observe(|db| db.now.kms_key_id.clone())
        .met_by(same_key),
    &field("ca_cert_identifier", text(texts::AUTHORITY))
        .doc("The authority that signs the certificate which clients see.")
        .create(Create::set_ca_certificate_identifier)
        // Clients that do not trust the new authority are refused ("Rotating your SSL/TLS certificate", RDS User Guide). Whether
        // the database restarts for it depends on its version (DescribeDBEngineVersions).
        .modify(Modify::set_ca_certificate_identifier, AtWindow(Effect::AccessLoss))
        .observe(|db| seen::coming(&db.queued.ca_certificate_identifier, &db.now.ca_certificate_identifier)),
    &field("engine_lifecycle_support", one_of(texts::LIFECYCLES))
        .doc(
            "`open-source-rds-extended-support` (what AWS takes without it) keeps the database on a version whose standard support \
             has ended, for a charge; `open-source-rds-extended-support-disabled` has it upgraded then.",
        )
        .create(Create::set_engine_lifecycle_support)
        .modify(Modify::set_engine_lifecycle_support, InPlace(Effect::None))
        .observe(|db| db.now.engine_lifecycle_support.clone())
        .taken_without(Need::Text("open-source-rds-extended-support")),
    &field("auto_minor_version_upgrade", flag().default(true))
        .doc("True if AWS upgrades to new minor versions in the maintenance window.")
        .create(Create::set_auto_minor_version_upgrade)
        .modify(Modify::set_auto_minor_version_upgrade, InPlace(Effect::None))
        .observe(|db| Some(db.now.auto_minor_version_upgrade.unwrap_or(false))),
    &field("copy_tags_to_snapshot", flag())
        .doc("True if snapshots get the database's tags.")
        .create(Create::set_copy_tags_to_snapshot)
        .modify(Modify::set_copy_tags_to_snapshot, InPlace(Effect::None))
        .observe(|db| db.now.copy_tags_to_snapshot)
        .taken_without(Need::Flag(false)),
    &IAM_LOGIN
        .field(flag())
        .doc("True if users can log in by IAM.")
        .create(Create::set_enable_iam_database_authentication)
        .modify(Modify::set_enable_iam_database_authentication, AtWindow(Effect::AccessLoss))
        .observe(|db| {
            let queued = db.queued.iam_database_authentication_enabled;
            queued.or(db.now.iam_database_authentication_enabled)
        })
        .depending(cost::iam_login)
        .taken_without(Need::Flag(false)),
    &INSIGHTS
        .field(flag())
        .doc("True if AWS records what loads the database.")
        .create(Create::set_enable_performance_insights)
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(|db| db.now.performance_insights_enabled)
        .taken_without(Need::Flag(false)),
    &INSIGHTS_RETENTION
        .field(one_of_whole(texts::INSIGHTS_DAYS, texts::INSIGHTS_DAYS_ARE))
        .doc("For how many days that is kept: 7, 731, or a whole number of months of 31 days.")
        .create(Create::set_performance_insights_retention_period)
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(|db| db.now.performance_insights_retention_period),
    &INSIGHTS_KEY
        .field(text(texts::KEY_ARN))
        .doc("The KMS key that it is encrypted with, by its ARN. It cannot change afterwards.")
        .create(Create::set_performance_insights_kms_key_id)
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(|db| db.now.performance_insights_kms_key_id.clone()),
    &INSIGHTS_MODE
        .field(one_of(texts::INSIGHTS_MODES))
        .doc("The mode of Database Insights; `advanced` needs Performance Insights for 465 days or more, and costs.")
        .create(|call, mode| call.set_database_insights_mode(mode.as_deref().map(DatabaseInsightsMode::from)))
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(|db| db.now.database_insights_mode.as_ref().map(|mode| mode.as_str().to_owned()))
        .taken_without(Need::Text("standard")),
    &MONITORING
        .field(object(monitoring::PARTS))
        .doc("Enhanced Monitoring: the metrics of the machine's operating system, in CloudWatch Logs.")
        .create(|call, wanted| {
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
    &LOGS
        .field(set_of(&texts::LOG))
        .doc("The logs that go to CloudWatch.")
        .create(Create::set_enable_cloudwatch_logs_exports)
        .modified_by_code(InPlace(Effect::None), CALLS)
        .observe(|db| Some(seen::exported_logs(db))),
    // A group of the stack's own. Without it the database keeps what it has, and lets go of one that it was given.
    &PARAMETER_GROUP
        .field(text(texts::PARAMETER_GROUP))
        .made_from("parameters")
        .create(Create::set_db_parameter_group_name)
        // The name changes at once; what is in the group counts from the next reboot on.
        .modified_by_code(InPlace(Effect::NextReboot), CALLS)
        .observe(|db| {
            if db.scope == Scope::Recorded {
                PARAMETER_GROUP.text(db.recorded)?;
            }
            db.now.db_parameter_groups().first()?.db_parameter_group_name.clone()
        })
        .depending(cost::parameter_group_name)
        .taken_back(),
    &field("deletion_protection", flag().default(true))
        .doc("True if AWS refuses to delete it.")
        .create(Create::set_deletion_protection)
        .modify(Modify::set_deletion_protection, InPlace(Effect::None))
        .observe(|db| Some(db.now.deletion_protection.unwrap_or(false)))
        .plays(Role::Protection),
    &FINAL_SNAPSHOT
        .field(flag().default(true))
        .doc("True if a last snapshot is made when it is deleted.")
        .recorded()
        .rebuilt_as(true)
        .plays(Role::LastSnapshot),
    &DELETES_BACKUPS
        .field(flag())
        .doc(
            "False if its automated backups stay when it is deleted, and restore it until they expire. Without it, RDS deletes \
             them with the database.",
        )
        .recorded()
        .rebuilt_as(false)
        .plays(Role::DeletesBackups),
    &AT_ONCE
        .field(flag().default(false))
        .doc("True if changes that disturb are made at once rather than in the maintenance window.")
        // Turned on, it makes what waits for the window at once.
        .sent_by_code(Recorded(Effect::None), CALLS)
        .kept_in_record()
        .plays(Role::AtOnce),
    &tags::row::<DbInstance>(&TAG_CALLS, |db| {
        Some(tags::shown(db, &of_sdk_tags(db.now.tag_list())))
    }),
];
