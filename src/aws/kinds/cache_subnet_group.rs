//! ElastiCache subnet groups: the subnets that the nodes of a cache may live in.
//!
//! ElastiCache shows a group without its tags, as RDS does: a refresh takes the recorded ones, and the live tags have to prove that the
//! group is ours before it is changed or deleted.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_elasticache::operation::create_cache_subnet_group::builders::CreateCacheSubnetGroupInputBuilder as Create;
use aws_sdk_elasticache::operation::modify_cache_subnet_group::builders::ModifyCacheSubnetGroupInputBuilder as Modify;
use aws_sdk_elasticache::types::CacheSubnetGroup as Live;

use crate::aws::kind::{Check, Kind, Seen, id_in_answer};
use crate::aws::kinds::named_group::{self, NamedGroup};
use crate::aws::kinds::tags::{TagChange, Tags};
use crate::aws::kinds::{cache_tags, tags};
use crate::aws::row::{self, Key, Row, set_of, text};
use crate::aws::{Aws, absent_is_done, absent_is_none, aws_error};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::InPlace;
use crate::engine::resource::{
    Condition, Effect, Found, Id, Named, Owner, Ownership, Patience, Pattern, Shape,
};

const THIS: &[&str] = &["elasticache:subnetgroup:{name}"];
const OURS: &[Grant] = &[Grant::owned(THIS)];

const CREATE: Call = Call::new("elasticache:CreateCacheSubnetGroup", &[Grant::tagging(THIS)])
    .checked(&[cache_tags::check(Grant::tagging(THIS)), cache_tags::SERVICE_ROLE]);
pub(super) const DESCRIBE: Call = Call::read("elasticache:DescribeCacheSubnetGroups");
const MODIFY: Call = Call::new("elasticache:ModifyCacheSubnetGroup", OURS);
const DELETE: Call = Call::new("elasticache:DeleteCacheSubnetGroup", OURS);

/// CreateCacheSubnetGroup, CacheSubnetGroupName: "This value is stored as a lowercase string."
const NAME_RULE: Pattern =
    Pattern::new("1 to 255 letters, digits and hyphens, and not be `default`", "^[a-z0-9-]+$", 255)
        .but_not("^default$")
        .in_lower_case();
const DESCRIPTION_RULE: Pattern = Pattern::new("a text that is not empty", "(?s)^.+$", 65_536);
const SUBNET: Shape = Shape::Text(Pattern::any("the id of a subnet"));

const NAME: Key<CacheSubnetGroup, String> = Key::new("name");
const DESCRIPTION: Key<CacheSubnetGroup, String> = Key::new("description");
const SUBNETS: Key<CacheSubnetGroup, Vec<String>> = Key::new("subnet_ids");

/// Subnet groups of ElastiCache.
pub struct CacheSubnetGroup;

impl Kind for CacheSubnetGroup {
    const KIND: &'static str = "aws_elasticache_subnet_group";
    const CALLS: &'static [Call] = &[DESCRIBE, cache_tags::LIST, CREATE, DELETE];
    const MODIFY: &'static [Call] = &[MODIFY];
    type Create = Create;
    type Modify = Modify;
    type Live = Live;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &NAME
            .field(text(NAME_RULE).required())
            .made_from("subnet_group")
            .create(Create::set_cache_subnet_group_name)
            .fixed()
            .observe(|group| group.cache_subnet_group_name.clone())
            .chosen_once(),
        &DESCRIPTION
            .field(text(DESCRIPTION_RULE).required())
            .made_from("subnet_group")
            .create(Create::set_cache_subnet_group_description)
            .modify(Modify::set_cache_subnet_group_description, InPlace(Effect::None))
            .observe(|group| Some(group.cache_subnet_group_description.clone().unwrap_or_default()))
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
        &tags::row::<Self>(&cache_tags::calls(OURS), |group| Some(tags::of(group.recorded))),
    ];
    const CHECKS: &'static [Check] = &[tags::check];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const LOSS: Effect = Effect::None;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        create: Duration::from_secs(3 * 60),
        update: Duration::from_secs(3 * 60),
        // A group stays in use for a while after its last cache is gone (CacheSubnetGroupInUse).
        delete: Duration::from_secs(10 * 60),
    };
    const HIDES_TAGS: bool = true;
    const CLAIM: &'static [Call] = &[cache_tags::calls(OURS)[0]];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
        named_group::look::<Self>(aws, tracked).await
    }

    fn seen(live: &Live, _: Option<&Document>) -> Seen {
        Seen {
            outputs: row::outputs([
                ("arn", live.arn.clone().unwrap_or_default()),
                ("vpc_id", live.vpc_id.clone().unwrap_or_default()),
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
        let call = row::create_call::<Self>(wanted).set_tags(Some(tags::to_elasticache(&tags)));
        let made = call.send_with(&aws.write.elasticache).await.map_err(aws_error(CREATE))?;
        id_in_answer(CREATE, made.cache_subnet_group.and_then(|group| group.cache_subnet_group_name))
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        named_group::begin_update::<Self>(aws, wanted, &change, MODIFY).await?;
        if let Some(call) = row::modify_call::<Self>(wanted, change.fields) {
            let call = call
                .cache_subnet_group_name(change.id.as_str())
                .set_cache_subnet_group_description(DESCRIPTION.of(wanted))
                .set_subnet_ids(SUBNETS.of(wanted));
            call.send_with(&aws.write.elasticache).await.map_err(aws_error(MODIFY))?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        if !named_group::is_to_delete::<Self>(aws, &deletion, DELETE).await? {
            return Ok(());
        }
        let id = deletion.id.as_str();
        let delete = aws.write.elasticache.delete_cache_subnet_group().cache_subnet_group_name(id);
        absent_is_done(delete.send().await.map(drop).map_err(aws_error(DELETE)))
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

impl NamedGroup for CacheSubnetGroup {
    type Group = Live;
    const GONE: &'static str = "CacheSubnetGroupNotFoundFault";
    const TAG: Call = cache_tags::calls(OURS)[0];

    async fn describe(aws: &Aws, name: Option<&str>) -> Result<Vec<Live>, CloudError> {
        let all = aws.read.elasticache.describe_cache_subnet_groups();
        let asked = all.set_cache_subnet_group_name(name.map(str::to_owned));
        let answer = asked.into_paginator().items().send().try_collect().await.map_err(aws_error(DESCRIBE));
        Ok(absent_is_none(answer)?.unwrap_or_default())
    }

    fn name(group: &Live) -> Option<&str> {
        group.cache_subnet_group_name()
    }

    fn arn(group: &Live) -> Option<&str> {
        group.arn()
    }

    fn vpc(group: &Live) -> Option<&str> {
        group.vpc_id()
    }

    fn unfit(name: &str) -> Option<&'static str> {
        (name == "default").then_some("it is the account's own default group")
    }

    async fn live_tags(aws: &Aws, arn: &str) -> Result<Tags, CloudError> {
        cache_tags::live_tags(aws, arn).await
    }

    async fn retag(aws: &Aws, arn: &str, change: &TagChange) -> Result<(), CloudError> {
        cache_tags::retag(aws, arn, change).await
    }
}
