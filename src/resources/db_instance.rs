//! RDS databases: one PostgreSQL instance, with a standby in another zone by default.
//! Knows nothing of the groups around it. Passwords are read at the moment of the call and kept nowhere.

mod deletion;
mod live;
mod modification;
mod names;
#[cfg(test)]
mod sample;
mod storage;
mod version;
mod windows;

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::aws::{Aws, AwsError, PasswordSource, Secret, aws_error};
use crate::resource::{
    Change, Effect, Field, Found, Id, Invalid, Observe, Observed, Owner, Ownership, Patience, Resource,
    Tracked,
};
use crate::resources::lower_case::LowerCase;
use crate::resources::rds_tags::{self, of_sdk_tags};
use crate::resources::tags::{self, Tags};

const CREATE: &str = "rds:CreateDBInstance";

/// A database's inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbInstance {
    /// The name that the author chose; AWS's own id outlives a change of it.
    pub identifier: LowerCase,
    pub engine: LowerCase,
    /// A prefix matches, and so does anything newer in the same major version.
    pub engine_version: String,
    pub instance_class: String,
    /// In GiB.
    pub allocated_storage: i32,
    pub storage_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iops: Option<i32>,
    /// In MiB/s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_throughput: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database_name: Option<String>,
    pub username: String,
    /// Where the password comes from; never the password. Always written, but not always to be observed.
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
    pub auto_minor_version_upgrade: bool,
    pub deletion_protection: bool,
    /// Whether a snapshot is taken before deletion.
    pub final_snapshot: bool,
    /// Whether disruptive changes are made at once, and not in the maintenance window.
    pub apply_immediately: bool,
    pub tags: Tags,
}

/// What AWS chooses of a database. What it does not show yet is left out.
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
    type Outputs = Outputs;

    async fn observe(aws: &Aws, tracked: &[Tracked<Self>]) -> Result<BTreeMap<Id, Observed<Self>>, AwsError> {
        live::observe(aws, tracked).await
    }
}

impl Resource for DbInstance {
    /// Timing and cost of each change: ModifyDBInstance in the RDS API reference.
    const FIELDS: &'static [Field] = &[
        Field::at_window("identifier", &[modification::MODIFY], Effect::Reboot),
        Field::replace("engine"),
        Field::at_window("engine_version", &[modification::MODIFY], Effect::Reboot).met_by(version::met),
        Field::at_window("instance_class", &[modification::MODIFY], Effect::Failover),
        // RDS rounds small steps up, and storage grows but never shrinks.
        Field::at_window("allocated_storage", &[modification::MODIFY], Effect::None)
            .met_by(|desired, observed| observed.as_i64() >= desired.as_i64()),
        Field::at_window("storage_type", &[modification::MODIFY], Effect::BriefPause),
        Field::at_window("iops", &[modification::MODIFY], Effect::None),
        Field::at_window("storage_throughput", &[modification::MODIFY], Effect::None),
        Field::replace("database_name"),
        Field::replace("username"),
        Field::recorded("password"),
        Field::recorded("password_version"),
        Field::at_window("multi_az", &[modification::MODIFY], Effect::None),
        // RDS restarts the database for this, whatever `apply_immediately` says.
        Field::in_place("port", &[modification::MODIFY], Effect::Reboot),
        // A move is only possible to another VPC (InvalidVPCNetworkStateFault), and this stack has one.
        Field::replace("db_subnet_group_name"),
        Field::in_place("vpc_security_group_ids", &[modification::MODIFY], Effect::None),
        Field::in_place("publicly_accessible", &[modification::MODIFY], Effect::None),
        // At once between two periods; the pause and the window are for turning backups on or off.
        Field::at_window("backup_retention_period", &[modification::MODIFY], Effect::BriefPause),
        Field::in_place("backup_window", &[modification::MODIFY], Effect::None),
        Field::in_place("maintenance_window", &[modification::MODIFY], Effect::None),
        Field::replace("storage_encrypted"),
        Field::in_place("auto_minor_version_upgrade", &[modification::MODIFY], Effect::None),
        Field::in_place("deletion_protection", &[modification::MODIFY], Effect::None),
        Field::recorded("final_snapshot"),
        Field::recorded("apply_immediately"),
        Field::in_place("tags", rds_tags::CALLS, Effect::None),
    ];
    const NATURAL_KEY: &'static [&'static str] = &["identifier"];
    const HOLDS_DATA: bool = true;
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
        ));
        invalid.extend(storage::check(self, observed));
        invalid.extend(windows::check(
            self.backup_window.as_deref(),
            self.maintenance_window.as_ref().map(LowerCase::as_str),
        ));
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
        require((1150..=65535).contains(&self.port), "port", "must be 1150 to 65535");
        require(
            (0..=35).contains(&self.backup_retention_period),
            "backup_retention_period",
            "must be 0 to 35 days",
        );
        invalid
    }

    async fn find(&self, aws: &Aws, _owner: &Owner) -> Result<Option<Found>, AwsError> {
        let Some(live) = live::describe_named(aws, self.identifier.as_str()).await? else { return Ok(None) };
        let ownership = Ownership::of_tags(&of_sdk_tags(live.tag_list()));
        Ok(Some(Found::new(id_of(live.dbi_resource_id, live::DESCRIBE)?, ownership)))
    }

    async fn create(&self, aws: &Aws, owner: &Owner) -> Result<Id, AwsError> {
        let Self {
            identifier,
            engine,
            engine_version,
            instance_class,
            allocated_storage,
            storage_type,
            iops,
            storage_throughput,
            database_name,
            username,
            password,
            password_version: _,
            multi_az,
            port,
            db_subnet_group_name,
            vpc_security_group_ids,
            publicly_accessible,
            backup_retention_period,
            backup_window,
            maintenance_window,
            storage_encrypted,
            auto_minor_version_upgrade,
            deletion_protection,
            final_snapshot: _,
            apply_immediately: _,
            tags,
        } = self;
        let secret = read_password(password.as_ref(), CREATE)?;
        let made = aws
            .write
            .rds
            .create_db_instance()
            .db_instance_identifier(identifier.as_str())
            .engine(engine.as_str())
            .engine_version(engine_version)
            .db_instance_class(instance_class)
            .allocated_storage(*allocated_storage)
            .storage_type(storage_type)
            .set_iops(*iops)
            .set_storage_throughput(*storage_throughput)
            .set_db_name(database_name.clone())
            .master_username(username)
            .set_manage_master_user_password((*password == Some(PasswordSource::Managed)).then_some(true))
            .set_master_user_password(secret.map(|secret| secret.expose().to_owned()))
            .multi_az(*multi_az)
            .port(*port)
            .db_subnet_group_name(db_subnet_group_name.as_str())
            .set_vpc_security_group_ids(Some(vpc_security_group_ids.iter().cloned().collect()))
            .publicly_accessible(*publicly_accessible)
            .backup_retention_period(*backup_retention_period)
            .set_preferred_backup_window(backup_window.clone())
            .set_preferred_maintenance_window(maintenance_window.clone().map(Into::into))
            .storage_encrypted(*storage_encrypted)
            .auto_minor_version_upgrade(*auto_minor_version_upgrade)
            .deletion_protection(*deletion_protection)
            .set_tags(Some(tags::to_rds(&tags::with_ownership(tags, owner))))
            .send()
            .await
            .map_err(aws_error(CREATE))?;
        id_of(made.db_instance.and_then(|live| live.dbi_resource_id), CREATE)
    }

    async fn update(&self, aws: &Aws, change: &Change<'_, Self>) -> Result<(), AwsError> {
        modification::modify(aws, self, change).await
    }

    async fn delete(&self, aws: &Aws, id: &Id) -> Result<(), AwsError> {
        deletion::delete(aws, id, self.identifier.as_str(), self.final_snapshot).await
    }
}

fn id_of(resource_id: Option<String>, operation: &'static str) -> Result<Id, AwsError> {
    match resource_id {
        Some(id) if !id.is_empty() => Ok(Id::new(id)),
        _ => Err(AwsError::bad_response(operation, "the answer holds no database resource id")),
    }
}

fn read_password(
    source: Option<&PasswordSource>,
    operation: &'static str,
) -> Result<Option<Secret>, AwsError> {
    let Some(source) = source else { return Ok(None) };
    source.read().map_err(|error| {
        let mut message = error.to_string();
        if let Some(cause) = error.source() {
            message = format!("{message}: {cause}");
        }
        AwsError::refused(operation, "Password", message)
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
            ("port", |db| db.port = 1149),
            ("port", |db| db.port = 65536),
            ("backup_retention_period", |db| db.backup_retention_period = 36),
            ("backup_retention_period", |db| db.backup_retention_period = -1),
            ("backup_window", |db| db.backup_window = Some("4-5".to_owned())),
            ("maintenance_window", |db| db.maintenance_window = Some("sun:04:00-sun:05:00".into())),
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
