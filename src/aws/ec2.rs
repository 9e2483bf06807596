//! The EC2 reads that kinds and discovery share: filtered, and paged to the end.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{
    Address, Filter, Instance, InstanceStateName, ManagedPrefixList, NetworkInterface, Region, SecurityGroup,
    Subnet, Tag, Volume, Vpc, VpcPeeringConnection,
};

use futures_util::future::try_join_all;

use super::{Aws, Call, CloudError, aws_error, tag_map};

pub const VPCS: Call = Call::read("ec2:DescribeVpcs");
pub const SUBNETS: Call = Call::read("ec2:DescribeSubnets");
pub const SECURITY_GROUPS: Call = Call::read("ec2:DescribeSecurityGroups");
pub const INTERFACES: Call = Call::read("ec2:DescribeNetworkInterfaces");
pub const PREFIX_LISTS: Call = Call::read("ec2:DescribeManagedPrefixLists");
pub const PEERINGS: Call = Call::read("ec2:DescribeVpcPeeringConnections");
pub const REGIONS: Call = Call::read("ec2:DescribeRegions");
pub const INSTANCES: Call = Call::read("ec2:DescribeInstances");
pub const VOLUMES: Call = Call::read("ec2:DescribeVolumes");
pub const ADDRESSES: Call = Call::read("ec2:DescribeAddresses");

/// The most values that one filter takes (EC2 user guide, "Filter considerations").
const FILTER_VALUES: usize = 200;

/// A filter that lets through what has exactly one of the values. Filters, unlike lists of ids, do not fail on missing ids.
pub fn filter<V: Into<String>>(name: &str, values: impl IntoIterator<Item = V>) -> Filter {
    patterns(name, values.into_iter().map(|value| literally(&value.into())))
}

/// The same with `*` for any characters, and `?` for one.
pub fn patterns<V: Into<String>>(name: &str, values: impl IntoIterator<Item = V>) -> Filter {
    let values = values.into_iter().map(Into::into).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// A text as a filter takes it for itself: "If your filter value contains a literal asterisk or question mark, escape it with a backslash"
/// ("List resources with filters", Amazon EC2 User Guide).
fn literally(value: &str) -> String {
    let mut written = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '*' | '?' | '\\') {
            written.push('\\');
        }
        written.push(character);
    }
    written
}

/// Everything that has one of the values: more of them than a filter takes are asked for in several calls at once.
///
/// # Errors
/// The first error of these calls.
pub async fn with_any_of<T, R>(
    name: &str,
    values: impl IntoIterator<Item = impl Into<String>>,
    read: impl Fn(Vec<Filter>) -> R,
) -> Result<Vec<T>, CloudError>
where
    R: Future<Output = Result<Vec<T>, CloudError>>,
{
    let values: Vec<String> = values.into_iter().map(Into::into).collect();
    let reads = values.chunks(FILTER_VALUES).map(|chunk| read(vec![filter(name, chunk)]));
    Ok(try_join_all(reads).await?.into_iter().flatten().collect())
}

/// The objects with certain ids, where nothing else is asked for, and another answer has shown all of them.
fn known<T: Clone + Send + Sync + 'static>(aws: &Aws, name: &str, filters: &[Filter]) -> Option<Vec<T>> {
    match filters {
        [only] if only.name() == Some(name) => aws.memory.known(only.values()),
        _ => None,
    }
}

/// Tags as a map.
pub fn tags(tags: &[Tag]) -> BTreeMap<String, String> {
    tag_map(tags, Tag::key, Tag::value)
}

/// The VPCs that pass all filters.
///
/// # Errors
/// Any error of `ec2:DescribeVpcs`.
pub async fn vpcs(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Vpc>, CloudError> {
    if let Some(known) = known(aws, "vpc-id", &filters) {
        return Ok(known);
    }
    let pages = aws.read.ec2.describe_vpcs().set_filters(Some(filters)).into_paginator().items().send();
    let found = pages.collect::<Result<Vec<_>, _>>().await.map_err(aws_error(VPCS))?;
    aws.memory.show(&found, Vpc::vpc_id);
    Ok(found)
}

/// The subnets that pass all filters.
///
/// # Errors
/// Any error of `ec2:DescribeSubnets`.
pub async fn subnets(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Subnet>, CloudError> {
    if let Some(known) = known(aws, "subnet-id", &filters) {
        return Ok(known);
    }
    let pages = aws.read.ec2.describe_subnets().set_filters(Some(filters)).into_paginator().items().send();
    let found = pages.collect::<Result<Vec<_>, _>>().await.map_err(aws_error(SUBNETS))?;
    aws.memory.show(&found, Subnet::subnet_id);
    Ok(found)
}

/// The security groups that pass all filters.
///
/// # Errors
/// Any error of `ec2:DescribeSecurityGroups`.
pub async fn security_groups(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<SecurityGroup>, CloudError> {
    if let Some(known) = known(aws, "group-id", &filters) {
        return Ok(known);
    }
    let pages =
        aws.read.ec2.describe_security_groups().set_filters(Some(filters)).into_paginator().items().send();
    let found = pages.collect::<Result<Vec<_>, _>>().await.map_err(aws_error(SECURITY_GROUPS))?;
    aws.memory.show(&found, SecurityGroup::group_id);
    Ok(found)
}

/// The network interfaces that pass all filters.
///
/// # Errors
/// Any error of `ec2:DescribeNetworkInterfaces`.
pub async fn interfaces(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<NetworkInterface>, CloudError> {
    if let Some(known) = known(aws, "network-interface-id", &filters) {
        return Ok(known);
    }
    let pages =
        aws.read.ec2.describe_network_interfaces().set_filters(Some(filters)).into_paginator().items().send();
    let found = pages.collect::<Result<Vec<_>, _>>().await.map_err(aws_error(INTERFACES))?;
    aws.memory.show(&found, NetworkInterface::network_interface_id);
    Ok(found)
}

/// The machines that pass all filters and are there: AWS shows one that is terminated for about an hour more ("Terminate Amazon EC2
/// instances", Amazon EC2 User Guide).
///
/// # Errors
/// Any error of `ec2:DescribeInstances`.
pub async fn instances(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Instance>, CloudError> {
    let pages = aws.read.ec2.describe_instances().set_filters(Some(filters)).into_paginator().items().send();
    let found = pages.collect::<Result<Vec<_>, _>>().await.map_err(aws_error(INSTANCES))?;
    let machines = found.into_iter().flat_map(|reservation| reservation.instances.unwrap_or_default());
    Ok(machines.filter(|one| !is_terminated(one)).collect())
}

/// True for a machine that is only shown on.
pub fn is_terminated(one: &Instance) -> bool {
    one.state().and_then(|state| state.name()) == Some(&InstanceStateName::Terminated)
}

/// The volumes that pass all filters.
///
/// # Errors
/// Any error of `ec2:DescribeVolumes`.
pub async fn volumes(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Volume>, CloudError> {
    let pages = aws.read.ec2.describe_volumes().set_filters(Some(filters)).into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(aws_error(VOLUMES))
}

/// The elastic addresses that pass all filters. There are no pages of them.
///
/// # Errors
/// Any error of `ec2:DescribeAddresses`.
pub async fn addresses(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<Address>, CloudError> {
    let found = aws.read.ec2.describe_addresses().set_filters(Some(filters)).send().await;
    Ok(found.map_err(aws_error(ADDRESSES))?.addresses.unwrap_or_default())
}

/// The prefix lists that pass all filters: the account's own, those shared with it, and AWS's.
///
/// # Errors
/// Any error of `ec2:DescribeManagedPrefixLists`.
pub async fn prefix_lists(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<ManagedPrefixList>, CloudError> {
    let asked = aws.read.ec2.describe_managed_prefix_lists().set_filters(Some(filters));
    let pages = asked.into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(aws_error(PREFIX_LISTS))
}

/// The regions with these names, of those that there are, turned on for the account or not.
///
/// # Errors
/// Any error of `ec2:DescribeRegions`.
pub async fn regions(aws: &Aws, names: &BTreeSet<String>) -> Result<Vec<Region>, CloudError> {
    let asked = aws.read.ec2.describe_regions().all_regions(true).filters(filter("region-name", names));
    let found = asked.send().await.map_err(aws_error(REGIONS))?.regions.unwrap_or_default();
    Ok(found.into_iter().filter(|one| one.region_name().is_some_and(|name| names.contains(name))).collect())
}

/// The peering connections that pass all filters.
///
/// # Errors
/// Any error of `ec2:DescribeVpcPeeringConnections`.
pub async fn peerings(aws: &Aws, filters: Vec<Filter>) -> Result<Vec<VpcPeeringConnection>, CloudError> {
    let asked = aws.read.ec2.describe_vpc_peering_connections().set_filters(Some(filters));
    let pages = asked.into_paginator().items().send();
    pages.collect::<Result<_, _>>().await.map_err(aws_error(PEERINGS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_by_its_name_is_no_pattern() {
        let values = |filter: Filter| filter.values.unwrap_or_default();
        assert_eq!(
            values(filter("group-id", ["sg-0a1b*", "sg-?", r"a\b"])),
            [r"sg-0a1b\*", r"sg-\?", r"a\\b"]
        );
        assert_eq!(values(filter("group-id", ["sg-0a1b"])), ["sg-0a1b"]);
        assert_eq!(values(patterns("group-name", ["nodes.*"])), ["nodes.*"]);
    }
}
