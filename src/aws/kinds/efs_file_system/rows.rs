//! The fields of a file system.

use aws_sdk_efs::operation::create_file_system::builders::CreateFileSystemInputBuilder as Create;

use super::{
    BACKUP, ENCRYPTED, EfsFileSystem, KMS_KEY, LIFECYCLE, ONE_ZONE, OURS, OVERWRITE, PERFORMANCE, POLICY,
    PUT_BACKUP, PUT_LIFECYCLE, RATE, STORAGE, THROUGHPUT, ZONES, lifecycle, live, one_zone, policy,
    protection, throughput,
};
use crate::aws::kinds::kms_alias::{KEY, same_key};
use crate::aws::kinds::{efs_tags, tags};
use crate::aws::row::{Row, field, flag, number, object, one_of, own, set_of, text};
use crate::engine::resource::OnChange::{InPlace, Replace};
use crate::engine::resource::{Effect, Pattern, Role, Shape};

/// An availability zone: the name of its region and a letter, or more of it for a local zone.
const ZONE: Pattern =
    Pattern::new("an availability zone, such as `eu-west-1a`", "^[a-z]{2,4}(-[a-z0-9]+)+[a-z]$", 64);

/// Every field.
pub(super) const ROWS: &[&dyn Row<EfsFileSystem>] = &[
    &ENCRYPTED
        .field(flag().default(true))
        .doc("True if the data is encrypted at rest. A file system that is there stays as it is.")
        .create(Create::set_encrypted)
        .fixed()
        .observe(|live| Some(live.description.encrypted.unwrap_or(false)))
        // An encrypted file system is never replaced by one that is not.
        .met_by(|desired, observed| desired == observed || observed == true),
    &KMS_KEY
        .field(text(KEY))
        .doc(
            "The key to encrypt with, by its id, ARN or alias; without it, EFS's own. Only a new file system can \
             change it.",
        )
        .create(Create::set_kms_key_id)
        .fixed()
        .observe(|live| live.description.kms_key_id.clone())
        .met_by(same_key),
    &STORAGE
        .field(one_of(&[one_zone::REGIONAL, one_zone::ONE_ZONE]).default(one_zone::REGIONAL).free())
        .doc(
            "`one-zone` keeps the data in one zone alone, which `zones` names: that costs less, and is lost with the zone. Only a \
             new file system can change it.",
        )
        // The zone says it to EFS.
        .sent_by_code(Replace, &[])
        .observe(|live| Some(one_zone::storage(&live.description).to_owned())),
    &ONE_ZONE
        .field(text(ZONE))
        .made_from("zones")
        .create(Create::set_availability_zone_name)
        .fixed()
        .observe(|live| live.description.availability_zone_name.clone()),
    &PERFORMANCE
        .field(one_of(&["generalPurpose", "maxIO"]).default("generalPurpose"))
        .doc("`maxIO` allows more operations at once, each slower. Only a new file system can change it.")
        .create(|call, mode| call.set_performance_mode(mode.map(|mode| mode.as_str().into())))
        .fixed()
        .observe(|live| Some(live.description.performance_mode.as_str().to_owned())),
    &THROUGHPUT
        .field(one_of(&["elastic", "bursting", "provisioned"]).default("elastic"))
        .doc(
            "The measure of the throughput: use, size, or a fixed rate. Once changed, AWS refuses another change for \
             24 hours.",
        )
        .create(|call, mode| call.set_throughput_mode(mode.map(|mode| mode.as_str().into())))
        .modified_by_code(InPlace(Effect::None), &[throughput::UPDATE])
        .observe(|live| Some(live::throughput(&live.description).0.to_owned())),
    &RATE
        // The upper bound differs between regions and accounts.
        .field(number(1, 3_414))
        .doc("The throughput in MiB/s, for `throughput_mode: provisioned` alone.")
        .create(Create::set_provisioned_throughput_in_mibps)
        .modified_by_code(InPlace(Effect::None), &[throughput::UPDATE])
        .observe(|live| live::throughput(&live.description).1),
    &LIFECYCLE
        .field(object(lifecycle::PARTS))
        .doc("When files move to cheaper storage, and back.")
        .sent_by_code(InPlace(Effect::None), &[PUT_LIFECYCLE])
        .observe(|live| live.lifecycle.clone()),
    &BACKUP
        .field(flag().default(true))
        .doc("True if AWS Backup makes daily backups.")
        .create(Create::set_backup)
        .modified_by_code(InPlace(Effect::None), &[PUT_BACKUP])
        .observe(|live| Some(live.is_backed_up())),
    &POLICY
        .field(own())
        .made_from("policy")
        .sent_by_code(InPlace(Effect::AccessLoss), &[policy::PUT, policy::DELETE])
        .observe(|live| live.policy.clone())
        .met_by(policy::same)
        .depending(policy::cost)
        .taken_back()
        .also_from(&["enforce_tls"]),
    &OVERWRITE
        // EFS shows `REPLICATING` too.
        .field(one_of(&["ENABLED", "DISABLED"]))
        .made_from("replication_overwrite_protection")
        .sent_by_code(InPlace(Effect::None), &[protection::UPDATE])
        .observe(|live| {
            let protection = live.description.file_system_protection()?;
            Some(protection.replication_overwrite_protection()?.as_str().to_owned())
        })
        .met_by(protection::met)
        .plays(Role::Freed),
    // The mount targets follow it; the outputs know by it in which zones they have to be.
    &ZONES
        .field(set_of(&Shape::Text(ZONE)))
        .doc(
            "The zones in which it has a mount target; without it, every zone of the network. The one zone that `storage: \
             one-zone` is in.",
        )
        .recorded()
        .taken_back(),
    &field("deletion_protection", flag().default(true))
        .doc(
            "True if `provision` refuses to delete it. Kept in the state: EFS has no such protection of its own.",
        )
        .recorded()
        .rebuilt_as(true)
        .plays(Role::Protection),
    &tags::row::<EfsFileSystem>(&efs_tags::calls(OURS), |live| {
        Some(tags::shown(live, &live::tags_of(&live.description)))
    }),
];
