//! RDS parameter groups: parameters of PostgreSQL for the databases that use the group.
//! Knows nothing of databases; it never reboots one.
//!
//! RDS shows a group without its tags, as it does with subnet groups: a refresh takes the recorded ones, and the live
//! tags have to prove that the group is ours before it is changed or deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_rds::types::{ApplyMethod, DbParameterGroup as Live, Filter, Parameter};
use futures_util::future::{try_join, try_join_all};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::aws::{Aws, AwsError, absent_is_done, absent_is_none, aws_error};
use crate::document::Document;
use crate::postgres::family_in_names;
use crate::resource::{
    Change, Condition, Effect, Field, Found, Id, Invalid, Observe, Observed, OnChange, Owner, Ownership,
    Patience, Resource, Tracked,
};
use crate::resources::lower_case::LowerCase;
use crate::resources::rds_tags::{self, live_tags, prove_ours, retag};
use crate::resources::tags::{self, Tags};

const CREATE: &str = "rds:CreateDBParameterGroup";
const DESCRIBE: &str = "rds:DescribeDBParameterGroups";
const READ: &str = "rds:DescribeDBParameters";
const MODIFY: &str = "rds:ModifyDBParameterGroup";
const RESET: &str = "rds:ResetDBParameterGroup";
const DELETE: &str = "rds:DeleteDBParameterGroup";

/// How many parameters one call changes (ModifyDBParameterGroup and ResetDBParameterGroup, Parameters).
const AT_ONCE: usize = 20;

/// Parameters that PostgreSQL reads only when it starts (PostgreSQL documentation, "can only be set at server start").
const READ_AT_START: &[&str] = &[
    "archive_mode",
    "autovacuum_freeze_max_age",
    "autovacuum_max_workers",
    "autovacuum_multixact_freeze_max_age",
    "autovacuum_worker_slots",
    "commit_timestamp_buffers",
    "hot_standby",
    "huge_pages",
    "io_max_concurrency",
    "io_method",
    "jit_provider",
    "logging_collector",
    "max_active_replication_origins",
    "max_connections",
    "max_files_per_process",
    "max_locks_per_transaction",
    "max_logical_replication_workers",
    "max_pred_locks_per_transaction",
    "max_prepared_transactions",
    "max_replication_slots",
    "max_wal_senders",
    "max_worker_processes",
    "min_dynamic_shared_memory",
    "multixact_member_buffers",
    "multixact_offset_buffers",
    "notify_buffers",
    "old_snapshot_threshold",
    "port",
    "reserved_connections",
    "serializable_buffers",
    "shared_buffers",
    "shared_memory_type",
    "shared_preload_libraries",
    "subtransaction_buffers",
    "superuser_reserved_connections",
    "track_activity_query_size",
    "track_commit_timestamp",
    "transaction_buffers",
    "wal_buffers",
    "wal_decode_buffer_size",
    "wal_level",
    "wal_log_hints",
];

/// A parameter group's inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbParameterGroup {
    /// Ends with the family, so that the groups of two families can stand side by side.
    pub name: LowerCase,
    /// `postgres16`.
    pub family: String,
    pub description: String,
    /// Those that are set; all others have the family's defaults.
    pub parameters: BTreeMap<String, String>,
    pub tags: Tags,
}

/// What AWS chooses of a parameter group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    pub arn: String,
}

impl Observe for DbParameterGroup {
    const KIND: &'static str = "aws_db_parameter_group";
    type Outputs = Outputs;

    async fn observe(aws: &Aws, tracked: &[Tracked<Self>]) -> Result<BTreeMap<Id, Observed<Self>>, AwsError> {
        let name = match tracked {
            [] => return Ok(BTreeMap::new()),
            [only] => Some(only.id.as_str()),
            _ => None,
        };
        // The ids are names, so nothing has to wait for the groups.
        let sets = try_join_all(tracked.iter().map(|one| set_parameters(aws, one.id.as_str())));
        let (described, sets) = try_join(describe(aws, name), sets).await?;
        let described: BTreeMap<&str, &Live> =
            described.iter().filter_map(|live| Some((live.db_parameter_group_name()?, live))).collect();
        let seen = tracked.iter().zip(sets).filter_map(|(one, set)| {
            let live = described.get(one.id.as_str())?;
            Some((one.id.clone(), observed(live, set?, one.recorded.as_ref())))
        });
        Ok(seen.collect())
    }
}

impl Resource for DbParameterGroup {
    const FIELDS: &'static [Field] = &[
        Field::replace("name"),
        Field::replace("family"),
        Field::replace("description"),
        Field::in_place("parameters", &[MODIFY, RESET], Effect::NextReboot).depending(parameters),
        Field::in_place("tags", rds_tags::CALLS, Effect::None),
    ];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const HOLDS_DATA: bool = false;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        create: Duration::from_secs(3 * 60),
        update: Duration::from_secs(5 * 60),
        // A group stays in use for a while after its last database is gone (InvalidDBParameterGroupState).
        delete: Duration::from_secs(10 * 60),
    };

    fn check(&self, _observed: Option<&Self>) -> Vec<Invalid> {
        let mut invalid = tags::check_tags(&self.tags);
        let mut require = |met: bool, field, message: String| {
            if !met {
                invalid.push(Invalid::new(field, message));
            }
        };
        let name = self.name.as_str();
        let plain = name.len() <= 255
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !name.contains("--")
            && !name.ends_with('-');
        let rule = "must be 1 to 255 letters, digits and single hyphens, begin with a letter and not end with a hyphen";
        require(plain, "name", rule.to_owned());
        let ending = family_in_names(&self.family);
        require(
            !plain || name.ends_with(&ending),
            "name",
            format!("must end with `{ending}`, unlike `{name}`"),
        );
        let version = self.family.strip_prefix("postgres").unwrap_or_default();
        let is_version = !version.is_empty() && version.chars().all(|c| c.is_ascii_digit() || c == '.');
        require(is_version, "family", format!("must be one such as `postgres16`, not `{}`", self.family));
        require(!self.description.is_empty(), "description", "must not be empty".to_owned());
        for (parameter, value) in &self.parameters {
            require(!value.is_empty(), "parameters", format!("must have values, unlike `{parameter}`"));
        }
        invalid
    }

    async fn find(&self, aws: &Aws, _owner: &Owner) -> Result<Option<Found>, AwsError> {
        let Some(live) = describe_one(aws, self.name.as_str()).await? else { return Ok(None) };
        let tags = live_tags(aws, arn(&live)).await?;
        Ok(Some(Found { id: Id::new(self.name.as_str()), ownership: Ownership::of_tags(&tags) }))
    }

    async fn create(&self, aws: &Aws, owner: &Owner) -> Result<Id, AwsError> {
        // The parameters are set by the update that follows.
        let Self { name, family, description, parameters: _, tags } = self;
        let made = aws
            .write
            .rds
            .create_db_parameter_group()
            .db_parameter_group_name(name.as_str())
            .db_parameter_group_family(family)
            .description(description)
            .set_tags(Some(tags::to_rds(&tags::with_ownership(tags, owner))))
            .send()
            .await
            .map_err(aws_error(CREATE))?;
        match made.db_parameter_group.and_then(|group| group.db_parameter_group_name) {
            Some(name) if !name.is_empty() => Ok(Id::new(name)),
            _ => Err(AwsError::bad_response(CREATE, "the answer holds no parameter group name")),
        }
    }

    async fn update(&self, aws: &Aws, change: &Change<'_, Self>) -> Result<(), AwsError> {
        let Self { name: _, family: _, description: _, parameters, tags } = self;
        let name = change.id.as_str();
        let Some(live) = describe_one(aws, name).await? else {
            return Err(AwsError::refused(MODIFY, "DBParameterGroupNotFound", "the parameter group is gone"));
        };
        let live_tags = prove_ours(aws, arn(&live), MODIFY).await?;
        if change.touches(&["tags"]) {
            let change = tags::tag_change(&tags::ours(&live_tags, &change.observed.tags), tags);
            retag(aws, arn(&live), &change).await?;
        }
        if change.touches(&["parameters"]) {
            let observed = &change.observed.parameters;
            let set = parameters.iter().filter(|(name, value)| observed.get(*name) != Some(*value));
            let set: Vec<Parameter> =
                set.map(|(name, value)| parameter(name).parameter_value(value).build()).collect();
            let reset = observed.keys().filter(|name| !parameters.contains_key(*name));
            let reset: Vec<Parameter> = reset.map(|name| parameter(name).build()).collect();
            for chunk in set.chunks(AT_ONCE) {
                let call = aws.write.rds.modify_db_parameter_group().db_parameter_group_name(name);
                let call = call.set_parameters(Some(as_soon_as_possible(aws, name, chunk).await?));
                call.send().await.map_err(aws_error(MODIFY))?;
            }
            for chunk in reset.chunks(AT_ONCE) {
                let call = aws.write.rds.reset_db_parameter_group().db_parameter_group_name(name);
                let call = call.set_parameters(Some(as_soon_as_possible(aws, name, chunk).await?));
                call.reset_all_parameters(false).send().await.map_err(aws_error(RESET))?;
            }
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, id: &Id) -> Result<(), AwsError> {
        let Some(live) = describe_one(aws, id.as_str()).await? else { return Ok(()) };
        prove_ours(aws, arn(&live), DELETE).await?;
        let delete = aws.write.rds.delete_db_parameter_group().db_parameter_group_name(id.as_str());
        absent_is_done(delete.send().await.map(drop).map_err(aws_error(DELETE)))
    }
}

/// Most parameters count at once. Which of those of extensions and of RDS do not, only AWS knows: the worse is said.
fn parameters(desired: &Document, observed: &Document) -> OnChange {
    let of =
        |inputs: &Document| inputs.get("parameters").and_then(Value::as_object).cloned().unwrap_or_default();
    let (desired, observed) = (of(desired), of(observed));
    let names: BTreeSet<&String> = desired.keys().chain(observed.keys()).collect();
    let waits = |name: &&String| {
        desired.get(*name) != observed.get(*name)
            && (name.contains('.') || READ_AT_START.contains(&name.as_str()))
    };
    OnChange::InPlace(match names.iter().any(waits) {
        true => Effect::NextReboot,
        false => Effect::None,
    })
}

fn parameter(name: &str) -> aws_sdk_rds::types::builders::ParameterBuilder {
    Parameter::builder().parameter_name(name)
}

/// The parameters, each with the method that its type allows: static ones wait for a reboot.
async fn as_soon_as_possible(
    aws: &Aws,
    group: &str,
    asked: &[Parameter],
) -> Result<Vec<Parameter>, AwsError> {
    let names = asked.iter().filter_map(|one| one.parameter_name.clone()).collect();
    let filter = Filter::builder().name("parameter-name").set_values(Some(names)).build();
    let read = aws.read.rds.describe_db_parameters().db_parameter_group_name(group).filters(filter);
    let known: Vec<Parameter> =
        read.into_paginator().items().send().try_collect().await.map_err(aws_error(READ))?;
    let is_dynamic = |name: &Option<String>| {
        known.iter().any(|one| one.parameter_name == *name && one.apply_type() == Some("dynamic"))
    };
    let with_method = |one: &Parameter| {
        let method =
            if is_dynamic(&one.parameter_name) { ApplyMethod::Immediate } else { ApplyMethod::PendingReboot };
        let mut one = one.clone();
        one.apply_method = Some(method);
        one
    };
    Ok(asked.iter().map(with_method).collect())
}

/// The parameters of a group that somebody set, unless the group is gone.
async fn set_parameters(aws: &Aws, group: &str) -> Result<Option<BTreeMap<String, String>>, AwsError> {
    let read = aws.read.rds.describe_db_parameters().db_parameter_group_name(group).source("user");
    let answer = read.into_paginator().items().send().try_collect().await;
    let set: Option<Vec<Parameter>> = absent_is_none(answer.map_err(aws_error(READ)))?;
    Ok(set.map(|set| {
        set.into_iter().filter_map(|one| Some((one.parameter_name?, one.parameter_value?))).collect()
    }))
}

/// Reads the group of this name, or all of them.
async fn describe(aws: &Aws, name: Option<&str>) -> Result<Vec<Live>, AwsError> {
    let describe = aws.read.rds.describe_db_parameter_groups();
    let describe = describe.set_db_parameter_group_name(name.map(str::to_owned));
    let answer = describe.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE));
    Ok(absent_is_none(answer)?.unwrap_or_default())
}

async fn describe_one(aws: &Aws, name: &str) -> Result<Option<Live>, AwsError> {
    let described = describe(aws, Some(name)).await?;
    Ok(described.into_iter().find(|live| live.db_parameter_group_name.as_deref() == Some(name)))
}

fn arn(live: &Live) -> &str {
    live.db_parameter_group_arn.as_deref().unwrap_or_default()
}

fn observed(
    live: &Live,
    parameters: BTreeMap<String, String>,
    recorded: Option<&DbParameterGroup>,
) -> Observed<DbParameterGroup> {
    Observed {
        in_force: None,
        held: Vec::new(),
        outputs: Outputs { arn: arn(live).to_owned() },
        // Every call on a parameter group is done when it is answered.
        condition: Condition::Ready,
        ownership: Ownership::Inherited,
        inputs: Some(DbParameterGroup {
            name: live.db_parameter_group_name.clone().unwrap_or_default().into(),
            family: live.db_parameter_group_family.clone().unwrap_or_default(),
            description: live.description.clone().unwrap_or_default(),
            parameters,
            tags: recorded.map(|recorded| recorded.tags.clone()).unwrap_or_default(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_families_and_values_follow_the_rules_of_rds() {
        let long = format!("{}-postgres16", "a".repeat(245));
        for (name, family, description, value, expected) in [
            ("gitlab-pgsql-postgres16", "postgres16", "x", "1", vec![]),
            ("GitLab-Postgres16", "postgres16", "x", "1", vec![]),
            ("old-postgres9-6", "postgres9.6", "x", "1", vec![]),
            ("gitlab-pgsql-postgres16", "postgres17", "x", "1", vec!["name"]),
            ("gitlab-pgsql", "postgres16", "x", "1", vec!["name"]),
            ("1-postgres16", "postgres16", "x", "1", vec!["name"]),
            ("a--postgres16", "postgres16", "x", "1", vec!["name"]),
            ("a_b-postgres16", "postgres16", "x", "1", vec!["name"]),
            (long.as_str(), "postgres16", "x", "1", vec!["name"]),
            ("a-mysql8", "mysql8", "x", "1", vec!["family"]),
            ("a-postgres", "postgres", "x", "1", vec!["family"]),
            ("a-postgres16", "postgres16", "", "1", vec!["description"]),
            ("a-postgres16", "postgres16", "x", "", vec!["parameters"]),
        ] {
            let group = DbParameterGroup {
                name: name.into(),
                family: family.to_owned(),
                description: description.to_owned(),
                parameters: [("work_mem".to_owned(), value.to_owned())].into(),
                tags: Tags::new(),
            };
            let found: Vec<&str> = group.check(None).iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{name:?} {family:?} {description:?} {value:?}");
        }
    }

    #[test]
    fn only_what_is_read_at_the_start_or_not_known_waits_for_a_reboot() {
        let with = |parameters: Value| Document::from_iter([("parameters".to_owned(), parameters)]);
        for (desired, observed, effect) in [
            (json!({ "work_mem": "1" }), json!({}), Effect::None),
            (json!({ "work_mem": "1" }), json!({ "work_mem": "2" }), Effect::None),
            (json!({ "max_connections": "100" }), json!({}), Effect::NextReboot),
            (json!({}), json!({ "max_connections": "100" }), Effect::NextReboot),
            (json!({ "rds.logical_replication": "1" }), json!({}), Effect::NextReboot),
            // What stays as it is costs nothing.
            (
                json!({ "max_connections": "100", "work_mem": "1" }),
                json!({ "max_connections": "100" }),
                Effect::None,
            ),
        ] {
            assert_eq!(parameters(&with(desired), &with(observed)), OnChange::InPlace(effect));
        }
    }
}
