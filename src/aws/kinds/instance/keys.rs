//! The names of the fields that code reads, with their types.

use std::collections::BTreeMap;

use super::Instance;
use crate::aws::row::Key;

type Field<T> = Key<Instance, T>;

pub(super) const AMI: Field<String> = Key::new("ami");
pub(super) const AMI_PARAMETER: Field<String> = Key::new("ami_parameter");
pub(super) const TYPE: Field<String> = Key::new("instance_type");
pub(super) const SUBNET: Field<String> = Key::new("subnet_id");
pub(super) const GROUPS: Field<Vec<String>> = Key::new("vpc_security_group_ids");
pub(super) const PROFILE: Field<String> = Key::new("iam_instance_profile");
pub(super) const TOKENS: Field<String> = Key::new("http_tokens");
pub(super) const HOPS: Field<i32> = Key::new("http_put_response_hop_limit");
pub(super) const PROTECTION: Field<bool> = Key::new("termination_protection");
pub(super) const USER_DATA: Field<String> = Key::new("user_data");
pub(super) const USER_DATA_REPLACES: Field<bool> = Key::new("replace_on_user_data_change");
pub(super) const ROOT_SIZE: Field<i32> = Key::new("root_volume_size");
pub(super) const RUNNING: Field<bool> = Key::new("running");
/// The ids of volumes by the devices that they are attached as.
pub(super) const VOLUMES: Field<BTreeMap<String, String>> = Key::new("volumes");
