//! RDS subnet groups: the subnets that a database may live in.
//!
//! RDS shows a group without its tags, and asking for them costs one call for each group. A refresh therefore takes the recorded
//! tags for the live ones, so that it stays one call for all groups: a tag that others changed is not seen. Before anything is
//! changed or deleted the live tags are read and have to prove that the group is ours.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_rds::operation::create_db_subnet_group::builders::CreateDbSubnetGroupInputBuilder as Create;
use aws_sdk_rds::operation::modify_db_subnet_group::builders::ModifyDbSubnetGroupInputBuilder as Modify;
use aws_sdk_rds::types::DbSubnetGroup as Live;

use crate::aws::kind::{Check, Kind, Seen, id_in_answer};
use crate::aws::kinds::named_group::{self, NamedGroup};
use crate::aws::kinds::tags::{TagChange, Tags};
use crate::aws::kinds::{rds_tags, tags};
use crate::aws::row::{self, Key, Row, set_of, text};
use crate::aws::{Aws, absent_is_done, absent_is_none, aws_error};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::InPlace;
use crate::engine::resource::{
    Condition, Effect, Found, Id, Invalid, Named, Owner, Ownership, Patience, Pattern, Shape,
};

const THIS: &[&str] = &["rds:subgrp:{name}"];
const OURS: &[Grant] = &[Grant::owned(THIS)];

const CREATE: Call = Call::new("rds:CreateDBSubnetGroup", &[Grant::tagging(THIS)])
    .checked(&[rds_tags::check(Grant::tagging(THIS)), rds_tags::SERVICE_ROLE]);
const DESCRIBE: Call = Call::read("rds:DescribeDBSubnetGroups");
const MODIFY: Call = Call::new("rds:ModifyDBSubnetGroup", OURS);
const DELETE: Call = Call::new("rds:DeleteDBSubnetGroup", OURS);

/// The name of a group (CreateDBSubnetGroup, DBSubnetGroupName), which RDS keeps in lower case.
const NAME_RULE: Pattern = Pattern::new(
    "1 to 255 letters, digits, `.`, `_`, `-` and spaces, begin with a letter, and not be `default`",
    "^[A-Za-z][A-Za-z0-9._ -]*$",
    255,
)
.but_not("^default$")
.in_lower_case();
const DESCRIPTION_RULE: Pattern = Pattern::new("a text that is not empty", "(?s)^.+$", 65_536);
const SUBNET: Shape = Shape::Text(Pattern::any("the id of a subnet"));

const NAME: Key<DbSubnetGroup, String> = Key::new("name");
const DESCRIPTION: Key<DbSubnetGroup, String> = Key::new("description");
const SUBNETS: Key<DbSubnetGroup, Vec<String>> = Key::new("subnet_ids");

/// Subnet groups of RDS.
pub struct DbSubnetGroup;

impl Kind for DbSubnetGroup {
    const KIND: &'static str = "aws_db_subnet_group";
    const CALLS: &'static [Call] = &[DESCRIBE, rds_tags::LIST, CREATE, DELETE];
    const MODIFY: &'static [Call] = &[MODIFY];
    type Create = Create;
    type Modify = Modify;
    type Live = Live;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &NAME
            .field(text(NAME_RULE).required())
            .made_from("subnet_group")
            .create(Create::set_db_subnet_group_name)
            .fixed()
            .observe(|group| group.db_subnet_group_name.clone())
            .chosen_once(),
        &DESCRIPTION
            .field(text(DESCRIPTION_RULE).required())
            .made_from("subnet_group")
            .create(Create::set_db_subnet_group_description)
            .modify(Modify::set_db_subnet_group_description, InPlace(Effect::None))
            .observe(|group| Some(group.db_subnet_group_description.clone().unwrap_or_default()))
            .chosen_once(),
        &SUBNETS
            .field(set_of(&SUBNET).required())
            .follows()
            .create(Create::set_subnet_ids)
            .modify(Modify::set_subnet_ids, InPlace(Effect::None))
            .observe(|group| {
                let subnets = group.subnets().iter();
                Some(subnets.filter_map(|subnet| subnet.subnet_identifier.clone()).collect())
            }),
        &tags::row::<Self>(&rds_tags::calls(OURS), |group| Some(tags::of(group.recorded))),
    ];
    const CHECKS: &'static [Check] = &[two_zones, tags::check];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const LOSS: Effect = Effect::None;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        create: Duration::from_secs(3 * 60),
        update: Duration::from_secs(3 * 60),
        // A group stays in use for a while after its last database is gone (InvalidDBSubnetGroupStateFault).
        delete: Duration::from_secs(10 * 60),
    };
    const HIDES_TAGS: bool = true;
    const CLAIM: &'static [Call] = &[rds_tags::calls(OURS)[0]];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        named_group::look::<Self>(aws, tracked).await
    }

    fn seen(live: &Live, _: Option<&Document>) -> Seen {
        let vpc = live.vpc_id.clone().unwrap_or_default();
        Seen {
            outputs: row::outputs([
                ("arn", live.db_subnet_group_arn.clone().unwrap_or_default()),
                ("vpc_id", vpc),
            ]),
            // Every call on a subnet group is done when it is answered.
            condition: Condition::Ready,
            remarks: Vec::new(),
            ownership: Ownership::Inherited,
            vpc: live.vpc_id.as_deref().map(Id::new),
        }
    }

    async fn find(aws: &Aws, wanted: &Document, _: &Owner) -> Result<Vec<Found>, CloudError> {
        named_group::find::<Self>(aws, NAME.text(wanted)).await
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        let tags = tags::with_ownership(&tags::of(wanted), owner);
        let call = row::create_call::<Self>(wanted).set_tags(Some(tags::to_rds(&tags)));
        let made = call.send_with(&aws.write.rds).await.map_err(aws_error(CREATE))?;
        id_in_answer(CREATE, made.db_subnet_group.and_then(|group| group.db_subnet_group_name))
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        named_group::begin_update::<Self>(aws, wanted, &change, MODIFY).await?;
        if let Some(call) = row::modify_call::<Self>(wanted, change.fields) {
            // RDS wants all the subnets, even where only the description changes.
            let call = call
                .db_subnet_group_name(change.id.as_str())
                .set_db_subnet_group_description(DESCRIPTION.of(wanted))
                .set_subnet_ids(SUBNETS.of(wanted));
            call.send_with(&aws.write.rds).await.map_err(aws_error(MODIFY))?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        if !named_group::is_to_delete::<Self>(aws, &deletion, DELETE).await? {
            return Ok(());
        }
        let id = deletion.id.as_str();
        let answer = aws.write.rds.delete_db_subnet_group().db_subnet_group_name(id).send().await;
        absent_is_done(answer.map(drop).map_err(aws_error(DELETE)))
    }

    async fn ownership(aws: &Aws, id: &Id, _live: &Document) -> Result<Ownership, CloudError> {
        named_group::ownership::<Self>(aws, id).await
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        named_group::claim::<Self>(aws, id, owner).await
    }

    async fn beyond(aws: &Aws, shown: &BTreeMap<Id, Live>) -> Result<BTreeMap<Id, Document>, CloudError> {
        named_group::tags_beyond::<Self>(aws, shown.iter()).await
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        named_group::named::<Self>(aws, text).await
    }
}

impl NamedGroup for DbSubnetGroup {
    type Group = Live;
    const GONE: &'static str = "DBSubnetGroupNotFoundFault";
    const TAG: Call = rds_tags::calls(OURS)[0];

    async fn describe(aws: &Aws, name: Option<&str>) -> Result<Vec<Live>, CloudError> {
        let all = aws.read.rds.describe_db_subnet_groups();
        let asked = all.set_db_subnet_group_name(name.map(str::to_owned));
        let answer = asked.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE));
        Ok(absent_is_none(answer)?.unwrap_or_default())
    }

    fn name(group: &Live) -> Option<&str> {
        group.db_subnet_group_name()
    }

    fn arn(group: &Live) -> Option<&str> {
        group.db_subnet_group_arn()
    }

    fn vpc(group: &Live) -> Option<&str> {
        group.vpc_id()
    }

    fn unfit(name: &str) -> Option<&'static str> {
        (name == "default").then_some("it is the account's own default group")
    }

    async fn live_tags(aws: &Aws, arn: &str) -> Result<Tags, CloudError> {
        rds_tags::live_tags(aws, arn).await
    }

    async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<(), CloudError> {
        rds_tags::retag(aws, arn, change).await
    }
}

fn two_zones(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let too_few = SUBNETS.of(wanted).is_some_and(|subnets| subnets.len() < 2);
    let invalid = || Invalid::new(SUBNETS.name, "must hold subnets of at least two zones");
    too_few.then(invalid).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::kinds::registry;

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
            let subnets: Vec<String> = (0..subnets).map(|n| format!("subnet-{n}")).collect();
            let group =
                json!({ "name": name, "description": description, "subnet_ids": subnets, "tags": {} });
            let group = group.as_object().expect("a document is an object");
            let registry = registry();
            let kind = registry.managing(DbSubnetGroup::KIND).expect("the kind is known");
            let normal = kind.normalise(group).expect("every value has its form");
            let invalid = kind.check(&normal, None).expect("every value has its form");
            let found: Vec<&str> = invalid.iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{name:?} {description:?} {subnets:?}");
        }
    }
}
