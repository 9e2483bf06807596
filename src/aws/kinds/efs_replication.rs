//! Replications of EFS file systems: a copy in another region or zone, which EFS keeps up to date until the replication is deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_efs::operation::create_replication_configuration::builders::CreateReplicationConfigurationInputBuilder as Create;
use aws_sdk_efs::types::{Destination, DestinationToCreate, ReplicationConfigurationDescription};
use futures_util::future::try_join_all;
use serde_json::Value;

use crate::aws::efs;
use crate::aws::kind::{self, Kind, Seen};
use crate::aws::kinds::efs_file_system;
use crate::aws::row::{self, Key, Row, text};
use crate::aws::{Aws, absent_is_done, aws_error};
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::cloud::{ChangeDocument, CloudError, Deletion, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::kind::{Gone, WhenGone};
use crate::engine::remedy::{Remedy, Way};
use crate::engine::resource::OnChange::Replace;
use crate::engine::resource::{
    Condition, Effect, Found, Holdings, Id, Invalid, Named, Object, Owner, Ownership, Patience, Pattern,
    Remark, Status,
};

/// It has no tags: it is checked by its file system.
const OURS: &[Grant] = &[Grant::owned(&["elasticfilesystem:file-system/*"])];
const GUIDE: &str = "Amazon EFS User Guide, Required permissions for replication";

const CREATE: Call = Call::new("elasticfilesystem:CreateReplicationConfiguration", OURS).checked(&[
    // EFS makes the other file system with the caller's permissions, in another region and without tags.
    Check::new("elasticfilesystem:CreateFileSystem", Grant::on(&["*"]), GUIDE).only(is_to_a_new_one),
    Check::new(
        "iam:CreateServiceLinkedRole",
        Grant::on(&["iam:role/aws-service-role/*"])
            .when(&[When::Is("iam:AWSServiceName", "elasticfilesystem.amazonaws.com")]),
        GUIDE,
    ),
    Check::new("kms:CreateGrant", KEY.when(&[When::Holds("kms:GrantIsForAWSResource")]), KEYS),
    Check::new("kms:Decrypt", KEY, KEYS),
    Check::new("kms:DescribeKey", KEY, KEYS),
    Check::new("kms:GenerateDataKeyWithoutPlaintext", KEY, KEYS),
    Check::new(
        "iam:PassRole",
        Grant::on(&["iam:{role_arn}"])
            .when(&[When::Is("iam:PassedToService", "elasticfilesystem.amazonaws.com")]),
        "Amazon EFS User Guide, Replicating EFS file systems across AWS accounts",
    ),
]);
const KEY: Grant = Grant::on(&["kms:{destination_kms_key_id}"]);
const KEYS: &str = "Amazon EFS User Guide, Using encrypted file systems: key policies for AWS KMS";
/// `DeletionMode` is left out: to end only one's own half leaves the other one "unrecoverable" (DeleteReplicationConfiguration, EFS API
/// reference), which is a deed of last resort.
const DELETE: Call = Call::new("elasticfilesystem:DeleteReplicationConfiguration", OURS);

type Field<T> = Key<EfsReplication, T>;
pub(crate) const FILE_SYSTEM: Field<String> = Key::new("file_system_id");
pub(crate) const REGION: Field<String> = Key::new("region");
const ZONE: Field<String> = Key::new("availability_zone_name");
const KEY_ID: Field<String> = Key::new("destination_kms_key_id");
pub(crate) const DESTINATION: Field<String> = Key::new("destination_file_system_id");
const ROLE: Field<String> = Key::new("role_arn");

/// EFS has no id for it: it is the one of its file system (the path of the call: `/file-systems/fs-…/replication-configuration`).
const ENDING: &str = "/replication-configuration";

/// The id of the replication of a file system.
pub(crate) fn id_of(source: &str) -> Id {
    Id::new(format!("{source}{ENDING}"))
}

/// The file system that a replication with this id is of.
fn source_of(id: &str) -> &str {
    id.strip_suffix(ENDING).unwrap_or(id)
}

const STATUS_PAGE: &str =
    "EFS API reference, Destination (Status); EFS User Guide, Viewing replication details";

/// The statuses of a replication.
pub(super) static STATUSES: &[Status] = &[
    Status::serves("ENABLED", "EFS keeps the copy up to date").source(STATUS_PAGE),
    Status::passes("ENABLING", "EFS makes it").source(STATUS_PAGE),
    Status::passes("PAUSING", "EFS pauses it").source(STATUS_PAGE),
    Status::held(
        "PAUSED",
        "EFS has paused it, since the region of the copy is turned off for the account",
        region_on,
    )
    .source(STATUS_PAGE),
    Status::leaving("DELETING", "EFS deletes it").source(STATUS_PAGE),
    Status::lost(
        "ERROR",
        "EFS gave it up, since one of the two file systems is lost; it holds no data",
        again,
    )
    .never_made()
    .source(STATUS_PAGE),
];

fn region_on(object: &Object<'_>) -> Vec<Way> {
    let region = object.text("destination_region");
    let on = ["account", "enable-region", "--region-name", region, "--region", object.region];
    vec![Way::of([Remedy::aws(on), Remedy::Apply])]
}

fn again(object: &Object<'_>) -> Vec<Way> {
    vec![Way::of([Remedy::Replace { address: object.address.clone() }])]
}

/// Replications of EFS.
pub struct EfsReplication;

/// A replication as EFS shows it: it has one destination.
pub struct Replication {
    source: String,
    there: Destination,
}

impl Kind for EfsReplication {
    const KIND: &'static str = "aws_efs_replication_configuration";
    const CALLS: &'static [Call] = &[efs::REPLICATIONS, efs::FILE_SYSTEMS, CREATE, DELETE];
    // Only another one is different.
    const MODIFY: &'static [Call] = &[];
    type Create = Create;
    type Modify = ();
    type Live = Replication;

    const ROWS: &'static [&'static dyn Row<Self>] = &[
        &FILE_SYSTEM
            .field(text(Pattern::any("the id of a file system")).required())
            .follows()
            .create(Create::set_source_file_system_id)
            .fixed()
            .observe(|live| Some(live.source.clone())),
        &REGION
            .field(text(Pattern::any("a region")).required())
            .made_from("replication")
            .sent_by_code(Replace, &[])
            .observe(|live| Some(live.there.region.clone())),
        // EFS shows neither of the two.
        &ZONE
            .field(text(Pattern::any("an availability zone")))
            .made_from("replication")
            .sent_by_code(Replace, &[])
            .kept_in_record(),
        &KEY_ID
            .field(text(Pattern::any("a KMS key")))
            .made_from("replication")
            .sent_by_code(Replace, &[])
            .kept_in_record(),
        &DESTINATION
            .field(text(Pattern::any("the id of a file system")))
            .made_from("replication")
            .sent_by_code(Replace, &[])
            .observe(|live| Some(live.there.file_system_id.clone()))
            .met_by(same_file_system),
        &ROLE
            .field(text(Pattern::any("the ARN of a role")))
            .made_from("replication")
            .sent_by_code(Replace, &[])
            .observe(|live| live.there.role_arn.clone()),
    ];
    const CHECKS: &'static [kind::Check] = &[zone_is_in_its_region];
    // "A file system can be part of only one replication configuration" (CreateReplicationConfiguration, EFS API reference).
    const NATURAL_KEY: &'static [&'static str] = &["file_system_id"];
    // Both file systems stay as they are.
    const LOSS: Effect = Effect::None;
    // It was deleted for a failover, it may be: a new one would overwrite what clients wrote to the copy since, or make another copy.
    const NAMED_WHEN_GONE: bool = true;
    // Terraform's provider waits as long.
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(5),
        create: Duration::from_secs(20 * 60),
        update: Duration::from_secs(20 * 60),
        delete: Duration::from_secs(20 * 60),
    };
    const CLAIM: &'static [Call] = &[];

    /// "Amazon EFS writes data to or removes existing data from the destination file system to match data in the source file system"
    /// (DestinationToCreate, EFS API reference).
    fn overwrites(wanted: &Document) -> bool {
        !is_to_a_new_one(wanted)
    }

    fn when_gone(gone: &Gone<'_>) -> Option<WhenGone> {
        let said = |name: &str| gone.outputs.get(name).and_then(Value::as_str);
        let copy = said("destination_file_system_id")?;
        let region = said("destination_region")?;
        let name = gone.address.name();
        let without = match (gone.own)(copy) {
            Some(own) => format!(
                "take `replication` out of `{name}`, and `replication_overwrite_protection: false` out of `{}`, which EFS protects \
                 again",
                own.name()
            ),
            None => format!("take `replication` out of `{name}`"),
        };
        let (anew, purpose) = match gone.overwrites {
            true => (
                format!("overwrite it with what `{name}` has"),
                format!("to copy `{name}` over it again, and lose what was written to it"),
            ),
            false => ("leave it as it is, and make another copy".to_owned(), "for another copy".to_owned()),
        };
        Some(WhenGone {
            since: format!("the copy {copy} in {region} takes writes"),
            anew,
            without: ("to go on with the copy as it is".to_owned(), without),
            purpose,
        })
    }

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Replication>, CloudError> {
        let sources: BTreeSet<&str> = tracked.iter().map(|one| source_of(one.id.as_str())).collect();
        let found = try_join_all(sources.into_iter().map(|source| of_source(aws, source))).await?;
        Ok(found.into_iter().flatten().map(|one| (id_of(&one.source), one)).collect())
    }

    fn seen(live: &Replication, _: Option<&Document>) -> Seen {
        let Destination { file_system_id, region, status, .. } = &live.there;
        let note = format!(
            "the copy {file_system_id} in {region} stays, takes writes from then on, and costs until it is deleted: aws efs \
             delete-file-system --file-system-id {file_system_id} --region {region}"
        );
        Seen {
            outputs: row::outputs([
                ("destination_file_system_id", file_system_id.clone()),
                ("destination_region", region.clone()),
            ]),
            condition: Condition::of(STATUSES, status.as_str()),
            remarks: vec![Remark::Holds(Holdings { notes: vec![note], ..Holdings::default() })],
            ownership: Ownership::Inherited,
            vpc: None,
        }
    }

    async fn find(aws: &Aws, wanted: &Document, _: &Owner) -> Result<Vec<Found>, CloudError> {
        let Some(source) = FILE_SYSTEM.of(wanted) else { return Ok(Vec::new()) };
        let found = of_source(aws, &source).await?;
        Ok(found.into_iter().map(|one| Found::new(id_of(&one.source), Ownership::Inherited)).collect())
    }

    async fn create(aws: &Aws, wanted: &Document, _: &Owner) -> Result<Id, CloudError> {
        let there = DestinationToCreate::builder()
            .set_region(REGION.of(wanted))
            .set_availability_zone_name(ZONE.of(wanted))
            .set_kms_key_id(KEY_ID.of(wanted))
            .set_file_system_id(DESTINATION.of(wanted))
            .set_role_arn(ROLE.of(wanted));
        let call = row::create_call::<Self>(wanted).destinations(there.build());
        let refused = match call.send_with(&aws.write.efs).await.map_err(aws_error(CREATE)) {
            Ok(made) => {
                let id = kind::id_in_answer(CREATE, Some(made.source_file_system_id));
                return id.map(|source| id_of(source.as_str()));
            }
            Err(refused) => refused,
        };
        // The request may have been delivered twice: the second delivery is refused, and the first has made it.
        let Some(source) = FILE_SYSTEM.of(wanted) else { return Err(refused) };
        match of_source(aws, &source).await {
            Ok(Some(one)) if Some(&one.there.region) == REGION.of(wanted).as_ref() => Ok(id_of(&one.source)),
            _ => Err(refused),
        }
    }

    async fn update(_aws: &Aws, _wanted: &Document, _change: ChangeDocument<'_>) -> Result<(), CloudError> {
        Ok(())
    }

    async fn delete(aws: &Aws, deletion: Deletion<'_>) -> Result<(), CloudError> {
        let source = source_of(deletion.id.as_str());
        let answer =
            aws.write.efs.delete_replication_configuration().source_file_system_id(source).send().await;
        absent_is_done(answer.map(drop).map_err(aws_error(DELETE)))
    }

    /// The ownership of its file system, which may be managed by another state than the one that records the replication.
    async fn ownership(aws: &Aws, _id: &Id, live: &Document) -> Result<Ownership, CloudError> {
        match FILE_SYSTEM.of(live) {
            Some(source) => efs_file_system::ownership(aws, &source).await,
            None => Ok(Ownership::Inherited),
        }
    }

    async fn claim(_aws: &Aws, _id: &Id, _owner: &Owner) -> Result<(), CloudError> {
        Ok(())
    }

    async fn parts(aws: &Aws, whole: &Id) -> Result<Vec<Id>, CloudError> {
        Ok(of_source(aws, whole.as_str()).await?.map(|one| id_of(&one.source)).into_iter().collect())
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let found = of_source(aws, source_of(text)).await?;
        Ok(found.map(|one| Found::new(id_of(&one.source), Ownership::Inherited).into()))
    }
}

/// The replication that a file system is the source of.
async fn of_source(aws: &Aws, source: &str) -> Result<Option<Replication>, CloudError> {
    let all = efs::replications(aws, source).await?;
    let ours = all.into_iter().find(|one| one.source_file_system_id == source);
    Ok(ours.and_then(|ours| {
        let ReplicationConfigurationDescription { source_file_system_id, destinations, .. } = ours;
        Some(Replication { source: source_file_system_id, there: destinations.into_iter().next()? })
    }))
}

/// True where EFS makes the destination.
fn is_to_a_new_one(wanted: &Document) -> bool {
    !wanted.contains_key(DESTINATION.name)
}

/// The ARN of a file system names the same one.
fn same_file_system(desired: &Value, observed: &Value) -> bool {
    let id = |value: &Value| value.as_str().and_then(|text| text.rsplit('/').next()).map(str::to_owned);
    desired == observed || (id(desired).is_some() && id(desired) == id(observed))
}

fn zone_is_in_its_region(wanted: &Document, _: Option<&Document>) -> Vec<Invalid> {
    let (Some(zone), Some(region)) = (ZONE.of(wanted), REGION.of(wanted)) else { return Vec::new() };
    let message = format!("must be a zone of {region}, not `{zone}`");
    if zone.starts_with(&region) { Vec::new() } else { vec![Invalid::new(ZONE.name, message)] }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_id_says_which_file_system_is_replicated() {
        assert_eq!(source_of(id_of("fs-1").as_str()), "fs-1");
        assert_eq!(source_of("fs-1"), "fs-1");
    }

    #[test]
    fn a_file_system_is_the_same_by_its_id_and_its_arn() {
        let arn = json!("arn:aws:elasticfilesystem:eu-central-1:123456789012:file-system/fs-2");
        for (desired, observed, same) in [
            (json!("fs-2"), json!("fs-2"), true),
            (arn.clone(), json!("fs-2"), true),
            (arn, json!("fs-3"), false),
        ] {
            assert_eq!(same_file_system(&desired, &observed), same, "{desired} {observed}");
        }
    }
}
