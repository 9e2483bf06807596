//! The settings of a bucket, each with a call of its own. S3 takes one change of a bucket at a time (terraform-provider-aws#26805).

use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketVersioningStatus, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
    VersioningConfiguration,
};

use super::live::{all_rules, blocked, encryption, own, settling};
use super::{KMS_KEY, LIFECYCLE, PRIVATE, THIS, VERSIONING, lifecycle};
use crate::aws::{Aws, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::{ChangeDocument, CloudError};
use crate::engine::document::Document;

pub(super) const PUT_VERSIONING: Call = Call::new("s3:PutBucketVersioning", THIS);
pub(super) const PUT_ENCRYPTION: Call = Call::new("s3:PutEncryptionConfiguration", THIS);
pub(super) const PUT_BLOCK: Call = Call::new("s3:PutBucketPublicAccessBlock", THIS);
pub(super) const PUT_LIFECYCLE: Call = Call::new("s3:PutLifecycleConfiguration", THIS);

/// Makes the settings of the change as they are wanted.
pub(super) async fn change(
    aws: &Aws,
    wanted: &Document,
    change: &ChangeDocument<'_>,
) -> Result<(), CloudError> {
    let name = change.id.as_str();
    let changed = |field: &str| change.fields.contains(field);
    if changed(PRIVATE.name) {
        let call = own!(aws.write.s3.put_public_access_block(), aws, name);
        done(call.public_access_block_configuration(blocked()).send().await.map_err(aws_error(PUT_BLOCK)))?;
    }
    if let Some(versioned) = VERSIONING.of(wanted).filter(|_| changed(VERSIONING.name)) {
        let status =
            if versioned { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let call = own!(aws.write.s3.put_bucket_versioning(), aws, name);
        let call = call.versioning_configuration(VersioningConfiguration::builder().status(status).build());
        done(call.send().await.map_err(aws_error(PUT_VERSIONING)))?;
    }
    if let Some(key) = KMS_KEY.of(wanted).filter(|_| changed(KMS_KEY.name)) {
        encrypt(aws, name, &key).await?;
    }
    if let Some(rules) = LIFECYCLE.of(wanted).filter(|_| changed(LIFECYCLE.name)) {
        set_rules(aws, name, &rules).await?;
    }
    Ok(())
}

fn done<T>(answer: Result<T, CloudError>) -> Result<(), CloudError> {
    answer.map(drop).map_err(settling)
}

/// Encrypts new objects with a key. The kinds of encryption that the bucket refuses stay refused.
async fn encrypt(aws: &Aws, name: &str, key: &str) -> Result<(), CloudError> {
    let now = encryption(aws, name).await?;
    let by_default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::AwsKms)
        .kms_master_key_id(key)
        .build()
        .expect("an algorithm is set");
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(by_default)
        // Otherwise each object asks KMS, for a charge.
        .bucket_key_enabled(true)
        .set_blocked_encryption_types(now.and_then(|now| now.blocked_encryption_types))
        .build();
    let all = ServerSideEncryptionConfiguration::builder().rules(rule).build().expect("a rule is set");
    let call =
        own!(aws.write.s3.put_bucket_encryption(), aws, name).server_side_encryption_configuration(all);
    done(call.send().await.map_err(aws_error(PUT_ENCRYPTION)))
}

/// Sets all rules. The least size of what moves is sent along as it is: without it S3 changes that of older buckets
/// (terraform-provider-aws#41073).
async fn set_rules(aws: &Aws, name: &str, rules: &lifecycle::Rules) -> Result<(), CloudError> {
    if rules.is_empty() {
        let call = own!(aws.write.s3.delete_bucket_lifecycle(), aws, name);
        return done(call.send().await.map_err(aws_error(PUT_LIFECYCLE)));
    }
    let now = all_rules(aws, name).await?;
    let size = now.and_then(|now| now.transition_default_minimum_object_size);
    let all = BucketLifecycleConfiguration::builder().set_rules(Some(lifecycle::to_s3(rules)));
    let call = own!(aws.write.s3.put_bucket_lifecycle_configuration(), aws, name);
    let call = call.lifecycle_configuration(all.build().expect("rules are set"));
    let call = call.set_transition_default_minimum_object_size(size);
    done(call.send().await.map_err(aws_error(PUT_LIFECYCLE)))
}
