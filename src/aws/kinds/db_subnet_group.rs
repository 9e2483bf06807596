//! RDS subnet groups: the subnets that a database may live in.
//!
//! RDS shows a group without its tags, and asking for them costs one call for each group. A refresh therefore takes the recorded
//! tags for the live ones, so that it stays one call for all groups: a tag that others changed is not seen. Before anything is
//! changed or deleted the live tags are read and have to prove that the group is ours.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_rds::types::DbSubnetGroup as Live;
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

const THIS: &[&str] = &["rds:subgrp:{name}"];
const OURS: &[Grant] = &[Grant::owned(THIS)];

const CREATE: Call = Call::new("rds:CreateDBSubnetGroup", &[Grant::tagging(THIS)])
    .checked(&[rds_tags::check(Grant::tagging(THIS)), rds_tags::SERVICE_ROLE]);
const DESCRIBE: Call = Call::read("rds:DescribeDBSubnetGroups");
const MODIFY: Call = Call::new("rds:ModifyDBSubnetGroup", OURS);
const DELETE: Call = Call::new("rds:DeleteDBSubnetGroup", OURS);

/// A subnet group's inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DbSubnetGroup {
    pub name: LowerCase,
    pub description: String,
    pub subnet_ids: BTreeSet<String>,
    pub tags: Tags,
}

/// The values that AWS chooses for a subnet group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    pub arn: String,
    pub vpc_id: String,
}

impl Observe for DbSubnetGroup {
    const KIND: &'static str = "aws_db_subnet_group";
    const CALLS: &'static [Call] = &[DESCRIBE, rds_tags::LIST, CREATE, DELETE];
    type Outputs = Outputs;

    async fn observe(
        aws: &Aws,
        tracked: &[Tracked<Self>],
    ) -> Result<BTreeMap<Id, Observed<Self>>, CloudError> {
        let described = match tracked {
            [] => Vec::new(),
            [only] => describe(aws, Some(only.id.as_str())).await?,
            _ => describe(aws, None).await?,
        };
        let described: BTreeMap<Id, Live> = described
            .into_iter()
            .filter_map(|live| Some((Id::new(live.db_subnet_group_name.clone()?), live)))
            .collect();
        Ok(tracked
            .iter()
            .filter_map(|one| {
                let live = described.get(&one.id)?;
                Some((one.id.clone(), observed(live, one.recorded.as_ref())))
            })
            .collect())
    }
}

impl Resource for DbSubnetGroup {
    const FIELDS: &'static [Field] = &[
        Field::replace("name").chosen_once().follows(),
        Field::in_place("description", &[MODIFY], Effect::None).chosen_once().follows(),
        Field::in_place("subnet_ids", &[MODIFY], Effect::None).follows(),
        Field::in_place("tags", &rds_tags::calls(OURS), Effect::None),
    ];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const LOSS: Effect = Effect::None;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        create: Duration::from_secs(3 * 60),
        update: Duration::from_secs(3 * 60),
        // A group stays in use for a while after its last database is gone (InvalidDBSubnetGroupStateFault).
        delete: Duration::from_secs(10 * 60),
    };

    fn check(&self, _observed: Option<&Self>) -> Vec<Invalid> {
        let mut invalid = tags::check_tags(&self.tags);
        let name = self.name.as_str();
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ' ' | '-');
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(fits) || name.len() > 255
        {
            invalid.push(Invalid::new(
                "name",
                "must be 1 to 255 letters, digits, `.`, `_`, `-` and spaces, and begin with a letter",
            ));
        } else if name == "default" {
            invalid.push(Invalid::new("name", "must not be `default`"));
        }
        if self.description.is_empty() {
            invalid.push(Invalid::new("description", "must not be empty"));
        }
        if self.subnet_ids.len() < 2 {
            invalid.push(Invalid::new("subnet_ids", "must hold subnets of at least two zones"));
        }
        invalid
    }

    async fn find(&self, aws: &Aws, _owner: &Owner) -> Result<Vec<Found>, CloudError> {
        Ok(found_of(aws, self.name.as_str()).await?.into_iter().collect())
    }

    async fn create(&self, aws: &Aws, owner: &Owner) -> Result<Id, CloudError> {
        let Self { name, description, subnet_ids, tags } = self;
        let made = aws
            .write
            .rds
            .create_db_subnet_group()
            .db_subnet_group_name(name.as_str())
            .db_subnet_group_description(description)
            .set_subnet_ids(Some(subnet_ids.iter().cloned().collect()))
            .set_tags(Some(tags::to_rds(&tags::with_ownership(tags, owner))))
            .send()
            .await
            .map_err(aws_error(CREATE))?;
        match made.db_subnet_group.and_then(|group| group.db_subnet_group_name) {
            Some(name) if !name.is_empty() => Ok(Id::new(name)),
            _ => Err(CloudError::bad_response(CREATE, "the answer holds no subnet group name")),
        }
    }

    async fn update(&self, aws: &Aws, change: &Change<'_, Self>) -> Result<(), CloudError> {
        let Self { name: _, description, subnet_ids, tags } = self;
        let Some(live) = describe_one(aws, change.id.as_str()).await? else {
            return Err(CloudError::not_seen(
                MODIFY,
                "DBSubnetGroupNotFoundFault",
                "the subnet group is gone",
            ));
        };
        let live_tags = prove_ours(aws, arn(&live), change.owner, MODIFY).await?;
        if change.touches(&["tags"]) {
            retag(aws, arn(&live), &tags::tag_change(&tags::ours(&live_tags, &change.observed.tags), tags))
                .await?;
        }
        if change.touches(&["description", "subnet_ids"]) {
            // RDS wants all the subnets, even where only the description changes.
            let modify = aws.write.rds.modify_db_subnet_group().db_subnet_group_name(change.id.as_str());
            modify
                .db_subnet_group_description(description)
                .set_subnet_ids(Some(subnet_ids.iter().cloned().collect()))
                .send()
                .await
                .map_err(aws_error(MODIFY))?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, id: &Id, owner: &Owner, _: Option<&str>) -> Result<(), CloudError> {
        // One read that finds nothing is not enough to let go of it: all groups are read then.
        let live = match describe_one(aws, id.as_str()).await? {
            Some(live) => Some(live),
            None => describe(aws, None)
                .await?
                .into_iter()
                .find(|live| live.db_subnet_group_name.as_deref() == Some(id.as_str())),
        };
        let Some(live) = live else { return Ok(()) };
        prove_ours(aws, arn(&live), owner, DELETE).await?;
        let answer = aws.write.rds.delete_db_subnet_group().db_subnet_group_name(id.as_str()).send().await;
        absent_is_done(answer.map(drop).map_err(aws_error(DELETE)))
    }

    const CLAIM: &'static [Call] = &[rds_tags::calls(OURS)[0]];

    const HIDES_TAGS: bool = true;

    /// RDS shows a group without its tags.
    async fn ownership(aws: &Aws, id: &Id, _live: &Self) -> Result<Ownership, CloudError> {
        let found = found_of(aws, id.as_str()).await?;
        Ok(found.map_or(Ownership::Inherited, |found| found.ownership))
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        match describe_one(aws, id.as_str()).await? {
            Some(live) => rds_tags::claim(aws, arn(&live), owner).await,
            None => {
                Err(CloudError::not_seen(MODIFY, "DBSubnetGroupNotFoundFault", "the subnet group is gone"))
            }
        }
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let name = text.to_lowercase();
        let unfit = (name == "default").then(|| "it is the account's own default group".to_owned());
        Ok(found_of(aws, &name).await?.map(|found| Named { found, unfit }))
    }
}

/// The group of this name, with its tags, which RDS does not show beside it.
async fn found_of(aws: &Aws, name: &str) -> Result<Option<Found>, CloudError> {
    let Some(live) = describe_one(aws, name).await? else { return Ok(None) };
    let ownership = Ownership::of_tags(&live_tags(aws, arn(&live)).await?);
    Ok(Some(Found::new(Id::new(name), ownership).standing_in(live.vpc_id.as_deref())))
}

/// Reads the group of this name, or all of them.
async fn describe(aws: &Aws, name: Option<&str>) -> Result<Vec<Live>, CloudError> {
    let describe = aws.read.rds.describe_db_subnet_groups().set_db_subnet_group_name(name.map(str::to_owned));
    let answer = describe.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE));
    Ok(absent_is_none(answer)?.unwrap_or_default())
}

async fn describe_one(aws: &Aws, name: &str) -> Result<Option<Live>, CloudError> {
    let mut described = describe(aws, Some(name)).await?;
    described.retain(|live| live.db_subnet_group_name.as_deref() == Some(name));
    Ok(described.pop())
}

fn arn(live: &Live) -> &str {
    live.db_subnet_group_arn.as_deref().unwrap_or_default()
}

fn observed(live: &Live, recorded: Option<&DbSubnetGroup>) -> Observed<DbSubnetGroup> {
    Observed {
        in_force: None,
        remarks: Vec::new(),
        outputs: Outputs { arn: arn(live).to_owned(), vpc_id: live.vpc_id.clone().unwrap_or_default() },
        // Every call on a subnet group is done when it is answered.
        condition: Condition::Ready,
        ownership: Ownership::Inherited,
        vpc: live.vpc_id.as_deref().map(Id::new),
        inputs: Some(DbSubnetGroup {
            name: live.db_subnet_group_name.clone().unwrap_or_default().into(),
            description: live.db_subnet_group_description.clone().unwrap_or_default(),
            subnet_ids: live.subnets().iter().filter_map(|subnet| subnet.subnet_identifier.clone()).collect(),
            tags: recorded.map(|recorded| recorded.tags.clone()).unwrap_or_default(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_descriptions_and_subnets_follow_the_rules_of_rds() {
        let long = "a".repeat(256);
        for (name, description, subnets, expected) in [
            ("gitlab-pgsql", "x", 2, vec![]),
            ("Git Lab_1.2", "x", 3, vec![]),
            ("default", "x", 2, vec!["name"]),
            ("DEFAULT", "x", 2, vec!["name"]),
            ("1gitlab", "x", 2, vec!["name"]),
            ("git/lab", "x", 2, vec!["name"]),
            ("", "x", 2, vec!["name"]),
            (long.as_str(), "x", 2, vec!["name"]),
            ("gitlab", "", 2, vec!["description"]),
            ("gitlab", "x", 1, vec!["subnet_ids"]),
        ] {
            let group = DbSubnetGroup {
                name: name.into(),
                description: description.to_owned(),
                subnet_ids: (0..subnets).map(|n| format!("subnet-{n}")).collect(),
                tags: Tags::new(),
            };
            let found: Vec<&str> = group.check(None).iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{name:?} {description:?} {subnets}");
        }
    }
}
