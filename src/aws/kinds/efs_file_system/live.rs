//! File systems as EFS shows them: several describes, made one.

use std::collections::BTreeMap;

use aws_sdk_efs::types::{
    FileSystemDescription, LifeCycleState, ReplicationOverwriteProtection, Status, ThroughputMode,
};
use futures_util::future;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::{BACKUP, LIFECYCLE, Lifecycle, OVERWRITE, POLICY, holdings, policy};
use crate::aws::efs;
use crate::aws::kind::Seen;
use crate::aws::kinds::efs_status;
use crate::aws::kinds::efs_tags;
use crate::aws::kinds::tags::Tags;
use crate::aws::row;
use crate::aws::{Aws, absent_is_none, aws_error};
use crate::engine::call::Call;
use crate::engine::cloud::{CloudError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{Condition, Id, Invalid, Ownership, Remark};

pub(super) const DESCRIBE_LIFECYCLE: Call = Call::read("elasticfilesystem:DescribeLifecycleConfiguration");
pub(super) const DESCRIBE_BACKUP: Call = Call::read("elasticfilesystem:DescribeBackupPolicy");

/// The number of file systems that are asked for their policies at a time.
const AT_ONCE: usize = 8;

/// A file system as EFS shows it.
pub struct FileSystem {
    pub description: FileSystemDescription,
    /// `None`: not asked for, because the record does not declare it.
    pub lifecycle: Option<Lifecycle>,
    backup: Backups,
    /// `None`: not asked for, because the record does not declare it.
    pub policy: Option<Document>,
    /// The name that resolves, in each zone, to that zone's mount target; of One Zone storage, in every zone to the one that there is.
    dns_name: String,
}

/// The daily backups of a file system.
#[derive(Clone, Debug)]
enum Backups {
    Policy(Status),
    /// It never had a policy, so that there is none to describe (PolicyNotFound).
    Never,
    /// "Returned if the Backup service is not available in the Amazon Web Services Region" (ValidationException, EFS API reference).
    NotInRegion,
}

impl FileSystem {
    /// True if AWS Backup makes daily backups, or will.
    pub fn is_backed_up(&self) -> bool {
        matches!(self.backup, Backups::Policy(Status::Enabled | Status::Enabling))
    }
}

/// Reads the tracked file systems, in one round.
pub(super) async fn look(
    aws: &Aws,
    tracked: &[TrackedDocument],
) -> Result<BTreeMap<Id, FileSystem>, CloudError> {
    let ids: Vec<&str> = tracked.iter().map(|one| one.id.as_str()).collect();
    // The policies need the id alone, so that they are asked for in the same round as the file systems.
    let reads = tracked.iter().map(|one| Policies::of(aws, one));
    let policies =
        stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect::<BTreeMap<_, _>>();
    let (described, mut policies) = future::try_join(describe(aws, &ids), policies).await?;

    let described: BTreeMap<Id, FileSystemDescription> =
        described.into_iter().map(|one| (Id::new(&one.file_system_id), one)).collect();
    Ok(tracked
        .iter()
        .filter_map(|one| {
            let description = described.get(&one.id)?.clone();
            if description.life_cycle_state == LifeCycleState::Deleted {
                return None;
            }
            let Policies { lifecycle, backup, file_system: policy } = policies.remove(&one.id)?;
            let name = format!("{}.efs.{}.{}", description.file_system_id, aws.region(), aws.dns_suffix());
            // Of One Zone storage the other zones have no mount target to be led to: its zone has to be said ("Mounting One Zone
            // file systems", EFS User Guide).
            let dns_name = match &description.availability_zone_name {
                Some(zone) => format!("{zone}.{name}"),
                None => name,
            };
            Some((one.id.clone(), FileSystem { description, lifecycle, backup, policy, dns_name }))
        })
        .collect())
}

/// Reads file systems by their ids. One that is gone is left out.
pub(super) async fn describe(aws: &Aws, ids: &[&str]) -> Result<Vec<FileSystemDescription>, CloudError> {
    if let Some(known) = aws.memory.known(ids.iter().copied()) {
        return Ok(known);
    }
    let all = aws.read.efs.describe_file_systems();
    let asked = match ids {
        [] => return Ok(Vec::new()),
        [only] => all.file_system_id(*only),
        _ => all,
    };
    let described =
        asked.into_paginator().items().send().try_collect().await.map_err(aws_error(efs::FILE_SYSTEMS));
    let mut described = absent_is_none(described)?.unwrap_or_default();
    aws.memory.show(&described, |one| Some(one.file_system_id()));
    described.retain(|one| ids.contains(&one.file_system_id.as_str()));
    Ok(described)
}

/// The ownership of the file system with this id. One that is gone has none.
pub(crate) async fn ownership(aws: &Aws, id: &str) -> Result<Ownership, CloudError> {
    let described = describe(aws, &[id]).await?;
    Ok(described.first().map_or(Ownership::Inherited, |live| Ownership::of_tags(&tags_of(live))))
}

/// The ownership of a file system as it is described.
pub(crate) fn ownership_of(live: &FileSystemDescription) -> Ownership {
    Ownership::of_tags(&tags_of(live))
}

/// All tags of a file system.
pub(super) fn tags_of(live: &FileSystemDescription) -> Tags {
    efs_tags::of_sdk_tags(live.tags())
}

/// The throughput mode, with the MiB/s where they are provisioned.
pub(super) fn throughput(live: &FileSystemDescription) -> (&str, Option<f64>) {
    let mode = live.throughput_mode.as_ref().unwrap_or(&ThroughputMode::Bursting);
    let provisioned = *mode == ThroughputMode::Provisioned;
    (mode.as_str(), live.provisioned_throughput_in_mibps.filter(|_| provisioned))
}

/// The parts of a file system that have calls of their own.
struct Policies {
    /// `None`: not asked for, because the record does not declare it.
    lifecycle: Option<Lifecycle>,
    backup: Backups,
    /// `None`: not asked for, because the record does not declare it.
    file_system: Option<Document>,
}

impl Policies {
    /// Those of one file system, with its id.
    async fn of(aws: &Aws, one: &TrackedDocument) -> Result<(Id, Self), CloudError> {
        Ok((one.id.clone(), Self::read(aws, one).await?))
    }

    async fn read(aws: &Aws, tracked: &TrackedDocument) -> Result<Self, CloudError> {
        let id = tracked.id.as_str();
        let recorded = tracked.recorded.as_ref();
        let lifecycle = async {
            if recorded.is_some_and(|recorded| !recorded.contains_key(LIFECYCLE.name)) {
                return Ok(None);
            }
            let answer = aws.read.efs.describe_lifecycle_configuration().file_system_id(id).send().await;
            let answer = absent_is_none(answer.map_err(aws_error(DESCRIBE_LIFECYCLE)))?;
            Ok(answer.map(|answer| Lifecycle::of_policies(answer.lifecycle_policies())))
        };
        let backup = async {
            let answer = aws.read.efs.describe_backup_policy().file_system_id(id).send().await;
            match absent_is_none(answer.map_err(aws_error(DESCRIBE_BACKUP))) {
                Ok(answer) => {
                    let policy = answer.and_then(|answer| answer.backup_policy);
                    Ok(policy.map_or(Backups::Never, |policy| Backups::Policy(policy.status)))
                }
                Err(error) if error.code == NOT_IN_REGION => Ok(Backups::NotInRegion),
                Err(error) => Err(error),
            }
        };
        let file_system = async {
            if recorded.is_some_and(|recorded| !recorded.contains_key(POLICY.name)) {
                return Ok(None);
            }
            policy::read(aws, id).await.map(Some)
        };
        let (lifecycle, backup, file_system) = future::try_join3(lifecycle, backup, file_system).await?;
        Ok(Self { lifecycle, backup, file_system })
    }
}

/// The transitions of file systems between storage classes, as `transitions`, in the order that EFS has them; and the status of the
/// backups, as `backup_policy`, of those that have ever had a policy.
pub(super) async fn beyond(
    aws: &Aws,
    shown: &BTreeMap<Id, FileSystem>,
) -> Result<BTreeMap<Id, Document>, CloudError> {
    let read = shown.iter().map(|(id, live)| async move {
        let call = aws.read.efs.describe_lifecycle_configuration().file_system_id(id.as_str());
        let answer = absent_is_none(call.send().await.map_err(aws_error(DESCRIBE_LIFECYCLE)))?;
        let policies = answer.map(|answer| answer.lifecycle_policies().to_vec()).unwrap_or_default();
        let one = |policy| serde_json::to_value(Lifecycle::of_policies(&[policy]));
        let all: Vec<_> = policies.into_iter().map(|policy| one(policy).expect("it is plain data")).collect();
        let mut beyond = Document::from_iter([("transitions".to_owned(), all.into())]);
        if let Backups::Policy(_) = live.backup {
            let status = if live.is_backed_up() { Status::Enabled } else { Status::Disabled };
            beyond.insert("backup_policy".to_owned(), status.as_str().into());
        }
        Ok((id.clone(), beyond))
    });
    stream::iter(read.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await
}

/// Everything of a file system that is no input.
pub(super) fn seen(live: &FileSystem, recorded: Option<&Document>) -> Seen {
    let FileSystem { description, backup, dns_name, .. } = live;
    let arn = description.file_system_arn.clone().unwrap_or_default();
    Seen {
        outputs: row::outputs([("arn", arn), ("dns_name", dns_name.clone())]),
        condition: condition(&description.life_cycle_state, backup),
        remarks: [holdings::remark(description, live.is_backed_up())]
            .into_iter()
            .chain(matches!(backup, Backups::NotInRegion).then(no_backups))
            .chain(recorded.and_then(|recorded| overwritten(description, recorded)))
            .collect(),
        ownership: Ownership::of_tags(&tags_of(description)),
        // EFS shows the network of mount targets alone.
        vpc: None,
    }
}

/// The code by which EFS says that AWS Backup is not there.
pub(super) const NOT_IN_REGION: &str = "ValidationException";
/// The words for it; they read after the name of the option.
pub(super) const NO_BACKUPS: &str = "needs AWS Backup, which this region does not have";

/// A file system that was made the destination of a replication by others: "only writeable by EFS replication"
/// (ReplicationOverwriteProtection, EFS API reference). One that may be overwritten says so in the stack file.
fn overwritten(live: &FileSystemDescription, recorded: &Document) -> Option<Remark> {
    let protection = live.file_system_protection()?.replication_overwrite_protection()?;
    let may_be = OVERWRITE.text(recorded) == Some("DISABLED");
    (*protection == ReplicationOverwriteProtection::Replicating && !may_be).then(|| Remark::Left {
        what: format!(
            "{} is the destination of a replication by now: clients cannot write to it, and what it holds is overwritten",
            live.file_system_id
        ),
        command: format!("aws efs describe-replication-configurations --file-system-id {}", live.file_system_id),
    })
}

fn no_backups() -> Remark {
    Remark::Impossible(Invalid::new(BACKUP.name, NO_BACKUPS).instead(false))
}

fn condition(state: &LifeCycleState, backup: &Backups) -> Condition {
    match (state, backup) {
        (LifeCycleState::Available, Backups::Policy(Status::Enabling)) => {
            Condition::Pending("enabling backups".to_owned())
        }
        (LifeCycleState::Available, Backups::Policy(Status::Disabling)) => {
            Condition::Pending("disabling backups".to_owned())
        }
        _ => Condition::of(efs_status::FILE_SYSTEM, state.as_str()),
    }
}
