//! KMS aliases, watched: read for the key that each stands for, never changed. Also how names of keys are compared.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use serde_json::Value;

use crate::aws::kind::Seen;
use crate::aws::row::outputs;
use crate::aws::watched::Watched;
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::{Call, Grant};
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::resource::{Condition, Id, Ownership, Pattern};

/// As AWS shows a key; its other names would be compared in vain.
pub(crate) const KEY_ARN: Pattern = Pattern::new(
    "the ARN of a KMS key: `arn:aws:kms:<region>:<account>:key/<id>`",
    "^arn:aws(-[a-z]+)*:kms:[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}:[0-9]{12}:key/[A-Za-z0-9-]+$",
    256,
);

/// A KMS key (CreateFileSystem, KmsKeyId). "The Amazon Web Services KMS key identifier is the key ARN, key ID, alias ARN, or alias name for
/// the KMS key" (CreateDBInstance, KmsKeyId).
pub(crate) const KEY: Pattern = Pattern::new(
    "a KMS key: an id such as `0a1b2c3d-…`, an alias such as `alias/storage`, or the ARN of either",
    "^((arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:)?alias/[A-Za-z0-9/_-]+|arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$",
    2_048,
);

const DESCRIBE: Call = Call::new("kms:DescribeKey", &[Grant::on(&["kms:{id}"])]);

/// Aliases of KMS. The id of one is its name or its ARN, as the author wrote it.
pub struct KmsAlias;

impl Watched for KmsAlias {
    const KIND: &'static str = "aws_kms_alias";
    const CALLS: &'static [Call] = &[DESCRIBE];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Seen>, CloudError> {
        let read = |one: Id| async move {
            let answer = aws.kms().describe_key().key_id(one.as_str()).send().await;
            let found = absent_is_none(answer.map_err(aws_error(DESCRIBE)))?;
            let arn = found.and_then(|found| found.key_metadata).and_then(|key| key.arn);
            Ok::<_, CloudError>(arn.map(|arn| (one, seen(arn))))
        };
        let found = try_join_all(tracked.iter().map(|one| read(one.id.clone()))).await?;
        Ok(found.into_iter().flatten().collect())
    }
}

fn seen(target_key_arn: String) -> Seen {
    Seen {
        // The ARN of the key that the alias stands for: the other services show that.
        outputs: outputs([("target_key_arn", target_key_arn)]),
        condition: Condition::Ready,
        remarks: Vec::new(),
        ownership: Ownership::Untagged,
        vpc: None,
    }
}

/// True if a written key, an id or an ARN, is the one that AWS shows, always by its ARN.
pub fn same_key(desired: &Value, observed: &Value) -> bool {
    let (Some(desired), Some(observed)) = (desired.as_str(), observed.as_str()) else { return false };
    desired == observed || observed.strip_suffix(desired).is_some_and(|front| front.ends_with(":key/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_by_its_arn_and_by_its_id_and_by_no_part_of_it() {
        const ARN: &str = "arn:aws:kms:eu-west-1:123456789012:key/0a1b2c3d-0000-4000-8000-000000000001";
        for (written, same) in [
            (ARN, true),
            ("0a1b2c3d-0000-4000-8000-000000000001", true),
            ("0a1b2c3d-0000-4000-8000-000000000002", false),
            ("000000000001", false),
            ("key/0a1b2c3d-0000-4000-8000-000000000001", false),
            ("", false),
        ] {
            assert_eq!(same_key(&written.into(), &ARN.into()), same, "{written}");
        }
    }
}
