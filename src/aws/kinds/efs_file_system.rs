//! EFS file systems, with their lifecycle configuration, backup policy, file system policy and protection.

mod find;
mod holdings;
mod lifecycle;
mod live;
mod policy;
mod protection;
mod throughput;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_efs::types::{BackupPolicy, Status};
use serde::{Deserialize, Serialize};

use crate::aws::kinds::efs_tags;
use crate::aws::kinds::efs_token::{MOST_TOKENS, nth_token};
use crate::aws::kinds::kms_alias::same_key;
use crate::aws::kinds::tags::{self, Tags};
use crate::aws::resource::{Change, Observe, Observed, Resource, Tracked};
use crate::aws::{Aws, absent_is_done, aws_error, ec2};
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::cloud::{CloudError, Outcome};
use crate::engine::document::Document;
use crate::engine::resource::{Effect, Field, Found, Id, Invalid, Named, Owner, Patience, Role};

pub use lifecycle::Lifecycle;
pub(crate) use live::{DESCRIBE, ownership};

const FILE_SYSTEMS: &[&str] = &["elasticfilesystem:file-system/*"];
const OURS: &[Grant] = &[Grant::owned(FILE_SYSTEMS)];

const CREATE: Call = Call::new(
    "elasticfilesystem:CreateFileSystem",
    // A file system that is not there yet has no ARN to be named by.
    &[Grant::tagging(&["*"])],
)
.checked(&[
    efs_tags::check(
        Grant::on(FILE_SYSTEMS)
            .when(&[When::Tagging, When::Is("elasticfilesystem:CreateAction", "CreateFileSystem")]),
    ),
    Check::new(
        "iam:CreateServiceLinkedRole",
        Grant::on(&["iam:role/aws-service-role/*"])
            .when(&[When::Is("iam:AWSServiceName", "elasticfilesystem.amazonaws.com")]),
        "Amazon EFS User Guide, Using service-linked roles for Amazon EFS: the first file system of an account",
    ),
    Check::new("kms:CreateGrant", KEY.when(&[When::Is(VIA, EFS), When::Holds("kms:GrantIsForAWSResource")]), KEYS),
    Check::new("kms:Decrypt", THROUGH_EFS, KEYS),
    Check::new("kms:GenerateDataKeyWithoutPlaintext", THROUGH_EFS, KEYS),
]);
const KEY: Grant = Grant::on(&["kms:{kms_key_id}"]);
const VIA: &str = "kms:ViaService";
const EFS: &str = "elasticfilesystem.{region}.amazonaws.com";
const THROUGH_EFS: Grant = KEY.when(&[When::Is(VIA, EFS)]);
const KEYS: &str = "Amazon EFS User Guide, Using encrypted file systems: key policies for AWS KMS";
const PUT_LIFECYCLE: Call = Call::new("elasticfilesystem:PutLifecycleConfiguration", OURS);
const PUT_BACKUP: Call = Call::new("elasticfilesystem:PutBackupPolicy", OURS);
const DELETE: Call = Call::new("elasticfilesystem:DeleteFileSystem", OURS);

/// A file system's inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EfsFileSystem {
    pub encrypted: bool,
    /// The key's ARN or id; without it, EFS takes its own key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
    /// `generalPurpose` or `maxIO`.
    pub performance_mode: String,
    /// `elastic`, `bursting` or `provisioned`.
    pub throughput_mode: String,
    /// In MiB/s; only with provisioned throughput.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_throughput_in_mibps: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// True if AWS Backup takes daily backups.
    pub backup: bool,
    /// The clients that may mount it, and how, as a policy document; empty: as EFS does without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_system_policy: Option<Document>,
    /// `ENABLED` or `DISABLED`; EFS shows `REPLICATING` too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_overwrite_protection: Option<String>,
    /// Kept in the record alone: EFS has no such protection.
    pub deletion_protection: bool,
    pub tags: Tags,
}

/// The values that AWS chooses for a file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    pub arn: String,
    /// The name that resolves, in each zone, to that zone's mount target.
    pub dns_name: String,
}

impl Observe for EfsFileSystem {
    const KIND: &'static str = "aws_efs_file_system";
    const CALLS: &'static [Call] = &[
        live::DESCRIBE,
        live::DESCRIBE_LIFECYCLE,
        live::DESCRIBE_BACKUP,
        policy::DESCRIBE,
        find::TARGETS,
        ec2::INTERFACES,
        CREATE,
        DELETE,
    ];
    type Outputs = Outputs;

    async fn observe(
        aws: &Aws,
        tracked: &[Tracked<Self>],
    ) -> Result<BTreeMap<Id, Observed<Self>>, CloudError> {
        live::observe(aws, tracked).await
    }
}

impl Resource for EfsFileSystem {
    const FIELDS: &'static [Field] = &[
        // An encrypted file system is never replaced by one that is not.
        Field::replace("encrypted").met_by(|desired, observed| desired == observed || observed == true),
        Field::replace("kms_key_id").met_by(same_key),
        Field::replace("performance_mode"),
        Field::in_place("throughput_mode", &[throughput::UPDATE], Effect::None),
        Field::in_place("provisioned_throughput_in_mibps", &[throughput::UPDATE], Effect::None),
        Field::in_place("lifecycle", &[PUT_LIFECYCLE], Effect::None),
        Field::in_place("backup", &[PUT_BACKUP], Effect::None),
        Field::in_place("file_system_policy", &[policy::PUT, policy::DELETE], Effect::AccessLoss)
            .met_by(policy::same)
            .depending(policy::cost)
            .made_from("enforce_tls"),
        Field::in_place("replication_overwrite_protection", &[protection::UPDATE], Effect::None)
            .met_by(protection::met),
        Field::recorded("deletion_protection").rebuilt_as(true).plays(Role::Protection),
        Field::in_place("tags", &efs_tags::calls(OURS), Effect::None),
    ];
    // The creation token is derived from the owner: no two file systems collide by their inputs.
    const NATURAL_KEY: &'static [&'static str] = &[];
    const LOSS: Effect = Effect::DataLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        create: Duration::from_secs(10 * 60),
        update: Duration::from_secs(10 * 60),
        delete: Duration::from_secs(10 * 60),
    };

    fn check(&self, observed: Option<&Self>) -> Vec<Invalid> {
        let mut invalid = tags::check_tags(&self.tags);
        invalid.extend(throughput::check(self));
        invalid.extend(observed.and_then(|observed| throughput::doubt(self, observed)));
        invalid.extend(protection::check(self, observed));
        if !self.encrypted && observed.is_some_and(|live| live.encrypted) {
            let rule = "is true and stays so: the file system is encrypted, and EFS cannot take that back";
            invalid.push(Invalid::altered("encrypted", rule));
        }
        if self.kms_key_id.is_some() && !self.encrypted {
            invalid.push(Invalid::new("kms_key_id", "must not be set without encryption"));
        }
        if let Some(lifecycle) = &self.lifecycle {
            invalid.extend(lifecycle.check(self, observed));
        }
        invalid
    }

    async fn find(&self, aws: &Aws, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        find::find(aws, owner, self.tags.get("Name").map(String::as_str)).await
    }

    async fn create(&self, aws: &Aws, owner: &Owner) -> Result<Id, CloudError> {
        let Self {
            encrypted,
            kms_key_id,
            performance_mode,
            throughput_mode,
            provisioned_throughput_in_mibps,
            // Set by an update as soon as the file system is there: the create call does not take them.
            lifecycle: _,
            file_system_policy: _,
            replication_overwrite_protection: _,
            backup,
            deletion_protection: _,
            tags,
        } = self;
        let call = aws
            .write
            .efs
            .create_file_system()
            .encrypted(*encrypted)
            .set_kms_key_id(kms_key_id.clone())
            .performance_mode(performance_mode.as_str().into())
            .throughput_mode(throughput_mode.as_str().into())
            .set_provisioned_throughput_in_mibps(*provisioned_throughput_in_mibps)
            .backup(*backup)
            .set_tags(Some(tags::to_efs(&tags::with_ownership(tags, owner))));
        let mut attempt = 0;
        loop {
            let token = nth_token(owner, attempt);
            let answer = call.clone().creation_token(&token).send().await.map_err(aws_error(CREATE));
            attempt += 1;
            match answer {
                Err(error) if error.outcome == Outcome::Exists && attempt < MOST_TOKENS => {
                    if !find::is_of_another(aws, owner, &token).await? {
                        return Err(error);
                    }
                }
                Err(error) => return Err(error),
                Ok(made) if made.file_system_id.is_empty() => {
                    return Err(CloudError::bad_response(CREATE, "the answer holds no file system id"));
                }
                Ok(made) => return Ok(Id::new(made.file_system_id)),
            }
        }
    }

    async fn update(&self, aws: &Aws, change: &Change<'_, Self>) -> Result<(), CloudError> {
        let Self {
            encrypted: _,
            kms_key_id: _,
            performance_mode: _,
            throughput_mode,
            provisioned_throughput_in_mibps,
            lifecycle,
            backup,
            file_system_policy,
            replication_overwrite_protection,
            deletion_protection: _,
            tags,
        } = self;
        let id = change.id.as_str();
        if change.touches(&["tags"]) {
            efs_tags::retag(aws, id, &tags::tag_change(&change.observed.tags, tags)).await?;
        }
        if change.touches(&["backup"]) {
            put_backup(aws, id, *backup).await?;
        }
        if let (true, Some(lifecycle)) = (change.touches(&["lifecycle"]), lifecycle) {
            put_lifecycle(aws, id, lifecycle).await?;
        }
        if let (true, Some(policy)) = (change.touches(&["file_system_policy"]), file_system_policy) {
            policy::set(aws, id, policy).await?;
        }
        if let (true, Some(wanted)) =
            (change.touches(&["replication_overwrite_protection"]), replication_overwrite_protection)
        {
            protection::set(aws, id, change.observed, wanted).await?;
        }
        // Last, because it leaves the file system `updating`, in which EFS refuses the calls above.
        if change.touches(&["throughput_mode", "provisioned_throughput_in_mibps"]) {
            throughput::set(aws, change.id, throughput_mode, *provisioned_throughput_in_mibps).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, id: &Id, _owner: &Owner, _: Option<&str>) -> Result<(), CloudError> {
        let answer = aws.write.efs.delete_file_system().file_system_id(id.as_str()).send().await;
        absent_is_done(answer.map(drop).map_err(aws_error(DELETE)))
    }

    const CLAIM: &'static [Call] = &[efs_tags::calls(OURS)[0]];

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        efs_tags::claim(aws, id.as_str(), owner).await
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        find::named(aws, text).await
    }
}

async fn put_lifecycle(aws: &Aws, id: &str, lifecycle: &Lifecycle) -> Result<(), CloudError> {
    let put = aws.write.efs.put_lifecycle_configuration().file_system_id(id);
    let answer = put.set_lifecycle_policies(Some(lifecycle.policies())).send().await;
    answer.map(drop).map_err(aws_error(PUT_LIFECYCLE))
}

async fn put_backup(aws: &Aws, id: &str, backup: bool) -> Result<(), CloudError> {
    let status = if backup { Status::Enabled } else { Status::Disabled };
    let policy = BackupPolicy::builder().status(status).build();
    let policy = policy.map_err(|error| CloudError::refused(PUT_BACKUP, "BadRequest", error.to_string()))?;
    let answer = aws.write.efs.put_backup_policy().file_system_id(id).backup_policy(policy).send().await;
    answer.map(drop).map_err(aws_error(PUT_BACKUP))
}

#[cfg(test)]
impl EfsFileSystem {
    /// A file system for tests.
    fn sample() -> Self {
        Self {
            encrypted: true,
            kms_key_id: None,
            performance_mode: "generalPurpose".to_owned(),
            throughput_mode: "elastic".to_owned(),
            provisioned_throughput_in_mibps: None,
            lifecycle: None,
            backup: true,
            file_system_policy: None,
            replication_overwrite_protection: None,
            deletion_protection: true,
            tags: Tags::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encrypted_file_system_is_not_replaced_by_one_that_is_not() {
        let encrypted = EfsFileSystem::FIELDS[0];
        assert_eq!(encrypted.name, "encrypted");
        for (desired, observed, met) in [(true, true, true), (false, true, true), (true, false, false)] {
            assert_eq!((encrypted.met)(&desired.into(), &observed.into()), met);
        }
    }

    #[test]
    fn a_key_is_for_what_is_encrypted() {
        let key = Some("alias/storage".to_owned());
        let with =
            |encrypted| EfsFileSystem { encrypted, kms_key_id: key.clone(), ..EfsFileSystem::sample() };
        assert_eq!(with(true).check(None), []);
        assert_eq!(with(false).check(None).len(), 1);
    }
}
