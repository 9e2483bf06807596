//! The fields of a machine.
//!
//! Costs: "Change the instance type", "Modify instance metadata options" and the pages that are named (Amazon EC2 User Guide).
//!
//! Many inputs of RunInstances have no row: placement, capacity, credits, monitoring, IPv6, several interfaces and launch templates. What
//! others set of them stays.

use aws_sdk_ec2::operation::run_instances::builders::RunInstancesInputBuilder as Create;
use aws_sdk_ec2::types::InstanceType;

use super::Instance;
use super::calls::{
    ASSOCIATE_PROFILE, ATTACH, DETACH, DISASSOCIATE_PROFILE, IMAGES, METADATA, MODIFY, MODIFY_INTERFACE,
    PARAMETER, REPLACE_PROFILE, START, STOP, TAG, UNTAG,
};
use super::keys::*;
use super::{checks, texts};
use crate::aws::ec2;
use crate::aws::kinds::{ebs_volume, groups_taken_off, tags};
use crate::aws::row::{Row, Scope, field, flag, map_of, one_of, set_of, text, whole};
use crate::engine::document::Document;
use crate::engine::resource::OnChange::{self, InPlace, Recorded, Replace};
use crate::engine::resource::{Effect, Pattern, Role};

/// Every field.
pub(super) const ROWS: &[&dyn Row<Instance>] = &[
    &AMI.field(text(texts::AMI))
        .made_from("ami")
        .create(Create::set_image_id)
        .fixed()
        .observe(|live| live.machine.image_id.clone()),
    // A newer image is a hint, and never a replacement by itself.
    &AMI_PARAMETER.field(text(texts::PARAMETER)).made_from("ami").read_once(&[PARAMETER, IMAGES]),
    &TYPE
        .field(text(texts::TYPE).required())
        .doc("The type, which says how many processors and how much memory it has. A change stops the machine and starts it again.")
        .create(|call, wanted: Option<String>| call.set_instance_type(wanted.as_deref().map(InstanceType::from)))
        // "You must stop your instance before you can change its instance type".
        .modified_by_code(InPlace(Effect::Reboot), &[STOP, MODIFY, START])
        .observe(|live| live.machine.instance_type.as_ref().map(|one| one.as_str().to_owned())),
    &SUBNET
        .field(text(Pattern::any("the id of a subnet")).required())
        .made_from("subnet")
        .create(Create::set_subnet_id)
        .fixed()
        .observe(|live| live.machine.subnet_id.clone())
        .also_from(&["zone"]),
    &GROUPS
        .field(set_of(&texts::GROUP).required())
        .made_from("security_groups")
        .create(Create::set_security_group_ids)
        .modified_by_code(InPlace(Effect::AccessLoss), &[MODIFY, MODIFY_INTERFACE])
        .observe(|live| Some(live.groups()))
        .depending(|desired, observed| groups_taken_off::cost(GROUPS.name, desired, observed)),
    &field::<Instance, String>("key_name", text(texts::KEY_NAME))
        .doc("The key pair of its first user. Only a new machine can change it.")
        .create(Create::set_key_name)
        .fixed()
        .observe(|live| live.machine.key_name.clone()),
    &PROFILE
        .field(text(texts::PROFILE))
        .made_from("role")
        .sent_by_code(InPlace(Effect::AccessLoss), &[ASSOCIATE_PROFILE, REPLACE_PROFILE, DISASSOCIATE_PROFILE])
        // One that others chose is left alone.
        .observe(|live| {
            if live.scope == Scope::Recorded {
                PROFILE.text(live.recorded)?;
            }
            live.profile()
        })
        // The first one takes nothing away.
        .depending(|_, observed| {
            let is_swapped = observed.contains_key(PROFILE.name);
            InPlace(if is_swapped { Effect::AccessLoss } else { Effect::None })
        })
        .taken_back()
        .also_from(&["instance_profile"]),
    &TOKENS
        .field(one_of(texts::TOKENS).default("required"))
        .doc("`required` has the metadata of the machine read with a session's token alone (IMDSv2); `optional` takes reads without one.")
        .sent_by_code(InPlace(Effect::AccessLoss), &[METADATA])
        .observe(|live| {
            let options = live.machine.metadata_options.as_ref()?;
            options.http_tokens.as_ref().map(|tokens| tokens.as_str().to_owned())
        })
        .depending(|desired, _| {
            let is_stricter = TOKENS.text(desired) == Some("required");
            InPlace(if is_stricter { Effect::AccessLoss } else { Effect::None })
        }),
    &HOPS
        .field(whole(1, 64).default(2))
        .doc("The number of hops that answers of the metadata may take; containers need 2.")
        .sent_by_code(InPlace(Effect::AccessLoss), &[METADATA])
        .observe(|live| live.machine.metadata_options.as_ref()?.http_put_response_hop_limit)
        .depending(|desired, observed| {
            let is_fewer = HOPS.of(desired) < HOPS.of(observed);
            InPlace(if is_fewer { Effect::AccessLoss } else { Effect::None })
        }),
    &PROTECTION
        .field(flag().default(true))
        .doc(
            "True if neither `provision` nor AWS terminates it: its root volume would go with it. A replacement needs `false`, applied \
             before.",
        )
        .create(Create::set_disable_api_termination)
        .modified_by_code(InPlace(Effect::None), &[MODIFY])
        .observe(|live| live.is_protected)
        .rebuilt_as(true)
        .plays(Role::Protection),
    // AWS has a change only while the machine is stopped, and cloud-init runs it at the first boot alone: the record is compared.
    &USER_DATA
        .field(text(Pattern::any("a text")))
        .made_from("user_data")
        .sent_by_code(Recorded(Effect::None), &[])
        .kept_in_record()
        .depending(user_data),
    &USER_DATA_REPLACES
        .field(flag().default(false))
        .doc(
            "True if another `user_data` is a new machine. Otherwise the one that is there stays as it is, since cloud-init runs user data at \
             the first boot alone, and the next one has it.",
        )
        .recorded(),
    &ROOT_SIZE
        .field(whole(1, 65_536))
        .doc("The size of its root volume in GiB; without it, that of the image. It grows and never shrinks. The volume is encrypted, and goes with the machine.")
        .sent_by_code(InPlace(Effect::None), &[ebs_volume::MODIFY])
        .observe(|live| live.root.as_ref()?.size),
    &RUNNING
        .field(flag().default(true))
        .doc("True if it runs; `false` stops it, with all that is on it.")
        .sent_by_code(InPlace(Effect::AccessLoss), &[START, STOP])
        .observe(|live| Some(live.is_running()))
        .depending(|desired, _| {
            let stops = RUNNING.of(desired) == Some(false);
            InPlace(if stops { Effect::AccessLoss } else { Effect::None })
        }),
    &VOLUMES
        .field(map_of(texts::DEVICE, &texts::VOLUME))
        .made_from("volumes")
        .sent_by_code(InPlace(Effect::AccessLoss), &[ATTACH, DETACH])
        .observe(|live| Some(live.volumes(live.recorded, live.scope)))
        .depending(checks::cost_of_volumes),
    &tags::row::<Instance>(&[TAG, UNTAG], |live| Some(tags::shown(live, &ec2::tags(live.machine.tags())))),
];

/// Another one is a new machine only where that is written, and where the one of the machine is known.
fn user_data(desired: &Document, observed: &Document) -> OnChange {
    let replaces = USER_DATA_REPLACES.of(desired) == Some(true) && observed.contains_key(USER_DATA.name);
    if replaces { Replace } else { Recorded(Effect::None) }
}
