//! RDS databases: one PostgreSQL instance, with a standby in another zone by default.

mod calls;
mod creation;
mod deletion;
mod fields;
mod find;
mod holdings;
mod insights;
mod live;
mod modification;
mod names;
pub(crate) mod restore;
#[cfg(test)]
mod sample;
mod status;
mod storage;
mod version;
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::ops::Not;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::aws::Aws;
use crate::aws::kinds::lower_case::LowerCase;
use crate::aws::kinds::rds_tags;
use crate::aws::kinds::tags::{self, Tags};
use crate::aws::resource::{Change, Observe, Observed, Resource, Tracked};
use crate::engine::call::Call;
use crate::engine::cloud::CloudError;
use crate::engine::resource::{Effect, Field, Found, Id, Invalid, Named, Owner, Patience};
use crate::stack::password::PasswordSource;
use crate::stack::password::Secret;
use crate::stack::postgres::{Version, family_in_names};

pub use deletion::snapshot_name as last_snapshot_name;
pub use status::STATUSES;

/// A database's inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbInstance {
    /// The name that the author chose; AWS's own id outlives a change of it.
    pub identifier: LowerCase,
    pub engine: LowerCase,
    /// A prefix matches, and so does anything newer in the same major version.
    pub engine_version: String,
    /// True if a version of another major is taken as meant. Not written if false.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub allow_major_version_upgrade: bool,
    pub instance_class: String,
    /// In GiB.
    pub allocated_storage: i32,
    /// The size up to which RDS lets the storage grow by itself, in GiB; 0 turns that off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_allocated_storage: Option<i32>,
    pub storage_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iops: Option<i32>,
    /// In MiB/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_throughput: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_name: Option<String>,
    pub username: String,
    /// The source of the password; never the password. Always written, but not always to be observed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<PasswordSource>,
    /// A change sends the password again.
    pub password_version: u32,
    pub multi_az: bool,
    pub port: i32,
    pub db_subnet_group_name: LowerCase,
    pub vpc_security_group_ids: BTreeSet<String>,
    pub publicly_accessible: bool,
    /// In days.
    pub backup_retention_period: i32,
    /// `hh:mm-hh:mm`, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_window: Option<String>,
    /// `ddd:hh:mm-ddd:hh:mm`, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance_window: Option<LowerCase>,
    pub storage_encrypted: bool,
    /// The ARN of the key, as RDS shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// The authority that signs the certificate which clients see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_cert_identifier: Option<String>,
    pub auto_minor_version_upgrade: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_tags_to_snapshot: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iam_database_authentication_enabled: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_insights_enabled: Option<bool>,
    /// In days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_insights_retention_period: Option<i32>,
    /// The ARN of the key, as RDS shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub performance_insights_kms_key_id: Option<String>,
    /// Names of logs: `postgresql`, `upgrade`, `iam-db-auth-error`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled_cloudwatch_logs_exports: Option<BTreeSet<String>>,
    /// A group of the stack's own. Without it the database keeps what it has, and lets go of one that it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameter_group_name: Option<String>,
    pub deletion_protection: bool,
    /// True if a snapshot is taken before deletion.
    pub final_snapshot: bool,
    /// True if disruptive changes are made at once, and not in the maintenance window.
    pub apply_immediately: bool,
    pub tags: Tags,
}

/// The values that AWS chooses for a database. A value that it does not show yet is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identifier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    /// The secret with the password, where RDS manages it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_arn: Option<String>,
}

impl Observe for DbInstance {
    const KIND: &'static str = "aws_db_instance";
    const CALLS: &'static [Call] = &[live::DESCRIBE, calls::CREATE, calls::DELETE];
    type Outputs = Outputs;

    async fn observe(
        aws: &Aws,
        tracked: &[Tracked<Self>],
    ) -> Result<BTreeMap<Id, Observed<Self>>, CloudError> {
        live::observe(aws, tracked).await
    }
}

impl Resource for DbInstance {
    const FIELDS: &'static [Field] = fields::FIELDS;
    const NATURAL_KEY: &'static [&'static str] = &["identifier"];
    const LOSS: Effect = Effect::DataLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(10),
        create: Duration::from_secs(50 * 60),
        update: Duration::from_secs(80 * 60),
        delete: Duration::from_secs(60 * 60),
    };

    fn check(&self, observed: Option<&Self>) -> Vec<Invalid> {
        let mut invalid = tags::check_tags(&self.tags);
        invalid.extend(names::check_identifier(self.identifier.as_str()));
        invalid.extend(self.database_name.as_deref().and_then(names::check_database));
        invalid.extend(names::check_username(&self.username));
        invalid.extend(version::check(
            &self.engine_version,
            observed.map(|observed| observed.engine_version.as_str()),
            self.allow_major_version_upgrade,
        ));
        invalid.extend(self.check_parameter_group(observed));
        invalid.extend(self.check_password(observed));
        invalid.extend(storage::check(self, observed));
        invalid.extend(insights::check(self, observed));
        invalid.extend(windows::check(self.windows(), observed.map(Self::windows).unwrap_or_default()));
        let mut require = |met: bool, field, message: &str| {
            if !met {
                invalid.push(Invalid::new(field, message));
            }
        };
        require(self.engine.as_str() == "postgres", "engine", "must be `postgres`");
        require(self.password.is_some(), "password", "must be `managed`, `env:NAME` or `file:PATH`");
        require(
            self.instance_class.strip_prefix("db.").is_some_and(|class| class.contains('.')),
            "instance_class",
            "must be a class such as `db.t4g.medium`",
        );
        require(
            self.kms_key_id.is_none() || self.storage_encrypted,
            "kms_key_id",
            "needs `storage_encrypted: true`",
        );
        require((1150..=65535).contains(&self.port), "port", "must be 1150 to 65535");
        require(
            (0..=35).contains(&self.backup_retention_period),
            "backup_retention_period",
            "must be 0 to 35 days",
        );
        invalid
    }

    async fn find(&self, aws: &Aws, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        find::find(aws, owner, self).await
    }

    async fn create(&self, aws: &Aws, owner: &Owner) -> Result<Id, CloudError> {
        creation::create(aws, self, owner).await
    }

    async fn update(&self, aws: &Aws, change: &Change<'_, Self>) -> Result<(), CloudError> {
        modification::modify(aws, self, change).await
    }

    async fn delete(
        &self,
        aws: &Aws,
        id: &Id,
        owner: &Owner,
        last_snapshot: Option<&str>,
    ) -> Result<(), CloudError> {
        let snapshot = match last_snapshot {
            Some(name) => deletion::LastSnapshot::Named(name),
            None if self.final_snapshot => deletion::LastSnapshot::OfItsOwnName,
            None => deletion::LastSnapshot::Skipped,
        };
        deletion::delete(aws, id, owner, self.identifier.as_str(), snapshot).await
    }

    const CLAIM: &'static [Call] = &[calls::TAGS[0]];

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        let [add, _] = calls::TAGS;
        match live::describe_one(aws, id).await? {
            Some(live) => rds_tags::claim(aws, live.db_instance_arn().unwrap_or_default(), owner).await,
            None => Err(CloudError::refused(add, "DBInstanceNotFound", "the database is gone")),
        }
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        // RDS keeps identifiers in lower case, and resource ids in capitals.
        let live = match text.strip_prefix("db-").filter(|rest| !rest.contains(|c: char| c.is_lowercase())) {
            Some(_) => live::describe_one(aws, &Id::new(text)).await?,
            None => live::describe_named(aws, &text.to_lowercase()).await?,
        };
        let Some(live) = live else { return Ok(None) };
        Ok(Some(Named { found: live::found_of(&live)?, unfit: live::unfit(&live) }))
    }
}

impl DbInstance {
    fn windows(&self) -> windows::Windows<'_> {
        windows::Windows {
            backup: self.backup_window.as_deref(),
            maintenance: self.maintenance_window.as_ref().map(LowerCase::as_str),
        }
    }

    /// RDS makes a new password when it begins to manage it (RDS User Guide, "Password management with Amazon RDS and AWS
    /// Secrets Manager").
    fn check_password(&self, observed: Option<&Self>) -> Option<Invalid> {
        let begins = self.password == Some(PasswordSource::Managed)
            && observed.is_some_and(|live| live.password != Some(PasswordSource::Managed));
        let what = "managed gives the database a new master password, which is then in Secrets Manager: clients that have \
                    the one of now are refused when they connect next; `env:NAME` or `file:PATH` with the one of now keeps it";
        begins.then(|| Invalid::altered("password", what))
    }

    /// The family of parameter groups that goes with the written version.
    fn family(&self) -> Option<String> {
        Version::parse(&self.engine_version).map(|version| version.family())
    }

    /// A group belongs to a family, which the name of each of ours ends with, and goes with no other major version.
    fn check_parameter_group(&self, observed: Option<&Self>) -> Option<Invalid> {
        const FIELD: &str = "parameter_group_name";
        let group = self.parameter_group_name.as_ref()?;
        let family = self.family()?;
        // A group that is not there yet has no name either, but a reference.
        if !group.contains("${") && !group.ends_with(&format!("-{}", family_in_names(&family))) {
            return Some(Invalid::new(
                FIELD,
                format!("must be a group of the family {family}, unlike `{group}`"),
            ));
        }
        let major = observed
            .is_some_and(|observed| version::is_major_step(&self.engine_version, &observed.engine_version));
        // The old group is in use until the upgrade is done, and could not be deleted before.
        (major && !self.apply_immediately).then(|| {
            let rule = "needs `apply_immediately: true` for a major upgrade, since the old group is kept until it is done";
            Invalid::new(FIELD, rule).remedy("write `apply_immediately: true` into the stack file")
        })
    }
}

fn id_of(resource_id: Option<String>, operation: Call) -> Result<Id, CloudError> {
    match resource_id {
        Some(id) if !id.is_empty() => Ok(Id::new(id)),
        _ => Err(CloudError::bad_response(operation, "the answer holds no database resource id")),
    }
}

fn read_password(
    aws: &Aws,
    source: Option<&PasswordSource>,
    operation: Call,
) -> Result<Option<Secret>, CloudError> {
    let Some(source) = source else { return Ok(None) };
    source.read(aws.folder()).map_err(|error| {
        let mut message = error.to_string();
        if let Some(cause) = error.source() {
            message = format!("{message}: {cause}");
        }
        CloudError::refused(operation, "Password", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_database_is_valid() {
        assert_eq!(sample::database().check(None), []);
    }

    #[test]
    fn every_rule_names_the_field_that_breaks_it() {
        type Break = fn(&mut DbInstance);
        let cases: &[(&str, Break)] = &[
            ("identifier", |db| db.identifier = "1x".into()),
            ("engine", |db| db.engine = "mysql".into()),
            ("engine_version", |db| db.engine_version = "newest".to_owned()),
            ("instance_class", |db| db.instance_class = "t4g.medium".to_owned()),
            ("allocated_storage", |db| db.allocated_storage = 19),
            ("storage_type", |db| db.storage_type = "ssd".to_owned()),
            ("iops", |db| db.iops = Some(3000)),
            ("storage_throughput", |db| db.storage_throughput = Some(125)),
            ("database_name", |db| db.database_name = Some("table".to_owned())),
            ("username", |db| db.username = "admin".to_owned()),
            ("password", |db| db.password = None),
            ("kms_key_id", |db| {
                db.kms_key_id = Some("arn:aws:kms:eu-west-1:123456789012:key/1".to_owned());
                db.storage_encrypted = false;
            }),
            ("max_allocated_storage", |db| db.max_allocated_storage = Some(54)),
            ("performance_insights_retention_period", |db| {
                db.performance_insights_retention_period = Some(7);
            }),
            ("parameter_group_name", |db| db.parameter_group_name = Some("db-postgres17".to_owned())),
            ("parameter_group_name", |db| db.parameter_group_name = Some("theirs".to_owned())),
            ("port", |db| db.port = 1149),
            ("port", |db| db.port = 65536),
            ("backup_retention_period", |db| db.backup_retention_period = 36),
            ("backup_retention_period", |db| db.backup_retention_period = -1),
            ("backup_window", |db| db.backup_window = Some("4-5".to_owned())),
            ("maintenance_window", |db| db.maintenance_window = Some("sun:05:00-sun:05:20".into())),
            ("tags", |db| db.tags = [("aws:x".to_owned(), String::new())].into()),
        ];
        for (field, break_it) in cases {
            let mut database = sample::database();
            break_it(&mut database);
            let found: Vec<&str> = database.check(None).iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, [*field]);
        }
    }

    #[test]
    fn a_database_without_a_name_for_a_first_database_or_windows_is_valid() {
        let database = DbInstance {
            database_name: None,
            backup_window: None,
            maintenance_window: None,
            ..sample::database()
        };
        assert_eq!(database.check(None), []);
    }

    #[test]
    fn a_major_upgrade_with_parameters_of_its_own_is_made_at_once() {
        let live = DbInstance { engine_version: "16.4".to_owned(), ..sample::database() };
        let upgrade = |at_once, group: Option<&str>| DbInstance {
            engine_version: "17".to_owned(),
            allow_major_version_upgrade: true,
            parameter_group_name: group.map(str::to_owned),
            apply_immediately: at_once,
            ..sample::database()
        };
        for (at_once, group, expected) in [
            (true, Some("gitlab-pgsql-postgres17"), vec![]),
            (false, Some("gitlab-pgsql-postgres17"), vec!["parameter_group_name"]),
            (true, Some("gitlab-pgsql-postgres16"), vec!["parameter_group_name"]),
            (true, Some("${aws_db_parameter_group.x-postgres16.id}"), vec![]),
            (false, None, vec![]),
        ] {
            let found = upgrade(at_once, group).check(Some(&live));
            let remedy = found.iter().filter_map(|invalid| invalid.remedy.as_deref()).next();
            let is_said = !at_once && group.is_some();
            assert_eq!(remedy, is_said.then_some("write `apply_immediately: true` into the stack file"));
            let found: Vec<&str> = found.iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{at_once} {group:?}");
        }
    }

    #[test]
    fn a_literal_password_does_not_become_a_document() {
        let mut document = serde_json::to_value(sample::database()).expect("plain data");
        document["password"] = "hunter2hunter2".into();
        let error = serde_json::from_value::<DbInstance>(document).expect_err("a literal is refused");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn storage_that_has_grown_is_as_desired_and_storage_that_is_too_small_is_not() {
        let field = DbInstance::FIELDS.iter().find(|field| field.name == "allocated_storage");
        let met = field.expect("a field of the kind").met;
        assert!(met(&50.into(), &50.into()) && met(&50.into(), &55.into()));
        assert!(!met(&50.into(), &49.into()) && !met(&50.into(), &serde_json::Value::Null));
    }
}
