//! The fields of a volume.

use aws_sdk_ec2::operation::create_volume::builders::CreateVolumeInputBuilder as Create;
use aws_sdk_ec2::operation::modify_volume::builders::ModifyVolumeInputBuilder as Modify;
use aws_sdk_ec2::types::VolumeType;

use super::{
    CREATE, ENCRYPTED, EbsVolume, FINAL_SNAPSHOT, IOPS, KEY_RULE, KMS_KEY, SIZE, SNAPSHOT, TAG, THROUGHPUT,
    TYPE, UNTAG, ZONE,
};
use crate::aws::ec2;
use crate::aws::kinds::kms_alias::same_key;
use crate::aws::kinds::tags;
use crate::aws::row::{Row, field, flag, one_of, text, whole};
use crate::engine::resource::OnChange::InPlace;
use crate::engine::resource::{Effect, Pattern, Role};

/// CreateVolume, VolumeType.
pub(super) const TYPES: &[&str] = &["gp3", "gp2", "io1", "io2", "st1", "sc1", "standard"];

const SNAPSHOT_RULE: Pattern =
    Pattern::new("the id of a snapshot, such as `snap-0123456789abcdef0`", "^snap-[0-9a-f]+$", 64);

/// Every field. The limits are those of CreateVolume in the EC2 API reference; which of them go together is judged by a check.
pub(super) const ROWS: &[&dyn Row<EbsVolume>] = &[
    &ZONE
        .field(text(Pattern::any("an availability zone")).required())
        .follows()
        .create(Create::set_availability_zone)
        .fixed()
        .observe(|live| live.availability_zone.clone()),
    &SIZE
        .field(whole(1, 65_536).required())
        .doc("The size, in GiB. It grows and never shrinks; the file system on it is grown on the machine afterwards.")
        .create(Create::set_size)
        .modify(Modify::set_size, InPlace(Effect::None))
        .observe(|live| live.size),
    &TYPE
        .field(one_of(TYPES).default("gp3"))
        .doc("The type. AWS takes another change only when one has come to its end, and four of them a day.")
        .create(|call, wanted: Option<String>| call.set_volume_type(wanted.as_deref().map(VolumeType::from)))
        .modify(
            |call, wanted: Option<String>| call.set_volume_type(wanted.as_deref().map(VolumeType::from)),
            InPlace(Effect::None),
        )
        .observe(|live| live.volume_type.as_ref().map(|one| one.as_str().to_owned())),
    &IOPS
        .field(whole(100, 256_000))
        .doc("The operations a second of gp3, io1 and io2; without it, 3000 of gp3. io1 and io2 need it.")
        .create(Create::set_iops)
        .modify(Modify::set_iops, InPlace(Effect::None))
        .observe(|live| live.iops),
    &THROUGHPUT
        .field(whole(125, 2_000))
        .doc("The MiB a second of gp3; without it, 125.")
        .create(Create::set_throughput)
        .modify(Modify::set_throughput, InPlace(Effect::None))
        .observe(|live| live.throughput),
    &ENCRYPTED
        .field(flag().default(true))
        .doc("True if it is encrypted. A volume that is there stays as it is.")
        .create(Create::set_encrypted)
        .fixed()
        .observe(|live| Some(live.encrypted.unwrap_or(false)))
        // An encrypted volume is never replaced by one that is not.
        .met_by(|desired, observed| desired == observed || observed == true),
    &KMS_KEY
        .field(text(KEY_RULE))
        .doc("The KMS key to encrypt with, by its id, ARN or alias; without it, the account's for EBS. Only a new volume can change it.")
        .create(Create::set_kms_key_id)
        .fixed()
        .observe(|live| live.kms_key_id.clone())
        .met_by(same_key),
    &SNAPSHOT
        .field(text(SNAPSHOT_RULE))
        .doc("The snapshot that a new volume has its data from, by its id, in place of an empty one. It is read once, when the volume is made.")
        .read_once(&[CREATE]),
    &field::<EbsVolume, bool>("deletion_protection", flag().default(true))
        .doc("True if `provision` refuses to delete it. Kept in the state: EBS has no such protection of its own.")
        .recorded()
        .rebuilt_as(true)
        .plays(Role::Protection),
    &FINAL_SNAPSHOT
        .field(flag().default(true))
        .doc("True if a last snapshot is made before it is deleted.")
        .recorded()
        .rebuilt_as(true)
        .plays(Role::LastSnapshot),
    &tags::row::<EbsVolume>(&[TAG, UNTAG], |live| Some(tags::shown(live, &ec2::tags(live.tags())))),
];
