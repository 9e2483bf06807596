//! RDS databases: one PostgreSQL instance, with a standby in another zone by default.

mod calls;
mod checks;
mod cost;
mod creation;
mod deletion;
mod domain;
mod find;
mod holdings;
mod insights;
mod keys;
mod live;
mod modification;
mod monitoring;
mod names;
pub(crate) mod origin;
mod parameters;
pub(crate) mod password;
pub mod replica;
mod reservation;
pub(crate) mod restore;
mod rows;
#[cfg(test)]
mod sample;
mod seen;
mod status;
mod storage;
mod texts;
mod version;
mod windows;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_rds::operation::create_db_instance::builders::CreateDbInstanceInputBuilder;
use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDbInstanceInputBuilder;

use crate::aws::Aws;
use crate::aws::kind::{Check, Kind, Seen};
use crate::aws::kinds::rds_tags;
use crate::aws::row::Row;
use crate::engine::call::Call;
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::remedy::Remedy;
use crate::engine::resource::{Effect, Found, Id, Named, Owner, Patience};
use seen::Live;
use storage::Storage;

pub(in crate::aws) use calls::BESIDE;
pub use deletion::snapshot_name as last_snapshot_name;
pub(in crate::aws) use live::{describe as described, describe_named as called};
pub use status::STATUSES;

/// Databases of RDS.
pub struct DbInstance;

impl Kind for DbInstance {
    const KIND: &'static str = "aws_db_instance";
    const CALLS: &'static [Call] = &[live::DESCRIBE, calls::CREATE, calls::DELETE];
    const MODIFY: &'static [Call] = &[calls::MODIFY];
    type Create = CreateDbInstanceInputBuilder;
    type Modify = ModifyDbInstanceInputBuilder;
    type Live = Live;
    const ROWS: &'static [&'static dyn Row<Self>] = rows::ROWS;
    const CHECKS: &'static [Check] = checks::CHECKS;
    const NATURAL_KEY: &'static [&'static str] = &["identifier"];
    const LOSS: Effect = Effect::DataLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(10),
        create: Duration::from_secs(50 * 60),
        update: Duration::from_secs(80 * 60),
        delete: Duration::from_secs(60 * 60),
    };
    const ALIKE: &'static [&'static str] = &["aws_db_replica"];
    const CLAIM: &'static [Call] = &[calls::TAGS[0]];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        live::look(aws, tracked).await
    }

    fn seen(live: &Live, recorded: Option<&Document>) -> Seen {
        seen::seen(live, recorded)
    }

    fn in_force(live: &Live) -> Option<Live> {
        live.now.pending_modified_values.is_some().then(|| live.in_force())
    }

    fn sent_along(wanted: &Document, coming: &Document, in_force: &Document) -> Document {
        storage::sent_along::<Self>(Storage::of(wanted), wanted, (coming, in_force))
    }

    async fn find(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        find::find(aws, owner, wanted).await
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        creation::create(aws, wanted, owner).await
    }

    fn as_created(wanted: &Document) -> Document {
        origin::as_created(wanted)
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        modification::modify(aws, wanted, change).await
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        deletion::delete(aws, deletion).await
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        let [add, _] = calls::TAGS;
        let live = live::there(aws, id, add).await?;
        rds_tags::claim(aws, live.db_instance_arn().unwrap_or_default(), owner).await
    }

    /// "You can use this parameter to move your DB instance to a different VPC" (RDS API reference, ModifyDBInstance,
    /// DBSubnetGroupName).
    fn way_back(name: &str, inputs: &Document) -> Option<Remedy> {
        let group = keys::SUBNET_GROUP.text(inputs)?;
        let groups = keys::SECURITY_GROUPS.of(inputs).unwrap_or_default();
        let modify = ["rds", "modify-db-instance", "--apply-immediately", "--db-instance-identifier", name];
        let to = ["--db-subnet-group-name", group];
        let behind = (!groups.is_empty()).then_some("--vpc-security-group-ids");
        let behind = behind.into_iter().chain(groups.iter().map(String::as_str));
        Some(Remedy::aws(modify.into_iter().chain(to).chain(behind)))
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        find::list(aws, false).await
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::kinds::registry;
    use crate::aws::row;
    use crate::engine::resource::Invalid;

    fn check(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
        let registry = registry();
        let kind = registry.managing(DbInstance::KIND).expect("the kind is known");
        let wanted = kind.normalise(wanted).expect("every value has its form");
        kind.check(&wanted, observed).expect("every value has its form")
    }

    #[test]
    fn the_reference_database_is_valid() {
        assert_eq!(check(&sample::database(), None), []);
    }

    #[test]
    fn every_rule_names_the_field_that_breaks_it() {
        const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/1";
        let cases = [
            ("identifier", json!({ "identifier": "1x" })),
            ("engine", json!({ "engine": "mysql" })),
            ("engine_version", json!({ "engine_version": "newest" })),
            ("instance_class", json!({ "instance_class": "t4g.medium" })),
            ("allocated_storage", json!({ "allocated_storage": 19 })),
            ("storage_type", json!({ "storage_type": "ssd" })),
            ("iops", json!({ "iops": 3000 })),
            ("storage_throughput", json!({ "storage_throughput": 125 })),
            ("database_name", json!({ "database_name": "table" })),
            ("username", json!({ "username": "admin" })),
            ("password", json!({ "password": null })),
            ("kms_key_id", json!({ "kms_key_id": KEY, "storage_encrypted": false })),
            ("max_allocated_storage", json!({ "max_allocated_storage": 54 })),
            ("performance_insights_retention_period", json!({ "performance_insights_retention_period": 7 })),
            ("port", json!({ "port": 1149 })),
            ("port", json!({ "port": 65536 })),
            ("backup_retention_period", json!({ "backup_retention_period": 36 })),
            ("backup_retention_period", json!({ "backup_retention_period": -1 })),
            ("backup_window", json!({ "backup_window": "4-5" })),
            ("maintenance_window", json!({ "maintenance_window": "sun:05:00-sun:05:20" })),
            ("tags", json!({ "tags": { "aws:x": "" } })),
        ];
        for (field, broken) in cases {
            let found = check(&sample::with(broken), None);
            let found: Vec<&str> = found.iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, [field]);
        }
    }

    #[test]
    fn a_database_without_a_name_for_a_first_database_or_windows_is_valid() {
        let database =
            sample::with(json!({ "database_name": null, "backup_window": null, "maintenance_window": null }));
        assert_eq!(check(&database, None), []);
    }

    #[test]
    fn a_literal_password_does_not_become_a_document() {
        let registry = registry();
        let kind = registry.managing(DbInstance::KIND).expect("the kind is known");
        let document = sample::with(json!({ "password": "hunter2hunter2" }));
        let error = kind.normalise(&document).expect_err("a literal is refused");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn storage_that_has_grown_is_as_desired_and_storage_that_is_too_small_is_not() {
        let fields = row::fields::<DbInstance>();
        let field = fields.iter().find(|field| field.name == "allocated_storage");
        let met = field.expect("a field of the kind").met;
        assert!(met(&50.into(), &50.into()) && met(&50.into(), &55.into()));
        assert!(!met(&50.into(), &49.into()) && !met(&50.into(), &Value::Null));
    }
}
