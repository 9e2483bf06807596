//! The network interfaces behind security groups, with what each is of.

use std::collections::{BTreeMap, BTreeSet};

use crate::aws::efs::mount_target_of;
use crate::aws::{Aws, ec2};
use crate::engine::cloud::CloudError;
use crate::engine::resource::Id;

/// The description that RDS gives to the interfaces of its instances, all of them.
pub(in crate::aws) const OF_RDS: &str = "RDSNetworkInterface";

/// The cache that an interface is of, by the description that ElastiCache gives it: that of a node, such as `ElastiCache shop-cache-001`
/// (public answers of DescribeNetworkInterfaces). A node is named after its group, with a number.
pub(in crate::aws) fn cache_of(description: Option<&str>) -> Option<&str> {
    let node = description?.strip_prefix("ElastiCache")?.trim_start_matches([' ', '+']);
    let (cache, number) = node.rsplit_once('-')?;
    (!cache.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())).then_some(cache)
}

/// One network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// `eni-…`, with the description that it has.
    pub id: String,
    pub of: Of,
}

/// The object that an interface is of, as far as EC2 tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Of {
    MountTarget {
        file_system: String,
    },
    /// RDS does not say of which one.
    Database,
    Cache {
        name: String,
    },
    /// Of a machine, while it is attached to one.
    Machine {
        id: String,
    },
    Other,
}

/// The interfaces that have any of these security groups, by group.
///
/// # Errors
/// Any error of `ec2:DescribeNetworkInterfaces`.
pub async fn interfaces_of(aws: &Aws, groups: &[Id]) -> Result<BTreeMap<Id, Vec<Interface>>, CloudError> {
    let ids: BTreeSet<&str> = groups.iter().map(Id::as_str).collect();
    let found = ec2::with_any_of("group-id", ids, |filters| ec2::interfaces(aws, filters)).await?;
    let mut by_group: BTreeMap<Id, Vec<Interface>> = BTreeMap::new();
    for interface in &found {
        let description = interface.description();
        let machine = interface.attachment().and_then(|attachment| attachment.instance_id());
        let of = match (mount_target_of(description), description, cache_of(description), machine) {
            (Some((file_system, _)), ..) => Of::MountTarget { file_system: file_system.to_owned() },
            (None, Some(OF_RDS), ..) => Of::Database,
            (None, _, Some(cache), _) => Of::Cache { name: cache.to_owned() },
            (None, _, None, Some(machine)) => Of::Machine { id: machine.to_owned() },
            (None, _, None, None) => Of::Other,
        };
        let id = interface.network_interface_id().unwrap_or_default();
        let id = description
            .filter(|text| !text.is_empty())
            .map_or(id.to_owned(), |text| format!("{id} ({text})"));
        for group in interface.groups().iter().filter_map(|group| group.group_id()) {
            by_group.entry(Id::new(group)).or_default().push(Interface { id: id.clone(), of: of.clone() });
        }
    }
    Ok(by_group)
}
