//! Checks that the KMS keys that are named can encrypt.

use std::collections::BTreeMap;

use aws_sdk_kms::types::{KeyMetadata, KeyState, KeyUsageType};
use futures_util::future::join_all;
use serde_json::Value;

use super::finding::{Verdict, in_time};
use super::prospect::Prospect;
use super::scene::Scene;
use super::{Answer, Asked};
use crate::aws::{Aws, aws_error};
use crate::engine::address::Address;
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::CloudError;
use crate::engine::plan::Finding;

const CHECK: &str = "kms-key";
const DESCRIBE: Call = Call::new("kms:DescribeKey", &[Grant::on(&["kms:{kms_key_id}"])]);
const FIELD: &str = "kms_key_id";

pub(super) const CALLS: &[Asked] =
    &[(&["aws_efs_file_system", "aws_db_instance", "aws_s3_bucket", CACHE], &[DESCRIBE])];

const CACHE: &str = "aws_elasticache_replication_group";

/// The answer of KMS about each key, and the resources that name it.
pub(super) struct Keys {
    keys: BTreeMap<String, Result<KeyMetadata, CloudError>>,
    named: Vec<(Address, String)>,
}

pub(super) async fn ask(aws: &Aws, prospects: &[Prospect]) -> Keys {
    let named: Vec<(Address, String)> = prospects
        .iter()
        .filter(|prospect| prospect.touches(&[FIELD]))
        .filter_map(|prospect| {
            let key = prospect.inputs.get(FIELD).and_then(Value::as_str)?;
            Some((prospect.address.clone(), key.to_owned()))
        })
        .collect();
    let mut keys: Vec<&String> = named.iter().map(|(_, key)| key).collect();
    keys.sort();
    keys.dedup();
    let described =
        keys.into_iter().map(|key| async move { (key.clone(), in_time(DESCRIBE, describe(aws, key)).await) });
    Keys { keys: join_all(described).await.into_iter().collect(), named }
}

async fn describe(aws: &Aws, key: &str) -> Result<KeyMetadata, CloudError> {
    let answer = aws.kms().describe_key().key_id(key).send().await.map_err(aws_error(DESCRIBE))?;
    answer.key_metadata.ok_or_else(|| CloudError::bad_response(DESCRIBE, "the answer holds no key"))
}

impl Answer for Keys {
    fn judge(&self, scene: &Scene<'_>) -> Vec<Finding> {
        let named = self.named.iter().filter(|(address, _)| scene.doing(address).is_some());
        named
            .filter_map(|(address, key)| Some(verdict(key, self.keys.get(key)?).of(CHECK, address)))
            .collect()
    }
}

fn verdict(key: &str, described: &Result<KeyMetadata, CloudError>) -> Verdict {
    let metadata = match described {
        Ok(metadata) => metadata,
        Err(error) if error.code == "NotFoundException" => {
            return Verdict::error(format!("there is no key {key} in this account and region"))
                .hint("to see the keys that there are: aws kms list-aliases");
        }
        Err(error) => return Verdict::not_checked(&format!("key {key}"), error),
    };
    let can_encrypt = metadata.key_usage().is_none_or(|usage| *usage == KeyUsageType::EncryptDecrypt);
    let is_symmetric = metadata.key_spec().is_none_or(|spec| spec.as_str() == "SYMMETRIC_DEFAULT");
    match metadata.key_state() {
        Some(KeyState::Enabled) if can_encrypt && is_symmetric => {
            Verdict::passed(format!("the key {key} is enabled"))
        }
        Some(KeyState::Enabled) => {
            Verdict::error(format!("the key {key} is not a symmetric key for encryption"))
                .hint("to make one: aws kms create-key")
        }
        state => {
            let said = state.map_or("in no known state", KeyState::as_str);
            let verdict = Verdict::error(format!("the key {key} cannot be used: it is {said}"));
            match state {
                Some(KeyState::Disabled) => verdict.hint(format!("aws kms enable-key --key-id {key}")),
                Some(KeyState::PendingDeletion) => {
                    verdict.hint(format!("aws kms cancel-key-deletion --key-id {key}"))
                }
                _ => verdict,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_kms::types::KeySpec;

    use super::*;
    use crate::engine::plan::Level;

    fn key(state: KeyState, usage: KeyUsageType, spec: KeySpec) -> KeyMetadata {
        let key = KeyMetadata::builder().key_id("k-1").key_state(state).key_usage(usage).key_spec(spec);
        key.build().expect("a key has an id")
    }

    #[test]
    fn a_key_must_be_there_enabled_and_fit_for_encryption() {
        use KeySpec::{Rsa2048, SymmetricDefault};
        use KeyUsageType::{EncryptDecrypt, SignVerify};
        for (described, level, word) in [
            (Ok(key(KeyState::Enabled, EncryptDecrypt, SymmetricDefault)), Level::Passed, "enabled"),
            (Ok(key(KeyState::Disabled, EncryptDecrypt, SymmetricDefault)), Level::Error, "Disabled"),
            (Ok(key(KeyState::PendingDeletion, EncryptDecrypt, SymmetricDefault)), Level::Error, "Deletion"),
            (Ok(key(KeyState::Enabled, EncryptDecrypt, Rsa2048)), Level::Error, "symmetric"),
            (Ok(key(KeyState::Enabled, SignVerify, SymmetricDefault)), Level::Error, "symmetric"),
            (Err(CloudError::refused(DESCRIBE, "NotFoundException", "")), Level::Error, "no key k-1"),
            (
                Err(CloudError::refused(DESCRIBE, "AccessDeniedException", "")),
                Level::NotChecked,
                "AccessDenied",
            ),
        ] {
            let found = verdict("k-1", &described);
            assert_eq!(found.level, level, "{found:?}");
            assert!(found.message.contains(word), "{found:?}");
        }
    }
}
