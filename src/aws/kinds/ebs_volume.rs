//! EBS volumes: disks of machines that stay when a machine is replaced. Which machine has one is said by the machine.

mod change;
mod deletion;
mod rows;

pub(crate) use change::grow;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ec2::operation::create_volume::builders::CreateVolumeInputBuilder as Create;
use aws_sdk_ec2::operation::modify_volume::builders::ModifyVolumeInputBuilder as Modify;
use aws_sdk_ec2::types::{ResourceType, Volume};

use crate::aws::kind::{self, Kind, Seen, id_in_answer};
use crate::aws::kinds::creation_token::make_of_ec2;
use crate::aws::kinds::kms_alias::KEY;
use crate::aws::kinds::{ec2_tags, tags};
use crate::aws::row::{self, Key, Row};
use crate::aws::{Aws, aws_error, ec2};
use crate::engine::call::{Call, Check, Grant, When};
use crate::engine::cloud::{self, ChangeDocument, CloudError, TrackedDocument};
use crate::engine::document::Document;
use crate::engine::resource::{
    Condition, Effect, Found, Holdings, Id, Invalid, Named, Owner, Ownership, Patience, Pattern, Remark,
    Status, tag,
};

const VOLUMES: &[&str] = &["ec2:volume/*"];
pub(super) const OURS: &[Grant] = &[Grant::owned(VOLUMES)];

const CREATE: Call = Call::new("ec2:CreateVolume", &[Grant::tagging(VOLUMES)]).checked(&[
    ec2_tags::check(Grant::on(VOLUMES).when(ec2_tags::WHEN_MAKING_A_VOLUME)),
    Check::new(
        "kms:CreateGrant",
        Grant::on(&["kms:{kms_key_id}"])
            .when(&[When::Is(VIA, EC2), When::Holds("kms:GrantIsForAWSResource")]),
        KEYS,
    ),
    Check::new("kms:GenerateDataKeyWithoutPlaintext", THROUGH_EC2, KEYS),
    Check::new("kms:Decrypt", THROUGH_EC2, KEYS),
    Check::new("kms:DescribeKey", THROUGH_EC2, KEYS),
]);
const VIA: &str = "kms:ViaService";
const EC2: &str = "ec2.{region}.amazonaws.com";
const THROUGH_EC2: Grant = Grant::on(&["kms:{kms_key_id}"]).when(&[When::Is(VIA, EC2)]);
const KEYS: &str = "Amazon EBS User Guide, Requirements for Amazon EBS encryption: permissions for IAM users";
/// The change of a volume's size, type and rates.
pub(crate) const MODIFY: Call = Call::new("ec2:ModifyVolume", OURS);
const TAG: Call = ec2_tags::tag(OURS);
const UNTAG: Call = ec2_tags::untag(OURS);
/// The changes of volumes that were made or are being made.
pub(crate) const MODIFICATIONS: Call = Call::read("ec2:DescribeVolumesModifications");

/// The id of a volume.
pub(crate) const ID: Pattern = Pattern::any("the id of a volume");

type Field<T> = Key<EbsVolume, T>;
const ZONE: Field<String> = Key::new("availability_zone");
const SIZE: Field<i32> = Key::new("size");
const TYPE: Field<String> = Key::new("type");
const IOPS: Field<i32> = Key::new("iops");
const THROUGHPUT: Field<i32> = Key::new("throughput");
const ENCRYPTED: Field<bool> = Key::new("encrypted");
const KMS_KEY: Field<String> = Key::new("kms_key_id");
const SNAPSHOT: Field<String> = Key::new("snapshot_id");
const FINAL_SNAPSHOT: Field<bool> = Key::new("final_snapshot");

/// The statuses of a volume (EC2 API reference, Volume, state).
pub static STATUSES: &[Status] = &[
    Status::serves("available", "no machine has it").source(STATES),
    Status::serves("in-use", "a machine has it").source(STATES),
    Status::passes("creating", "AWS makes it").source(STATES),
    Status::leaving("deleting", "AWS deletes it").source(STATES),
    Status::leaving("deleted", "AWS has deleted it").source(STATES),
    Status::lost("error", "AWS could not make it, as where its key cannot be used; it holds no data", anew)
        .without_snapshot()
        .never_made()
        .source(STATES),
];

const STATES: &str = "EC2 API reference, Volume, state; CreateVolume, KmsKeyId";

fn anew(object: &crate::engine::resource::Object<'_>) -> Vec<crate::engine::remedy::Way> {
    use crate::engine::remedy::{Remedy, Way};
    vec![Way::of([Remedy::Replace { address: object.address.clone() }])]
}

/// Volumes of EBS.
pub struct EbsVolume;

impl Kind for EbsVolume {
    const KIND: &'static str = "aws_ebs_volume";
    const CALLS: &'static [Call] = &[
        ec2::VOLUMES,
        ec2::INSTANCES,
        MODIFICATIONS,
        CREATE,
        deletion::SNAPSHOTS,
        deletion::SNAPSHOT,
        deletion::DELETE,
    ];
    const MODIFY: &'static [Call] = &[MODIFY];
    type Create = Create;
    type Modify = Modify;
    type Live = Volume;

    const ROWS: &'static [&'static dyn Row<Self>] = rows::ROWS;
    const CHECKS: &'static [kind::Check] =
        &[tags::check, never_smaller, encryption_stays, key_needs_encryption, change::rates];
    // The token is derived from the owner: no two volumes collide by their inputs.
    const NATURAL_KEY: &'static [&'static str] = &[];
    const LOSS: Effect = Effect::DataLoss;
    const PATIENCE: Patience = Patience {
        interval: Duration::from_secs(5),
        create: Duration::from_secs(10 * 60),
        // The size is seen when the change is `optimizing`; from a snapshot of old that takes a while.
        update: Duration::from_secs(30 * 60),
        // A last snapshot of a full volume takes hours.
        delete: Duration::from_secs(6 * 60 * 60),
    };
    const CLAIM: &'static [Call] = &[TAG];

    async fn look(aws: &Aws, tracked: &[TrackedDocument]) -> Result<BTreeMap<Id, Volume>, CloudError> {
        let ids = tracked.iter().map(|one| one.id.as_str());
        let found = ec2::with_any_of("volume-id", ids, |filters| ec2::volumes(aws, filters)).await?;
        Ok(found.into_iter().filter_map(|live| Some((Id::new(live.volume_id()?), live))).collect())
    }

    fn seen(live: &Volume, _: Option<&Document>) -> Seen {
        let gib = live.size().and_then(|size| u64::try_from(size).ok());
        let holdings = Holdings {
            size_bytes: gib.map(|gib| gib << 30),
            final_snapshot: Some(deletion::snapshot_name(live)),
            notes: vec!["snapshots of it that were made before stay".to_owned()],
        };
        Seen {
            outputs: row::outputs([(
                "availability_zone",
                live.availability_zone.clone().unwrap_or_default(),
            )]),
            condition: Condition::of(STATUSES, live.state().map_or("creating", |state| state.as_str())),
            remarks: vec![Remark::Holds(holdings)],
            ownership: Ownership::of_tags(&ec2::tags(live.tags())),
            vpc: None,
        }
    }

    async fn find(aws: &Aws, _: &Document, owner: &Owner) -> Result<Vec<Found>, CloudError> {
        let all = ec2::volumes(aws, vec![ec2_tags::of_the_stack(owner)]).await?;
        let there = all.iter().filter(|live| !is_going(live) && !is_a_root(live));
        Ok(ec2_tags::search(owner, there.filter_map(candidate).collect()))
    }

    /// The same request with the same token is answered with the volume that the first one made ("Ensuring idempotency in Amazon EC2 API
    /// requests", EC2 Developer Guide); a deleted one takes the next token.
    async fn create(aws: &Aws, wanted: &Document, owner: &Owner) -> Result<Id, CloudError> {
        let tags = ec2_tags::all_of(wanted, owner);
        let call = row::create_call::<Self>(wanted)
            .set_snapshot_id(SNAPSHOT.of(wanted))
            .tag_specifications(ec2_tags::specification(ResourceType::Volume, &tags));
        make_of_ec2(owner, CREATE, |token| async {
            let made = call
                .clone()
                .client_token(token)
                .send_with(&aws.write.ec2)
                .await
                .map_err(aws_error(CREATE))?;
            let is_over = made.state.is_some_and(|state| matches!(state.as_str(), "deleting" | "deleted"));
            Ok((id_in_answer(CREATE, made.volume_id)?, is_over))
        })
        .await
    }

    async fn update(aws: &Aws, wanted: &Document, change: ChangeDocument<'_>) -> Result<(), CloudError> {
        let Some(live) = one(aws, change.id).await? else {
            return Err(CloudError::not_seen(
                MODIFY,
                "InvalidVolume.NotFound",
                format!("{} is not seen", change.id),
            ));
        };
        let ownership = Ownership::of_tags(&ec2::tags(live.tags()));
        tags::refuse_others(MODIFY, change.id.as_str(), &ownership, change.owner)?;
        if let Some(asked) = tags::asked_for(wanted, &change) {
            ec2_tags::retag(aws, change.id.as_str(), &asked, (TAG, UNTAG)).await?;
        }
        change::change(aws, &live, wanted, &change).await
    }

    async fn delete(aws: &Aws, deletion: cloud::Deletion<'_>) -> Result<(), CloudError> {
        deletion::delete(aws, deletion).await
    }

    async fn claim(aws: &Aws, id: &Id, owner: &Owner) -> Result<(), CloudError> {
        ec2_tags::retag(aws, id.as_str(), &tags::claim(owner), (TAG, UNTAG)).await
    }

    async fn list(aws: &Aws) -> Result<Vec<Found>, CloudError> {
        let all = ec2::volumes(aws, vec![ec2_tags::of_any_stack()]).await?;
        let there = all.iter().filter(|live| !is_going(live) && !is_a_root(live));
        Ok(there.filter_map(candidate).map(|one| one.found()).collect())
    }

    /// The volumes of a machine besides the one that it boots from, which goes with it.
    async fn parts(aws: &Aws, whole: &Id) -> Result<Vec<Id>, CloudError> {
        let machines = ec2::instances(aws, vec![ec2::filter("instance-id", [whole.as_str()])]).await?;
        let root = |machine: &aws_sdk_ec2::types::Instance| {
            let root = machine.root_device_name()?;
            let all = machine.block_device_mappings().iter();
            let its = all.clone().find(|one| one.device_name() == Some(root))?;
            its.ebs()?.volume_id().map(str::to_owned)
        };
        let root = machines.first().and_then(root);
        let filter = ec2::filter("attachment.instance-id", [whole.as_str()]);
        let all = ec2::volumes(aws, vec![filter]).await?;
        let ids = all.into_iter().filter_map(|one| one.volume_id).filter(|id| root.as_ref() != Some(id));
        Ok(ids.map(Id::new).collect())
    }

    async fn named(aws: &Aws, text: &str) -> Result<Option<Named>, CloudError> {
        let live = one(aws, &Id::new(text)).await?.filter(|live| !is_going(live));
        let unfit = live.as_ref().and_then(unfit);
        let found = live.as_ref().and_then(candidate).map(|one| one.found());
        Ok(found.map(|found| Named { found, unfit }))
    }
}

/// The volume with this id, also one that is being deleted.
async fn one(aws: &Aws, id: &Id) -> Result<Option<Volume>, CloudError> {
    Ok(ec2::volumes(aws, vec![ec2::filter("volume-id", [id.as_str()])]).await?.into_iter().next())
}

fn is_going(live: &Volume) -> bool {
    live.state().is_some_and(|state| matches!(state.as_str(), "deleting" | "deleted"))
}

fn candidate(live: &Volume) -> Option<ec2_tags::Candidate> {
    Some(ec2_tags::Candidate {
        id: live.volume_id.clone()?,
        tags: ec2::tags(live.tags()),
        token: None,
        vpc: None,
        made: live.create_time,
    })
}

/// True for the volume that a machine of a stack boots from: it has the tags of that, and goes with it.
fn is_a_root(live: &Volume) -> bool {
    let tags = ec2::tags(live.tags());
    let its = tags.get(tag::ADDRESS).and_then(|address| address.split_once('.'));
    its.is_some_and(|(kind, _)| kind != EbsVolume::KIND)
}

/// Why a volume is none that a stack can have.
fn unfit(live: &Volume) -> Option<String> {
    if is_a_root(live) {
        return Some("a machine boots from it, and it goes with that".to_owned());
    }
    let tags = ec2::tags(live.tags());
    // Tags of the EBS CSI driver and of the volumes that Kubernetes made itself (kubernetes-sigs/aws-ebs-csi-driver, docs/tagging.md).
    let of_kubernetes = tags.get("kubernetes.io/created-for/pvc/name").or_else(|| tags.get("CSIVolumeName"));
    of_kubernetes.map(|claim| format!("Kubernetes manages it, for the claim {claim}"))
}

fn never_smaller(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let (Some(size), Some(now)) = (SIZE.of(wanted), observed.and_then(|observed| SIZE.of(observed))) else {
        return Vec::new();
    };
    // "The new volume size must be equal to or larger than the current size" (ModifyVolume, Size).
    let invalid =
        || Invalid::new(SIZE.name, format!("must be at least {now}: a volume never shrinks")).instead(now);
    (size < now).then(invalid).into_iter().collect()
}

fn encryption_stays(wanted: &Document, observed: Option<&Document>) -> Vec<Invalid> {
    let is = |document: &Document| ENCRYPTED.of(document);
    let rule = "is true and stays so: the volume is encrypted, and EBS cannot take that back";
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

/// The pattern of keys, for rows.
const KEY_RULE: Pattern = KEY;
