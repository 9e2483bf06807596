//! The caches that use a subnet group or a parameter group that is to be deleted.

use std::collections::BTreeSet;

use aws_sdk_elasticache::types::CacheCluster;

use super::{Going, Leaving};
use crate::aws::Aws;
use crate::aws::checks::finding::{Verdict, in_time};
use crate::aws::kinds::cache::{NODES, member_of, nodes};
use crate::engine::cloud::CloudError;

pub(super) const SUBNETS: &str = "aws_elasticache_subnet_group";
pub(super) const PARAMETERS: &str = "aws_elasticache_parameter_group";

/// All nodes of the account and region: ElastiCache cannot be asked for the users of a group.
pub(super) async fn ask(aws: &Aws, going: &[Going]) -> Result<Vec<CacheCluster>, CloudError> {
    if going.is_empty() { Ok(Vec::new()) } else { in_time(NODES, nodes(aws)).await }
}

/// The caches that hold one object.
pub(super) fn judge(
    nodes: &Result<Vec<CacheCluster>, CloudError>,
    going: &Going,
    leaving: &Leaving,
) -> Vec<Verdict> {
    let holds: fn(&CacheCluster, &str) -> bool = match going.address.kind() {
        SUBNETS => |node, id| node.cache_subnet_group_name() == Some(id),
        PARAMETERS => |node, id| {
            let group = node.cache_parameter_group();
            group.and_then(|group| group.cache_parameter_group_name()) == Some(id)
        },
        _ => return Vec::new(),
    };
    let id = going.id.as_str();
    let nodes = match nodes {
        Ok(nodes) => nodes,
        Err(error) => return vec![Verdict::not_checked(&format!("caches that use {id}"), error)],
    };
    // A cache moves out of a subnet group only by being deleted.
    let leaves = |cache: &str| match going.address.kind() {
        SUBNETS => leaving.deletes(cache),
        _ => leaving.lets_go(cache),
    };
    let users = nodes.iter().filter(|node| holds(node, id));
    let users: BTreeSet<&str> =
        users.filter_map(|node| member_of(node).or(node.cache_cluster_id())).collect();
    let held = users.into_iter().filter(|cache| !leaves(cache));
    held.map(|cache| {
        let hint = match going.address.kind() {
            PARAMETERS => format!("give {cache} another group in the place of {id}; or, "),
            _ => String::new(),
        };
        Verdict::error(format!("{id} is still used by the cache {cache}")).hint(format!(
            "{hint}to leave the group to {cache}, unmanaged: {}; then run the same command again",
            going.left_unmanaged()
        ))
    })
    .collect()
}
