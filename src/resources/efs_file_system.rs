//! EFS file systems, with their lifecycle configuration and backup policy.
//! Knows nothing of mount targets.

mod lifecycle;
mod live;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_efs::types::{BackupPolicy, LifeCycleState, Status};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::aws::{Aws, AwsError, absent_is_done, absent_is_none, aws_error};
use crate::resource::{
    Change, Effect, Field, Found, Id, Invalid, Observe, Observed, Owner, Ownership, Patience, Resource,
    Tracked,
};
use crate::resources::tags::{self, TagChange, Tags};
use live::DESCRIBE;

pub use lifecycle::Lifecycle;

const CREATE: &str = "elasticfilesystem:CreateFileSystem";
const UPDATE: &str = "elasticfilesystem:UpdateFileSystem";
const PUT_LIFECYCLE: &str = "elasticfilesystem:PutLifecycleConfiguration";
const PUT_BACKUP: &str = "elasticfilesystem:PutBackupPolicy";
const TAG: &str = "elasticfilesystem:TagResource";
const UNTAG: &str = "elasticfilesystem:UntagResource";
const DELETE: &str = "elasticfilesystem:DeleteFileSystem";

/// A file system's inputs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EfsFileSystem {
    pub encrypted: bool,
    /// `generalPurpose` or `maxIO`.
    pub performance_mode: String,
    /// `elastic`, `bursting` or `provisioned`.
    pub throughput_mode: String,
    /// In MiB/s; only with provisioned throughput.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provisioned_throughput_in_mibps: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// Whether AWS Backup takes daily backups.
    pub backup: bool,
    /// Kept in the record alone: EFS has no such protection.
    pub deletion_protection: bool,
    pub tags: Tags,
}

/// What AWS chooses of a file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outputs {
    pub arn: String,
    /// The name that resolves, in each zone, to that zone's mount target.
    pub dns_name: String,
}

impl Observe for EfsFileSystem {
    const KIND: &'static str = "aws_efs_file_system";
    type Outputs = Outputs;

    async fn observe(aws: &Aws, tracked: &[Tracked<Self>]) -> Result<BTreeMap<Id, Observed<Self>>, AwsError> {
        live::observe(aws, tracked).await
    }
}

impl Resource for EfsFileSystem {
    const FIELDS: &'static [Field] = &[
        // What is encrypted already is never replaced by something that is not.
        Field::replace("encrypted").met_by(|desired, observed| desired == observed || observed == true),
        Field::replace("performance_mode"),
        Field::in_place("throughput_mode", &[UPDATE], Effect::None),
        Field::in_place("provisioned_throughput_in_mibps", &[UPDATE], Effect::None),
        Field::in_place("lifecycle", &[PUT_LIFECYCLE], Effect::None),
        Field::in_place("backup", &[PUT_BACKUP], Effect::None),
        Field::recorded("deletion_protection"),
        Field::in_place("tags", &[TAG, UNTAG], Effect::None),
    ];
    // The creation token is derived from the owner: no two file systems collide by their inputs.
    const NATURAL_KEY: &'static [&'static str] = &[];
    const HOLDS_DATA: bool = true;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(3),
        create: Duration::from_secs(10 * 60),
        update: Duration::from_secs(10 * 60),
        delete: Duration::from_secs(10 * 60),
    };

    fn check(&self, observed: Option<&Self>) -> Vec<Invalid> {
        let mut invalid = tags::check_tags(&self.tags);
        invalid.extend(self.check_throughput());
        if let Some(lifecycle) = &self.lifecycle {
            invalid.extend(lifecycle.check(self, observed));
        }
        invalid
    }

    async fn find(&self, aws: &Aws, owner: &Owner) -> Result<Option<Found>, AwsError> {
        let found = aws.read.efs.describe_file_systems().creation_token(creation_token(owner)).send().await;
        let found = absent_is_none(found.map_err(aws_error(DESCRIBE)))?;
        let live = found
            .into_iter()
            .flat_map(|page| page.file_systems.unwrap_or_default())
            .find(|one| one.life_cycle_state != LifeCycleState::Deleted);
        match live {
            // Nobody else makes this token: it proves the owner even where the tags were taken off.
            Some(live) => {
                let ownership =
                    Ownership::Tagged { stack: owner.stack.clone(), address: owner.address.to_string() };
                let generation = Some(owner.generation);
                Ok(Some(Found { id: Id::new(live.file_system_id), ownership, generation }))
            }
            None => live::find_later(aws, owner).await,
        }
    }

    async fn create(&self, aws: &Aws, owner: &Owner) -> Result<Id, AwsError> {
        let Self {
            encrypted,
            performance_mode,
            throughput_mode,
            provisioned_throughput_in_mibps,
            // Set by an update as soon as the file system is there: the create call does not take it.
            lifecycle: _,
            backup,
            deletion_protection: _,
            tags,
        } = self;
        let made = aws
            .write
            .efs
            .create_file_system()
            .creation_token(creation_token(owner))
            .encrypted(*encrypted)
            .performance_mode(performance_mode.as_str().into())
            .throughput_mode(throughput_mode.as_str().into())
            .set_provisioned_throughput_in_mibps(*provisioned_throughput_in_mibps)
            .backup(*backup)
            .set_tags(Some(tags::to_efs(&tags::with_ownership(tags, owner))))
            .send()
            .await
            .map_err(aws_error(CREATE))?;
        if made.file_system_id.is_empty() {
            return Err(AwsError::bad_response(CREATE, "the answer holds no file system id"));
        }
        Ok(Id::new(made.file_system_id))
    }

    async fn update(&self, aws: &Aws, change: &Change<'_, Self>) -> Result<(), AwsError> {
        let Self {
            encrypted: _,
            performance_mode: _,
            throughput_mode,
            provisioned_throughput_in_mibps,
            lifecycle,
            backup,
            deletion_protection: _,
            tags,
        } = self;
        let id = change.id.as_str();
        if change.touches(&["tags"]) {
            retag(aws, id, &tags::tag_change(&change.observed.tags, tags)).await?;
        }
        if change.touches(&["backup"]) {
            put_backup(aws, id, *backup).await?;
        }
        if let (true, Some(lifecycle)) = (change.touches(&["lifecycle"]), lifecycle) {
            put_lifecycle(aws, id, lifecycle).await?;
        }
        // Last, because it leaves the file system `updating`, in which EFS refuses the calls above.
        if change.touches(&["throughput_mode", "provisioned_throughput_in_mibps"]) {
            set_throughput(aws, change.id, throughput_mode, *provisioned_throughput_in_mibps).await?;
        }
        Ok(())
    }

    async fn delete(&self, aws: &Aws, id: &Id) -> Result<(), AwsError> {
        let answer = aws.write.efs.delete_file_system().file_system_id(id.as_str()).send().await;
        absent_is_done(answer.map(drop).map_err(aws_error(DELETE)))
    }
}

impl EfsFileSystem {
    fn check_throughput(&self) -> Vec<Invalid> {
        let mut invalid = Vec::new();
        if !["generalPurpose", "maxIO"].contains(&self.performance_mode.as_str()) {
            invalid.push(Invalid::new("performance_mode", "must be `generalPurpose` or `maxIO`"));
        }
        if !["elastic", "bursting", "provisioned"].contains(&self.throughput_mode.as_str()) {
            invalid.push(Invalid::new("throughput_mode", "must be `elastic`, `bursting` or `provisioned`"));
        }
        if self.performance_mode == "maxIO" && self.throughput_mode == "elastic" {
            invalid
                .push(Invalid::new("performance_mode", "must be `generalPurpose` with elastic throughput"));
        }
        match (self.throughput_mode.as_str(), self.provisioned_throughput_in_mibps) {
            ("provisioned", None) => {
                invalid.push(Invalid::new(
                    "provisioned_throughput_in_mibps",
                    "must be set with provisioned throughput",
                ));
            }
            // The upper bound differs between regions and accounts.
            ("provisioned", Some(mibps)) if mibps < 1.0 => {
                invalid.push(Invalid::new(
                    "provisioned_throughput_in_mibps",
                    format!("must be at least 1 MiB/s, not {mibps}"),
                ));
            }
            ("provisioned", Some(_)) | (_, None) => {}
            (mode, Some(_)) => {
                invalid.push(Invalid::new(
                    "provisioned_throughput_in_mibps",
                    format!("must not be set with {mode} throughput"),
                ));
            }
        }
        invalid
    }
}

/// The longest creation token that EFS takes.
const TOKEN_LENGTH: usize = 64;

/// The token by which a create call that is repeated, even after the state is lost, meets the file system it made.
fn creation_token(owner: &Owner) -> String {
    let plain = format!("provision/{}/{}/{}", owner.stack, owner.address, owner.generation);
    if plain.len() <= TOKEN_LENGTH {
        return plain;
    }
    let digest: String = Sha256::digest(&plain).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("provision/{digest}").chars().take(TOKEN_LENGTH).collect()
}

async fn set_throughput(aws: &Aws, id: &Id, mode: &str, mibps: Option<f64>) -> Result<(), AwsError> {
    // An attempt whose answer was lost may have been carried out, and EFS refuses a second one for a day
    // (TooManyRequests).
    let live = live::describe(aws, &[id.as_str()]).await?;
    if live.iter().any(|live| live::throughput(live) == (mode, mibps)) {
        return Ok(());
    }
    let update = aws.write.efs.update_file_system().file_system_id(id.as_str()).throughput_mode(mode.into());
    let answer = update.set_provisioned_throughput_in_mibps(mibps).send().await;
    answer.map(drop).map_err(aws_error(UPDATE))
}

async fn put_lifecycle(aws: &Aws, id: &str, lifecycle: &Lifecycle) -> Result<(), AwsError> {
    let put = aws.write.efs.put_lifecycle_configuration().file_system_id(id);
    let answer = put.set_lifecycle_policies(Some(lifecycle.policies())).send().await;
    answer.map(drop).map_err(aws_error(PUT_LIFECYCLE))
}

async fn put_backup(aws: &Aws, id: &str, backup: bool) -> Result<(), AwsError> {
    let status = if backup { Status::Enabled } else { Status::Disabled };
    let policy = BackupPolicy::builder().status(status).build();
    let policy = policy.map_err(|error| AwsError::refused(PUT_BACKUP, "BadRequest", error.to_string()))?;
    let answer = aws.write.efs.put_backup_policy().file_system_id(id).backup_policy(policy).send().await;
    answer.map(drop).map_err(aws_error(PUT_BACKUP))
}

async fn retag(aws: &Aws, id: &str, change: &TagChange) -> Result<(), AwsError> {
    if !change.set.is_empty() {
        let tags = tags::to_efs(&change.set);
        let answer = aws.write.efs.tag_resource().resource_id(id).set_tags(Some(tags)).send().await;
        answer.map_err(aws_error(TAG))?;
    }
    if !change.remove.is_empty() {
        let untag = aws.write.efs.untag_resource().resource_id(id);
        untag.set_tag_keys(Some(change.remove.clone())).send().await.map_err(aws_error(UNTAG))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;

    fn owner(stack: &str, name: &str, lineage: &str, generation: u32) -> Owner {
        Owner {
            stack: stack.to_owned(),
            address: Address::new(EfsFileSystem::KIND, name),
            lineage: lineage.to_owned(),
            generation,
        }
    }

    #[test]
    fn the_token_says_whose_the_file_system_is_and_outlives_the_state() {
        let token = creation_token(&owner("gitlab", "gitlab-nfs", "a", 0));
        assert_eq!(token, "provision/gitlab/aws_efs_file_system.gitlab-nfs/0");
        assert_eq!(token, creation_token(&owner("gitlab", "gitlab-nfs", "b", 0)));
        for other in [
            owner("other", "gitlab-nfs", "a", 0),
            owner("gitlab", "other", "a", 0),
            owner("gitlab", "gitlab-nfs", "a", 1),
        ] {
            assert_ne!(token, creation_token(&other));
        }
    }

    #[test]
    fn a_token_that_would_be_too_long_is_cut_without_losing_what_tells_it_apart() {
        let name = "a".repeat(60);
        let tokens = [0, 1].map(|generation| creation_token(&owner("gitlab", &name, "a", generation)));
        assert!(tokens.iter().all(|token| token.len() == 64), "{tokens:?}");
        assert_ne!(tokens[0], tokens[1]);
    }

    #[test]
    fn throughput_is_checked_together_with_the_modes() {
        for (performance, throughput, mibps, expected) in [
            ("generalPurpose", "elastic", None, vec![]),
            ("generalPurpose", "bursting", None, vec![]),
            ("generalPurpose", "provisioned", Some(1.0), vec![]),
            ("maxIO", "bursting", None, vec![]),
            ("maxIO", "elastic", None, vec!["performance_mode"]),
            ("generalPurpose", "provisioned", None, vec!["provisioned_throughput_in_mibps"]),
            ("generalPurpose", "provisioned", Some(0.5), vec!["provisioned_throughput_in_mibps"]),
            ("generalPurpose", "elastic", Some(10.0), vec!["provisioned_throughput_in_mibps"]),
            ("fast", "quick", None, vec!["performance_mode", "throughput_mode"]),
        ] {
            let file_system = EfsFileSystem {
                encrypted: true,
                performance_mode: performance.to_owned(),
                throughput_mode: throughput.to_owned(),
                provisioned_throughput_in_mibps: mibps,
                lifecycle: None,
                backup: true,
                deletion_protection: true,
                tags: Tags::new(),
            };
            let found: Vec<&str> = file_system.check(None).iter().map(|invalid| invalid.field).collect();
            assert_eq!(found, expected, "{performance} {throughput} {mibps:?}");
        }
    }

    #[test]
    fn an_encrypted_file_system_is_not_replaced_by_one_that_is_not() {
        let encrypted = EfsFileSystem::FIELDS[0];
        assert_eq!(encrypted.name, "encrypted");
        for (desired, observed, met) in [(true, true, true), (false, true, true), (true, false, false)] {
            assert_eq!((encrypted.met)(&desired.into(), &observed.into()), met);
        }
    }
}
