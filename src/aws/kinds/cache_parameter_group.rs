//! ElastiCache parameter groups: parameters of Valkey or Redis for the caches that use the group.
//!
//! ElastiCache shows a group without its tags, as it does with subnet groups.

mod parameters;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticache::operation::create_cache_parameter_group::builders::CreateCacheParameterGroupInputBuilder as Create;
use aws_sdk_elasticache::types::CacheParameterGroup as SdkGroup;
use futures_util::future::{try_join, try_join_all};

use crate::aws::kind::{Check, Kind, Seen, id_in_answer};
use crate::aws::kinds::named_group::{self, NamedGroup};
use crate::aws::kinds::tags::{TagChange, Tags};
use crate::aws::kinds::{cache_tags, tags};
use crate::aws::row::{self, Key, Row, map_of, text};
use crate::aws::{Aws, absent_is_done, absent_is_none, aws_error};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::InPlace;
use crate::engine::resource::{
    Condition, Effect, Found, Id, Named, Owner, Ownership, Patience, Pattern, Shape,
};

/// Of every family: the group of the old version goes after an upgrade.
const THIS: &[&str] = &["elasticache:parametergroup:{name-}*"];
const OURS: &[Grant] = &[Grant::owned(THIS)];

const CREATE: Call = Call::new("elasticache:CreateCacheParameterGroup", &[Grant::tagging(THIS)])
    .checked(&[cache_tags::check(Grant::tagging(THIS))]);
const DESCRIBE: Call = Call::read("elasticache:DescribeCacheParameterGroups");
const DELETE: Call = Call::new("elasticache:DeleteCacheParameterGroup", OURS);

const NAME_RULE: Pattern = Pattern::new(
    "1 to 255 letters, digits and single hyphens, begin with a letter and not end with a hyphen",
    "^[a-z](-?[a-z0-9])*$",
    255,
)
.in_lower_case();
/// CreateCacheParameterGroup, CacheParameterGroupFamily; `valkey9` in public configurations.
const FAMILY_RULE: Pattern =
    Pattern::new("one such as `valkey8` or `redis7`", "^(valkey[0-9]+|redis[0-9]+(\\.x)?)$", 255);
const DESCRIPTION_RULE: Pattern = Pattern::new("a text that is not empty", "(?s)^.+$", 65_536);
const VALUE: Shape = Shape::Text(Pattern::new("a value that is not empty", "(?s)^.+$", 65_536));

type Field<T> = Key<CacheParameterGroup, T>;
const NAME: Field<String> = Key::new("name");
const FAMILY: Field<String> = Key::new("family");
const PARAMETERS: Field<BTreeMap<String, String>> = Key::new("parameters");

/// Parameter groups of ElastiCache.
pub struct CacheParameterGroup;

/// A group as ElastiCache shows it.
pub struct Live {
    group: SdkGroup,
    /// The parameters that are set; all others have the family's defaults.
    parameters: BTreeMap<String, String>,
}

impl Kind for CacheParameterGroup {
    const KIND: &'static str = "aws_elasticache_parameter_group";
    const CALLS: &'static [Call] = &[DESCRIBE, parameters::READ, cache_tags::LIST, CREATE, DELETE];
    const MODIFY: &'static [Call] = parameters::CALLS;
    type Create = Create;
    type Modify = ();
    type Live = Live;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &NAME
            .field(text(NAME_RULE).required())
            .follows()
            .create(Create::set_cache_parameter_group_name)
            .fixed()
            .observe(|live| Some(live.group.cache_parameter_group_name.clone().unwrap_or_default()))
            .chosen_once(),
        &FAMILY
            .field(text(FAMILY_RULE).required())
            .made_from("engine_version")
            .create(Create::set_cache_parameter_group_family)
            .fixed()
            .observe(|live| Some(live.group.cache_parameter_group_family.clone().unwrap_or_default()))
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
            .sent_by_code(InPlace(Effect::NextReboot), parameters::CALLS)
            .observe(|live| Some(live.parameters.clone()))
            .depending(parameters::cost),
        &tags::row::<Self>(&cache_tags::calls(OURS), |live| Some(tags::of(live.recorded))),
    ];
    const CHECKS: &'static [Check] = &[tags::check];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const LOSS: Effect = Effect::None;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        create: Duration::from_secs(3 * 60),
        update: Duration::from_secs(5 * 60),
        // A group stays in use for a while after its last cache is gone, or has changes that are under way
        // (InvalidCacheParameterGroupState).
        delete: Duration::from_secs(10 * 60),
    };
    const CLAIM: &'static [Call] = &[cache_tags::calls(OURS)[0]];
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
            outputs: row::outputs([("arn", live.group.arn.clone().unwrap_or_default())]),
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
        let call = row::create_call::<Self>(wanted).set_tags(Some(tags::to_elasticache(&tags)));
        let made = call.send_with(&aws.write.elasticache).await.map_err(aws_error(CREATE))?;
        id_in_answer(CREATE, made.cache_parameter_group.and_then(|group| group.cache_parameter_group_name))
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
        let delete = aws.write.elasticache.delete_cache_parameter_group().cache_parameter_group_name(id);
        absent_is_done(delete.send().await.map(drop).map_err(aws_error(DELETE)))
    }

    async fn ownership(aws: &Aws, id: &Id, _live: &Document) -> Result<Ownership, CloudError> {
        named_group::ownership::<Self>(aws, id).await
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        named_group::claim::<Self>(aws, id, owner).await
    }

    async fn beyond(aws: &Aws, shown: &BTreeMap<Id, Live>) -> Result<BTreeMap<Id, Document>, CloudError> {
        named_group::tags_beyond::<Self>(aws, shown.iter().map(|(id, live)| (id, &live.group))).await
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        named_group::named::<Self>(aws, text).await
    }
}

impl NamedGroup for CacheParameterGroup {
    type Group = SdkGroup;
    const GONE: &'static str = "CacheParameterGroupNotFound";
    const TAG: Call = cache_tags::calls(OURS)[0];

    async fn describe(aws: &Aws, name: Option<&str>) -> Result<Vec<SdkGroup>, CloudError> {
        let all = aws.read.elasticache.describe_cache_parameter_groups();
        let asked = all.set_cache_parameter_group_name(name.map(str::to_owned));
        let answer = asked.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE));
        Ok(absent_is_none(answer)?.unwrap_or_default())
    }

    fn name(group: &SdkGroup) -> Option<&str> {
        group.cache_parameter_group_name()
    }

    fn arn(group: &SdkGroup) -> Option<&str> {
        group.arn()
    }

    fn vpc(_: &SdkGroup) -> Option<&str> {
        None
    }

    fn unfit(name: &str) -> Option<&'static str> {
        name.starts_with("default.").then_some("it is ElastiCache's own default group")
    }

    async fn live_tags(aws: &Aws, arn: &str) -> Result<Tags, CloudError> {
        cache_tags::live_tags(aws, arn).await
    }

    async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<(), CloudError> {
        cache_tags::retag(aws, arn, change).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::aws::kinds::registry;

    #[test]
    fn names_families_and_values_follow_the_rules_of_elasticache() {
        for (name, family, value, expected) in [
            ("gitlab-cache-valkey8", "valkey8", "1", vec![]),
            ("GitLab-Valkey8", "valkey8", "1", vec![]),
            ("gitlab-redis6-x", "redis6.x", "1", vec![]),
            ("gitlab-redis7", "redis7", "1", vec![]),
            ("1-valkey8", "valkey8", "1", vec!["name"]),
            ("a-memcached1-6", "memcached1.6", "1", vec!["family"]),
            ("a-valkey8", "valkey8", "", vec!["parameters"]),
        ] {
            let group = json!({
                "name": name, "family": family, "description": "x", "parameters": { "timeout": value }, "tags": {},
            });
            let registry = registry();
            let kind = registry.managing(CacheParameterGroup::KIND).expect("the kind is known");
            let group = kind.normalise(group.as_object().expect("a document is an object")).expect("it fits");
            let invalid = kind.check(&group, None).expect("it fits");
            let found: Vec<&str> = invalid.iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{name:?} {family:?} {value:?}");
        }
    }
}
