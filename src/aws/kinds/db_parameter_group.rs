//! RDS parameter groups: parameters of PostgreSQL for the databases that use the group.
//!
//! RDS shows a group without its tags, as it does with subnet groups: a refresh takes the recorded ones, and the live
//! tags have to prove that the group is ours before it is changed or deleted.

mod parameters;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_rds::operation::create_db_parameter_group::builders::CreateDbParameterGroupInputBuilder as Create;
use aws_sdk_rds::types::DbParameterGroup as SdkGroup;
use futures_util::future::{try_join, try_join_all};

use crate::aws::kind::{Check, Kind, Seen};
use crate::aws::kinds::rds_tags::{self, live_tags, prove_ours, retag};
use crate::aws::kinds::tags::{self, Tags};
use crate::aws::row::{self, Key, Row, map_of, text};
use crate::aws::{Aws, absent_is_done, absent_is_none, aws_error};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::InPlace;
use crate::engine::resource::{
    Condition, Effect, Found, Id, Invalid, Named, Owner, Ownership, Patience, Pattern, Shape,
};
use crate::stack::postgres::family_in_names;

pub(crate) use parameters::meaning;

/// Of every family: the group of the old version goes after a major upgrade.
const THIS: &[&str] = &["rds:pg:{name-}*"];
const OURS: &[Grant] = &[Grant::owned(THIS)];

const CREATE: Call = Call::new("rds:CreateDBParameterGroup", &[Grant::tagging(THIS)])
    .checked(&[rds_tags::check(Grant::tagging(THIS))]);
const DESCRIBE: Call = Call::read("rds:DescribeDBParameterGroups");
const DELETE: Call = Call::new("rds:DeleteDBParameterGroup", OURS);

const NAME_RULE: Pattern = Pattern::new(
    "1 to 255 letters, digits and single hyphens, begin with a letter and not end with a hyphen",
    "^[a-z](-?[a-z0-9])*$",
    255,
)
.in_lower_case();
const FAMILY_RULE: Pattern = Pattern::new("one such as `postgres16`", "^postgres[0-9.]+$", 255);
const DESCRIPTION_RULE: Pattern = Pattern::new("a text that is not empty", "(?s)^.+$", 65_536);
const VALUE: Shape = Shape::Text(Pattern::new("a value that is not empty", "(?s)^.+$", 65_536));

type Field<T> = Key<DbParameterGroup, T>;
const NAME: Field<String> = Key::new("name");
const FAMILY: Field<String> = Key::new("family");
const PARAMETERS: Field<BTreeMap<String, String>> = Key::new("parameters");
const TAGS: Field<Tags> = Key::new("tags");

/// Parameter groups of RDS.
pub struct DbParameterGroup;

/// A group as RDS shows it.
pub struct Live {
    group: SdkGroup,
    /// The parameters that are set; all others have the family's defaults.
    parameters: BTreeMap<String, String>,
}

impl Kind for DbParameterGroup {
    const KIND: &'static str = "aws_db_parameter_group";
    const CALLS: &'static [Call] = &[DESCRIBE, parameters::READ, rds_tags::LIST, CREATE, DELETE];
    const MODIFY: &'static [Call] = parameters::CALLS;
    type Create = Create;
    type Modify = ();
    type Live = Live;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        // Ends with the family, so that the groups of two families can stand side by side.
        &NAME
            .field(text(NAME_RULE).required())
            .set_by_section()
            .create(Create::set_db_parameter_group_name)
            .fixed()
            .observe(|live| Some(live.group.db_parameter_group_name.clone().unwrap_or_default()))
            .chosen_once()
            .follows(),
        &FAMILY
            .field(text(FAMILY_RULE).required())
            .set_by_section()
            .create(Create::set_db_parameter_group_family)
            .fixed()
            .observe(|live| Some(live.group.db_parameter_group_family.clone().unwrap_or_default()))
            .made_from("engine_version"),
        &Field::new("description")
            .field(text(DESCRIPTION_RULE).required())
            .set_by_section()
            .create(Create::set_description)
            .fixed()
            .observe(|live| Some(live.group.description.clone().unwrap_or_default()))
            .chosen_once()
            .follows(),
        // No create call takes parameters: an update sets them.
        &PARAMETERS
            .field(map_of(Pattern::any("the name of a parameter"), &VALUE).required())
            .set_by_section()
            .sent_by_code(InPlace(Effect::AccessLoss), parameters::CALLS)
            .observe(|live| Some(live.parameters.clone()))
            .met_by(parameters::met)
            .depending(parameters::cost),
        &TAGS
            .field(tags::rule())
            .set_by_section()
            .sent_by_code(InPlace(Effect::None), &rds_tags::calls(OURS))
            .observe(|live| Some(tags::recorded(live.recorded))),
    ];
    const CHECKS: &'static [Check] = &[tags::check, name_ends_with_the_family];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const LOSS: Effect = Effect::None;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        create: Duration::from_secs(3 * 60),
        update: Duration::from_secs(5 * 60),
        // A group stays in use for a while after its last database is gone (InvalidDBParameterGroupState).
        delete: Duration::from_secs(10 * 60),
    };
    const CLAIM: &'static [Call] = &[rds_tags::calls(OURS)[0]];
    const HIDES_TAGS: bool = true;

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        let name = match tracked {
            [] => return Ok(BTreeMap::new()),
            [only] => Some(only.id.as_str()),
            _ => None,
        };
        // The ids are names, so nothing has to wait for the groups.
        let sets = try_join_all(tracked.iter().map(|one| async {
            let recorded = one.recorded.as_ref().and_then(|recorded| PARAMETERS.of(recorded));
            parameters::set(aws, one.id.as_str(), &recorded.unwrap_or_default()).await
        }));
        let (described, sets) = try_join(describe(aws, name), sets).await?;
        let described: BTreeMap<&str, &SdkGroup> =
            described.iter().filter_map(|live| Some((live.db_parameter_group_name()?, live))).collect();
        let seen = tracked.iter().zip(sets).filter_map(|(one, set)| {
            let group = (*described.get(one.id.as_str())?).clone();
            Some((one.id.clone(), Live { group, parameters: set? }))
        });
        Ok(seen.collect())
    }

    fn seen(live: &Live, _: Option<&Document>) -> Seen {
        Seen {
            outputs: row::outputs([("arn", arn(&live.group).to_owned())]),
            // Every call on a parameter group is done when it is answered.
            condition: Condition::Ready,
            remarks: Vec::new(),
            ownership: Ownership::Inherited,
            vpc: None,
        }
    }

    async fn find(aws: &Aws, wanted: &Document, _: &Owner) -> Result<Vec<Found>, CloudError> {
        match NAME.of(wanted) {
            Some(name) => Ok(found_of(aws, &name).await?.into_iter().collect()),
            None => Ok(Vec::new()),
        }
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        let tags = tags::with_ownership(&tags::of(wanted), owner);
        let call = row::create_call::<Self>(wanted).set_tags(Some(tags::to_rds(&tags)));
        let made = call.send_with(&aws.write.rds).await.map_err(aws_error(CREATE))?;
        match made.db_parameter_group.and_then(|group| group.db_parameter_group_name) {
            Some(name) if !name.is_empty() => Ok(Id::new(name)),
            _ => Err(CloudError::bad_response(CREATE, "the answer holds no parameter group name")),
        }
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        let name = change.id.as_str();
        // RDS shows a group that was just made a moment late; its parameters are set right after.
        let Some(live) = describe_one(aws, name).await? else { return Err(gone(parameters::MODIFY)) };
        let live_tags = prove_ours(aws, arn(&live), change.owner, parameters::MODIFY).await?;
        if change.fields.contains(TAGS.name) {
            let observed = tags::of(change.observed);
            let wanted = tags::of(wanted);
            retag(aws, arn(&live), &tags::tag_change(&tags::ours(&live_tags, &observed), &wanted)).await?;
        }
        if change.fields.contains(PARAMETERS.name) {
            let observed = PARAMETERS.of(change.observed).unwrap_or_default();
            let wanted = PARAMETERS.of(wanted).unwrap_or_default();
            parameters::change(aws, name, &observed, &wanted).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        let id = deletion.id.as_str();
        // One read that finds nothing is not enough to let go of it: all groups are read then.
        let live = match describe_one(aws, id).await? {
            Some(live) => Some(live),
            None => of_name(describe(aws, None).await?, id),
        };
        let Some(live) = live else { return Ok(()) };
        prove_ours(aws, arn(&live), deletion.owner, DELETE).await?;
        let delete = aws.write.rds.delete_db_parameter_group().db_parameter_group_name(id);
        absent_is_done(delete.send().await.map(drop).map_err(aws_error(DELETE)))
    }

    /// RDS shows a group without its tags.
    async fn ownership(aws: &Aws, id: &Id, _live: &Document) -> Result<Ownership, CloudError> {
        let found = found_of(aws, id.as_str()).await?;
        Ok(found.map_or(Ownership::Inherited, |found| found.ownership))
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        let [add, _] = rds_tags::calls(OURS);
        match describe_one(aws, id.as_str()).await? {
            Some(live) => rds_tags::claim(aws, arn(&live), owner).await,
            None => Err(gone(add)),
        }
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let name = text.to_lowercase();
        let unfit = name.starts_with("default.").then(|| "it is RDS's own default group".to_owned());
        Ok(found_of(aws, &name).await?.map(|found| Named { found, unfit }))
    }
}

fn gone(operation: Call) -> CloudError {
    CloudError::not_seen(operation, "DBParameterGroupNotFound", "the parameter group is gone")
}

fn name_ends_with_the_family(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let (Some(name), Some(family)) = (NAME.of(wanted), FAMILY.of(wanted)) else { return Vec::new() };
    let ending = family_in_names(&family);
    if !NAME_RULE.fits(&name) || name.ends_with(&ending) {
        return Vec::new();
    }
    vec![Invalid::new(NAME.name, format!("must end with `{ending}`, unlike `{name}`"))]
}

/// The group of this name, with its tags, which RDS does not show beside it.
async fn found_of(aws: &Aws, name: &str) -> Result<Option<Found>, CloudError> {
    let Some(live) = describe_one(aws, name).await? else { return Ok(None) };
    let ownership = Ownership::of_tags(&live_tags(aws, arn(&live)).await?);
    Ok(Some(Found::new(Id::new(name), ownership)))
}

/// Reads the group of this name, or all of them.
async fn describe(aws: &Aws, name: Option<&str>) -> Result<Vec<SdkGroup>, CloudError> {
    let describe = aws.read.rds.describe_db_parameter_groups();
    let describe = describe.set_db_parameter_group_name(name.map(str::to_owned));
    let answer = describe.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE));
    Ok(absent_is_none(answer)?.unwrap_or_default())
}

async fn describe_one(aws: &Aws, name: &str) -> Result<Option<SdkGroup>, CloudError> {
    Ok(of_name(describe(aws, Some(name)).await?, name))
}

fn of_name(described: Vec<SdkGroup>, name: &str) -> Option<SdkGroup> {
    described.into_iter().find(|live| live.db_parameter_group_name.as_deref() == Some(name))
}

fn arn(live: &SdkGroup) -> &str {
    live.db_parameter_group_arn.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::kinds::registry;

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
            let group = json!({
                "name": name, "family": family, "description": description, "parameters": { "work_mem": value },
                "tags": {},
            });
            let registry = registry();
            let kind = registry.managing(DbParameterGroup::KIND).expect("the kind is known");
            let group = kind.normalise(group.as_object().expect("a document is an object")).expect("it fits");
            let invalid = kind.check(&group, None).expect("it fits");
            let found: Vec<&str> = invalid.iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{name:?} {family:?} {description:?} {value:?}");
        }
    }
}
