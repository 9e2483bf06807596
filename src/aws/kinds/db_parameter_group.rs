//! RDS parameter groups: parameters of PostgreSQL for the databases that use the group.
//!
//! RDS shows a group without its tags, as it does with subnet groups: a refresh takes the recorded ones, and the live
//! tags have to prove that the group is ours before it is changed or deleted.

mod parameters;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_rds::types::DbParameterGroup as Live;
use futures_util::future::{try_join, try_join_all};
use serde::{Deserialize, Serialize};

use crate::aws::kinds::lower_case::LowerCase;
use crate::aws::kinds::rds_tags::{self, live_tags, prove_ours, retag};
use crate::aws::kinds::tags::{self, Tags};
use crate::aws::resource::{Change, Observe, Observed, Resource, Tracked};
use crate::aws::{Aws, absent_is_done, absent_is_none, aws_error};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::CloudError;
use crate::engine::resource::{
    Condition, Effect, Field, Found, Id, Invalid, Named, Owner, Ownership, Patience,
};
use crate::stack::postgres::family_in_names;

/// Of every family: the group of the old version goes after a major upgrade.
const THIS: &[&str] = &["rds:pg:{name-}*"];
const OURS: &[Grant] = &[Grant::owned(THIS)];

const CREATE: Call = Call::new("rds:CreateDBParameterGroup", &[Grant::tagging(THIS)])
    .checked(&[rds_tags::check(Grant::tagging(THIS))]);
const DESCRIBE: Call = Call::read("rds:DescribeDBParameterGroups");
const DELETE: Call = Call::new("rds:DeleteDBParameterGroup", OURS);

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

/// The values that AWS chooses for a parameter group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    pub arn: String,
}

impl Observe for DbParameterGroup {
    const KIND: &'static str = "aws_db_parameter_group";
    const CALLS: &'static [Call] = &[DESCRIBE, parameters::READ, rds_tags::LIST, CREATE, DELETE];
    type Outputs = Outputs;

    async fn observe(
        aws: &Aws,
        tracked: &[Tracked<Self>],
    ) -> Result<BTreeMap<Id, Observed<Self>>, CloudError> {
        let name = match tracked {
            [] => return Ok(BTreeMap::new()),
            [only] => Some(only.id.as_str()),
            _ => None,
        };
        // The ids are names, so nothing has to wait for the groups.
        let sets = try_join_all(tracked.iter().map(|one| parameters::set(aws, one.id.as_str())));
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
        Field::replace("name").chosen_once().follows(),
        Field::replace("family").made_from("engine_version"),
        Field::replace("description").chosen_once().follows(),
        Field::in_place("parameters", parameters::CALLS, Effect::AccessLoss).depending(parameters::cost),
        Field::in_place("tags", &rds_tags::calls(OURS), Effect::None),
    ];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const LOSS: Effect = Effect::None;
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

    async fn find(&self, aws: &Aws, _owner: &Owner) -> Result<Vec<Found>, CloudError> {
        Ok(found_of(aws, self.name.as_str()).await?.into_iter().collect())
    }

    async fn create(&self, aws: &Aws, owner: &Owner) -> Result<Id, CloudError> {
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
            _ => Err(CloudError::bad_response(CREATE, "the answer holds no parameter group name")),
        }
    }

    async fn update(&self, aws: &Aws, change: &Change<'_, Self>) -> Result<(), CloudError> {
        let Self { name: _, family: _, description: _, parameters, tags } = self;
        let name = change.id.as_str();
        let Some(live) = describe_one(aws, name).await? else {
            // RDS shows a group that was just made a moment late; its parameters are set right after.
            return Err(CloudError::not_seen(
                parameters::MODIFY,
                "DBParameterGroupNotFound",
                "the parameter group is gone",
            ));
        };
        let live_tags = prove_ours(aws, arn(&live), change.owner, parameters::MODIFY).await?;
        if change.touches(&["tags"]) {
            let change = tags::tag_change(&tags::ours(&live_tags, &change.observed.tags), tags);
            retag(aws, arn(&live), &change).await?;
        }
        if change.touches(&["parameters"]) {
            parameters::change(aws, name, &change.observed.parameters, parameters).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, id: &Id, owner: &Owner, _: Option<&str>) -> Result<(), CloudError> {
        // One read that finds nothing is not enough to let go of it: all groups are read then.
        let live = match describe_one(aws, id.as_str()).await? {
            Some(live) => Some(live),
            None => of_name(describe(aws, None).await?, id.as_str()),
        };
        let Some(live) = live else { return Ok(()) };
        prove_ours(aws, arn(&live), owner, DELETE).await?;
        let delete = aws.write.rds.delete_db_parameter_group().db_parameter_group_name(id.as_str());
        absent_is_done(delete.send().await.map(drop).map_err(aws_error(DELETE)))
    }

    const CLAIM: &'static [Call] = &[rds_tags::calls(OURS)[0]];

    const HIDES_TAGS: bool = true;

    /// RDS shows a group without its tags.
    async fn ownership(aws: &Aws, id: &Id, _live: &Self) -> Result<Ownership, CloudError> {
        let found = found_of(aws, id.as_str()).await?;
        Ok(found.map_or(Ownership::Inherited, |found| found.ownership))
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        let [add, _] = rds_tags::calls(OURS);
        match describe_one(aws, id.as_str()).await? {
            Some(live) => rds_tags::claim(aws, arn(&live), owner).await,
            None => Err(CloudError::not_seen(add, "DBParameterGroupNotFound", "the parameter group is gone")),
        }
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let name = text.to_lowercase();
        let unfit = name.starts_with("default.").then(|| "it is RDS's own default group".to_owned());
        Ok(found_of(aws, &name).await?.map(|found| Named { found, unfit }))
    }
}

/// The group of this name, with its tags, which RDS does not show beside it.
async fn found_of(aws: &Aws, name: &str) -> Result<Option<Found>, CloudError> {
    let Some(live) = describe_one(aws, name).await? else { return Ok(None) };
    let ownership = Ownership::of_tags(&live_tags(aws, arn(&live)).await?);
    Ok(Some(Found::new(Id::new(name), ownership)))
}

/// Reads the group of this name, or all of them.
async fn describe(aws: &Aws, name: Option<&str>) -> Result<Vec<Live>, CloudError> {
    let describe = aws.read.rds.describe_db_parameter_groups();
    let describe = describe.set_db_parameter_group_name(name.map(str::to_owned));
    let answer = describe.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE));
    Ok(absent_is_none(answer)?.unwrap_or_default())
}

async fn describe_one(aws: &Aws, name: &str) -> Result<Option<Live>, CloudError> {
    Ok(of_name(describe(aws, Some(name)).await?, name))
}

fn of_name(described: Vec<Live>, name: &str) -> Option<Live> {
    described.into_iter().find(|live| live.db_parameter_group_name.as_deref() == Some(name))
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
        remarks: Vec::new(),
        outputs: Outputs { arn: arn(live).to_owned() },
        // Every call on a parameter group is done when it is answered.
        condition: Condition::Ready,
        ownership: Ownership::Inherited,
        vpc: None,
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
}
