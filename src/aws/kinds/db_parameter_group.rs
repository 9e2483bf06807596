//! RDS parameter groups: parameters of PostgreSQL for the databases that use the group.
//!
//! RDS shows a group without its tags, as it does with subnet groups: a refresh takes the recorded ones, and the live
//! tags have to prove that the group is ours before it is changed or deleted.

mod follow;
mod parameters;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_rds::operation::create_db_parameter_group::builders::CreateDbParameterGroupInputBuilder as Create;
use aws_sdk_rds::types::DbParameterGroup as SdkGroup;
use futures_util::future::{try_join, try_join_all};

use crate::aws::kind::{Check, Kind, Seen, id_in_answer};
use crate::aws::kinds::named_group::{self, NamedGroup};
use crate::aws::kinds::tags::{TagChange, Tags};
use crate::aws::kinds::{rds_tags, tags};
use crate::aws::row::{self, Key, Row, map_of, text};
use crate::aws::{Aws, absent_is_done, absent_is_none, aws_error};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::InPlace;
use crate::engine::resource::{
    Condition, Effect, Found, Id, Named, Owner, Ownership, Patience, Pattern, Shape,
};

pub use follow::follow_versions;
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
        &NAME
            .field(text(NAME_RULE).required())
            .follows()
            .create(Create::set_db_parameter_group_name)
            .fixed()
            .observe(|live| Some(live.group.db_parameter_group_name.clone().unwrap_or_default()))
            .chosen_once(),
        &FAMILY
            .field(text(FAMILY_RULE).required())
            .made_from("engine_version")
            .create(Create::set_db_parameter_group_family)
            .fixed()
            .observe(|live| Some(live.group.db_parameter_group_family.clone().unwrap_or_default()))
            // Kept beside the name, which stays for as long as the family does.
            .chosen_once(),
        &Field::new("description")
            .field(text(DESCRIPTION_RULE).required())
            .follows()
            .create(Create::set_description)
            .fixed()
            .observe(|live| Some(live.group.description.clone().unwrap_or_default()))
            .chosen_once(),
        // No create call takes parameters: an update sets them.
        &PARAMETERS
            .field(map_of(Pattern::any("the name of a parameter"), &VALUE).required())
            .made_from("parameters")
            .sent_by_code(InPlace(Effect::AccessLoss), parameters::CALLS)
            .observe(|live| Some(live.parameters.clone()))
            .met_by(parameters::met)
            .depending(parameters::cost),
        &tags::row::<Self>(&rds_tags::calls(OURS), |live| Some(tags::of(live.recorded))),
    ];
    const CHECKS: &'static [Check] = &[tags::check];
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
        // The ids are names, so nothing has to wait for the groups.
        let sets = try_join_all(tracked.iter().map(|one| async {
            let recorded = one.recorded.as_ref().and_then(|recorded| PARAMETERS.of(recorded));
            parameters::set(aws, one.id.as_str(), &recorded.unwrap_or_default()).await
        }));
        let (groups, sets) = try_join(named_group::look::<Self>(aws, tracked), sets).await?;
        let seen = tracked.iter().zip(sets).filter_map(|(one, set)| {
            let group = groups.get(&one.id)?.clone();
            Some((one.id.clone(), Live { group, parameters: set? }))
        });
        Ok(seen.collect())
    }

    fn seen(live: &Live, _: Option<&Document>) -> Seen {
        Seen {
            outputs: row::outputs([("arn", live.group.db_parameter_group_arn.clone().unwrap_or_default())]),
            // Every call on a parameter group is done when it is answered.
            condition: Condition::Ready,
            remarks: Vec::new(),
            ownership: Ownership::Inherited,
            vpc: None,
        }
    }

    async fn find(aws: &Aws, wanted: &Document, _: &Owner) -> Result<Vec<Found>, CloudError> {
        named_group::find::<Self>(aws, NAME.text(wanted)).await
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        let tags = tags::with_ownership(&tags::of(wanted), owner);
        let call = row::create_call::<Self>(wanted).set_tags(Some(tags::to_rds(&tags)));
        let made = call.send_with(&aws.write.rds).await.map_err(aws_error(CREATE))?;
        id_in_answer(CREATE, made.db_parameter_group.and_then(|group| group.db_parameter_group_name))
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        named_group::begin_update::<Self>(aws, wanted, &change, parameters::MODIFY).await?;
        if change.fields.contains(PARAMETERS.name) {
            let observed = PARAMETERS.of(change.observed).unwrap_or_default();
            let wanted = PARAMETERS.of(wanted).unwrap_or_default();
            parameters::change(aws, change.id.as_str(), &observed, &wanted).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        if !named_group::is_to_delete::<Self>(aws, &deletion, DELETE).await? {
            return Ok(());
        }
        let id = deletion.id.as_str();
        let delete = aws.write.rds.delete_db_parameter_group().db_parameter_group_name(id);
        absent_is_done(delete.send().await.map(drop).map_err(aws_error(DELETE)))
    }

    async fn ownership(aws: &Aws, id: &Id, _live: &Document) -> Result<Ownership, CloudError> {
        named_group::ownership::<Self>(aws, id).await
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        named_group::claim::<Self>(aws, id, owner).await
    }

    async fn beyond(aws: &Aws, shown: &BTreeMap<Id, Live>) -> Result<BTreeMap<Id, Document>, CloudError> {
        let groups = shown.iter().map(|(id, live)| (id, &live.group));
        let parameters = shown.keys().map(|id| parameters::as_set(aws, id.as_str()));
        let (mut beyond, parameters) =
            try_join(named_group::tags_beyond::<Self>(aws, groups), try_join_all(parameters)).await?;
        for (id, parameters) in shown.keys().zip(parameters) {
            let of = beyond.entry(id.clone()).or_default();
            of.insert(PARAMETERS.name.to_owned(), parameters);
        }
        Ok(beyond)
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        named_group::named::<Self>(aws, text).await
    }
}

impl NamedGroup for DbParameterGroup {
    type Group = SdkGroup;
    const GONE: &'static str = "DBParameterGroupNotFound";
    const TAG: Call = rds_tags::calls(OURS)[0];

    async fn describe(aws: &Aws, name: Option<&str>) -> Result<Vec<SdkGroup>, CloudError> {
        let all = aws.read.rds.describe_db_parameter_groups();
        let asked = all.set_db_parameter_group_name(name.map(str::to_owned));
        let answer = asked.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE));
        Ok(absent_is_none(answer)?.unwrap_or_default())
    }

    fn name(group: &SdkGroup) -> Option<&str> {
        group.db_parameter_group_name()
    }

    fn arn(group: &SdkGroup) -> Option<&str> {
        group.db_parameter_group_arn()
    }

    fn vpc(_: &SdkGroup) -> Option<&str> {
        None
    }

    fn unfit(name: &str) -> Option<&'static str> {
        name.starts_with("default.").then_some("it is RDS's own default group")
    }

    async fn live_tags(aws: &Aws, arn: &str) -> Result<Tags, CloudError> {
        rds_tags::live_tags(aws, arn).await
    }

    async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<(), CloudError> {
        rds_tags::retag(aws, arn, change).await
    }
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
            ("gitlab-pgsql", "postgres16", "x", "1", vec![]),
            ("old-postgres9-6", "postgres9.6", "x", "1", vec![]),
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
