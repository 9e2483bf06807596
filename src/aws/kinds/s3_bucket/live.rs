//! Buckets as S3 shows them: one read for each part.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput;
use aws_sdk_s3::types::{
    BucketVersioningStatus, PublicAccessBlockConfiguration, ServerSideEncryptionRule, Tag,
};
use futures_util::StreamExt;
use futures_util::future::{try_join_all, try_join4, try_join5};
use serde_json::{Value, json};

use super::PUT_TAGS;
use super::lifecycle::{self, Rules};
use crate::aws::kinds::tags::{TagChange, Tags};
use crate::aws::{Aws, aws_error, tag_map};
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, Outcome, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{Found, Id, Owner, Ownership, Trace};

pub(super) const LIST: Call = Call::read("s3:ListAllMyBuckets");
pub(super) const GET_TAGS: Call = Call::read("s3:GetBucketTagging");
pub(super) const GET_VERSIONING: Call = Call::read("s3:GetBucketVersioning");
pub(super) const GET_ENCRYPTION: Call = Call::read("s3:GetEncryptionConfiguration");
pub(super) const GET_BLOCK: Call = Call::read("s3:GetBucketPublicAccessBlock");
pub(super) const GET_LIFECYCLE: Call = Call::read("s3:GetLifecycleConfiguration");

/// A call on the bucket of this name, if it is one of this account ("Verifying bucket ownership", S3 User Guide).
macro_rules! own {
    ($call:expr, $aws:ident, $name:ident) => {
        $call.bucket($name).set_expected_bucket_owner($aws.known_account())
    };
}
pub(super) use own;

/// A bucket.
pub struct Live {
    pub name: String,
    pub arn: String,
    /// The name by which clients reach it.
    pub domain: String,
    pub tags: Tags,
    pub versioned: Option<bool>,
    pub key: Option<String>,
    pub is_blocked: bool,
    pub rules: Rules,
}

pub(super) async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Live>, CloudError> {
    let found = try_join_all(tracked.iter().map(|one| look_at(aws, one.id.as_str()))).await?;
    let found = tracked.iter().zip(found).filter_map(|(one, live)| Some((one.id.clone(), live?)));
    Ok(found.collect())
}

/// The ARN of a bucket: it follows from the name.
pub(super) fn arn(name: &str, partition: &str) -> String {
    format!("arn:{partition}:s3:::{name}")
}

/// Every part is read: a plan says what is there also where an option is only just written.
async fn look_at(aws: &Aws, name: &str) -> Result<Option<Live>, CloudError> {
    let (tags, versioned, key, is_blocked, rules) = try_join5(
        tags(aws, name),
        versioned(aws, name),
        key(aws, name),
        is_blocked(aws, name),
        rules(aws, name),
    )
    .await?;
    Ok(tags.map(|tags| Live {
        name: name.to_owned(),
        arn: arn(name, aws.partition()),
        domain: format!("{name}.s3.{}.{}", aws.region(), aws.dns_suffix()),
        tags,
        versioned,
        key,
        is_blocked,
        rules,
    }))
}

/// The tags of a bucket; `None` where there is no such bucket.
pub(super) async fn tags(aws: &Aws, name: &str) -> Result<Option<Tags>, CloudError> {
    let answer = own!(aws.read.s3.get_bucket_tagging(), aws, name).send().await.map_err(aws_error(GET_TAGS));
    match answer.map_err(|error| out_of_reach(aws, name, error)) {
        Ok(answer) => Ok(Some(tag_map(&answer.tag_set, |tag| Some(tag.key()), |tag| Some(tag.value())))),
        Err(error) if error.code == "NoSuchTagSet" => Ok(Some(Tags::new())),
        Err(error) => absent_is_none(Err(error)),
    }
}

async fn versioned(aws: &Aws, name: &str) -> Result<Option<bool>, CloudError> {
    let answer = own!(aws.read.s3.get_bucket_versioning(), aws, name).send().await;
    let answer = absent_is_none(answer.map_err(aws_error(GET_VERSIONING)))?;
    // A bucket that never kept versions has no status.
    Ok(answer.map(|answer| answer.status == Some(BucketVersioningStatus::Enabled)))
}

/// The settings of buckets in the words of S3: versions, encryption, public access, and the size from which on objects move.
pub(super) async fn settings(
    aws: &Aws,
    names: impl Iterator<Item = &Id>,
) -> Result<BTreeMap<Id, Document>, CloudError> {
    let read = names.map(|id| async move {
        let name = id.as_str();
        let versions = async {
            let answer = own!(aws.read.s3.get_bucket_versioning(), aws, name).send().await;
            absent_is_none(answer.map_err(aws_error(GET_VERSIONING)))
        };
        let (versions, encryption, block, lifecycle) =
            try_join4(versions, encryption(aws, name), public_access(aws, name), all_rules(aws, name))
                .await?;
        let mut settings = Document::new();
        let mut set = |name: &str, value: Option<Value>| {
            settings.extend(value.map(|value| (name.to_owned(), value)));
        };
        set("versions", versions.and_then(|one| Some(one.status?.as_str().into())));
        set(
            "encryption",
            encryption.and_then(|rule| {
                let by_default = rule.apply_server_side_encryption_by_default?;
                Some(json!({
                    "algorithm": by_default.sse_algorithm.as_str(), "key": by_default.kms_master_key_id,
                    "bucket_key": rule.bucket_key_enabled.unwrap_or(false),
                }))
            }),
        );
        set(
            "public_access",
            block.map(|block| {
                json!({
                    "block_public_acls": block.block_public_acls.unwrap_or(false),
                    "block_public_policy": block.block_public_policy.unwrap_or(false),
                    "ignore_public_acls": block.ignore_public_acls.unwrap_or(false),
                    "restrict_public_buckets": block.restrict_public_buckets.unwrap_or(false),
                })
            }),
        );
        // A configuration of before their time has rules in another shape, which Terraform reads too.
        let ids =
            lifecycle.map(|all| all.rules().iter().map(|rule| rule.id().into()).collect::<Vec<Value>>());
        set("rules_in_order", ids.map(Value::from));
        Ok((id.clone(), settings))
    });
    Ok(try_join_all(read).await?.into_iter().collect())
}

async fn key(aws: &Aws, name: &str) -> Result<Option<String>, CloudError> {
    let rule = encryption(aws, name).await?;
    Ok(rule.and_then(|rule| rule.apply_server_side_encryption_by_default?.kms_master_key_id))
}

/// The encryption of new objects.
pub(super) async fn encryption(
    aws: &Aws,
    name: &str,
) -> Result<Option<ServerSideEncryptionRule>, CloudError> {
    let answer = own!(aws.read.s3.get_bucket_encryption(), aws, name).send().await;
    let answer = absent_is_none(answer.map_err(aws_error(GET_ENCRYPTION)))?;
    let rules = answer.and_then(|answer| answer.server_side_encryption_configuration);
    Ok(rules.and_then(|rules| rules.rules.into_iter().next()))
}

async fn is_blocked(aws: &Aws, name: &str) -> Result<bool, CloudError> {
    let block = public_access(aws, name).await?;
    Ok(block.is_some_and(|block| block == blocked()))
}

async fn public_access(aws: &Aws, name: &str) -> Result<Option<PublicAccessBlockConfiguration>, CloudError> {
    let answer = own!(aws.read.s3.get_public_access_block(), aws, name).send().await;
    let answer = absent_is_none(answer.map_err(aws_error(GET_BLOCK)))?;
    Ok(answer.and_then(|answer| answer.public_access_block_configuration))
}

/// No access without credentials, by whatever was allowed.
pub(super) fn blocked() -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .ignore_public_acls(true)
        .block_public_policy(true)
        .restrict_public_buckets(true)
        .build()
}

async fn rules(aws: &Aws, name: &str) -> Result<Rules, CloudError> {
    let answer = all_rules(aws, name).await?;
    Ok(answer.map(|answer| lifecycle::of_s3(answer.rules())).unwrap_or_default())
}

/// The lifecycle rules as S3 shows them, with what goes for all of them.
pub(super) async fn all_rules(
    aws: &Aws,
    name: &str,
) -> Result<Option<GetBucketLifecycleConfigurationOutput>, CloudError> {
    let answer = own!(aws.read.s3.get_bucket_lifecycle_configuration(), aws, name).send().await;
    absent_is_none(answer.map_err(aws_error(GET_LIFECYCLE)))
}

/// Turns "there is no bucket, or nothing of this in it" into `None`. A bucket that holds a state is read elsewhere, and has to be
/// there.
pub(super) fn absent_is_none<T>(answer: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    const ABSENT: [&str; 4] = [
        "NoSuchBucket",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
    ];
    match answer {
        Err(error) if ABSENT.contains(&error.code.as_str()) => Ok(None),
        other => other.map(Some),
    }
}

/// A bucket that was just made may not be known everywhere for some minutes; another one is gone. Elsewhere a missing bucket is no
/// absence: a state in it has to be there.
pub(super) fn settling(error: CloudError) -> CloudError {
    match error.code.as_str() {
        "NoSuchBucket" => CloudError { outcome: Outcome::NotFound, ..error },
        _ => error,
    }
}

/// Adds to a refusal that the bucket may be somebody else's. No two buckets of a partition have the same name, whatever their accounts
/// and regions ("General purpose bucket naming rules", S3 User Guide).
fn out_of_reach(aws: &Aws, name: &str, error: CloudError) -> CloudError {
    let message = match error.code.as_str() {
        "AccessDenied" => format!(
            "{}; or the bucket {name} is one of another account: no two buckets have the same name",
            error.message
        ),
        // Redirects and their codes ("Error responses", S3 API reference).
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
            format!(
                "there is a bucket {name} in another region than {}, in this account or another one: no two buckets have the same name",
                aws.region()
            )
        }
        _ => return error,
    };
    CloudError { message, ..error }
}

/// The bucket of this name, if it can be seen.
pub(super) async fn found(aws: &Aws, name: &str) -> Result<Option<Found>, CloudError> {
    let tags = tags(aws, name).await?;
    Ok(tags.map(|tags| Found::new(Id::new(name), Ownership::of_tags(&tags))))
}

/// The region of a bucket of this account, where S3 says it: `BucketRegion` is shown where a list is asked for with a parameter
/// (ListBuckets, S3 API reference). Nothing without the right to list, and for a bucket of another account.
pub(super) async fn region(aws: &Aws, name: &str) -> Result<Option<String>, CloudError> {
    let list = aws.read.s3.list_buckets().prefix(name).into_paginator().items();
    let listed = list.send().try_collect().await.map_err(aws_error(LIST));
    let all: Vec<aws_sdk_s3::types::Bucket> = match listed {
        Ok(all) => all,
        Err(error) if error.outcome == Outcome::Refused => return Ok(None),
        Err(error) => return Err(error),
    };
    let its = all.into_iter().find(|bucket| bucket.name.as_deref() == Some(name));
    Ok(its.and_then(|bucket| bucket.bucket_region).filter(|region| !region.is_empty()))
}

/// The buckets of this region that carry the tags of the owner's stack, whatever their names: an entry that was renamed keeps its
/// bucket, and so does a stack. Those of the address itself come first. S3 finds nothing by tags, so that each bucket is asked for its
/// own. Without the right to list them, none is found.
pub(super) async fn tagged(aws: &Aws, owner: &Owner) -> Result<Vec<Found>, CloudError> {
    let of_the_stack = |one: &Found| {
        let Ownership::Tagged { stack, .. } = &one.ownership else { return false };
        *stack == owner.stack || owner.formerly.contains(stack)
    };
    let mut found = match all(aws, &owner.others).await {
        Err(error) if error.outcome == Outcome::Refused => return Ok(Vec::new()),
        all => all?,
    };
    found.retain(of_the_stack);
    found.sort_by_key(|one| one.tagged_address().as_ref() != Some(&owner.address));
    Ok(found)
}

/// The buckets of this region that can be read, without these.
pub(super) async fn all(aws: &Aws, without: &BTreeSet<Id>) -> Result<Vec<Found>, CloudError> {
    let list = aws.read.s3.list_buckets().bucket_region(aws.region());
    let all: Vec<_> = list.into_paginator().items().send().try_collect().await.map_err(aws_error(LIST))?;
    let names = all.into_iter().filter_map(|bucket| bucket.name);
    let names = names.filter(|name| !without.contains(&Id::new(name)));
    let asked = names.map(|name| async move {
        // One that is not to be read, or in another region after all, is not this stack's.
        let tags = tags(aws, &name).await.ok().flatten()?;
        Some(Found::new(Id::new(&name), Ownership::of_tags(&tags)).traced(Trace::Tags))
    });
    let found: Vec<Option<Found>> = futures_util::stream::iter(asked).buffered(AT_ONCE).collect().await;
    Ok(found.into_iter().flatten().collect())
}

/// The buckets that are asked for their tags at once.
const AT_ONCE: usize = 16;

/// Changes some tags. S3 replaces all tags of a bucket at once, so that those of others are sent along; it keeps its own.
pub(super) async fn retag(aws: &Aws, name: &str, change: &TagChange) -> Result<(), CloudError> {
    let Some(mut tags) = tags(aws, name).await? else {
        return Err(CloudError::not_seen(PUT_TAGS, "NoSuchBucket", "S3 does not show the bucket"));
    };
    tags.retain(|key, _| !key.starts_with("aws:") && !change.remove.contains(key));
    tags.extend(change.set.clone());
    let tagging = aws_sdk_s3::types::Tagging::builder().set_tag_set(Some(to_s3(&tags)));
    let tagging = tagging.build().expect("a set of tags is set");
    let call = own!(aws.write.s3.put_bucket_tagging(), aws, name).tagging(tagging);
    call.send().await.map(drop).map_err(aws_error(PUT_TAGS)).map_err(settling)
}

/// Tags in the shape of S3.
pub(super) fn to_s3(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value)| Tag::builder().key(key).value(value).build().expect("key and value are set");
    tags.iter().map(tag).collect()
}
