//! EFS file systems, with their lifecycle configuration, backup policy, file system policy and protection.

mod bare;
mod find;
mod holdings;
mod lifecycle;
mod live;
mod one_zone;
mod policy;
mod protection;
mod rows;
mod throughput;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_efs::operation::create_file_system::builders::CreateFileSystemInputBuilder as Create;
use aws_sdk_efs::types::{BackupPolicy, Status};

use crate::aws::kind::{self, Kind, Seen, id_in_answer};
use crate::aws::kinds::{creation_token, efs_tags, tags};
use crate::aws::row::{self, Key, Row};
use crate::aws::{Aws, absent_is_done, aws_error, ec2, efs};
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{Effect, Found, Id, Invalid, Named, Owner, Patience};

use lifecycle::Lifecycle;
pub(crate) use live::{ownership, ownership_of};
pub(crate) use protection::REPLICATING;

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

type Field<T> = Key<EfsFileSystem, T>;
const ENCRYPTED: Field<bool> = Key::new("encrypted");
const KMS_KEY: Field<String> = Key::new("kms_key_id");
const PERFORMANCE: Field<String> = Key::new("performance_mode");
const THROUGHPUT: Field<String> = Key::new("throughput_mode");
const RATE: Field<f64> = Key::new("provisioned_throughput_in_mibps");
const LIFECYCLE: Field<Lifecycle> = Key::new("lifecycle");
const BACKUP: Field<bool> = Key::new("backup");
const POLICY: Field<Document> = Key::new("file_system_policy");
const STORAGE: Field<String> = Key::new("storage");
const ONE_ZONE: Field<String> = Key::new("availability_zone_name");
const ZONES: Field<Vec<String>> = Key::new("zones");
pub(crate) const OVERWRITE: Field<String> = Key::new("replication_overwrite_protection");

/// File systems of EFS.
pub struct EfsFileSystem;

impl Kind for EfsFileSystem {
    const KIND: &'static str = "aws_efs_file_system";
    const CALLS: &'static [Call] = &[
        efs::FILE_SYSTEMS,
        live::DESCRIBE_LIFECYCLE,
        live::DESCRIBE_BACKUP,
        policy::DESCRIBE,
        efs::MOUNT_TARGETS,
        efs::ACCESS_POINTS,
        ec2::INTERFACES,
        ec2::SECURITY_GROUPS,
        CREATE,
        DELETE,
    ];
    const VERSION: u32 = 2;
    // Each change has a call of its own.
    const MODIFY: &'static [Call] = &[];
    type Create = Create;
    type Modify = ();
    type Live = live::FileSystem;

    const ROWS: &'static [&'static dyn Row<Self>] = rows::ROWS;
    const CHECKS: &'static [kind::Check] = &[
        tags::check,
        throughput::check,
        throughput::doubt,
        lifecycle::check,
        one_zone::check,
        policy::check,
        encryption_stays,
        key_needs_encryption,
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
    const CLAIM: &'static [Call] = &[efs_tags::calls(OURS)[0]];

    fn upgrade(from: u32, mut inputs: Document) -> Document {
        // Before version 2 every file system was made so.
        if from < 2 {
            inputs.entry(STORAGE.name).or_insert_with(|| one_zone::REGIONAL.into());
        }
        inputs
    }

    async fn look(
        aws: &Aws,
        tracked: &[TrackedDocument],
    ) -> Result<BTreeMap<Id, live::FileSystem>, CloudError> {
        live::look(aws, tracked).await
    }

    fn seen(live: &live::FileSystem, recorded: Option<&Document>) -> Seen {
        live::seen(live, recorded)
    }

    async fn find(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        let tags = tags::of(wanted);
        find::find(aws, owner, tags.get("Name").map(String::as_str)).await
    }

    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        let tags = tags::with_ownership(&tags::of(wanted), owner);
        // The fields without a setter are set by an update as soon as the file system is there.
        let call = row::create_call::<Self>(wanted).set_tags(Some(tags::to_efs(&tags)));
        let create = |token| {
            let call = call.clone().creation_token(token);
            async move {
                let made = call.send_with(&aws.write.efs).await.map_err(aws_error(CREATE))?;
                id_in_answer(CREATE, Some(made.file_system_id))
            }
        };
        creation_token::make_of_efs(owner, create, |token| find::is_of_another(aws, owner, token)).await
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        let id = change.id.as_str();
        let changes = |name: &str| change.fields.contains(name);
        if let Some(tags) = tags::asked_for(wanted, &change) {
            efs_tags::retag(aws, id, &tags).await?;
        }
        if let (true, Some(backup)) = (changes(BACKUP.name), BACKUP.of(wanted)) {
            put_backup(aws, id, backup).await?;
        }
        if let (true, Some(lifecycle)) = (changes(LIFECYCLE.name), LIFECYCLE.of(wanted)) {
            put_lifecycle(aws, id, &lifecycle).await?;
        }
        if changes(POLICY.name) {
            // One that is not written any more is taken back.
            policy::set(aws, id, &POLICY.of(wanted).unwrap_or_default()).await?;
        }
        if let (true, Some(status)) = (changes(OVERWRITE.name), OVERWRITE.of(wanted)) {
            protection::set(aws, id, change.observed, &status).await?;
        }
        // Last, because it leaves the file system `updating`, in which EFS refuses the calls above.
        if let (true, Some(mode)) = (changes(THROUGHPUT.name) || changes(RATE.name), THROUGHPUT.of(wanted)) {
            throughput::set(aws, change.id, &mode, RATE.of(wanted)).await?;
        }
        Ok(())
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        let answer = aws.write.efs.delete_file_system().file_system_id(deletion.id.as_str()).send().await;
        absent_is_done(answer.map(drop).map_err(aws_error(DELETE)))
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        efs_tags::claim(aws, id.as_str(), owner).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        find::list(aws).await
    }

    async fn beyond(
        aws: &Aws,
        shown: &BTreeMap<Id, live::FileSystem>,
    ) -> Result<BTreeMap<Id, Document>, CloudError> {
        live::beyond(aws, shown).await
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        find::named(aws, text).await
    }
}

fn encryption_stays(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let is = |document: &Document| ENCRYPTED.of(document);
    let rule = "is true and stays so: the file system is encrypted, and EFS cannot take that back";
    match (is(wanted), observed.and_then(is)) {
        (Some(false), Some(true)) => vec![Invalid::altered(ENCRYPTED.name, rule)],
        _ => Vec::new(),
    }
}

fn key_needs_encryption(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    if !wanted.contains_key(KMS_KEY.name) || ENCRYPTED.of(wanted) != Some(false) {
        return Vec::new();
    }
    let invalid = Invalid::new(KMS_KEY.name, "is for what is encrypted").with(&["encrypted"]);
    vec![invalid.remedy("leave it out, or set `encrypted: true`")]
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
    answer.map(drop).map_err(aws_error(PUT_BACKUP)).map_err(|error| match error.code.as_str() {
        live::NOT_IN_REGION => {
            let message = format!("{}; `backup` {}: write `backup: false`", error.message, live::NO_BACKUPS);
            CloudError { message, ..error }
        }
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::aws::kinds::registry;

    /// A file system with some of its fields replaced; `null` takes one away.
    pub(super) fn sample(replaced: Value) -> Document {
        let base = json!({
            "encrypted": true, "performance_mode": "generalPurpose", "throughput_mode": "elastic", "backup": true,
            "deletion_protection": true, "tags": {},
        });
        let object = |value: Value| value.as_object().expect("a document is an object").clone();
        let all = object(base).into_iter().chain(object(replaced)).collect::<Document>();
        all.into_iter().filter(|(_, value)| !value.is_null()).collect()
    }

    /// Everything that EFS would refuse of a file system.
    pub(super) fn found(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
        let registry = registry();
        let kind = registry.managing(EfsFileSystem::KIND).expect("the kind is known");
        kind.check(&kind.normalise(wanted).expect("each value has its form"), observed).expect("it is normal")
    }

    #[test]
    fn an_encrypted_file_system_is_not_replaced_by_one_that_is_not() {
        let encrypted = EfsFileSystem::ROWS[0].field();
        assert_eq!(encrypted.name, "encrypted");
        for (desired, observed, met) in [(true, true, true), (false, true, true), (true, false, false)] {
            assert_eq!((encrypted.met)(&desired.into(), &observed.into()), met);
        }
    }

    #[test]
    fn a_key_is_for_what_is_encrypted() {
        let with = |encrypted: bool| sample(json!({ "encrypted": encrypted, "kms_key_id": "alias/storage" }));
        assert_eq!(found(&with(true), None), []);
        assert_eq!(found(&with(false), None).len(), 1);
    }
}
